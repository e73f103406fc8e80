#include "backends/ops/public/nn.h"
#include "backends/ops/public/numpy_creation.h"
#include "backends/ops/public/numpy_reduce.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

// For (n) or (n, 1) labels: (n, 1) int32.
Tensor label_column(const Operand& labels) {
  Tensor t = cast(labels.value(), DType::int32);
  return t.rank() == 1 ? expand_dims(t, 1) : t;
}

// y_true: (n) labels; y_pred: (n, d) vectors of length 1; references (m), (m, d), by default the same. Gives (n),
// masked where 0.
Tensor circle_impl(const Operand& y_true, const Operand& y_pred, const std::optional<Operand>& ref_labels,
                   const std::optional<Operand>& ref_embeddings, bool remove_diagonal, double gamma, double margin) {
  Tensor p = ops::as_float(y_pred), reference = ref_embeddings ? ref_embeddings->as(p.dtype()) : p;
  Tensor t = label_column(y_true), r = ref_labels ? label_column(*ref_labels) : t;
  Tensor zero = full({}, 0, p.dtype()), distance = maximum(rsub(1, matmul(p, reference, false, true)), zero);
  Tensor alike = binary(Binary::equal, t, transpose(r, {1, 0})), unlike = unary(Unary::logical_not, alike);
  if (remove_diagonal) {
    Tensor self = ops::eye(t.shape()[0], r.shape()[0], 0, DType::boolean);
    alike = binary(Binary::logical_and, alike, unary(Unary::logical_not, self));
  }
  // Far below any score, but finite: its exponential is 0 and so is its gradient.
  Tensor never = full({}, p.dtype() == DType::float16 ? -6e4 : -1e30, p.dtype());
  Tensor pull = multiply(multiply(maximum(add(distance, margin), zero), add(distance, -margin)), gamma);
  Tensor push = multiply(multiply(maximum(rsub(1 + margin, distance), zero), rsub(1 - margin, distance)), gamma);
  auto total = [&](const Tensor& pairs, const Tensor& scores) {
    return ops::logsumexp(where(pairs, scores, never), std::vector<int>{1});
  };
  Tensor loss = unary(Unary::softplus, add(total(alike, pull), total(unlike, push)));
  loss.set_mask(ops::compare(Binary::greater, loss, 0.0));
  return loss;
}
const auto circle =
    public_op("losses.circle", LAMINA_LOSSES "circle",
              "log(1 + sum over pairs of other labels times sum over pairs of one label), pairs "
              "weighted by how far they are from their margin (Sun et al., 2020).",
              circle_impl,
              {{"y_true", required, "Class numbers, one per row of y_pred."},
               {"y_pred", required, "Embeddings of length 1 in rows."},
               {"ref_labels", Value(), "The labels of the embeddings to compare with; None takes `y_true`."},
               {"ref_embeddings", Value(), "The embeddings to compare with; None takes `y_pred`."},
               {"remove_diagonal", true, "Whether an embedding is not compared with itself."},
               {"gamma", 80, "How sharp the loss is."},
               {"margin", 0.4, "How far similarities may be from 1 and 0."}},
              {.returns = "A vector of one loss per sample.",
               .source = "Sun et al., \"Circle Loss: A Unified Perspective of Pair Similarity Optimization\" (2020).",
               .example = R"py(
>>> keras.losses.circle([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
<Tensor shape=(3,), dtype=float32, values=[2.7607682e-06 3.8400005e+01 0.0000000e+00]>)py"});

struct CircleArgs {
  double gamma = 80, margin = 0.4;
  bool remove_diagonal = true;
  LossArgs base{"sum_over_batch_size", "circle", {}};
  void fields(Fields& f) {
    f("gamma", gamma, "The scale of scores.");
    f("margin", margin, "The distance from which on pairs of one label weigh more and others less.");
    f("remove_diagonal", remove_diagonal, "Whether a sample is no pair with itself.");
    loss_fields(f, base);
  }
};
class Circle final : public LossWith<CircleArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "Circle"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return circle(t, p, std::nullopt, std::nullopt, args.remove_diagonal, args.gamma, args.margin);
  }
};
LAMINA_CLASS(
    Circle, "keras.losses",
    "Small distances within a label, large ones between labels (Sun et al., 2020), for embeddings of length 1.",
    {"circle"},
    Doc{.source = "Sun et al., \"Circle Loss: A Unified Perspective of Pair Similarity Optimization\" (2020).",
        .example = R"py(
>>> embeddings = keras.ops.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
>>> keras.losses.Circle()(keras.ops.array([0, 0, 1]), embeddings)
<Tensor shape=(), dtype=float32, values=19.200005>)py"});

}  // namespace
}  // namespace lamina
