#pragma once
#include <cstdint>

namespace lamina::emulated {

// The emulated device's addresses are the host's plus this: bit 55 belongs to no process, neither on x86-64 nor on AArch64.
inline constexpr uintptr_t kElsewhere = uintptr_t{1} << 55;

template <class T>
T* host_address(T* memory) { return memory ? reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(memory) - kElsewhere) : nullptr; }

}  // namespace lamina::emulated
