#pragma once
// The choice among the builds of a *_simd.cpp (see cmake/LaminaToolchain.cmake), at run time.

namespace lamina {

// Whether the processor has all that the build may use, and LAMINA_INSTRUCTIONS (base, avx2, avx512: the most that may
// be chosen) allows it. ValueError for another value of that variable.
bool has_avx512();
bool has_avx2();
// The set in force: "base", "avx2" or "avx512". Results of two machines agree to the bit only where it is the same.
const char* instruction_set();

}  // namespace lamina

// Within namespace lamina: defines Result name(), which is what name_of_level() gives in the build for the best
// instruction set.
#if defined(LAMINA_X86)
#define LAMINA_SIMD_CHOICE(Result, name)                                 \
  namespace simd_base {                                                  \
  Result name##_of_level();                                              \
  }                                                                      \
  namespace simd_avx2 {                                                  \
  Result name##_of_level();                                              \
  }                                                                      \
  namespace simd_avx512 {                                                \
  Result name##_of_level();                                              \
  }                                                                      \
  Result name() {                                                        \
    static Result chosen = has_avx512() ? simd_avx512::name##_of_level() \
                           : has_avx2() ? simd_avx2::name##_of_level()   \
                                        : simd_base::name##_of_level();  \
    return chosen;                                                       \
  }
#else
#define LAMINA_SIMD_CHOICE(Result, name) \
  namespace simd_base {                  \
  Result name##_of_level();              \
  }                                      \
  Result name() { return simd_base::name##_of_level(); }
#endif
