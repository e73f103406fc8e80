// log(1 + x) and its kin where ops run one by one: as many digits as inside a graph, gradients, and nothing kept.
#include <cmath>

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "support/data.h"

namespace lamina {
namespace {

using Form = Tensor (*)(const Tensor&);

struct Case {
  const char* name;
  Form form;
  std::vector<double> x, want, slope;
};

std::vector<Case> cases() {
  const double e = 1e-10;
  return {
      {"log(1 + x)",
       [](const Tensor& x) { return ops::log(ops::add(1.0, x)); },
       {e, 2},
       {e, std::log(3.0)},
       {1, 1 / 3.0}},
      {"log(x + 1)",
       [](const Tensor& x) { return ops::log(ops::add(x, 1)); },
       {e, 2},
       {e, std::log(3.0)},
       {1, 1 / 3.0}},
      {"log(sigmoid(x))",
       [](const Tensor& x) { return ops::log(ops::sigmoid(x)); },
       {-200, 0},
       {-200, -std::log(2.0)},
       {1, 0.5}},
      {"log(exp(x))", [](const Tensor& x) { return ops::log(ops::exp(x)); }, {-200, 200}, {-200, 200}, {1, 1}},
      {"log(1 + exp(x))",
       [](const Tensor& x) { return ops::log(ops::add(ops::exp(x), 1.0)); },
       {200, 0},
       {200, std::log(2.0)},
       {1, 0.5}},
      {"log1p(exp(x))",
       [](const Tensor& x) { return ops::log1p(ops::exp(x)); },
       {200, 0},
       {200, std::log(2.0)},
       {1, 0.5}},
      {"exp(x) - 1",
       [](const Tensor& x) { return ops::subtract(ops::exp(x), 1); },
       {e, 1},
       {e, std::expm1(1)},
       {1, std::exp(1)}},
      // d/dx of the sum of log(softmax(x)) for two values is 1 - 2 softmax(x).
      {"log(softmax(x))", [](const Tensor& x) { return ops::log(ops::softmax(x)); }, {0, 200}, {-200, 0}, {1, -1}},
  };
}

TEST(StableForms, KeepTheirDigitsWhereOpsRunOneByOneAndInGraphs) {
  for (const Case& c : cases())
    for (DType type : {DType::float32, DType::float64}) {
      const Tensor x = prim::cast(Tensor::of(c.x), type);
      Function compiled([&](std::span<const Tensor> in) { return Tensors{c.form(in[0])}; }, c.name,
                        Function::Mode::graph);
      for (const Tensor& y : {c.form(x), compiled(Tensors{x})[0]})
        for (int i = 0; i < 2; ++i)
          EXPECT_NEAR(y.at(i), c.want[static_cast<size_t>(i)], 1e-6 * std::abs(c.want[static_cast<size_t>(i)]))
              << c.name;
    }
}

TEST(StableForms, HaveTheGradientOfTheWholeForm) {
  for (const Case& c : cases()) {
    const Tensor x = Tensor::of(c.x);
    TapeScope tape;
    const Tensor held = ops::multiply(x, 1.0);  // made by an op, as most inputs are
    for (const Tensor& source : {x, held}) {
      const Tensor y = c.form(held);
      const Tensor g = gradients(std::vector<Tensor>{y}, std::vector<GradientSource>{source})[0];
      ASSERT_TRUE(g.defined()) << c.name;
      for (int i = 0; i < 2; ++i) EXPECT_NEAR(g.at(i), c.slope[static_cast<size_t>(i)], 1e-9) << c.name;
    }
  }
}

TEST(StableForms, AxesOfSoftmaxAreKept) {
  const Tensor x = Tensor::of<float>({0, 1, 200, 3}, {2, 2});
  const Tensor y = ops::log(ops::softmax(x, Axes{std::vector<int>{0}}));
  EXPECT_NEAR(y.at(0), -200, 1e-3);
  EXPECT_NEAR(y.at(3), -std::log1p(std::exp(-2.0)), 1e-6);
}

TEST(StableForms, ChainsKeepOneInputOnly) {
  Tensor x = Tensor::of<float>({0});
  std::weak_ptr<TensorNode> first;
  for (int i = 0; i < 10; ++i) {
    x = ops::add(x, 1.0);
    if (i == 0) first = x.pointer();
  }
  EXPECT_TRUE(first.expired());
  EXPECT_NEAR(ops::log(x).at(0), std::log(10.0), 1e-6);
  // And a long one under a tape is freed without recursion.
  TapeScope tape;
  for (int i = 0; i < 100000; ++i) x = ops::add(x, 1.0);
  x = Tensor();
}

}  // namespace
}  // namespace lamina
