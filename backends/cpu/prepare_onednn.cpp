#include <sys/mman.h>

#include <mutex>

#include "backends/cpu/onednn_call.h"

namespace lamina {

void require_onednn_room() {
  constexpr size_t kBytes = 16u << 20;  // the first matrix product takes 40 pieces of up to 320 KB
  void* room = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED)
    throw MemoryError(
        "Out of memory: oneDNN has no room for the machine code of a kernel. Use a smaller batch or model.");
  munmap(room, kBytes);
}

void prepare_onednn_products() {
  static std::once_flag done;  // still to do after an exception
  std::call_once(done, [] {
    require_onednn_room();
    constexpr int64_t n = 8;
    const float ones[n * n] = {};
    float product[n * n];
    onednn_call("matrix product", [&] { return dnnl_sgemm('N', 'N', n, n, n, 1, ones, n, ones, n, 0, product, n); });
  });
}

}  // namespace lamina
