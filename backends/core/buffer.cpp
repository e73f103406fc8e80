#include "backends/core/buffer.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "backends/core/pooled.h"

namespace lamina {

namespace {
std::mutex copies;  // of all buffers: copies are made seldom, and take longer than waiting for another one

BufferPtr copied(Device device, const Buffer& from) {
  BufferPtr to = allocate(from.bytes(), device);
  to->keep_text(from.text());
  if (from.bytes() == 0) return to;
  if (from.device().is_host() && device.is_host()) {
    std::memcpy(to->data(), from.data(), from.bytes());
  } else if (from.device().is_host()) {
    driver_of(device).upload(to->data(), from.data(), from.bytes());
  } else if (device.is_host()) {
    driver_of(from.device()).download(to->data(), from.data(), from.bytes());
  } else {
    BufferPtr between = copied(Device::cpu, from);
    driver_of(device).upload(to->data(), between->data(), from.bytes());
  }
  return to;
}
}  // namespace

Buffer::~Buffer() {
  if (foreign_) return;
  if (device_.is_host())
    give_block(data_, bytes_);
  else
    driver_of(device_).release(data_, bytes_);
}

void Buffer::drop_copy() {
  std::lock_guard<std::mutex> lock(copies);
  copy_ = nullptr;
}

void Buffer::keep_text(const std::shared_ptr<const TextOwners>& owners) {
  if (!owners || owners == text_) return;
  if (!text_) {
    text_ = owners;
    return;
  }
  auto all = std::make_shared<TextOwners>(*text_);
  for (const auto& owner : *owners)
    if (std::find(text_->begin(), text_->end(), owner) == text_->end()) all->push_back(owner);
  if (all->size() > text_->size()) text_ = std::move(all);
}

BufferPtr allocate(size_t bytes, Device device) {
  if (device.is_host()) return allocate(bytes);
  return make_pooled<Buffer>(driver_of(device).allocate(bytes), bytes, device);
}

BufferPtr copy_on(Device device, const BufferPtr& buffer) {
  if (buffer->device() == device) return buffer;
  if (buffer->foreign()) return copied(device, *buffer);
  std::lock_guard<std::mutex> lock(copies);
  if (!buffer->copy_ || buffer->copy_->device() != device) buffer->copy_ = copied(device, *buffer);
  return buffer->copy_;
}

BufferPtr owned_on(Device device, const BufferPtr& buffer) {
  return buffer->foreign() ? copied(device, *buffer) : copy_on(device, buffer);
}

}  // namespace lamina
