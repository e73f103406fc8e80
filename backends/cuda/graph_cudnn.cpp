#include "backends/cuda/graph_cudnn.h"

namespace lamina::cuda {

cudnnDataType_t cudnn_type(DType dtype) {
  switch (dtype) {
    case DType::float64: return CUDNN_DATA_DOUBLE;
    case DType::float16: return CUDNN_DATA_HALF;
    case DType::bfloat16: return CUDNN_DATA_BFLOAT16;
    default: return CUDNN_DATA_FLOAT;
  }
}

CudnnTensor cudnn_packed(std::vector<int64_t> sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = 1;
  for (size_t a = sizes.size(); a-- > 0; stride *= sizes[a]) strides[a] = stride;
  return {std::move(sizes), std::move(strides)};
}

CudnnTensor cudnn_channels_last(int64_t batch, int64_t channels, std::vector<int64_t> space) {
  while (space.size() < 2) space.insert(space.begin(), 1);
  CudnnTensor t{{batch, channels}, {0, 1}};
  t.sizes.insert(t.sizes.end(), space.begin(), space.end());
  t.strides.resize(t.sizes.size());
  int64_t stride = channels;
  for (size_t a = t.sizes.size(); a-- > 2; stride *= t.sizes[a]) t.strides[a] = stride;
  t.strides[0] = stride;
  return t;
}

CudnnGraph::Tensor CudnnGraph::tensor(const CudnnTensor& layout, cudnnDataType_t type, cudnnBackendAttributeName_t kind,
                                      int64_t alignment) {
  CudnnDescriptor& d = tensors_.emplace_back(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  const int64_t number = static_cast<int64_t>(tensors_.size());
  const bool yes = true;
  d.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, &type);
  d.set(CUDNN_ATTR_TENSOR_DIMENSIONS, layout.sizes);
  d.set(CUDNN_ATTR_TENSOR_STRIDES, layout.strides);
  d.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, &number);
  d.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, &alignment);
  if (kind != CUDNN_ATTR_TENSOR_UNIQUE_ID) d.set(kind, CUDNN_TYPE_BOOLEAN, &yes);
  d.finalize();
  return d;
}

CudnnGraph::Tensor CudnnGraph::memory(const CudnnTensor& layout, cudnnDataType_t type) {
  Tensor d = tensor(layout, type, CUDNN_ATTR_TENSOR_UNIQUE_ID, 16);
  memory_.push_back(static_cast<int64_t>(tensors_.size()));
  return d;
}
CudnnGraph::Tensor CudnnGraph::between(const CudnnTensor& layout, cudnnDataType_t type) {
  return tensor(layout, type, CUDNN_ATTR_TENSOR_IS_VIRTUAL, 16);
}
CudnnGraph::Tensor CudnnGraph::number(float value, size_t rank) {
  const std::vector<int64_t> ones(rank, 1);
  Tensor d = tensor({ones, ones}, CUDNN_DATA_FLOAT, CUDNN_ATTR_TENSOR_IS_BY_VALUE, 4);
  numbers_.push_back(static_cast<int64_t>(tensors_.size()));
  values_.push_back(value);
  return d;
}

void CudnnGraph::add(CudnnDescriptor operation) {
  operation.finalize();
  operations_.push_back(std::move(operation));
}

CudnnDescriptor CudnnGraph::finish() const {
  std::vector<cudnnBackendDescriptor_t> operations;
  for (const CudnnDescriptor& d : operations_) operations.push_back(d.get());
  CudnnDescriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations.data(), operations.size());
  graph.finalize();
  return graph;
}

namespace {

// Whether an engine gives the same result in every run, and as exact a one as was asked for.
bool fits(const CudnnDescriptor& config, CudnnPrecision precision) {
  CudnnDescriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t place = engine.get();
  config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, &place, 1);
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  const int64_t count =
      engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, notes, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  for (int64_t i = 0; i < count; ++i) {
    if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC ||
        notes[i] == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)
      return false;
    if (!precision.round_inputs &&
        (notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE || notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS))
      return false;
  }
  return true;
}

// Engines with their settings, the most promising first.
std::vector<CudnnDescriptor> proposals(const CudnnDescriptor& graph, const CudnnDescriptor& properties,
                                       cudnnBackendHeurMode_t mode) {
  CudnnDescriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, &mode);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, properties);
  heuristic.finalize();
  const int64_t count = heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, nullptr, 0);
  std::vector<CudnnDescriptor> configs;
  std::vector<cudnnBackendDescriptor_t> places;
  for (int64_t i = 0; i < count; ++i) places.push_back(configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).get());
  const int64_t got =
      count ? heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, places.data(), places.size())
            : 0;
  configs.erase(configs.begin() + std::min(got, count), configs.end());
  return configs;
}

}  // namespace

CudnnPlan::CudnnPlan(const CudnnGraph& described, CudnnPrecision precision, const CudnnDescriptor& properties,
                     size_t most_workspace) {
  const CudnnDescriptor graph = described.finish();
  for (cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
    for (const CudnnDescriptor& config : proposals(graph, properties, mode)) {
      if (!fits(config, precision)) continue;
      auto plan = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan->set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
      plan->set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, properties);
      const cudnnStatus_t status = plan->try_finalize();
      if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_EXECUTION_FAILED)
        cudnn_check(status, "making a plan");  // the GPU's fault, not the proposal's
      if (status != CUDNN_STATUS_SUCCESS) continue;
      int64_t bytes = 0;
      plan->get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, &bytes, 1);
      if (static_cast<size_t>(bytes) > most_workspace) continue;
      plan_ = std::move(plan);
      workspace_ = static_cast<size_t>(bytes);
      ids_ = described.memory_;
      ids_.insert(ids_.end(), described.numbers_.begin(), described.numbers_.end());
      values_ = described.values_;
      return;
    }
  throw RuntimeError("cuDNN has no engine for this.");
}

void CudnnPlan::run(CudaDriver& driver, std::span<const void* const> memory, void* workspace) const {
  static const auto execute = reinterpret_cast<decltype(&cudnnBackendExecute)>(cudnn_symbol("cudnnBackendExecute"));
  std::vector<const void*> pointers(memory.begin(), memory.end());
  for (const float& value : values_) pointers.push_back(&value);
  CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids_);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, pointers.data(), pointers.size());
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, &workspace);
  pack.finalize();
  const CudnnHandle held = cudnn_handle(driver);
  cudnn_check(execute(held.handle, plan_->get(), pack.get()), "running a plan");
}

BoundKernel cudnn_kernel(const KernelRequest& r, CudnnPrecision precision, size_t inputs,
                         const std::function<CudnnGraph()>& describe) {
  if (!cudnn_missing().empty()) throw RuntimeError(cudnn_missing(), ".");
  std::string signature = text(r.op.key(), " ", r.device, precision.round_inputs ? " rounded" : "");
  for (const TensorSpec& s : r.inputs) signature += text(" ", s);
  constexpr size_t kMostWorkspace = 256u << 20;
  static auto* plans = new CudnnPlans<CudnnPlan>;  // kernels may outlive main's statics
  const auto plan = plans->find(
      signature, [&] { return CudnnPlan(describe(), precision, cudnn_properties(r.device.index), kMostWorkspace); });
  BoundKernel k;
  k.scratch_bytes = plan->workspace();
  k.run = [plan, inputs, &driver = cuda_driver(r.device)](const void* const* in, void* const* out, void* scratch) {
    std::vector<const void*> memory(in, in + inputs);
    memory.insert(memory.end(), out, out + plan->tensors() - inputs);
    plan->run(driver, memory, scratch);
  };
  return k;
}

}  // namespace lamina::cuda
