#include "backends/cpu/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "backends/core/settings.h"
#include "backends/cpu/cores.h"

namespace lamina {

int thread_count() {
  int wanted = settings().threads();
  return wanted > 0 ? wanted : usable_cores();
}

namespace {

// Short: at both ends of every parallel_for a thread looks for the other's word, and what it sleeps is lost (16 pauses
// cost 0.7 us a call).
void spin() {
#if defined(__x86_64__)
  for (int i = 0; i < 2; ++i) __builtin_ia32_pause();
#endif
}
constexpr int kPatience = 4000;  // spins until the core is offered to whom one waits for

// One job at a time. Workers join a job while its gate is open; the caller closes the gate when no task is left and
// waits only for those that joined, so a worker that the system does not run costs nothing.
class Pool {
 public:
  static Pool& instance() {
    Pool*& pool = current();
    return *pool;
  }

  void run(int64_t count, void (*task)(void*, int64_t), void* context) {
    if (inside_ || !busy_.try_lock()) {
      for (int64_t i = 0; i < count; ++i) task(context, i);
      return;
    }
    std::lock_guard<std::mutex> hold(busy_, std::adopt_lock);
    const int helpers = start_workers(thread_count() - 1);
    limit_ = static_cast<uint64_t>(std::min<int64_t>(helpers, count - 1));
    share(count, static_cast<int>(limit_) + 1);
    inside_ = true;
    task_ = task;
    context_ = context;
    error_ = nullptr;
    core_.store(sched_getcpu(), std::memory_order_relaxed);
    gate_.store(++generation_ << kShift | kOpen);
    if (sleepers_.load()) {
      std::lock_guard<std::mutex> lock(sleep_mutex_);  // a worker about to sleep has either seen the gate or is waiting
      for (uint64_t i = 0; i < limit_; ++i) wake_.notify_one();
    }
    work(0);
    gate_.fetch_and(~kOpen, std::memory_order_acq_rel);
    for (int spins = 0; gate_.load(std::memory_order_acquire) & kJoined; ++spins) {
      spin();
      if (spins > kPatience) sched_yield();  // late: the worker may need this very core
    }
    inside_ = false;
    if (error_) std::rethrow_exception(error_);
  }

  void rouse() {
    if (!sleepers_.load()) return;
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    ++calls_;
    wake_.notify_all();
  }

  // Offers spare work to waiting workers, unless other work is on offer.
  void offer(SpareWork* work) {
    SpareWork* none = nullptr;
    spare_.compare_exchange_strong(none, work);
  }
  // Ends the offer; nobody is at the work when it returns.
  void withdraw(SpareWork* work) {
    SpareWork* expected = work;
    spare_.compare_exchange_strong(expected, nullptr);
    for (int spins = 0; helpers_.load(); ++spins) {
      spin();
      if (spins > kPatience) sched_yield();
    }
  }

 private:
  static constexpr int kShift = 16;  // gate: generation, open, how many workers are inside
  static constexpr uint64_t kOpen = 1u << 15, kJoined = kOpen - 1;
  static constexpr auto kAwake = std::chrono::microseconds(
      300);  // how long a worker looks for the next job before it sleeps; to wake it costs tens of microseconds

  static Pool*& current() {
    static Pool* pool = [] {
      // A forked child has no workers: it starts afresh.
      pthread_atfork(nullptr, nullptr, [] { current() = new Pool; });
      return new Pool;  // never destroyed: workers may outlive main's statics
    }();
    return pool;
  }

  // How many of the wanted workers there are. Where the system starts no more (a limit on processes or memory), those
  // that it did start do the work; it is asked again after a while.
  int start_workers(int wanted) {
    while (workers_ < wanted) {
      if (refused_ && --refused_) break;
      try {
        std::thread([this, number = workers_, seen = generation_] { loop(number, seen); }).detach();
        ++workers_;
        refused_ = 0;
      } catch (const std::system_error&) {
        refused_ = kRefusals;
        break;
      }
    }
    return std::min(workers_, wanted);
  }

  // A thread's part of the tasks: the same part of every job, so that it finds in its cache what it wrote in the job
  // before.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  void share(int64_t count, int parts) {
    if (shares_.size() < static_cast<size_t>(parts)) shares_ = std::vector<Share>(static_cast<size_t>(parts));
    parts_ = parts;
    for (int64_t p = 0; p < parts; ++p) {
      shares_[p].next.store(count * p / parts, std::memory_order_relaxed);
      shares_[p].end = count * (p + 1) / parts;
    }
  }

  // The tasks of one share, then what the others have left.
  void work(int own) {
    for (int k = 0; k < parts_; ++k) {
      Share& share = shares_[static_cast<size_t>((own + k) % parts_)];
      for (int64_t i; (i = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
        try {
          task_(context_, i);
        } catch (...) {
          std::lock_guard<std::mutex> lock(error_mutex_);
          if (!error_) error_ = std::current_exception();
        }
      }
    }
  }

  bool join(uint64_t gate) {
    while (gate & kOpen) {
      if ((gate & kJoined) >= limit_.load(std::memory_order_relaxed)) return false;
      if (gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }

  void help() {
    helpers_.fetch_add(1);  // before the work is looked at: withdraw() clears it first, then waits for the helpers
    SpareWork* work = spare_.load();
    if (work && !work->step()) spare_.compare_exchange_strong(work, nullptr);
    helpers_.fetch_sub(1);
  }

  void loop(int number, uint64_t seen) {
    inside_ = true;
    for (;;) {
      auto is_new = [&] { return gate_.load() >> kShift != seen; };
      // On the caller's core it would only keep the caller from running.
      for (auto until = std::chrono::steady_clock::now() + kAwake;
           !is_new() && std::chrono::steady_clock::now() < until;) {
        if (sched_getcpu() == core_.load(std::memory_order_relaxed)) break;
        if (spare_.load(std::memory_order_relaxed))
          help();
        else
          spin();
      }
      if (!is_new()) {
        std::unique_lock<std::mutex> lock(sleep_mutex_);
        sleepers_.fetch_add(1);
        const uint64_t calls = calls_;
        wake_.wait(lock, [&] { return is_new() || calls_ != calls; });
        sleepers_.fetch_sub(1);
        if (!is_new()) continue;  // roused: awake for a while
      }
      uint64_t gate = gate_.load();
      seen = gate >> kShift;
      if (!join(gate)) continue;
      work(parts_ > 1 ? 1 + number % (parts_ - 1) : 0);
      gate_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::mutex busy_, sleep_mutex_, error_mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> gate_{0}, limit_{0};
  std::vector<Share> shares_;
  int parts_ = 0;
  std::atomic<int> sleepers_{0}, core_{-1}, helpers_{0};
  std::atomic<SpareWork*> spare_{nullptr};
  uint64_t generation_ = 0;
  uint64_t calls_ = 0;  // of rouse(), under sleep_mutex_
  void (*task_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  std::exception_ptr error_;
  int workers_ = 0;
  int refused_ = 0;  // jobs to pass before threads are asked for again
  static constexpr int kRefusals = 10000;
  static thread_local bool inside_;
};
thread_local bool Pool::inside_ = false;

}  // namespace

void rouse_workers() { Pool::instance().rouse(); }

namespace detail {
void run_tasks(int64_t count, void (*task)(void*, int64_t), void* context) {
  Pool::instance().run(count, task, context);
}
}  // namespace detail

SpareWork::SpareWork(int64_t count, std::function<void(int64_t)> piece)
    : count_(count), piece_(std::move(piece)), offered_(thread_count() > 1) {
  if (offered_) Pool::instance().offer(this);
}

SpareWork::~SpareWork() { withdraw(); }

void SpareWork::withdraw() {
  if (offered_) Pool::instance().withdraw(this);  // though the number of threads may have changed since
}

bool SpareWork::step() {
  if (next_.load(std::memory_order_relaxed) >= count_) return false;
  const int64_t i = next_.fetch_add(1, std::memory_order_relaxed);
  if (i >= count_) return false;
  piece_(i);
  done_.fetch_add(1, std::memory_order_release);
  return true;
}

void SpareWork::finish() {
  while (step()) continue;
  withdraw();
  if (done_.load(std::memory_order_acquire) != count_)
    throw RuntimeError("Spare work ended with ", done_.load(), " of ", count_, " pieces done.");
}

}  // namespace lamina
