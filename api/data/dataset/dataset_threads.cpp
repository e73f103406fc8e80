// Work ahead on threads: prefetch and parallel map. Errors come out where their element would have come.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "api/data/dataset/dataset_nodes.h"
#include "backends/core/patient_lock.h"

namespace lamina::datasets {

namespace {

// Blocks without the interpreter's lock, which the threads that are waited for may need.
template <class F>
void wait_patiently(F&& f) {
  wait_without_interpreter([](void* context) { (*static_cast<std::remove_reference_t<F>*>(context))(); }, &f);
}

// `workers` threads take the next element under a lock, then compute on it without one. Results keep the input's order.
class WorkAhead final : public DatasetIterator {
 public:
  WorkAhead(DatasetIteratorPtr input, Dataset::Function function, int workers, int64_t ahead)
      : input_(std::move(input)), function_(std::move(function)), ahead_(ahead), workers_(workers) {}
  ~WorkAhead() override {
    wait_patiently([this] {
      {
        std::lock_guard<std::mutex> lock(mutex_);
        stopped_ = true;
      }
      room_.notify_all();
      for (std::thread& t : threads_) t.join();
    });
  }

  std::optional<Value> next() override {
    if (threads_.empty()) start();
    std::shared_ptr<Slot> slot;
    wait_patiently([&] {
      std::unique_lock<std::mutex> lock(mutex_);
      ready_.wait(lock, [&] { return (!queue_.empty() && queue_.front()->done) || (finished_ && queue_.empty()); });
      if (queue_.empty()) return;
      slot = std::move(queue_.front());
      queue_.pop_front();
    });
    room_.notify_one();
    if (!slot) return std::nullopt;
    if (slot->error) {
      std::lock_guard<std::mutex> lock(mutex_);
      finished_ = stopped_ = true;
      queue_.clear();
      std::rethrow_exception(slot->error);
    }
    return std::move(slot->value);
  }

 private:
  struct Slot {
    std::optional<Value> value;
    std::exception_ptr error;
    bool done = false;
  };

  void start() {
    try {
      for (int i = 0; i < workers_; ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // as many as the system gives
      if (threads_.empty())
        throw RuntimeError("A dataset could not start a thread. Use prefetch(0) and map() with one worker.");
    }
  }

  void work() {
    while (true) {
      auto slot = std::make_shared<Slot>();
      std::optional<Value> element;
      {
        // One at a time reads the input; its slot is in the queue before anybody else reads.
        std::unique_lock<std::mutex> reading(reading_);
        {
          std::unique_lock<std::mutex> lock(mutex_);
          room_.wait(lock, [&] { return stopped_ || finished_ || static_cast<int64_t>(queue_.size()) < ahead_; });
          if (stopped_ || finished_) return;
        }
        try {
          element = input_->next();
        } catch (...) { slot->error = std::current_exception(); }
        std::lock_guard<std::mutex> lock(mutex_);
        if (!element && !slot->error) {
          finished_ = true;
        } else {
          queue_.push_back(slot);
          if (slot->error) slot->done = finished_ = true;
        }
        if (finished_) {
          ready_.notify_all();
          room_.notify_all();
          return;
        }
      }
      try {
        slot->value = function_ ? call_with(function_, *element) : std::move(*element);
      } catch (...) { slot->error = std::current_exception(); }
      {
        std::lock_guard<std::mutex> lock(mutex_);
        slot->done = true;
      }
      ready_.notify_all();
    }
  }

  DatasetIteratorPtr input_;
  Dataset::Function function_;
  const int64_t ahead_;
  const int workers_;
  std::mutex mutex_, reading_;
  std::condition_variable ready_, room_;
  std::deque<std::shared_ptr<Slot>> queue_;
  bool finished_ = false, stopped_ = false;
  std::vector<std::thread> threads_;
};

DatasetNodePtr ahead_of(DatasetNodePtr input, Dataset::Function function, int workers, int64_t ahead) {
  const int64_t count = input->cardinality();
  return make_node(
      [input = std::move(input), function = std::move(function), workers, ahead](uint64_t pass) {
        return std::make_unique<WorkAhead>(input->iterate(pass), function, workers, ahead);
      },
      count);
}

}  // namespace

DatasetNodePtr parallel_map(DatasetNodePtr input, Dataset::Function function, int workers) {
  return ahead_of(std::move(input), std::move(function), workers, 2 * workers);
}

DatasetNodePtr prefetched(DatasetNodePtr input, int64_t count) { return ahead_of(std::move(input), nullptr, 1, count); }

}  // namespace lamina::datasets
