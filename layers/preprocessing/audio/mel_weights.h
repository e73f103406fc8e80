#pragma once
#include "backends/core/tensor.h"

namespace lamina {

// How much each of `bins` frequencies from 0 to half of `rate` counts for each of `mels` bands, (bins, mels): triangles
// whose corners are evenly spaced between `low` and `high` (in hertz) on the mel scale, 1127 log(1 + f / 700). The
// frequency 0 counts for none. ValueError for counts below 1.
Tensor mel_weights(int64_t mels, int64_t bins, double rate, double low, double high, DType dtype);

}  // namespace lamina
