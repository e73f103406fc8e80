#include "backends/ops/recurrent/recurrent_composed.h"

#include "backends/ops/control/unstack.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

using prim::add;
using prim::multiply;
using prim::subtract;

Tensor sigmoid(const Tensor& x) { return prim::unary(Unary::sigmoid, x); }
Tensor tanh(const Tensor& x) { return prim::unary(Unary::tanh, x); }
// The gradient of an activation from its value a and the gradient g of that.
Tensor sigmoid_back(const Tensor& a, const Tensor& g) { return multiply(g, multiply(a, prim::rsub(1, a))); }
Tensor tanh_back(const Tensor& a, const Tensor& g) { return multiply(g, prim::rsub(1, prim::square(a))); }

Tensors steps_of(const Tensor& x) { return prim::unstack(prim::transpose(x, {1, 0, 2})); }
Tensor from_steps(const Tensors& steps) { return prim::transpose(prim::stack(steps), {1, 0, 2}); }
Tensors cut(const Tensor& x, int parts) {  // along the last axis
  Tensors out;
  const int axis = x.rank() - 1;
  const int64_t width = x.shape()[axis] / parts;
  for (int i = 0; i < parts; ++i) out.push_back(prim::slice_axis(x, axis, i * width, (i + 1) * width));
  return out;
}
Tensors masks_of(const Tensor& mask) {
  Tensors out;
  for (const Tensor& m : prim::unstack(prim::transpose(mask, {1, 0}))) out.push_back(prim::expand_dims(m, 1));
  return out;
}
Tensor zeros_like(const Tensor& t) { return prim::full(t.shape(), 0, t.dtype()); }
Tensor row(const Tensor& t, int64_t i) { return prim::squeeze(prim::slice_axis(t, 0, i, i + 1), 0); }

}  // namespace

Tensors composed_recurrent(Recurrence kind, const RecurrenceOptions& o, std::span<const Tensor> in,
                           const std::function<Tensor(const Tensor&)>& by_kernel) {
  const bool lstm = kind == Recurrence::lstm;
  Tensor h = in[1], c = lstm ? in[2] : Tensor();
  const Tensor &kernel = in[lstm ? 3 : 2], &bias = in[lstm ? 4 : 3];
  Tensors x = steps_of(in[0]), masks = o.masked ? masks_of(in.back()) : Tensors();
  const size_t steps = x.size();
  Tensors ys(steps), saved(steps), cs(steps), before(steps);
  for (size_t k = 0; k < steps; ++k) {
    const size_t t = o.reverse ? steps - 1 - k : k;
    before[t] = h;
    Tensor product = by_kernel ? by_kernel(h) : prim::matmul(h, kernel), fresh, fresh_c, a;
    if (kind == Recurrence::simple) {
      fresh = a = tanh(add(add(x[t], bias), product));
    } else if (lstm) {
      Tensors z = cut(add(add(x[t], bias), product), 4);
      Tensor i = sigmoid(z[0]), f = sigmoid(z[1]), g = tanh(z[2]), out = sigmoid(z[3]);
      fresh_c = add(multiply(f, c), multiply(i, g));
      fresh = multiply(out, tanh(fresh_c));
      a = prim::concat({i, f, g, out}, 1);
    } else {
      Tensors p = cut(add(x[t], row(bias, 0)), 3), q = cut(add(product, row(bias, 1)), 3);
      Tensor z = sigmoid(add(p[0], q[0])), r = sigmoid(add(p[1], q[1])), g = tanh(add(p[2], multiply(r, q[2])));
      fresh = add(multiply(z, h), multiply(prim::rsub(1, z), g));
      a = prim::concat({z, r, g, q[2]}, 1);
    }
    ys[k] = fresh;
    if (o.masked) {
      ys[k] = prim::where(masks[t], fresh, o.zero_masked ? zeros_like(h) : h);
      fresh = prim::where(masks[t], fresh, h);
      if (lstm) fresh_c = prim::where(masks[t], fresh_c, c);
    }
    h = fresh;
    if (lstm) c = cs[t] = fresh_c;
    saved[t] = a;
  }
  Tensors out{o.sequences ? from_steps(ys) : ys.back(), h};
  if (lstm) out.push_back(c);
  out.push_back(from_steps(saved));
  if (lstm) out.push_back(from_steps(cs));
  out.push_back(from_steps(before));
  return out;
}

Tensors composed_recurrent_grad(Recurrence kind, const RecurrenceOptions& o, std::span<const Tensor> in) {
  const bool lstm = kind == Recurrence::lstm, gru = kind == Recurrence::gru;
  const Tensor& kernel = in[0];
  const size_t at = lstm ? 2 : 1;
  Tensors saved = steps_of(in[at]), cs = lstm ? steps_of(in[at + 1]) : Tensors(),
          before = steps_of(in[at + (lstm ? 2 : 1)]);
  const Tensor& gy = in[at + (lstm ? 3 : 2)];
  Tensor dh = in[at + (lstm ? 4 : 3)], dc = lstm ? in[at + 5] : Tensor();
  Tensors masks = o.masked ? masks_of(in.back()) : Tensors(), gys = o.sequences ? steps_of(gy) : Tensors();
  const size_t steps = saved.size();
  Tensors dx(steps), dp(steps);
  for (size_t k = steps; k-- > 0;) {
    const size_t t = o.reverse ? steps - 1 - k : k;
    const Tensor given = o.sequences ? gys[k] : k + 1 == steps ? gy : Tensor();
    Tensor total = given.defined() ? add(dh, given) : dh, back, back_c;
    Tensors a = cut(saved[t], saved_of(kind));
    if (kind == Recurrence::simple) {
      dx[t] = dp[t] = tanh_back(a[0], total);
    } else if (lstm) {
      const Tensor previous = k == 0 ? in[1] : cs[o.reverse ? t + 1 : t - 1];
      Tensor tc = tanh(cs[t]), all = add(dc, tanh_back(tc, multiply(total, a[3])));
      dx[t] = dp[t] =
          prim::concat({sigmoid_back(a[0], multiply(all, a[2])), sigmoid_back(a[1], multiply(all, previous)),
                        tanh_back(a[2], multiply(all, a[0])), sigmoid_back(a[3], multiply(total, tc))},
                       1);
      back_c = multiply(all, a[1]);
    } else {
      Tensor dg = tanh_back(a[2], multiply(total, prim::rsub(1, a[0])));
      Tensor dz = sigmoid_back(a[0], multiply(total, subtract(before[t], a[2]))),
             dr = sigmoid_back(a[1], multiply(dg, a[3]));
      dx[t] = prim::concat({dz, dr, dg}, 1);
      dp[t] = prim::concat({dz, dr, multiply(dg, a[1])}, 1);
    }
    if (o.masked) {
      dx[t] = prim::where(masks[t], dx[t], zeros_like(dx[t]));
      dp[t] = prim::where(masks[t], dp[t], zeros_like(dp[t]));
    }
    back = prim::matmul(dp[t], kernel, false, true);
    if (gru) back = add(back, multiply(total, a[0]));
    if (o.masked) {
      back = prim::where(masks[t], back, o.zero_masked ? dh : total);
      if (lstm) back_c = prim::where(masks[t], back_c, dc);
    }
    dh = back;
    if (lstm) dc = back_c;
  }
  Tensors out{from_steps(dx), dh};
  if (lstm) out.push_back(dc);
  Tensor db = prim::sum(out[0], {0, 1});
  if (gru) {
    out.push_back(prim::stack({db, prim::sum(from_steps(dp), {0, 1})}));
    out.push_back(from_steps(dp));
  } else {
    out.push_back(db);
  }
  return out;
}

}  // namespace lamina
