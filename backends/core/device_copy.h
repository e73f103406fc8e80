#pragma once
#include <cstring>

#include "backends/core/device.h"

namespace lamina {

// From one place of a device's memory to another, which do not overlap. On the host at once, elsewhere in the device's
// order of work.
inline void copy_within(Device device, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  if (device.is_host())
    std::memcpy(to, from, bytes);
  else
    driver_of(device).copy(to, from, bytes);
}

}  // namespace lamina
