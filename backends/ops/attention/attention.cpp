#include "backends/ops/attention/attention.h"

#include "backends/core/autodiff.h"
#include "backends/core/profiler.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

Shape scores_shape(std::span<const TensorSpec> in) {
  return {in[0].shape[0], in[0].shape[2], in[0].shape[1], in[1].shape[1]};
}

void check_inputs(const AttentionScores& scores, std::span<const TensorSpec> in) {
  const Shape &q = in[0].shape, &k = in[1].shape, &v = in[2].shape;
  for (int i = 0; i < 3; ++i)
    if (!is_float(in[i].dtype) || in[i].dtype != in[0].dtype)
      throw TypeError("takes query, key and value of one float dtype; received ", in[0].dtype, ", ", in[1].dtype,
                      " and ", in[2].dtype, ".");
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4)
    throw ValueError("query, key and value must have four axes, received shapes ", q, ", ", k, " and ", v, ".");
  auto differ = [](int64_t a, int64_t b) { return a != b && a >= 0 && b >= 0; };
  if (differ(q[0], k[0]) || differ(k[0], v[0]))
    throw ValueError("query, key and value must have the same batch, received shapes ", q, ", ", k, " and ", v, ".");
  if (differ(q[3], k[3]))
    throw ValueError("query and key must have the same last size, received shapes ", q, " and ", k, ".");
  if (differ(k[1], v[1]) || differ(k[2], v[2]))
    throw ValueError("key and value must have the same length and heads, received shapes ", k, " and ", v, ".");
  if (k[2] == 0 || (q[2] > 0 && k[2] > 0 && q[2] % k[2]))
    throw ValueError("the number of query heads (", q[2], ") must be a multiple of the number of key heads (", k[2],
                     ").");
  auto check_broadcast = [&](const char* what, const Shape& s) {
    const Shape full = scores_shape(in);
    bool fits = s.rank() == 4;
    for (int i = 0; fits && i < 4; ++i) fits = s[i] == 1 || !differ(s[i], full[i]);
    if (!fits)
      throw ValueError(what, " must have four axes that broadcast to (batch, heads, queries, keys) = ", full,
                       "; received shape ", s, ".");
  };
  if (scores.biased) {
    check_broadcast("the bias", in[scores.bias_at()].shape);
    if (in[scores.bias_at()].dtype != in[0].dtype)
      throw TypeError("the bias must have the type of the query, ", in[0].dtype, "; received ",
                      in[scores.bias_at()].dtype, ".");
  }
  if (scores.masked) {
    check_broadcast("the mask", in[scores.mask_at()].shape);
    if (in[scores.mask_at()].dtype != DType::boolean)
      throw TypeError("the mask must be bool, received ", in[scores.mask_at()].dtype, ".");
  }
}

}  // namespace

std::vector<TensorSpec> AttentionOp::infer(std::span<const TensorSpec> in) const {
  if (static_cast<int>(in.size()) != scores.inputs())
    throw ValueError("expected ", scores.inputs(), " inputs, received ", in.size(), ".");
  check_inputs(scores, in);
  const Shape &q = in[0].shape, &v = in[2].shape;
  return {{Shape{q[0], q[1], q[2], v[3]}, in[0].dtype}, {Shape{q[0], q[2], q[1], 2}, at_least_float32(in[0].dtype)}};
}

std::vector<TensorSpec> AttentionGradOp::infer(std::span<const TensorSpec> in) const {
  if (static_cast<int>(in.size()) != scores.inputs() + 3)
    throw ValueError("expected ", scores.inputs() + 3, " inputs, received ", in.size(), ".");
  check_inputs(scores, in);
  return {in[0], in[1], in[2]};
}

using namespace prim;

namespace {

Tensor flag_past(int64_t queries, int64_t keys) {
  return binary(Binary::greater_equal, reshape(iota(queries, DType::int32), {1, 1, queries, 1}),
                reshape(iota(keys, DType::int32), {1, 1, 1, keys}));
}

// Key heads repeated for the query heads that they serve: (B, S, K, .) -> (B, S, N, .).
Tensor spread_heads(const Tensor& t, int64_t heads) {
  const Shape s = t.shape();
  if (s[2] == heads) return t;
  Shape wide = s, out = s;
  wide.insert(3, heads / s[2]);
  out[2] = heads;
  return reshape(broadcast_to(prim::expand_dims(t, 3), wide), out);
}

// The inputs of an op under the names of its parts.
struct ScoreInputs {
  Tensor q, k, v, bias, mask;
  ScoreInputs(const AttentionScores& s, std::span<const Tensor> in) : q(in[0]), k(in[1]), v(in[2]) {
    if (s.biased) bias = in[s.bias_at()];
    if (s.masked) mask = in[s.mask_at()];
  }
};

// Another tensor of the same value, to differentiate with respect to: what leads to x is then no part of the question.
Tensor twin(const Tensor& x) { return apply1(make_op<ReshapeOp>(x.shape()), {x}); }

}  // namespace

Tensors AttentionOp::vjp(const VjpContext& c) const {
  if (!c.grads[0].defined()) return {};
  Tensors out(c.inputs.size());
  if (scores.biased && c.needed[3]) {  // its gradient is that of all scores: nothing is saved by blocks
    TapeScope tape;
    Tensors twins;
    for (const Tensor& t : c.inputs) twins.push_back(twin(t));
    ScoreInputs p(scores, twins);
    Tensor again = attention_composed(p.q, p.k, p.v, p.bias, p.mask, scores.scale, scores.causal).out;
    std::vector<GradientSource> sources(twins.begin(), twins.begin() + 4);
    Tensors grads = gradients({&again, 1}, sources, {&c.grads[0], 1});
    std::copy(grads.begin(), grads.end(), out.begin());
    return out;
  }
  Tensors in(c.inputs.begin(), c.inputs.end());
  in.insert(in.end(), {c.outputs[0], c.outputs[1], c.grads[0]});
  Tensors grads = lamina::apply(make_op<AttentionGradOp>(scores), in);
  std::copy(grads.begin(), grads.end(), out.begin());
  return out;
}

// Through the composition: the outputs of this op are the gradients of the composition, differentiated once more.
Tensors AttentionGradOp::vjp(const VjpContext& c) const {
  TapeScope tape;
  Tensors twins;
  for (const Tensor& t : c.inputs) twins.push_back(twin(t));
  const ScoreInputs p(scores, twins);
  const Tensor& g = twins.back();
  std::vector<GradientSource> first = {p.q, p.k, p.v};
  Tensor again = attention_composed(p.q, p.k, p.v, p.bias, p.mask, scores.scale, scores.causal).out;
  Tensors grads = gradients({&again, 1}, first, {&g, 1});
  Tensors outputs, cotangents;
  for (size_t i = 0; i < 3; ++i)
    if (c.grads[i].defined() && grads[i].defined()) outputs.push_back(grads[i]), cotangents.push_back(c.grads[i]);
  std::vector<GradientSource> second = first;
  second.emplace_back(g);
  if (scores.biased) second.emplace_back(p.bias);
  Tensors found = gradients(outputs, second, cotangents);
  Tensors out(c.inputs.size());
  std::copy_n(found.begin(), 3, out.begin());
  out.back() = found[3];
  if (scores.biased) out[static_cast<size_t>(scores.bias_at())] = found[4];
  return out;
}

namespace {
// Query-key pairs that are not hidden for good, over all heads; masks are data.
double seen_pairs(const AttentionScores& scores, const Shape& query, const Shape& key) {
  const double heads = static_cast<double>(query[0] * query[2]), t = static_cast<double>(query[1]),
               s = static_cast<double>(key[1]);
  if (!scores.causal) return heads * t * s;
  const double first = std::min(t, s);  // queries 0 to first - 1 see one key more each, further ones all
  return heads * (first * (first + 1) / 2 + (t - first) * s);
}
double flops(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return 2 * seen_pairs(static_cast<const AttentionOp&>(op).scores, in[0].shape, in[1].shape) *
         static_cast<double>(in[1].shape.back() + in[2].shape.back());
}
// The scores again, and a product for each of the four matrices that they came from or go to.
double grad_flops(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return 2 * seen_pairs(static_cast<const AttentionGradOp&>(op).scores, in[0].shape, in[1].shape) *
         static_cast<double>(3 * in[1].shape.back() + 2 * in[2].shape.back());
}
LAMINA_FLOPS("Attention", flops);
LAMINA_FLOPS("AttentionGrad", grad_flops);
}  // namespace

namespace prim {

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias, const Tensor& mask,
                 double scale, bool causal) {
  Tensors in = {query, key, value};
  if (bias.defined()) in.push_back(bias);
  if (mask.defined()) in.push_back(mask);
  return lamina::apply(make_op<AttentionOp>(AttentionScores{scale, causal, bias.defined(), mask.defined()}), in)[0];
}

Attended attention_composed(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias,
                            const Tensor& mask, double scale, bool causal, std::optional<double> cap) {
  if (const DType given = query.dtype(), wide = at_least_float32(given); given != wide) {
    const Attended found = attention_composed(cast(query, wide), cast(key, wide), cast(value, wide),
                                              bias.defined() ? cast(bias, wide) : bias, mask, scale, causal, cap);
    return {found.weights, cast(found.out, given)};
  }
  const int64_t heads = query.shape()[2];
  Tensor k = spread_heads(key, heads), v = spread_heads(value, heads);
  Tensor logits = multiply(einsum("btnd,bsnd->bnts", {query, k}), scale);
  if (cap) logits = multiply(unary(Unary::tanh, multiply(logits, 1 / *cap)), *cap);
  if (bias.defined()) logits = add(logits, bias);
  Tensor allowed = mask;
  if (causal) {
    Tensor past = flag_past(query.shape()[1], key.shape()[1]);
    allowed = allowed.defined() ? binary(Binary::logical_and, allowed, past) : past;
  }
  if (allowed.defined()) logits = where(allowed, logits, full({}, AttentionScores::kHidden, logits.dtype()));
  Tensor weights = softmax(logits);
  return {weights, einsum("bnts,bsnv->btnv", {weights, v})};
}

}  // namespace prim
}  // namespace lamina
