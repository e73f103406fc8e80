// Convolutions of int8: the same integers from every kernel, prepared or not.
#include "backends/ops/int8_convolution/int8_convolution.h"
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/ops/matmul/int8_blocks.h"
#include "backends/ops/primitives.h"
#include "support/int8.h"
#include "support/op_case.h"

namespace lamina {
namespace {

using testing::bytes;
using testing::bytes_of;
using testing::CaseTable;
using testing::Domain;
using testing::Input;
using testing::OpCase;

const Window kSame{{1, 2}, {1, 0}, {1, 1}, {1, 1}};

const CaseTable cases{{
    OpCase{"conv",
           {Input({2, 5, 4, 6}, Domain::small_int), Input({3, 2, 6, 5}, Domain::small_int)},
           [](const Tensors& x) -> Value { return prim::convolution_int8(bytes(x[0]), bytes(x[1]), kSame); }}
        .no_gradient(),
    OpCase{"depthwise_conv",
           {Input({2, 5, 4, 6}, Domain::small_int), Input({3, 2, 1, 6}, Domain::small_int)},
           [](const Tensors& x) -> Value { return prim::convolution_int8(bytes(x[0]), bytes(x[1]), kSame, 6); }}
        .no_gradient(),
    OpCase{"conv_transpose",
           {Input({2, 5, 4, 5}, Domain::small_int), Input({3, 2, 6, 5}, Domain::small_int)},
           [](const Tensors& x) -> Value {
             return prim::convolution_transpose_int8(bytes(x[0]), bytes(x[1]), kSame, 1, {0, 1});
           }}
        .no_gradient(),
}};

void expect_same(const Tensor& y, const Tensor& z, const std::string& what) {
  for (int64_t i = 0; i < y.size(); ++i) ASSERT_EQ(y.at(i), z.at(i)) << what << " at " << i;
}

// The named kernel, at once and with a prepared kernel, against the plain sums.
void check(const Primitive& op, const char* name, const Tensor& a, const Tensor& w) {
  const std::vector<TensorSpec> in = {a.spec(), w.spec()}, out = op.infer(in);
  ASSERT_EQ(out[0].dtype, DType::int32);
  KernelRequest request{op, in, out, {}};
  request.steady = 2;
  const BoundKernel fast = bind_kernel_named(Device::cpu, name, request),
                    reference = bind_kernel_named(Device::cpu, "reference", {op, in, out, {}});
  const std::string what = text(op.name(), " ", name, " ", a.shape(), " ", w.shape());
  ASSERT_TRUE(fast.run) << what;
  Tensor y = Tensor::empty(out[0].shape, DType::int32), z = Tensor::empty(out[0].shape, DType::int32);
  const BufferPtr scratch = allocate(std::max<size_t>(64, fast.scratch_bytes));
  const void* from[] = {a.raw(), w.raw()};
  void *to[] = {y.mutable_raw()}, *to_reference[] = {z.mutable_raw()};
  reference.run(from, to_reference, nullptr);
  fast.run(from, to, scratch->data());
  expect_same(y, z, what + " at once");
  ASSERT_TRUE(fast.preparation);
  const BufferPtr prepared = allocate(fast.preparation->bytes);
  fast.preparation->make(w.raw(), prepared->data());
  std::memset(to[0], 0, static_cast<size_t>(y.size()) * sizeof(int32_t));
  const void* from_prepared[] = {a.raw(), prepared->data()};
  fast.preparation->run(from_prepared, to, scratch->data());
  expect_same(y, z, what + " prepared");
}

struct Sizes {
  Shape x, w;
  Window window;
  int64_t groups = 1;
};

// Around strips, panels, groups and borders; one, two and three axes.
const std::vector<Sizes> kSizes = {
    {{1, 1, 1}, {1, 1, 1}, {{1}, {0}, {0}, {1}}},
    {{2, 9, 3}, {3, 3, 5}, {{1}, {2}, {0}, {1}}},
    {{1, 30, 70}, {4, 70, 33}, {{2}, {1}, {2}, {1}}},
    {{2, 9, 4}, {3, 4, 7}, {{1}, {2}, {2}, {2}}},
    {{2, 6, 5, 16}, {1, 1, 16, 40}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}}},
    {{1, 6, 5, 7}, {1, 1, 7, 9}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}},
    {{2, 8, 7, 3}, {3, 3, 3, 16}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
    {{1, 11, 12, 20}, {3, 3, 20, 65}, {{2, 1}, {1, 1}, {0, 1}, {1, 1}}},
    {{1, 28, 28, 8}, {5, 3, 8, 24}, {{1, 1}, {2, 1}, {2, 1}, {1, 1}}},
    {{1, 9, 9, 12}, {3, 3, 4, 6}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 3},
    {{2, 9, 9, 6}, {3, 2, 2, 9}, {{1, 1}, {2, 1}, {2, 1}, {2, 2}}, 3},
    {{1, 4, 5, 6, 3}, {2, 3, 2, 3, 10}, {{1, 2, 1}, {0, 1, 1}, {1, 1, 0}, {1, 1, 1}}},
    {{1, 3, 4, 5, 8}, {1, 1, 1, 8, 70}, {{1, 1, 1}, {0, 0, 0}, {0, 0, 0}, {1, 1, 1}}},
};

TEST(Int8Convolutions, AreExact) {
  for (const Sizes& s : kSizes) {
    const Int8ConvolutionOp op(s.window, s.groups);
    check(op, "blocks", bytes_of(s.x, 3), bytes_of(s.w, 11));
    check(op, "blocks", prim::full(s.x, -128, DType::int8), prim::full(s.w, -128, DType::int8));
  }
}

TEST(Int8Convolutions, OfEachChannelAloneAreExact) {
  for (int64_t channels : {1, 3, 15, 16, 17, 40, 64, 100, 130})
    for (const Sizes& s :
         std::vector<Sizes>{{{2, 9, channels}, {3, 1, channels}, {{1}, {2}, {0}, {1}}},
                            {{1, 7, 6, channels}, {3, 3, 1, channels}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
                            {{2, 7, 6, channels}, {2, 2, 1, channels}, {{2, 2}, {0, 1}, {1, 0}, {1, 1}}},
                            {{1, 7, 9, channels}, {3, 3, 1, channels}, {{1, 1}, {2, 2}, {2, 2}, {2, 2}}}}) {
      const Int8ConvolutionOp op(s.window, channels);
      check(op, "depthwise", bytes_of(s.x, 3), bytes_of(s.w, 11));
      check(op, "depthwise", prim::full(s.x, -128, DType::int8), prim::full(s.w, -128, DType::int8));
      check(op, "blocks", bytes_of(s.x, 5), bytes_of(s.w, 13));
    }
}

// Odd sizes end within a tile; channels and filters within a panel; many tiles make several blocks.
TEST(Int8Convolutions, ByWinogradsTransformsAreExact) {
  if (std::string_view(instruction_set()) == "base") GTEST_SKIP() << "needs AVX2";
  if (int8_blocks().element == 1) GTEST_SKIP() << "the processor has dot products of bytes";
  for (const Sizes& s : std::vector<Sizes>{{{1, 3, 3, 16}, {3, 3, 16, 16}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}}},
                                           {{2, 8, 7, 17}, {3, 3, 17, 33}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
                                           {{3, 14, 13, 40}, {3, 3, 40, 50}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
                                           {{1, 5, 9, 64}, {3, 3, 64, 20}, {{1, 1}, {2, 0}, {1, 2}, {1, 1}}},
                                           {{1, 4, 4, 3640}, {3, 3, 3640, 16}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}}}) {
    const Int8ConvolutionOp op(s.window, 1);
    check(op, "winograd", bytes_of(s.x, 3), bytes_of(s.w, 11));
    check(op, "winograd", prim::full(s.x, -128, DType::int8), prim::full(s.w, -128, DType::int8));
    check(op, "winograd", prim::full(s.x, -128, DType::int8), prim::full(s.w, 127, DType::int8));
  }
}

TEST(Int8Convolutions, TransposedAreExact) {
  for (const Sizes& s : kSizes) {
    if (s.groups != 1) continue;
    Shape g = s.x;
    g[g.rank() - 1] = s.w.back();
    for (int64_t most : {0, 1}) {
      std::vector<int64_t> rest;
      for (int64_t stride : s.window.strides) rest.push_back(std::min(most, stride - 1));
      const Int8ConvolutionTransposeOp op(s.window, 1, rest);
      check(op, "blocks", bytes_of(g, 3), bytes_of(s.w, 11));
    }
  }
}

TEST(Int8Convolutions, RefuseOtherTypesAndShapes) {
  const Tensor x = prim::full({1, 4, 2}, 1, DType::int8), w = prim::full({3, 2, 5}, 1, DType::int8);
  const Window window{{1}, {0}, {0}, {1}};
  EXPECT_THROW(prim::convolution_int8(prim::cast(x, DType::float32), w, window), TypeError);
  EXPECT_THROW(prim::convolution_int8(x, prim::cast(w, DType::int32), window), TypeError);
  EXPECT_THROW(prim::convolution_int8(x, prim::full({3, 3, 5}, 1, DType::int8), window), ValueError);
  EXPECT_THROW(prim::convolution_transpose_int8(x, w, window, 1, {0}), ValueError);
}

TEST(Int8Convolutions, OfNoSamplesAreEmpty) {
  const Tensor y = prim::convolution_int8(prim::full({0, 4, 2}, 0, DType::int8), prim::full({3, 2, 5}, 1, DType::int8),
                                          {{1}, {0}, {0}, {1}});
  EXPECT_EQ(y.shape(), Shape({0, 2, 5}));
}

}  // namespace
}  // namespace lamina
