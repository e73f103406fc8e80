// float16 and bfloat16 through the float32 kernels: operands are widened into scratch, the result is rounded once.
#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/convolution.h"

namespace lamina {

namespace {

constexpr int64_t kPiece = 1 << 15;

template <class From, class To>
void convert(const void* from, void* to, int64_t n) {
  const From* x = static_cast<const From*>(from);
  To* y = static_cast<To*>(to);
  parallel_for((n + kPiece - 1) / kPiece, [&](int64_t p) {
    for (int64_t i = p * kPiece; i < std::min(n, (p + 1) * kPiece); ++i)
      y[i] = static_cast<To>(static_cast<float>(x[i]));
  });
}

size_t float_bytes(const TensorSpec& s) {
  return (static_cast<size_t>(s.shape.elements()) * sizeof(float) + 63) / 64 * 64;
}

BoundKernel bind_widened(const KernelRequest& r) {
  const DType low = r.inputs[0].dtype;
  if (low != DType::float16 && low != DType::bfloat16) return r.decline("needs float16 or bfloat16");
  std::vector<TensorSpec> in(r.inputs.begin(), r.inputs.end()), out(r.outputs.begin(), r.outputs.end());
  for (TensorSpec& s : in) s.dtype = DType::float32;
  for (TensorSpec& s : out) s.dtype = DType::float32;
  BoundKernel wide = bind_kernel(Device::cpu, {r.op, in, out, {}});
  const size_t a = float_bytes(in[0]), b = float_bytes(in[1]), y = float_bytes(out[0]);
  BoundKernel k;
  k.scratch_bytes = a + b + y + wide.scratch_bytes;
  k.run = [=, run = std::move(wide.run), na = in[0].shape.elements(), nb = in[1].shape.elements(),
           ny = out[0].shape.elements()](const void* const* from, void* const* to, void* scratch) {
    char* at = static_cast<char*>(scratch);
    const void* inputs[] = {at, at + a};
    void* outputs[] = {at + a + b};
    auto go = [&](auto zero) {
      using T = decltype(zero);
      convert<T, float>(from[0], at, na);
      convert<T, float>(from[1], at + a, nb);
      run(inputs, outputs, at + a + b + y);
      convert<float, T>(outputs[0], to[0], ny);
    };
    if (low == DType::float16)
      go(Half());
    else
      go(BFloat16());
  };
  return k;
}

LAMINA_KERNEL(cpu, "Convolution", "widened", 20, bind_widened);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "widened", 20, bind_widened);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "widened", 20, bind_widened);

}  // namespace
}  // namespace lamina
