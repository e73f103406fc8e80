#include "backends/ops/public/nn.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

Tensor binary_crossentropy_impl(const Operand& y_true, const Operand& y_pred, bool from_logits, double label_smoothing,
                                int axis) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  return mean_over(ops::binary_crossentropy(smooth_labels(t, label_smoothing, 2), p, from_logits), axis);
}
const auto binary_crossentropy = public_op(
    "losses.binary_crossentropy", LAMINA_LOSSES "binary_crossentropy",
    "-(t log p + (1 - t) log(1 - p)), its mean over `axis`; p = sigmoid(y_pred) from logits.", binary_crossentropy_impl,
    {{"y_true", required, about::y_true},
     {"y_pred", required, about::y_pred},
     {"from_logits", false, about::from_logits},
     {"label_smoothing", 0.0, about::label_smoothing},
     {"axis", -1, about::axis}},
    {.returns = "A tensor without `axis`.", .example = R"py(
>>> keras.losses.binary_crossentropy([[1.0, 0.0]], [[0.9, 0.2]])
<Tensor shape=(1,), dtype=float32, values=[0.16425204]>)py"});

struct BinaryCrossentropyArgs {
  bool from_logits = false;
  double label_smoothing = 0;
  int axis = -1;
  LossArgs base{"sum_over_batch_size", "binary_crossentropy", {}};
  void fields(Fields& f) {
    f("from_logits", from_logits, "Whether y_pred is before the sigmoid.");
    f("label_smoothing", label_smoothing, "0 to 1: how far labels are moved towards 1/2.");
    f("axis", axis, "The axis to average over.");
    loss_fields(f, base);
  }
};
class BinaryCrossentropy final : public LossWith<BinaryCrossentropyArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "BinaryCrossentropy"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return binary_crossentropy(t, p, args.from_logits, args.label_smoothing, args.axis);
  }
};
LAMINA_CLASS(BinaryCrossentropy, "keras.losses", "Cross entropy of independent yes-or-no labels.",
             {"binary_crossentropy", "bce", "BCE"}, Doc{.example = R"py(
>>> keras.losses.BinaryCrossentropy()(keras.ops.array([[1.0, 0.0]]), keras.ops.array([[0.9, 0.2]]))
<Tensor shape=(), dtype=float32, values=0.16425204>)py"});

}  // namespace
}  // namespace lamina
