// Every kernel of the convolutions and poolings against the plain loops, on shapes that reach their branches; bits for
// one and two threads; messages.
#include "backends/core/kernel.h"
#include "backends/core/settings.h"
#include "backends/cpu/simd_choice.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina::testing {
namespace {

struct Sizes {
  Shape x, w;
  Window window;
  int64_t groups = 1;
};

// Batches that are not multiples of a chunk, channels around vector widths, groups, padding on one side, dilation.
const std::vector<Sizes> kSizes = {
    {{5, 28, 28, 1}, {3, 3, 1, 32}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}}},
    {{37, 9, 8, 32}, {3, 3, 32, 48}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
    {{9, 13, 12, 32}, {3, 3, 32, 16}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}}},
    {{5, 7, 8, 16}, {3, 3, 16, 40}, {{1, 1}, {2, 0}, {1, 2}, {1, 1}}},
    {{3, 10, 11, 16}, {3, 3, 16, 24}, {{2, 2}, {0, 0}, {1, 1}, {1, 1}}},
    {{3, 9, 9, 7}, {1, 1, 7, 5}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}}},
    {{2, 12, 12, 8}, {3, 3, 8, 8}, {{1, 1}, {2, 2}, {2, 2}, {2, 2}}},
    {{2, 9, 9, 16}, {3, 3, 8, 32}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 2},
    {{3, 9, 9, 24}, {3, 3, 1, 24}, {{2, 2}, {1, 1}, {1, 1}, {1, 1}}, 24},
    {{3, 9, 9, 5}, {3, 3, 1, 10}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 5},
    {{4, 33, 3}, {5, 3, 8}, {{2}, {2}, {1}, {1}}},
    {{2, 5, 6, 7, 4}, {2, 3, 3, 4, 8}, {{1, 2, 1}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}}},
    {{1, 6, 6, 3}, {5, 5, 3, 4}, {{1, 1}, {4, 4}, {4, 4}, {1, 1}}},
    {{1, 61, 60, 16}, {3, 3, 16, 24}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
    {{2, 700, 16}, {5, 16, 40}, {{1}, {2}, {2}, {1}}},
    {{5, 15, 14, 9}, {4, 3, 9, 17}, {{2, 3}, {1, 0}, {2, 1}, {1, 1}}},
    {{1, 40, 40, 24}, {1, 1, 24, 40}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}},
    {{4, 9, 6, 5, 8}, {2, 3, 2, 8, 9}, {{2, 1, 2}, {1, 0, 1}, {0, 1, 1}, {2, 1, 1}}},
    {{3, 131, 40}, {3, 40, 17}, {{2}, {0}, {0}, {1}}},
    {{2, 10, 300}, {3, 300, 20}, {{1}, {1}, {1}, {1}}},
    // One sample with enough work to be cut into rows.
    {{1, 65, 33, 8}, {3, 3, 8, 24}, {{2, 2}, {0, 0}, {1, 1}, {1, 1}}},
    {{1, 40, 41, 16}, {3, 3, 8, 32}, {{1, 1}, {2, 2}, {2, 2}, {2, 2}}, 2},
    {{1, 61, 30, 32}, {3, 3, 1, 32}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 32},
    {{1, 501, 16}, {5, 16, 40}, {{1}, {2}, {2}, {1}}},
    {{1, 16, 20, 12, 8}, {3, 3, 3, 8, 8}, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}}},
    {{1, 3, 40, 64}, {7, 1, 64, 32}, {{1, 1}, {9, 0}, {9, 0}, {1, 1}}},
    {{2, 7, 8, 12}, {3, 3, 4, 18}, {{2, 1}, {1, 0}, {0, 2}, {1, 1}}, 3},
    // A filter for each channel: vectors and what they leave, dilation, strides that pass places by, one and three
    // axes.
    {{3, 12, 13, 77}, {3, 3, 1, 77}, {{1, 1}, {2, 2}, {2, 2}, {2, 2}}, 77},
    {{2, 11, 14, 48}, {2, 2, 1, 48}, {{3, 3}, {0, 1}, {0, 0}, {1, 1}}, 48},
    {{2, 9, 17, 16}, {5, 3, 1, 16}, {{2, 1}, {4, 3}, {4, 4}, {1, 1}}, 16},
    {{5, 33, 20}, {7, 1, 20}, {{2}, {3}, {3}, {1}}, 20},
    {{2, 5, 6, 7, 9}, {2, 3, 3, 1, 9}, {{1, 2, 1}, {0, 1, 1}, {1, 1, 1}, {1, 1, 1}}, 9},
    {{3, 10, 9, 11}, {3, 3, 1, 33}, {{2, 1}, {1, 2}, {1, 0}, {1, 2}}, 11},
};

Tensor run(BoundKernel kernel, const Tensors& inputs, const TensorSpec& out) {
  Tensor y = Tensor::empty(out.shape, out.dtype);
  std::vector<const void*> from;
  for (const Tensor& t : inputs) from.push_back(t.raw());
  void* to[] = {y.mutable_raw()};
  std::vector<char> scratch(kernel.scratch_bytes + 64);
  kernel.run(from.data(), to, scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64));
  return y;
}

void expect_close(const Tensor& a, const Tensor& b, double tolerance, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  double scale = 0;
  for (int64_t i = 0; i < a.size(); ++i) scale = std::max(scale, std::abs(a.at(i)));
  for (int64_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a.at(i), b.at(i), tolerance * scale) << what << ", element " << i;
}

// The three primitives of a convolution with their operands, in `dtype`.
struct Call {
  Op op;
  Tensors inputs;
  TensorSpec out;
};
std::vector<Call> calls(const Sizes& s, DType dtype) {
  Tensor x = ramp(s.x, 1, dtype), w = prim::cast(prim::add(ramp(s.w, 1, DType::float32), 0.1), dtype);
  const Op forward = make_op<ConvolutionOp>(s.window, s.groups);
  std::vector<TensorSpec> specs = {x.spec(), w.spec()};
  const TensorSpec y = forward->infer(specs)[0];
  Tensor g = ramp(y.shape, 1, dtype);
  std::vector<int64_t> rest, sizes;
  for (int i = 0; i < s.window.rank(); ++i)
    rest.push_back(s.window.rest(i, s.x[i + 1], s.w[i])), sizes.push_back(s.w[i]);
  return {{forward, {x, w}, y},
          {make_op<ConvolutionInputGradOp>(s.window, s.groups, rest), {g, w}, x.spec()},
          {make_op<ConvolutionWeightGradOp>(s.window, s.groups, sizes), {x, g}, w.spec()}};
}

TEST(Convolution, EveryKernelAgreesWithThePlainLoop) {
  std::map<std::string, int> ran;
  for (const Sizes& s : kSizes)
    for (DType dtype : {DType::float32, DType::float64, DType::float16, DType::bfloat16})
      for (const Call& c : calls(s, dtype)) {
        std::vector<TensorSpec> in, out = {c.out};
        for (const Tensor& t : c.inputs) in.push_back(t.spec());
        Tensor expected = run(bind_kernel_named(Device::cpu, "reference", {*c.op, in, out, {}}), c.inputs, c.out);
        for (const KernelInfo& k : registered_kernels()) {
          if (k.primitive != c.op->name() || k.name == "reference") continue;
          BoundKernel kernel = bind_kernel_named(Device::cpu, k.name, {*c.op, in, out, {}});
          if (!kernel.run) continue;
          ++ran[k.name];
          if (kernel.preparation) {  // an operand that stays the same may be prepared: same bits
            BufferPtr prepared = allocate(kernel.preparation->bytes);
            kernel.preparation->make(c.inputs[kernel.preparation->input].raw(), prepared->data());
            Tensor y = Tensor::empty(c.out.shape, c.out.dtype);
            const void* from[] = {c.inputs[0].raw(), c.inputs[1].raw()};
            from[kernel.preparation->input] = prepared->data();
            void* to[] = {y.mutable_raw()};
            BufferPtr scratch = allocate(std::max<size_t>(64, kernel.scratch_bytes));
            kernel.preparation->run(from, to, scratch->data());
            const Tensor plain = run(kernel, c.inputs, c.out);
            ASSERT_EQ(std::memcmp(y.raw(), plain.raw(), y.bytes()), 0) << k.name << " for " << c.op->key();
          }
          const double tolerance = dtype == DType::float64   ? 1e-12
                                   : dtype == DType::float32 ? 2e-5
                                   : dtype == DType::float16 ? 1e-3
                                                             : 8e-3;
          expect_close(expected, run(std::move(kernel), c.inputs, c.out), tolerance,
                       text(k.name, " for ", c.op->key(), " of ", in[0], " and ", in[1]));
        }
      }
  EXPECT_GT(ran["eigen"], 0);
  EXPECT_GT(ran["widened"], 0);
  EXPECT_EQ(ran["depthwise"], 3 * 9);
  EXPECT_EQ(ran["grouped"], 3 * 3 * 2);
  EXPECT_GE(ran["unpacked"], has_avx512() ? 3 : 0);
}

// More tiles than the planes' memory holds at a time.
TEST(Convolution, WinogradsPlanesInSeveralRuns) {
  if (!has_avx2()) GTEST_SKIP() << "needs AVX2";
  const Sizes wide{{1, 33, 34, 16}, {3, 3, 16, 2048}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}};
  for (const Call& c : calls(wide, DType::float32)) {
    std::vector<TensorSpec> in, out = {c.out};
    for (const Tensor& t : c.inputs) in.push_back(t.spec());
    BoundKernel planes = bind_kernel_named(Device::cpu, "winograd_planes", {*c.op, in, out, {}});
    ASSERT_TRUE(planes.run) << c.op->key();
    expect_close(run(bind_kernel_named(Device::cpu, "gemm_any", {*c.op, in, out, {}}), c.inputs, c.out),
                 run(std::move(planes), c.inputs, c.out), 2e-5, c.op->key());
  }
}

// Which of the two is taken: blocks of tiles while the transformed kernel stays in the caches, planes beyond, neither
// for a few tiles.
TEST(Convolution, WinogradsKernelFollowsTheChannels) {
  if (!has_avx2()) GTEST_SKIP() << "needs AVX2";
  auto chosen = [](int64_t side, int64_t channels) {
    const ConvolutionOp op({{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 1);
    const std::vector<TensorSpec> in = {{{1, side, side, channels}, DType::float32},
                                        {{3, 3, channels, channels}, DType::float32}},
                                  out = {{{1, side, side, channels}, DType::float32}};
    return std::string(bind_kernel(Device::cpu, {op, in, out, {}}).name);
  };
  EXPECT_EQ(chosen(56, 64), "winograd");
  EXPECT_EQ(chosen(28, 128), "winograd_planes");
  EXPECT_EQ(chosen(14, 512), "winograd_planes");
  EXPECT_EQ(chosen(7, 512).find("winograd"), std::string::npos);
}

TEST(Convolution, SameBitsForAnyThreadCount) {
  for (const Sizes& s : kSizes)
    for (const Call& c : calls(s, DType::float32)) {
      std::vector<TensorSpec> in, out = {c.out};
      for (const Tensor& t : c.inputs) in.push_back(t.spec());
      std::vector<Tensor> results;
      for (int threads : {1, 2, 3}) {
        settings().set_threads(threads);
        results.push_back(run(bind_kernel(Device::cpu, {*c.op, in, out, {}}), c.inputs, c.out));
      }
      settings().set_threads(0);
      for (const Tensor& t : results) EXPECT_EQ(std::memcmp(t.raw(), results[0].raw(), t.bytes()), 0) << c.op->key();
    }
}

TEST(Convolution, TellsWhatDoesNotFit) {
  auto message = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const Error& e) { return e.what(); }
    return "nothing was thrown";
  };
  const Window w{{1, 1}, {0, 0}, {0, 0}, {1, 1}};
  Tensor x = ramp({2, 4, 4, 3});
  EXPECT_THAT(message([&] {
                prim::convolution(x, ramp({3, 3, 2, 4}), w);
              }),
              ::testing::HasSubstr("received 3 channels"));
  EXPECT_THAT(message([&] { prim::convolution(x, ramp({5, 3, 3, 4}), w); }), ::testing::HasSubstr("would be empty"));
  EXPECT_THAT(message([&] {
                prim::convolution(x, ramp({3, 3, 4}), w);
              }),
              ::testing::HasSubstr("expected two tensors of 4 axes"));
  EXPECT_THAT(message([&] {
                prim::convolution(x, ramp({3, 3, 3, 4}, 1, DType::float64), w);
              }),
              ::testing::HasSubstr("same dtype"));
  EXPECT_THAT(message([&] { prim::max_pool(x, {{5, 1}, w}); }), ::testing::HasSubstr("no window"));
}

TEST(Pooling, MaximaAreTheFirstOnesAndNaNStays) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int64_t channels : {1, 40}) {
    std::vector<float> values;
    for (float v : {1.f, 1.f, 0.f, 1.f, 2.f, nan, 3.f, 4.f})  // two samples of one window
      for (int64_t c = 0; c < channels; ++c) values.push_back(v);
    Tensor x = Tensor::of(values, {2, 2, 2, channels});
    Tensors out = apply(make_op<MaxPoolOp>(PoolWindows{{2, 2}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}}, true), {x});
    EXPECT_EQ(out[0].at(0), 1);
    EXPECT_EQ(out[1].at(0), 0);
    EXPECT_EQ(out[1].at(channels - 1), 0);
    EXPECT_TRUE(std::isnan(out[0].at(channels)));
    EXPECT_EQ(out[1].at(2 * channels - 1), 1);
  }
}

}  // namespace
}  // namespace lamina::testing
