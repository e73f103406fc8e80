// cuDNN makes its plans from a GPU's properties, here those of an H200: what it takes and proposes can be tested without the GPU.
#include "backends/cuda/cudnn.h"

#include "backends/core/error.h"
#include "backends/ops/convolution/convolution_cudnn.h"
#include "support/data.h"

namespace lamina {
namespace {

using cuda::CudnnPass;

constexpr const char* kH200 = R"({"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
  "multiProcessorCount": 132, "smClockRateKHz": 1980000, "memClockRateKHz": 3201000, "l2CacheSize": 62914560, "warpSize": 32,
  "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536,
  "pciDeviceId": 0, "maxCtasPerSM": 32, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "isTccDriver": 0, "supportCoopLaunch": 1,
  "deviceVer": 900, "driverVer": 13000, "totalGlobalMem": 150000000000, "cudaDeviceId": 0, "deviceName": "NVIDIA H200"})";

class Cudnn : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!cuda::cudnn_missing().empty()) GTEST_SKIP() << cuda::cudnn_missing();
  }
};

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

std::string refusal(const Case& c, CudnnPass pass, DType dtype, bool tf32) {
  const ConvolutionDims d(c.window, c.groups, c.x, c.w, result(c));
  try {
    cuda::CudnnPlan plan(cudnn_convolution(d, pass, dtype, tf32), cuda::cudnn_properties(std::string(kH200)), 256u << 20);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

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
      {"same with stride 2", {32, 32, 32, 16}, {3, 3, 16, 32}, {{2, 2}, {0, 0}, {1, 1}, {1, 1}}},
  };
  for (const Case& c : cases)
    for (CudnnPass pass : {CudnnPass::forward, CudnnPass::input_grad, CudnnPass::weight_grad})
      for (auto [dtype, tf32] : {std::pair(DType::float32, false), {DType::float32, true}, {DType::float16, false}, {DType::bfloat16, false}})
        EXPECT_EQ(refusal(c, pass, dtype, tf32), "") << c.what << ", pass " << static_cast<int>(pass) << ", " << name_of(dtype) << (tf32 ? " tf32" : "");
}

TEST_F(Cudnn, SaysWhatItCannotDo) {
  const Case c{"", {2, 8, 8, 4}, {3, 3, 4, 4}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}};
  const ConvolutionDims d(c.window, 1, c.x, c.w, {2, 7, 8, 4});  // not the size of a result
  cuda::CudnnConvolution wrong = cudnn_convolution(d, CudnnPass::forward, DType::float32, false);
  wrong.high = {1, 1};
  try {
    cuda::CudnnPlan plan(wrong, cuda::cudnn_properties(std::string(kH200)), 1 << 20);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("cuDNN"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace lamina
