// Small products without packing, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/matmul/unpacked.h"

#include <utility>

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/matmul/transpose_simd.inc"

// combine: kRows x kVectors registers of sums; with a row of b and one value of a they fill the registers.
// dot: kDotRows x kDotColumns sums, as many as a register has places, so that one tree of additions folds them all.
#if LAMINA_SIMD_LEVEL == 2
constexpr int kWidth = 16, kRows = 6, kVectors = 4, kDotRows = 4, kDotColumns = 4;
#elif LAMINA_SIMD_LEVEL == 1
constexpr int kWidth = 8, kRows = 6, kVectors = 2, kDotRows = 4, kDotColumns = 2;
#else
constexpr int kWidth = 4, kRows = 6, kVectors = 2, kDotRows = 2, kDotColumns = 2;
#endif
static_assert(kDotRows * kDotColumns == kWidth);
// Of a large b, whose rows lie in pages of their own, this many are fetched ahead: the processor does not foresee them.
constexpr int64_t kAhead = 16, kLarge = 1 << 18;  // values that a cache of the second level does not hold beside others
typedef float Vector __attribute__((vector_size(kWidth * sizeof(float)), aligned(4), may_alias));
typedef int Indices __attribute__((vector_size(kWidth * sizeof(int))));

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

// Cuts n into the fewest parts of at most `most`, as even as they come, the longer ones last.
struct Even {
  int64_t n, parts;
  Even(int64_t n, int64_t most) : n(n), parts((n + most - 1) / most) {}
  int64_t at(int64_t p) const { return n * p / parts; }
};

// The last vector begins at column `last`, over columns that the one before it has too where the row ends within it.
template <bool kFetch, int kR, int kV>
void combine_tile(const UnpackedPiece& p, int64_t row, int64_t column, int64_t last) {
  Vector sum[kR][kV] = {};
  const float *a = p.a + row * p.row_stride, *b = p.b + column;
  for (int64_t l = 0; l < p.k; ++l, a += p.k_stride, b += p.b_stride) {
    Vector right[kV];
    if constexpr (kFetch)
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) __builtin_prefetch(b + kAhead * p.b_stride + v * kWidth);
#pragma GCC unroll 4
    for (int v = 0; v < kV - 1; ++v) right[v] = load(b + v * kWidth);
    right[kV - 1] = load(b + last);
#pragma GCC unroll 6
    for (int r = 0; r < kR; ++r) {
      const Vector left = a[r * p.row_stride] - Vector{};
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) sum[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kR; ++r) {
    const int64_t at = (row + r) * p.y_stride + column;
    auto place = [&](int v) { return at + (v == kV - 1 ? last : v * kWidth); };
    Vector out[kV];  // all of c before any of y, which may be the same
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) out[v] = p.c ? load(p.c + place(v)) + p.alpha * sum[r][v] : p.alpha * sum[r][v];
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) store(p.y + place(v), out[v]);
  }
}

template <bool kFetch, int... i>
void any_combine_tile(std::integer_sequence<int, i...>, int64_t rows, int64_t vectors, const UnpackedPiece& p,
                      int64_t row, int64_t column, int64_t last) {
  static constexpr decltype(&combine_tile<kFetch, 1, 1>) kTiles[] = {
      combine_tile<kFetch, i / kVectors + 1, i % kVectors + 1>...};
  kTiles[(rows - 1) * kVectors + vectors - 1](p, row, column, last);
}

template <bool kFetch>
void combine_all(const UnpackedPiece& p) {
  const Even groups((p.columns + kWidth - 1) / kWidth, kVectors), tiles(p.rows, kRows);
  for (int64_t g = 0; g < groups.parts; ++g) {
    const int64_t column = groups.at(g) * kWidth, vectors = groups.at(g + 1) - groups.at(g);
    const int64_t end = column + vectors * kWidth < p.columns ? column + vectors * kWidth : p.columns;
    for (int64_t t = 0; t < tiles.parts; ++t)
      any_combine_tile<kFetch>(std::make_integer_sequence<int, kRows * kVectors>(), tiles.at(t + 1) - tiles.at(t),
                               vectors, p, tiles.at(t), column, end - kWidth - column);
  }
}

void combine(const UnpackedPiece& p) { (p.k * p.b_stride > kLarge ? combine_all<true> : combine_all<false>)(p); }

// Where half = kWidth / 2, kWidth / 4, ..., 1: each vector holds groups of 2 * half places; the two halves of a group
// are added. The result has those of `a`, then those of `b`.
template <int kHalf, int... i>
inline Vector add_halves(Vector a, Vector b, std::integer_sequence<int, i...>) {
  constexpr auto place = [](int at) {
    return (at < kWidth / 2 ? 0 : kWidth) + at % (kWidth / 2) / kHalf * 2 * kHalf + at % kHalf;
  };
  return __builtin_shuffle(a, b, Indices{place(i)...}) + __builtin_shuffle(a, b, Indices{place(i) + kHalf...});
}

// The sum of every vector's places, in the order of the vectors.
template <int kCount>
inline Vector fold(const Vector* v) {
  if constexpr (kCount == 1)
    return *v;
  else
    return add_halves<kWidth / kCount>(fold<kCount / 2>(v), fold<kCount / 2>(v + kCount / 2),
                                       std::make_integer_sequence<int, kWidth>());
}

// The last `n` of the kWidth values from p - kWidth + n on, zeros before them: a row's rest is read together with
// values that are done.
inline Vector load_rest(const float* p, int64_t n) {
  Indices place;
  for (int i = 0; i < kWidth; ++i) place[i] = i;
  const Indices used = place >= static_cast<int>(kWidth - n);
  return reinterpret_cast<Vector>(reinterpret_cast<Indices>(load(p - kWidth + n)) & used);
}

inline Vector load_first(const float* p, int64_t n) {
  float first[kWidth] = {};
  for (int64_t i = 0; i < n; ++i) first[i] = p[i];
  return load(first);
}

template <int kR, int kC>
void dot_tile(const UnpackedPiece& p, int64_t row, int64_t column) {
  Vector sum[kWidth] = {};
  const float *a = p.a + row * p.row_stride, *b = p.b + column * p.b_stride;
  auto add = [&](auto read) {
    Vector left[kR];
#pragma GCC unroll 4
    for (int r = 0; r < kR; ++r) left[r] = read(a + r * p.row_stride);
#pragma GCC unroll 4
    for (int c = 0; c < kC; ++c) {
      const Vector right = read(b + c * p.b_stride);
#pragma GCC unroll 4
      for (int r = 0; r < kR; ++r) sum[r * kC + c] += left[r] * right;
    }
  };
  int64_t l = 0;
  for (; l + kWidth <= p.k; l += kWidth, a += kWidth, b += kWidth) add([](const float* at) { return load(at); });
  const int64_t rest = p.k - l;
  if (rest && l)
    add([rest](const float* at) { return load_rest(at, rest); });
  else if (rest)
    add([rest](const float* at) { return load_first(at, rest); });
  float out[kWidth];
  store(out, p.alpha * fold<kWidth>(sum));
  for (int r = 0; r < kR; ++r)
    for (int c = 0; c < kC; ++c) {
      const int64_t at = (row + r) * p.y_stride + column + c;
      p.y[at] = p.c ? p.c[at] + out[r * kC + c] : out[r * kC + c];
    }
}

template <int... i>
void any_dot_tile(std::integer_sequence<int, i...>, int64_t rows, int64_t columns, const UnpackedPiece& p, int64_t row,
                  int64_t column) {
  static constexpr decltype(&dot_tile<1, 1>) kTiles[] = {dot_tile<i / kDotColumns + 1, i % kDotColumns + 1>...};
  kTiles[(rows - 1) * kDotColumns + columns - 1](p, row, column);
}

void dot(const UnpackedPiece& p) {
  const Even groups(p.columns, kDotColumns), tiles(p.rows, kDotRows);
  for (int64_t g = 0; g < groups.parts; ++g)
    for (int64_t t = 0; t < tiles.parts; ++t)
      any_dot_tile(std::make_integer_sequence<int, kDotRows * kDotColumns>(), tiles.at(t + 1) - tiles.at(t),
                   groups.at(g + 1) - groups.at(g), p, tiles.at(t), groups.at(g));
}

void transpose(const float* from, int64_t rows, int64_t columns, float* to, int64_t stride) {
  transpose_blocks(from, columns, rows, columns, to, stride);
}

constexpr UnpackedProducts kProducts = {kWidth, combine, dot, transpose};

}  // namespace

const UnpackedProducts& unpacked_products_of_level() { return kProducts; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
