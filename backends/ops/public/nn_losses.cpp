// keras.ops.nn: encodings, cross entropies, normalisations and attention.
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
  Tensor hit = compare(Binary::equal, prim::expand_dims(t, a), positions(t.rank() + 1, a, num_classes, t.dtype()));
  return cast(hit, dtype.value_or(settings().floatx()));
}
const auto one_hot_op = public_op("one_hot", NN "OneHot", "A new axis of num_classes with a 1 at each index; indices outside give zeros.", one_hot_impl,
                                  {"x", "num_classes", {"axis", -1}, {"dtype", Value()}, {"sparse", false}});

Tensor multi_hot_impl(const Operand& inputs, const std::optional<int64_t>& num_classes, int axis, const std::optional<DType>& dtype, bool sparse) {
  if (!num_classes) throw ValueError("Argument `num_classes` must be specified.");
  int reduced = inputs.shape().rank() > 1 ? 1 : 0;
  Tensor hot = one_hot_impl(inputs, *num_classes, axis, dtype, sparse);
  return reduce(Reduce::max, hot, {reduced}, false);
}
const auto multi_hot_op = public_op("multi_hot", NN "MultiHot", "A 1 for each class that occurs among the indices of a row.", multi_hot_impl,
                                    {"inputs", {"num_classes", Value()}, {"axis", -1}, {"dtype", Value()}, {"sparse", false}});

// --- Cross entropies ------------------------------------------------------------------------------------------------
void check_same_shape(const Tensor& target, const Tensor& output) {
  if (!compatible(target.shape(), output.shape()))
    throw ValueError("Arguments `target` and `output` must have the same shape. Received: target.shape=", target.shape(), ", output.shape=", output.shape());
}
Tensor clip_probability(const Tensor& p) {
  double e = settings().epsilon();
  return minimum(maximum(p, constant(e, p.dtype())), constant(1 - e, p.dtype()));
}
// Half types lose the digits that a difference of logarithms needs.
DType at_least_float32(DType t) { return t == DType::float64 ? t : DType::float32; }

Tensor binary_crossentropy_impl(const Operand& target, const Operand& output, bool from_logits) {
  auto [t, x] = promote_float(target, output);
  check_same_shape(t, x);
  Tensor rest = rsub(1, t);
  if (from_logits) return add(multiply(t, unary(Unary::softplus, negative(x))), multiply(rest, unary(Unary::softplus, x)));
  Tensor p = clip_probability(x);
  return negative(add(multiply(t, log(p)), multiply(rest, log(rsub(1, p)))));
}
const auto binary_crossentropy_op = public_op("binary_crossentropy", NN "BinaryCrossentropy", "-(t log p + (1 - t) log(1 - p)), elementwise; p = sigmoid(output) from logits.", binary_crossentropy_impl,
                                              {"target", "output", {"from_logits", false}});

Tensor categorical_crossentropy_impl(const Operand& target, const Operand& output, bool from_logits, int axis) {
  DType type = float_type({&target, &output}), compute = from_logits ? at_least_float32(type) : type;
  Tensor t = target.as(compute), x = output.as(compute);
  check_same_shape(t, x);
  if (t.rank() < 1) throw ValueError("Arguments `target` and `output` must be at least rank 1. Received: target.shape=", t.shape(), ", output.shape=", x.shape());
  int a = normalize_axis(axis, x.rank());
  if (from_logits) return cast(cross_entropy(to_last(x, a), to_last(t, a), false), type);
  Tensor p = clip_probability(divide(x, reduce(Reduce::sum, x, {a}, true)));
  return negative(reduce(Reduce::sum, multiply(t, log(p)), {a}, false));
}
const auto categorical_crossentropy_op = public_op("categorical_crossentropy", NN "CategoricalCrossentropy", "-sum(t log p) along `axis`; p = softmax(output) from logits, else output scaled to sum 1.",
                                                   categorical_crossentropy_impl, {"target", "output", {"from_logits", false}, {"axis", -1}});

Tensor sparse_crossentropy_impl(const Operand& target, const Operand& output, bool from_logits, int axis) {
  DType type = float_type({&output});
  Tensor t = target.as(DType::int32), x = output.as(from_logits ? at_least_float32(type) : type);
  if (x.rank() < 1) throw ValueError("Argument `output` must be at least rank 1. Received: output.shape=", x.shape());
  if (t.rank() == x.rank() && t.shape().back() == 1) t = prim::squeeze(t, -1);
  int a = normalize_axis(axis, x.rank());
  Shape expected = x.shape();
  expected.erase(a);
  if (!compatible(t.shape(), expected))
    throw ValueError("Arguments `target` and `output` must have the same shape up until the last dimension: target.shape=", t.shape(), ", output.shape=", x.shape());
  if (from_logits) return cast(cross_entropy(to_last(x, a), t, true), type);
  // Only the target's share is needed of each row. A target outside the classes has no loss, as in a one-hot row of zeros.
  Tensor picked = prim::squeeze(gather_along(x, prim::expand_dims(t, a), a, GatherOp::Fill::zero), a);
  Tensor p = clip_probability(divide(picked, reduce(Reduce::sum, x, {a}, false)));
  Tensor valid = binary(Binary::logical_and, compare(Binary::greater_equal, t, 0), compare(Binary::less, t, static_cast<double>(x.shape()[a] < 0 ? INT32_MAX : x.shape()[a])));
  return where(valid, negative(log(p)), constant(0, p.dtype()));
}
const auto sparse_crossentropy_op = public_op("sparse_categorical_crossentropy", NN "SparseCategoricalCrossentropy",
                                              "-log p[target] along `axis`; p = softmax(output) from logits, else output scaled to sum 1.", sparse_crossentropy_impl,
                                              {"target", "output", {"from_logits", false}, {"axis", -1}});

// --- Normalisation --------------------------------------------------------------------------------------------------
Tensor mean_over(const Tensor& x, const std::vector<int>& axes) { return divide(reduce(Reduce::sum, x, axes, true), constant(count_of(x.shape(), axes), x.dtype())); }

Tensors moments_impl(const Operand& x, const std::vector<int>& axes, bool keepdims, bool synchronized) {
  if (synchronized) throw UnsupportedError("Argument synchronized=True is not supported: there is one device.");
  DType type = float_type({&x});
  Tensor t = x.as(at_least_float32(type));
  std::vector<int> over = axes_of(axes, t.rank());
  Tensor mean = mean_over(t, over), variance = mean_over(square(subtract(t, mean)), over);
  if (type == DType::float16 || type == DType::bfloat16) {  // both fit float16, as Keras ensures
    auto fit = [&](const Tensor& v) { return cast(minimum(maximum(v, constant(-65504, v.dtype())), constant(65504, v.dtype())), type); };
    mean = fit(mean), variance = fit(variance);
  }
  if (!keepdims) {
    Shape s = mean.shape();
    for (size_t i = over.size(); i-- > 0;) s.erase(over[i]);
    mean = reshape(mean, s), variance = reshape(variance, s);
  }
  return {mean, variance};
}
const auto moments_op = public_op("moments", NN "Moments", "The mean and the variance over `axes`.", moments_impl, {"x", "axes", {"keepdims", false}, {"synchronized", false}});

Tensor batch_normalization_impl(const Operand& x, const Operand& mean, const Operand& variance, int axis, const std::optional<Operand>& offset, const std::optional<Operand>& scale, double epsilon) {
  std::vector<PromotionType> types = {x.type(), mean.type(), variance.type(), {DType::float32, true}};
  if (offset) types.push_back(offset->type());
  if (scale) types.push_back(scale->type());
  DType type = result_type(types.data(), types.size());
  Tensor t = x.as(type);
  int a = normalize_axis(axis, t.rank());
  Shape wide = Shape::of_rank(t.rank());
  wide[a] = t.shape()[a];
  auto along = [&](const Operand& v, const char* what) {
    if (v.shape().rank() != 1 || !compatible(v.shape(), Shape{t.shape()[a]}))
      throw ValueError("Shape mismatch: `", what, "` must be a vector with ", t.shape()[a], " elements (axis ", axis, " of shape ", t.shape(), "), received shape ", v.shape(), ".");
    Shape s = wide;
    s[a] = v.shape()[0];
    return reshape(v.as(type), s);
  };
  Tensor inv = unary(Unary::rsqrt, add(along(variance, "variance"), epsilon));
  if (scale) inv = multiply(inv, along(*scale, "scale"));
  Tensor shift = negative(multiply(along(mean, "mean"), inv));
  if (offset) shift = add(shift, along(*offset, "offset"));
  return add(multiply(t, inv), shift);
}
const auto batch_normalization_op = public_op("batch_normalization", NN "BatchNorm", "(x - mean) / sqrt(variance + epsilon) * scale + offset, with vectors along `axis`.", batch_normalization_impl,
                                              {"x", "mean", "variance", "axis", {"offset", Value()}, {"scale", Value()}, {"epsilon", 1e-3}});

// A weight over the normalised axes, with size 1 elsewhere.
Tensor spread_weight(const Operand& w, const Tensor& x, const std::vector<int>& axes) {
  Tensor t = w.as(x.dtype());
  if (t.rank() == x.rank() || (axes.size() == 1 && axes[0] == x.rank() - 1)) return t;
  Shape s = Shape::of_rank(x.rank());
  for (int a : axes) s[a] = x.shape()[a];
  return reshape(t, s);
}

Tensor layer_normalization_impl(const Operand& x, const std::optional<Operand>& gamma, const std::optional<Operand>& beta, const std::vector<int>& axis, const std::optional<double>& epsilon, bool rms_scaling) {
  DType type = float_type({&x});
  Tensor t = x.as(at_least_float32(type));
  std::vector<int> axes = axes_of(axis, t.rank());
  Tensor centred = subtract(t, mean_over(t, axes));
  Tensor inv = unary(Unary::rsqrt, add(mean_over(square(centred), axes), epsilon.value_or(settings().epsilon())));
  Tensor out = multiply(rms_scaling ? t : centred, inv);
  if (gamma) out = multiply(out, spread_weight(*gamma, t, axes));
  if (beta && !rms_scaling) out = add(out, spread_weight(*beta, t, axes));
  return cast(out, x.dtype());
}
const auto layer_normalization_op = public_op("layer_normalization", NN "LayerNorm", "(x - mean) / sqrt(variance + epsilon) * gamma + beta over `axis` (Ba et al., 2016).", layer_normalization_impl,
                                              {"x", {"gamma", Value()}, {"beta", Value()}, {"axis", -1}, {"epsilon", Value()}, {"rms_scaling", false}});

Tensor rms_normalization_impl(const Operand& x, const std::optional<Operand>& scale, const std::vector<int>& axis, const std::optional<double>& epsilon) {
  DType type = float_type({&x});
  Tensor t = x.as(at_least_float32(type));
  if (t.rank() == 0) t = reshape(t, {1});
  std::vector<int> axes = axes_of(axis, t.rank());
  Tensor out = multiply(t, unary(Unary::rsqrt, add(mean_over(square(t), axes), epsilon.value_or(settings().epsilon()))));
  if (scale) out = multiply(out, scale->as(t.dtype()));
  return cast(out, x.dtype());
}
const auto rms_normalization_op = public_op("rms_normalization", NN "RMSNorm", "x / sqrt(mean(x^2) + epsilon) * scale over `axis` (Zhang and Sennrich, 2019).", rms_normalization_impl,
                                            {"x", {"scale", Value()}, {"axis", -1}, {"epsilon", Value()}});

Tensor normalize_impl(const Operand& x, const std::vector<int>& axis, int order, const std::optional<double>& epsilon) {
  if (order < 1) throw ValueError("Argument `order` must be an int >= 1. Received: order=", order);
  Tensor t = as_float(x);
  if (t.rank() == 0) t = reshape(t, {1});
  double e = epsilon.value_or(settings().epsilon());
  std::vector<int> axes = axes_of(axis, t.rank());
  if (order == 2) {
    Tensor inv = unary(Unary::rsqrt, reduce(Reduce::sum, square(t), axes, true));
    return multiply(t, minimum(inv, constant(1 / e, t.dtype())));
  }
  Tensor magnitude = unary(Unary::abs, t);
  Tensor size = order == 1 ? reduce(Reduce::sum, magnitude, axes, true)
                           : power(reduce(Reduce::sum, power(magnitude, constant(order, t.dtype())), axes, true), constant(1.0 / order, t.dtype()));
  return divide(t, maximum(size, constant(e, t.dtype())));
}
const auto normalize_op = public_op("normalize", NN "Normalize", "x divided by its norm over `axis` (at least epsilon).", normalize_impl, {"x", {"axis", -1}, {"order", 2}, {"epsilon", Value()}});

Tensor psnr_impl(const Operand& x1, const Operand& x2, double max_val) {
  auto [a, b] = promote_float(x1, x2);
  if (!compatible(a.shape(), b.shape())) throw ValueError("Input shapes ", a.shape(), " and ", b.shape(), " must match for PSNR calculation.");
  Tensor error = square(subtract(a, b));
  Tensor mean = reshape(mean_over(error, axes_of({}, error.rank())), {});
  return rsub(20 * std::log10(max_val), multiply(unary(Unary::log10, mean), 10));
}
const auto psnr_op = public_op("psnr", NN "PSNR", "The peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean((x1 - x2)^2)).", psnr_impl, {"x1", "x2", "max_val"});

// --- Attention and blocks -------------------------------------------------------------------------------------------
Tensor attention_impl(const Operand& query, const Operand& key, const Operand& value, const std::optional<Operand>& bias, const std::optional<Operand>& mask,
                      const std::optional<double>& scale, bool is_causal, const std::optional<bool>&, const std::optional<double>& soft_cap) {
  DType type = float_type({&query, &key, &value});
  Tensor q = query.as(type), k = key.as(type), v = value.as(type);
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4)
    throw ValueError("`dot_product_attention` only supports 4D inputs. Received: query.shape=", q.shape(), ", key.shape=", k.shape(), ", value.shape=", v.shape(), ".");
  const int64_t heads = q.shape()[2], groups = k.shape()[2], depth = q.shape()[3];
  if (heads >= 0 && groups > 0 && heads % groups) throw ValueError("the number of query heads (", heads, ") must be a multiple of the number of key heads (", groups, ").");
  Shape out = q.shape();
  out[3] = v.shape()[3];
  if (!q.shape().known() || !k.shape().known() || !v.shape().known()) return Tensor::spec_only(out, type);
  if (heads != groups) {  // grouped queries: each key head serves several
    auto spread = [&](const Tensor& t) {
      Shape s = t.shape(), wide = s;
      wide.insert(3, heads / groups);
      s[2] = heads;
      return reshape(broadcast_to(prim::expand_dims(t, 3), wide), s);
    };
    k = spread(k), v = spread(v);
  }
  DType compute = at_least_float32(type);
  Tensor logits = multiply(cast(prim::einsum("btnd,bsnd->bnts", {q, k}), compute), scale.value_or(1 / std::sqrt(static_cast<double>(depth))));
  if (soft_cap) logits = multiply(unary(Unary::tanh, multiply(logits, 1 / *soft_cap)), *soft_cap);
  if (bias) logits = add(logits, bias->as(compute));
  Tensor allowed;
  if (mask) allowed = as_bool(*mask);
  if (is_causal) {
    int64_t t = logits.shape()[2], s = logits.shape()[3];
    Tensor past = compare(Binary::greater_equal, positions(4, 2, t, DType::int32), positions(4, 3, s, DType::int32));
    allowed = allowed.defined() ? binary(Binary::logical_and, allowed, past) : past;
  }
  if (allowed.defined()) logits = where(allowed, logits, constant(-0.7 * 3.4028234663852886e38, compute));
  return prim::einsum("bnts,bsnv->btnv", {cast(prim::softmax(logits), type), v});
}
const auto attention_op = public_op("dot_product_attention", NN "DotProductAttention", "softmax(q k^T * scale + bias) v a head, where the mask allows (Vaswani et al., 2017).", attention_impl,
                                    {"query", "key", "value", {"bias", Value()}, {"mask", Value()}, OpArgument("scale", Value()).in_call(), {"is_causal", false}, {"flash_attention", Value()}, {"attn_logits_soft_cap", Value()}});

struct Blocks {
  bool last;
  int64_t n, h, w, c;
};
Blocks blocks_of(const Tensor& t, int64_t block, const std::string& data_format) {
  if (data_format != "channels_last" && data_format != "channels_first") throw ValueError("Invalid data_format: '", data_format, "'. Expected 'channels_last' or 'channels_first'.");
  if (t.rank() != 4) throw ValueError("expected 4 axes, received shape ", t.shape(), ".");
  if (block < 1) throw ValueError("`block_size` must be at least 1, received ", block, ".");
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
  if (c >= 0 && c % (b * b)) throw ValueError("the number of channels (", c, ") must be a multiple of block_size^2 (", b * b, ").");
  Shape out = last ? Shape{n, times(h, b), times(w, b), depth} : Shape{n, depth, times(h, b), times(w, b)};
  if (!t.shape().known()) return Tensor::spec_only(out, t.dtype());
  if (last) return reshape(prim::transpose(reshape(t, {n, h, w, b, b, depth}), {0, 1, 3, 2, 4, 5}), out);
  return reshape(prim::transpose(reshape(t, {n, depth, b, b, h, w}), {0, 1, 4, 2, 5, 3}), out);
}
const auto depth_to_space_op = public_op("depth_to_space", NN "DepthToSpace", "Moves channels into blocks of pixels: (H, W, C) -> (H b, W b, C / b^2).", depth_to_space_impl, {"x", "block_size", {"data_format", "channels_last"}});

Tensor space_to_depth_impl(const Operand& x, int64_t block_size, const std::string& data_format) {
  Tensor t = x.value();
  auto [last, n, h, w, c] = blocks_of(t, block_size, data_format);
  const int64_t b = block_size;
  if ((h >= 0 && h % b) || (w >= 0 && w % b)) throw ValueError("height and width (", h, ", ", w, ") must be multiples of block_size (", b, ").");
  Shape out = last ? Shape{n, over(h, b), over(w, b), times(c, b * b)} : Shape{n, times(c, b * b), over(h, b), over(w, b)};
  if (!t.shape().known()) return Tensor::spec_only(out, t.dtype());
  if (last) return reshape(prim::transpose(reshape(t, {n, h / b, b, w / b, b, c}), {0, 1, 3, 2, 4, 5}), out);
  return reshape(prim::transpose(reshape(t, {n, c, h / b, b, w / b, b}), {0, 1, 3, 5, 2, 4}), out);
}
const auto space_to_depth_op = public_op("space_to_depth", NN "SpaceToDepth", "Moves blocks of pixels into channels: (H, W, C) -> (H / b, W / b, C b^2).", space_to_depth_impl, {"x", "block_size", {"data_format", "channels_last"}});

}  // namespace

Tensor one_hot(const Operand& x, int64_t num_classes, int axis, const std::optional<DType>& dtype) { return one_hot_op(x, num_classes, axis, dtype, false); }
Tensor multi_hot(const Operand& inputs, int64_t num_classes, int axis, const std::optional<DType>& dtype) { return multi_hot_op(inputs, num_classes, axis, dtype, false); }
Tensor binary_crossentropy(const Operand& target, const Operand& output, bool from_logits) { return binary_crossentropy_op(target, output, from_logits); }
Tensor categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits, int axis) { return categorical_crossentropy_op(target, output, from_logits, axis); }
Tensor sparse_categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits, int axis) { return sparse_crossentropy_op(target, output, from_logits, axis); }
Moments moments(const Operand& x, const std::vector<int>& axes, bool keepdims, bool synchronized) {
  Tensors both = moments_op(x, axes, keepdims, synchronized);
  return {both[0], both[1]};
}
Tensor batch_normalization(const Operand& x, const Operand& mean, const Operand& variance, int axis, const std::optional<Operand>& offset, const std::optional<Operand>& scale, double epsilon) {
  return batch_normalization_op(x, mean, variance, axis, offset, scale, epsilon);
}
Tensor layer_normalization(const Operand& x, const std::optional<Operand>& gamma, const std::optional<Operand>& beta, const std::vector<int>& axis, const std::optional<double>& epsilon) {
  return layer_normalization_op(x, gamma, beta, axis, epsilon, false);
}
Tensor rms_normalization(const Operand& x, const std::optional<Operand>& scale, const std::vector<int>& axis, const std::optional<double>& epsilon) { return rms_normalization_op(x, scale, axis, epsilon); }
Tensor normalize(const Operand& x, const std::vector<int>& axis, int order, const std::optional<double>& epsilon) { return normalize_op(x, axis, order, epsilon); }
Tensor psnr(const Operand& x1, const Operand& x2, double max_val) { return psnr_op(x1, x2, max_val); }
Tensor dot_product_attention(const Operand& query, const Operand& key, const Operand& value, const std::optional<Operand>& bias, const std::optional<Operand>& mask,
                             const std::optional<double>& scale, bool is_causal, const std::optional<double>& attn_logits_soft_cap) {
  return attention_op(query, key, value, bias, mask, scale, is_causal, std::nullopt, attn_logits_soft_cap);
}
Tensor depth_to_space(const Operand& x, int64_t block_size, const std::string& data_format) { return depth_to_space_op(x, block_size, data_format); }
Tensor space_to_depth(const Operand& x, int64_t block_size, const std::string& data_format) { return space_to_depth_op(x, block_size, data_format); }

}  // namespace lamina::ops
