// keras.ops.nn: encodings, cross entropies, and blocks of images.
#include "backends/core/settings.h"
#include "backends/ops/public/nn.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NN "keras.src.ops.nn."

namespace {

using namespace prim;

Tensor one_hot_impl(const Operand& x, int64_t num_classes, int axis, const std::optional<DType>& dtype, bool sparse) {
  if (sparse) throw UnsupportedError("Unsupported value `sparse=True`: sparse tensors are not available.");
  Tensor t = x.value();
  if (t.dtype() != DType::int64) t = cast(t, DType::int32);
  int a = normalize_axis(axis, t.rank() + 1);
  Tensor hit = compare(Binary::equal, prim::expand_dims(t, a),
                       positions(t.rank() + 1, a, checked_count(num_classes, "num_classes"), t.dtype()));
  return cast(hit, dtype.value_or(settings().floatx()));
}
const auto one_hot_op =
    public_op("one_hot", NN "OneHot", "A new axis of num_classes with a 1 at each index; indices outside give zeros.",
              one_hot_impl,
              {{"x", required, "Integers."},
               {"num_classes", required, "How many classes."},
               {"axis", -1, "Where the axis of the classes stands."},
               {"dtype", Value(), "The dtype of the result; None is `keras.config.floatx()`."},
               {"sparse", false, "False: tensors are dense."}},
              {.returns = "A tensor with one axis more than `x`.", .example = R"py(
>>> keras.ops.one_hot([0, 2], 3)
<Tensor shape=(2, 3), dtype=float32, values=[[1. 0. 0.]
 [0. 0. 1.]]>)py"});

Tensor multi_hot_impl(const Operand& inputs, const std::optional<int64_t>& num_classes, int axis,
                      const std::optional<DType>& dtype, bool sparse) {
  if (!num_classes) throw ValueError("Argument `num_classes` must be specified.");
  int reduced = inputs.shape().rank() > 1 ? 1 : 0;
  Tensor hot = one_hot_impl(inputs, *num_classes, axis, dtype, sparse);
  return reduce(Reduce::max, hot, {reduced}, false);
}
const auto multi_hot_op =
    public_op("multi_hot", NN "MultiHot", "A 1 for each class that occurs among the indices of a row.", multi_hot_impl,
              {{"inputs", required, "Integers, a row of classes a sample."},
               {"num_classes", Value(), "How many classes; required."},
               {"axis", -1, "Where the axis of the classes stands."},
               {"dtype", Value(), "The dtype of the result; None is `keras.config.floatx()`."},
               {"sparse", false, "False: tensors are dense."}},
              {.returns = "A tensor with the classes' axis in place of the rows'.", .example = R"py(
>>> keras.ops.multi_hot([[0, 2], [1, 1]], num_classes=3)
<Tensor shape=(2, 3), dtype=float32, values=[[1. 0. 1.]
 [0. 1. 0.]]>)py"});

// --- Cross entropies ------------------------------------------------------------------------------------------------
void check_same_shape(const Tensor& target, const Tensor& output) {
  if (!compatible(target.shape(), output.shape()))
    throw ValueError("Arguments `target` and `output` must have the same shape. Received: target.shape=",
                     target.shape(), ", output.shape=", output.shape());
}
Tensor clip_probability(const Tensor& p) {
  double e = settings().epsilon();
  return minimum(maximum(p, constant(e, p.dtype())), constant(1 - e, p.dtype()));
}

Tensor binary_crossentropy_impl(const Operand& target, const Operand& output, bool from_logits) {
  auto [t, x] = promote_float(target, output);
  check_same_shape(t, x);
  Tensor rest = rsub(1, t);
  if (from_logits)
    return add(multiply(t, unary(Unary::softplus, negative(x))), multiply(rest, unary(Unary::softplus, x)));
  Tensor p = clip_probability(x);
  return negative(add(multiply(t, log(p)), multiply(rest, log(rsub(1, p)))));
}
const auto binary_crossentropy_op = public_op(
    "binary_crossentropy", NN "BinaryCrossentropy",
    "-(t log p + (1 - t) log(1 - p)), elementwise; p = sigmoid(output) from logits.", binary_crossentropy_impl,
    {{"target", required, "The labels, 0 to 1."},
     {"output", required, about::predicted},
     {"from_logits", false, about::from_logits}},
    {.returns = "A tensor of the shape of `output`.", .raises = "ValueError: if the shapes differ.", .example = R"py(
>>> keras.ops.binary_crossentropy([1.0, 0.0], [0.9, 0.2])
<Tensor shape=(2,), dtype=float32, values=[0.10536055 0.22314353]>)py"});

Tensor categorical_crossentropy_impl(const Operand& target, const Operand& output, bool from_logits, int axis) {
  DType type = float_type({&target, &output}), compute = from_logits ? at_least_float32(type) : type;
  Tensor t = target.as(compute), x = output.as(compute);
  check_same_shape(t, x);
  if (t.rank() < 1)
    throw ValueError("Arguments `target` and `output` must be at least rank 1. Received: target.shape=", t.shape(),
                     ", output.shape=", x.shape());
  int a = normalize_axis(axis, x.rank());
  if (from_logits) return cast(cross_entropy(to_last(x, a), to_last(t, a), false), type);
  Tensor p = clip_probability(divide(x, reduce(Reduce::sum, x, {a}, true)));
  return negative(reduce(Reduce::sum, multiply(t, log(p)), {a}, false));
}
const auto categorical_crossentropy_op =
    public_op("categorical_crossentropy", NN "CategoricalCrossentropy",
              "-sum(t log p) along `axis`; p = softmax(output) from logits, else output scaled to sum 1.",
              categorical_crossentropy_impl,
              {{"target", required, "The labels: a distribution along `axis`."},
               {"output", required, about::predicted},
               {"from_logits", false, about::from_logits},
               {"axis", -1, "The axis of the classes."}},
              {.returns = "A tensor without `axis`.", .raises = "ValueError: if the shapes differ.", .example = R"py(
>>> keras.ops.categorical_crossentropy([[0.0, 1.0]], [[0.2, 0.8]])
<Tensor shape=(1,), dtype=float32, values=[0.22314353]>)py"});

Tensor sparse_crossentropy_impl(const Operand& target, const Operand& output, bool from_logits, int axis) {
  DType type = float_type({&output});
  Tensor t = target.as(DType::int32), x = output.as(from_logits ? at_least_float32(type) : type);
  if (x.rank() < 1) throw ValueError("Argument `output` must be at least rank 1. Received: output.shape=", x.shape());
  if (t.rank() == x.rank() && t.shape().back() == 1) t = prim::squeeze(t, -1);
  int a = normalize_axis(axis, x.rank());
  Shape expected = x.shape();
  expected.erase(a);
  if (!compatible(t.shape(), expected))
    throw ValueError(
        "Arguments `target` and `output` must have the same shape up until the last dimension: target.shape=",
        t.shape(), ", output.shape=", x.shape());
  if (from_logits) return cast(cross_entropy(to_last(x, a), t, true), type);
  // Only the target's share is needed of each row. A target outside the classes has no loss, as in a one-hot row of
  // zeros.
  Tensor picked = prim::squeeze(gather_along(x, prim::expand_dims(t, a), a, GatherOp::Fill::zero), a);
  Tensor p = clip_probability(divide(picked, reduce(Reduce::sum, x, {a}, false)));
  Tensor valid = binary(Binary::logical_and, compare(Binary::greater_equal, t, 0),
                        compare(Binary::less, t, static_cast<double>(x.shape()[a] < 0 ? INT32_MAX : x.shape()[a])));
  return where(valid, negative(log(p)), constant(0, p.dtype()));
}
const auto sparse_crossentropy_op =
    public_op("sparse_categorical_crossentropy", NN "SparseCategoricalCrossentropy",
              "-log p[target] along `axis`; p = softmax(output) from logits, else output scaled to sum 1.",
              sparse_crossentropy_impl,
              {{"target", required, "The labels: class numbers."},
               {"output", required, about::predicted},
               {"from_logits", false, about::from_logits},
               {"axis", -1, "The axis of the classes."}},
              {.returns = "A tensor of the shape of `target`.",
               .raises = "ValueError: if the shapes do not fit.",
               .example = R"py(
>>> keras.ops.sparse_categorical_crossentropy([1], [[0.2, 0.8]])
<Tensor shape=(1,), dtype=float32, values=[0.22314353]>)py"});

// --- Images ----------------------------------------------------------------------------------------------------------
Tensor mean_over(const Tensor& x, const std::vector<int>& axes) {
  return divide(reduce(Reduce::sum, x, axes, true), constant(count_of(x.shape(), axes), x.dtype()));
}

Tensor psnr_impl(const Operand& x1, const Operand& x2, double max_val) {
  auto [a, b] = promote_float(x1, x2);
  if (a.rank() != b.rank())
    throw ValueError("Inputs must have the same rank. Received shapes: ", a.shape(), " and ", b.shape(), ".");
  if (a.shape_only() || b.shape_only()) return Tensor::spec_only({}, a.dtype());
  if (!compatible(a.shape(), b.shape()))
    throw ValueError("Input shapes ", a.shape(), " and ", b.shape(), " must match for PSNR calculation.");
  Tensor error = square(subtract(a, b));
  Tensor mean = reshape(mean_over(error, axes_of({}, error.rank())), {});
  return rsub(20 * std::log10(max_val), multiply(unary(Unary::log10, mean), 10));
}
const auto psnr_op =
    public_op("psnr", NN "PSNR",
              "The peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean((x1 - x2)^2)).", psnr_impl,
              {{"x1", required, "The images."},
               {"x2", required, "The images to compare with, of the same shape."},
               {"max_val", required, "The largest number that a pixel can have."}},
              {.returns = "A floating scalar.", .example = R"py(
>>> keras.ops.psnr(keras.ops.array([1.0, 2.0]), keras.ops.array([1.0, 3.0]), 255.0)
<Tensor shape=(), dtype=float32, values=51.1411>)py"});

struct DividedChannels {
  bool last;
  int64_t n, h, w, c;
};
DividedChannels blocks_of(const Tensor& t, int64_t block, const std::string& data_format) {
  if (block < 2) throw ValueError("`block_size` must be at least 2. Received: block_size=", block);
  if (data_format != "channels_last" && data_format != "channels_first")
    throw ValueError("Invalid data_format: '", data_format, "'. Expected 'channels_last' or 'channels_first'.");
  if (t.rank() != 4) throw ValueError("expected 4 axes, received shape ", t.shape(), ".");
  bool last = data_format == "channels_last";
  const Shape& s = t.shape();
  return {last, s[0], s[last ? 1 : 2], s[last ? 2 : 3], s[last ? 3 : 1]};
}
int64_t times(int64_t a, int64_t b) { return a < 0 ? a : a * b; }
int64_t over(int64_t a, int64_t b) { return a < 0 ? a : a / b; }

Tensor depth_to_space_impl(const Operand& x, int64_t block_size, const std::string& data_format) {
  Tensor t = x.value();
  auto [last, n, h, w, c] = blocks_of(t, block_size, data_format);
  const int64_t b = block_size, depth = over(c, b * b);
  if (c >= 0 && c % (b * b))
    throw ValueError("the number of channels (", c, ") must be a multiple of block_size^2 (", b * b, ").");
  Shape out = last ? Shape{n, times(h, b), times(w, b), depth} : Shape{n, depth, times(h, b), times(w, b)};
  if (!t.shape().known()) return Tensor::spec_only(out, t.dtype());
  if (last) return reshape(prim::transpose(reshape(t, {n, h, w, b, b, depth}), {0, 1, 3, 2, 4, 5}), out);
  return reshape(prim::transpose(reshape(t, {n, depth, b, b, h, w}), {0, 1, 4, 2, 5, 3}), out);
}
const auto depth_to_space_op =
    public_op("depth_to_space", NN "DepthToSpace",
              "Moves channels into blocks of pixels: (H, W, C) -> (H b, W b, C / b^2).", depth_to_space_impl,
              {{"x", required, "Images with four axes."},
               {"block_size", required, "The sides of a block."},
               {"data_format", "channels_last", about::data_format}},
              {.returns = "A tensor in the dtype of `x`.",
               .raises = "ValueError: if the channels do not make whole blocks.",
               .example = R"py(
>>> keras.ops.depth_to_space(keras.ops.ones((1, 2, 2, 12)), 2).shape
(1, 4, 4, 3))py"});

Tensor space_to_depth_impl(const Operand& x, int64_t block_size, const std::string& data_format) {
  Tensor t = x.value();
  auto [last, n, h, w, c] = blocks_of(t, block_size, data_format);
  const int64_t b = block_size;
  if ((h >= 0 && h % b) || (w >= 0 && w % b))
    throw ValueError("height and width (", h, ", ", w, ") must be multiples of block_size (", b, ").");
  Shape out =
      last ? Shape{n, over(h, b), over(w, b), times(c, b * b)} : Shape{n, times(c, b * b), over(h, b), over(w, b)};
  if (!t.shape().known()) return Tensor::spec_only(out, t.dtype());
  if (last) return reshape(prim::transpose(reshape(t, {n, h / b, b, w / b, b, c}), {0, 1, 3, 2, 4, 5}), out);
  return reshape(prim::transpose(reshape(t, {n, c, h / b, b, w / b, b}), {0, 1, 3, 5, 2, 4}), out);
}
const auto space_to_depth_op =
    public_op("space_to_depth", NN "SpaceToDepth",
              "Moves blocks of pixels into channels: (H, W, C) -> (H / b, W / b, C b^2).", space_to_depth_impl,
              {{"x", required, "Images with four axes."},
               {"block_size", required, "The sides of a block."},
               {"data_format", "channels_last", about::data_format}},
              {.returns = "A tensor in the dtype of `x`.",
               .raises = "ValueError: if the sides do not make whole blocks.",
               .example = R"py(
>>> keras.ops.space_to_depth(keras.ops.ones((1, 4, 4, 3)), 2).shape
(1, 2, 2, 12))py"});

}  // namespace

Tensor one_hot(const Operand& x, int64_t num_classes, int axis, const std::optional<DType>& dtype) {
  return one_hot_op(x, num_classes, axis, dtype, false);
}
Tensor multi_hot(const Operand& inputs, int64_t num_classes, int axis, const std::optional<DType>& dtype) {
  return multi_hot_op(inputs, num_classes, axis, dtype, false);
}
Tensor binary_crossentropy(const Operand& target, const Operand& output, bool from_logits) {
  return binary_crossentropy_op(target, output, from_logits);
}
Tensor categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits, int axis) {
  return categorical_crossentropy_op(target, output, from_logits, axis);
}
Tensor sparse_categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits, int axis) {
  return sparse_crossentropy_op(target, output, from_logits, axis);
}
Tensor psnr(const Operand& x1, const Operand& x2, double max_val) { return psnr_op(x1, x2, max_val); }
Tensor depth_to_space(const Operand& x, int64_t block_size, const std::string& data_format) {
  return depth_to_space_op(x, block_size, data_format);
}
Tensor space_to_depth(const Operand& x, int64_t block_size, const std::string& data_format) {
  return space_to_depth_op(x, block_size, data_format);
}

}  // namespace lamina::ops
