#pragma once
#include <cstdint>

namespace lamina {

// Index k of an int32 array (int64 if `wide`) into an axis of size n: counted from the end if it is negative, -1 if it
// is outside.
inline int64_t index_at(const void* indices, int64_t k, bool wide, int64_t n) {
  int64_t i = wide ? static_cast<const int64_t*>(indices)[k] : static_cast<const int32_t*>(indices)[k];
  if (i < 0) i += n;
  return i >= 0 && i < n ? i : -1;
}

}  // namespace lamina
