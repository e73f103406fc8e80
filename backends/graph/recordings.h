#pragma once
// What the runs of one context have left on a device that can record work (CUDA Graphs): a run that meets the pointers
// of an earlier one is replayed, with one call for many kernels. The executable lets arguments and results come and go
// through memory that stays, and variables are updated in place, so that the steps of a training loop meet the same
// pointers, or few sets of them.
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "backends/core/device.h"

namespace lamina {

class Recordings {
 public:
  // Calls [begin, end) of a run, all of which a device can keep, or none.
  struct Part {
    size_t begin, end;
    bool recordable;
  };
  using Calls = std::function<void(size_t begin, size_t end)>;

  // Does all parts, in order. `pointers` is everything that the calls' work depends on but what their memory holds. The
  // first run with some pointers calls, the second records and replays, later ones replay.
  void run(DeviceDriver& driver, std::span<void* const> pointers, std::span<const Part> parts, const Calls& calls);

  static constexpr size_t kMost = 8;  // sets of pointers that are remembered

 private:
  struct Entry {
    std::vector<void*> pointers;
    std::vector<std::unique_ptr<Recording>> parts;  // null: to be called; empty: seen once
    uint64_t used = 0;
  };
  Entry* find(std::span<void* const> pointers);
  std::vector<Entry> entries_;
  uint64_t runs_ = 0;
  bool refused_ = false;  // the device could not keep some part: none is tried again
};

}  // namespace lamina
