#pragma once
#include <memory>

#include "backends/core/buffer.h"
#include "backends/core/lending.h"

namespace lamina {

// Working memory for the runs of several executables, such as the steps of a model for several batch sizes.
class Arenas {
 public:
  struct Arena {
    BufferPtr memory;
  };
  // At least `bytes`; what is idle but too small or elsewhere makes place for it. MemoryError if the device has none
  // left.
  std::unique_ptr<Arena> take(size_t bytes, Device device = Device::cpu) {
    auto arena = idle_.take();
    if (!arena) arena = std::make_unique<Arena>();
    if (!arena->memory || arena->memory->bytes() < bytes || arena->memory->device() != device) {
      arena->memory = nullptr;
      arena->memory = allocate(bytes, device);
    }
    return arena;
  }
  void give_back(std::unique_ptr<Arena> arena) { idle_.give_back(std::move(arena)); }

 private:
  Lending<Arena> idle_;
};

}  // namespace lamina
