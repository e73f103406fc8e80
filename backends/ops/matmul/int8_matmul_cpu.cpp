#include "backends/core/kernel.h"
#include "backends/core/wrapping.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/int8_blocks.h"
#include "backends/ops/matmul/int8_matmul.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const Int8Blocks&, int8_blocks)

namespace {

// A product in tasks of some panels of the right matrix for some rows of the left one.
struct Int8Product {
  MatMulDims d;
  bool ta, tb;
  const Int8Blocks* blocks;
  int64_t panels, panel_bytes, padded;
  int64_t rows, strips, group, groups;  // rows of a strip, panels of a group

  Int8Product(const Int8MatMulOp& op, const MatMulDims& dims)
      : d(dims), ta(op.product.transpose_a), tb(op.product.transpose_b), blocks(&int8_blocks()) {
    panels = (d.n + blocks->panel - 1) / blocks->panel;
    panel_bytes = blocks->panel_bytes(d.k);
    padded = int8_padded(d.k);
    // A strip of rows stays in a core's cache while all panels of a group pass by.
    constexpr int64_t kStripBytes = 1 << 18, kWork = 1 << 19;  // kWork: multiply-adds worth a task of its own
    rows = std::clamp<int64_t>(kStripBytes / (padded * blocks->element) / 24 * 24, 24, 480);
    rows = std::min(rows, d.m);
    strips = (d.m + rows - 1) / rows;
    const int64_t work = rows * d.k * blocks->panel;
    group = std::clamp<int64_t>(kWork / work, 1, panels);
    group = std::max(group, panels / 16);  // at most about 16 groups
    groups = (panels + group - 1) / group;
  }

  size_t left_bytes() const { return aligned(d.batch * d.m * padded * blocks->element); }
  size_t right_bytes() const { return static_cast<size_t>(d.batch * panels * panel_bytes); }

  void pack(const void* right, void* packed) const {
    const int64_t k_stride = tb ? 1 : d.n, n_stride = tb ? d.k : 1;
    parallel_for(d.batch * groups, [&](int64_t t) {
      const int64_t b = t / groups, from = t % groups * group, to = std::min(panels, from + group);
      const int8_t* w = static_cast<const int8_t*>(right) + b * d.k * d.n;
      for (int64_t p = from; p < to; ++p)
        blocks->pack(w + p * blocks->panel * n_stride, k_stride, n_stride, d.k, columns_of(p),
                     static_cast<char*>(packed) + (b * panels + p) * panel_bytes);
    });
  }

  void multiply(const void* left, const void* packed, void* out, void* scratch) const {
    const int64_t row_stride = ta ? 1 : d.k, k_stride = ta ? d.m : 1, row_bytes = padded * blocks->element;
    auto* prepared = static_cast<char*>(scratch);
    for (int64_t b = 0; b < d.batch; ++b)
      blocks->prepare(static_cast<const int8_t*>(left) + b * d.m * d.k, row_stride, k_stride, d.m, d.k,
                      prepared + b * d.m * row_bytes);
    parallel_for(d.batch * strips * groups, [&](int64_t t) {
      const int64_t b = t / (strips * groups), from = t / groups % strips * rows, first = t % groups * group;
      const int64_t count = std::min(rows, d.m - from), last = std::min(panels, first + group);
      auto* y = static_cast<int32_t*>(out) + (b * d.m + from) * d.n;
      for (int64_t p = first; p < last; ++p)
        blocks->multiply(prepared + (b * d.m + from) * row_bytes,
                         static_cast<const char*>(packed) + (b * panels + p) * panel_bytes, count, d.k, columns_of(p),
                         y + p * blocks->panel, d.n);
    });
  }

  int columns_of(int64_t panel) const {
    return static_cast<int>(std::min<int64_t>(blocks->panel, d.n - panel * blocks->panel));
  }
  static size_t aligned(int64_t bytes) { return (static_cast<size_t>(bytes) + 63) / 64 * 64; }
};

BoundKernel bind_blocks(const KernelRequest& r) {
  const auto& op = static_cast<const Int8MatMulOp&>(r.op);
  const MatMulDims d = matmul_dims(op.product, r.inputs[0].shape, r.inputs[1].shape);
  if (d.batch == 0 || d.k == 0 || d.m == 0 || d.n == 0) return r.decline("empty");
  const Int8Product p(op, d);
  BoundKernel kernel;
  kernel.scratch_bytes = p.left_bytes() + p.right_bytes();
  kernel.run = [p](const void* const* in, void* const* out, void* scratch) {
    char* packed = static_cast<char*>(scratch) + p.left_bytes();
    p.pack(in[1], packed);
    p.multiply(in[0], packed, out[0], scratch);
  };
  kernel.preparation = Preparation{
      1, p.right_bytes(), [p](const void* input, void* prepared) { p.pack(input, prepared); },
      [p](const void* const* in, void* const* out, void* scratch) { p.multiply(in[0], in[1], out[0], scratch); },
      text(p.blocks->layout, p.tb ? " transposed" : "")};
  return kernel;
}

BoundKernel bind_reference(const KernelRequest& r) {
  const auto& op = static_cast<const Int8MatMulOp&>(r.op);
  const MatMulDims d = matmul_dims(op.product, r.inputs[0].shape, r.inputs[1].shape);
  BoundKernel kernel;
  kernel.run = [d, ta = op.product.transpose_a, tb = op.product.transpose_b](const void* const* in, void* const* out,
                                                                             void*) {
    for (int64_t b = 0; b < d.batch; ++b) {
      const int8_t* x = static_cast<const int8_t*>(in[0]) + b * d.m * d.k;
      const int8_t* w = static_cast<const int8_t*>(in[1]) + b * d.k * d.n;
      auto* y = static_cast<int32_t*>(out[0]) + b * d.m * d.n;
      for (int64_t i = 0; i < d.m; ++i)
        for (int64_t j = 0; j < d.n; ++j) {
          int32_t sum = 0;
          for (int64_t l = 0; l < d.k; ++l)
            sum = wrapping_add(sum, x[ta ? l * d.m + i : i * d.k + l] * w[tb ? j * d.k + l : l * d.n + j]);
          y[i * d.n + j] = sum;
        }
    }
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "Int8MatMul", "blocks", 20, bind_blocks);
LAMINA_KERNEL(cpu, "Int8MatMul", "reference", 100, bind_reference);

}  // namespace
}  // namespace lamina
