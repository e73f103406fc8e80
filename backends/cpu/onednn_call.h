#pragma once
#include <dnnl.h>

#include <exception>

#include "backends/core/error.h"

namespace lamina {

// A call of oneDNN's C functions, which gives a status. MemoryError where there is no memory for what oneDNN makes as it goes, whether it says so
// or throws; RuntimeError for any other failure.
template <class F>
void onednn_call(const char* what, F&& call) {
  dnnl_status_t status;
  try {
    status = call();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {  // std::bad_alloc, or its code generator's
    throw MemoryError("Out of memory in oneDNN's ", what, " (", e.what(), "). Use a smaller batch or model.");
  }
  if (status == dnnl_out_of_memory) throw MemoryError("Out of memory in oneDNN's ", what, ". Use a smaller batch or model.");
  if (status != dnnl_success) throw RuntimeError("oneDNN's ", what, " failed with status ", static_cast<int>(status), ".");
}

// oneDNN makes machine code for kernels when it first needs them, and writes that to address 0 where there is no memory. So that memory is asked
// for before: MemoryError if there is not enough. To be called before a primitive is made.
void require_onednn_room();
// Has the code of matrix products made, once. To be called before one runs, on a thread whose others wait.
void prepare_onednn_products();

}  // namespace lamina
