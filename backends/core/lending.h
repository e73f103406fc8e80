#pragma once
// Things that runs borrow and give back: each thread finds what it gave back itself without waiting for others; what is
// left over is in a list.
#include <memory>
#include <mutex>
#include <vector>

#include "backends/core/lanes.h"

namespace lamina {

template <class T>
class Lending {
 public:
  std::unique_ptr<T> take() {  // null if none is idle
    if (auto lane = lanes_.mine(); lane && *lane) return std::move(*lane);
    std::unique_ptr<T> t;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!more_.empty()) {
        t = std::move(more_.back());
        more_.pop_back();
      }
    }
    // What another thread left: calls that take turns need one between them.
    if (!t)
      lanes_.each_idle([&](std::unique_ptr<T>& other) {
        if (!t) t = std::move(other);
      });
    return t;
  }
  void give_back(std::unique_ptr<T> t) noexcept {
    try {
      if (auto lane = lanes_.mine(); lane && !*lane) {
        *lane = std::move(t);
        return;
      }
      std::lock_guard<std::mutex> lock(mutex_);
      more_.push_back(std::move(t));
    } catch (const std::bad_alloc&) {  // no memory to remember it: it goes
    }
  }

 private:
  Lanes<std::unique_ptr<T>> lanes_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> more_;
};

}  // namespace lamina
