#include "backends/core/settings.h"
#include "backends/ops/attention/attention_cudnn.h"
#include "backends/ops/convolution/convolution_cudnn.h"
#include "backends/ops/normalization/normalize_cudnn.h"
#include "backends/ops/pooling/pooling_cudnn.h"
#include "backends/ops/recurrent/recurrent_cudnn.h"
#include "cuda/cudnn_plans.h"

namespace lamina {
namespace {

struct Case {
  const char* what;
  Shape x, w;
  Window window;
  int64_t groups = 1;
};

Shape result(const Case& c) {
  Shape y = c.x;
  for (int a = 0; a < c.window.rank(); ++a) y[a + 1] = c.window.outputs(a, c.x[a + 1], c.w[a]);
  y[y.rank() - 1] = c.w.back();
  return y;
}

ConvolutionDims dims(const Case& c) { return {c.window, c.groups, c.x, c.w, result(c)}; }

TEST_F(Cudnn, PlansEveryPassOfWhatNetsHave) {
  const std::vector<Case> cases = {
      {"3x3 same", {256, 32, 32, 16}, {3, 3, 16, 16}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
      {"first layer", {256, 32, 32, 3}, {3, 3, 3, 16}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
      {"stride 2", {32, 224, 224, 3}, {7, 7, 3, 64}, {{2, 2}, {3, 3}, {3, 3}, {1, 1}}},
      {"valid", {128, 28, 28, 1}, {3, 3, 1, 32}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}}},
      {"pointwise", {64, 14, 14, 256}, {1, 1, 256, 512}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}}},
      {"dilated", {8, 40, 40, 32}, {3, 3, 32, 32}, {{1, 1}, {2, 2}, {2, 2}, {2, 2}}},
      {"one axis", {32, 512, 64}, {5, 64, 128}, {{1}, {2}, {2}, {1}}},
      {"three axes", {4, 16, 32, 32, 8}, {3, 3, 3, 8, 16}, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}}},
      {"groups", {16, 28, 28, 64}, {3, 3, 16, 64}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 4},
      {"depthwise", {32, 56, 56, 64}, {3, 3, 1, 64}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}, 64},
      {"pointwise with stride 2", {64, 32, 32, 16}, {1, 1, 16, 32}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}},
      {"places that no window reads", {16, 34, 34, 8}, {3, 3, 8, 16}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}},
      {"same with stride 2", {32, 32, 32, 16}, {3, 3, 16, 32}, {{2, 2}, {0, 0}, {1, 1}, {1, 1}}},
  };
  for (const Case& c : cases)
    for (ConvolutionPass pass : {ConvolutionPass::forward, ConvolutionPass::input_grad, ConvolutionPass::weight_grad})
      for (auto [dtype, tf32] : {std::pair(DType::float32, false),
                                 {DType::float32, true},
                                 {DType::float16, false},
                                 {DType::bfloat16, false}})
        EXPECT_EQ(refusal(cudnn_convolution(dims(c), pass, dtype), {.round_inputs = dtype != DType::float32 || tf32}),
                  "")
            << c.what << ", pass " << static_cast<int>(pass) << ", " << name_of(dtype) << (tf32 ? " tf32" : "");
}

TEST_F(Cudnn, PlansPoolings) {
  if (!compiles()) GTEST_SKIP() << "no driver, and no stand-in for it";
  struct {
    const char* what;
    PoolWindows windows;
    Shape x;
  } cases[] = {
      {"2x2", {{2, 2}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}}, {256, 32, 32, 16}},
      {"3x3 same", {{3, 3}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}}, {64, 28, 28, 32}},
      {"3x3 stride 2, padded behind", {{3, 3}, {{2, 2}, {0, 0}, {1, 1}, {1, 1}}}, {64, 28, 28, 32}},
      {"places that no window reads", {{2, 2}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}}, {64, 29, 29, 32}},
      {"seven channels", {{2, 2}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}}, {16, 28, 28, 7}},
      {"one axis", {{4}, {{2}, {1}, {1}, {1}}}, {32, 512, 64}},
  };
  for (const auto& c : cases)
    for (bool max : {true, false})
      for (DType dtype : {DType::float32, DType::float16, DType::bfloat16})
        EXPECT_EQ(refusal(cudnn_pooling(max, c.windows, c.x, dtype)), "")
            << c.what << (max ? " max " : " mean ") << name_of(dtype);
}

TEST_F(Cudnn, PlansBatchNormalisation) {
  if (!compiles()) GTEST_SKIP() << "no driver, and no stand-in for it";
  struct {
    int64_t outer, n, inner;
  } cases[] = {{256 * 32 * 32, 16, 1}, {128, 512, 1}, {64 * 7 * 7, 2048, 1}, {32, 64, 32 * 32}};
  for (auto [outer, n, inner] : cases) {
    EXPECT_EQ(refusal(cudnn_normalize_batch(outer, n, inner, 1e-3)), "") << outer << " " << n << " " << inner;
    EXPECT_EQ(refusal(cudnn_normalize_batch_grad(outer, n, inner)), "") << outer << " " << n << " " << inner;
  }
}

TEST_F(Cudnn, PlansAttentionInHalfPrecision) {
  if (!compiles()) GTEST_SKIP() << "no driver, and no stand-in for it";
  struct {
    int64_t T, S, N, K, D;
  } cases[] = {
      {128, 128, 8, 8, 64}, {64, 96, 4, 4, 32}, {100, 60, 4, 2, 64}, {512, 512, 16, 4, 128}, {17, 17, 2, 2, 16}};
  for (auto [T, S, N, K, D] : cases)
    for (bool causal : {false, true})
      for (DType dtype : {DType::float16, DType::bfloat16}) {
        const CudnnAttention a{8, T, S, N, K, D, D, 0.125, causal, dtype};
        EXPECT_EQ(refusal(cudnn_attention(a), {.round_inputs = true}), "")
            << T << " " << S << " " << N << " " << K << " " << D << causal;
        EXPECT_EQ(refusal(cudnn_attention_grad(a), {.round_inputs = true}), "")
            << T << " " << S << " " << N << " " << K << " " << D << causal;
      }
}

TEST_F(Cudnn, PlansAttentionWithBias) {
  if (!compiles()) GTEST_SKIP() << "no driver, and no stand-in for it";
  for (const Shape& bias : {Shape{8, 1, 1, 60}, Shape{1, 4, 100, 60}, Shape{8, 1, 100, 60}})
    for (DType dtype : {DType::bfloat16, DType::float32}) {
      const CudnnAttention a{8, 100, 60, 4, 2, 64, 64, 0.125, false, DType::bfloat16, TensorSpec{bias, dtype}};
      EXPECT_EQ(refusal(cudnn_attention(a), {.round_inputs = true}), "") << text(bias) << name_of(dtype);
      EXPECT_EQ(refusal(cudnn_attention_grad(a), {.round_inputs = true}), "") << text(bias) << name_of(dtype);
    }
}

TEST_F(Cudnn, TakesDescriptionsOfRecurrences) {
  for (Recurrence kind : {Recurrence::simple, Recurrence::lstm, Recurrence::gru})
    for (DType dtype : {DType::float32, DType::float64})
      for (bool tf32 : {false, true}) {
        settings().set_tf32(tf32);
        EXPECT_NO_THROW(describe_to_cudnn({kind, 32, 100, 64, 128, dtype})) << name_of(kind) << " " << name_of(dtype);
        settings().set_tf32(false);
      }
  EXPECT_THROW(describe_to_cudnn({Recurrence::lstm, 32, 100, 64, 0, DType::float32}), RuntimeError);
}

TEST_F(Cudnn, SaysWhatItCannotDo) {
  cuda::CudnnGraph graph;
  try {
    graph.add(cuda::CudnnDescriptor(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR));  // of nothing
    FAIL();
  } catch (const RuntimeError& e) { EXPECT_NE(std::string(e.what()).find("cuDNN"), std::string::npos) << e.what(); }
}

}  // namespace
}  // namespace lamina
