#pragma once
// The one thread pool. Work is cut into tasks by the caller in a way that does not depend on the number of threads, so
// results are the same bits for any count.
#include <cstdint>
#include <functional>

namespace lamina {

int thread_count();  // settings().threads(), or the number of cores

namespace detail {
void run_tasks(int64_t count, void (*task)(void*, int64_t), void* context);
}

// Runs f(0) ... f(count-1), some at once, and returns when all are done. Nested calls and calls while another thread
// uses the pool run on the calling thread. The first exception is rethrown.
template <class F>
void parallel_for(int64_t count, F&& f) {
  if (count <= 1 || thread_count() == 1) {
    for (int64_t i = 0; i < count; ++i) f(i);
    return;
  }
  detail::run_tasks(count, [](void* context, int64_t i) { (*static_cast<std::remove_reference_t<F>*>(context))(i); }, &f);
}

}  // namespace lamina
