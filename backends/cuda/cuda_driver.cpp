#include "backends/cuda/cuda_driver.h"

#include "backends/core/error.h"

namespace lamina::cuda {

namespace {

thread_local const CudaDriver* recording_on = nullptr;  // the GPU whose work this thread records

constexpr size_t kCublasMemory = 32u << 20;  // bytes: what cuBLAS' manual advises for Hopper

class GraphRecording final : public Recording {
 public:
  GraphRecording(CudaDriver& driver, cudaGraphExec_t graph) : driver_(driver), graph_(graph) {}
  ~GraphRecording() override {
    cudaGraphExecDestroy(graph_);  // fails where CUDA is gone already
    cudaGetLastError();
  }
  void replay() override { check(cudaGraphLaunch(graph_, driver_.use()), "starting recorded work"); }

 private:
  CudaDriver& driver_;
  cudaGraphExec_t graph_;
};

int device_count() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess) return count;
  cudaGetLastError();
  if (status == cudaErrorNoDevice) return 0;
  throw UnsupportedError("CUDA cannot be used on this machine: ", cudaGetErrorString(status),
                         ". Install NVIDIA's driver, or use \"cpu\".");
}

const DriverRegistration registered(DeviceKind::cuda, [](int index) -> DeviceDriver* { return new CudaDriver(index); });

}  // namespace

CudaDriver::CudaDriver(int index) : index_(index) {
  if (const int count = device_count(); index >= count)
    throw UnsupportedError("this machine has ", count, " GPU", count == 1 ? "" : "s",
                           " for CUDA, so there is no cuda:", index, ". Use ", count ? "a lower number, or " : "",
                           "\"cpu\".");
  check(cudaSetDevice(index), "choosing the GPU");
  check(cudaGetDeviceProperties(&properties_, index), "asking for the GPU's properties");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
  // A pool of our own: what is given back stays in it, for later tensors.
  cudaMemPoolProps props{};
  props.allocType = cudaMemAllocationTypePinned;
  props.location.type = cudaMemLocationTypeDevice;
  props.location.id = index;
  check(cudaMemPoolCreate(&pool_, &props), "a memory pool");
  uint64_t keep = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep), "setting up the memory pool");
  staging_ = std::make_unique<Staging>();
}

cudaStream_t CudaDriver::use() {
  check(cudaSetDevice(index_), "choosing the GPU");
  return recording_on == this ? recording_ : stream_;
}

std::unique_ptr<Recording> CudaDriver::record(const std::function<void()>& work) {
  std::lock_guard<std::mutex> lock(recording_mutex_);
  use();
  if (!recording_) check(cudaStreamCreateWithFlags(&recording_, cudaStreamNonBlocking), "a stream");
  if (cudaStreamBeginCapture(recording_, cudaStreamCaptureModeThreadLocal) != cudaSuccess)
    return cudaGetLastError(), nullptr;
  cudaGraph_t graph = nullptr;
  bool whole = true;
  recording_on = this;
  try {
    work();
  } catch (const std::exception&) {
    whole = false;  // of the recording or of the work: doing it tells
  }
  recording_on = nullptr;
  whole &= cudaStreamEndCapture(recording_, &graph) == cudaSuccess && graph;
  cudaGraphExec_t made = nullptr;
  whole = whole && cudaGraphInstantiate(&made, graph, 0) == cudaSuccess;
  if (graph) cudaGraphDestroy(graph);
  cudaGetLastError();
  return whole ? std::make_unique<GraphRecording>(*this, made) : nullptr;
}

void* CudaDriver::allocate(size_t bytes) {
  const cudaStream_t stream = use();
  void* memory = nullptr;
  const size_t wanted = bytes < 256 ? 256 : bytes;
  cudaError_t status = cudaMallocFromPoolAsync(&memory, wanted, pool_, stream);
  if (status == cudaErrorMemoryAllocation) {  // the pool may hold blocks of other sizes: once more without them
    cudaGetLastError();
    synchronize();
    check(cudaMemPoolTrimTo(pool_, 0), "giving memory back");
    status = cudaMallocFromPoolAsync(&memory, wanted, pool_, stream);
  }
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw MemoryError("Out of memory on cuda:", index_, ": a tensor of ", bytes, " bytes does not fit; ", free, " of ",
                      total, " bytes are free. Use a smaller batch or model.");
  }
  check(status, "allocating memory");
  return memory;
}

void CudaDriver::release(void* memory, size_t) noexcept {
  // The process may be at its end, when CUDA is gone already: then there is nothing left to give back.
  if (cudaSetDevice(index_) == cudaSuccess) cudaFreeAsync(memory, stream_);
  cudaGetLastError();
}

void CudaDriver::upload(void* to, const void* from, size_t bytes) {
  const cudaStream_t stream = use();
  std::lock_guard<std::mutex> lock(staging_mutex_);
  staging_->upload(to, from, bytes, stream);
}

void CudaDriver::download(void* to, const void* from, size_t bytes) {
  const cudaStream_t stream = use();
  std::lock_guard<std::mutex> lock(staging_mutex_);
  staging_->download(to, from, bytes, stream);
}

void CudaDriver::copy(void* to, const void* from, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, use()), "copying memory");
}

void CudaDriver::synchronize() { check(cudaStreamSynchronize(use()), "waiting for the GPU"); }

std::string CudaDriver::describe() const {
  return text(properties_.name, ", compute capability ", properties_.major, ".", properties_.minor, ", ",
              properties_.totalGlobalMem >> 20, " MiB");
}

CudaDriver::Cublas CudaDriver::cublas() {
  const cudaStream_t stream = use();
  std::unique_lock<std::mutex> lock(cublas_mutex_);
  if (!cublas_) {
    check(cublasCreate(&cublas_), "making a handle");
    check(cudaMallocAsync(&cublas_memory_, kCublasMemory, stream_), "memory for cuBLAS");
    check(cudaStreamSynchronize(stream_), "waiting for memory");
  }
  // Choosing a stream forgets the workspace.
  check(cublasSetStream(cublas_, stream), "choosing the stream");
  check(cublasSetWorkspace(cublas_, cublas_memory_, kCublasMemory), "memory for cuBLAS");
  return {cublas_, std::move(lock)};
}

CudaDriver& cuda_driver(Device device) { return static_cast<CudaDriver&>(driver_of(device)); }

}  // namespace lamina::cuda
