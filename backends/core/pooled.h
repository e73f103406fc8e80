#pragma once
// Shared objects in the caching allocator's blocks: a tensor then costs no malloc.
#include <cstddef>
#include <memory>
#include <utility>

namespace lamina {

// A block of the caching allocator (backends/cpu/allocator.cpp), 64-byte aligned, and its return. MemoryError if the
// system has none left.
void* take_block(size_t bytes);
void give_block(void* block, size_t bytes);

template <class T>
struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(take_block(n * sizeof(T))); }
  void deallocate(T* p, size_t n) { give_block(p, n * sizeof(T)); }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

// As std::make_shared, from memory that the thread keeps for objects of this size.
template <class T, class... Args>
std::shared_ptr<T> make_pooled(Args&&... args) {
  return std::allocate_shared<T>(PoolAllocator<T>(), std::forward<Args>(args)...);
}

}  // namespace lamina
