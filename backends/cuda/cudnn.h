#pragma once
// Convolutions by cuDNN's graph API (9.8 and later). The library is looked for at run time: where there is none, or none new enough,
// plans are refused and the device's other kernels do the work. Plans are made from a GPU's properties, so that tests can make them for
// a GPU that is not there.
#include <cudnn_graph.h>

#include <memory>
#include <string>
#include <vector>

#include "backends/cuda/cuda_driver.h"

namespace lamina::cuda {

// Why there is no cuDNN; empty if there is one. LAMINA_CUDNN names the file to open instead of libcudnn.so.9.
const std::string& cudnn_missing();

// A descriptor of cuDNN's, with what it refers to.
class CudnnDescriptor {
 public:
  explicit CudnnDescriptor(cudnnBackendDescriptorType_t type);
  CudnnDescriptor(CudnnDescriptor&& other) noexcept : made_(std::exchange(other.made_, nullptr)) {}
  CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
    std::swap(made_, other.made_);
    return *this;
  }
  ~CudnnDescriptor();
  // A RuntimeError if cuDNN refuses.
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const void* values, size_t count = 1);
  void set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value);
  void set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values);
  void finalize();
  // How many values there are; at most `most` go to `values`.
  int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, void* values, size_t most) const;
  cudnnBackendDescriptor_t get() const { return made_; }

 private:
  cudnnBackendDescriptor_t made_ = nullptr;
};

// The GPU that plans are for.
CudnnDescriptor cudnn_properties(int gpu);
CudnnDescriptor cudnn_properties(const std::string& json);  // as cuDNN writes them

// Sizes and strides (elements) in cuDNN's order: batch, channels, space; of a kernel: filters, channels of a group, space.
struct CudnnTensor {
  std::vector<int64_t> sizes, strides;
};

enum class CudnnPass { forward, input_grad, weight_grad };

struct CudnnConvolution {
  CudnnPass pass;
  cudnnDataType_t dtype;
  bool tf32;  // float32 may be rounded to TF32
  CudnnTensor x, w, y;
  std::vector<int64_t> low, high, strides, dilation;
};

// The same result in every run; sums in float32 (float64 for doubles).
class CudnnPlan {
 public:
  // The first of cuDNN's proposals that meets the conditions. RuntimeError, with cuDNN's reason, if there is none.
  CudnnPlan(const CudnnConvolution& convolution, const CudnnDescriptor& properties, size_t most_workspace);
  size_t workspace() const { return workspace_; }  // bytes, 256-byte aligned
  // One of x, w and y is written: y, x or w by the pass.
  void run(CudaDriver& driver, const void* x, const void* w, const void* y, void* workspace) const;

 private:
  std::shared_ptr<CudnnDescriptor> plan_;
  size_t workspace_ = 0;
};

}  // namespace lamina::cuda
