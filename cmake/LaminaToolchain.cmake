# Compiler set-up: warnings, ccache, mold, sanitizers, and the per-instruction-set build of *_simd.cpp.

# ccache and precompiled headers do not go together here: a header cached from another checkout is taken for this one's.
option(LAMINA_CCACHE "Compile through ccache, without precompiled headers" OFF)
find_program(CCACHE_PROGRAM ccache)
if(LAMINA_CCACHE AND CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

set(LAMINA_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
if(LAMINA_SANITIZE)
  add_compile_options(-fsanitize=${LAMINA_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${LAMINA_SANITIZE})
endif()

function(lamina_warnings target)
  target_compile_options(${target} PRIVATE $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall;-Wextra;-Wno-unused-parameter;-Wno-missing-field-initializers>)
endfunction()

# Sources named *_simd.cpp hold loops worth a build for each instruction set. Each is compiled once a level with
# LAMINA_SIMD_LEVEL (0 baseline, 1 AVX2+FMA, 2 AVX-512) and LAMINA_SIMD_NAMESPACE set; they keep everything inside
# that namespace and call no inline library code, so the linker can't mix levels. The caller picks at run time.
function(lamina_add_simd_sources target)
  if(NOT ARGN)
    return()
  endif()
  set(levels base)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(levels base avx2 avx512)
    target_compile_definitions(${target} PRIVATE LAMINA_X86=1)
  endif()
  set(flags_base "")
  set(flags_avx2 -mavx2 -mfma -mf16c)
  set(flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c -mprefer-vector-width=512)
  set(level 0)
  foreach(name IN LISTS levels)
    add_library(lamina_simd_${name} OBJECT ${ARGN})
    target_include_directories(lamina_simd_${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_definitions(lamina_simd_${name} PRIVATE LAMINA_SIMD_LEVEL=${level} LAMINA_SIMD_NAMESPACE=simd_${name})
    # No errno, no traps, no NaN-blind shortcuts: NaN and infinity behave as IEEE says.
    target_compile_options(lamina_simd_${name} PRIVATE -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast ${flags_${name}})
    lamina_warnings(lamina_simd_${name})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:lamina_simd_${name}>)
    math(EXPR level "${level}+1")
  endforeach()
endfunction()
