#pragma once
#include <cstdint>

#include "backends/core/error.h"

namespace lamina::emulated {

// An emulated device's addresses are the host's plus this, which names the device too: bits 55 and above belong to no
// process, neither on x86-64 nor on AArch64.
constexpr uintptr_t elsewhere(int index) { return (uintptr_t{1} << 55) | (static_cast<uintptr_t>(index) << 56); }

template <class T>
T* device_address(T* memory, int index) {
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(memory) | elsewhere(index));
}

// Where memory of device `index` lies on the host. A RuntimeError if it is another device's: no GPU may read another's.
template <class T>
T* host_address(T* memory, int index) {
  if (!memory) return nullptr;
  const auto address = reinterpret_cast<uintptr_t>(memory);
  if ((address ^ elsewhere(index)) >> 55)
    throw RuntimeError("the emulated device ", index, " was given memory that is not its own.");
  return reinterpret_cast<T*>(address ^ elsewhere(index));
}

}  // namespace lamina::emulated
