// Recomputation: the same values and gradients, random numbers and updates included, from less memory.
#include "backends/ops/recompute/recompute.h"

#include <gtest/gtest.h>

#include "backends/core/autodiff.h"
#include "backends/core/settings.h"
#include "backends/core/variable.h"
#include "backends/graph/executable.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {
namespace {

constexpr int kBlocks = 6;

Tensor waves(const Shape& shape) {
  Tensor t = Tensor::empty(shape, DType::float64);
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data<double>()[i] = std::sin(static_cast<double>(i) * 0.7);
  return t;
}

// Several ops whose gradients need their results.
Tensor block(const Tensor& x, const Variable& w) {
  Tensor h = prim::unary(Unary::tanh, prim::matmul(x, w));
  h = prim::unary(Unary::sigmoid, prim::matmul(h, w));
  return prim::unary(Unary::sin, prim::matmul(h, w));
}

struct Chain {
  std::vector<Variable> weights;
  Chain() {
    for (int i = 0; i < kBlocks; ++i) weights.emplace_back(prim::multiply(waves({8, 8}), 0.1 * (i + 1)));
  }
  Tensors loss_and_gradients(const Tensor& x, bool anew) const {
    TapeScope tape;
    Tensor y = x;
    for (const Variable& w : weights) y = anew ? prim::recompute([&] { return Tensors{block(y, w)}; })[0] : block(y, w);
    const Tensor loss = prim::reduce_all(Reduce::sum, prim::square(y));
    std::vector<GradientSource> by(weights.begin(), weights.end());
    by.emplace_back(x);
    Tensors out = gradients(std::vector<Tensor>{loss}, by);
    out.push_back(loss);
    return out;
  }
  Graph graph(bool anew) const {
    Trace trace;
    const Tensor x = trace.add_input({{64, 8}, DType::float64});
    TraceScope scope(trace);
    Graph g = trace.finish(loss_and_gradients(x, anew));
    passes::optimize(g);
    return g;
  }
};

void expect_alike(const Tensors& a, const Tensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    for (int64_t j = 0; j < a[i].size(); ++j) EXPECT_NEAR(a[i].at(j), b[i].at(j), 1e-12) << i << ", " << j;
}

TEST(Recompute, GivesTheSameGradientsOnBothEngines) {
  const Chain chain;
  const Tensor x = waves({64, 8});
  const Tensors plain = chain.loss_and_gradients(x, false);
  expect_alike(chain.loss_and_gradients(x, true), plain);
  expect_alike(Executable(chain.graph(true)).run(std::vector<Tensor>{x}), plain);
}

TEST(Recompute, NeedsLessMemory) {
  const Chain chain;
  const size_t plain = Executable(chain.graph(false)).arena_bytes(), anew = Executable(chain.graph(true)).arena_bytes();
  EXPECT_LT(anew, plain * 3 / 4);
}

TEST(Recompute, HasGradientsOfHigherOrder) {
  const Tensor x = waves({5});
  auto second = [&](bool anew) {
    TapeScope outer;
    auto cube = [&] { return Tensors{prim::multiply(prim::square(x), x)}; };
    const Tensor y = anew ? prim::recompute(cube)[0] : cube()[0];
    const std::vector<GradientSource> by{x};
    const Tensors first = gradients(std::vector<Tensor>{y}, by);
    return gradients(first, by)[0];
  };
  expect_alike({second(true)}, {second(false)});
  EXPECT_NEAR(second(true).at(1), 6 * x.at(1), 1e-12);
}

TEST(Recompute, AssignsOnceAndReadsTheOldValueAgain) {
  Variable count(Tensor::of(std::vector<double>{3}));
  const Tensor x = waves({4});
  TapeScope tape;
  const Tensor y = prim::recompute([&] {
    Tensor scaled = prim::multiply(prim::square(x), prim::reshape(count, {}));
    count.assign_add(Tensor::of(std::vector<double>{1}));
    return Tensors{scaled};
  })[0];
  EXPECT_EQ(count.value().at(0), 4);
  const std::vector<GradientSource> by{x};
  const Tensor g = gradients(std::vector<Tensor>{y}, by)[0];
  EXPECT_EQ(count.value().at(0), 4);
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(g.at(i), 2 * x.at(i) * 3, 1e-12);
}

TEST(Recompute, RunsTheFunctionAsItIsWhereNobodyRecords) {
  int calls = 0;
  const Tensor y = prim::recompute([&] {
    ++calls;
    return Tensors{waves({2})};
  })[0];
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(y.has_data());
}

TEST(Recompute, AsksWhetherItPays) {
  const Tensor x = waves({3, 2});
  TapeScope tape;
  std::vector<TensorSpec> seen;
  const Tensor y = prim::recompute([&] { return Tensors{prim::square(x)}; },
                                   [&](std::span<const TensorSpec> results) {
                                     seen.assign(results.begin(), results.end());
                                     return false;
                                   })[0];
  EXPECT_EQ(seen, (std::vector<TensorSpec>{{{3, 2}, DType::float64}}));
  const std::vector<GradientSource> by{x};
  EXPECT_NEAR(gradients(std::vector<Tensor>{y}, by)[0].at(1), 2 * x.at(1), 1e-12);
}

}  // namespace
}  // namespace lamina
