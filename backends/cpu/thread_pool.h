#pragma once
// The one thread pool. Work is cut into tasks by the caller in a way that does not depend on the number of threads, so
// results are the same bits for any count.
#include <atomic>
#include <cstdint>
#include <functional>

namespace lamina {

// settings().threads(), or usable_cores() where that is 0. Fewer work where the system starts no more threads.
int thread_count();

namespace detail {
// task(context, i) for each i below count, by the pool's threads and the caller; returns when all have ended.
void run_tasks(int64_t count, void (*task)(void*, int64_t), void* context);
}  // namespace detail

// Runs f(0) ... f(count-1), some at once, and returns when all are done. Nested calls and calls while another thread
// uses the pool run on the calling thread. The first exception is rethrown.
template <class F>
void parallel_for(int64_t count, F&& f) {
  if (count <= 1 || thread_count() == 1) {
    for (int64_t i = 0; i < count; ++i) f(i);
    return;
  }
  detail::run_tasks(
      count, [](void* context, int64_t i) { (*static_cast<std::remove_reference_t<F>*>(context))(i); }, &f);
}

// Wakes threads of the pool that sleep, for work that is to come within microseconds: waking takes longer than many an
// op.
void rouse_workers();

// Work that can wait: its pieces, each done once, are for threads of the pool that have nothing else to do at the
// moment; finish() does what they leave. A piece should take a microsecond or two (a thread at one comes that much
// later to the next parallel_for) and must not throw. One SpareWork at a time has helpers; others wait for finish().
class SpareWork {
 public:
  SpareWork(int64_t count, std::function<void(int64_t)> piece);
  ~SpareWork();   // waits for pieces under way; the others stay undone
  void finish();  // returns when all are done
  bool step();    // does one piece; false if none is left

 private:
  void withdraw();
  int64_t count_;
  std::function<void(int64_t)> piece_;
  bool offered_;
  std::atomic<int64_t> next_{0}, done_{0};
};

}  // namespace lamina
