#include "backends/cpu/thread_pool.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/core/settings.h"

namespace lamina {

int thread_count() {
  static const int cores = std::max(1u, std::thread::hardware_concurrency());
  int wanted = settings().threads();
  return wanted > 0 ? wanted : cores;
}

namespace {

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

class Pool {
 public:
  static Pool& instance() {
    static Pool* pool = new Pool;  // never destroyed: workers may outlive main's statics
    return *pool;
  }

  void run(int64_t count, void (*task)(void*, int64_t), void* context) {
    if (inside_ || !busy_.try_lock()) {
      for (int64_t i = 0; i < count; ++i) task(context, i);
      return;
    }
    std::lock_guard<std::mutex> hold(busy_, std::adopt_lock);
    start_workers(thread_count() - 1);
    inside_ = true;
    task_ = task;
    context_ = context;
    count_ = count;
    error_ = nullptr;
    next_.store(0, std::memory_order_relaxed);
    pending_.store(static_cast<int>(workers_), std::memory_order_relaxed);
    {
      std::lock_guard<std::mutex> lock(sleep_mutex_);  // a worker about to sleep must see the new generation
      generation_.fetch_add(1, std::memory_order_release);
    }
    if (sleepers_.load(std::memory_order_acquire)) wake_.notify_all();
    work();
    while (pending_.load(std::memory_order_acquire)) pause();
    inside_ = false;
    if (error_) std::rethrow_exception(error_);
  }

 private:
  Pool() {
    // A forked child has no workers: start afresh there.
    pthread_atfork(nullptr, nullptr, [] { instance().workers_ = 0; });
  }

  void start_workers(int wanted) {
    while (workers_ < wanted) {
      uint64_t seen = generation_.load();
      std::thread([this, seen] { loop(seen); }).detach();
      ++workers_;
    }
  }

  void work() {
    for (int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
      try {
        task_(context_, i);
      } catch (...) {
        std::lock_guard<std::mutex> lock(error_mutex_);
        if (!error_) error_ = std::current_exception();
      }
    }
  }

  void loop(uint64_t seen) {
    inside_ = true;
    for (;;) {
      for (int spin = 0; spin < 4000 && generation_.load(std::memory_order_acquire) == seen; ++spin) pause();
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(sleep_mutex_);
        sleepers_.fetch_add(1);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_acquire) != seen; });
        sleepers_.fetch_sub(1);
      }
      seen = generation_.load(std::memory_order_acquire);
      work();
      pending_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::mutex busy_, sleep_mutex_, error_mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int64_t> next_{0};
  std::atomic<int> pending_{0}, sleepers_{0};
  int64_t count_ = 0;
  void (*task_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  std::exception_ptr error_;
  int workers_ = 0;
  static thread_local bool inside_;
};
thread_local bool Pool::inside_ = false;

}  // namespace

namespace detail {
void run_tasks(int64_t count, void (*task)(void*, int64_t), void* context) { Pool::instance().run(count, task, context); }
}  // namespace detail

}  // namespace lamina
