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
  decltype(&cudnnBackendExecute) execute;
};

constexpr size_t kOldest = 90800;  // the first that makes plans from properties

struct Library {
  Functions functions{};
  std::string missing;
  Library() {
    const char* named = std::getenv("LAMINA_CUDNN");
    const char* file = named && *named ? named : "libcudnn.so.9";
    void* handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);  // never closed
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
    find(functions.execute, "cudnnBackendExecute");
    if (missing.empty() && functions.version() < kOldest) missing = text(file, " is version ", functions.version(), "; ", kOldest, " is the oldest that serves");
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

void check(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char reason[512] = "";
  cudnn().last_error(reason, sizeof reason);
  throw RuntimeError("cuDNN: ", what, ": ", cudnn().error_string(status), *reason ? " (" : "", reason, *reason ? ")" : "", ".");
}

// The handle of a GPU, on its stream, for one thread at a time.
struct Handle {
  std::unique_lock<std::mutex> lock;
  cudnnHandle_t handle;
};
Handle handle_of(CudaDriver& driver) {
  static std::mutex mutex;
  static auto* handles = new std::map<const CudaDriver*, cudnnHandle_t>;
  const cudaStream_t stream = driver.use();
  std::unique_lock<std::mutex> lock(mutex);
  cudnnHandle_t& handle = (*handles)[&driver];
  if (!handle) check(cudnn().create(&handle), "making a handle");
  check(cudnn().set_stream(handle, stream), "choosing the stream");
  return {std::move(lock), handle};
}

enum Id : int64_t { kX = 1, kW, kY };

CudnnDescriptor tensor(Id id, const CudnnTensor& t, cudnnDataType_t dtype) {
  CudnnDescriptor d(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  const int64_t number = id, alignment = 16;
  d.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, &dtype);
  d.set(CUDNN_ATTR_TENSOR_DIMENSIONS, t.sizes);
  d.set(CUDNN_ATTR_TENSOR_STRIDES, t.strides);
  d.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, &number);
  d.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, &alignment);
  d.finalize();
  return d;
}

struct Names {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};
Names names_of(CudnnPass pass) {
  switch (pass) {
    case CudnnPass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case CudnnPass::input_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    default:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
}

// Finalized descriptors hold what they refer to, so that the parts may go.
CudnnDescriptor graph_of(const CudnnConvolution& c) {
  const cudnnDataType_t compute = c.dtype == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  const int64_t space = static_cast<int64_t>(c.strides.size());
  CudnnDescriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, &space);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &compute);
  convolution.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, &mode);
  convolution.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, c.low);
  convolution.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, c.high);
  convolution.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, c.dilation);
  convolution.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, c.strides);
  convolution.finalize();
  const CudnnDescriptor x = tensor(kX, c.x, c.dtype), w = tensor(kW, c.w, c.dtype), y = tensor(kY, c.y, c.dtype);
  const Names names = names_of(c.pass);
  const double one = 1, zero = 0;
  CudnnDescriptor operation(names.operation);
  operation.set(names.x, x);
  operation.set(names.w, w);
  operation.set(names.y, y);
  operation.set(names.convolution, convolution);
  operation.set(names.alpha, CUDNN_TYPE_DOUBLE, &one);
  operation.set(names.beta, CUDNN_TYPE_DOUBLE, &zero);
  operation.finalize();
  CudnnDescriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation);
  graph.finalize();
  return graph;
}

// Whether an engine gives the same result in every run, and as exact a one as was asked for.
bool fits(const CudnnDescriptor& config, const CudnnConvolution& c) {
  CudnnDescriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t place = engine.get();
  config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, &place, 1);
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  const int64_t count = engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, notes, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  const bool rounds = c.dtype == CUDNN_DATA_FLOAT && !c.tf32;
  for (int64_t i = 0; i < count; ++i) {
    if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC || notes[i] == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION) return false;
    if (rounds && (notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE || notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)) return false;
  }
  return true;
}

// Engines with their settings, the most promising first.
std::vector<CudnnDescriptor> proposals(const CudnnDescriptor& graph, const CudnnDescriptor& properties, cudnnBackendHeurMode_t mode) {
  CudnnDescriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, &mode);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, properties);
  heuristic.finalize();
  const int64_t count = heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, nullptr, 0);
  std::vector<CudnnDescriptor> configs;
  std::vector<cudnnBackendDescriptor_t> places;
  for (int64_t i = 0; i < count; ++i) places.push_back(configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).get());
  const int64_t got = count ? heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, places.data(), places.size()) : 0;
  configs.erase(configs.begin() + std::min(got, count), configs.end());
  return configs;
}

}  // namespace

const std::string& cudnn_missing() { return library().missing; }

CudnnDescriptor::CudnnDescriptor(cudnnBackendDescriptorType_t type) { check(cudnn().make(type, &made_), "making a descriptor"); }
CudnnDescriptor::~CudnnDescriptor() {
  if (made_) cudnn().destroy(made_);
}
void CudnnDescriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const void* values, size_t count) {
  check(cudnn().set(made_, name, type, static_cast<int64_t>(count), values), "describing");
}
void CudnnDescriptor::set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) { set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, &value.made_); }
void CudnnDescriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) { set(name, CUDNN_TYPE_INT64, values.data(), values.size()); }
void CudnnDescriptor::finalize() { check(cudnn().finalize(made_), "describing"); }
int64_t CudnnDescriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, void* values, size_t most) const {
  int64_t count = 0;
  check(cudnn().get(made_, name, type, static_cast<int64_t>(most), &count, values), "asking");
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

CudnnPlan::CudnnPlan(const CudnnConvolution& convolution, const CudnnDescriptor& properties, size_t most_workspace) {
  const CudnnDescriptor graph = graph_of(convolution);
  std::string refusals;
  for (cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
    for (const CudnnDescriptor& config : proposals(graph, properties, mode)) {
      if (!fits(config, convolution)) continue;
      try {
        auto plan = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        plan->set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
        plan->set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, properties);
        plan->finalize();
        int64_t bytes = 0;
        plan->get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, &bytes, 1);
        if (static_cast<size_t>(bytes) > most_workspace) continue;
        plan_ = std::move(plan);
        workspace_ = static_cast<size_t>(bytes);
        return;
      } catch (const Error& e) {  // the next proposal may do
        refusals = text(" ", e.what());
      }
    }
  throw RuntimeError("cuDNN has no engine for this.", refusals);
}

void CudnnPlan::run(CudaDriver& driver, const void* x, const void* w, const void* y, void* workspace) const {
  const int64_t ids[] = {kX, kW, kY};
  const void* pointers[] = {x, w, y};
  CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, ids, 3);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, pointers, 3);
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, &workspace);
  pack.finalize();
  const Handle held = handle_of(driver);
  check(cudnn().execute(held.handle, plan_->get(), pack.get()), "a convolution");
}

}  // namespace lamina::cuda
