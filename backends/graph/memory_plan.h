#pragma once
// Places for blocks in one arena: best fit over the memory that is free at a moment.
#include <cstddef>
#include <iterator>
#include <map>

namespace lamina {

class MemoryPlan {
 public:
  size_t take(size_t bytes);  // offset of a free block, 64-byte aligned
  void give_back(size_t offset, size_t bytes);
  size_t size() const { return size_; }  // bytes the arena needs

 private:
  std::map<size_t, size_t> free_;  // offset to bytes
  std::multimap<size_t, size_t> by_size_;
  size_t size_ = 0;
  void erase_size(size_t offset, size_t bytes);
};

}  // namespace lamina
