#include "backends/ops/public/nn.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

// y_true: (batch) or (batch, 1) class numbers; y_pred: (batch, classes) probabilities. Gives (batch).
Tensor generalized_crossentropy_impl(const Operand& y_true, const Operand& y_pred, double q) {
  Tensor t = cast(y_true.value(), DType::int32), p = ops::as_float(y_pred);
  if (t.rank() == p.rank() && t.shape().back() == 1) t = squeeze(t, t.rank() - 1);
  Tensor right = sum(multiply(p, ops::one_hot(t, p.shape().back(), -1, p.dtype())), {-1});
  return multiply(rsub(1, power(right, full({}, q, p.dtype()))), 1 / q);
}
const auto generalized_crossentropy =
    public_op("losses.categorical_generalized_cross_entropy", LAMINA_LOSSES "categorical_generalized_cross_entropy",
              "(1 - p^q) / q, p the probability of the label's class.", generalized_crossentropy_impl,
              {{"y_true", required, "Class numbers."},
               {"y_pred", required, about::y_pred},
               {"q", required, "0 to 1: near 0 like the cross entropy, at 1 like the absolute error."}},
              {.returns = "A vector of one loss per sample.",
               .source = "Zhang and Sabuncu, \"Generalized Cross Entropy Loss for Training Deep Neural Networks with "
                         "Noisy Labels\" (2018).",
               .example = R"py(
>>> keras.losses.categorical_generalized_cross_entropy(keras.ops.array([1]), keras.ops.array([[0.2, 0.8]]), 0.5)
<Tensor shape=(1,), dtype=float32, values=[0.21114564]>)py"});

struct GeneralizedCrossentropyArgs {
  double q = 0.5;
  LossArgs base{"sum_over_batch_size", "categorical_generalized_cross_entropy", {}};
  void fields(Fields& f) {
    f("q", q, "0 to 1: from the cross entropy (near 0) to the mean absolute error (near 1).");
    loss_fields(f, base);
  }
};
class CategoricalGeneralizedCrossEntropy final : public LossWith<GeneralizedCrossentropyArgs> {
 public:
  explicit CategoricalGeneralizedCrossEntropy(GeneralizedCrossentropyArgs a) : LossWith(std::move(a)) {
    if (!(args.q > 0 && args.q < 1)) throw ValueError("q must be in the interval (0, 1)");
  }
  std::string class_name() const override { return "CategoricalGeneralizedCrossEntropy"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    return generalized_crossentropy(y_true, y_pred, args.q);
  }
};
LAMINA_CLASS(CategoricalGeneralizedCrossEntropy, "keras.losses",
             "A cross entropy that bears wrong labels (Zhang and Sabuncu, 2018).",
             {"categorical_generalized_cross_entropy"},
             Doc{.raises = "ValueError: if q is not between 0 and 1.",
                 .source = "Zhang and Sabuncu, \"Generalized Cross Entropy Loss for Training Deep Neural Networks with "
                           "Noisy Labels\" (2018).",
                 .example = R"py(
>>> keras.losses.CategoricalGeneralizedCrossEntropy()(keras.ops.array([1]), keras.ops.array([[0.2, 0.8]]))
<Tensor shape=(), dtype=float32, values=0.21114564>)py"});

}  // namespace
}  // namespace lamina
