// Cuts recurrences into tasks of whole rows of the batch, in a way that depends on the batch alone.
#include <cmath>
#include <cstring>

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/recurrent/plain_unit.h"
#include "backends/ops/recurrent/row_cut.h"
#include "backends/ops/recurrent/steps.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const RecurrentTable&, recurrent_table)

namespace {

int64_t aligned(int64_t floats) { return (floats + 15) / 16 * 16; }
const float* floats(const void* p) { return static_cast<const float*>(p); }
float* floats(void* p) { return static_cast<float*>(p); }

// The units of one row's step on two threads: worth it from where a step's part of the kernel takes longer to read than
// threads take to meet.
constexpr int64_t kSplitKernel = 1 << 15;  // floats
void halves(int64_t count, void (*part)(void*, int64_t, int64_t), void* context) {
  const int64_t half = (count + 1) / 2;
  parallel_for(2, [&](int64_t i) { part(context, i * half, std::min(count, (i + 1) * half)); });
}

BoundKernel bind_forward(const RecurrentOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  const int gates = gates_of(op.kind), states = states_of(op.kind);
  const Shape& x = r.inputs[0].shape;
  const StepSizes sizes{x[0], x[1], r.inputs[1].shape[1], op.options};
  const RecurrentTable& table = recurrent_table();
  const RowCut cut(sizes.batch);
  // Packing costs about as much as four rows' products; fewer take the kernel as it stands.
  const int64_t packed = sizes.batch * sizes.steps > 8 ? aligned(table.packed_size(gates, sizes.units)) : 0,
                each = aligned(table.scratch(gates, cut.rows, sizes.units));
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(packed + cut.tasks * each) * sizeof(float);
  if (op.saving && op.kind != Recurrence::gru) k.sharing = {{0, 1 + states}};
  const bool split = sizes.batch == 1 && packed && gates * sizes.units * sizes.units >= kSplitKernel;
  auto steps = [=, &table, kind = static_cast<int>(op.kind), saving = op.saving, masked = op.options.masked](
                   const void* const* in, void* const* out, void* scratch, const float* packed_kernel) {
    ForwardSteps f{};
    f.x = floats(in[0]), f.h0 = floats(in[1]), f.c0 = states == 2 ? floats(in[2]) : nullptr;
    f.kernel = floats(in[1 + states]), f.bias = floats(in[2 + states]);
    f.mask = masked ? static_cast<const bool*>(in[3 + states]) : nullptr;
    f.y = floats(out[0]), f.h = floats(out[1]), f.c = states == 2 ? floats(out[2]) : nullptr;
    if (saving)
      f.a = floats(out[1 + states]), f.cs = states == 2 ? floats(out[2 + states]) : nullptr,
      f.before = floats(out[1 + 2 * states]);
    f.packed = packed_kernel;
    f.over_panels = split ? halves : nullptr;
    cut.each([&](int64_t task, int64_t from, int64_t to) {
      ForwardSteps mine = f;
      mine.scratch = floats(scratch) + packed + task * each;
      table.forward[kind](sizes, mine, from, to);
    });
  };
  auto pack = [=, &table, units = sizes.units](const void* kernel, void* to) {
    table.pack(gates, units, floats(kernel), floats(to));
  };
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    if (packed) pack(in[1 + states], scratch);
    steps(in, out, scratch, packed ? floats(scratch) : nullptr);
  };
  if (packed)
    k.preparation = {.input = 1 + states,
                     .bytes = static_cast<size_t>(packed) * sizeof(float),
                     .make = pack,
                     .run = [=](const void* const* in, void* const* out,
                                void* scratch) { steps(in, out, scratch, floats(in[1 + states])); },
                     .layout = text("recurrent ", gates, " ", sizes.units)};
  return k;
}

BoundKernel bind_backward(const RecurrentGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  const bool lstm = op.kind == Recurrence::lstm, gru = op.kind == Recurrence::gru;
  const int gates = gates_of(op.kind);
  const Shape& before = r.inputs[lstm ? 4 : 2].shape;
  const StepSizes sizes{before[0], before[1], before[2], op.options};
  const RecurrentTable& table = recurrent_table();
  const RowCut cut(sizes.batch);
  const int64_t packed = aligned(table.packed_back_size(gates, sizes.units)),
                each = aligned(table.scratch(gates, cut.rows, sizes.units));
  const int64_t bias = (gru ? 2 : 1) * gates * sizes.units, bias_part = aligned(bias);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(packed + cut.tasks * (each + bias_part)) * sizeof(float);
  if (!gru) k.sharing = {{lstm ? 2 : 1, 0}};
  k.run = [=, &table, kind = static_cast<int>(op.kind), masked = op.options.masked, units = sizes.units](
              const void* const* in, void* const* out, void* scratch) {
    BackwardSteps f{};
    const int at = lstm ? 2 : 1;
    f.c0 = lstm ? floats(in[1]) : nullptr, f.a = floats(in[at]), f.cs = lstm ? floats(in[3]) : nullptr,
    f.before = floats(in[lstm ? 4 : 2]);
    const int g = lstm ? 5 : 3;
    f.gy = floats(in[g]), f.gh = floats(in[g + 1]), f.gc = lstm ? floats(in[g + 2]) : nullptr;
    f.mask = masked ? static_cast<const bool*>(in[g + (lstm ? 3 : 2)]) : nullptr;
    f.dx = floats(out[0]), f.dh0 = floats(out[1]), f.dc0 = lstm ? floats(out[2]) : nullptr,
    f.dp = gru ? floats(out[3]) : nullptr;
    float *db = floats(out[lstm ? 3 : 2]), *parts = floats(scratch) + packed, *rest = parts + cut.tasks * bias_part;
    table.pack_back(gates, units, floats(in[0]), floats(scratch));
    f.packed = floats(scratch);
    cut.each([&](int64_t task, int64_t from, int64_t to) {
      BackwardSteps mine = f;
      mine.db = parts + task * bias_part;
      mine.scratch = rest + task * each;
      std::memset(mine.db, 0, static_cast<size_t>(bias) * sizeof(float));
      table.backward[kind](sizes, mine, from, to);
    });
    std::memset(db, 0, static_cast<size_t>(bias) * sizeof(float));
    for (int64_t task = 0; task < cut.tasks; ++task)
      for (int64_t j = 0; j < bias; ++j) db[j] += parts[task * bias_part + j];
    if (gru)
      std::memcpy(db + 3 * units, db,
                  static_cast<size_t>(2 * units) * sizeof(float));  // z and r have one sum for both biases
  };
  return k;
}

// --- The plain loops ----------------------------------------------------------------------------------------------
template <class F>
void with_real(DType type, F&& f) {
  if (type == DType::float32)
    f(float{});
  else
    f(double{});
}

BoundKernel bind_forward_reference(const RecurrentOp& op, const KernelRequest& r) {
  const Shape& x = r.inputs[0].shape;
  BoundKernel k;
  k.run = [kind = op.kind, o = op.options, saving = op.saving, dtype = r.inputs[0].dtype, B = x[0], T = x[1],
           u = r.inputs[1].shape[1]](const void* const* in, void* const* out, void*) {
    with_real(dtype, [&](auto zero) {
      using N = decltype(zero);
      const bool lstm = kind == Recurrence::lstm;
      const int states = lstm ? 2 : 1, G = gates_of(kind), S = saved_of(kind);
      auto at = [](const void* p) { return static_cast<const N*>(p); };
      auto to = [](void* p) { return static_cast<N*>(p); };
      const N *kernel = at(in[1 + states]), *bias = at(in[2 + states]);
      const bool* mask = o.masked ? static_cast<const bool*>(in[3 + states]) : nullptr;
      std::vector<N> h(static_cast<size_t>(u)), c(h), next(h), p(static_cast<size_t>(G * u));
      for (int64_t b = 0; b < B; ++b) {
        for (int64_t j = 0; j < u; ++j) {
          h[j] = at(in[1])[b * u + j];
          if (lstm) c[j] = at(in[2])[b * u + j];
        }
        if (!o.sequences && T == 0)
          for (int64_t j = 0; j < u; ++j) to(out[0])[b * u + j] = h[j];
        for (int64_t k = 0; k < T; ++k) {
          const int64_t t = o.reverse ? T - 1 - k : k, row = b * T + t;
          const N* x = at(in[0]) + row * G * u;
          const bool on = !mask || mask[row];
          N* a = saving ? to(out[1 + states]) + row * S * u : nullptr;
          if (saving)
            for (int64_t j = 0; j < u; ++j) to(out[1 + 2 * states])[row * u + j] = h[j];
          for (int64_t j = 0; j < G * u; ++j) {
            p[j] = 0;
            for (int64_t l = 0; l < u; ++l) p[j] += h[l] * kernel[l * G * u + j];
          }
          for (int64_t j = 0; j < u; ++j) {
            N save[4] = {};
            if (!on) {
              next[j] = h[j];
            } else {
              next[j] = plain_unit(kind, u, j, x, bias, p.data(), h[j], c[j], save);
            }
            if (a)
              for (int g = 0; g < S; ++g) a[g * u + j] = save[g];
            if (lstm && saving) to(out[2 + states])[row * u + j] = c[j];
            const N y = !on && o.zero_masked ? 0 : next[j];
            if (o.sequences)
              to(out[0])[(b * T + k) * u + j] = y;
            else if (k + 1 == T)
              to(out[0])[b * u + j] = y;
          }
          h = next;
        }
        for (int64_t j = 0; j < u; ++j) {
          to(out[1])[b * u + j] = h[j];
          if (lstm) to(out[2])[b * u + j] = c[j];
        }
      }
    });
  };
  return k;
}

BoundKernel bind_backward_reference(const RecurrentGradOp& op, const KernelRequest& r) {
  const Shape& before = r.inputs[op.kind == Recurrence::lstm ? 4 : 2].shape;
  BoundKernel k;
  k.run = [kind = op.kind, o = op.options, dtype = r.inputs[0].dtype, B = before[0], T = before[1], u = before[2]](
              const void* const* in, void* const* out, void*) {
    with_real(dtype, [&](auto zero) {
      using N = decltype(zero);
      const bool lstm = kind == Recurrence::lstm, gru = kind == Recurrence::gru;
      const int G = gates_of(kind), S = saved_of(kind), g0 = lstm ? 5 : 3;
      auto at = [](const void* p) { return static_cast<const N*>(p); };
      auto to = [](void* p) { return static_cast<N*>(p); };
      const N *kernel = at(in[0]), *saved = at(in[lstm ? 2 : 1]), *before = at(in[lstm ? 4 : 2]), *gy = at(in[g0]);
      const bool* mask = o.masked ? static_cast<const bool*>(in[g0 + (lstm ? 3 : 2)]) : nullptr;
      N* db = to(out[lstm ? 3 : 2]);
      std::fill(db, db + (gru ? 2 : 1) * G * u, N(0));
      std::vector<N> dh(static_cast<size_t>(u)), dc(dh), back(dh);
      for (int64_t b = 0; b < B; ++b) {
        for (int64_t j = 0; j < u; ++j) {
          dh[j] = at(in[g0 + 1])[b * u + j];
          if (lstm) dc[j] = at(in[g0 + 2])[b * u + j];
        }
        for (int64_t k = T; k-- > 0;) {
          const int64_t t = o.reverse ? T - 1 - k : k, row = b * T + t;
          const bool on = !mask || mask[row];
          // dx may stand in the memory of what was saved: a unit's values are read before they are written.
          N *dx = to(out[0]) + row * G * u, *dp = gru ? to(out[3]) + row * G * u : dx;
          for (int64_t j = 0; j < u; ++j) {
            if (on || !o.zero_masked) {
              if (o.sequences)
                dh[j] += gy[(b * T + k) * u + j];
              else if (k + 1 == T)
                dh[j] += gy[b * u + j];
            }
            N d[4] = {}, last = 0;
            if (!on) {
              back[j] = dh[j];
            } else {
              N a[4];
              for (int g = 0; g < S; ++g) a[g] = saved[row * S * u + g * u + j];
              if (kind == Recurrence::simple) {
                d[0] = last = dh[j] * (1 - a[0] * a[0]);
                back[j] = 0;
              } else if (lstm) {
                const N *cs = at(in[3]),
                        c_before = k == 0 ? at(in[1])[b * u + j] : cs[(row + (o.reverse ? 1 : -1)) * u + j];
                const N tc = std::tanh(cs[row * u + j]), e = dc[j] + dh[j] * a[3] * (1 - tc * tc);
                d[0] = e * a[2] * a[0] * (1 - a[0]), d[1] = e * c_before * a[1] * (1 - a[1]),
                d[2] = e * a[0] * (1 - a[2] * a[2]), d[3] = last = dh[j] * tc * a[3] * (1 - a[3]);
                dc[j] = e * a[1];
                back[j] = 0;
              } else {
                d[2] = dh[j] * (1 - a[0]) * (1 - a[2] * a[2]),
                d[0] = dh[j] * (before[row * u + j] - a[2]) * a[0] * (1 - a[0]), d[1] = d[2] * a[3] * a[1] * (1 - a[1]);
                last = d[2] * a[1];
                back[j] = dh[j] * a[0];
              }
            }
            for (int g = 0; g < G; ++g) {
              const N p = g + 1 == G ? last : d[g];
              dx[g * u + j] = d[g], db[g * u + j] += d[g];
              if (gru) dp[g * u + j] = p, db[G * u + g * u + j] += p;
            }
          }
          if (on)
            for (int64_t j = 0; j < u; ++j)
              for (int64_t l = 0; l < G * u; ++l) back[j] += dp[l] * kernel[j * G * u + l];
          dh = back;
        }
        for (int64_t j = 0; j < u; ++j) {
          to(out[1])[b * u + j] = dh[j];
          if (lstm) to(out[2])[b * u + j] = dc[j];
        }
      }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Recurrent", "steps", 20, bind_forward);
LAMINA_KERNEL(cpu, "RecurrentGrad", "steps", 20, bind_backward);
LAMINA_KERNEL(cpu, "Recurrent", "reference", 100, bind_forward_reference);
LAMINA_KERNEL(cpu, "RecurrentGrad", "reference", 100, bind_backward_reference);

}  // namespace
}  // namespace lamina
