#pragma once
// Graphs of cuDNN's operations, and plans to run them. A graph is described without a GPU, and a plan is made from a
// GPU's properties, so that tests can make plans for a GPU that is not there.
#include <deque>

#include "backends/core/kernel.h"
#include "backends/cuda/cudnn.h"

namespace lamina::cuda {

cudnnDataType_t cudnn_type(DType dtype);  // of a float dtype

// Sizes and strides (elements) in the order that cuDNN wants: batch, channels, space.
struct CudnnTensor {
  std::vector<int64_t> sizes, strides;
};
// Whose elements lie in memory as the axes stand.
CudnnTensor cudnn_packed(std::vector<int64_t> sizes);
// (batch, channels, space...) whose channels lie last in memory; space of fewer than two axes gets axes of size 1 in
// front.
CudnnTensor cudnn_channels_last(int64_t batch, int64_t channels, std::vector<int64_t> space);

// What a plan may do beside computing the same in every run.
struct CudnnPrecision {
  bool round_inputs = false;  // float32 to TF32
};

// Operations over tensors that lie at numbered places, from which cuDNN makes plans.
class CudnnGraph {
 public:
  using Tensor = const CudnnDescriptor&;
  // A tensor that run() gets a pointer to, in the order of these calls.
  Tensor memory(const CudnnTensor& layout, cudnnDataType_t type);
  // What one operation hands to the next.
  Tensor between(const CudnnTensor& layout, cudnnDataType_t type);
  // A number, float32, that is part of the graph; `rank` axes of size 1.
  Tensor number(float value, size_t rank);
  // An operation that is described wholly.
  void add(CudnnDescriptor operation);

 private:
  friend class CudnnPlan;
  Tensor tensor(const CudnnTensor& layout, cudnnDataType_t type, cudnnBackendAttributeName_t kind, int64_t alignment);
  CudnnDescriptor finish() const;
  std::deque<CudnnDescriptor> tensors_;  // their numbers: places here
  std::vector<CudnnDescriptor> operations_;
  std::vector<int64_t> memory_, numbers_;
  std::vector<float> values_;  // of numbers_
};

// The same result in every run; sums in float32 (float64 for doubles).
class CudnnPlan {
 public:
  // The first of cuDNN's proposals that meets the conditions. RuntimeError, with cuDNN's reason, if there is none.
  CudnnPlan(const CudnnGraph& graph, CudnnPrecision precision, const CudnnDescriptor& properties,
            size_t most_workspace);
  size_t workspace() const { return workspace_; }                  // bytes, 256-byte aligned
  size_t tensors() const { return ids_.size() - values_.size(); }  // in memory
  // A pointer for each of the graph's tensors in memory, 16-byte aligned.
  void run(CudaDriver& driver, std::span<const void* const> memory, void* workspace) const;

 private:
  std::shared_ptr<CudnnDescriptor> plan_;
  std::vector<int64_t> ids_;  // of what is in memory, then of numbers
  std::vector<float> values_;
  size_t workspace_ = 0;
};

// A kernel that runs a graph whose tensors in memory are `inputs` inputs, then outputs. What is described may depend on
// the request's op, inputs and device alone. RuntimeError if there is no cuDNN, or as of CudnnPlan.
BoundKernel cudnn_kernel(const KernelRequest& request, CudnnPrecision precision, size_t inputs,
                         const std::function<CudnnGraph()>& describe);

}  // namespace lamina::cuda
