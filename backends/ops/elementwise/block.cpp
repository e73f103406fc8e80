#include "backends/ops/elementwise/block.h"

#include "backends/cpu/simd_choice.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const BlockTable&, block_table)

#define LAMINA_KIND(NAME, DTYPES) #NAME,

std::string_view name_of(Unary kind) {
  static constexpr std::string_view names[] = {LAMINA_UNARY_KINDS(LAMINA_KIND)};
  static_assert(std::size(names) == kUnaryCount);
  return names[static_cast<int>(kind)];
}

std::string_view name_of(Binary kind) {
  static constexpr std::string_view names[] = {LAMINA_BINARY_KINDS(LAMINA_KIND)};
  static_assert(std::size(names) == kBinaryCount);
  return names[static_cast<int>(kind)];
}

#undef LAMINA_KIND

}  // namespace lamina
