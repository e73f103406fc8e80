#pragma once
// The elementwise vocabulary. Types: unary and arithmetic binary ops keep their operands' dtype (both equal),
// predicates give bool. Promotion is the caller's work (ops/), so that kernels stay simple.
#include <cstdint>
#include <string_view>

namespace lamina {

enum class Unary : uint8_t {
  negative,
  abs,
  sign,
  square,
  sqrt,
  rsqrt,
  reciprocal,
  exp,
  expm1,
  log,
  log1p,
  log2,
  log10,
  exp2,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  sigmoid,
  relu,
  softplus,
  erf,
  erfinv,
  lgamma,
  digamma,
  floor,
  ceil,
  round,
  trunc,
  cbrt,
  logical_not,
  bitwise_not,
  is_nan,
  is_inf,
  is_finite
};
inline constexpr int kUnaryCount = static_cast<int>(Unary::is_finite) + 1;

enum class Binary : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  mod,
  fmod,
  power,
  maximum,
  minimum,
  fmax,
  fmin,
  atan2,
  hypot,
  nextafter,
  gcd,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  left_shift,
  right_shift,
  logical_and,
  logical_or,
  logical_xor,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal
};
inline constexpr int kBinaryCount = static_cast<int>(Binary::greater_equal) + 1;

constexpr bool is_predicate(Unary kind) { return kind >= Unary::is_nan || kind == Unary::logical_not; }
constexpr bool is_predicate(Binary kind) { return kind >= Binary::logical_and; }
std::string_view name_of(Unary kind);
std::string_view name_of(Binary kind);

}  // namespace lamina
