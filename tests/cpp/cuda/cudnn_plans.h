#pragma once
// Plans of cuDNN's for an H200, made from its properties: what cuDNN takes and proposes can be tested without the GPU.
// Engines that cuDNN compiles for the case at hand want a driver too; the toolkit has a stand-in that takes all but the
// last step, loading what was compiled.
#include <dlfcn.h>

#include "backends/core/error.h"
#include "backends/cuda/graph_cudnn.h"
#include "support/data.h"

namespace lamina {

inline constexpr const char* kH200 =
    R"({"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
  "multiProcessorCount": 132, "smClockRateKHz": 1980000, "memClockRateKHz": 3201000, "l2CacheSize": 62914560, "warpSize": 32,
  "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536,
  "pciDeviceId": 0, "maxCtasPerSM": 32, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "isTccDriver": 0, "supportCoopLaunch": 1,
  "deviceVer": 900, "driverVer": 13000, "totalGlobalMem": 150000000000, "cudaDeviceId": 0, "deviceName": "NVIDIA H200"})";

class Cudnn : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!cuda::cudnn_missing().empty()) GTEST_SKIP() << cuda::cudnn_missing();
    if (!dlopen("libcuda.so.1", RTLD_NOW))
      stand_in_ = dlopen(LAMINA_CUDA_STUB, RTLD_NOW);  // its own name for itself is libcuda.so.1
  }

  // Why cuDNN makes no plan; empty if it makes one.
  static std::string refusal(const cuda::CudnnGraph& graph, cuda::CudnnPrecision precision = {}) {
    try {
      cuda::CudnnPlan plan(graph, precision, cuda::cudnn_properties(std::string(kH200)), 256u << 20);
      return "";
    } catch (const Error& e) {
      const std::string why = e.what();
      const bool only_loading =
          why.find("cuLibraryLoadData returned error  (34)") != std::string::npos;  // CUDA_ERROR_STUB_LIBRARY
      return stand_in_ && only_loading ? "" : why;
    }
  }
  // Whether engines that are compiled can be tried at all.
  static bool compiles() { return dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD) != nullptr; }

 private:
  static inline void* stand_in_ = nullptr;
};

}  // namespace lamina
