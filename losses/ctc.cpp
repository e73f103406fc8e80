// Connectionist temporal classification (Graves et al., 2006): minus the log probability of all alignments of the
// labels.
#include "backends/ops/public/nn_ctc.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

// y_true: (batch, length) labels, 0 for padding at the end and as the blank; y_pred: (batch, time, classes) logits.
// Gives (batch).
Tensor ctc_impl(const Operand& y_true, const Operand& y_pred) {
  const Tensor t = prim::cast(y_true.value(), DType::int32), p = ops::as_float(y_pred);
  if (t.rank() != 2)
    throw ValueError(
        "Targets `y_true` are expected to be a tensor of shape `(batch_size, max_length)` in integer format. Received: "
        "y_true.shape=",
        t.shape());
  if (p.rank() != 3)
    throw ValueError(
        "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. Received: "
        "y_pred.shape=",
        p.shape());
  if (!p.shape().known() || !t.shape().known()) return prim::reduce(Reduce::sum, p, {1, 2}, false);  // shapes only
  const Tensor labels = prim::sum(prim::cast(ops::compare(Binary::not_equal, t, 0.0), DType::int32), {1});
  const Tensor steps = prim::full({p.shape()[0]}, static_cast<double>(p.shape()[1]), DType::int32);
  return prim::cast(ops::ctc_loss(t, p, labels, steps), p.dtype());
}
const auto ctc =
    public_op("losses.ctc", LAMINA_LOSSES "ctc",
              "-log of the probability that y_pred's classes, repetitions and blanks removed, spell y_true.", ctc_impl,
              {{"y_true", required, "Class numbers (batch, longest); 0 pads."},
               {"y_pred", required, "Scores (batch, steps, classes) before the softmax; class 0 is the blank."}},
              {.returns = "A vector of one loss per sample.",
               .raises = "ValueError: if y_true has not two axes or y_pred has not three.",
               .source = "Graves et al., \"Connectionist Temporal Classification\" (2006).",
               .example = R"py(
>>> y_true = keras.ops.array([[1, 2]])
>>> y_pred = keras.ops.array([[[0.0, 4.0, 0.0], [0.0, 0.0, 4.0], [4.0, 0.0, 0.0]]])
>>> keras.losses.ctc(y_true, y_pred)
<Tensor shape=(1,), dtype=float32, values=[0.08911468]>)py"});

struct CTCName {
  static constexpr const char* value = "ctc";
};
class CTC final : public LossWith<PlainLossArgs<CTCName>> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "CTC"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override { return ctc(y_true, y_pred); }
};
LAMINA_CLASS(CTC, "keras.losses",
             "Connectionist temporal classification (Graves et al., 2006): labels without known times.", {"ctc"},
             Doc{.source = "Graves et al., \"Connectionist Temporal Classification\" (2006).", .example = R"py(
>>> y_true = keras.ops.array([[1, 2]])
>>> y_pred = keras.ops.array([[[0.0, 4.0, 0.0], [0.0, 0.0, 4.0], [4.0, 0.0, 0.0]]])
>>> keras.losses.CTC()(y_true, y_pred)
<Tensor shape=(), dtype=float32, values=0.08911468>)py"});

}  // namespace
}  // namespace lamina
