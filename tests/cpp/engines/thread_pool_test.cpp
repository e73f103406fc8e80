// The thread pool: each task once, for any number of threads, also when workers slept, were woken or another thread has
// the pool.
#include "backends/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <thread>

#include "backends/core/error.h"
#include "backends/core/settings.h"

namespace lamina {
namespace {

class ThreadPool : public ::testing::Test {
 protected:
  void TearDown() override { settings().set_threads(before_); }
  const int before_ = settings().threads();
};

TEST_F(ThreadPool, EveryTaskOnce) {
  for (int threads : {2, 4, 3, 1, 8, 2}) {
    settings().set_threads(threads);
    for (int round = 0; round < 500; ++round) {
      std::vector<int> done(static_cast<size_t>(1 + round % 37));
      if (round % 100 == 50)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));  // long enough for workers to sleep
      if (round % 200 == 150) rouse_workers();
      parallel_for(static_cast<int64_t>(done.size()), [&](int64_t i) { ++done[static_cast<size_t>(i)]; });
      for (int times : done) ASSERT_EQ(times, 1) << threads << " threads, " << done.size() << " tasks";
    }
  }
}

TEST_F(ThreadPool, RethrowsAndGoesOn) {
  settings().set_threads(3);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> done{0};
    auto task = [&](int64_t i) {
      if (i == round % 9) throw ValueError("task ", i);
      ++done;
    };
    EXPECT_THROW(parallel_for(9, task), ValueError);
    EXPECT_EQ(done, 8);
  }
}

TEST_F(ThreadPool, ServesSeveralCallers) {
  settings().set_threads(2);
  auto sums = [] {
    for (int round = 0; round < 2000; ++round) {
      std::atomic<int64_t> sum{0};
      parallel_for(7, [&](int64_t i) { sum += i; });
      ASSERT_EQ(sum, 21);
    }
  };
  std::thread other(sums);
  sums();
  other.join();
}

}  // namespace
}  // namespace lamina
