#include "layers/preprocessing/audio/mel_weights.h"

#include <cmath>

#include "backends/ops/primitives.h"

namespace lamina {

namespace {
double mel(double hertz) { return 1127.0 * std::log(1 + hertz / 700.0); }
}  // namespace

Tensor mel_weights(int64_t mels, int64_t bins, double rate, double low, double high, DType dtype) {
  if (mels < 1 || bins < 1)
    throw ValueError("The mel scale takes at least one band and one frequency. Received: num_mel_bins=", mels,
                     ", num_spectrogram_bins=", bins);
  const Shape shape = {bins, mels};
  bytes_of(shape, DType::float64);  // counted before any memory is taken
  Tensor out = Tensor::empty(shape, DType::float64);
  double* to = out.mutable_data<double>();
  const double first = mel(low), step = (mel(high) - first) / static_cast<double>(mels + 1);
  for (int64_t i = 0; i < bins; ++i) {
    const double at = bins > 1 ? mel(rate / 2 * static_cast<double>(i) / static_cast<double>(bins - 1)) : 0;
    for (int64_t m = 0; m < mels; ++m) {
      const double left = first + step * static_cast<double>(m), middle = left + step, right = middle + step;
      const double rise = (at - left) / (middle - left), fall = (right - at) / (right - middle);
      *to++ = i == 0 ? 0 : std::max(0.0, std::min(rise, fall));
    }
  }
  return prim::cast(out, dtype);
}

}  // namespace lamina
