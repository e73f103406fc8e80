#pragma once
// Shared objects whose memory a thread keeps for the next of their kind: a tensor then costs no malloc.
#include <memory>
#include <new>
#include <utility>

namespace lamina {

// An allocator of single T: freed blocks wait in a list of the thread that freed them.
template <class T>
class PoolAllocator {
 public:
  using value_type = T;
  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) {}

  T* allocate(size_t n) {
    if (n != 1 || !alive || !pool.first) return static_cast<T*>(::operator new(n * sizeof(Block)));
    Block* block = pool.first;
    pool.first = block->next;
    --pool.size;
    return reinterpret_cast<T*>(block);
  }
  void deallocate(T* p, size_t n) {
    if (n != 1 || !alive || pool.size >= kKept) return ::operator delete(p);
    auto* block = reinterpret_cast<Block*>(p);
    block->next = pool.first;
    pool.first = block;
    ++pool.size;
  }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }

 private:
  static constexpr size_t kKept = 1024;  // blocks a thread
  union Block {
    Block* next;
    alignas(T) char object[sizeof(T)];
  };
  struct Pool {
    Block* first = nullptr;
    size_t size = 0;
    ~Pool() {
      alive = false;
      while (first) ::operator delete(std::exchange(first, first->next));
    }
  };
  static inline thread_local bool alive = true;
  static inline thread_local Pool pool;
};

template <class T, class... Args>
std::shared_ptr<T> make_pooled(Args&&... args) {
  return std::allocate_shared<T>(PoolAllocator<T>(), std::forward<Args>(args)...);
}

}  // namespace lamina
