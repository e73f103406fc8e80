#pragma once
// Things that runs borrow and give back: the first idle one without a lock, the others in a list.
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "backends/core/buffer.h"

namespace lamina {

template <class T>
class Lending {
 public:
  Lending() = default;
  Lending(const Lending&) = delete;
  Lending& operator=(const Lending&) = delete;
  ~Lending() { delete first_.load(); }

  std::unique_ptr<T> take() {  // null if none is idle
    if (T* t = first_.exchange(nullptr, std::memory_order_acq_rel)) return std::unique_ptr<T>(t);
    std::lock_guard<std::mutex> lock(mutex_);
    if (more_.empty()) return nullptr;
    std::unique_ptr<T> t = std::move(more_.back());
    more_.pop_back();
    return t;
  }
  void give_back(std::unique_ptr<T> t) noexcept {
    T* expected = nullptr;
    if (first_.compare_exchange_strong(expected, t.get(), std::memory_order_acq_rel)) return void(t.release());
    std::lock_guard<std::mutex> lock(mutex_);
    try {
      more_.push_back(std::move(t));
    } catch (const std::bad_alloc&) {  // no memory to remember it: it goes
    }
  }

 private:
  std::atomic<T*> first_{nullptr};
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> more_;
};

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
