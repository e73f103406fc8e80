#include "backends/ops/public/nn_pooling.h"

#include "backends/ops/pooling/pooling.h"

namespace lamina::ops {

#define NN "keras.src.ops.nn."

namespace {

using Pool = Tensor (*)(const Tensor&, const PoolWindows&);

Tensor sliding(Pool pool, const Tensor& inputs, const Sizes& pool_size, const std::optional<Sizes>& strides,
               const std::string& padding, const DataFormat& data_format) {
  const int rank = spatial_rank(inputs);
  const bool last = channels_last(data_format);
  const Tensor x = last ? inputs : channels_to_end(inputs);
  const Sizes sizes = sizes_for(pool_size, rank, "pool_size"),
              steps = strides ? sizes_for(*strides, rank, "strides") : sizes;
  const std::string name = padding_name(padding);
  const PoolWindows windows{sizes, window_for(x.shape(), sizes, steps, Sizes(sizes.size(), 1), name)};
  for (int i = 0; i < rank; ++i)
    if (x.shape()[i + 1] > 0 && windows.outputs(i, x.shape()[i + 1]) == 0)
      throw ValueError("Computed output size would be zero or negative. Received: `inputs.shape=", inputs.shape(),
                       "`, `pool_size=", sizes, "`, `strides=", steps, "`, `padding=", name,
                       "`. Use padding='same', a larger input or a smaller window.");
  const Tensor y = pool(x, windows);
  return last ? y : channels_to_front(y);
}

Tensor adaptive(Pool pool, const Tensor& inputs, const Sizes& output_size, const DataFormat& data_format) {
  const int rank = spatial_rank(inputs);
  const bool last = channels_last(data_format);
  const Tensor y =
      pool(last ? inputs : channels_to_end(inputs), PoolWindows{sizes_for(output_size, rank, "output_size"), {}});
  return last ? y : channels_to_front(y);
}

Tensor max_pool_impl(const Operand& inputs, const Sizes& pool_size, const std::optional<Sizes>& strides,
                     const std::string& padding, const DataFormat& data_format) {
  return sliding(prim::max_pool, inputs.value(), pool_size, strides, padding, data_format);
}
Tensor average_pool_impl(const Operand& inputs, const Sizes& pool_size, const std::optional<Sizes>& strides,
                         const std::string& padding, const DataFormat& data_format) {
  return sliding(prim::average_pool, as_float(inputs), pool_size, strides, padding, data_format);
}
Tensor adaptive_max_impl(const Operand& inputs, const Sizes& output_size, const DataFormat& data_format) {
  return adaptive(prim::max_pool, inputs.value(), output_size, data_format);
}
Tensor adaptive_average_impl(const Operand& inputs, const Sizes& output_size, const DataFormat& data_format) {
  return adaptive(prim::average_pool, as_float(inputs), output_size, data_format);
}

const auto max_pool_op =
    public_op("max_pool", NN "MaxPool", "The maxima of sliding windows over the spatial axes.", max_pool_impl,
              {{"inputs", required, about::spatial},
               OpArgument("pool_size", required, about::pool_size).in_config(),
               {"strides", Value(), about::pool_strides},
               {"padding", "valid", about::padding},
               {"data_format", Value(), about::data_format}},
              {.returns = about::windows,
               .raises = "ValueError: if `padding` is unknown or the window does not fit.",
               .example = R"py(
>>> keras.ops.max_pool(keras.ops.array([[[1.0], [3.0], [5.0], [7.0]]]), 2, strides=2)
<Tensor shape=(1, 2, 1), dtype=float32, values=[[[3.]
  [7.]]]>)py"});
const auto average_pool_op = public_op(
    "average_pool", NN "AveragePool",
    "The means of sliding windows over the spatial axes; places outside the input do not count.", average_pool_impl,
    {{"inputs", required, about::spatial},
     OpArgument("pool_size", required, about::pool_size).in_config(),
     {"strides", Value(), about::pool_strides},
     {"padding", "valid", about::padding},
     {"data_format", Value(), about::data_format}},
    {.returns = about::windows,
     .raises = "ValueError: if `padding` is unknown or the window does not fit.",
     .example = R"py(
>>> keras.ops.average_pool(keras.ops.array([[[1.0], [3.0], [5.0], [7.0]]]), 2, strides=2)
<Tensor shape=(1, 2, 1), dtype=float32, values=[[[2.]
  [6.]]]>)py"});
const auto adaptive_max_pool_op =
    public_op("adaptive_max_pool", NN "AdaptiveMaxPool",
              "The maxima of output_size windows per axis, of nearly equal sizes.", adaptive_max_impl,
              {{"inputs", required, about::spatial},
               OpArgument("output_size", required, about::output_size).in_config(),
               {"data_format", Value(), about::data_format}},
              {.returns = about::windows, .example = R"py(
>>> keras.ops.adaptive_max_pool(keras.ops.array([[[1.0], [3.0], [5.0], [7.0]]]), 2)
<Tensor shape=(1, 2, 1), dtype=float32, values=[[[3.]
  [7.]]]>)py"});
const auto adaptive_average_pool_op =
    public_op("adaptive_average_pool", NN "AdaptiveAveragePool",
              "The means of output_size windows per axis, of nearly equal sizes.", adaptive_average_impl,
              {{"inputs", required, about::spatial},
               OpArgument("output_size", required, about::output_size).in_config(),
               {"data_format", Value(), about::data_format}},
              {.returns = about::windows, .example = R"py(
>>> keras.ops.adaptive_average_pool(keras.ops.array([[[1.0], [3.0], [5.0], [7.0]]]), 2)
<Tensor shape=(1, 2, 1), dtype=float32, values=[[[2.]
  [6.]]]>)py"});

}  // namespace

Tensor max_pool(const Operand& inputs, const Sizes& pool_size, const std::optional<Sizes>& strides,
                const std::string& padding, const DataFormat& data_format) {
  return max_pool_op(inputs, pool_size, strides, padding, data_format);
}
Tensor average_pool(const Operand& inputs, const Sizes& pool_size, const std::optional<Sizes>& strides,
                    const std::string& padding, const DataFormat& data_format) {
  return average_pool_op(inputs, pool_size, strides, padding, data_format);
}
Tensor adaptive_max_pool(const Operand& inputs, const Sizes& output_size, const DataFormat& data_format) {
  return adaptive_max_pool_op(inputs, output_size, data_format);
}
Tensor adaptive_average_pool(const Operand& inputs, const Sizes& output_size, const DataFormat& data_format) {
  return adaptive_average_pool_op(inputs, output_size, data_format);
}

}  // namespace lamina::ops
