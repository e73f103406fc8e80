// Caching allocator: freed blocks wait in per-thread lists by size class, so that an eager op does not reach malloc.
#include <cstdlib>
#include <new>

#include "backends/core/buffer.h"
#include "backends/core/error.h"
#include "backends/core/pooled.h"

namespace lamina {

namespace {

constexpr size_t kAlignment = 64;
constexpr int kClasses = 48;                        // sizes 64 * 2^(k/2): at most 41% unused
constexpr size_t kMost = PTRDIFF_MAX - 4096;        // larger requests would wrap around when they are rounded up
constexpr size_t kCachedBytesAThread = 256u << 20;  // beyond that blocks go back to the system

struct ClassTable {
  size_t size[kClasses];
  constexpr ClassTable() : size() {
    for (int k = 0; k < kClasses; ++k) size[k] = (size_t{64} << (k / 2)) + (k % 2 ? (size_t{32} << (k / 2)) : 0);
  }
};
constexpr ClassTable kTable;

int class_of(size_t bytes) {
  if (bytes <= 64) return 0;
  int log = 63 - __builtin_clzll((bytes - 1) / 64 | 1);
  int k = 2 * log;
  while (k < kClasses && kTable.size[k] < bytes) ++k;
  return k;
}

struct Cache {
  struct Block {
    Block* next;
  };
  Block* free[kClasses] = {};
  size_t bytes = 0;
  ~Cache();
};
thread_local bool cache_alive = true;
thread_local Cache cache;

Cache::~Cache() {
  cache_alive = false;
  for (Block* b : free)
    while (b) {
      Block* next = b->next;
      std::free(b);
      b = next;
    }
}

}  // namespace

void* take_block(size_t bytes) {
  if (bytes > kMost)
    throw MemoryError("Out of memory: a tensor of ", bytes, " bytes does not fit. Use a smaller batch or model.");
  int k = class_of(bytes);
  if (k < kClasses && cache_alive && cache.free[k]) {
    auto* block = cache.free[k];
    cache.free[k] = block->next;
    cache.bytes -= kTable.size[k];
    return block;
  }
  // aligned_alloc wants whole multiples of the alignment; one class is none.
  size_t rounded = ((k < kClasses ? kTable.size[k] : bytes) + kAlignment - 1) / kAlignment * kAlignment;
  void* data = std::aligned_alloc(kAlignment, rounded);
  if (!data)
    throw MemoryError("Out of memory: a tensor of ", bytes, " bytes does not fit. Use a smaller batch or model.");
  return data;
}

void give_block(void* data, size_t bytes) {
  int k = class_of(bytes);
  if (k < kClasses && cache_alive && cache.bytes + kTable.size[k] <= kCachedBytesAThread) {
    auto* block = static_cast<Cache::Block*>(data);
    block->next = cache.free[k];
    cache.free[k] = block;
    cache.bytes += kTable.size[k];
  } else {
    std::free(data);
  }
}

BufferPtr allocate(size_t bytes) {
  void* data = take_block(bytes);
  return make_pooled<Buffer>(data, bytes);
}

}  // namespace lamina
