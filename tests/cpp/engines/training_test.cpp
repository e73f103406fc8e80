// The whole stack below the layers: a two-layer net by hand, trained on both engines to the same numbers.
#include "backends/core/autodiff.h"
#include "backends/core/variable.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;

std::vector<float> train(Function::Mode mode) {
  Variable w1(ramp({5, 8}, 0.5)), b1(ramp({8}, 0.1)), w2(ramp({8, 3}, 0.5));
  Function step(
      [&](std::span<const Tensor> in) -> Tensors {
        TapeScope tape;
        Tensor h = prim::unary(Unary::tanh, prim::add(prim::matmul(in[0], w1), b1));
        Tensor error = prim::subtract(prim::matmul(h, w2), in[1]);
        Tensor loss = prim::multiply(prim::reduce_all(Reduce::sum, prim::square(error)), 1.0 / 12);
        std::vector<GradientSource> sources = {w1, b1, w2};
        Tensors g = gradients(std::vector<Tensor>{loss}, sources);
        NoGradScope off;
        w1.assign_sub(prim::multiply(g[0], 0.1));
        b1.assign_sub(prim::multiply(g[1], 0.1));
        w2.assign_sub(prim::multiply(g[2], 0.1));
        return {loss};
      },
      "step", mode);
  Tensor x = ramp({4, 5}, 1), y = ramp({4, 3}, 0.3);
  std::vector<float> losses;
  for (int i = 0; i < 30; ++i) losses.push_back(step({x, y})[0].data<float>()[0]);
  return losses;
}

TEST(Training, EnginesAgreeAndLossFalls) {
  auto eager = train(Function::Mode::eager), graph = train(Function::Mode::graph);
  EXPECT_LT(eager.back(), 0.2f * eager.front());
  for (size_t i = 0; i < eager.size(); ++i)
    EXPECT_NEAR(eager[i], graph[i], 1e-5f * std::abs(eager[i]) + 1e-7f) << "step " << i;
}

TEST(Autodiff, SecondOrder) {
  // f = sum(x^3): f' = 3x^2, d sum(f')/dx = 6x
  Tensor x = Tensor::of<double>({1, 2, -3});
  TapeScope outer;
  Tensor f = prim::multiply(prim::square(x), x);
  Tensor g = gradients(std::vector<Tensor>{f}, std::vector<GradientSource>{x})[0];
  Tensor h = gradients(std::vector<Tensor>{g}, std::vector<GradientSource>{x})[0];
  EXPECT_THAT(g.to_vector<double>(), ::testing::ElementsAre(3, 12, 27));
  EXPECT_THAT(h.to_vector<double>(), ::testing::ElementsAre(6, 12, -18));
}

TEST(Autodiff, MasksMadeFromTheirTensorAreFreed) {
  std::weak_ptr<TensorNode> kept;
  {
    TapeScope tape;
    Tensor x = Tensor::of<float>({1, 0, -3}), y = prim::multiply(x, x);
    y.set_mask(prim::binary(Binary::greater, y, prim::full({}, 0, DType::float32)));
    kept = y.pointer();
    EXPECT_FALSE(kept.expired());
  }
  EXPECT_TRUE(kept.expired());
}

}  // namespace
}  // namespace lamina
