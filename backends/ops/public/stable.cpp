#include "backends/ops/public/stable.h"

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

namespace {

const TensorNotes* made_of(const Tensor& x) {
  if (!executing_eagerly() || !x.has_data()) return nullptr;
  const TensorNotes* notes = x.find_notes();
  return notes && notes->origin != Origin::unknown ? notes : nullptr;
}

// What is kept of an input. Notes must not chain, because x = 1 + x in a loop would keep all of the past: a tensor that
// has an origin is kept without it. Gradients find tensors by their node or their producer, so a tensor that a tape
// recorded is kept as its producer's output, and a leaf as it is.
Tensor without_origin(const Tensor& input) {
  const TensorNode& from = *input.node();
  const TensorNotes* notes = input.find_notes();
  const bool noted = notes && notes->origin != Origin::unknown;
  if (!from.producer && (!noted || recording())) return input;
  auto plain = std::make_shared<TensorNode>(input.shape(), input.dtype());
  plain->buffer = from.buffer;
  plain->output = from.output;
  plain->producer = from.producer;
  plain->variable = from.variable;
  return Tensor(std::move(plain));
}

Tensor input_of(const TensorNotes& notes) {
  const TensorNode& kept = *notes.origin_input.node();
  return kept.producer ? output_of(kept.producer, kept.output) : notes.origin_input;
}

}  // namespace

Tensor with_origin(Tensor out, Origin origin, const Tensor& input, int axis) {
  if (!executing_eagerly() || !out.has_data() || !input.has_data() || !is_float(out.dtype()) ||
      out.dtype() != input.dtype() || out.shape() != input.shape() || out.same(input))
    return out;
  TensorNotes& notes = out.notes();
  const TensorNotes* inner = made_of(input);
  if (origin == Origin::one_plus && inner && inner->origin == Origin::exp) {
    notes.origin = Origin::one_plus_exp;
    notes.origin_input = inner->origin_input;
  } else {
    notes.origin = origin;
    notes.origin_axis = axis;
    notes.origin_input = without_origin(input);
  }
  return out;
}

Tensor stable_log(const Tensor& x) {
  const TensorNotes* notes = made_of(x);
  if (!notes) return {};
  const Tensor input = input_of(*notes);
  switch (notes->origin) {
    case Origin::exp: return input;
    case Origin::sigmoid: return prim::negative(prim::unary(Unary::softplus, prim::negative(input)));
    case Origin::softmax: return from_last(prim::softmax(to_last(input, notes->origin_axis), true), notes->origin_axis);
    case Origin::one_plus: return prim::unary(Unary::log1p, input);
    case Origin::one_plus_exp: return prim::unary(Unary::softplus, input);
    case Origin::unknown: break;
  }
  return {};
}

Tensor stable_log1p(const Tensor& x) {
  const TensorNotes* notes = made_of(x);
  return notes && notes->origin == Origin::exp ? prim::unary(Unary::softplus, input_of(*notes)) : Tensor();
}

Tensor stable_minus_one(const Tensor& x) {
  const TensorNotes* notes = made_of(x);
  return notes && notes->origin == Origin::exp ? prim::unary(Unary::expm1, input_of(*notes)) : Tensor();
}

}  // namespace lamina::ops
