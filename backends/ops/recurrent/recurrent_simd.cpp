// The steps of recurrences, built once per instruction set (see cmake/LaminaToolchain.cmake). A task takes some rows of
// the batch through all steps: per step the product of the state with the packed kernel, a panel at a time, and right
// after it the gates of that panel while its values are in the nearest cache. A row's numbers do not depend on the rows
// it shares a tile with, nor on whether the kernel was packed: every sum runs over the units in order.
#include "backends/ops/recurrent/steps.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

constexpr int W = LAMINA_SIMD_LEVEL == 2 ? 16 : LAMINA_SIMD_LEVEL == 1 ? 8 : 4;
constexpr int kDepth = 128;  // units of a panel taken at a time: 4 vectors of 8 floats each make 16 KiB
typedef float Lanes __attribute__((vector_size(W * 4)));
typedef float Loose __attribute__((vector_size(W * 4), aligned(4)));  // for loads from anywhere

// How a panel's vectors are named: `interleaved` has one vector of W units for every gate; otherwise 4 W columns.
template <int G>
struct Panels {
  static constexpr bool interleaved = G > 1;
  static constexpr int vectors = G > 1 ? G : 4;
  static constexpr int units = G > 1 ? W : 4 * W;  // units a panel
  static int64_t count(int64_t u) { return (u + units - 1) / units; }
};
constexpr int kBackVectors = 4;

// z[r][v] += a[r] x panel for ROWS rows; a's rows are anywhere, z's stand one after another.
template <int V, int ROWS>
inline void tile(const float* const* a, int64_t first, int64_t depth, const float* panel, float* z) {
  Lanes acc[ROWS][V];
  for (int r = 0; r < ROWS; ++r)
    for (int v = 0; v < V; ++v) acc[r][v] = reinterpret_cast<const Loose*>(z)[r * V + v];
  const float* rows[ROWS];
  for (int r = 0; r < ROWS; ++r) rows[r] = a[r] + first;
  for (int64_t k = 0; k < depth; ++k) {
    Lanes b[V];
    for (int v = 0; v < V; ++v) b[v] = reinterpret_cast<const Loose*>(panel)[k * V + v];
    for (int r = 0; r < ROWS; ++r)
      for (int v = 0; v < V; ++v) acc[r][v] += rows[r][k] * b[v];
  }
  for (int r = 0; r < ROWS; ++r)
    for (int v = 0; v < V; ++v) reinterpret_cast<Loose*>(z)[r * V + v] = acc[r][v];
}

// z (rows, V W) = a x panel.
template <int V>
inline void panel_product(const float* const* a, int64_t rows, int64_t depth, const float* panel, float* z) {
  constexpr int kRows = LAMINA_SIMD_LEVEL == 2 ? 6 : V == 3 ? 4 : 3;
  for (int64_t i = 0; i < rows * V * W; ++i) z[i] = 0;
  for (int64_t first = 0; first < depth; first += kDepth) {
    const int64_t part = depth - first < kDepth ? depth - first : kDepth;
    const float* p = panel + first * V * W;
    int64_t r = 0;
    for (; r + kRows <= rows; r += kRows) tile<V, kRows>(a + r, first, part, p, z + r * V * W);
    if constexpr (kRows == 6) {
      if (rows - r >= 3) tile<V, 3>(a + r, first, part, p, z + r * V * W), r += 3;
    }
    if (kRows > 3 && kRows != 6 && rows - r == 3) tile<V, 3>(a + r, first, part, p, z + r * V * W), r += 3;
    if (rows - r == 2) tile<V, 2>(a + r, first, part, p, z + r * V * W);
    if (rows - r == 1) tile<V, 1>(a + r, first, part, p, z + r * V * W);
  }
}

// The same for one row and several panels, `stride` floats apart: more sums under way, or each would wait for the one
// before.
template <int V, int PANELS>
inline void panels_product(const float* a, int64_t depth, const float* panel, int64_t stride, float* z) {
  Lanes acc[PANELS][V] = {};
  for (int64_t k = 0; k < depth; ++k)
    for (int p = 0; p < PANELS; ++p)
      for (int v = 0; v < V; ++v) acc[p][v] += a[k] * reinterpret_cast<const Loose*>(panel + p * stride)[k * V + v];
  for (int p = 0; p < PANELS; ++p)
    for (int v = 0; v < V; ++v) reinterpret_cast<Loose*>(z)[p * V + v] = acc[p][v];
}

// z (columns) = a x kernel as it stands, for one row: the same sums.
inline void row_product(const float* a, int64_t depth, const float* kernel, int64_t columns, float* __restrict z) {
  for (int64_t j = 0; j < columns; ++j) z[j] = 0;
  for (int64_t k = 0; k < depth; ++k) {
    const float s = a[k];
    const float* w = kernel + k * columns;
    for (int64_t j = 0; j < columns; ++j) z[j] += s * w[j];
  }
}

template <int G>
int64_t packed_of(int64_t u) {
  return Panels<G>::count(u) * Panels<G>::vectors * W * u;
}
template <int G>
void pack_of(int64_t u, const float* kernel, float* to) {
  using P = Panels<G>;
  for (int64_t p = 0; p < P::count(u); ++p)
    for (int64_t k = 0; k < u; ++k)
      for (int v = 0; v < P::vectors; ++v)
        for (int l = 0; l < W; ++l, ++to) {
          const int64_t unit = p * P::units + (P::interleaved ? l : v * W + l);
          *to = unit < u ? kernel[k * G * u + (P::interleaved ? v * u : 0) + unit] : 0;
        }
}
int64_t packed_size(int gates, int64_t u) {
  return gates == 1 ? packed_of<1>(u) : gates == 3 ? packed_of<3>(u) : packed_of<4>(u);
}
void pack(int gates, int64_t u, const float* kernel, float* to) {
  gates == 1 ? pack_of<1>(u, kernel, to) : gates == 3 ? pack_of<3>(u, kernel, to) : pack_of<4>(u, kernel, to);
}

int64_t back_panels(int64_t u) { return (u + kBackVectors * W - 1) / (kBackVectors * W); }
int64_t packed_back_size(int gates, int64_t u) { return back_panels(u) * kBackVectors * W * gates * u; }
void pack_back(int gates, int64_t u, const float* kernel, float* to) {
  const int64_t depth = gates * u;
  for (int64_t p = 0; p < back_panels(u); ++p)
    for (int64_t k = 0; k < depth; ++k)
      for (int l = 0; l < kBackVectors * W; ++l, ++to) {
        const int64_t unit = p * kBackVectors * W + l;
        *to = unit < u ? kernel[unit * depth + k] : 0;
      }
}

// Two states, a cell state, panels of products, a whole row of products, row lists.
int64_t scratch(int gates, int64_t rows, int64_t u) {
  return rows * u * 3 + rows * 4 * W + gates * u + 2 * rows * 2 + 64;
}

inline void copy(float* to, const float* from, int64_t n) {
  __builtin_memcpy(to, from, static_cast<unsigned long>(n) * sizeof(float));
}
inline void clear(float* to, int64_t n) { __builtin_memset(to, 0, static_cast<unsigned long>(n) * sizeof(float)); }

// The gates of n units of one row.
template <Recurrence K, int N>
inline void forward_gates(const RowGates& g, int64_t count) {
  const int64_t n = N ? N : count, u = g.u;
  const float *x = g.x, *b = g.b;
  float *h = g.h, *a = g.a;
  if constexpr (K == Recurrence::simple) {
    const float* p = g.p[0];
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) h[j] = fast_tanh(x[j] + b[j] + p[j]);
    if (a) copy(a, h, n);
  } else if constexpr (K == Recurrence::lstm) {
    const float *pi = g.p[0], *pf = g.p[1], *pg = g.p[2], *po = g.p[3];
    float* c = g.c;
    if (a) {
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) {
        const float i = fast_sigmoid(x[j] + b[j] + pi[j]), f = fast_sigmoid(x[u + j] + b[u + j] + pf[j]);
        const float t = fast_tanh(x[2 * u + j] + b[2 * u + j] + pg[j]),
                    o = fast_sigmoid(x[3 * u + j] + b[3 * u + j] + po[j]);
        const float s = f * c[j] + i * t;
        c[j] = s;
        h[j] = o * fast_tanh(s);
        a[j] = i, a[u + j] = f, a[2 * u + j] = t, a[3 * u + j] = o;
      }
    } else {
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) {
        const float i = fast_sigmoid(x[j] + b[j] + pi[j]), f = fast_sigmoid(x[u + j] + b[u + j] + pf[j]);
        const float t = fast_tanh(x[2 * u + j] + b[2 * u + j] + pg[j]),
                    o = fast_sigmoid(x[3 * u + j] + b[3 * u + j] + po[j]);
        const float s = f * c[j] + i * t;
        c[j] = s;
        h[j] = o * fast_tanh(s);
      }
    }
  } else {
    const float *pz = g.p[0], *pr = g.p[1], *ps = g.p[2], *q = b + 3 * u, *before = g.before;
    if (a) {
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) {
        const float z = fast_sigmoid((x[j] + b[j]) + (pz[j] + q[j])),
                    r = fast_sigmoid((x[u + j] + b[u + j]) + (pr[j] + q[u + j]));
        const float s = ps[j] + q[2 * u + j], t = fast_tanh((x[2 * u + j] + b[2 * u + j]) + r * s);
        h[j] = z * before[j] + (1.0f - z) * t;
        a[j] = z, a[u + j] = r, a[2 * u + j] = t, a[3 * u + j] = s;
      }
    } else {
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) {
        const float z = fast_sigmoid((x[j] + b[j]) + (pz[j] + q[j])),
                    r = fast_sigmoid((x[u + j] + b[u + j]) + (pr[j] + q[u + j]));
        const float s = ps[j] + q[2 * u + j], t = fast_tanh((x[2 * u + j] + b[2 * u + j]) + r * s);
        h[j] = z * before[j] + (1.0f - z) * t;
      }
    }
  }
}

template <Recurrence K>
inline RowGates gates_at(const StepSizes& s, const ForwardSteps& f, int64_t at, int64_t unit, const float* h,
                         float* next, float* c) {
  constexpr int G = gates_of(K), S = saved_of(K);
  const int64_t u = s.units;
  RowGates g{};
  g.x = f.x + at * G * u + unit, g.b = f.bias + unit, g.before = h + unit;
  g.c = c + unit, g.h = next + unit, g.a = f.a ? f.a + at * S * u + unit : nullptr, g.u = u;
  return g;
}

// The gates of the units of panel p, whose products stand one vector after another.
template <Recurrence K>
inline void panel_gates(const StepSizes& s, const ForwardSteps& f, int64_t at, int64_t p, const float* products,
                        const float* h, float* next, float* c) {
  using P = Panels<gates_of(K)>;
  const int64_t unit = p * P::units, n = s.units - unit < P::units ? s.units - unit : P::units;
  RowGates g = gates_at<K>(s, f, at, unit, h, next, c);
  for (int v = 0; v < gates_of(K); ++v) g.p[v] = products + v * W;
  if (n == P::units)
    forward_gates<K, P::units>(g, n);
  else
    forward_gates<K, 0>(g, n);
}

// One row's step, the units of panels [p, last).
template <Recurrence K>
void step(const StepSizes& s, const ForwardSteps& f, int64_t row, int64_t t, const float* h, float* next, float* c,
          int64_t p, int64_t last) {
  using P = Panels<gates_of(K)>;
  constexpr int kTogether = P::vectors == 3 ? 3 : 2;
  const int64_t size = P::vectors * W, at = row * s.steps + t;
  float z[kTogether * P::vectors * W];
  for (; p + kTogether <= last; p += kTogether) {
    panels_product<P::vectors, kTogether>(h, s.units, f.packed + p * size * s.units, size * s.units, z);
    for (int q = 0; q < kTogether; ++q) panel_gates<K>(s, f, at, p + q, z + q * size, h, next, c);
  }
  for (; p < last; ++p) {
    panels_product<P::vectors, 1>(h, s.units, f.packed + p * size * s.units, 0, z);
    panel_gates<K>(s, f, at, p, z, h, next, c);
  }
}

template <Recurrence K>
void forward(const StepSizes& s, const ForwardSteps& f, int64_t from, int64_t to) {
  constexpr int G = gates_of(K), S = saved_of(K);
  constexpr bool lstm = K == Recurrence::lstm;
  using P = Panels<G>;
  const int64_t u = s.units, T = s.steps, rows = to - from;
  float *h = f.scratch, *next = h + rows * u, *c = next + rows * u, *z = c + rows * u, *whole = z + rows * 4 * W;
  const float** active =
      reinterpret_cast<const float**>((reinterpret_cast<unsigned long>(whole + G * u) + 63) / 64 * 64);
  int32_t* which = reinterpret_cast<int32_t*>(active + rows);
  copy(h, f.h0 + from * u, rows * u);
  if (lstm) copy(c, f.c0 + from * u, rows * u);
  for (int64_t k = 0; k < T; ++k) {
    const int64_t t = s.options.reverse ? T - 1 - k : k;
    int64_t count = 0;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = (from + r) * T + t;
      if (f.before) copy(f.before + at * u, h + r * u, u);
      if (f.mask && !f.mask[at]) {
        copy(next + r * u, h + r * u, u);
        if (f.a) clear(f.a + at * S * u, S * u);
      } else {
        active[count] = h + r * u;
        which[count++] = static_cast<int32_t>(r);
      }
    }
    if (f.packed && count == 1) {
      const int64_t r = which[0];
      auto part = [&](int64_t first, int64_t last) {
        step<K>(s, f, from + r, t, h + r * u, next + r * u, c + r * u, first, last);
      };
      if (f.over_panels)
        f.over_panels(
            P::count(u),
            [](void* context, int64_t first, int64_t last) { (*static_cast<decltype(part)*>(context))(first, last); },
            &part);
      else
        part(0, P::count(u));
    } else if (f.packed) {
      constexpr int64_t size = P::vectors * W;
      for (int64_t p = 0; p < P::count(u); ++p) {
        panel_product<P::vectors>(active, count, u, f.packed + p * size * u, z);
        for (int64_t i = 0; i < count; ++i) {
          const int64_t r = which[i];
          panel_gates<K>(s, f, (from + r) * T + t, p, z + i * size, h + r * u, next + r * u, c + r * u);
        }
      }
    } else {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t r = which[i];
        row_product(active[i], u, f.kernel, G * u, whole);
        RowGates g = gates_at<K>(s, f, (from + r) * T + t, 0, h + r * u, next + r * u, c + r * u);
        for (int v = 0; v < G; ++v) g.p[v] = whole + v * u;
        forward_gates<K, 0>(g, u);
      }
    }
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = (from + r) * T + t;
      if (lstm && f.cs) copy(f.cs + at * u, c + r * u, u);
      float* y = s.options.sequences ? f.y + ((from + r) * T + k) * u : k + 1 == T ? f.y + (from + r) * u : nullptr;
      if (!y) continue;
      if (f.mask && s.options.zero_masked && !f.mask[at])
        clear(y, u);
      else
        copy(y, next + r * u, u);
    }
    float* done = h;
    h = next;
    next = done;
  }
  copy(f.h + from * u, h, rows * u);
  if (lstm) copy(f.c + from * u, c, rows * u);
  if (T == 0 && !s.options.sequences) copy(f.y + from * u, h, rows * u);
}

// One row's gates backwards. dh: the gradient of the state after the step, replaced by what reaches the state before it
// other than through the product; dc likewise.
template <Recurrence K>
inline void backward_gates(int64_t u, const float* a, const float* c, const float* c_before, const float* before,
                           float* __restrict dh, float* __restrict dc, float* dx, float* dp, float* __restrict db) {
  if constexpr (K == Recurrence::simple) {
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float d = dh[j] * (1.0f - a[j] * a[j]);
      dx[j] = d, db[j] += d, dh[j] = 0;
    }
  } else if constexpr (K == Recurrence::lstm) {
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float i = a[j], f = a[u + j], g = a[2 * u + j], o = a[3 * u + j], t = fast_tanh(c[j]), d = dh[j];
      const float e = dc[j] + d * o * (1.0f - t * t);
      const float di = e * g * i * (1.0f - i), df = e * c_before[j] * f * (1.0f - f), dg = e * i * (1.0f - g * g),
                  dout = d * t * o * (1.0f - o);
      dx[j] = di, dx[u + j] = df, dx[2 * u + j] = dg, dx[3 * u + j] = dout;
      db[j] += di, db[u + j] += df, db[2 * u + j] += dg, db[3 * u + j] += dout;
      dc[j] = e * f, dh[j] = 0;
    }
  } else {
#pragma GCC ivdep
    for (int64_t j = 0; j < u; ++j) {
      const float z = a[j], r = a[u + j], g = a[2 * u + j], s = a[3 * u + j], d = dh[j];
      const float dg = d * (1.0f - z) * (1.0f - g * g), dz = d * (before[j] - g) * z * (1.0f - z),
                  dr = dg * s * r * (1.0f - r), ds = dg * r;
      dx[j] = dz, dx[u + j] = dr, dx[2 * u + j] = dg;
      dp[j] = dz, dp[u + j] = dr, dp[2 * u + j] = ds;
      db[j] += dz, db[u + j] += dr, db[2 * u + j] += dg, db[5 * u + j] += ds;
      dh[j] = d * z;
    }
  }
}

template <Recurrence K>
void backward(const StepSizes& s, const BackwardSteps& f, int64_t from, int64_t to) {
  constexpr int G = gates_of(K), S = saved_of(K);
  constexpr bool lstm = K == Recurrence::lstm;
  const int64_t u = s.units, T = s.steps, rows = to - from;
  float *dh = f.scratch, *dc = dh + rows * u, *z = dc + 2 * rows * u, *whole = z + rows * 4 * W;
  const float** active =
      reinterpret_cast<const float**>((reinterpret_cast<unsigned long>(whole + G * u) + 63) / 64 * 64);
  int32_t* which = reinterpret_cast<int32_t*>(active + rows);
  copy(dh, f.gh + from * u, rows * u);
  if (lstm) copy(dc, f.gc + from * u, rows * u);
  for (int64_t k = T; k-- > 0;) {
    const int64_t t = s.options.reverse ? T - 1 - k : k;
    int64_t count = 0;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = (from + r) * T + t;
      const bool masked = f.mask && !f.mask[at];
      float *d = dh + r * u, *dx = f.dx + at * G * u, *dp = f.dp ? f.dp + at * G * u : nullptr;
      const float* gy = s.options.sequences ? f.gy + ((from + r) * T + k) * u
                        : k + 1 == T        ? f.gy + (from + r) * u
                                            : nullptr;
      if (gy && !(masked && s.options.zero_masked))
        for (int64_t j = 0; j < u; ++j) d[j] += gy[j];
      if (masked) {
        clear(dx, G * u);
        if (dp) clear(dp, G * u);
        continue;
      }
      const float* c_before =
          lstm ? (k == 0 ? f.c0 + (from + r) * u : f.cs + (at + (s.options.reverse ? 1 : -1)) * u) : nullptr;
      backward_gates<K>(u, f.a + at * S * u, lstm ? f.cs + at * u : nullptr, c_before, f.before + at * u, d, dc + r * u,
                        dx, dp, f.db);
      active[count] = dp ? dp : dx;
      which[count++] = static_cast<int32_t>(r);
    }
    for (int64_t p = 0; p < back_panels(u); ++p) {
      panel_product<kBackVectors>(active, count, G * u, f.packed + p * kBackVectors * W * G * u, z);
      const int64_t unit = p * kBackVectors * W, n = u - unit < kBackVectors * W ? u - unit : kBackVectors * W;
      for (int64_t i = 0; i < count; ++i) {
        float* d = dh + which[i] * u + unit;
        const float* from_product = z + i * kBackVectors * W;
        for (int64_t j = 0; j < n; ++j) d[j] += from_product[j];
      }
    }
  }
  copy(f.dh0 + from * u, dh, rows * u);
  if (lstm) copy(f.dc0 + from * u, dc, rows * u);
}

constexpr RecurrentTable kTable = {
    W,
    packed_size,
    pack,
    packed_back_size,
    pack_back,
    scratch,
    {forward_gates<Recurrence::simple, 0>, forward_gates<Recurrence::lstm, 0>, forward_gates<Recurrence::gru, 0>},
    {forward<Recurrence::simple>, forward<Recurrence::lstm>, forward<Recurrence::gru>},
    {backward<Recurrence::simple>, backward<Recurrence::lstm>, backward<Recurrence::gru>}};

}  // namespace

const RecurrentTable& recurrent_table_of_level() { return kTable; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
