#pragma once
// The elementwise vocabulary. Types: unary and arithmetic binary ops keep their operands' dtype (both equal),
// predicates give bool. Promotion is the caller's work (ops/), so that kernels stay simple.
#include <cstdint>
#include <string_view>

namespace lamina {

// Each kind, and the dtypes that it is for: any; number (all but bool); real (floating point); whole (bool and
// integers); integer. The enumerations, their names and the CPU's table of functions are made from these lists.
// Arithmetic comes before predicates.
// clang-format off
#define LAMINA_UNARY_KINDS(X)                                                                                  \
  X(negative, number) X(abs, number) X(sign, number) X(square, number) X(sqrt, real) X(rsqrt, real)            \
  X(reciprocal, real) X(exp, real) X(expm1, real) X(log, real) X(log1p, real) X(log2, real) X(log10, real)     \
  X(exp2, real) X(sin, real) X(cos, real) X(tan, real) X(asin, real) X(acos, real) X(atan, real) X(sinh, real) \
  X(cosh, real) X(tanh, real) X(asinh, real) X(acosh, real) X(atanh, real) X(sigmoid, real) X(relu, number)    \
  X(softplus, real) X(erf, real) X(erfinv, real) X(lgamma, real) X(digamma, real) X(floor, real) X(ceil, real) \
  X(round, real) X(trunc, real) X(cbrt, real) X(logical_not, any) X(bitwise_not, whole) X(is_nan, any)         \
  X(is_inf, any) X(is_finite, any)

#define LAMINA_BINARY_KINDS(X)                                                                                  \
  X(add, number) X(subtract, number) X(multiply, number) X(divide, real) X(floor_divide, number) X(mod, number) \
  X(fmod, number) X(power, number) X(maximum, any) X(minimum, any) X(fmax, any) X(fmin, any) X(atan2, real)     \
  X(hypot, real) X(nextafter, real) X(gcd, integer) X(bitwise_and, whole) X(bitwise_or, whole)                  \
  X(bitwise_xor, whole) X(left_shift, integer) X(right_shift, integer) X(logical_and, any) X(logical_or, any)   \
  X(logical_xor, any) X(equal, any) X(not_equal, any) X(less, any) X(less_equal, any) X(greater, any)           \
  X(greater_equal, any)
// clang-format on

#define LAMINA_KIND(NAME, DTYPES) NAME,
enum class Unary : uint8_t { LAMINA_UNARY_KINDS(LAMINA_KIND) };    // of one operand
enum class Binary : uint8_t { LAMINA_BINARY_KINDS(LAMINA_KIND) };  // of two
#undef LAMINA_KIND
inline constexpr int kUnaryCount = static_cast<int>(Unary::is_finite) + 1;
inline constexpr int kBinaryCount = static_cast<int>(Binary::greater_equal) + 1;

// Kinds whose result is boolean.
constexpr bool is_predicate(Unary kind) { return kind >= Unary::is_nan || kind == Unary::logical_not; }
constexpr bool is_predicate(Binary kind) { return kind >= Binary::logical_and; }
// As the list above writes it.
std::string_view name_of(Unary kind);
std::string_view name_of(Binary kind);

}  // namespace lamina
