#pragma once
// What every entry into oneDNN needs. Our pool's tasks are its threads, so that bits do not depend on their number; oneDNN's own threading
// (OpenMP's) is off for as long as a call lasts, and the caller's setting stands again afterwards.
#include <omp.h>

namespace lamina {

// LAMINA_INSTRUCTIONS bounds oneDNN's choice of kernels as it bounds ours. Done by the first call; later ones cost nothing.
void bound_onednn_instructions();

// To be held while primitives are made (they are made for a number of threads) and run.
class OnednnCall {
 public:
  OnednnCall() : before_(omp_get_max_threads()) {
    bound_onednn_instructions();
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OnednnCall() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  OnednnCall(const OnednnCall&) = delete;
  OnednnCall& operator=(const OnednnCall&) = delete;

 private:
  const int before_;
};

}  // namespace lamina
