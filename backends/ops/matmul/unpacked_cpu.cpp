// Small float32 products of our own, whose operands are read where they lie. The longest side is cut into tasks,
// whichever it is: of a layer's products, forward and both gradients, that is mostly the same side of its kernel, which
// so stays in the cache of one core from step to step.
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/fused_matmul.h"
#include "backends/ops/matmul/matmul_add.h"
#include "backends/ops/matmul/unpacked.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const UnpackedProducts&, unpacked_products)

namespace {

constexpr int64_t kTaskWork = 1 << 18;  // multiply-adds worth a task: some microseconds
constexpr int64_t kGrain = 16;          // cuts are at multiples of it, so that tasks do not write to one line
constexpr int64_t kTurned = 1 << 18;    // values of a transposed operand that are turned for the product
constexpr int64_t kShortTerms = 4;      // times as many terms as rows, at most, for that to pay
constexpr int64_t kTurnTask = 1 << 13;  // of them worth a task

class Unpacked {
 public:
  Unpacked(const MatMulOp& op, const MatMulDims& dims) : d(dims), ta(op.transpose_a), tb(op.transpose_b) {
    side = d.k >= 4 * std::max(d.m, d.n) ? Side::terms : d.m > d.n ? Side::rows : Side::columns;
    const int64_t longest = side == Side::terms ? d.k : std::max(d.m, d.n), most = side == Side::terms ? 2 : 8;
    parts = 1;
    while (parts < most && d.m * d.n * d.k >= parts * 2 * kTaskWork && longest / (parts * 2) >= 2 * kGrain) parts *= 2;
    length = longest;
    // A sum along both operands' rows ends in additions across its register; many short ones are worth turning the
    // right operand instead.
    turned = tb && d.k <= kShortTerms * d.m && d.n * d.k <= kTurned && d.n >= kGrain;
    sums_floats = side == Side::terms && parts > 1 ? parts * d.m * d.n : 0;
  }

  // Sums of parts of the terms, then the operand that is turned.
  size_t scratch_bytes() const { return static_cast<size_t>(sums_floats + (turned ? d.n * d.k : 0)) * sizeof(float); }

  // y = c + alpha * a b; c may be y, or null for zero. Then the epilogue, of each piece while it is in the cache.
  void run(const void* a0, const void* b0, const void* c0, void* y0, void* scratch, float alpha,
           const Epilogue::Operands& epilogue = {}) const {
    const float *a = static_cast<const float*>(a0), *b = static_cast<const float*>(b0),
                *c = static_cast<const float*>(c0);
    float *y = static_cast<float*>(y0), *sums = static_cast<float*>(scratch);
    const bool partial = sums_floats > 0, dots = tb && !turned;
    float* turned_b = sums + sums_floats;
    const bool turn_all = turned && side != Side::columns;
    if (turn_all) {
      const int64_t rows = std::max<int64_t>(kGrain, kTurnTask / d.k / kGrain * kGrain);
      parallel_for((d.n + rows - 1) / rows, [&](int64_t t) {
        unpacked_products().transpose(b + t * rows * d.k, std::min(rows, d.n - t * rows), d.k, turned_b + t * rows,
                                      d.n);
      });
      b = turned_b;
    }
    auto run_piece = dots ? unpacked_products().dot : unpacked_products().combine;
    parallel_for(parts, [&](int64_t t) {
      const int64_t from = begin(t), size = begin(t + 1) - from;
      UnpackedPiece p{a, ta ? 1 : d.k, ta ? d.m : 1, b, dots ? d.k : d.n, c, y, d.n, d.m, d.n, d.k, alpha};
      if (side == Side::rows) {
        p.a += from * p.row_stride;
        p.y += from * d.n;
        if (c) p.c += from * d.n;
        p.rows = size;
      } else if (side == Side::columns) {
        p.b += tb ? from * d.k : from;
        if (turned) {  // what the task needs, and finds in its cache
          float* piece = turned_b + from * d.k;
          unpacked_products().transpose(p.b, size, d.k, piece, size);
          p.b = piece;
          p.b_stride = size;
        }
        p.y += from;
        if (c) p.c += from;
        p.columns = size;
      } else {
        p.a += from * p.k_stride;
        p.b += dots ? from : from * d.n;
        p.k = size;
        if (partial) p.y = sums + t * d.m * d.n, p.c = nullptr, p.alpha = 1;
      }
      run_piece(p);
      if (!partial) epilogue.finish(y, p.y - y, p.rows, p.columns, side == Side::columns ? from : 0, d.n);
    });
    if (!partial) return;
    const int64_t size = d.m * d.n;
    for (int64_t i = 0; i < size; ++i) {
      float sum = sums[i];
      for (int64_t t = 1; t < parts; ++t) sum += sums[t * size + i];
      y[i] = c ? c[i] + alpha * sum : alpha * sum;
    }
    epilogue.finish(y, 0, d.m, d.n);
  }

 private:
  enum class Side { rows, columns, terms };
  MatMulDims d;
  bool ta, tb, turned;
  Side side;
  int64_t length, parts, sums_floats;

  // Of a part; each is a grain long at least, as combine needs it, and the last one takes what is left over.
  int64_t begin(int64_t t) const { return t == parts ? length : length / kGrain * t / parts * kGrain; }
};

// Why this kernel does not take the product; empty if it does.
std::string refusal(const KernelRequest& r, const MatMulOp& op, const MatMulDims& d) {
  if (r.outputs[0].dtype != DType::float32) return "needs float32";
  if (d.batch != 1) return "needs one product";
  if (d.k == 0 || d.m == 0 || d.n == 0) return "empty";
  if (op.transpose_b && op.transpose_a) return "both operands transposed";
  if (!op.transpose_b && d.n < kGrain) return "too few columns";
  return {};
}

// Where this kernel is faster than oneDNN's (bench/cpp/products.cpp): where calls count, and with the widest registers
// wherever an operand fits the caches, 15% on average. There packing the right operand once gains nothing either,
// unless it is transposed.
std::string preference(const MatMulOp& op, const MatMulDims& d) {
  const int64_t work = d.m * d.n * d.k;
  if (unpacked_products().width < 16)
    return work <= (op.transpose_b ? 1 << 14 : 1 << 16) ? "" : "oneDNN does these well with narrow registers";
  if (work > (1 << 26)) return "too large";
  if (d.m >= 1024 && d.n >= 512) return "the result's rows are far apart";
  if (op.transpose_b && d.k <= kShortTerms * d.m && d.n > 128) return "a large operand would have to be turned";
  return {};
}

template <bool fused, bool preferred>
BoundKernel bind_unpacked(const KernelRequest& r) {
  const auto call = ProductCall::of<fused>(r.op);
  const MatMulDims d = matmul_dims(call.product, r.inputs[0].shape, r.inputs[1].shape);
  if (std::string why = refusal(r, call.product, d); !why.empty()) return r.decline(why);
  if (std::string why = preference(call.product, d); preferred && !why.empty()) return r.decline(why);
  BoundKernel kernel;
  Unpacked product(call.product, d);
  kernel.scratch_bytes = product.scratch_bytes();
  kernel.run = [product, epilogue = call.epilogue](const void* const* in, void* const* out, void* scratch) {
    product.run(in[0], in[1], nullptr, out[0], scratch, 1, epilogue.of(in));
  };
  return kernel;
}

template <bool preferred>
BoundKernel bind_unpacked_add(const MatMulAddOp& op, const KernelRequest& r) {
  const MatMulDims d = matmul_dims(op.product, r.inputs[1].shape, r.inputs[2].shape);
  if (std::string why = refusal(r, op.product, d); !why.empty()) return r.decline(why);
  if (std::string why = preference(op.product, d); preferred && !why.empty()) return r.decline(why);
  BoundKernel kernel;
  Unpacked product(op.product, d);
  kernel.scratch_bytes = product.scratch_bytes();
  kernel.sharing = {{0, 0}};
  kernel.run = [product, alpha = static_cast<float>(op.alpha), rated = r.inputs.size() == 4](
                   const void* const* in, void* const* out, void* scratch) {
    product.run(in[1], in[2], in[0], out[0], scratch, rated ? alpha * *static_cast<const float*>(in[3]) : alpha);
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "MatMul", "unpacked", 6, (bind_unpacked<false, true>));
LAMINA_KERNEL(cpu, "FusedMatMul", "unpacked", 6, (bind_unpacked<true, true>));
LAMINA_KERNEL(cpu, "MatMulAdd", "unpacked", 9, bind_unpacked_add<true>);
LAMINA_KERNEL(cpu, "MatMul", "unpacked_any", 13, (bind_unpacked<false, false>));
LAMINA_KERNEL(cpu, "FusedMatMul", "unpacked_any", 13, (bind_unpacked<true, false>));
LAMINA_KERNEL(cpu, "MatMulAdd", "unpacked_any", 13, bind_unpacked_add<false>);

}  // namespace
}  // namespace lamina
