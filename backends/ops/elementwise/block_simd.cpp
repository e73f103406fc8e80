// The block functions, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "backends/ops/elementwise/block.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

template <class T>
inline constexpr bool kLow = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool kFloat = kLow<T> || std::is_floating_point_v<T>;
// What arithmetic on T happens in.
template <class T>
using Wide = std::conditional_t<kLow<T>, float, T>;
template <class T>
inline Wide<T> load(T v) {
  if constexpr (kLow<T>)
    return static_cast<float>(v);
  else
    return v;
}
template <class T, class W>
inline T store(W v) {
  if constexpr (kLow<T>)
    return T(static_cast<float>(v));
  else
    return static_cast<T>(v);
}

// As Wrapping of backends/core, in this namespace: integers that do not fit wrap around.
template <class W>
inline auto wraps(W v) {
  if constexpr (std::is_integral_v<W>)
    return static_cast<std::conditional_t<(sizeof(W) > 4), uint64_t, uint32_t>>(v);
  else
    return v;
}

template <class T, class O, class F>
void map1(const void* a, void* out, int64_t n, F f) {
  const T* x = static_cast<const T*>(a);
  O* y = static_cast<O*>(out);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = store<O>(f(load(x[i])));
}
template <class T, class O, class F>
void map2(const void* a, const void* b, void* out, int64_t n, F f) {
  const T* x = static_cast<const T*>(a);
  const T* z = static_cast<const T*>(b);
  O* y = static_cast<O*>(out);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = store<O>(f(load(x[i]), load(z[i])));
}

double digamma(double x) {
  double r = 0;
  if (x <= 0 && x == std::floor(x)) return std::numeric_limits<double>::quiet_NaN();
  if (x < 0) return digamma(1 - x) - M_PI / std::tan(M_PI * x);
  for (; x < 10; ++x) r -= 1 / x;
  double f = 1 / (x * x);
  return r + std::log(x) - 0.5 / x -
         f * (1.0 / 12 - f * (1.0 / 120 - f * (1.0 / 252 - f * (1.0 / 240 - f * (1.0 / 132 - f * 691.0 / 32760)))));
}

double erfinv(double y) {  // Giles' start, then Newton steps on erf
  if (!(y > -1 && y < 1)) return y == 1 ? INFINITY : y == -1 ? -INFINITY : NAN;
  double w = -std::log((1 - y) * (1 + y)), x;
  if (w < 5) {
    w -= 2.5;
    x = y * (1.50140941 + w * (0.246640727 + w * (-0.00417768164 + w * (-0.00125372503 + w * 0.000218580870))));
  } else {
    w = std::sqrt(w) - 3;
    x = y * (2.83297682 + w * (1.00167406 + w * (0.00943887047 + w * (-0.0076224613 + w * 0.00573950773))));
  }
  for (int i = 0; i < 2; ++i) {  // erfc keeps the digits that erf loses near 1
    double error = y < 0 ? std::erfc(-x) - (1 + y) : (1 - y) - std::erfc(x);
    x -= error / (1.1283791670955126 * std::exp(-x * x));
  }
  return x;
}

// One unary op on values of type T, in Wide<T>. Float takes the vectorising versions, double the C library.
#define FN(NAME, FLOAT, OTHER)                                                 \
  template <class T>                                                           \
  void u_##NAME(const void* a, const void*, const void*, void* o, int64_t n) { \
    using W = Wide<T>;                                                         \
    if constexpr (std::is_same_v<W, float>)                                    \
      map1<T, T>(a, o, n, [](float x) { return FLOAT; });                      \
    else                                                                       \
      map1<T, T>(a, o, n, [](W x) -> W { return static_cast<W>(OTHER); });     \
  }
FN(negative, -x, -wraps(x))
FN(abs, std::fabs(x), (x < 0 ? static_cast<W>(-wraps(x)) : x))
FN(sign, (x > 0 ? 1.0f : (x < 0 ? -1.0f : x)), (x > 0 ? 1 : (x < 0 ? -1 : (x == 0 ? W(0) : x))))
FN(square, x* x, wraps(x) * wraps(x))
FN(sqrt, std::sqrt(x), std::sqrt(static_cast<double>(x)))
FN(rsqrt, 1.0f / std::sqrt(x), 1 / std::sqrt(static_cast<double>(x)))
FN(reciprocal, 1.0f / x, 1 / static_cast<double>(x))
FN(exp, fast_exp(x), std::exp(x))
FN(expm1, fast_expm1(x), std::expm1(x))
FN(log, fast_log(x), std::log(x))
FN(log1p, fast_log1p(x), std::log1p(x))
FN(log2, fast_log(x) * 1.44269504f, std::log2(x))
FN(log10, fast_log(x) * 0.434294482f, std::log10(x))
FN(exp2, std::exp2(x), std::exp2(x))
FN(sin, fast_sincos(x, 0), std::sin(x))
FN(cos, fast_sincos(x, 1), std::cos(x))
FN(tan, std::tan(x), std::tan(x))
FN(asin, std::asin(x), std::asin(x))
FN(acos, std::acos(x), std::acos(x))
FN(atan, std::atan(x), std::atan(x))
FN(sinh, std::sinh(x), std::sinh(x))
FN(cosh, std::cosh(x), std::cosh(x))
FN(tanh, fast_tanh(x), std::tanh(x))
FN(asinh, std::asinh(x), std::asinh(x))
FN(acosh, std::acosh(x), std::acosh(x))
FN(atanh, std::atanh(x), std::atanh(x))
FN(sigmoid, fast_sigmoid(x), 1 / (1 + std::exp(-static_cast<double>(x))))
FN(relu, (x > 0 ? x : (x == x ? 0.0f : x)), (x > 0 ? x : (x == x ? W(0) : x)))
FN(softplus, fast_softplus(x), (x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x))))
FN(erf, fast_erf(x), std::erf(x))
FN(erfinv, static_cast<float>(erfinv(x)), erfinv(x))
FN(lgamma, std::lgamma(x), std::lgamma(x))
FN(digamma, static_cast<float>(digamma(x)), digamma(x))
FN(floor, std::floor(x), std::floor(x))
FN(ceil, std::ceil(x), std::ceil(x))
FN(round, std::nearbyint(x), std::nearbyint(x))
FN(trunc, std::trunc(x), std::trunc(x))
FN(cbrt, std::cbrt(x), std::cbrt(x))
#undef FN

template <class T>
void u_logical_not(const void* a, const void*, const void*, void* o, int64_t n) {
  map1<T, bool>(a, o, n, [](auto x) { return x == decltype(x)(0); });
}
template <class T>
void u_bitwise_not(const void* a, const void*, const void*, void* o, int64_t n) {
  if constexpr (std::is_same_v<T, bool>)
    map1<T, T>(a, o, n, [](bool x) { return !x; });
  else
    map1<T, T>(a, o, n, [](T x) { return static_cast<T>(~x); });
}
template <class T>
void u_is_nan(const void* a, const void*, const void*, void* o, int64_t n) {
  map1<T, bool>(a, o, n, [](auto x) { return x != x; });
}
template <class T>
void u_is_inf(const void* a, const void*, const void*, void* o, int64_t n) {
  if constexpr (kFloat<T>)
    map1<T, bool>(a, o, n, [](auto x) { return x - x != 0 && x == x; });
  else
    map1<T, bool>(a, o, n, [](auto) { return false; });
}
template <class T>
void u_is_finite(const void* a, const void*, const void*, void* o, int64_t n) {
  if constexpr (kFloat<T>)
    map1<T, bool>(a, o, n, [](auto x) { return x - x == 0; });
  else
    map1<T, bool>(a, o, n, [](auto) { return true; });
}

template <class W>
inline W floor_mod(W x, W y) {
  if constexpr (std::is_floating_point_v<W>) {
    W r = std::fmod(x, y);
    return r != 0 && ((r < 0) != (y < 0)) ? r + y : (r == 0 ? std::copysign(W(0), y) : r);
  } else {
    if (y == 0) return 0;
    if constexpr (std::is_signed_v<W>) {
      if (y == -1) return 0;
      W r = x % y;
      return r != 0 && ((r < 0) != (y < 0)) ? r + y : r;
    } else
      return x % y;
  }
}
template <class W>
inline W floor_divide(W x, W y) {
  if constexpr (std::is_floating_point_v<W>) {
    if (y == 0 || x - x != 0) return std::floor(x / y);
    return std::round((x - floor_mod(x, y)) / y);
  } else {
    if (y == 0) return 0;
    if constexpr (std::is_signed_v<W>) {
      if (y == -1) return static_cast<W>(-wraps(x));
      W q = x / y;
      return (x % y != 0 && ((x < 0) != (y < 0))) ? q - 1 : q;
    } else
      return x / y;
  }
}
template <class W>
inline W power(W x, W y) {
  if constexpr (std::is_floating_point_v<W>)
    return std::pow(x, y);
  else {
    if constexpr (std::is_signed_v<W>)
      if (y < 0) return x == 1 ? 1 : (x == -1 ? (y % 2 ? -1 : 1) : 0);
    uint64_t result = 1, base = static_cast<uint64_t>(x);
    for (auto e = static_cast<uint64_t>(y); e; e >>= 1, base *= base)
      if (e & 1) result *= base;
    return static_cast<W>(result);
  }
}

#define FN(NAME, EXPR)                                                           \
  template <class T>                                                             \
  void b_##NAME(const void* a, const void* b, const void*, void* o, int64_t n) { \
    using W = Wide<T>;                                                           \
    map2<T, T>(a, b, o, n, [](W x, W y) -> W { return static_cast<W>(EXPR); });  \
  }
FN(add, wraps(x) + wraps(y))
FN(subtract, wraps(x) - wraps(y))
FN(multiply, wraps(x) * wraps(y))
FN(divide, x / y)
FN(floor_divide, floor_divide<W>(x, y))
FN(mod, floor_mod<W>(x, y))
FN(power, power<W>(x, y))
FN(maximum, (x > y ? x : (y == y ? (x == x ? y : x) : y)))
FN(minimum, (x < y ? x : (y == y ? (x == x ? y : x) : y)))
FN(fmax, (x > y || y != y ? x : y))
FN(fmin, (x < y || y != y ? x : y))
FN(atan2, std::atan2(x, y))
FN(hypot, std::hypot(x, y))
FN(bitwise_and, x& y)
FN(bitwise_or, x | y)
FN(bitwise_xor, x ^ y)
#undef FN
template <class T>
void b_fmod(const void* a, const void* b, const void*, void* o, int64_t n) {
  using W = Wide<T>;
  map2<T, T>(a, b, o, n, [](W x, W y) -> W {
    if constexpr (std::is_floating_point_v<W>)
      return std::fmod(x, y);
    else if constexpr (std::is_signed_v<W>)
      return y == 0 || y == -1 ? W(0) : static_cast<W>(x % y);
    else
      return y == 0 ? W(0) : static_cast<W>(x % y);
  });
}
template <class T>
void b_gcd(const void* a, const void* b, const void*, void* o, int64_t n) {
  map2<T, T>(a, b, o, n, [](T x, T y) -> T {
    using Bits = std::make_unsigned_t<T>;  // the magnitude of the least value fits there
    auto magnitude = [](T v) {
      return static_cast<Bits>(v < T(0) ? Bits(0) - static_cast<Bits>(v) : static_cast<Bits>(v));
    };
    return static_cast<T>(std::gcd(magnitude(x), magnitude(y)));
  });
}
template <class T>
void b_nextafter(const void* a, const void* b, const void*, void* o, int64_t n) {
  if constexpr (kLow<T>) {
    const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
    T* out = static_cast<T*>(o);
    for (int64_t i = 0; i < n; ++i) {
      float f = static_cast<float>(x[i]), to = static_cast<float>(y[i]);
      T r = x[i];
      if (f != f || to != to)
        r = T(NAN);
      else if (f == to)
        r = y[i];
      else if (f == 0)
        r.bits = (to < 0 ? 0x8001 : 1);
      else
        r.bits += ((f < to) == (f > 0)) ? 1 : -1;
      out[i] = r;
    }
  } else {
    map2<T, T>(a, b, o, n, [](T x, T y) -> T { return std::nextafter(x, y); });
  }
}
template <class T>
void b_left_shift(const void* a, const void* b, const void*, void* o, int64_t n) {
  map2<T, T>(a, b, o, n, [](T x, T y) -> T {
    return y < T(0) || y >= T(8 * sizeof(T)) ? T(0) : static_cast<T>(static_cast<uint64_t>(x) << y);
  });
}
template <class T>
void b_right_shift(const void* a, const void* b, const void*, void* o, int64_t n) {
  map2<T, T>(a, b, o, n, [](T x, T y) -> T {
    if (y < T(0) || y >= T(8 * sizeof(T))) return x < T(0) ? static_cast<T>(-1) : T(0);
    return static_cast<T>(x >> y);
  });
}
#define FN(NAME, EXPR)                                                           \
  template <class T>                                                             \
  void b_##NAME(const void* a, const void* b, const void*, void* o, int64_t n) { \
    using W = Wide<T>;                                                           \
    map2<T, bool>(a, b, o, n, [](W x, W y) -> bool { return EXPR; });            \
  }
FN(logical_and, (x != W(0)) & (y != W(0)))
FN(logical_or, (x != W(0)) | (y != W(0)))
FN(logical_xor, (x != W(0)) != (y != W(0)))
FN(equal, x == y)
FN(not_equal, x != y)
FN(less, x < y)
FN(less_equal, x <= y)
FN(greater, x > y)
FN(greater_equal, x >= y)
#undef FN

// Selection by bits: both sides are read and masked, so that the loop has no branch and vectorises.
template <class T, class A, class B>
void select_block(const void* condition, void* o, int64_t n, A a, B b) {
  using Bits = std::conditional_t<
      sizeof(T) == 1, uint8_t,
      std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
  const uint8_t* mask = static_cast<const uint8_t*>(condition);
  T* out = static_cast<T*>(o);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    T x = a(i), y = b(i);
    Bits p, q, m = static_cast<Bits>(-static_cast<Bits>(mask[i]));
    __builtin_memcpy(&p, &x, sizeof p);
    __builtin_memcpy(&q, &y, sizeof q);
    p = static_cast<Bits>((p & m) | (q & static_cast<Bits>(~m)));
    __builtin_memcpy(static_cast<void*>(out + i), &p, sizeof p);
  }
}
template <class T>
void where_block(const void* c, const void* a, const void* b, void* o, int64_t n) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  select_block<T>(
      c, o, n, [x](int64_t i) { return x[i]; }, [y](int64_t i) { return y[i]; });
}

// One choice a single value.
template <class T>
void where_left_block(const void* c, const void* a, const void* b, void* o, int64_t n) {
  const T x = *static_cast<const T*>(a), *y = static_cast<const T*>(b);
  select_block<T>(
      c, o, n, [x](int64_t) { return x; }, [y](int64_t i) { return y[i]; });
}
template <class T>
void where_right_block(const void* c, const void* a, const void* b, void* o, int64_t n) {
  const T *x = static_cast<const T*>(a), y = *static_cast<const T*>(b);
  select_block<T>(
      c, o, n, [x](int64_t i) { return x[i]; }, [y](int64_t) { return y; });
}

// Float arithmetic and comparisons with one operand a single value.
#define SINGLE(NAME, OUT, EXPR)                                                      \
  void left_##NAME(const void* a, const void* b, const void*, void* o, int64_t n) {  \
    const float x = *static_cast<const float*>(a);                                   \
    map1<float, OUT>(b, o, n, [x](float y) -> OUT { return EXPR; });                 \
  }                                                                                  \
  void right_##NAME(const void* a, const void* b, const void*, void* o, int64_t n) { \
    const float y = *static_cast<const float*>(b);                                   \
    map1<float, OUT>(a, o, n, [y](float x) -> OUT { return EXPR; });                 \
  }
SINGLE(add, float, x + y)
SINGLE(subtract, float, x - y)
SINGLE(multiply, float, x* y)
SINGLE(divide, float, x / y)
SINGLE(maximum, float, (x > y ? x : (y == y ? (x == x ? y : x) : y)))
SINGLE(minimum, float, (x < y ? x : (y == y ? (x == x ? y : x) : y)))
SINGLE(equal, bool, x == y)
SINGLE(not_equal, bool, x != y)
SINGLE(less, bool, x < y)
SINGLE(less_equal, bool, x <= y)
SINGLE(greater, bool, x > y)
SINGLE(greater_equal, bool, x >= y)
#undef SINGLE

template <class From, class To>
void cast_block(const void* a, const void*, const void*, void* o, int64_t n) {
  const From* x = static_cast<const From*>(a);
  To* y = static_cast<To*>(o);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    auto v = load(x[i]);
    if constexpr (std::is_same_v<To, bool>)
      y[i] = v != decltype(v)(0);
    else if constexpr (kLow<To>)
      y[i] = To(static_cast<float>(v));
    else if constexpr (kFloat<From> && std::is_unsigned_v<To>)
      y[i] = static_cast<To>(static_cast<int64_t>(v));
    else
      y[i] = static_cast<To>(v);
  }
}

void fill_block(const void* value, int64_t size, void* out, int64_t n) {
  auto put = [&](auto sample) {
    using T = decltype(sample);
    T v;
    __builtin_memcpy(&v, value, sizeof v);
    T* y = static_cast<T*>(out);
    for (int64_t i = 0; i < n; ++i) y[i] = v;
  };
  if (size == 1)
    put(uint8_t{});
  else if (size == 2)
    put(uint16_t{});
  else if (size == 4)
    put(uint32_t{});
  else
    put(uint64_t{});
}

constexpr int kLanes = 32;
float sum_run(const float* x, int64_t n) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] += x[i + l];
  for (int l = 0; i < n; ++i, ++l) lanes[l] += x[i];
  for (int width = kLanes / 2; width; width /= 2)
    for (int l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  return lanes[0];
}
float max_run(const float* x, int64_t n) {
  float lanes[kLanes];
  for (int l = 0; l < kLanes; ++l) lanes[l] = -__builtin_inff();
  int64_t i = 0;
  int32_t nan = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) {
      nan |= x[i + l] != x[i + l];
      lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
    }
  for (int l = 0; i < n; ++i, ++l) {
    nan |= x[i] != x[i];
    lanes[l] = x[i] > lanes[l] ? x[i] : lanes[l];
  }
  float best = lanes[0];
  for (int l = 1; l < kLanes; ++l) best = lanes[l] > best ? lanes[l] : best;
  return nan ? __builtin_nanf("") : best;
}

template <class T>
void add_all_types(BlockTable& t, int d) {
  t.where[d] = where_block<T>;
  t.where_left[d] = where_left_block<T>;
  t.where_right[d] = where_right_block<T>;
  t.cast[d][0] = cast_block<T, bool>;
  t.cast[d][1] = cast_block<T, uint8_t>, t.cast[d][2] = cast_block<T, uint16_t>, t.cast[d][3] = cast_block<T, uint32_t>;
  t.cast[d][4] = cast_block<T, uint64_t>, t.cast[d][5] = cast_block<T, int8_t>, t.cast[d][6] = cast_block<T, int16_t>;
  t.cast[d][7] = cast_block<T, int32_t>, t.cast[d][8] = cast_block<T, int64_t>, t.cast[d][9] = cast_block<T, Half>;
  t.cast[d][10] = cast_block<T, BFloat16>, t.cast[d][11] = cast_block<T, float>, t.cast[d][12] = cast_block<T, double>;
  // Which functions there are for T (kinds.h).
  constexpr bool any = true, real = kFloat<T>, whole = !real, number = !std::is_same_v<T, bool>,
                 integer = whole && number;
#define LAMINA_KIND(NAME, DTYPES) \
  if constexpr (DTYPES) t.unary[static_cast<int>(Unary::NAME)][d] = u_##NAME<T>;
  LAMINA_UNARY_KINDS(LAMINA_KIND)
#undef LAMINA_KIND
#define LAMINA_KIND(NAME, DTYPES) \
  if constexpr (DTYPES) t.binary[static_cast<int>(Binary::NAME)][d] = b_##NAME<T>;
  LAMINA_BINARY_KINDS(LAMINA_KIND)
#undef LAMINA_KIND
}

BlockTable make_table() {
  BlockTable t{};
  add_all_types<bool>(t, 0), add_all_types<uint8_t>(t, 1), add_all_types<uint16_t>(t, 2), add_all_types<uint32_t>(t, 3),
      add_all_types<uint64_t>(t, 4);
  add_all_types<int8_t>(t, 5), add_all_types<int16_t>(t, 6), add_all_types<int32_t>(t, 7), add_all_types<int64_t>(t, 8);
  add_all_types<Half>(t, 9), add_all_types<BFloat16>(t, 10), add_all_types<float>(t, 11), add_all_types<double>(t, 12);
#define SINGLE(NAME)                                                                             \
  t.binary_left[static_cast<int>(Binary::NAME)][static_cast<int>(DType::float32)] = left_##NAME; \
  t.binary_right[static_cast<int>(Binary::NAME)][static_cast<int>(DType::float32)] = right_##NAME;
  // clang-format off: they are statements, but look like calls without semicolons
  SINGLE(add)
  SINGLE(subtract)
  SINGLE(multiply)
  SINGLE(divide)
  SINGLE(maximum)
  SINGLE(minimum)
  SINGLE(equal)
  SINGLE(not_equal)
  SINGLE(less)
  SINGLE(less_equal)
  SINGLE(greater)
  SINGLE(greater_equal)
  // clang-format on
#undef SINGLE
  t.fill = fill_block;
  t.sum_f32 = sum_run;
  t.max_f32 = max_run;
  return t;
}

}  // namespace

const BlockTable& block_table_of_level() {
  static const BlockTable instance = make_table();
  return instance;
}

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
