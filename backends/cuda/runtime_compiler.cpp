#include "backends/cuda/runtime_compiler.h"

#include <nvrtc.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <sstream>
#include <vector>

#include "backends/core/error.h"
#include "backends/cuda/cuda_driver.h"

namespace lamina::cuda {

namespace {

void check_nvrtc(nvrtcResult status, const char* what) {
  if (status != NVRTC_SUCCESS) throw RuntimeError("NVRTC: ", what, ": ", nvrtcGetErrorString(status), ".");
}

struct Program {
  nvrtcProgram program = nullptr;
  ~Program() {
    if (program) nvrtcDestroyProgram(&program);
  }
};

std::filesystem::path cache_folder() {
  for (auto [variable, below] :
       {std::pair("LAMINA_CACHE", ""), std::pair("XDG_CACHE_HOME", "lamina"), std::pair("HOME", ".cache/lamina")})
    if (const char* value = std::getenv(variable); value && *value)
      return std::filesystem::path(value) / below / "kernels";
  return {};
}

// 128 bits of FNV-1a, twice with different starts: texts differ in many places, and a wrong hit must not happen.
std::string hash_of(const std::string& text) {
  std::ostringstream out;
  for (uint64_t hash : {0xcbf29ce484222325ull, 0x84222325cbf29ce4ull}) {
    for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ull, hash ^= hash >> 29;
    out << std::hex << hash;
  }
  return out.str();
}

// The cache only saves time: what cannot be read or written is done without.
std::string read_cached(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  if (file) out << file.rdbuf();
  return out.str();
}
void write_cached(const std::filesystem::path& path, const std::string& code) {
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  const std::filesystem::path temporary = path.string() + "." + std::to_string(std::random_device()()) + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary);
    file.write(code.data(), static_cast<std::streamsize>(code.size()));
    if (!file.flush()) {
      std::filesystem::remove(temporary, ignored);
      return;
    }
  }
  std::filesystem::rename(temporary, path, ignored);
}

struct Kernels {
  std::mutex mutex;
  std::map<std::pair<CudaDriver*, std::string>, cudaKernel_t>
      all;  // their libraries stay loaded as long as the process
};
Kernels& kernels() {
  static auto* instance = new Kernels;
  return *instance;
}

}  // namespace

std::string compile_cuda(const std::string& text, const std::string& architecture) {
  Program p;
  check_nvrtc(nvrtcCreateProgram(&p.program, text.c_str(), "lamina_kernel.cu", 0, nullptr, nullptr),
              "making a program");
  const std::string target = "--gpu-architecture=" + architecture;
  const char* options[] = {target.c_str(), "--std=c++17", "--fmad=false"};
  if (const nvrtcResult status = nvrtcCompileProgram(p.program, 3, options); status != NVRTC_SUCCESS) {
    size_t size = 0;
    nvrtcGetProgramLogSize(p.program, &size);
    std::string log(size, '\0');
    nvrtcGetProgramLog(p.program, log.data());
    throw RuntimeError("NVRTC: ", nvrtcGetErrorString(status), " while compiling a generated kernel:\n", log);
  }
  size_t size = 0;
  check_nvrtc(nvrtcGetCUBINSize(p.program, &size), "asking for the code's size");
  std::string code(size, '\0');
  check_nvrtc(nvrtcGetCUBIN(p.program, code.data()), "taking the code");
  return code;
}

cudaKernel_t compiled_kernel(CudaDriver& driver, const std::string& text, const char* name) {
  Kernels& known = kernels();
  std::lock_guard<std::mutex> lock(known.mutex);
  cudaKernel_t& kernel = known.all[{&driver, text}];
  if (kernel) return kernel;
  driver.use();
  const std::string architecture = lamina::text("sm_", driver.major(), driver.minor());
  int major = 0, minor = 0;
  check_nvrtc(nvrtcVersion(&major, &minor), "asking for its version");
  const std::filesystem::path folder = cache_folder(), path = folder / lamina::text(hash_of(text), '-', architecture,
                                                                                    '-', major, '.', minor, ".cubin");
  std::string code = folder.empty() ? "" : read_cached(path);
  cudaLibrary_t library = nullptr;
  auto load = [&] { return cudaLibraryLoadData(&library, code.data(), nullptr, nullptr, 0, nullptr, nullptr, 0); };
  if (code.empty() || load() != cudaSuccess) {
    cudaGetLastError();
    code = compile_cuda(text, architecture);
    if (!folder.empty()) write_cached(path, code);
    check(load(), "loading a generated kernel");
  }
  check(cudaLibraryGetKernel(&kernel, library, name), "finding a generated kernel");
  return kernel;
}

}  // namespace lamina::cuda
