// The float32 matrix product of our own: the right operand is packed into panels once, then strips of the result are
// tasks. An element is summed in the same order whatever the cut, so the bits depend neither on threads nor on how many
// rows there are.
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/task_scratch.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/fused_matmul.h"
#include "backends/ops/matmul/gemm.h"
#include "backends/ops/matmul/matmul_add.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const GemmBlocks&, gemm_blocks)

namespace {

constexpr int64_t kDepth =
    256;  // of k at a time: a panel's piece fits the first-level cache beside the left operand's rows
constexpr int64_t kTaskWork = 1 << 18;  // multiply-adds worth a task: some five microseconds
constexpr int64_t kPackTask = 1 << 15;  // values worth packing in a task
constexpr int64_t kLocal =
    1 << 17;  // floats of the left operand that a core's second-level cache holds beside its panels
constexpr size_t kMostScratch = 64 << 20;

class Gemm {
 public:
  Gemm(const MatMulOp& op, const MatMulDims& dims)
      : d(dims), ta(op.transpose_a), tb(op.transpose_b), panel(gemm_blocks().panel) {
    panels = (d.n + panel - 1) / panel;
    // Tasks: pieces of rows and groups of panels, as square as they come.
    int64_t wanted = std::clamp<int64_t>(d.m * d.n * d.k / kTaskWork, 1, 16);
    int64_t row_parts = 1, column_parts = 1;
    while (row_parts * column_parts < wanted) {
      const bool rows = d.m * column_parts >= d.n * row_parts;
      if (rows && d.m / (row_parts * 2) >= 24)
        row_parts *= 2;
      else if (panels / (column_parts * 2) >= 1)
        column_parts *= 2;
      else if (d.m / (row_parts * 2) >= 24)
        row_parts *= 2;
      else
        break;
    }
    rows = ((d.m + row_parts - 1) / row_parts + 11) / 12 * 12;
    group = (panels + column_parts - 1) / column_parts;
    row_tasks = (d.m + rows - 1) / rows;
    group_tasks = (panels + group - 1) / group;
    // Where the left operand's piece fits the caches, tasks are groups of panels over all rows, and each packs its own:
    // what it packs it finds in its core's cache.
    local = d.m * std::min(d.k, kDepth) <= kLocal && d.m >= 48 && d.k <= 4 * kDepth;
    if (local) {
      local_group = std::max<int64_t>(2, (panels + wanted - 1) / wanted);
      local_tasks = (panels + local_group - 1) / local_group;
    }
    // A task packs some rows over all panels, as they lie in memory, or some panels.
    pack_group = std::max<int64_t>(1, kPackTask / (tb ? d.k * panel : d.n));
    pack_tasks = ((tb ? panels : d.k) + pack_group - 1) / pack_group;
  }

  size_t scratch_bytes() const { return static_cast<size_t>(d.batch * panels * panel * d.k) * sizeof(float); }

  void pack(const void* b0, void* to) const {
    float* packed = static_cast<float*>(to);
    parallel_for(d.batch * pack_tasks, [&](int64_t t) {
      const int64_t s = t / pack_tasks, from = t % pack_tasks * pack_group;
      const float* b = static_cast<const float*>(b0) + s * d.k * d.n;
      float* to = packed + s * panels * panel * d.k;
      if (!tb) return gemm_blocks().pack_rows(b, d.n, from, std::min(d.k, from + pack_group), d.k, d.n, to);
      for (int64_t p = from; p < std::min(panels, from + pack_group); ++p)
        gemm_blocks().pack_transposed(b + p * panel * d.k, d.k, d.k, columns(p), to + p * panel * d.k);
    });
  }
  // y = c + alpha * a b; c may be y, or null for zero. Then the epilogue, by tasks.
  void run(const void* a0, const void* b0, const void* c0, void* y0, void* scratch, float alpha,
           const Epilogue::Operands& epilogue = {}) const {
    if (local) return multiply_packing(a0, b0, c0, y0, alpha, epilogue);
    pack(b0, scratch);
    multiply(a0, scratch, c0, y0, alpha, epilogue);
  }
  void multiply_packing(const void* a0, const void* b0, const void* c0, void* y0, float alpha,
                        const Epilogue::Operands& epilogue) const {
    const GemmBlocks& blocks = gemm_blocks();
    parallel_for(d.batch * local_tasks, [&](int64_t t) {
      float* packed = static_cast<float*>(
          task_scratch<2>(static_cast<size_t>(local_group * panel * std::min(kDepth, d.k)) * sizeof(float)));
      const int64_t s = t / local_tasks, first = t % local_tasks * local_group,
                    last = std::min(panels, first + local_group);
      const float* b = static_cast<const float*>(b0) + s * d.k * d.n;
      GemmStrip strip;
      strip.row_stride = ta ? 1 : d.k;
      strip.k_stride = ta ? d.m : 1;
      strip.y_stride = d.n;
      strip.rows = d.m;
      strip.alpha = alpha;
      for (int64_t l = 0; l < d.k; l += kDepth) {
        strip.k = std::min(kDepth, d.k - l);
        if (tb)
          for (int64_t p = first; p < last; ++p)
            blocks.pack_transposed(b + p * panel * d.k + l, d.k, strip.k, columns(p),
                                   packed + (p - first) * panel * strip.k);
        else
          blocks.pack_rows(b + l * d.n + first * panel, d.n, 0, strip.k, strip.k,
                           std::min(d.n, last * panel) - first * panel, packed);
        strip.a = static_cast<const float*>(a0) + s * d.m * d.k + l * strip.k_stride;
        for (int64_t p = first; p < last; ++p) {
          const int64_t at = s * d.m * d.n + p * panel;
          strip.b = packed + (p - first) * panel * strip.k;
          strip.y = static_cast<float*>(y0) + at;
          strip.c = l ? strip.y : c0 ? static_cast<const float*>(c0) + at : nullptr;
          strip.columns = columns(p);
          blocks.strip(strip);
        }
      }
      epilogue.finish(static_cast<float*>(y0), s * d.m * d.n + first * panel, d.m,
                      std::min(d.n, last * panel) - first * panel, first * panel, d.n);
    });
  }
  void multiply(const void* a0, const void* packed0, const void* c0, void* y0, float alpha,
                const Epilogue::Operands& epilogue = {}) const {
    const float* packed = static_cast<const float*>(packed0);
    parallel_for(d.batch * row_tasks * group_tasks, [&](int64_t t) {
      const int64_t s = t / (row_tasks * group_tasks), first_row = t / group_tasks % row_tasks * rows,
                    first_panel = t % group_tasks * group;
      GemmStrip strip;
      strip.row_stride = ta ? 1 : d.k;
      strip.k_stride = ta ? d.m : 1;
      strip.y_stride = d.n;
      strip.rows = std::min(rows, d.m - first_row);
      strip.alpha = alpha;
      const float* a = static_cast<const float*>(a0) + s * d.m * d.k + first_row * strip.row_stride;
      for (int64_t l = 0; l < d.k; l += kDepth) {
        strip.k = std::min(kDepth, d.k - l);
        strip.a = a + l * strip.k_stride;
        for (int64_t p = first_panel; p < std::min(panels, first_panel + group); ++p) {
          const int64_t at = s * d.m * d.n + first_row * d.n + p * panel;
          strip.b = packed + (s * panels + p) * panel * d.k + l * panel;
          strip.y = static_cast<float*>(y0) + at;
          strip.c = l ? strip.y : c0 ? static_cast<const float*>(c0) + at : nullptr;
          strip.columns = columns(p);
          gemm_blocks().strip(strip);
        }
      }
      const int64_t column = first_panel * panel;
      epilogue.finish(static_cast<float*>(y0), s * d.m * d.n + first_row * d.n + column, strip.rows,
                      std::min(d.n, (first_panel + group) * panel) - column, column, d.n);
    });
  }

 private:
  int columns(int64_t p) const { return static_cast<int>(std::min<int64_t>(panel, d.n - p * panel)); }

  MatMulDims d;
  bool ta, tb;
  bool local;
  int64_t panel, panels, rows, group, row_tasks, group_tasks, pack_group, pack_tasks, local_group = 0, local_tasks = 0;
};

// Why this kernel does not take the product; empty if it does.
std::string refusal(const KernelRequest& r, const MatMulDims& d) {
  if (r.outputs[0].dtype != DType::float32) return "needs float32";
  if (d.k == 0 || d.m == 0 || d.n == 0) return "empty";
  if (static_cast<size_t>(d.batch * d.k * (d.n + 32)) * sizeof(float) > kMostScratch)
    return "too large to pack at once";
  return {};
}

// Where this kernel is faster than oneDNN's (bench/cpp/products.cpp): with AVX2 that does not pack operands of up to
// some hundred rows, and rows a multiple of 2 KB apart then fall on the same lines of the caches. Tall and thin
// products do not suffer.
std::string preference(const MatMulOp& op, const MatMulDims& d) {
  if (gemm_blocks().panel != 16 || op.transpose_b || d.n % 512 != 0) return "oneDNN does these well";
  if (d.m < 48 || d.m * d.n * d.k < (1 << 22)) return "too small";
  if (d.m >= 1024 && d.k <= 128) return "tall and thin";
  return {};
}

template <bool fused, bool preferred>
BoundKernel bind_gemm(const KernelRequest& r) {
  const auto call = ProductCall::of<fused>(r.op);
  const MatMulDims d = matmul_dims(call.product, r.inputs[0].shape, r.inputs[1].shape);
  if (std::string why = refusal(r, d); !why.empty()) return r.decline(why);
  if (std::string why = preference(call.product, d); preferred && !why.empty()) return r.decline(why);
  BoundKernel kernel;
  Gemm gemm(call.product, d);
  kernel.scratch_bytes = gemm.scratch_bytes();
  kernel.run = [gemm, epilogue = call.epilogue](const void* const* in, void* const* out, void* scratch) {
    gemm.run(in[0], in[1], nullptr, out[0], scratch, 1, epilogue.of(in));
  };
  kernel.preparation = {.input = 1,
                        .bytes = gemm.scratch_bytes(),
                        .make = [gemm](const void* b, void* to) { gemm.pack(b, to); },
                        .run = [gemm, epilogue = call.epilogue](
                                   const void* const* in, void* const* out,
                                   void*) { gemm.multiply(in[0], in[1], nullptr, out[0], 1, epilogue.of(in)); },
                        .layout = text("panels ", d.batch, " ", d.k, " ", d.n, " ", call.product.transpose_b)};
  return kernel;
}

template <bool preferred>
BoundKernel bind_gemm_add(const MatMulAddOp& op, const KernelRequest& r) {
  const MatMulDims d = matmul_dims(op.product, r.inputs[1].shape, r.inputs[2].shape);
  if (std::string why = refusal(r, d); !why.empty()) return r.decline(why);
  if (std::string why = preference(op.product, d); preferred && !why.empty()) return r.decline(why);
  BoundKernel kernel;
  Gemm gemm(op.product, d);
  kernel.scratch_bytes = gemm.scratch_bytes();
  kernel.sharing = {{0, 0}};
  kernel.run = [gemm, alpha = static_cast<float>(op.alpha), rated = r.inputs.size() == 4](
                   const void* const* in, void* const* out, void* scratch) {
    gemm.run(in[1], in[2], in[0], out[0], scratch, rated ? alpha * *static_cast<const float*>(in[3]) : alpha);
  };
  return kernel;
}

// Before oneDNN where it is faster, behind it (or in a build without it) otherwise. The choice is by shape alone, so
// that a product has the same bits where its right operand is packed once and where it is packed at every run.
LAMINA_KERNEL(cpu, "MatMul", "packed", 8, (bind_gemm<false, true>));
LAMINA_KERNEL(cpu, "FusedMatMul", "packed", 8, (bind_gemm<true, true>));
LAMINA_KERNEL(cpu, "MatMulAdd", "packed", 8, bind_gemm_add<true>);
LAMINA_KERNEL(cpu, "MatMul", "packed_any", 12, (bind_gemm<false, false>));
LAMINA_KERNEL(cpu, "FusedMatMul", "packed_any", 12, (bind_gemm<true, false>));
LAMINA_KERNEL(cpu, "MatMulAdd", "packed_any", 12, bind_gemm_add<false>);

}  // namespace
}  // namespace lamina
