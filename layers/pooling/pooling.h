#pragma once
// MaxPooling1D..3D, AveragePooling1D..3D, and their global forms.
#include "layers/convolutional/axis_sizes.h"
#include "layers/layer.h"

namespace lamina {

enum class PoolKind { max, average };

// MaxPooling has a default size of 2; AveragePooling's size is required.
template <PoolKind kKind, int kRank>
struct PoolingArgs {
  AxisSizes pool_size, strides;
  std::string padding = "valid";
  ops::DataFormat data_format;
  PoolingArgs();
  PoolingArgs(AxisSizes pool_size, AxisSizes strides = {}, std::string padding = "valid")
      : pool_size(pool_size), strides(strides), padding(std::move(padding)) {}
  void fields(Fields& f);
};

// The maximum or mean of each window. Input (batch, spatial..., channels), output (batch, places..., channels), or with
// channels in front.
template <PoolKind kKind, int kRank>
class PoolingLayer final : public LayerWith<PoolingArgs<kKind, kRank>> {
 public:
  explicit PoolingLayer(PoolingArgs<kKind, kRank> args = {}, LayerArgs base = {});
  std::string class_name() const override {
    return text(kKind == PoolKind::max ? "Max" : "Average", "Pooling", kRank, "D");
  }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override;
};
using MaxPooling1D = Handle<PoolingLayer<PoolKind::max, 1>>;
using MaxPooling2D = Handle<PoolingLayer<PoolKind::max, 2>>;
using MaxPooling3D = Handle<PoolingLayer<PoolKind::max, 3>>;
using AveragePooling1D = Handle<PoolingLayer<PoolKind::average, 1>>;
using AveragePooling2D = Handle<PoolingLayer<PoolKind::average, 2>>;
using AveragePooling3D = Handle<PoolingLayer<PoolKind::average, 3>>;

// Arguments of the global poolings.
struct GlobalPoolingArgs {
  ops::DataFormat data_format;
  bool keepdims = false;
  void fields(Fields& f);
};

// The maximum or mean over all spatial axes: (batch, channels), or with 1 in their places. GlobalAveragePooling1D
// leaves masked steps out.
template <PoolKind kKind, int kRank>
class GlobalPoolingLayer final : public LayerWith<GlobalPoolingArgs> {
 public:
  explicit GlobalPoolingLayer(GlobalPoolingArgs args = {}, LayerArgs base = {});
  std::string class_name() const override {
    return text("Global", kKind == PoolKind::max ? "Max" : "Average", "Pooling", kRank, "D");
  }
  bool call_takes_mask() const override { return masked(); }
  Value compute_mask(const Value& inputs, const Value& mask) override;
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override;

 private:
  static constexpr bool masked() { return kKind == PoolKind::average && kRank == 1; }
};
using GlobalMaxPooling1D = Handle<GlobalPoolingLayer<PoolKind::max, 1>>;
using GlobalMaxPooling2D = Handle<GlobalPoolingLayer<PoolKind::max, 2>>;
using GlobalMaxPooling3D = Handle<GlobalPoolingLayer<PoolKind::max, 3>>;
using GlobalAveragePooling1D = Handle<GlobalPoolingLayer<PoolKind::average, 1>>;
using GlobalAveragePooling2D = Handle<GlobalPoolingLayer<PoolKind::average, 2>>;
using GlobalAveragePooling3D = Handle<GlobalPoolingLayer<PoolKind::average, 3>>;

}  // namespace lamina
