#pragma once
// The rules' loops, built once per instruction set.
#include "backends/ops/update/update.h"

namespace lamina {

// Elements begin..end; in and out as the kernel gets them. An output may be the input of the same place.
using UpdateFn = void (*)(const void* const* in, void* const* out, const double* constants, int64_t begin, int64_t end);

struct UpdateTable {
  UpdateFn run[kUpdateRules][kDTypeCount];  // null for what is no float
};

// The loops for the processor's instruction set.
const UpdateTable& update_table();

}  // namespace lamina
