#include "backends/graph/memory_plan.h"

#include <cstdint>

#include "backends/core/error.h"

namespace lamina {

namespace {
size_t rounded(size_t bytes) { return bytes ? (bytes + 63) / 64 * 64 : 64; }
}  // namespace

void MemoryPlan::erase_size(size_t offset, size_t bytes) {
  for (auto [at, end] = by_size_.equal_range(bytes); at != end; ++at)
    if (at->second == offset) {
      by_size_.erase(at);
      return;
    }
}

size_t MemoryPlan::take(size_t bytes) {
  bytes = rounded(bytes);
  if (auto fit = by_size_.lower_bound(bytes); fit != by_size_.end()) {
    auto [whole, offset] = *fit;
    by_size_.erase(fit);
    free_.erase(offset);
    if (whole > bytes) {
      free_[offset + bytes] = whole - bytes;
      by_size_.emplace(whole - bytes, offset + bytes);
    }
    return offset;
  }
  size_t offset = size_;
  if (!free_.empty()) {  // a free block at the end grows
    auto last = std::prev(free_.end());
    if (last->first + last->second == size_) {
      offset = last->first;
      erase_size(last->first, last->second);
      free_.erase(last);
    }
  }
  if (bytes > PTRDIFF_MAX - offset)
    throw MemoryError(
        "Out of memory: the intermediate results of a compiled function take more than an address space.");
  size_ = offset + bytes;
  return offset;
}

void MemoryPlan::give_back(size_t offset, size_t bytes) {
  bytes = rounded(bytes);
  auto next = free_.lower_bound(offset);
  if (next != free_.end() && offset + bytes == next->first) {
    bytes += next->second;
    erase_size(next->first, next->second);
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == offset) {
      offset = before->first;
      bytes += before->second;
      erase_size(before->first, before->second);
      free_.erase(before);
    }
  }
  free_[offset] = bytes;
  by_size_.emplace(bytes, offset);
}

}  // namespace lamina
