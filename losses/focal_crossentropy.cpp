// Focal cross entropies (Lin et al., 2018): (1 - p)^gamma makes easy examples count less.
#include "backends/core/settings.h"
#include "backends/ops/public/nn.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

Tensor binary_focal_impl(const Operand& y_true, const Operand& y_pred, bool apply_class_balancing, double alpha,
                         double gamma, bool from_logits, double label_smoothing, int axis) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  t = smooth_labels(t, label_smoothing, 2);
  if (from_logits) p = unary(Unary::sigmoid, p);
  Tensor rest = rsub(1, t), right = add(multiply(t, p), multiply(rest, rsub(1, p)));
  Tensor loss = multiply(power(rsub(1, right), full({}, gamma, p.dtype())), ops::binary_crossentropy(t, p, false));
  if (apply_class_balancing) loss = multiply(add(multiply(t, alpha), multiply(rest, 1 - alpha)), loss);
  return mean_over(loss, axis);
}
const auto binary_focal =
    public_op("losses.binary_focal_crossentropy", LAMINA_LOSSES "binary_focal_crossentropy",
              "Binary cross entropy times (1 - p)^gamma, p the probability given to the label.", binary_focal_impl,
              {{"y_true", required, about::y_true},
               {"y_pred", required, about::y_pred},
               {"apply_class_balancing", false, "Whether to weigh labels 1 by alpha and labels 0 by 1 - alpha."},
               {"alpha", 0.25, "The weight of labels 1."},
               {"gamma", 2.0, "How strongly sure predictions are weighed down."},
               {"from_logits", false, about::from_logits},
               {"label_smoothing", 0.0, about::label_smoothing},
               {"axis", -1, about::axis}},
              {.returns = "A tensor without `axis`.",
               .source = "Lin et al., \"Focal Loss for Dense Object Detection\" (2017).",
               .example = R"py(
>>> keras.losses.binary_focal_crossentropy([[1.0, 0.0]], [[0.9, 0.2]])
<Tensor shape=(1,), dtype=float32, values=[0.00498967]>)py"});
struct BinaryFocalArgs {
  bool apply_class_balancing = false;
  double alpha = 0.25, gamma = 2;
  bool from_logits = false;
  double label_smoothing = 0;
  int axis = -1;
  LossArgs base{"sum_over_batch_size", "binary_focal_crossentropy", {}};
  void fields(Fields& f) {
    f("apply_class_balancing", apply_class_balancing, "Whether class 1 weighs alpha and class 0 weighs 1 - alpha.");
    f("alpha", alpha, "The weight of class 1.");
    f("gamma", gamma, "How much less easy examples count.");
    f("from_logits", from_logits, "Whether y_pred is before the sigmoid.");
    f("label_smoothing", label_smoothing, "0 to 1: how far labels are moved towards 1/2.");
    f("axis", axis, "The axis to average over.");
    loss_fields(f, base);
  }
};
class BinaryFocalCrossentropy final : public LossWith<BinaryFocalArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "BinaryFocalCrossentropy"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return binary_focal(t, p, args.apply_class_balancing, args.alpha, args.gamma, args.from_logits,
                        args.label_smoothing, args.axis);
  }
};
LAMINA_CLASS(BinaryFocalCrossentropy, "keras.losses", "Binary cross entropy in which easy examples count less.",
             {"binary_focal_crossentropy"},
             Doc{.source = "Lin et al., \"Focal Loss for Dense Object Detection\" (2017).", .example = R"py(
>>> keras.losses.BinaryFocalCrossentropy()(keras.ops.array([[1.0, 0.0]]), keras.ops.array([[0.9, 0.2]]))
<Tensor shape=(), dtype=float32, values=0.0049896734>)py"});

Tensor categorical_focal_impl(const Operand& y_true, const Operand& y_pred, const Operand& alpha, double gamma,
                              bool from_logits, double label_smoothing, int axis) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  if (label_smoothing != 0)
    t = smooth_labels(t, label_smoothing, static_cast<double>(std::max<int64_t>(1, t.shape().back())));
  if (from_logits) p = ops::softmax(p, std::vector<int>{axis});
  p = divide(p, sum(p, {axis}, true));
  double e = settings().epsilon();
  p = minimum(maximum(p, full({}, e, p.dtype())), full({}, 1 - e, p.dtype()));
  Tensor factor = multiply(power(rsub(1, p), full({}, gamma, p.dtype())), alpha.as(p.dtype()));
  return negative(sum(multiply(factor, multiply(t, log(p))), {axis}));
}
const auto categorical_focal =
    public_op("losses.categorical_focal_crossentropy", LAMINA_LOSSES "categorical_focal_crossentropy",
              "Cross entropy with the terms times alpha (1 - p)^gamma.", categorical_focal_impl,
              {{"y_true", required, about::y_true},
               {"y_pred", required, about::y_pred},
               {"alpha", 0.25, "The weight of a class: a number, or one per class."},
               {"gamma", 2.0, "How strongly sure predictions are weighed down."},
               {"from_logits", false, about::from_logits},
               {"label_smoothing", 0.0, about::label_smoothing},
               {"axis", -1, about::axis}},
              {.returns = "A tensor without `axis`.",
               .source = "Lin et al., \"Focal Loss for Dense Object Detection\" (2017).",
               .example = R"py(
>>> keras.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.2, 0.8]])
<Tensor shape=(1,), dtype=float32, values=[0.00223144]>)py"});
struct CategoricalFocalArgs {
  Value alpha = 0.25;
  double gamma = 2;
  bool from_logits = false;
  double label_smoothing = 0;
  int axis = -1;
  LossArgs base{"sum_over_batch_size", "categorical_focal_crossentropy", {}};
  void fields(Fields& f) {
    f("alpha", alpha, "The weight of each class, or of all.");
    f("gamma", gamma, "How much less easy examples count.");
    f("from_logits", from_logits, "Whether y_pred is before the softmax.");
    f("label_smoothing", label_smoothing, "0 to 1: how far labels are moved towards even ones.");
    f("axis", axis, "The axis of the classes.");
    loss_fields(f, base);
  }
};
class CategoricalFocalCrossentropy final : public LossWith<CategoricalFocalArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "CategoricalFocalCrossentropy"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return categorical_focal(t, p, value_to<Operand>(args.alpha), args.gamma, args.from_logits, args.label_smoothing,
                             args.axis);
  }
};
LAMINA_CLASS(CategoricalFocalCrossentropy, "keras.losses",
             "Categorical cross entropy in which easy examples count less.", {"categorical_focal_crossentropy"},
             Doc{.source = "Lin et al., \"Focal Loss for Dense Object Detection\" (2017).", .example = R"py(
>>> keras.losses.CategoricalFocalCrossentropy()(keras.ops.array([[0.0, 1.0]]), keras.ops.array([[0.2, 0.8]]))
<Tensor shape=(), dtype=float32, values=0.0022314352>)py"});

}  // namespace
}  // namespace lamina
