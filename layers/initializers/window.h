#pragma once
#include "layers/initializers/initializer.h"

namespace lamina {

// Window functions of signal processing by SciPy's names (scipy.signal.windows): sums of cosines (boxcar, hann,
// hamming, blackman, nuttall, blackmanharris, flattop), and bartlett, triang, cosine, parzen, bohman, barthann, tukey
// (half tapered). `n` values; a periodic window leaves out the last of n + 1. ValueError for other names.
std::vector<double> window_values(const std::string& name, int64_t n, bool periodic);

}  // namespace lamina
