#include "layers/pooling/pooling.h"

#include "backends/ops/public/ops.h"
#include "layers/convolutional/convolution.h"

namespace lamina {

namespace {
InputSpec spec_of(int rank) {
  InputSpec spec;
  spec.ndim = rank + 2;
  return spec;
}
}  // namespace

template <PoolKind kKind, int kRank>
PoolingArgs<kKind, kRank>::PoolingArgs() {
  if constexpr (kKind == PoolKind::max)
    pool_size = kRank == 1 ? AxisSizes(2) : kRank == 2 ? AxisSizes{2, 2} : AxisSizes{2, 2, 2};
}

template <PoolKind kKind, int kRank>
void PoolingArgs<kKind, kRank>::fields(Fields& f) {
  auto entry = f("pool_size", pool_size, "Size of the window, one integer or one per spatial axis.");
  if (kKind == PoolKind::average) entry.required();
  f("strides", strides, "Steps of the window; None: its size.");
  f("padding", padding,
    "\"valid\" (none) or \"same\" (ceil(size / stride) windows, whose places outside do not count).");
  f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
}

template <PoolKind kKind, int kRank>
PoolingLayer<kKind, kRank>::PoolingLayer(PoolingArgs<kKind, kRank> a, LayerArgs base)
    : LayerWith<PoolingArgs<kKind, kRank>>(std::move(a), std::move(base)) {
  auto& args = this->args;
  args.pool_size.standardize(kRank, "pool_size");
  if (args.strides.is_none()) args.strides = args.pool_size;
  args.strides.standardize(kRank, "strides", 0);
  standardize_data_format(args.data_format);
  this->input_spec_ = {spec_of(kRank)};
  this->set_built(true);
}

template <PoolKind kKind, int kRank>
Tensor PoolingLayer<kKind, kRank>::call(const Tensor& x, const CallContext&) {
  const auto& args = this->args;
  auto pool = kKind == PoolKind::max ? ops::max_pool : ops::average_pool;
  return pool(x, args.pool_size.sizes(kRank, "pool_size"), args.strides.sizes(kRank, "strides"), args.padding,
              args.data_format);
}

void GlobalPoolingArgs::fields(Fields& f) {
  f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
  f("keepdims", keepdims, "Whether to keep the spatial axes, with size 1.");
}

template <PoolKind kKind, int kRank>
GlobalPoolingLayer<kKind, kRank>::GlobalPoolingLayer(GlobalPoolingArgs a, LayerArgs base)
    : LayerWith(std::move(a), std::move(base)) {
  standardize_data_format(args.data_format);
  input_spec_ = {spec_of(kRank)};
  supports_masking_ = masked();
  set_built(true);
}

template <PoolKind kKind, int kRank>
Value GlobalPoolingLayer<kKind, kRank>::compute_mask(const Value& inputs, const Value& mask) {
  return masked() ? Value() : Layer::compute_mask(inputs, mask);
}

template <PoolKind kKind, int kRank>
Tensor GlobalPoolingLayer<kKind, kRank>::call(const Tensor& x, const CallContext& c) {
  const bool last = ops::channels_last(args.data_format);
  std::vector<int> axes;
  for (int i = 0; i < kRank; ++i) axes.push_back(i + (last ? 1 : 2));
  if constexpr (kKind == PoolKind::max) return ops::max(x, axes, args.keepdims);
  if (Tensor mask = c.mask_tensor(); masked() && mask.defined()) {
    Tensor keep = prim::cast(prim::expand_dims(mask, last ? 2 : 1), DType::boolean);
    Tensor kept = ops::where(keep, x, 0), count = prim::cast(keep, kept.dtype());
    return ops::divide(ops::sum(kept, axes, args.keepdims), ops::sum(count, axes, args.keepdims));
  }
  return ops::mean(x, axes, args.keepdims);
}

#define LAMINA_POOLING(RANK, AXES, INPUT, SIDES, HALVES)                                                               \
  template class PoolingLayer<PoolKind::max, RANK>;                                                                    \
  template class PoolingLayer<PoolKind::average, RANK>;                                                                \
  template class GlobalPoolingLayer<PoolKind::max, RANK>;                                                              \
  template class GlobalPoolingLayer<PoolKind::average, RANK>;                                                          \
  using MaxPooling##RANK = PoolingLayer<PoolKind::max, RANK>;                                                          \
  using AveragePooling##RANK = PoolingLayer<PoolKind::average, RANK>;                                                  \
  using GlobalMaxPooling##RANK = GlobalPoolingLayer<PoolKind::max, RANK>;                                              \
  using GlobalAveragePooling##RANK = GlobalPoolingLayer<PoolKind::average, RANK>;                                      \
  LAMINA_LAYER(MaxPooling##RANK, "MaxPooling" #RANK "D", "The maxima of windows over " AXES ".",                       \
               {"MaxPool" #RANK "D"},                                                                                  \
               (Doc{.call = about::inputs,                                                                             \
                    .input = INPUT,                                                                                    \
                    .output = about::pooled,                                                                           \
                    .example = ">>> layer = keras.layers.MaxPooling" #RANK "D(2)\n>>> layer(keras.ops.ones((1, " SIDES \
                               ", 3))).shape\n(1, " HALVES ", 3)"}));                                                  \
  LAMINA_LAYER(AveragePooling##RANK, "AveragePooling" #RANK "D", "The means of windows over " AXES ".",                \
               {"AvgPool" #RANK "D"},                                                                                  \
               (Doc{.call = about::inputs,                                                                             \
                    .input = INPUT,                                                                                    \
                    .output = about::pooled,                                                                           \
                    .example = ">>> layer = keras.layers.AveragePooling" #RANK                                         \
                               "D(2)\n>>> layer(keras.ops.ones((1, " SIDES ", 3))).shape\n(1, " HALVES ", 3)"}));      \
  LAMINA_LAYER(GlobalMaxPooling##RANK, "GlobalMaxPooling" #RANK "D", "The maximum over " AXES ".",                     \
               {"GlobalMaxPool" #RANK "D"},                                                                            \
               (Doc{.call = about::inputs,                                                                             \
                    .input = INPUT,                                                                                    \
                    .output = about::globally_pooled,                                                                  \
                    .example = ">>> layer = keras.layers.GlobalMaxPooling" #RANK                                       \
                               "D()\n>>> layer(keras.ops.ones((1, " SIDES ", 3))).shape\n(1, 3)"}));                   \
  LAMINA_LAYER(GlobalAveragePooling##RANK, "GlobalAveragePooling" #RANK "D", "The mean over " AXES ".",                \
               {"GlobalAvgPool" #RANK "D"},                                                                            \
               (Doc{.call = RANK == 1 ? about::masked_inputs : about::inputs,                                          \
                    .input = INPUT,                                                                                    \
                    .output = about::globally_pooled,                                                                  \
                    .example = ">>> layer = keras.layers.GlobalAveragePooling" #RANK                                   \
                               "D()\n>>> layer(keras.ops.ones((1, " SIDES ", 3))).shape\n(1, 3)"}))
LAMINA_POOLING(1, "one spatial axis", about::sequence, "4", "2");
LAMINA_POOLING(2, "two spatial axes", about::image, "4, 6", "2, 3");
LAMINA_POOLING(3, "three spatial axes", about::volume, "4, 6, 8", "2, 3, 4");

}  // namespace lamina
