#include "backends/core/user_class.h"

#include <array>

namespace lamina {

namespace {
constexpr std::array<std::string_view, kMethodCount> kNames = {
#define LAMINA_METHOD(NAME, SPELLED) SPELLED,
    LAMINA_METHODS(LAMINA_METHOD)
#undef LAMINA_METHOD
};
}  // namespace

std::string_view name_of(Method method) { return kNames[static_cast<size_t>(method)]; }

std::optional<Method> method_named(std::string_view name) {
  for (size_t i = 0; i < kMethodCount; ++i)
    if (kNames[i] == name) return static_cast<Method>(i);
  return std::nullopt;
}

}  // namespace lamina
