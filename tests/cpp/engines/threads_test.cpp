// One model, many threads: predictions agree with those of one thread, also while signatures are compiled for the first
// time.
#include <gtest/gtest.h>

#include <thread>

#include "api/sequential.h"
#include "backends/core/settings.h"
#include "layers/core/dense.h"
#include "layers/core/input_layer.h"

namespace lamina {
namespace {

Tensor inputs(int64_t rows, int seed) {
  std::vector<float> values(static_cast<size_t>(rows) * 12);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(0.37f * static_cast<float>(i + 31 * seed));
  return Tensor::from_bytes(values.data(), {rows, 12}, DType::float32);
}

std::vector<float> values_of(const Value& v) {
  const Tensor t = v.as_tensor();
  const float* p = t.data<float>();
  return {p, p + t.size()};
}

class Threads : public ::testing::TestWithParam<bool> {};

TEST_P(Threads, PredictOnOneModelAsOneThreadDoes) {
  const bool graph = settings().graph_engine();
  settings().set_graph_engine(GetParam());
  auto model = std::make_shared<Sequential>();
  model->add(std::make_shared<InputLayer>(InputLayerArgs{.shape = Value(Shape{12})}));
  model->add(Handle<DenseLayer>({.units = 33, .activation = "gelu"}));
  model->add(Handle<DenseLayer>({.units = 5, .activation = "softmax"}));
  constexpr int kThreads = 8, kRounds = 40;
  std::vector<std::vector<float>> expected;
  {
    // The reference comes from a twin with the same weights: the shared model compiles under the threads.
    auto twin = std::make_shared<Sequential>();
    twin->add(std::make_shared<InputLayer>(InputLayerArgs{.shape = Value(Shape{12})}));
    twin->add(Handle<DenseLayer>({.units = 33, .activation = "gelu"}));
    twin->add(Handle<DenseLayer>({.units = 5, .activation = "softmax"}));
    twin->set_weights(model->get_weights());
    for (int i = 0; i < kThreads; ++i) expected.push_back(values_of(twin->predict_on_batch(inputs(1 + i % 3, i))));
  }
  std::vector<int> wrong(kThreads, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      Tensor x = inputs(1 + i % 3, i);
      for (int round = 0; round < kRounds; ++round)
        wrong[i] += values_of(round % 2 ? model->predict_on_batch(x) : model->invoke({x})) != expected[i];
    });
  for (std::thread& t : threads) t.join();
  settings().set_graph_engine(graph);
  EXPECT_EQ(wrong, std::vector<int>(kThreads, 0));
}

INSTANTIATE_TEST_SUITE_P(Engines, Threads, ::testing::Values(true, false),
                         [](const auto& info) { return info.param ? "graph" : "eager"; });

}  // namespace
}  // namespace lamina
