// What surrounds cuDNN's own kernels, run on the CPU.
#include <cstring>

#include "backends/core/error.h"
#include "backends/core/kernel_chain.h"
#include "backends/ops/attention/attention_cudnn.h"
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
  for (const TensorSpec& s : outputs)
    results.push_back(Tensor::empty(s.shape, s.dtype)), out.push_back(results.back().mutable_raw());
  const BufferPtr scratch = allocate(k.scratch_bytes + 64);
  k.run(in.data(), out.data(), scratch->data());
  return results;
}

TEST(CudnnParts, PlansAndRefusalsAreMadeOnce) {
  cuda::CudnnPlans<int> plans;
  int made = 0;
  auto find = [&](const char* signature, int plan) {
    return plans.find(signature, [&] {
      ++made;
      if (plan < 0) throw UnsupportedError("none for ", signature, ".");
      return plan;
    });
  };
  const auto one = find("a", 1);
  EXPECT_EQ(find("a", 2), one);  // the same plan, not only an equal one
  EXPECT_EQ(*one, 1);
  EXPECT_EQ(*find("b", 2), 2);
  EXPECT_EQ(made, 2);
  for (int i = 0; i < 2; ++i) {
    try {
      find("c", -1);
      FAIL();
    } catch (const RuntimeError& e) { EXPECT_STREQ(e.what(), "none for c."); }
  }
  EXPECT_EQ(made, 3);
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

// What cuDNN's fused attention does, as its graphs say, in plain loops.
BoundKernel fused_attention(const CudnnAttention& a, bool gradient) {
  BoundKernel k;
  k.run = [a, gradient](const void* const* in, void* const* out, void*) {
    auto wide = [&](const void* x, DType dtype, const Shape& s) {
      Tensor t = Tensor::empty(s, dtype);
      std::memcpy(t.mutable_raw(), x, t.bytes());
      return prim::cast(t, DType::float32);
    };
    auto store = [&](const Tensor& t, void* to) {
      const Tensor half = prim::cast(t, a.dtype);
      std::memcpy(to, half.raw(), half.bytes());
    };
    const Shape qs{a.B, a.T, a.N, a.D}, ks{a.B, a.S, a.K, a.D}, vs{a.B, a.S, a.K, a.V}, os{a.B, a.T, a.N, a.V};
    const Tensor q = wide(in[0], a.dtype, qs), k = wide(in[1], a.dtype, ks), v = wide(in[2], a.dtype, vs),
                 bias = a.bias ? wide(in[3], a.bias->dtype, a.bias->shape) : Tensor();
    const size_t rest = a.bias ? 4 : 3;
    const Tensor o = gradient ? wide(in[rest], a.dtype, os) : Tensor(),
                 g = gradient ? wide(in[rest + 2], a.dtype, os) : Tensor();
    const float* given = gradient ? static_cast<const float*>(in[rest + 1]) : nullptr;
    Tensor y = prim::full(os, 0, DType::float32), dq = prim::full(qs, 0, DType::float32),
           dk = prim::full(ks, 0, DType::float32), dv = prim::full(vs, 0, DType::float32);
    float *py = y.mutable_data<float>(), *pq = dq.mutable_data<float>(), *pk = dk.mutable_data<float>(),
          *pv = dv.mutable_data<float>();
    const float *dataq = q.data<float>(), *datak = k.data<float>(), *datav = v.data<float>();
    for (int64_t b = 0; b < a.B; ++b)
      for (int64_t n = 0; n < a.N; ++n)
        for (int64_t t = 0; t < a.T; ++t) {
          const int64_t head = n / (a.N / a.K), row = (b * a.N + n) * a.T + t, at_q = ((b * a.T + t) * a.N + n) * a.D,
                        at_o = ((b * a.T + t) * a.N + n) * a.V;
          auto key = [&](int64_t s, int64_t width) { return ((b * a.S + s) * a.K + head) * width; };
          std::vector<float> w(static_cast<size_t>(a.S));
          float most = -std::numeric_limits<float>::infinity(), sum = 0;
          for (int64_t s = 0; s < a.S; ++s) {
            float& x = w[static_cast<size_t>(s)];
            for (int64_t d = 0; d < a.D; ++d) x += dataq[at_q + d] * datak[key(s, a.D) + d];
            x *= static_cast<float>(a.scale);
            if (a.bias) {
              const Shape& f = a.bias->shape;
              x += bias.data<float>()[((b % f[0] * f[1] + n % f[1]) * f[2] + t % f[2]) * f[3] + s % f[3]];
            }
            if (a.causal && s > t) x = -std::numeric_limits<float>::infinity();
            most = std::max(most, x);
          }
          if (!gradient) {
            for (float& x : w) sum += x = std::exp(x - most);
            static_cast<float*>(out[1])[row] = most + std::log(sum);
            for (int64_t s = 0; s < a.S; ++s)
              for (int64_t d = 0; d < a.V; ++d)
                py[at_o + d] += w[static_cast<size_t>(s)] / sum * datav[key(s, a.V) + d];
            continue;
          }
          float delta = 0;
          for (int64_t d = 0; d < a.V; ++d) delta += g.data<float>()[at_o + d] * o.data<float>()[at_o + d];
          for (int64_t s = 0; s < a.S; ++s) {
            const float p = std::exp(w[static_cast<size_t>(s)] - given[row]);
            float dp = 0;
            for (int64_t d = 0; d < a.V; ++d)
              dp += g.data<float>()[at_o + d] * datav[key(s, a.V) + d],
                  pv[key(s, a.V) + d] += p * g.data<float>()[at_o + d];
            const float ds = p * (dp - delta) * static_cast<float>(a.scale);
            for (int64_t d = 0; d < a.D; ++d)
              pq[at_q + d] += ds * datak[key(s, a.D) + d], pk[key(s, a.D) + d] += ds * dataq[at_q + d];
          }
        }
    if (!gradient) return store(y, out[0]);
    store(dq, out[0]), store(dk, out[1]), store(dv, out[2]);
  };
  return k;
}

struct Around {
  bool causal, biased, masked;
  Shape mask;
};
class CudnnAttentionParts : public ::testing::TestWithParam<Around> {};
INSTANTIATE_TEST_SUITE_P(Scores, CudnnAttentionParts,
                         ::testing::Values(Around{false, false, false, {}}, Around{true, false, false, {}},
                                           Around{true, true, false, {}}, Around{false, false, true, {2, 1, 1, 7}},
                                           Around{false, true, true, {2, 1, 6, 7}},
                                           Around{true, false, true, {2, 1, 1, 7}},
                                           Around{true, true, true, {1, 4, 6, 7}}));

// Masks, rows that see nothing, biases and causality, forward and backward, agree with the kernel that widens.
TEST_P(CudnnAttentionParts, GiveWhatAttentionSays) {
  const Around c = GetParam();
  const DType half = DType::bfloat16;
  const AttentionScores scores{0.4, c.causal, c.biased, c.masked};
  Tensors in{prim::cast(ramp({2, 6, 4, 8}), half), prim::cast(ramp({2, 7, 2, 8}, 0.9), half),
             prim::cast(ramp({2, 7, 2, 5}, 0.7), half)};
  if (c.biased) in.push_back(prim::cast(ramp({1, 4, 6, 7}, 0.5), half));
  if (c.masked) {
    Tensor mask = Tensor::empty(c.mask, DType::boolean);
    for (int64_t i = 0; i < mask.size(); ++i)
      mask.mutable_data<bool>()[i] = i >= 14 ? i % 3 != 1
                                     : i < 7 ? i % 2 == 0 && i > 1
                                             : false;  // of two rows the second sees nothing
    in.push_back(mask);
  }
  auto compare = [&](const Primitive& op, const Tensors& inputs, auto around, bool gradient) {
    std::vector<TensorSpec> specs;
    std::vector<const void*> from;
    for (const Tensor& t : inputs) specs.push_back(t.spec()), from.push_back(t.raw());
    const std::vector<TensorSpec> made = op.infer(specs);
    std::vector<Tensors> results;
    for (bool own : {false, true}) {
      const KernelRequest r{op, specs, made, {}};
      const BoundKernel k =
          own ? bind_kernel_named(Device::cpu, "widened", r)
              : around(r, scores, [&](const CudnnAttention& a) { return fused_attention(a, gradient); });
      EXPECT_TRUE(k.run) << r.declined;
      Tensors out;
      std::vector<void*> to;
      for (const TensorSpec& s : made)
        out.push_back(Tensor::empty(s.shape, s.dtype)), to.push_back(out.back().mutable_raw());
      const BufferPtr scratch = allocate(k.scratch_bytes + 64);
      k.run(from.data(), to.data(), scratch->data());
      results.push_back(out);
    }
    for (size_t o = 0; o < made.size(); ++o) {
      if (!gradient && o == 1) continue;  // the state's two numbers may differ, what follows from them may not
      for (int64_t i = 0; i < results[0][o].size(); ++i)
        EXPECT_NEAR(results[0][o].at(i), results[1][o].at(i), 0.02)
            << (gradient ? "gradient " : "output ") << o << " element " << i;
    }
    return results;
  };
  const std::vector<Tensors> forward = compare(AttentionOp(scores), in, attention_around, false);
  for (const Tensors& made : forward) {  // either state serves either gradient
    Tensors back = in;
    back.insert(back.end(), {made[0], made[1], prim::cast(ramp({2, 6, 4, 5}, 1.1), half)});
    compare(AttentionGradOp(scores), back, attention_grad_around, true);
  }
}

class CudnnRecurrentWeights : public ::testing::TestWithParam<Recurrence> {};
INSTANTIATE_TEST_SUITE_P(Kinds, CudnnRecurrentWeights,
                         ::testing::Values(Recurrence::simple, Recurrence::lstm, Recurrence::gru));

// Packed, gate g's matrix is the transpose of our columns of that gate, at the place that cuDNN names; unpacking gives
// all back.
TEST_P(CudnnRecurrentWeights, AreMatricesOfGatesAndComeBack) {
  const Recurrence kind = GetParam();
  const RecurrenceSizes s{kind, 5, 7, 3, 2, DType::float32};
  const int gates = gates_of(kind);
  const bool gru = kind == Recurrence::gru;
  // As cuDNN has them: all matrices of the inputs in its order of gates, those of the states, then, after a gap,
  // biases.
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
  pack.add(make_op<SliceOp>(std::vector<int64_t>{0}, std::vector<int64_t>{p.elements}, std::vector<int64_t>{1}), {all},
           {weights}, {KernelChain::output(0)});
  const Tensor packed = run(std::move(pack), given, {all})[0];
  std::vector<float> expected(static_cast<size_t>(p.elements), -1);
  for (int g = 0; g < gates; ++g) {
    const size_t k = static_cast<size_t>(g);
    for (int64_t row = 0; row < s.units; ++row) {
      const int64_t column = g * s.units + row;
      for (int64_t d = 0; d < s.inputs; ++d)
        expected[static_cast<size_t>(p.input[k] + row * s.inputs + d)] = given[0].data<float>()[d * wide + column];
      for (int64_t d = 0; d < s.units; ++d)
        expected[static_cast<size_t>(p.state[k] + row * s.units + d)] = given[1].data<float>()[d * wide + column];
      expected[static_cast<size_t>(p.input_bias[k] + row)] = given[2].data<float>()[column];
      if (gru) expected[static_cast<size_t>(p.state_bias[k] + row)] = given[2].data<float>()[wide + column];
    }
  }
  EXPECT_EQ(std::vector<float>(packed.data<float>(), packed.data<float>() + p.elements), expected);

  KernelChain unpack(Device::cpu);
  const auto copy = unpack.between(all);
  unpack.add(make_op<SliceOp>(std::vector<int64_t>{0}, std::vector<int64_t>{p.elements}, std::vector<int64_t>{1}),
             {all}, {KernelChain::input(0)}, {copy});
  unpack_weights(unpack, s, p, copy, {KernelChain::output(0), KernelChain::output(1), KernelChain::output(2)});
  const Tensors back = run(std::move(unpack), {packed}, {given[0].spec(), given[1].spec(), given[2].spec()});
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(std::memcmp(back[i].raw(), given[i].raw(), given[i].bytes()), 0) << i;
}

}  // namespace
}  // namespace lamina
