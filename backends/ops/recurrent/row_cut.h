#pragma once
#include <algorithm>

#include "backends/cpu/thread_pool.h"

namespace lamina {

// The rows of a batch in tasks, in a way that depends on the batch alone.
struct RowCut {
  int64_t batch, tasks, rows;
  // At most 16 rows per task, whose state stays in the nearest caches; an even number of tasks where there are rows for
  // them.
  explicit RowCut(int64_t batch) : batch(batch) {
    tasks = std::max<int64_t>(1, std::min<int64_t>(batch, 2 * ((batch + 31) / 32)));
    rows = std::max<int64_t>(1, (batch + tasks - 1) / tasks);
    tasks = (batch + rows - 1) / rows;
  }
  // Calls f(task, its first row, the row behind its last) on the threads of the pool.
  template <class F>
  void each(F&& f) const {
    parallel_for(tasks, [&](int64_t task) { f(task, task * rows, std::min(batch, (task + 1) * rows)); });
  }
};

}  // namespace lamina
