// Convolutions in groups: for each group its part of the operands, the last axes' of all of them, is copied, and the
// kernel for one group does the rest.
#include <cstring>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/convolution.h"

namespace lamina {

namespace {

// The parts of a tensor's last axis, as bytes.
struct Parts {
  int64_t rows;
  size_t whole, part;  // bytes of a row, and of a group's part of it

  Parts(const TensorSpec& s, int64_t groups)
      : rows(s.shape.elements() / s.shape.back()),
        whole(static_cast<size_t>(s.shape.back()) * size_of(s.dtype)),
        part(whole / static_cast<size_t>(groups)) {}
  size_t bytes() const { return (static_cast<size_t>(rows) * part + 63) / 64 * 64; }
  template <class F>
  void each_row(F&& f) const {
    constexpr int64_t kRows = 4096;  // a task
    parallel_for((rows + kRows - 1) / kRows, [&](int64_t t) {
      for (int64_t i = t * kRows; i < std::min(rows, (t + 1) * kRows); ++i) f(static_cast<size_t>(i));
    });
  }
  void take(const void* from, int64_t group, char* to) const {
    const char* first = static_cast<const char*>(from) + static_cast<size_t>(group) * part;
    each_row([&](size_t i) { std::memcpy(to + i * part, first + i * whole, part); });
  }
  void give(const char* from, int64_t group, void* to) const {
    char* first = static_cast<char*>(to) + static_cast<size_t>(group) * part;
    each_row([&](size_t i) { std::memcpy(first + i * whole, from + i * part, part); });
  }
};

TensorSpec of_group(const TensorSpec& s, int64_t groups) {
  std::vector<int64_t> sizes(s.shape.begin(), s.shape.end());
  sizes.back() /= groups;
  return {Shape(sizes), s.dtype};
}

// `one` is the primitive with one group, x the convolution's input.
BoundKernel in_groups(const KernelRequest& r, int64_t groups, const Op& one, const TensorSpec& x) {
  if (groups == 1) return r.decline("needs groups");
  if (r.inputs[0].dtype != DType::float32 && r.inputs[0].dtype != DType::float64)
    return r.decline("needs float32 or float64");
  if (x.shape.back() < 2 * groups) return r.decline("a channel a group is no work for a product");
  if (!r.inputs[0].shape.elements() || !r.inputs[1].shape.elements() || !r.outputs[0].shape.elements())
    return r.decline("empty");
  const std::vector<TensorSpec> in = {of_group(r.inputs[0], groups), of_group(r.inputs[1], groups)},
                                out = {of_group(r.outputs[0], groups)};
  BoundKernel kernel = bind_kernel(Device::cpu, {*one, in, out, {}});
  const Parts a(r.inputs[0], groups), b(r.inputs[1], groups), y(r.outputs[0], groups);
  BoundKernel k;
  k.scratch_bytes = a.bytes() + b.bytes() + y.bytes() + kernel.scratch_bytes;
  k.run = [=, one = one, run = std::move(kernel.run)](const void* const* in, void* const* out, void* scratch) {
    char *first = static_cast<char*>(scratch), *second = first + a.bytes(), *result = second + b.bytes();
    const void* operands[] = {first, second};
    void* results[] = {result};
    for (int64_t g = 0; g < groups; ++g) {
      a.take(in[0], g, first);
      b.take(in[1], g, second);
      run(operands, results, result + y.bytes());
      y.give(result, g, out[0]);
    }
  };
  return k;
}

BoundKernel bind_forward(const ConvolutionOp& op, const KernelRequest& r) {
  return in_groups(r, op.groups, make_op<ConvolutionOp>(op.window, 1), r.inputs[0]);
}
BoundKernel bind_input_grad(const ConvolutionInputGradOp& op, const KernelRequest& r) {
  return in_groups(r, op.groups, make_op<ConvolutionInputGradOp>(op.window, 1, op.rest), r.outputs[0]);
}
BoundKernel bind_weight_grad(const ConvolutionWeightGradOp& op, const KernelRequest& r) {
  return in_groups(r, op.groups, make_op<ConvolutionWeightGradOp>(op.window, 1, op.sizes), r.inputs[0]);
}

LAMINA_KERNEL(cpu, "Convolution", "grouped", 13, bind_forward);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "grouped", 13, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "grouped", 13, bind_weight_grad);

}  // namespace
}  // namespace lamina
