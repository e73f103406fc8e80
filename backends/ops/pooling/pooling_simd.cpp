// The loops of rows.h (see cmake/LaminaToolchain.cmake). Channels are taken eight at a time, in registers while the
// places of the window go by. Without AVX, GCC splits the vectors.
#pragma GCC diagnostic ignored "-Wpsabi"  // nothing leaves this file
#include <cstring>

#include "backends/ops/pooling/pooling_loops.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

constexpr int64_t kWidth = 8;
typedef float Floats __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(32)));
typedef uint8_t Bytes __attribute__((vector_size(8)));

template <class V, class T>
inline V load(const T* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
template <class V, class T>
inline void store(T* to, V v) {
  std::memcpy(to, &v, sizeof v);
}

inline bool larger(float x, float best) { return x > best || x != x; }

void max(const float* const* places, int64_t count, int64_t channels, float* y) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    Floats best = load<Floats>(places[0] + c);
    for (int64_t p = 1; p < count; ++p) {
      const Floats x = load<Floats>(places[p] + c);
      best = ((x > best) | (x != x)) ? x : best;
    }
    store(y + c, best);
  }
  for (; c < channels; ++c) {
    float best = places[0][c];
    for (int64_t p = 1; p < count; ++p) best = larger(places[p][c], best) ? places[p][c] : best;
    y[c] = best;
  }
}

void max_indexed(const float* const* places, int64_t count, int64_t channels, float* y, uint8_t* index) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    Floats best = load<Floats>(places[0] + c);
    Ints which = {}, number = {};
    for (int64_t p = 1; p < count; ++p) {
      const Floats x = load<Floats>(places[p] + c);
      const Ints mask = (x > best) | (x != x);
      number += 1;
      best = mask ? x : best;
      which = mask ? number : which;
    }
    store(y + c, best);
    store(index + c, __builtin_convertvector(which, Bytes));
  }
  for (; c < channels; ++c) {
    float best = places[0][c];
    int64_t which = 0;
    for (int64_t p = 1; p < count; ++p)
      if (larger(places[p][c], best)) best = places[p][c], which = p;
    y[c] = best;
    index[c] = static_cast<uint8_t>(which);
  }
}

template <bool kAdded>
void scatter(const float* g, const uint8_t* index, float* const* places, int64_t count, int64_t channels) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    const Floats value = load<Floats>(g + c), zero = {};
    const Ints which = __builtin_convertvector(load<Bytes>(index + c), Ints);
    Ints number = {};
    for (int64_t p = 0; p < count; ++p) {
      const Floats v = which == number ? value : zero;
      store(places[p] + c, kAdded ? load<Floats>(places[p] + c) + v : v);
      number += 1;
    }
  }
  for (; c < channels; ++c)
    for (int64_t p = 0; p < count; ++p) {
      const float v = index[c] == p ? g[c] : 0.0f;
      places[p][c] = kAdded ? places[p][c] + v : v;
    }
}

void average(const float* const* places, int64_t count, int64_t channels, float factor, float* y) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    Floats sum = load<Floats>(places[0] + c);
    for (int64_t p = 1; p < count; ++p) sum += load<Floats>(places[p] + c);
    store(y + c, sum * factor);
  }
  for (; c < channels; ++c) {
    float sum = places[0][c];
    for (int64_t p = 1; p < count; ++p) sum += places[p][c];
    y[c] = sum * factor;
  }
}

template <bool kAdded>
void spread(const float* g, float* const* places, int64_t count, int64_t channels, float factor) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    const Floats value = load<Floats>(g + c) * factor;
    for (int64_t p = 0; p < count; ++p) store(places[p] + c, kAdded ? load<Floats>(places[p] + c) + value : value);
  }
  for (; c < channels; ++c)
    for (int64_t p = 0; p < count; ++p) places[p][c] = kAdded ? places[p][c] + g[c] * factor : g[c] * factor;
}

constexpr PoolLoops kRows = {max, max_indexed, scatter<false>, scatter<true>, average, spread<false>, spread<true>};

}  // namespace

const PoolLoops& pool_rows_of_level() { return kRows; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
