#include <dnnl.h>

#include "backends/cpu/onednn_call.h"
#include "backends/cpu/simd_choice.h"

namespace lamina {

void bound_onednn_instructions() {
  static const bool done = [] {
    // Left alone where nothing is to be bounded: oneDNN knows further sets of its own.
    if (!has_avx2())
      dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
    else if (!has_avx512())
      dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
    return true;
  }();
  (void)done;
}

}  // namespace lamina
