#include "backends/ops/public/nn.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

Tensor sparse_crossentropy_impl(const Operand& y_true, const Operand& y_pred, bool from_logits,
                                const std::optional<int64_t>& ignore_class, int axis) {
  Tensor t = y_true.value(), p = ops::as_float(y_pred);
  int a = normalize_axis(axis, p.rank());
  if (t.rank() == p.rank() && t.shape()[a] == 1) t = squeeze(t, a);
  Tensor valid;
  if (ignore_class) {
    valid = ops::compare(Binary::not_equal, t, static_cast<double>(*ignore_class));
    t = where(valid, t, full({}, 0, t.dtype()));
    p = where(expand_dims(valid, a), p, full({}, 0, p.dtype()));
  }
  Tensor loss = ops::sparse_categorical_crossentropy(t, p, from_logits, axis);
  if (!ignore_class) return loss;
  loss = where(valid, loss, full({}, 0, loss.dtype()));
  loss.set_mask(valid);
  return loss;
}
const auto sparse_crossentropy =
    public_op("losses.sparse_categorical_crossentropy", LAMINA_LOSSES "sparse_categorical_crossentropy",
              "-log p[class] along `axis`; y_true holds class numbers. Entries of ignore_class give 0 and are masked.",
              sparse_crossentropy_impl,
              {{"y_true", required, "Class numbers."},
               {"y_pred", required, about::y_pred},
               {"from_logits", false, about::from_logits},
               {"ignore_class", Value(), "A class number that does not count; None counts all."},
               {"axis", -1, about::axis}},
              {.returns = "A tensor of the shape of the class numbers.", .example = R"py(
>>> keras.losses.sparse_categorical_crossentropy(keras.ops.array([1]), keras.ops.array([[0.2, 0.8]]))
<Tensor shape=(1,), dtype=float32, values=[0.22314353]>)py"});

struct SparseCategoricalCrossentropyArgs {
  bool from_logits = false;
  std::optional<int64_t> ignore_class;
  int axis = -1;
  LossArgs base{"sum_over_batch_size", "sparse_categorical_crossentropy", {}};
  void fields(Fields& f) {
    f("from_logits", from_logits, "Whether y_pred is before the softmax.");
    f("ignore_class", ignore_class, "A class number whose entries do not count (such as -1 or 255 for 'void').");
    f("reduction", base.reduction, "How the values become one.");
    f("axis", axis, "The axis of the classes.").hidden();
    f("name", base.name, "The loss's name.");
    f("dtype", base.dtype, "The dtype to compute in.").hidden();
  }
};
class SparseCategoricalCrossentropy final : public LossWith<SparseCategoricalCrossentropyArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "SparseCategoricalCrossentropy"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return sparse_crossentropy(t, p, args.from_logits, args.ignore_class, args.axis);
  }
};
LAMINA_CLASS(SparseCategoricalCrossentropy, "keras.losses", "Cross entropy of integer labels.",
             {"sparse_categorical_crossentropy"}, Doc{.example = R"py(
>>> keras.losses.SparseCategoricalCrossentropy()(keras.ops.array([1]), keras.ops.array([[0.2, 0.8]]))
<Tensor shape=(), dtype=float32, values=0.22314353>)py"});

}  // namespace
}  // namespace lamina
