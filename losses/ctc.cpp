// Connectionist temporal classification (Graves et al., 2006): minus the log probability of all alignments of the
// labels.
#include "backends/ops/public/nn.h"
#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/numpy_reduce.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

constexpr double kNever = -1e5;  // the log probability of what cannot be, as in Keras

// `x` (batch, states) moved `by` states up; kNever comes in.
Tensor shifted(const Tensor& x, int64_t by) {
  const int64_t states = x.shape()[1];
  return slice_axis(pad(x, {0, by}, {0, 0}, kNever), 1, 0, states);
}

Tensor log_sum(const Tensors& terms) {
  Tensors raised;
  for (const Tensor& t : terms) raised.push_back(expand_dims(t, 0));
  return ops::logsumexp(concat(raised, 0), std::vector<int>{0});
}

// y_true: (batch, length) labels, 0 for padding at the end and as the blank; y_pred: (batch, time, classes) logits.
// Gives (batch).
Tensor ctc_impl(const Operand& y_true, const Operand& y_pred) {
  Tensor t = cast(y_true.value(), DType::int32), p = ops::as_float(y_pred);
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
  if (!p.shape().known() || !t.shape().known()) return reduce(Reduce::sum, p, {1, 2}, false);  // shapes only
  const DType given = p.dtype();
  if (is_half(given)) p = cast(p, DType::float32);
  const int64_t batch = t.shape()[0], length = t.shape()[1], time = p.shape()[1], states = 2 * length + 1;
  Tensor log_p = ops::log_softmax(p);

  // States: blank, label, blank, label, ..., blank.
  Tensor labels = reshape(pad(expand_dims(t, 2), {0, 0, 1}, {0, 0, 0}), {batch, 2 * length});
  labels = pad(labels, {0, 0}, {0, 1});
  Tensor emitted = ops::take_along_axis(log_p, broadcast_to(expand_dims(labels, 1), {batch, time, states}), 2);
  // A blank between two labels may be left out unless they are equal.
  Tensor state = iota(states, DType::int32), two_back = slice_axis(pad(labels, {0, 2}, {0, 0}), 1, 0, states);
  Tensor is_label =
      binary(Binary::equal, binary(Binary::mod, state, full({}, 2, DType::int32)), full({}, 1, DType::int32));
  Tensor skips = binary(Binary::logical_and, is_label, binary(Binary::not_equal, labels, two_back));
  Tensor never = full({}, kNever, p.dtype()), none = full({}, 0, p.dtype());
  Tensor skip_cost = where(skips, none, never);

  auto at = [&](int64_t step) { return squeeze(slice_axis(emitted, 1, step, step + 1), 1); };
  Tensor starts = ops::compare(Binary::less, state, 2.0);
  Tensor alpha = where(starts, at(0), never);
  for (int64_t step = 1; step < time; ++step)
    alpha = add(at(step), log_sum({alpha, shifted(alpha, 1), add(shifted(alpha, 2), skip_cost)}));

  Tensor count = sum(cast(ops::compare(Binary::not_equal, t, 0.0), DType::int32), {1});  // of labels
  Tensor last = expand_dims(multiply(count, 2.0), 1);
  Tensor ends =
      binary(Binary::logical_or, binary(Binary::equal, state, last), binary(Binary::equal, state, add(last, -1.0)));
  return cast(negative(ops::logsumexp(where(ends, alpha, never), std::vector<int>{1})), given);
}
const auto ctc =
    public_op("losses.ctc", LAMINA_LOSSES "ctc",
              "-log of the probability that y_pred's classes, repetitions and blanks removed, spell y_true.", ctc_impl,
              {{"y_true", required, "Class numbers (batch, longest); 0 pads."},
               {"y_pred", required, "Scores (batch, steps, classes) before the softmax; class 0 is the blank."}},
              {.returns = "A vector of a loss a sample.",
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
