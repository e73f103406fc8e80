// A model that predicts often keeps its variables' values at hand from call to call. Whoever changes them sees the
// change in the next call, and tensors that were read before stay as they were.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "api/sequential.h"
#include "backends/core/lanes.h"
#include "backends/core/lending.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "layers/core/dense.h"
#include "layers/core/input_layer.h"

namespace lamina {
namespace {

constexpr int kMany = 20;  // calls after which a context holds values

TEST(HeldValues, FollowTheVariable) {
  Variable w(Tensor::of(std::vector<float>{1, 2}));
  Function twice([&](std::span<const Tensor> in) -> Tensors { return {prim::multiply(prim::multiply(in[0], w), 2.0)}; },
                 "twice", Function::Mode::graph);
  const Tensor x = Tensor::of(std::vector<float>{1, 1});
  Tensor old;
  for (int change = 0; change < 4; ++change) {
    for (int i = 0; i < kMany; ++i) {
      EXPECT_EQ(twice.lone(x).to_vector<float>(), (std::vector<float>{2.0f + 2 * change, 4.0f + 2 * change}));
      old = w.value();
    }
    w.assign_add(Tensor::of(std::vector<float>{1, 1}));
    EXPECT_EQ(old.to_vector<float>(), (std::vector<float>{1.0f + change, 2.0f + change}));
  }
}

TEST(HeldValues, FollowTrainingStepByStep) {
  auto net = [] {
    auto model = std::make_shared<Sequential>();
    model->add(std::make_shared<InputLayer>(InputLayerArgs{.shape = Value(Shape{3})}));
    model->add(Handle<DenseLayer>({.units = 4, .activation = "tanh"}));
    model->add(Handle<DenseLayer>({.units = 1}));
    model->compile({.optimizer = "adam", .loss = "mse"});
    return model;
  };
  auto busy = net(), calm = net();
  calm->set_weights(busy->get_weights());
  const Tensor x = Tensor::of(std::vector<float>{1, 0, -1, 2, 1, 0}, {2, 3}),
               y = Tensor::of(std::vector<float>{1, -1}, {2, 1});
  for (int step = 0; step < 3; ++step) {
    Value seen;
    for (int i = 0; i < kMany; ++i) seen = busy->predict_on_batch(x);
    EXPECT_EQ(seen.as_tensor().to_vector<float>(), calm->predict_on_batch(x).as_tensor().to_vector<float>());
    busy->train_on_batch(x, y);
    calm->train_on_batch(x, y);
  }
}

TEST(HeldValues, LetClearedFunctionsGo) {
  auto witness = std::make_shared<int>(0);
  Function f([witness](std::span<const Tensor> in) -> Tensors { return {prim::multiply(in[0], 2.0)}; }, "f",
             Function::Mode::graph);
  const Tensor x = Tensor::of(std::vector<float>{1, 1});
  for (int i = 0; i < kMany; ++i) f.lone(x);
  EXPECT_EQ(f.signatures(), 1u);
  f.clear();
  EXPECT_EQ(f.signatures(), 0u);
  EXPECT_EQ(f.lone(x).to_vector<float>(), (std::vector<float>{2, 2}));
  EXPECT_EQ(f.signatures(), 1u);
}

TEST(Lanes, GiveAThreadItsOwnAndNestedCallsNone) {
  Lanes<int> lanes;
  {
    auto outer = lanes.mine();
    ASSERT_TRUE(outer);
    *outer = 7;
    EXPECT_FALSE(lanes.mine());
    std::thread([&] {
      auto other = lanes.mine();
      EXPECT_TRUE(other);
      EXPECT_EQ(*other, 0);
      *other = 8;
    }).join();
    int idle = 0;
    lanes.each_idle([&](int& value) { idle += value; });
    EXPECT_EQ(idle, 8);
  }
  EXPECT_EQ(*lanes.mine(), 7);
}

TEST(Lanes, NeverGiveOneValueToTwo) {
  constexpr int kThreads = 3 * static_cast<int>(kLanes), kRounds = 200;
  struct Guarded {
    std::atomic<int> inside{0};
  };
  Lanes<Guarded> lanes;
  std::atomic<int> twice{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i)
        if (auto held = lanes.mine()) {
          twice += held->inside.fetch_add(1) != 0;
          std::this_thread::yield();
          held->inside.fetch_sub(1);
        }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(twice, 0);
}

// Calls that take turns on several threads need one piece between them.
TEST(Lending, GivesWhatAnotherThreadLeft) {
  Lending<int> lending;
  lending.give_back(std::make_unique<int>(5));
  std::unique_ptr<int> taken;
  std::thread([&] { taken = lending.take(); }).join();
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, 5);
  EXPECT_FALSE(lending.take());
}

TEST(Lending, GivesNothingToTwo) {
  Lending<int> lending;
  constexpr int kThreads = 2 * static_cast<int>(kLanes), kRounds = 200;
  std::atomic<int> total{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        std::unique_ptr<int> p = lending.take();
        if (!p) p = std::make_unique<int>(0);
        ++*p;
        lending.give_back(std::move(p));
      }
    });
  for (std::thread& t : threads) t.join();
  while (std::unique_ptr<int> p = lending.take()) total += *p;
  EXPECT_EQ(total, kThreads * kRounds);
}

}  // namespace
}  // namespace lamina
