// What surrounds cuDNN's own kernels, run on the CPU.
#include <cstring>

#include "backends/core/kernel_chain.h"
#include "backends/ops/normalization/normalize_cudnn.h"
#include "backends/ops/primitives.h"
#include "backends/ops/recurrent/recurrent_cudnn.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;

Tensors run(KernelChain chain, const Tensors& inputs, const std::vector<TensorSpec>& outputs) {
  const BoundKernel k = std::move(chain).finish();
  std::vector<const void*> in;
  std::vector<void*> out;
  Tensors results;
  for (const Tensor& t : inputs) in.push_back(t.raw());
  for (const TensorSpec& s : outputs) results.push_back(Tensor::empty(s.shape, s.dtype)), out.push_back(results.back().mutable_raw());
  const BufferPtr scratch = allocate(k.scratch_bytes + 64);
  k.run(in.data(), out.data(), scratch->data());
  return results;
}

TEST(CudnnParts, VarianceComesBackFromTheInverseDeviation) {
  const TensorSpec four{{4}, DType::float32};
  KernelChain chain(Device::cpu);
  const auto r = chain.between(four);
  chain.add(inverse_deviation(4, 1e-3), {four}, {KernelChain::input(0)}, {r});
  chain.add(variance_of(4, 1e-3), {four}, {r}, {KernelChain::output(0)});
  const float given[] = {0, 1e-4f, 1, 300};
  Tensor x = Tensor::empty({4}, DType::float32);
  std::copy_n(given, 4, x.mutable_data<float>());
  const Tensor back = run(std::move(chain), {x}, {four})[0];
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(back.data<float>()[i], given[i], 5e-7 * (given[i] + 1e-3)) << i;
  EXPECT_GE(back.data<float>()[0], 0);
}

class CudnnRecurrentWeights : public ::testing::TestWithParam<Recurrence> {};
INSTANTIATE_TEST_SUITE_P(Kinds, CudnnRecurrentWeights, ::testing::Values(Recurrence::simple, Recurrence::lstm, Recurrence::gru));

// Packed, gate g's matrix is the transpose of our columns of that gate, at the place that cuDNN names; unpacking gives all back.
TEST_P(CudnnRecurrentWeights, AreMatricesOfGatesAndComeBack) {
  const Recurrence kind = GetParam();
  const RecurrenceSizes s{kind, 5, 7, 3, 2, DType::float32};
  const int gates = gates_of(kind);
  const bool gru = kind == Recurrence::gru;
  // As cuDNN has them: all matrices of the inputs in its order of gates, those of the states, then, after a gap, biases.
  CudnnWeights p{};
  const std::array<int, 4> order = cudnn_gates(kind);
  int64_t at = 1;
  auto lay = [&](std::array<int64_t, 4>& places, int64_t size) {
    for (int g = 0; g < gates; ++g, at += size) places[static_cast<size_t>(order[static_cast<size_t>(g)])] = at;
  };
  lay(p.input, s.units * s.inputs);
  lay(p.state, s.units * s.units);
  at += 3;
  lay(p.input_bias, s.units);
  if (gru) lay(p.state_bias, s.units);
  p.elements = at + 1;
  const int64_t wide = gates * s.units;
  const Tensors given{ramp({s.inputs, wide}), ramp({s.units, wide}), ramp(gru ? Shape{2, wide} : Shape{wide})};
  const TensorSpec all{{p.elements}, DType::float32};

  KernelChain pack(Device::cpu);
  const auto weights = pack.between(all);
  pack.add(make_op<FullOp>(all.shape, -1, DType::float32), {}, {}, {weights});
  pack_weights(pack, s, p, {KernelChain::input(0), KernelChain::input(1), KernelChain::input(2)}, weights);
  pack.add(make_op<SliceOp>(std::vector<int64_t>{0}, std::vector<int64_t>{p.elements}, std::vector<int64_t>{1}), {all}, {weights}, {KernelChain::output(0)});
  const Tensor packed = run(std::move(pack), given, {all})[0];
  std::vector<float> expected(static_cast<size_t>(p.elements), -1);
  for (int g = 0; g < gates; ++g) {
    const size_t k = static_cast<size_t>(g);
    for (int64_t row = 0; row < s.units; ++row) {
      const int64_t column = g * s.units + row;
      for (int64_t d = 0; d < s.inputs; ++d) expected[static_cast<size_t>(p.input[k] + row * s.inputs + d)] = given[0].data<float>()[d * wide + column];
      for (int64_t d = 0; d < s.units; ++d) expected[static_cast<size_t>(p.state[k] + row * s.units + d)] = given[1].data<float>()[d * wide + column];
      expected[static_cast<size_t>(p.input_bias[k] + row)] = given[2].data<float>()[column];
      if (gru) expected[static_cast<size_t>(p.state_bias[k] + row)] = given[2].data<float>()[wide + column];
    }
  }
  EXPECT_EQ(std::vector<float>(packed.data<float>(), packed.data<float>() + p.elements), expected);

  KernelChain unpack(Device::cpu);
  const auto copy = unpack.between(all);
  unpack.add(make_op<SliceOp>(std::vector<int64_t>{0}, std::vector<int64_t>{p.elements}, std::vector<int64_t>{1}), {all}, {KernelChain::input(0)}, {copy});
  unpack_weights(unpack, s, p, copy, {KernelChain::output(0), KernelChain::output(1), KernelChain::output(2)});
  const Tensors back = run(std::move(unpack), {packed}, {given[0].spec(), given[1].spec(), given[2].spec()});
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(std::memcmp(back[i].raw(), given[i].raw(), given[i].bytes()), 0) << i;
}

}  // namespace
}  // namespace lamina
