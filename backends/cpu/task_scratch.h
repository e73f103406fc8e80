#pragma once
#include <cstdlib>

#include "backends/core/error.h"

namespace lamina {

// Memory of the calling thread, at least `bytes` and 64-byte aligned, good until the next call on this thread. A kernel
// that runs others inside its tasks takes another slot than they.
template <int kSlot = 0>
void* task_scratch(size_t bytes) {
  struct Memory {
    void* data = nullptr;
    size_t size = 0;
    ~Memory() { std::free(data); }
  };
  thread_local Memory memory;
  if (memory.size < bytes) {
    std::free(memory.data);
    memory.size = (bytes + 4095) / 4096 * 4096;
    memory.data = std::aligned_alloc(64, memory.size);
    if (!memory.data) {
      memory.size = 0;
      throw MemoryError("no memory for ", bytes, " bytes of a kernel's working memory.");
    }
  }
  return memory.data;
}

}  // namespace lamina
