#include "backends/ops/convolution/winograd_tiles.h"

#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"

namespace lamina {

#if defined(LAMINA_X86)
namespace simd_avx2 {
const WinogradLoops& winograd_loops_of_level();
}
namespace simd_avx512 {
const WinogradLoops& winograd_loops_of_level();
}
#endif

const WinogradLoops* winograd_loops() {
#if defined(LAMINA_X86)
  static const WinogradLoops* chosen = has_avx512() ? &simd_avx512::winograd_loops_of_level()
                                       : has_avx2() ? &simd_avx2::winograd_loops_of_level()
                                                    : nullptr;
  return chosen;
#else
  return nullptr;
#endif
}

const char* winograd_refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (!winograd_loops()) return "needs AVX2";
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  using T = ConvolutionDims::Triple;
  if (d.rank != 2 || d.size != T{1, 3, 3} || d.strides != T{1, 1, 1} || d.dilation != T{1, 1, 1} || d.groups != 1)
    return "needs 3x3 windows without strides, dilation and groups";
  if (d.channels % 8 || d.filters % 8 || d.channels < 16 || d.filters < 16)
    return "needs channels in eights, at least 16";
  if (d.batch * d.multiplications() < (1 << 20)) return "too little work";
  for (size_t a = 1; a < 3; ++a)
    if (d.low[a] > 2 || d.high[a] > 2 || d.out[a] < 4 || d.in[a] < 4)
      return "needs padding of at most 2 and at least 4 places";
  return nullptr;
}

void winograd_kernel(const ConvolutionDims& d, bool flipped, const float* w, float* u, float* turned) {
  const WinogradLoops& loops = *winograd_loops();
  const int64_t n = d.channels * d.filters;
  constexpr int64_t kStrip = 1 << 12;
  float* made = flipped ? turned : u;
  parallel_for((n + kStrip - 1) / kStrip,
               [&](int64_t s) { loops.kernel(w, n, flipped, made, s * kStrip, std::min(n, (s + 1) * kStrip)); });
  if (!flipped) return;
  parallel_for(16, [&](int64_t i) {  // (channels, filters) to (filters, channels)
    const float* a = made + i * n;
    float* b = u + i * n;
    for (int64_t row = 0; row < d.channels; row += 8)
      for (int64_t f = 0; f < d.filters; ++f)
        for (int64_t c = row; c < row + 8; ++c) b[f * d.channels + c] = a[c * d.filters + f];
  });
}

bool winograd_by_planes(const ConvolutionDims& d) { return d.channels * d.filters >= 96 * 96; }

}  // namespace lamina
