#include "backends/cpu/simd_choice.h"

#include <cstdlib>
#include <string_view>

#include "backends/core/error.h"

namespace lamina {

namespace {

bool allowed(int level) {
  static const int most = [] {
    const char* value = std::getenv("LAMINA_INSTRUCTIONS");
    const std::string_view name = value ? value : "";
    if (name == "base") return 0;
    if (name == "avx2") return 1;
    if (name.empty() || name == "avx512") return 2;
    throw ValueError("LAMINA_INSTRUCTIONS: expected \"base\", \"avx2\" or \"avx512\", received \"", name, "\".");
  }();
  return level <= most;
}

}  // namespace

#if defined(LAMINA_X86)
bool has_avx512() {
  return allowed(2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_avx2() {
  return allowed(1) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}
#else
bool has_avx512() { return false; }
bool has_avx2() { return false; }
#endif
const char* instruction_set() { return has_avx512() ? "avx512" : has_avx2() ? "avx2" : "base"; }

}  // namespace lamina
