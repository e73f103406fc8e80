#include "backends/cuda/cudnn.h"

#include <dlfcn.h>

#include <cstdlib>
#include <map>

#include "backends/core/error.h"

namespace lamina::cuda {

namespace {

struct Functions {
  decltype(&cudnnGetVersion) version;
  decltype(&cudnnGetErrorString) error_string;
  decltype(&cudnnGetLastErrorString) last_error;
  decltype(&cudnnCreate) create;
  decltype(&cudnnSetStream) set_stream;
  decltype(&cudnnBackendCreateDescriptor) make;
  decltype(&cudnnBackendDestroyDescriptor) destroy;
  decltype(&cudnnBackendSetAttribute) set;
  decltype(&cudnnBackendGetAttribute) get;
  decltype(&cudnnBackendFinalize) finalize;
};

constexpr size_t kOldest = 90800;  // the first that makes plans from properties

struct Library {
  Functions functions{};
  std::string missing;
  void* handle = nullptr;  // never closed
  Library() {
    const char* named = std::getenv("LAMINA_CUDNN");
    const char* file = named && *named ? named : "libcudnn.so.9";
    handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      missing = text("cuDNN was not found: ", dlerror());
      return;
    }
    auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
      if (!function) missing = text(file, " has no ", name);
    };
    find(functions.version, "cudnnGetVersion");
    find(functions.error_string, "cudnnGetErrorString");
    find(functions.last_error, "cudnnGetLastErrorString");
    find(functions.create, "cudnnCreate");
    find(functions.set_stream, "cudnnSetStream");
    find(functions.make, "cudnnBackendCreateDescriptor");
    find(functions.destroy, "cudnnBackendDestroyDescriptor");
    find(functions.set, "cudnnBackendSetAttribute");
    find(functions.get, "cudnnBackendGetAttribute");
    find(functions.finalize, "cudnnBackendFinalize");
    if (missing.empty() && functions.version() < kOldest)
      missing = text(file, " is version ", functions.version(), "; ", kOldest, " is the oldest that serves");
  }
};
const Library& library() {
  static const Library* found = new Library;  // descriptors may outlive main's statics
  return *found;
}
const Functions& cudnn() {
  if (!library().missing.empty()) throw RuntimeError(library().missing, ".");
  return library().functions;
}

}  // namespace

void cudnn_check(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char reason[512] = "";
  cudnn().last_error(reason, sizeof reason);
  throw RuntimeError("cuDNN: ", what, ": ", cudnn().error_string(status), *reason ? " (" : "", reason,
                     *reason ? ")" : "", ".");
}

const std::string& cudnn_missing() { return library().missing; }

void* cudnn_symbol(const char* name) {
  cudnn();
  void* found = dlsym(library().handle, name);
  if (!found) throw RuntimeError("cuDNN ", cudnn().version(), " has no ", name, ".");
  return found;
}
size_t cudnn_version() { return cudnn().version(); }

CudnnDescriptor::CudnnDescriptor(cudnnBackendDescriptorType_t type) {
  cudnn_check(cudnn().make(type, &made_), "making a descriptor");
}
CudnnDescriptor::~CudnnDescriptor() {
  if (made_) cudnn().destroy(made_);
}
void CudnnDescriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const void* values,
                          size_t count) {
  cudnn_check(cudnn().set(made_, name, type, static_cast<int64_t>(count), values), "describing");
}
void CudnnDescriptor::set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) {
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, &value.made_);
}
void CudnnDescriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) {
  set(name, CUDNN_TYPE_INT64, values.data(), values.size());
}
cudnnStatus_t CudnnDescriptor::try_finalize() { return cudnn().finalize(made_); }
void CudnnDescriptor::finalize() { cudnn_check(try_finalize(), "describing"); }
int64_t CudnnDescriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, void* values,
                             size_t most) const {
  int64_t count = 0;
  cudnn_check(cudnn().get(made_, name, type, static_cast<int64_t>(most), &count, values), "asking");
  return most ? std::min<int64_t>(count, static_cast<int64_t>(most)) : count;
}

CudnnDescriptor cudnn_properties(int gpu) {
  CudnnDescriptor d(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  const int32_t index = gpu;
  d.set(CUDNN_ATTR_DEVICEPROP_DEVICE_ID, CUDNN_TYPE_INT32, &index);
  d.finalize();
  return d;
}

CudnnDescriptor cudnn_properties(const std::string& json) {
  CudnnDescriptor d(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  d.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, json.data(), json.size());
  d.finalize();
  return d;
}

CudnnHandle cudnn_handle(CudaDriver& driver) {
  static std::mutex mutex;
  static auto* handles = new std::map<const CudaDriver*, cudnnHandle_t>;
  const cudaStream_t stream = driver.use();
  std::unique_lock<std::mutex> lock(mutex);
  cudnnHandle_t& handle = (*handles)[&driver];
  if (!handle) cudnn_check(cudnn().create(&handle), "making a handle");
  cudnn_check(cudnn().set_stream(handle, stream), "choosing the stream");
  return {std::move(lock), handle};
}

}  // namespace lamina::cuda
