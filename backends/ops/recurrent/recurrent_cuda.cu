// Recurrences on GPUs, step by step: the product of all rows' states with the recurrent kernel, then one kernel for the
// gates.
#include "backends/ops/pieces.cuh"
#include "backends/ops/recurrent/recurrent.h"
#include "backends/ops/reduce/reduce.h"

namespace lamina::gpu {

namespace {

template <class T>
__device__ T sigmoid(T x) {
  return T(1) / (T(1) + exponential(-x));
}

struct Sizes {
  Recurrence kind;
  int64_t B, T, u;
  bool masked, zero_masked, reverse, sequences;
  int gates, saved;
  Sizes(Recurrence kind, const RecurrenceOptions& o, int64_t B, int64_t T, int64_t u)
      : kind(kind),
        B(B),
        T(T),
        u(u),
        masked(o.masked),
        zero_masked(o.zero_masked),
        reverse(o.reverse),
        sequences(o.sequences),
        gates(gates_of(kind)),
        saved(saved_of(kind)) {}
};

// Step k of the recurrence, which is step t of the sequence.
template <class T>
struct Forward {
  const T *x, *bias, *product;  // product: h R, (B, G u)
  const bool* mask;
  T *y, *h, *c;               // h and c: the states, in place
  T *saved, *cells, *before;  // null where nothing is saved
  template <class F>
  void each_pointer(F&& f) {
    f(x), f(bias), f(product), f(mask), f(y), f(h), f(c), f(saved), f(cells), f(before);
  }
};
template <class T>
__global__ void forward_step(Forward<T> f, Sizes s, int64_t k) {
  const int64_t u = s.u, t = s.reverse ? s.T - 1 - k : k;
  for (int64_t i = first(); i < s.B * u; i += step()) {
    const int64_t b = i / u, j = i % u, row = b * s.T + t;
    const T *x = f.x + row * s.gates * u, *p = f.product + b * s.gates * u, h = f.h[i];
    T next = h, save[4] = {};
    const bool on = !f.mask || f.mask[row];
    if (on) {
      if (s.kind == Recurrence::simple) {
        next = save[0] = tangent(x[j] + f.bias[j] + p[j]);
      } else if (s.kind == Recurrence::lstm) {
        T z[4];
        for (int g = 0; g < 4; ++g) z[g] = x[g * u + j] + f.bias[g * u + j] + p[g * u + j];
        save[0] = sigmoid(z[0]), save[1] = sigmoid(z[1]), save[2] = tangent(z[2]), save[3] = sigmoid(z[3]);
        const T c = save[1] * f.c[i] + save[0] * save[2];
        f.c[i] = c;
        next = save[3] * tangent(c);
      } else {
        T z[3], q[3];
        for (int g = 0; g < 3; ++g)
          z[g] = x[g * u + j] + f.bias[g * u + j], q[g] = p[g * u + j] + f.bias[(3 + g) * u + j];
        save[0] = sigmoid(z[0] + q[0]), save[1] = sigmoid(z[1] + q[1]), save[3] = q[2],
        save[2] = tangent(z[2] + save[1] * q[2]);
        next = save[0] * h + (T(1) - save[0]) * save[2];
      }
    }
    f.h[i] = next;
    if (f.saved) {
      for (int g = 0; g < s.saved; ++g) f.saved[row * s.saved * u + g * u + j] = save[g];
      f.before[row * u + j] = h;
      if (f.cells) f.cells[row * u + j] = f.c[i];
    }
    const T y = !on && s.zero_masked ? T(0) : next;
    if (s.sequences)
      f.y[(b * s.T + k) * u + j] = y;
    else if (k + 1 == s.T)
      f.y[i] = y;
  }
}

template <class T>
struct Backward {
  const T *c0, *saved, *cells, *before, *gy;
  const bool* mask;
  T *dx, *dp, *dh, *dc;  // dp: the gradient of h R, dx but for gru; dh and dc: those of the states, in place
  T* rows;               // dp of this step, (B, G u)
  template <class F>
  void each_pointer(F&& f) {
    f(c0), f(saved), f(cells), f(before), f(gy), f(mask), f(dx), f(dp), f(dh), f(dc), f(rows);
  }
};
// Leaves in dh what goes back past the product.
template <class T>
__global__ void backward_step(Backward<T> f, Sizes s, int64_t k) {
  const int64_t u = s.u, t = s.reverse ? s.T - 1 - k : k;
  for (int64_t i = first(); i < s.B * u; i += step()) {
    const int64_t b = i / u, j = i % u, row = b * s.T + t;
    const bool on = !f.mask || f.mask[row];
    T dh = f.dh[i];
    if (on || !s.zero_masked) {
      if (s.sequences)
        dh += f.gy[(b * s.T + k) * u + j];
      else if (k + 1 == s.T)
        dh += f.gy[i];
    }
    T d[4] = {}, last = 0, back = 0;
    if (!on) {
      back = dh;
    } else {
      T a[4] = {};
      for (int g = 0; g < s.saved; ++g) a[g] = f.saved[row * s.saved * u + g * u + j];
      if (s.kind == Recurrence::simple) {
        d[0] = last = dh * (T(1) - a[0] * a[0]);
      } else if (s.kind == Recurrence::lstm) {
        const T c_before = k == 0 ? f.c0[i] : f.cells[(row + (s.reverse ? 1 : -1)) * u + j];
        const T tc = tangent(f.cells[row * u + j]), e = f.dc[i] + dh * a[3] * (T(1) - tc * tc);
        d[0] = e * a[2] * a[0] * (T(1) - a[0]), d[1] = e * c_before * a[1] * (T(1) - a[1]),
        d[2] = e * a[0] * (T(1) - a[2] * a[2]), d[3] = last = dh * tc * a[3] * (T(1) - a[3]);
        f.dc[i] = e * a[1];
      } else {
        d[2] = dh * (T(1) - a[0]) * (T(1) - a[2] * a[2]),
        d[0] = dh * (f.before[row * u + j] - a[2]) * a[0] * (T(1) - a[0]), d[1] = d[2] * a[3] * a[1] * (T(1) - a[1]);
        last = d[2] * a[1];
        back = dh * a[0];
      }
    }
    for (int g = 0; g < s.gates; ++g) {
      const T p = g + 1 == s.gates ? last : d[g];
      f.dx[row * s.gates * u + g * u + j] = d[g];
      if (f.dp) f.dp[row * s.gates * u + g * u + j] = p;
      f.rows[b * s.gates * u + g * u + j] = p;
    }
    f.dh[i] = back;
  }
}

BoundKernel bind_forward(const RecurrentOp& op, const KernelRequest& r) {
  const DType dtype = r.inputs[0].dtype;
  const int states = states_of(op.kind);
  const Sizes s(op.kind, op.options, r.inputs[0].shape[0], r.inputs[0].shape[1], r.inputs[1].shape[1]);
  const TensorSpec operands[] = {r.inputs[1], r.inputs[static_cast<size_t>(1 + states)]},
                   product_spec{{s.B, s.gates * s.u}, dtype};
  BoundKernel product = bind_kernel(r.device, {MatMulOp(false, false), operands, std::span(&product_spec, 1), {}});
  Layout l;
  l.take(s.B * s.gates * s.u, dtype);  // at the beginning
  const size_t products = l.size(), state = static_cast<size_t>(s.B * s.u) * size_of(dtype);
  BoundKernel k;
  k.scratch_bytes = products + product.scratch_bytes;
  k.recordable = product.recordable;
  k.run =
      in_floats(dtype, [s, states, products, state, saving = op.saving, multiply = std::move(product.run),
                        queue = Queue(r.device)](auto zero, const void* const* in, void* const* out, char* scratch) {
        using T = decltype(zero);
        const bool lstm = states == 2;
        Forward<T> f{};
        f.x = static_cast<const T*>(in[0]), f.bias = static_cast<const T*>(in[2 + states]),
        f.product = reinterpret_cast<const T*>(scratch);
        f.mask = s.masked ? static_cast<const bool*>(in[3 + states]) : nullptr;
        f.y = static_cast<T*>(out[0]), f.h = static_cast<T*>(out[1]), f.c = lstm ? static_cast<T*>(out[2]) : nullptr;
        if (saving)
          f.saved = static_cast<T*>(out[1 + states]), f.cells = lstm ? static_cast<T*>(out[2 + states]) : nullptr,
          f.before = static_cast<T*>(out[1 + 2 * states]);
        queue.copy(out[1], in[1], state);
        if (lstm) queue.copy(out[2], in[2], state);
        if (!s.sequences && s.T == 0) queue.copy(out[0], in[1], state);
        const void* operands[] = {out[1], in[1 + states]};
        void* result[] = {scratch};
        for (int64_t step = 0; step < s.T; ++step) {
          multiply(operands, result, scratch + products);
          queue.elements(forward_step<T>, s.B * s.u, f, s, step);
        }
      });
  return k;
}

BoundKernel bind_backward(const RecurrentGradOp& op, const KernelRequest& r) {
  const bool lstm = op.kind == Recurrence::lstm, gru = op.kind == Recurrence::gru;
  const DType dtype = r.inputs[0].dtype;
  const Shape& before = r.inputs[lstm ? 4 : 2].shape;
  const Sizes s(op.kind, op.options, before[0], before[1], before[2]);
  const int64_t width = s.gates * s.u;
  const TensorSpec operands[] = {{{s.B, width}, dtype}, r.inputs[0]}, state_spec{{s.B, s.u}, dtype};
  BoundKernel product = bind_kernel(r.device, {MatMulOp(false, true), operands, std::span(&state_spec, 1), {}});
  const TensorSpec all{{s.B * s.T, width}, dtype}, bias{{width}, dtype};
  BoundKernel sum =
      bind_kernel(r.device, {ReduceOp(Reduce::sum, {0}, false), std::span(&all, 1), std::span(&bias, 1), {}});
  Layout l;
  l.take(s.B * width, dtype);  // at the beginning
  const size_t back = l.take(s.B * s.u, dtype), more = l.size(),
               state = static_cast<size_t>(s.B * s.u) * size_of(dtype);
  BoundKernel k;
  k.recordable = product.recordable && sum.recordable;
  k.scratch_bytes = more + std::max(product.scratch_bytes, sum.scratch_bytes);
  k.run = in_floats(dtype, [=, multiply = std::move(product.run), add_up = std::move(sum.run), queue = Queue(r.device)](
                               auto zero, const void* const* in, void* const* out, char* scratch) {
    using T = decltype(zero);
    const int g = lstm ? 5 : 3;
    Backward<T> f{};
    f.c0 = lstm ? static_cast<const T*>(in[1]) : nullptr, f.saved = static_cast<const T*>(in[lstm ? 2 : 1]),
    f.cells = lstm ? static_cast<const T*>(in[3]) : nullptr;
    f.before = static_cast<const T*>(in[lstm ? 4 : 2]), f.gy = static_cast<const T*>(in[g]);
    f.mask = s.masked ? static_cast<const bool*>(in[g + (lstm ? 3 : 2)]) : nullptr;
    f.dx = static_cast<T*>(out[0]), f.dp = gru ? static_cast<T*>(out[3]) : nullptr, f.dh = static_cast<T*>(out[1]),
    f.dc = lstm ? static_cast<T*>(out[2]) : nullptr;
    f.rows = reinterpret_cast<T*>(scratch);
    queue.copy(out[1], in[g + 1], state);
    if (lstm) queue.copy(out[2], in[g + 2], state);
    const void* operands[] = {scratch, in[0]};
    void* result[] = {scratch + back};
    for (int64_t step = s.T; step-- > 0;) {
      queue.elements(backward_step<T>, s.B * s.u, f, s, step);
      multiply(operands, result, scratch + more);
      queue.elements(add_to<T>, s.B * s.u, reinterpret_cast<const T*>(scratch + back), f.dh, s.B * s.u);
    }
    T* db = static_cast<T*>(out[lstm ? 3 : 2]);
    for (int part = 0; part < (gru ? 2 : 1); ++part) {
      const void* from[] = {part ? out[3] : out[0]};
      void* to[] = {db + part * width};
      add_up(from, to, scratch + more);
    }
  });
  return k;
}

LAMINA_GPU_KERNEL("Recurrent", "steps", 20, bind_forward);
LAMINA_GPU_KERNEL("RecurrentGrad", "steps", 20, bind_backward);

}  // namespace
}  // namespace lamina::gpu
