#pragma once
// Winograd's F(2x2, 3x3) (Lavin and Gray, 2016), built once per instruction set: a tile of 2x2 outputs y = A^T [U * V]
// A from the transformed kernel U = G w G^T and the transformed 4x4 inputs V = B^T d B takes 16 multiplications where
// the sum takes 36. The product over channels makes sixteen matrix products of the transformed tiles. Channels are
// multiples of 8.
#include <cstdint>

namespace lamina {

struct WinogradLoops {
  // Kernels, over n = channels * filters elements: nine planes to sixteen, `flipped` in both axes; and back (G^T U G).
  void (*kernel)(const float* w, int64_t n, bool flipped, float* u, int64_t begin, int64_t end);
  void (*kernel_grad)(const float* u, int64_t n, float* w, int64_t begin, int64_t end);
  // A tile's sixteen places of `channels` each -> v[i * stride + c].
  void (*input)(const float* const* places, int64_t channels, float* v, int64_t stride);
  // m[i * stride + c] -> the tile's four places; bias and the residual's four places (or null) are added, then relu.
  void (*output)(const float* m, int64_t stride, int64_t channels, const float* bias, const float* const* residual,
                 bool relu, float* const* places);
  // The gradient of output(): four places -> m; their sums are added to bias (or null).
  void (*output_grad)(const float* const* places, int64_t channels, float* m, int64_t stride, float* bias);
  // m (rows, k) = v (rows, c) u (c, k); u (c, k) += v^T (c, rows) m (rows, k).
  void (*product)(const float* v, const float* u, float* m, int64_t rows, int64_t c, int64_t k);
  void (*outer_product)(const float* v, const float* m, float* u, int64_t rows, int64_t c, int64_t k);
};

}  // namespace lamina
