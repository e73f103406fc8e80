#include "backends/ops/public/nn.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

Tensor categorical_crossentropy_impl(const Operand& y_true, const Operand& y_pred, bool from_logits,
                                     double label_smoothing, const Value& axis) {
  if (!axis.is_int())
    throw ValueError("`axis` must be of type `int`. Received: axis=", axis.repr(), " of type ", axis.kind_name());
  auto [t, p] = loss_pair(y_true, y_pred, false);
  if (label_smoothing != 0)
    t = smooth_labels(t, label_smoothing, static_cast<double>(std::max<int64_t>(1, t.shape().back())));
  return ops::categorical_crossentropy(t, p, from_logits, static_cast<int>(axis.as_int()));
}
const auto categorical_crossentropy = public_op(
    "losses.categorical_crossentropy", LAMINA_LOSSES "categorical_crossentropy",
    "-sum(t log p) along `axis`; p = softmax(y_pred) from logits, else y_pred normalised.",
    categorical_crossentropy_impl,
    {{"y_true", required, about::y_true},
     {"y_pred", required, about::y_pred},
     {"from_logits", false, about::from_logits},
     {"label_smoothing", 0.0, about::label_smoothing},
     {"axis", -1, about::axis}},
    {.returns = "A tensor without `axis`.", .raises = "ValueError: if the shapes do not fit.", .example = R"py(
>>> keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.2, 0.8]])
<Tensor shape=(1,), dtype=float32, values=[0.22314353]>)py"});

struct CategoricalCrossentropyArgs {
  bool from_logits = false;
  double label_smoothing = 0;
  int axis = -1;
  LossArgs base{"sum_over_batch_size", "categorical_crossentropy", {}};
  void fields(Fields& f) {
    f("from_logits", from_logits, "Whether y_pred is before the softmax.");
    f("label_smoothing", label_smoothing, "0 to 1: how far labels are moved towards even ones.");
    f("axis", axis, "The axis of the classes.");
    loss_fields(f, base);
  }
};
class CategoricalCrossentropy final : public LossWith<CategoricalCrossentropyArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "CategoricalCrossentropy"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return categorical_crossentropy(t, p, args.from_logits, args.label_smoothing, Value(args.axis));
  }
};
LAMINA_CLASS(CategoricalCrossentropy, "keras.losses", "Cross entropy of one-hot (or soft) labels.",
             {"categorical_crossentropy"}, Doc{.example = R"py(
>>> keras.losses.CategoricalCrossentropy()(keras.ops.array([[0.0, 1.0]]), keras.ops.array([[0.2, 0.8]]))
<Tensor shape=(), dtype=float32, values=0.22314353>)py"});

}  // namespace
}  // namespace lamina
