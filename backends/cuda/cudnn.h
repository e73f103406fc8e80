#pragma once
// cuDNN (9.8 and later): the library, which is looked for at run time, its descriptors and its handles. Where there is
// none, or none new enough, the device's other kernels do the work.
#include <cudnn_graph.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/core/error.h"
#include "backends/cuda/cuda_driver.h"

namespace lamina::cuda {

// Why there is no cuDNN; empty if there is one. LAMINA_CUDNN names the file to open instead of libcudnn.so.9.
const std::string& cudnn_missing();
size_t cudnn_version();  // 91900 for 9.19.0
// A function of the library's. RuntimeError if there is no such function, or no library.
void* cudnn_symbol(const char* name);
// A RuntimeError with cuDNN's reason unless the status is success.
void cudnn_check(cudnnStatus_t status, const char* what);

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
  cudnnStatus_t try_finalize();
  // How many values there are; at most `most` go to `values`.
  int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, void* values, size_t most) const;
  cudnnBackendDescriptor_t get() const { return made_; }

 private:
  cudnnBackendDescriptor_t made_ = nullptr;
};

// The GPU that plans are for.
CudnnDescriptor cudnn_properties(int gpu);
CudnnDescriptor cudnn_properties(const std::string& json);  // as cuDNN writes them

// cuDNN's handle of a GPU, on its stream, for one thread at a time.
struct CudnnHandle {
  std::unique_lock<std::mutex> lock;
  cudnnHandle_t handle;
};
CudnnHandle cudnn_handle(CudaDriver& driver);

// What cuDNN made for each signature, or why it made nothing; making takes long, some engines are compiled for it.
template <class Plan>
class CudnnPlans {
 public:
  // make() gives a Plan; its Error comes as a RuntimeError, again at every later call.
  template <class Make>
  std::shared_ptr<const Plan> find(const std::string& signature, Make&& make) {
    std::unique_lock<std::mutex> lock(mutex_);
    auto found = plans_.find(signature);
    if (found == plans_.end()) {
      lock.unlock();
      Planned made;
      try {
        made.plan = std::make_shared<const Plan>(make());
      } catch (const Error& e) { made.refusal = e.what(); }
      lock.lock();
      if (plans_.size() == kMost) plans_.clear();  // those in use live on
      found = plans_.emplace(signature, std::move(made)).first;
    }
    if (!found->second.plan) throw RuntimeError(found->second.refusal);
    return found->second.plan;
  }

 private:
  static constexpr size_t kMost = 1024;
  struct Planned {
    std::shared_ptr<const Plan> plan;
    std::string refusal;
  };
  std::mutex mutex_;
  std::map<std::string, Planned> plans_;
};

}  // namespace lamina::cuda
