#include "backends/cuda/kernel.cuh"
#include "backends/ops/movement/movement.h"
#include "backends/ops/movement/strided_copy.h"

namespace lamina::gpu {

namespace {

constexpr int kAxes = 8;
struct Walk {
  int axes;
  Array<int64_t, kAxes> size, from, to;  // the innermost axis first
};

template <class T>
__global__ void strided(const T* x, T* y, int64_t n, Walk walk) {
  for (int64_t i = first(); i < n; i += step()) {
    int64_t rest = i, from = 0, to = 0;
    for (int a = 0; a < walk.axes; ++a) {
      const int64_t index = rest % walk.size.at[a];
      rest /= walk.size.at[a];
      from += index * walk.from.at[a];
      to += index * walk.to.at[a];
    }
    y[to] = x[from];
  }
}

template <class T>
__global__ void repeat(T value, T* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) y[i] = value;
}

// Bytes: rows of the parts are whole elements, but parts may differ in width.
template <class T>
__global__ void rows_into(const T* x, T* y, int64_t n, int64_t width, int64_t row, int64_t at) {
  for (int64_t i = first(); i < n; i += step()) y[i / width * row + at + i % width] = x[i];
}

Walk walk_of(const StridedCopy& c) {
  Walk walk{static_cast<int>(c.size.size()), {}, {}, {}};
  for (int a = 0; a < walk.axes; ++a) {
    const size_t axis = c.size.size() - 1 - static_cast<size_t>(a);
    walk.size.at[a] = c.size[axis], walk.from.at[a] = c.from[axis], walk.to.at[a] = c.to[axis];
  }
  return walk;
}

void run_copy(const Queue& queue, const StridedCopy& c, const Walk& walk, const void* in, void* out) {
  with_bits(c.element, [&](auto zero) {
    using T = decltype(zero);
    queue.elements(strided<T>, c.total(), static_cast<const T*>(in) + c.from_base, static_cast<T*>(out) + c.to_base,
                   c.total(), walk);
  });
}

template <StridedCopy (*kCopyOf)(const KernelRequest&)>
BoundKernel bind_copy(const KernelRequest& r) {
  const StridedCopy c = kCopyOf(r);
  if (c.size.size() > kAxes) return r.decline("more than 8 axes");
  BoundKernel k;
  k.run = [c, walk = walk_of(c), queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    run_copy(queue, c, walk, in[0], out[0]);
  };
  return k;
}

BoundKernel bind_pad(const PadOp& op, const KernelRequest& r) {
  const StridedCopy c = pad_copy(r);
  if (c.size.size() > kAxes) return r.decline("more than 8 axes");
  const Tensor value = Tensor::scalar_of(op.value, r.inputs[0].dtype);
  BoundKernel k;
  k.run = [c, walk = walk_of(c), value, total = r.outputs[0].shape.elements(), queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    with_bits(c.element, [&](auto bits) {
      std::memcpy(&bits, value.raw(), sizeof bits);
      queue.elements(repeat<decltype(bits)>, total, bits, static_cast<decltype(bits)*>(out[0]), total);
    });
    run_copy(queue, c, walk, in[0], out[0]);
  };
  return k;
}

BoundKernel bind_concat(const KernelRequest& r) {
  BoundKernel k;
  k.run = [c = concat_copy(r), size = size_of(r.outputs[0].dtype), queue = Queue(r.device)](const void* const* in,
                                                                                            void* const* out, void*) {
    with_bits(size, [&](auto zero) {
      using T = decltype(zero);
      constexpr int64_t kSize = sizeof(T);
      int64_t at = 0;
      for (size_t p = 0; p < c.widths.size(); ++p) {
        const int64_t width = c.widths[p] / kSize;
        queue.elements(rows_into<T>, c.outer * width, static_cast<const T*>(in[p]), static_cast<T*>(out[0]),
                       c.outer * width, width, c.row / kSize, at);
        at += width;
      }
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Transpose", "strided_copy", 20, bind_copy<transpose_copy>);
LAMINA_GPU_KERNEL("Broadcast", "strided_copy", 20, bind_copy<broadcast_copy>);
LAMINA_GPU_KERNEL("Slice", "strided_copy", 20, bind_copy<slice_copy>);
LAMINA_GPU_KERNEL("Reverse", "strided_copy", 20, bind_copy<reverse_copy>);
LAMINA_GPU_KERNEL("Pad", "strided_copy", 20, bind_pad);
LAMINA_GPU_KERNEL("Concat", "row_copy", 20, bind_concat);

}  // namespace
}  // namespace lamina::gpu
