#include "layers/rnn/rnn_loop.h"

#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {

namespace {

// Time and batch exchanged.
Tensor swapped(const Tensor& t) {
  std::vector<int> axes{1, 0};
  for (int i = 2; i < t.rank(); ++i) axes.push_back(i);
  return prim::transpose(t, axes);
}

Tensor step_at(const Tensor& steps, bool first) {
  const int64_t n = steps.shape()[0];
  if (n < 0) {
    Shape s = steps.shape();
    s.erase(0);
    return Tensor::spec_only(s, steps.dtype());
  }
  return prim::squeeze(first ? prim::slice_axis(steps, 0, 0, 1) : prim::slice_axis(steps, 0, n - 1, n), 0);
}

Value first_state(const Value& states) {
  const List& list = states.as_list();
  return list[0].is_sequence() ? list.back().as_list()[0] : list[0];
}

}  // namespace

RnnLoopResult rnn_loop(const RnnStep& step, const Tensor& sequences, const Value& states, const Tensor& given,
                       const RnnLoop& o) {
  Tensor x = swapped(sequences), mask;
  if (given.defined()) {
    mask = given.dtype() == DType::boolean ? given : prim::cast(given, DType::boolean);
    mask = swapped(mask.rank() == 2 ? prim::expand_dims(mask, 2) : mask);
  }
  // A mask as wide as a state; several values a step count as false where all are.
  auto wide = [](Tensor m, const Tensor& t) {
    m = prim::reduce(Reduce::any, m, {m.rank() - 1}, true);
    while (m.rank() < t.rank()) m = prim::expand_dims(m, m.rank());
    return m;
  };
  // A step's states must come back in the types in which they went in.
  auto checked = [&](const Value& carry, const Value& fresh) {
    std::vector<Value> before = flatten(carry), after = flatten(fresh);
    if (before.size() != after.size())
      throw ValueError("A cell's step returned ", after.size(), " states, it was given ", before.size(), ".");
    for (size_t i = 0; i < after.size(); ++i)
      if (after[i].is_tensor() && after[i].as_tensor().dtype() != before[i].as_tensor().dtype())
        after[i] = prim::cast(after[i].as_tensor(), before[i].as_tensor().dtype());
    return pack_like(carry, after);
  };
  ops::Scanned out;
  if (!mask.defined()) {
    out = ops::scan(
        [&](const Value& carry, const Value& row) {
          auto [y, fresh] = step(row.as_tensor(), carry);
          return ops::Scanned{checked(carry, fresh), y};
        },
        states, x, {}, o.go_backwards);
  } else {
    // What a masked step gives: zeros; or the output before, which is carried where it is not the cell's state itself.
    const bool zeros = o.zero_output_for_mask && !o.unrolled_masks;
    Tensor first;
    if (!zeros) {
      auto [y, fresh] = step(step_at(x, !o.go_backwards), states);
      if (o.unrolled_masks || !y.same(first_state(fresh).as_tensor())) first = prim::full(y.shape(), 0, y.dtype());
    }
    const bool carries = first.defined();
    out = ops::scan(
        [&](const Value& carried, const Value& row) {
          const Value before = carries ? carried.as_list()[0] : carried;
          const Tensor on = row.as_list()[1].as_tensor();
          auto [y, fresh] = step(row.as_list()[0].as_tensor(), before);
          std::vector<Value> old = flatten(before), now = flatten(checked(before, fresh));
          for (size_t i = 0; i < now.size(); ++i)
            now[i] = prim::where(wide(on, now[i].as_tensor()), now[i].as_tensor(), old[i].as_tensor());
          Tensor otherwise = carries ? carried.as_list()[1].as_tensor()
                             : zeros ? prim::full(y.shape(), 0, y.dtype())
                                     : first_state(before).as_tensor();
          if (otherwise.dtype() != y.dtype()) otherwise = prim::cast(otherwise, y.dtype());
          y = prim::where(wide(on, y), y, otherwise);
          Value kept = pack_like(before, now);
          return ops::Scanned{carries ? Value(List{kept, y}) : kept, y};
        },
        carries ? Value(List{states, first}) : states, Value(List{x, mask}), {}, o.go_backwards);
    if (carries) out.carry = Value(out.carry.as_list()[0]);
  }
  Tensor ys = out.ys.as_tensor(), last = step_at(ys, o.go_backwards);
  if (o.go_backwards) ys = prim::reverse(ys, {0});
  return {last, swapped(ys), out.carry};
}

}  // namespace lamina
