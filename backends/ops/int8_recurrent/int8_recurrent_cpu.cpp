// Recurrences with int8 products in tasks of whole rows of the batch, cut in a way that depends on the batch alone. A
// single row's units may be cut in two parts, for two threads: a part has the columns of all gates of its units.
#include <cmath>
#include <cstring>
#include <memory>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/int8_quantize/int8_loops.h"
#include "backends/ops/int8_recurrent/int8_recurrent.h"
#include "backends/ops/matmul/int8_blocks.h"
#include "backends/ops/recurrent/plain_unit.h"
#include "backends/ops/recurrent/row_cut.h"
#include "backends/ops/recurrent/steps.h"

namespace lamina {

namespace {

int64_t up(int64_t bytes) { return (bytes + 63) / 64 * 64; }

struct Recurrences {
  Recurrence kind;
  Int8States states;
  bool saving;
  StepSizes sizes;
  const Int8Blocks* blocks;
  RowCut cut;
  int64_t gates, units, parts;

  Recurrences(const Int8RecurrentOp& op, const KernelRequest& r)
      : kind(op.plain.kind),
        states(op.states),
        saving(op.plain.saving),
        sizes{r.inputs[0].shape[0], r.inputs[0].shape[1], r.inputs[1].shape[1], op.plain.options},
        blocks(&int8_blocks()),
        cut(sizes.batch),
        gates(gates_of(kind)),
        units(sizes.units) {
    constexpr int64_t kSplitKernel = 1 << 17;  // bytes: a step then takes longer than threads take to meet
    parts = sizes.batch == 1 && gates * units * units >= kSplitKernel ? 2 : 1;
  }

  struct Part {
    int64_t unit, units;  // the first, and how many
  };
  Part part(int64_t i) const {
    const int64_t size = (units + parts - 1) / parts, first = std::min(units, i * size);
    return {first, std::min(size, units - first)};
  }
  int64_t panels(const Part& p) const { return (gates * p.units + blocks->panel - 1) / blocks->panel; }
  int64_t part_bytes(const Part& p) const { return panels(p) * blocks->panel_bytes(units); }
  size_t packed_bytes() const {
    int64_t bytes = 0;
    for (int64_t i = 0; i < parts; ++i) bytes += part_bytes(part(i));
    return static_cast<size_t>(up(bytes));
  }
  int columns_of(const Part& p, int64_t panel) const {
    return static_cast<int>(std::min<int64_t>(blocks->panel, gates * p.units - panel * blocks->panel));
  }

  void pack(const void* kernel, void* packed) const {
    const int8_t* from = static_cast<const int8_t*>(kernel);
    char* to = static_cast<char*>(packed);
    for (int64_t i = 0; i < parts; ++i) {
      const Part p = part(i);
      const int64_t wide = gates * p.units;
      const auto matrix = std::make_unique<int8_t[]>(static_cast<size_t>(units * wide));
      for (int64_t l = 0; l < units; ++l)
        for (int64_t g = 0; g < gates; ++g)
          std::memcpy(matrix.get() + l * wide + g * p.units, from + (l * gates + g) * units + p.unit,
                      static_cast<size_t>(p.units));
      for (int64_t panel = 0; panel < panels(p); ++panel, to += blocks->panel_bytes(units))
        blocks->pack(matrix.get() + panel * blocks->panel, wide, 1, units, columns_of(p, panel), to);
    }
  }

  // A task's memory.
  struct Memory {
    float *h, *next, *c, *products, *scales;
    int32_t *sums, *which;
    int8_t* integers;
    char* prepared;
    int64_t bytes;
    Memory(const Recurrences& r, char* at) {
      bytes = 0;
      const auto take = [&](int64_t size) {
        char* here = at + bytes;
        bytes += up(size);
        return here;
      };
      const auto floats = [&](int64_t count) { return reinterpret_cast<float*>(take(count * 4)); };
      h = floats(r.cut.rows * r.units), next = floats(r.cut.rows * r.units), c = floats(r.cut.rows * r.units);
      products = floats(r.gates * r.units), scales = floats(r.cut.rows);
      sums = reinterpret_cast<int32_t*>(take(r.cut.rows * r.gates * r.units * 4));
      which = reinterpret_cast<int32_t*>(take(r.cut.rows * 4));
      integers = reinterpret_cast<int8_t*>(take(r.units));
      prepared = take(r.cut.rows * int8_padded(r.units) * r.blocks->element);
    }
  };
  int64_t task_bytes() const { return Memory(*this, nullptr).bytes; }

  // The step t of `count` rows, whose states are prepared: the units of one part.
  void step(const ForwardSteps& f, const float* scale, const Memory& m, const char* packed, int64_t from, int64_t count,
            int64_t t, const Part& p) const {
    const int64_t wide = gates * p.units, saved = saved_of(kind);
    int32_t* sums = m.sums + cut.rows * gates * p.unit;
    for (int64_t panel = 0; panel < panels(p); ++panel)
      blocks->multiply(m.prepared, packed + panel * blocks->panel_bytes(units), count, units, columns_of(p, panel),
                       sums + panel * blocks->panel, wide);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t r = m.which[i], at = (from + r) * sizes.steps + t;
      float* products = m.products + gates * p.unit;
      RowGates row{};
      for (int64_t g = 0; g < gates; ++g) {
        row.p[g] = products + g * p.units;
        int8_loops().dequantize(sums + i * wide + g * p.units, scale + g * units + p.unit, m.scales[i], p.units,
                                products + g * p.units);
      }
      row.x = f.x + at * gates * units + p.unit, row.b = f.bias + p.unit, row.before = m.h + r * units + p.unit;
      row.c = m.c + r * units + p.unit, row.h = m.next + r * units + p.unit;
      row.a = f.a ? f.a + at * saved * units + p.unit : nullptr, row.u = units;
      recurrent_table().gates[static_cast<int>(kind)](row, p.units);
    }
  }

  // All steps of some rows of the batch.
  void steps(const ForwardSteps& f, const float* scale, const char* packed, char* scratch, int64_t from,
             int64_t to) const {
    const bool lstm = kind == Recurrence::lstm;
    const int64_t u = units, T = sizes.steps, own = to - from, saved = saved_of(kind);
    Memory m(*this, scratch);
    const auto copy = [](float* to, const float* from, int64_t n) {
      std::memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
    };
    copy(m.h, f.h0 + from * u, own * u);
    if (lstm) copy(m.c, f.c0 + from * u, own * u);
    for (int64_t k = 0; k < T; ++k) {
      const int64_t t = sizes.options.reverse ? T - 1 - k : k;
      int64_t count = 0;
      for (int64_t r = 0; r < own; ++r) {
        const int64_t at = (from + r) * T + t;
        if (f.before) copy(f.before + at * u, m.h + r * u, u);
        if (f.mask && !f.mask[at]) {
          copy(m.next + r * u, m.h + r * u, u);
          if (f.a) std::fill_n(f.a + at * saved * u, saved * u, 0.0f);
          continue;
        }
        const float low = static_cast<float>(states.low), high = static_cast<float>(states.high);
        m.scales[count] = high / (int8_loops().greatest(m.h + r * u, u) + static_cast<float>(states.epsilon));
        int8_loops().quantize(m.h + r * u, u, m.scales[count], low, high, m.integers);
        blocks->prepare(m.integers, u, 1, 1, u, m.prepared + count * int8_padded(u) * blocks->element);
        m.which[count++] = static_cast<int32_t>(r);
      }
      if (count && parts == 2)
        parallel_for(
            2, [&](int64_t i) { step(f, scale, m, packed + (i ? part_bytes(part(0)) : 0), from, count, t, part(i)); });
      else if (count)
        step(f, scale, m, packed, from, count, t, part(0));
      for (int64_t r = 0; r < own; ++r) {
        const int64_t at = (from + r) * T + t;
        if (lstm && f.cs) copy(f.cs + at * u, m.c + r * u, u);
        float* y = sizes.options.sequences ? f.y + ((from + r) * T + k) * u
                   : k + 1 == T            ? f.y + (from + r) * u
                                           : nullptr;
        if (!y) continue;
        if (f.mask && sizes.options.zero_masked && !f.mask[at])
          std::fill_n(y, u, 0.0f);
        else
          copy(y, m.next + r * u, u);
      }
      std::swap(m.h, m.next);
    }
    copy(f.h + from * u, m.h, own * u);
    if (lstm) copy(f.c + from * u, m.c, own * u);
    if (T == 0 && !sizes.options.sequences) copy(f.y + from * u, m.h, own * u);
  }

  void run(const void* const* in, void* const* out, const char* packed, char* scratch) const {
    const int kept = states_of(kind);
    const auto floats = [](const void* p) { return static_cast<const float*>(p); };
    const auto to_floats = [](void* p) { return static_cast<float*>(p); };
    ForwardSteps f{};
    f.x = floats(in[0]), f.h0 = floats(in[1]), f.c0 = kept == 2 ? floats(in[2]) : nullptr;
    f.bias = floats(in[3 + kept]);
    f.mask = sizes.options.masked ? static_cast<const bool*>(in[4 + kept]) : nullptr;
    f.y = to_floats(out[0]), f.h = to_floats(out[1]), f.c = kept == 2 ? to_floats(out[2]) : nullptr;
    if (saving)
      f.a = to_floats(out[1 + kept]), f.cs = kept == 2 ? to_floats(out[2 + kept]) : nullptr,
      f.before = to_floats(out[1 + 2 * kept]);
    cut.each([&](int64_t task, int64_t from, int64_t to) {
      steps(f, floats(in[2 + kept]), packed, scratch + task * task_bytes(), from, to);
    });
  }
};

BoundKernel bind_steps(const Int8RecurrentOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  if (r.inputs[0].shape[0] == 0 || r.inputs[1].shape[1] == 0) return r.decline("empty");
  const Recurrences all(op, r);
  const int input = 1 + states_of(all.kind);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(all.cut.tasks * all.task_bytes()) + all.packed_bytes();
  k.run = [all, input](const void* const* in, void* const* out, void* scratch) {
    char* packed = static_cast<char*>(scratch) + all.cut.tasks * all.task_bytes();
    all.pack(in[input], packed);
    all.run(in, out, packed, static_cast<char*>(scratch));
  };
  k.preparation = {.input = input,
                   .bytes = all.packed_bytes(),
                   .make = [all](const void* kernel, void* packed) { all.pack(kernel, packed); },
                   .run =
                       [all, input](const void* const* in, void* const* out, void* scratch) {
                         all.run(in, out, static_cast<const char*>(in[input]), static_cast<char*>(scratch));
                       },
                   .layout = text(all.blocks->layout, " recurrent ", all.gates, " ", all.units, " ", all.parts)};
  return k;
}

// The plain loops, of float32 and float64.
template <class N>
void plain_steps(const Int8RecurrentOp& op, const StepSizes& sizes, const void* const* in, void* const* out) {
  const Recurrence kind = op.plain.kind;
  const RecurrenceOptions& o = sizes.options;
  const bool lstm = kind == Recurrence::lstm, saving = op.plain.saving;
  const int64_t states = lstm ? 2 : 1, G = gates_of(kind), S = saved_of(kind), B = sizes.batch, T = sizes.steps,
                u = sizes.units;
  const auto at = [](const void* p) { return static_cast<const N*>(p); };
  const auto to = [](void* p) { return static_cast<N*>(p); };
  const int8_t* kernel = static_cast<const int8_t*>(in[1 + states]);
  const N *scale = at(in[2 + states]), *bias = at(in[3 + states]);
  const bool* mask = o.masked ? static_cast<const bool*>(in[4 + states]) : nullptr;
  const N low = static_cast<N>(op.states.low), high = static_cast<N>(op.states.high);
  std::vector<N> h(static_cast<size_t>(u)), c(h), next(h), p(static_cast<size_t>(G * u));
  std::vector<int8_t> q(static_cast<size_t>(u));
  for (int64_t b = 0; b < B; ++b) {
    std::copy_n(at(in[1]) + b * u, u, h.begin());
    if (lstm) std::copy_n(at(in[2]) + b * u, u, c.begin());
    if (!o.sequences && T == 0) std::copy_n(h.begin(), u, to(out[0]) + b * u);
    for (int64_t k = 0; k < T; ++k) {
      const int64_t t = o.reverse ? T - 1 - k : k, row = b * T + t;
      const N* x = at(in[0]) + row * G * u;
      const bool on = !mask || mask[row];
      if (saving) std::copy_n(h.begin(), u, to(out[1 + 2 * states]) + row * u);
      N most = 0;
      for (N v : h) most = std::abs(v) < most || std::isnan(most) ? most : std::abs(v);
      const N by = high / (most + static_cast<N>(op.states.epsilon));
      for (int64_t j = 0; j < u; ++j) {
        const N v = std::nearbyint(h[j] * by);
        q[j] = static_cast<int8_t>(v > low ? std::min(v, high) : low);
      }
      for (int64_t j = 0; j < G * u; ++j) {
        int32_t sum = 0;
        for (int64_t l = 0; l < u; ++l) sum += q[l] * kernel[l * G * u + j];
        p[j] = static_cast<N>(sum) / (scale[j] * by);
      }
      for (int64_t j = 0; j < u; ++j) {
        N save[4] = {};
        if (!on) {
          next[j] = h[j];
        } else {
          next[j] = plain_unit(kind, u, j, x, bias, p.data(), h[j], c[j], save);
        }
        for (int64_t g = 0; saving && g < S; ++g) to(out[1 + states])[(row * S + g) * u + j] = save[g];
        if (lstm && saving) to(out[2 + states])[row * u + j] = c[j];
        const N y = !on && o.zero_masked ? 0 : next[j];
        if (o.sequences)
          to(out[0])[(b * T + k) * u + j] = y;
        else if (k + 1 == T)
          to(out[0])[b * u + j] = y;
      }
      h = next;
    }
    std::copy_n(h.begin(), u, to(out[1]) + b * u);
    if (lstm) std::copy_n(c.begin(), u, to(out[2]) + b * u);
  }
}

BoundKernel bind_reference(const Int8RecurrentOp& op, const KernelRequest& r) {
  const StepSizes sizes{r.inputs[0].shape[0], r.inputs[0].shape[1], r.inputs[1].shape[1], op.plain.options};
  BoundKernel k;
  // A copy of the op, which may not outlive the request.
  k.run = [own = Int8RecurrentOp(op.plain.kind, op.plain.options, op.states, op.plain.saving), sizes,
           wide = r.inputs[0].dtype == DType::float64](const void* const* in, void* const* out, void*) {
    if (wide)
      plain_steps<double>(own, sizes, in, out);
    else
      plain_steps<float>(own, sizes, in, out);
  };
  return k;
}

LAMINA_KERNEL(cpu, "Int8Recurrent", "steps", 20, bind_steps);
LAMINA_KERNEL(cpu, "Int8Recurrent", "reference", 100, bind_reference);

}  // namespace
}  // namespace lamina
