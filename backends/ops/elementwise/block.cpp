#include "backends/ops/elementwise/block.h"

#include "backends/cpu/simd_choice.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const BlockTable&, block_table)

std::string_view name_of(Unary kind) {
  static constexpr std::string_view names[] = {
      "negative", "abs",      "sign",        "square",      "sqrt",   "rsqrt",   "reciprocal", "exp",   "expm1",
      "log",      "log1p",    "log2",        "log10",       "exp2",   "sin",     "cos",        "tan",   "asin",
      "acos",     "atan",     "sinh",        "cosh",        "tanh",   "asinh",   "acosh",      "atanh", "sigmoid",
      "relu",     "softplus", "erf",         "erfinv",      "lgamma", "digamma", "floor",      "ceil",  "round",
      "trunc",    "cbrt",     "logical_not", "bitwise_not", "is_nan", "is_inf",  "is_finite"};
  static_assert(std::size(names) == kUnaryCount);
  return names[static_cast<int>(kind)];
}

std::string_view name_of(Binary kind) {
  static constexpr std::string_view names[] = {
      "add",         "subtract",   "multiply",    "divide",      "floor_divide", "mod",
      "fmod",        "power",      "maximum",     "minimum",     "fmax",         "fmin",
      "atan2",       "hypot",      "nextafter",   "gcd",         "bitwise_and",  "bitwise_or",
      "bitwise_xor", "left_shift", "right_shift", "logical_and", "logical_or",   "logical_xor",
      "equal",       "not_equal",  "less",        "less_equal",  "greater",      "greater_equal"};
  static_assert(std::size(names) == kBinaryCount);
  return names[static_cast<int>(kind)];
}

}  // namespace lamina
