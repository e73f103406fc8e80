#pragma once
// Threads that call one object at the same time each get a place of their own in it, so that none of them writes to
// memory that another one reads: a count or a lock that two cores share costs more than predicting with a small model.
#include <array>
#include <atomic>
#include <memory>
#include <utility>

namespace lamina {

namespace detail {
// Which place the calling thread takes: threads count from 0 in the order in which they first ask.
inline unsigned lane_of_thread() {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}
}  // namespace detail

constexpr unsigned kLanes = 64;

// Up to kLanes values of T, made when a thread first asks for its own. More threads than that share them in turn.
template <class T>
class Lanes {
 public:
  Lanes() = default;
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;
  ~Lanes() {
    for (auto& lane : lanes_) delete lane.load();
  }

  // A value for the time that this lives. Empty while another thread, or a call further out on this one, has it.
  class Hold {
   public:
    Hold(Hold&& other) noexcept : lane_(std::exchange(other.lane_, nullptr)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (lane_) lane_->taken.store(false, std::memory_order_release);
    }
    explicit operator bool() const { return lane_ != nullptr; }
    T* operator->() const { return &lane_->value; }
    T& operator*() const { return lane_->value; }

   private:
    friend class Lanes;
    explicit Hold(typename Lanes::Lane* lane) : lane_(lane) {}
    typename Lanes::Lane* lane_;
  };

  // The calling thread's.
  Hold mine() {
    auto& at = lanes_[detail::lane_of_thread() % kLanes];
    Lane* lane = at.load(std::memory_order_acquire);
    if (!lane) [[unlikely]] {
      auto fresh = std::make_unique<Lane>();
      if (at.compare_exchange_strong(lane, fresh.get(), std::memory_order_acq_rel)) lane = fresh.release();
    }
    return hold(lane);
  }

  // f of every value that nobody has at this moment.
  template <class F>
  void each_idle(F&& f) {
    for (auto& at : lanes_)
      if (Lane* lane = at.load(std::memory_order_acquire))
        if (Hold held = hold(lane)) f(*held);
  }

 private:
  struct alignas(64) Lane {
    std::atomic<bool> taken{false};
    T value{};
  };
  static Hold hold(Lane* lane) {
    // Looked at first: a thread that finds it taken leaves the cache line to its owner.
    const bool taken =
        lane->taken.load(std::memory_order_relaxed) || lane->taken.exchange(true, std::memory_order_acquire);
    return Hold(taken ? nullptr : lane);
  }
  std::array<std::atomic<Lane*>, kLanes> lanes_{};
};

}  // namespace lamina
