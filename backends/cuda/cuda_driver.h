#pragma once
// One GPU: its stream, its memory and its library handles. All work of a GPU goes into one stream, in the order in
// which it was asked for; memory is taken and given back in that order too, so that it never waits.
#include <memory>
#include <mutex>

#include "backends/core/device.h"
#include "backends/cuda/check.h"
#include "backends/cuda/staging.h"

namespace lamina::cuda {

class CudaDriver final : public DeviceDriver {
 public:
  explicit CudaDriver(int index);  // UnsupportedError if there is no such GPU, or no driver for it

  void* allocate(size_t bytes) override;
  void release(void* memory, size_t bytes) noexcept override;
  void upload(void* to, const void* from, size_t bytes) override;
  void download(void* to, const void* from, size_t bytes) override;
  void copy(void* to, const void* from, size_t bytes) override;
  void synchronize() override;
  std::unique_ptr<Recording> record(const std::function<void()>& work) override;
  std::string describe() const override;

  // Makes this GPU the one that CUDA's calls on this thread mean; returns its stream, or the one that this thread
  // records.
  cudaStream_t use();
  int multiprocessors() const { return properties_.multiProcessorCount; }
  size_t memory() const { return properties_.totalGlobalMem; }  // bytes that it has
  int major() const { return properties_.major; }
  int minor() const { return properties_.minor; }

  // cuBLAS on the GPU's stream, for one thread at a time.
  struct Cublas {
    cublasHandle_t handle;
    std::unique_lock<std::mutex> lock;
    operator cublasHandle_t() const { return handle; }
  };
  Cublas cublas();

 private:
  int index_;
  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  std::unique_ptr<Staging> staging_;
  std::mutex staging_mutex_, cublas_mutex_, recording_mutex_;
  cudaStream_t recording_ = nullptr;  // kernels asked for on it are kept
  cublasHandle_t cublas_ = nullptr;
  void* cublas_memory_ = nullptr;  // its workspace: ours, so that recorded products need none of their own
};

// driver_of() a CUDA device, as what it is.
CudaDriver& cuda_driver(Device device);

}  // namespace lamina::cuda
