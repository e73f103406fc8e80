#include "backends/core/kernel_chain.h"
#include "backends/ops/attention/attention_cudnn.h"
#include "backends/ops/creation/creation.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/movement/movement.h"
#include "backends/ops/reduce/reduce.h"

namespace lamina {

namespace {

constexpr DType kFloat = DType::float32;
constexpr double kFar =
    -1e30;  // what hides a key: added to any score it is the sum, and times log2(e) it is still finite
constexpr double kHiddenBelow = -5e29;

using Place = KernelChain::Place;
struct Held {  // between steps
  TensorSpec spec;
  Place place;
};

// A chain of ops over values, for what lies around the fused kernel.
class Steps {
 public:
  explicit Steps(Device device) : chain(device) {}
  Held value(const TensorSpec& spec) { return {spec, chain.between(spec)}; }
  Held apply(const Op& op, const std::vector<Held>& inputs) {
    std::vector<TensorSpec> specs;
    std::vector<Place> places;
    for (const Held& v : inputs) specs.push_back(v.spec), places.push_back(v.place);
    const Held made = value(op->infer(specs)[0]);
    chain.add(op, specs, places, {made.place});
    return made;
  }
  Held number(double x, DType dtype = kFloat, int rank = 4) {
    return apply(make_op<FullOp>(Shape::of_rank(rank, 1), x, dtype), {});
  }
  Held cast(const Held& v, DType to) { return v.spec.dtype == to ? v : apply(make_op<CastOp>(to), {v}); }
  Held binary(Binary kind, const Held& a, const Held& b) { return apply(make_op<BinaryOp>(kind), {a, b}); }
  Held where(const Held& condition, const Held& a, const Held& b) {
    return apply(make_op<WhereOp>(), {condition, a, b});
  }
  Held sum(const Held& v, int axis) {
    return apply(make_op<ReduceOp>(Reduce::sum, std::vector<int>{axis}, false), {v});
  }
  KernelChain chain;
};
Held reshaped(Held v, const Shape& shape) {
  v.spec.shape = shape;
  return v;
}

// Empty and with a reason where no fused kernel need be asked.
std::optional<CudnnAttention> taken(const KernelRequest& r, const AttentionScores& scores) {
  const Shape &q = r.inputs[0].shape, &v = r.inputs[2].shape;
  if (!is_half(r.inputs[0].dtype))
    r.declined = "needs float16 or bfloat16";
  else if (q.elements() == 0 || r.inputs[1].shape.elements() == 0 || v.elements() == 0)
    r.declined = "empty";
  if (!r.declined.empty()) return {};
  return CudnnAttention{q[0], q[1], v[1], q[2], v[2], q[3], v[3], scores.scale, scores.causal, r.inputs[0].dtype};
}

// What is added to the scores, which `a` is told of: the bias as it is, or with kFar where the mask or causality hides
// a key. A mask takes causality with it, since a row that sees nothing weighs all keys alike.
std::optional<Held> bias_of(Steps& steps, const KernelRequest& r, const AttentionScores& scores, CudnnAttention& a) {
  auto input = [&](int i) {
    return Held{r.inputs[static_cast<size_t>(i)], KernelChain::input(static_cast<size_t>(i))};
  };
  if (!scores.masked) {
    if (!scores.biased) return {};
    a.bias = r.inputs[static_cast<size_t>(scores.bias_at())];
    return input(scores.bias_at());
  }
  Held seen = input(scores.mask_at());
  if (scores.causal) {
    auto places = [&](int64_t count, const Shape& shape) {
      return reshaped(steps.apply(make_op<IotaOp>(count, 0.0, 1.0, DType::int32), {}), shape);
    };
    seen = steps.binary(Binary::logical_and, seen,
                        steps.binary(Binary::greater_equal, places(a.T, {1, 1, a.T, 1}), places(a.S, {1, 1, 1, a.S})));
    a.causal = false;
  }
  const Held bias = steps.where(seen, scores.biased ? steps.cast(input(scores.bias_at()), kFloat) : steps.number(0),
                                steps.number(kFar));
  a.bias = bias.spec;
  return bias;
}

std::vector<Place> operands(const std::optional<Held>& bias) {
  std::vector<Place> out{KernelChain::input(0), KernelChain::input(1), KernelChain::input(2)};
  if (bias) out.push_back(bias->place);
  return out;
}

}  // namespace

// A row's state is told as (logarithm, 1): exp(score - logarithm) / 1 is its weight.
BoundKernel attention_around(const KernelRequest& r, const AttentionScores& scores, const FusedAttention& fused) {
  auto a = taken(r, scores);
  if (!a) return {};
  Steps steps(r.device);
  const std::optional<Held> bias = bias_of(steps, r, scores, *a);
  const Held logarithms = steps.value({{a->B * a->N * a->T, 1}, kFloat});
  try {
    steps.chain.add(fused(*a), operands(bias), {KernelChain::output(0), logarithms.place});
  } catch (const Error& e) { return r.decline(e.what()); }
  Held most = logarithms, sums = steps.apply(make_op<FullOp>(logarithms.spec.shape, 1, kFloat), {});
  if (scores.masked) {
    const Held hidden = steps.binary(Binary::less, logarithms, steps.number(kHiddenBelow, kFloat, 2));
    most = steps.where(hidden, steps.number(AttentionScores::kHidden, kFloat, 2), logarithms);
    sums = steps.where(hidden, steps.number(static_cast<double>(a->S), kFloat, 2), sums);
  }
  steps.chain.add(make_op<ConcatOp>(1), {most.spec, sums.spec}, {most.place, sums.place}, {KernelChain::output(1)});
  return std::move(steps.chain).finish();
}

BoundKernel attention_grad_around(const KernelRequest& r, const AttentionScores& scores, const FusedAttention& fused) {
  auto a = taken(r, scores);
  if (!a) return {};
  const size_t out = static_cast<size_t>(scores.inputs()), state = out + 1, grad = out + 2;
  Steps steps(r.device);
  const std::optional<Held> bias = bias_of(steps, r, scores, *a);
  const int64_t n = a->B * a->N * a->T;
  const Held pairs{{{n, 2}, kFloat}, KernelChain::input(state)};
  auto column = [&](int64_t of) {
    return steps.apply(
        make_op<SliceOp>(std::vector<int64_t>{0, of}, std::vector<int64_t>{n, of + 1}, std::vector<int64_t>{1, 1}),
        {pairs});
  };
  const Held most = column(0);
  Held logarithms = steps.binary(Binary::add, most, steps.apply(make_op<UnaryOp>(Unary::log), {column(1)})), hidden;
  if (scores.masked) {  // rows that see nothing: no weight, and no gradient but for the values, below
    hidden = steps.binary(Binary::less, most, steps.number(kHiddenBelow, kFloat, 2));
    logarithms = steps.where(hidden, steps.number(0, kFloat, 2), logarithms);
  }
  const Held delta = steps.value(logarithms.spec), dv = steps.value(r.inputs[2]);
  std::vector<Place> from = operands(bias);
  from.insert(from.end(), {KernelChain::input(out), logarithms.place, KernelChain::input(grad)});
  try {
    steps.chain.add(fused(*a), from,
                    {KernelChain::output(0), KernelChain::output(1), scores.masked ? dv.place : KernelChain::output(2),
                     delta.place});
  } catch (const Error& e) { return r.decline(e.what()); }
  if (!scores.masked) return std::move(steps.chain).finish();
  // A row that sees nothing weighs all values by 1 / S.
  const int64_t B = a->B, T = a->T, S = a->S, N = a->N, K = a->K, V = a->V;
  const Held rows = reshaped(
      steps.apply(make_op<TransposeOp>(std::vector<int>{0, 2, 1}), {reshaped(steps.cast(hidden, kFloat), {B, N, T})}),
      {B, T, N, 1});
  const Held g = steps.cast({r.inputs[grad], KernelChain::input(grad)}, kFloat);
  const Held heads = reshaped(steps.sum(steps.binary(Binary::multiply, g, rows), 1), {B, K, N / K, V});
  const Held each =
      steps.binary(Binary::multiply, steps.sum(heads, 2), steps.number(1 / static_cast<double>(S), kFloat, 3));
  const Held whole = steps.binary(Binary::add, steps.cast(dv, kFloat), reshaped(each, {B, 1, K, V}));
  steps.chain.add(make_op<CastOp>(a->dtype), {whole.spec}, {whole.place}, {KernelChain::output(2)});
  return std::move(steps.chain).finish();
}

namespace {

BoundKernel bind_forward(const AttentionOp& op, const KernelRequest& r) {
  return attention_around(r, op.scores, [&](const CudnnAttention& a) {
    return cuda::cudnn_kernel(r, {.round_inputs = true}, a.bias ? 4 : 3, [&] { return cudnn_attention(a); });
  });
}
BoundKernel bind_grad(const AttentionGradOp& op, const KernelRequest& r) {
  return attention_grad_around(r, op.scores, [&](const CudnnAttention& a) {
    return cuda::cudnn_kernel(r, {.round_inputs = true}, a.bias ? 7 : 6, [&] { return cudnn_attention_grad(a); });
  });
}

LAMINA_KERNEL(cuda, "Attention", "cudnn", 10, bind_forward);
LAMINA_KERNEL(cuda, "AttentionGrad", "cudnn", 10, bind_grad);

}  // namespace
}  // namespace lamina
