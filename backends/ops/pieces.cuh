#pragma once
// Kernels that compute some samples at a time, so that what they lay out in between takes bounded memory, with matrix
// products bound for as many.
#include "backends/cuda/kernel.cuh"
#include "backends/ops/matmul/matmul.h"

namespace lamina::gpu {

#if defined(__CUDACC__)
inline constexpr int64_t kMostScratch = 256 << 20;  // bytes
#else
inline constexpr int64_t kMostScratch = 2048;  // small cases take several pieces
#endif

// `samples` at a time, and what is left over.
struct Pieces {
  int64_t samples, whole, rest;
  Pieces(int64_t batch, int64_t bytes_a_sample) {
    samples = std::clamp<int64_t>(kMostScratch / std::max<int64_t>(1, bytes_a_sample), 1, std::max<int64_t>(1, batch));
    whole = batch / samples, rest = batch % samples;
  }
  bool several() const { return whole + (rest > 0) > 1; }
  // f(first sample, how many)
  template <class F>
  void each(F&& f) const {
    for (int64_t i = 0; i < whole; ++i) f(i * samples, samples);
    if (rest) f(whole * samples, rest);
  }
};

// A product whose operands' shapes depend on the number of samples. Scratch for one is enough for all of them.
class PieceProduct {
 public:
  // shapes(samples): those of a and b
  template <class F>
  PieceProduct(Device device, const Pieces& pieces, const MatMulOp& op, DType dtype, F&& shapes)
      : samples_(pieces.samples) {
    auto bind = [&](int64_t samples) {
      const auto [a, b] = shapes(samples);
      const TensorSpec in[] = {{a, dtype}, {b, dtype}};
      const std::vector<TensorSpec> out = op.infer(in);
      BoundKernel k = bind_kernel(device, {op, in, out, {}});
      scratch_ = std::max(scratch_, k.scratch_bytes);
      recordable_ &= k.recordable;
      return std::move(k.run);
    };
    some_ = bind(pieces.samples);
    if (pieces.rest) last_ = bind(pieces.rest);
  }
  size_t scratch() const { return scratch_; }
  bool recordable() const { return recordable_; }
  void operator()(int64_t samples, const void* a, const void* b, void* out, void* scratch) const {
    const void* operands[] = {a, b};
    (samples == samples_ ? some_ : last_)(operands, &out, scratch);
  }

 private:
  BoundKernel::Run some_, last_;
  int64_t samples_;
  size_t scratch_ = 0;
  bool recordable_ = true;
};

// Places for several arrays in scratch memory.
class Layout {
 public:
  size_t take(int64_t elements, DType dtype) {
    const size_t at = size_;
    size_ += (static_cast<size_t>(elements) * size_of(dtype) + 255) / 256 * 256;
    return at;
  }
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

// Calls f(zero of the stored type, in, out, scratch).
template <class F>
BoundKernel::Run typed(DType dtype, F f) {
  return [dtype, f = std::move(f)](const void* const* in, void* const* out, void* scratch) {
    with_stored_float(dtype, [&](auto zero) { f(zero, in, out, static_cast<char*>(scratch)); });
  };
}

// The same, for float32 and float64 alone.
template <class F>
BoundKernel::Run in_floats(DType dtype, F f) {
  return [dtype, f = std::move(f)](const void* const* in, void* const* out, void* scratch) {
    with_full_float(dtype, [&](auto zero) { f(zero, in, out, static_cast<char*>(scratch)); });
  };
}

// y += x
template <class T>
__global__ void add_to(const T* x, T* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) y[i] = narrow<T>(widen(y[i]) + widen(x[i]));
}

}  // namespace lamina::gpu
