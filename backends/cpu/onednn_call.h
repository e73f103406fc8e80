#pragma once
// What every entry into oneDNN needs.
#include <dnnl.h>
#include <omp.h>

#include <exception>

#include "backends/core/error.h"

namespace lamina {

// LAMINA_INSTRUCTIONS bounds oneDNN's choice of kernels as it bounds ours. Done by the first call; later ones cost
// nothing.
void bound_onednn_instructions();

// Our pool's tasks are oneDNN's threads, so that bits do not depend on their number: its own threading (OpenMP's) is
// off while one of these lives, and the caller's setting stands again afterwards. To be held while primitives are made
// (they are made for a number of threads) and run.
class OneOnednnThread {
 public:
  OneOnednnThread() : before_(omp_get_max_threads()) {
    bound_onednn_instructions();
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OneOnednnThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  OneOnednnThread(const OneOnednnThread&) = delete;
  OneOnednnThread& operator=(const OneOnednnThread&) = delete;

 private:
  const int before_;
};

// A call of oneDNN's C functions, which gives a status. MemoryError where there is no memory for what oneDNN makes as
// it goes, whether it says so or throws; RuntimeError for any other failure.
template <class F>
void onednn_call(const char* what, F&& call) {
  dnnl_status_t status;
  try {
    const OneOnednnThread alone;
    status = call();
  } catch (const Error&) { throw; } catch (const std::exception& e) {  // std::bad_alloc, or its code generator's
    throw MemoryError("Out of memory in oneDNN's ", what, " (", e.what(), "). Use a smaller batch or model.");
  }
  if (status == dnnl_out_of_memory)
    throw MemoryError("Out of memory in oneDNN's ", what, ". Use a smaller batch or model.");
  if (status != dnnl_success)
    throw RuntimeError("oneDNN's ", what, " failed with status ", static_cast<int>(status), ".");
}

// oneDNN makes machine code for kernels when it first needs them, and writes that to address 0 where there is no
// memory. So that memory is asked for before: MemoryError if there is not enough. To be called before a primitive is
// made.
void require_onednn_room();
// Has the code of matrix products made, once. To be called before one runs, on a thread whose others wait.
void prepare_onednn_products();

}  // namespace lamina
