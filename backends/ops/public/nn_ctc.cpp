#include "backends/ops/public/nn_ctc.h"

#include "backends/ops/ctc/beam_search.h"
#include "backends/ops/public/nn.h"
#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/numpy_reduce.h"
#include "backends/ops/public/support.h"
#include "backends/ops/public/tensor_tuple.h"

namespace lamina::ops {

#define NN "keras.src.ops.nn."

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
  return logsumexp(concat(raised, 0), std::vector<int>{0});
}

// At least float32, as Keras' backends compute it.
DType wide_type(DType t) { return t == DType::float64 ? t : DType::float32; }

int64_t checked_blank(int64_t blank, int64_t classes) {
  if (blank < 0 || (classes >= 0 && blank >= classes))
    throw ValueError("`mask_index` must be one of the ", classes, " classes. Received: mask_index=", blank, ".");
  return blank;
}

void check_lengths(const Tensor& lengths, const Tensor& output, const char* name) {
  if (lengths.rank() != 1 || !compatible({output.shape()[0]}, lengths.shape()))
    throw ValueError("`", name, "` must hold one length per sequence. Received: ", name, ".shape=", lengths.shape(),
                     " and scores of shape ", output.shape(), ".");
}

// Symbolic tensors, whose other axes may be anything until there are values.
void expect_one_batch(const char* name, const Operand& a, const char* other, const Operand& b) {
  if (a.shape().rank() < 1 || b.shape().rank() < 1 || !compatible({a.shape()[0]}, {b.shape()[0]}))
    throw ValueError("Arguments `", name, "` and `", other,
                     "` must have the same first dimension. Received shapes: ", a.shape(), " and ", b.shape(), ".");
}

Tensor ctc_loss_impl(const Operand& target, const Operand& output, const Operand& target_length,
                     const Operand& output_length, int64_t mask_index) {
  expect_one_batch("target", target, "output", output);
  Tensor t = target.as(DType::int32), p = output.value();
  if (p.shape_only() || t.shape_only()) {
    expect_one_batch("target_length", target_length, "target", target);
    expect_one_batch("output_length", output_length, "output", output);
    return Tensor::spec_only({t.shape()[0]}, result_type(p.dtype(), DType::float32));
  }
  if (t.rank() != 2) throw ValueError("`target` must have the shape (batch, length). Received: ", t.shape(), ".");
  if (p.rank() != 3)
    throw ValueError("`output` must have the shape (batch, steps, classes). Received: ", p.shape(), ".");
  p = cast(p, wide_type(p.dtype()));
  const Tensor targets = target_length.as(DType::int32), outputs = output_length.as(DType::int32);
  check_lengths(targets, p, "target_length"), check_lengths(outputs, p, "output_length");
  const int64_t batch = p.shape()[0], length = t.shape()[1], time = p.shape()[1], states = 2 * length + 1;
  const int64_t blank = checked_blank(mask_index, p.shape()[2]);
  const Tensor log_p = log_softmax(p);

  // States: blank, label, blank, label, ..., blank.
  const auto none = static_cast<double>(blank);
  Tensor labels = reshape(pad(expand_dims(t, 2), {0, 0, 1}, {0, 0, 0}, none), {batch, 2 * length});
  labels = pad(labels, {0, 0}, {0, 1}, none);
  Tensor emitted = take_along_axis(log_p, broadcast_to(expand_dims(labels, 1), {batch, time, states}), 2);
  // A blank between two labels may be left out unless they are equal.
  Tensor state = iota(states, DType::int32), two_back = slice_axis(pad(labels, {0, 2}, {0, 0}, none), 1, 0, states);
  Tensor is_label =
      binary(Binary::equal, binary(Binary::mod, state, constant(2, DType::int32)), constant(1, DType::int32));
  Tensor skips = binary(Binary::logical_and, is_label, binary(Binary::not_equal, labels, two_back));
  const Tensor never = constant(kNever, p.dtype());
  Tensor skip_cost = where(skips, constant(0, p.dtype()), never);

  auto at = [&](int64_t step) { return squeeze(slice_axis(emitted, 1, step, step + 1), 1); };
  const Tensor ends_at = expand_dims(outputs, 1);
  Tensor alpha = where(compare(Binary::less, state, 2.0), at(0), never);
  for (int64_t step = 1; step < time; ++step) {
    const Tensor next = add(at(step), log_sum({alpha, shifted(alpha, 1), add(shifted(alpha, 2), skip_cost)}));
    alpha = where(compare(Binary::greater, ends_at, static_cast<double>(step)), next, alpha);
  }
  const Tensor last = expand_dims(multiply(targets, 2.0), 1);
  Tensor ends =
      binary(Binary::logical_or, binary(Binary::equal, state, last), binary(Binary::equal, state, add(last, -1.0)));
  return negative(logsumexp(where(ends, alpha, never), std::vector<int>{1}));
}
const auto ctc_loss_op = public_op(
    "ctc_loss", NN "CTCLoss",
    "-log of the probability that the scores, repetitions and blanks removed, spell the labels.", ctc_loss_impl,
    {{"target", required, "Class numbers (batch, length)."},
     {"output", required, "Scores (batch, steps, classes) before the softmax."},
     {"target_length", required, "How many labels each sequence has, (batch)."},
     {"output_length", required, "How many steps each sequence has, (batch)."},
     {"mask_index", 0, "The class that is the blank."}},
    {.returns = "A vector of one loss per sequence; float32 at least.",
     .raises = "ValueError: for other numbers of axes, or a `mask_index` that is no class.",
     .source = "Graves et al., \"Connectionist Temporal Classification\" (2006).",
     .example = R"py(
>>> output = keras.ops.array([[[0.0, 4.0, 0.0], [0.0, 0.0, 4.0], [4.0, 0.0, 0.0]]])
>>> keras.ops.ctc_loss([[1, 2]], output, [2], [3])
<Tensor shape=(1,), dtype=float32, values=[0.08911468]>)py"});

Tensors greedy(const Tensor& p, const Tensor& lengths, bool merge_repeated, int64_t blank) {
  const int64_t time = p.shape()[1];
  const Tensor none = constant(static_cast<double>(blank), DType::int32), step = iota(time, DType::int32);
  const Tensor behind = binary(Binary::greater_equal, step, expand_dims(lengths, 1));
  Tensor best = where(behind, none, arg_reduce(true, p, 2));
  const Tensor score = where(behind, constant(0, p.dtype()), reduce(Reduce::max, p, {2}, false));
  if (merge_repeated) {
    const Tensor before = slice_axis(pad(best, {0, 1}, {0, 0}, -1), 1, 0, time);
    best = where(binary(Binary::equal, best, before), none, best);
  }
  const Tensor left_out = binary(Binary::equal, best, none);
  best = where(left_out, constant(-1, DType::int32), best);
  // What is left moves to the front, in its order.
  const Tensor order = sort_last(where(left_out, constant(static_cast<double>(time), DType::int32), step)).indices;
  return {expand_dims(gather_along(best, order, 1), 0), negative(reduce(Reduce::sum, score, {1}, true))};
}

TensorTuple ctc_decode_impl(const Operand& inputs, const Operand& sequence_lengths, const std::string& strategy,
                            int64_t beam_width, int64_t top_paths, bool merge_repeated, int64_t mask_index) {
  const bool beams = strategy == "beam_search";
  if (!beams && strategy != "greedy")
    throw ValueError("Invalid strategy ", strategy, ". Supported values are 'greedy' and 'beam_search'.");
  Tensor p = inputs.value();
  if (p.rank() != 3)
    throw ValueError("`inputs` must have the shape (batch, steps, classes). Received: ", p.shape(), ".");
  p = cast(p, wide_type(p.dtype()));
  const Tensor lengths = sequence_lengths.as(DType::int32);
  check_lengths(lengths, p, "sequence_lengths");
  const int64_t blank = checked_blank(mask_index, p.shape()[2]);
  if (beams && (beam_width < 1 || top_paths < 1 || top_paths > beam_width))
    throw ValueError("`beam_width` and `top_paths` must be at least 1, and as many paths as beams at most. Received: ",
                     "beam_width=", beam_width, ", top_paths=", top_paths, ".");
  if (!p.shape().known())
    return {Tensor::spec_only({beams ? top_paths : 1, p.shape()[0], p.shape()[1]}, DType::int32),
            Tensor::spec_only({p.shape()[0], beams ? top_paths : 1}, p.dtype())};
  if (!beams) return greedy(p, lengths, merge_repeated, blank);
  const CtcPaths found = ctc_beam_search(log_softmax(p), lengths, beam_width, top_paths, blank);
  return {found.paths, found.scores};
}
const auto ctc_decode_op = public_op(
    "ctc_decode", NN "CTCDecode", "The most probable label sequences of scores.", ctc_decode_impl,
    {{"inputs", required, "Scores (batch, steps, classes) before the softmax."},
     {"sequence_lengths", required, "How many steps each sequence has, (batch)."},
     {"strategy", "greedy", "\"greedy\" takes the best class of each step, \"beam_search\" sums over alignments."},
     {"beam_width", 100, "How many sequences the beam search keeps."},
     {"top_paths", 1, "How many sequences the beam search returns."},
     {"merge_repeated", true, "Whether the greedy strategy makes one label of repeated ones."},
     {"mask_index", 0, "The class that is the blank."}},
    {.returns =
         "The sequences (top_paths, batch, steps) as int32, ended by -1, and their scores (batch, top_paths): log "
         "probabilities of the beam search, minus the sum of the scores on the way of the greedy strategy.",
     .raises = "ValueError: for another strategy, other numbers of axes, or numbers out of range.",
     .example = R"py(
>>> inputs = keras.ops.array([[[0.0, 4.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]]])
>>> keras.ops.ctc_decode(inputs, [3])[0]
<Tensor shape=(1, 1, 3), dtype=int32, values=[[[ 1  2 -1]]]>)py"});

}  // namespace

Tensor ctc_loss(const Operand& target, const Operand& output, const Operand& target_length,
                const Operand& output_length, int64_t mask_index) {
  return ctc_loss_op(target, output, target_length, output_length, mask_index);
}
Tensors ctc_decode(const Operand& inputs, const Operand& sequence_lengths, const std::string& strategy,
                   int64_t beam_width, int64_t top_paths, bool merge_repeated, int64_t mask_index) {
  return ctc_decode_op(inputs, sequence_lengths, strategy, beam_width, top_paths, merge_repeated, mask_index);
}

}  // namespace lamina::ops
