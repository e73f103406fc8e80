// Quantization in two passes over rows in pieces that a cache holds, or in one over several short rows.
#include <cmath>

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/int8_quantize/int8_loops.h"
#include "backends/ops/int8_quantize/int8_quantize.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const Int8Loops&, int8_loops)

namespace {

struct Rows {
  int64_t count = 1, size = 1;
  Rows(const Int8QuantizeOp& op, const Shape& x) {
    for (int axis = 0; axis < x.rank(); ++axis) (axis < op.leading ? count : size) *= x[axis];
  }
};

BoundKernel bind_rows(const Int8QuantizeOp& op, const KernelRequest& r) {
  const Rows rows(op, r.inputs[0].shape);
  constexpr int64_t kPiece = 1 << 14;  // values
  const int64_t pieces = std::max<int64_t>(1, (rows.size + kPiece - 1) / kPiece),
                together = kPiece / std::max<int64_t>(1, rows.size);
  const float low = static_cast<float>(op.low), high = static_cast<float>(op.high),
              epsilon = static_cast<float>(op.epsilon);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(rows.count * pieces) * sizeof(float);
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    const float* x = static_cast<const float*>(in[0]);
    auto* q = static_cast<int8_t*>(out[0]);
    float *scale = static_cast<float*>(out[1]), *most = static_cast<float*>(scratch);
    const Int8Loops& loops = int8_loops();
    if (pieces == 1) {
      const int64_t group = std::max<int64_t>(1, together);
      parallel_for((rows.count + group - 1) / group, [&](int64_t task) {
        for (int64_t row = task * group; row < std::min(rows.count, (task + 1) * group); ++row) {
          scale[row] = high / (loops.greatest(x + row * rows.size, rows.size) + epsilon);
          loops.quantize(x + row * rows.size, rows.size, scale[row], low, high, q + row * rows.size);
        }
      });
      return;
    }
    const auto piece = [&](int64_t task, auto&& f) {
      const int64_t from = task % pieces * kPiece;
      f(task / pieces, task / pieces * rows.size + from, std::min(kPiece, rows.size - from));
    };
    parallel_for(rows.count * pieces, [&](int64_t task) {
      piece(task, [&](int64_t, int64_t at, int64_t n) { most[task] = loops.greatest(x + at, n); });
    });
    for (int64_t row = 0; row < rows.count; ++row) {
      float greatest = 0;
      for (int64_t p = 0; p < pieces; ++p) {
        const float next = most[row * pieces + p];
        greatest = next < greatest || std::isnan(greatest) ? greatest : next;
      }
      scale[row] = high / (greatest + epsilon);
    }
    parallel_for(rows.count * pieces, [&](int64_t task) {
      piece(task,
            [&](int64_t row, int64_t at, int64_t n) { loops.quantize(x + at, n, scale[row], low, high, q + at); });
    });
  };
  return k;
}

// The plain loops.
BoundKernel bind_reference(const Int8QuantizeOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [rows = Rows(op, r.inputs[0].shape), low = static_cast<float>(op.low), high = static_cast<float>(op.high),
           epsilon = static_cast<float>(op.epsilon)](const void* const* in, void* const* out, void*) {
    for (int64_t row = 0; row < rows.count; ++row) {
      const float* x = static_cast<const float*>(in[0]) + row * rows.size;
      float most = 0;
      for (int64_t i = 0; i < rows.size; ++i) most = std::abs(x[i]) < most || std::isnan(most) ? most : std::abs(x[i]);
      const float scale = static_cast<float*>(out[1])[row] = high / (most + epsilon);
      for (int64_t i = 0; i < rows.size; ++i) {
        const float v = std::nearbyint(x[i] * scale);
        static_cast<int8_t*>(out[0])[row * rows.size + i] = static_cast<int8_t>(v > low ? std::min(v, high) : low);
      }
    }
  };
  return k;
}

LAMINA_KERNEL(cpu, "Int8Quantize", "rows", 20, bind_rows);
LAMINA_KERNEL(cpu, "Int8Quantize", "reference", 100, bind_reference);

}  // namespace
}  // namespace lamina
