// Batches of arrays: shuffled ones are copied ahead by threads that wait for work.
#include "api/data/data_source.h"

#include <numeric>
#include <thread>

#include "backends/core/settings.h"
#include "backends/cpu/thread_pool.h"
#include "support/data.h"

namespace lamina {
namespace {

// Rows of `width` values that all hold their row's number.
Tensor numbered(int64_t rows, int64_t width, DType dtype = DType::float32) {
  Tensor t = Tensor::empty({rows, width}, dtype);
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < t.size(); ++i) t.mutable_data<T>()[i] = static_cast<T>(static_cast<float>(i / width));
  });
  return t;
}

std::vector<int64_t> numbers_in(const Tensor& batch) {
  std::vector<int64_t> out;
  const int64_t width = batch.size() / batch.shape()[0];
  for (int64_t r = 0; r < batch.shape()[0]; ++r) {
    out.push_back(static_cast<int64_t>(batch.at(r * width)));
    for (int64_t j = 0; j < width; ++j)
      EXPECT_EQ(batch.at(r * width + j), static_cast<double>(out.back())) << "row " << r << " is torn at " << j;
  }
  return out;
}

class Shuffled : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { settings().set_threads(GetParam()); }
  void TearDown() override { settings().set_threads(0); }
};

TEST_P(Shuffled, EveryRowComesOnceInAllArraysAlike) {
  const int64_t samples = 103;
  // Rows of a few bytes, of some pieces, and of many.
  Value x = Dict{{"small", Value(numbered(samples, 1, DType::int32))}, {"large", Value(numbered(samples, 5000))}};
  ArrayData data(x, List{Value(numbered(samples, 300)), Value(numbered(samples, 2, DType::float64))},
                 Value(numbered(samples, 1)), {.batch_size = 10, .shuffle = true});
  std::vector<std::vector<int64_t>> epochs;
  for (int epoch = 0; epoch < 3; ++epoch) {
    data.begin_pass(epoch);
    epochs.emplace_back();
    std::vector<Batch> kept;  // batches stay as they are while later ones are made
    while (auto batch = data.next()) kept.push_back(std::move(*batch));
    ASSERT_EQ(kept.size(), 11u);
    for (const Batch& b : kept) {
      const std::vector<int64_t> rows = numbers_in(b.x.as_dict().find("small")->as_tensor());
      EXPECT_EQ(b.size, static_cast<int64_t>(rows.size()));
      EXPECT_EQ(rows, numbers_in(b.x.as_dict().find("large")->as_tensor()));
      for (const Value& y : b.y.as_list()) EXPECT_EQ(rows, numbers_in(y.as_tensor()));
      EXPECT_EQ(rows, numbers_in(b.sample_weight.as_tensor()));
      epochs.back().insert(epochs.back().end(), rows.begin(), rows.end());
    }
    EXPECT_FALSE(data.next());
    std::vector<int64_t> sorted = epochs.back(), all(static_cast<size_t>(samples));
    std::sort(sorted.begin(), sorted.end());
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(sorted, all);
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

// An epoch left in its middle, with the next batch under way.
TEST_P(Shuffled, EpochsMayEndEarly) {
  ArrayData data(Value(numbered(64, 4000)), Value(numbered(64, 1)), Value(), {.batch_size = 8, .shuffle = true});
  for (int epoch = 0; epoch < 50; ++epoch) {
    data.begin_pass(epoch);
    for (int i = 0; i < epoch % 8; ++i) {
      auto batch = data.next();
      ASSERT_TRUE(batch);
      EXPECT_EQ(numbers_in(batch->x.as_tensor()), numbers_in(batch->y.as_tensor()));
    }
  }
}

TEST_P(Shuffled, RowsWithoutValuesAndArraysWithoutRows) {
  ArrayData none(Value(Tensor::empty({0, 3}, DType::float32)), Value(), Value(), {.batch_size = 8, .shuffle = true});
  none.begin_pass(0);
  EXPECT_FALSE(none.next());
  ArrayData hollow(Value(Tensor::empty({5, 0}, DType::float32)), Value(numbered(5, 1)), Value(),
                   {.batch_size = 3, .shuffle = true});
  hollow.begin_pass(0);
  auto batch = hollow.next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->x.as_tensor().shape(), (Shape{3, 0}));
  EXPECT_EQ(numbers_in(batch->y.as_tensor()).size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Threads, Shuffled, ::testing::Values(1, 2, 3));

// The number of threads may change while a batch is under way.
TEST(SpareWork, OutlivesAChangeOfThreads) {
  struct Restore {
    ~Restore() { settings().set_threads(0); }
  } restore;
  for (int round = 0; round < 200; ++round) {
    settings().set_threads(2);
    auto data = std::make_unique<ArrayData>(Value(numbered(64, 4000)), Value(), Value(),
                                            ArrayData::Options{.batch_size = 8, .shuffle = true});
    data->begin_pass(0);
    ASSERT_TRUE(data->next());
    settings().set_threads(1);
    data = nullptr;
    settings().set_threads(2);
    parallel_for(4, [](int64_t) {});
  }
}

// Pieces are done once each, whether threads of the pool find the time or not.
TEST(SpareWork, EveryPieceOnce) {
  struct Restore {
    ~Restore() { settings().set_threads(0); }
  } restore;
  for (int threads : {1, 2, 4}) {
    settings().set_threads(threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> done(97);
      SpareWork work(97, [&](int64_t i) { ++done[static_cast<size_t>(i)]; });
      std::atomic<int64_t> sum{0};
      for (int jobs = 0; jobs < round % 5; ++jobs)
        parallel_for(8, [&](int64_t i) { sum += i; });  // it waits for nobody meanwhile
      EXPECT_EQ(sum, 28 * (round % 5));
      work.finish();
      for (const auto& d : done) EXPECT_EQ(d, 1);
    }
  }
}

TEST(SpareWork, EndsWhereItIsAbandoned) {
  settings().set_threads(2);
  for (int round = 0; round < 200; ++round) {
    auto counts = std::make_unique<std::vector<int>>(1000, 0);
    {
      SpareWork work(1000, [&](int64_t i) { ++(*counts)[static_cast<size_t>(i)]; });
      parallel_for(2, [](int64_t) {});
      SpareWork other(3, [](int64_t) {});  // without helpers
      other.finish();
    }
    for (int c : *counts) EXPECT_LE(c, 1);
    counts = nullptr;  // nobody is at it any more
  }
  settings().set_threads(0);
}

}  // namespace
}  // namespace lamina
