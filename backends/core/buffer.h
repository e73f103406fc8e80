#pragma once
// Buffer: a block of a device's memory, 64-byte aligned, shared by the tensors that view it. Host blocks come from a
// caching allocator (backends/cpu/allocator.cpp) and return to it, others from their device's driver.
//
// A tensor is a value, so its bytes may have copies on other devices: copy_on() makes one when it is first asked for
// and keeps it with the buffer.
#include <cstddef>
#include <memory>
#include <vector>

#include "backends/core/device.h"

namespace lamina {

// What keeps the bytes of strings alive. Never changed, so that buffers may share one.
using TextOwners = std::vector<std::shared_ptr<const void>>;

class Buffer {
 public:
  Buffer(void* data, size_t bytes, Device device = Device::cpu) : data_(data), bytes_(bytes), device_(device) {}
  // Host memory that somebody else owns (a NumPy array); `owner` keeps it alive.
  Buffer(void* data, size_t bytes, std::shared_ptr<void> owner)
      : data_(data), bytes_(bytes), owner_(std::move(owner)), foreign_(true) {}
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }  // on its device
  Device device() const { return device_; }
  size_t bytes() const { return bytes_; }
  bool foreign() const { return foreign_; }  // never written to
  // Of a tensor of strings: the owners of the text that its elements point to.
  const std::shared_ptr<const TextOwners>& text() const { return text_; }
  // Elements may come from there too. For who makes a buffer, before anyone else sees it.
  void keep_text(const std::shared_ptr<const TextOwners>& owners);
  // To be called before the bytes change, by who knows that nobody else reads them: drops the copies.
  void changing() {
    if (copy_) drop_copy();
  }

 private:
  friend std::shared_ptr<Buffer> copy_on(Device device, const std::shared_ptr<Buffer>& buffer);
  void drop_copy();

  void* data_;
  size_t bytes_;
  std::shared_ptr<void> owner_;
  std::shared_ptr<const TextOwners> text_;
  std::shared_ptr<Buffer> copy_;  // on another device
  Device device_;
  bool foreign_ = false;
};
using BufferPtr = std::shared_ptr<Buffer>;

// Uninitialized memory. MemoryError where the device has none left.
BufferPtr allocate(size_t bytes);  // on the host; MemoryError if the system has none left
BufferPtr allocate(size_t bytes, Device device);
// The same bytes on `device`: the buffer itself, or a copy that it keeps (of foreign memory, which its owner may
// change, a fresh one). Thread-safe.
BufferPtr copy_on(Device device, const BufferPtr& buffer);
// The same for what stays, as a variable's value: never foreign memory.
BufferPtr owned_on(Device device, const BufferPtr& buffer);

}  // namespace lamina
