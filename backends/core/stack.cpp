#include "backends/core/stack.h"

#include <pthread.h>

#include <algorithm>
#include <cstdint>

#include "backends/core/error.h"

namespace lamina {

namespace {

// The lowest address at which a new call may begin; 0 if the system does not tell.
uintptr_t lowest_allowed() {
  constexpr uintptr_t kReserve =
      1u << 20;  // what lies below a checked call: ops, kernels, their libraries, the way of an exception
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void* base = nullptr;
  size_t size = 0;
  const bool known = pthread_attr_getstack(&attributes, &base, &size) == 0;
  pthread_attr_destroy(&attributes);
  return known ? reinterpret_cast<uintptr_t>(base) + std::min<uintptr_t>(kReserve, size / 4) : 0;
}

}  // namespace

void check_stack(const char* what) {
  thread_local const uintptr_t lowest = lowest_allowed();
  if (reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) < lowest) [[unlikely]]
    throw RecursionError(what, " nests too deeply: the stack is used up. Does an object hold or call itself?");
}

}  // namespace lamina
