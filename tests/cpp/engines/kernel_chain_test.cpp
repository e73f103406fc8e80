// Kernels made of several others.
#include "backends/core/kernel_chain.h"

#include "backends/ops/elementwise/elementwise.h"
#include "support/data.h"

namespace lamina {
namespace {

// Adds a number, after it has written all over its scratch memory.
BoundKernel adding(float number, size_t scratch, bool recordable = true) {
  BoundKernel k;
  k.scratch_bytes = scratch;
  k.recordable = recordable;
  k.run = [=](const void* const* in, void* const* out, void* memory) {
    std::memset(memory, 0xff, scratch);
    for (int i = 0; i < 8; ++i) static_cast<float*>(out[0])[i] = static_cast<const float*>(in[0])[i] + number;
  };
  return k;
}

TEST(KernelChain, StepsReadWhatStepsBeforeThemLeft) {
  KernelChain chain(Device::cpu);
  const auto a = chain.between(TensorSpec{{8}, DType::float32}), b = chain.between(5),
             c = chain.between(TensorSpec{{8}, DType::float32});
  EXPECT_EQ(a.at % 256, 0u);
  EXPECT_EQ(b.at % 256, 0u);
  EXPECT_NE(b.at, c.at);
  chain.add(adding(1, 100), {KernelChain::input(0)}, {a});
  chain.add(adding(10, 1000), {KernelChain::input(1)}, {c});
  chain.add(make_op<BinaryOp>(Binary::multiply), {{{8}, DType::float32}, {{8}, DType::float32}}, {a, c},
            {KernelChain::output(1)});
  chain.add(adding(0.5f, 8), {KernelChain::output(1)}, {KernelChain::output(0)});  // an output may be read again
  const BoundKernel k = std::move(chain).finish();
  EXPECT_GE(k.scratch_bytes, 3 * 256 + 1000u);
  EXPECT_TRUE(k.recordable);
  const Tensor x = testing::ramp({8}), y = testing::ramp({8}, 0.4);
  const void* in[] = {x.raw(), y.raw()};
  std::vector<float> sum(8), product(8);
  void* out[] = {sum.data(), product.data()};
  std::vector<char> scratch(k.scratch_bytes);
  k.run(in, out, scratch.data());
  for (int i = 0; i < 8; ++i) {
    const float expected = (x.data<float>()[i] + 1) * (y.data<float>()[i] + 10);
    EXPECT_EQ(product[static_cast<size_t>(i)], expected);
    EXPECT_EQ(sum[static_cast<size_t>(i)], expected + 0.5f);
  }
}

TEST(KernelChain, OneStepThatWaitsMakesTheWholeWait) {
  KernelChain chain(Device::cpu);
  const auto a = chain.between(32);
  chain.add(adding(1, 0), {KernelChain::input(0)}, {a});
  chain.add(adding(1, 0, false), {a}, {KernelChain::output(0)});
  EXPECT_FALSE(std::move(chain).finish().recordable);
}

}  // namespace
}  // namespace lamina
