#pragma once
// Buffer: a block of device memory, 64-byte aligned, shared by the tensors that view it. CPU blocks come from a caching
// allocator (backends/cpu/allocator.cpp) and return to it.
#include <cstddef>
#include <memory>

namespace lamina {

class Buffer {
 public:
  Buffer(void* data, size_t bytes) : data_(data), bytes_(bytes) {}
  // Memory that somebody else owns (a NumPy array); `owner` keeps it alive.
  Buffer(void* data, size_t bytes, std::shared_ptr<void> owner) : data_(data), bytes_(bytes), owner_(std::move(owner)), foreign_(true) {}
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  bool foreign() const { return foreign_; }  // never written to

 private:
  void* data_;
  size_t bytes_;
  std::shared_ptr<void> owner_;
  bool foreign_ = false;
};
using BufferPtr = std::shared_ptr<Buffer>;

BufferPtr allocate(size_t bytes);  // MemoryError if the system has none left

}  // namespace lamina
