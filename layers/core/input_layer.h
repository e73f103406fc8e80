#pragma once
#include "layers/layer.h"

namespace lamina {

// Arguments of InputLayer and Input().
struct InputLayerArgs {
  Value shape{};  // of one sample, without the batch
  std::optional<int64_t> batch_size{};
  std::string dtype{};  // "" is floatx
  bool sparse = false, ragged = false;
  Value batch_shape{};  // with the batch; instead of shape
  Value input_tensor{};
  bool optional = false;
  void fields(Fields& f);
};

// The entry of a functional model: makes one symbolic tensor.
class InputLayer final : public Layer {
 public:
  using Args = InputLayerArgs;
  explicit InputLayer(InputLayerArgs args = {}, LayerArgs base = {});
  std::string class_name() const override { return "InputLayer"; }
  Dict get_config() const override;
  Value call(const List&, const CallContext&) override;
  Value get_build_config() const override { return {}; }
  // The symbolic tensor; it owns this layer through its node.
  Tensor output();
  const Shape& batch_shape() const { return shape_; }
  DType input_dtype() const { return dtype_; }
  bool optional() const { return args_own_.optional; }
  // A layer's symbolic tensor.
  static Tensor make(InputLayerArgs args, LayerArgs base = {});

 private:
  void check_against_tensor() const;
  InputLayerArgs args_own_;
  Shape shape_;
  DType dtype_;
};

// Input(shape): the symbolic tensor a functional model starts from. Sizes may be Shape::kUnknown.
Tensor Input(const Shape& sample_shape, const std::string& name = "", const std::string& dtype = "");

}  // namespace lamina
