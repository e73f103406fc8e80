// Batch normalisation by cuDNN, whose kernels read x once where it fits. cuDNN tells the deviation's inverse r where we
// keep the variance: v = 1 / r^2 - epsilon, as exact as v + epsilon is.
#include "backends/ops/normalization/normalize_cudnn.h"

#include <cstring>

#include "backends/core/kernel_chain.h"
#include "backends/ops/creation/creation.h"
#include "backends/ops/elementwise/fused.h"

namespace lamina {

using cuda::CudnnDescriptor;

namespace {

constexpr cudnnBackendNormMode_t kMode = CUDNN_BATCH_NORM;
cuda::CudnnTensor whole(int64_t outer, int64_t n, int64_t inner) {
  return {{outer, n, inner, 1}, {n * inner, inner, 1, 1}};
}
cuda::CudnnTensor channels(int64_t n) { return cuda::cudnn_channels_last(1, n, {1, 1}); }

}  // namespace

cuda::CudnnGraph cudnn_normalize_batch(int64_t outer, int64_t n, int64_t inner, double epsilon) {
  cuda::CudnnGraph graph;
  auto memory = [&](const cuda::CudnnTensor& t) -> const CudnnDescriptor& { return graph.memory(t, CUDNN_DATA_FLOAT); };
  const cudnnBackendNormFwdPhase_t phase = CUDNN_NORM_FWD_TRAINING;
  CudnnDescriptor op(CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_MODE, CUDNN_TYPE_NORM_MODE, &kMode);
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_PHASE, CUDNN_TYPE_NORM_FWD_PHASE, &phase);
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_XDESC, memory(whole(outer, n, inner)));
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_YDESC, memory(whole(outer, n, inner)));
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC, graph.number(static_cast<float>(epsilon), 4));
  graph.add(std::move(op));
  return graph;
}

cuda::CudnnGraph cudnn_normalize_batch_grad(int64_t outer, int64_t n, int64_t inner) {
  cuda::CudnnGraph graph;
  auto memory = [&](const cuda::CudnnTensor& t) -> const CudnnDescriptor& { return graph.memory(t, CUDNN_DATA_FLOAT); };
  CudnnDescriptor op(CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_MODE, CUDNN_TYPE_NORM_MODE, &kMode);
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_XDESC, memory(whole(outer, n, inner)));
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC, memory(whole(outer, n, inner)));
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC, memory(whole(outer, n, inner)));
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC, memory(channels(n)));
  op.set(CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC, memory(channels(n)));
  graph.add(std::move(op));
  return graph;
}

namespace {

constexpr DType kFloat = DType::float32;
Instruction step(Unary kind, int a) {
  return {Instruction::Code::unary, static_cast<uint8_t>(kind), kFloat, kFloat, a};
}
Instruction step(Binary kind, int a, int b) {
  return {Instruction::Code::binary, static_cast<uint8_t>(kind), kFloat, kFloat, a, b};
}
Immediate number(double value) {
  const float narrow = static_cast<float>(value);
  Immediate m{kFloat, 0};
  std::memcpy(&m.bits, &narrow, sizeof narrow);
  return m;
}

}  // namespace

Op inverse_deviation(int64_t n, double epsilon) {
  // registers 0: the variance, 1: epsilon, 2: their sum
  return make_op<FusedElementwiseOp>(ElementwiseProgram{.inputs = 1,
                                                        .immediates = {number(epsilon)},
                                                        .code = {step(Binary::add, 0, 1), step(Unary::rsqrt, 2)},
                                                        .outputs = {3}},
                                     Shape{n});
}
Op variance_of(int64_t n, double epsilon) {
  // registers 0: r, 1: epsilon, 2: zero, 3: r^2, 4: 1 / r^2, 5: that less epsilon
  return make_op<FusedElementwiseOp>(
      ElementwiseProgram{.inputs = 1,
                         .immediates = {number(epsilon), number(0)},
                         .code = {step(Unary::square, 0), step(Unary::reciprocal, 3), step(Binary::subtract, 4, 1),
                                  step(Binary::maximum, 5, 2)},
                         .outputs = {6}},
      Shape{n});
}

namespace {

struct Channels {
  int64_t outer = 1, n, inner = 1;
  TensorSpec each;  // a number a channel
  Channels(const Shape& x, int axis) : n(x[axis]), each{Shape{x[axis]}, kFloat} {
    for (int i = 0; i < x.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : x[i];
  }
};

// Whether cuDNN may be asked at all.
bool takes(const KernelRequest& r) {
  if (r.inputs[0].dtype != kFloat)
    r.declined = "needs float32";
  else if (r.inputs[0].shape.elements() == 0)
    r.declined = "empty";
  return r.declined.empty();
}

BoundKernel bind_forward(const NormalizeOp& op, const KernelRequest& r) {
  if (!takes(r)) return {};
  const Channels c(r.inputs[0].shape, op.axis);
  const auto in = KernelChain::input, out = KernelChain::output;
  KernelChain chain(r.device);
  auto given_or = [&](bool given, size_t at, double value) {
    if (given) return in(at);
    const KernelChain::Place place = chain.between(c.each);
    chain.add(make_op<FullOp>(c.each.shape, value, kFloat), {}, {}, {place});
    return place;
  };
  try {
    BoundKernel normalize =
        cuda::cudnn_kernel(r, {}, 3, [&] { return cudnn_normalize_batch(c.outer, c.n, c.inner, op.epsilon); });
    const KernelChain::Place scale = given_or(op.scaled, 1, 1), offset = given_or(op.shifted, 1u + op.scaled, 0),
                             inverse = chain.between(c.each);
    chain.add(std::move(normalize), {in(0), scale, offset}, {out(0), out(1), inverse});
    chain.add(variance_of(c.n, op.epsilon), {c.each}, {inverse}, {out(2)});
  } catch (const Error& e) { return r.decline(e.what()); }
  return std::move(chain).finish();
}

BoundKernel bind_grad(const NormalizeGradOp& op, const KernelRequest& r) {
  if (!takes(r)) return {};
  const Channels c(r.inputs[0].shape, op.axis);
  const auto in = KernelChain::input, out = KernelChain::output;
  const size_t mean = 1u + op.scaled;
  KernelChain chain(r.device);
  try {
    BoundKernel differentiate =
        cuda::cudnn_kernel(r, {}, 5, [&] { return cudnn_normalize_batch_grad(c.outer, c.n, c.inner); });
    KernelChain::Place scale = in(1);
    if (!op.scaled) chain.add(make_op<FullOp>(c.each.shape, 1, kFloat), {}, {}, {scale = chain.between(c.each)});
    const KernelChain::Place inverse = chain.between(c.each);
    chain.add(inverse_deviation(c.n, op.epsilon), {c.each}, {in(mean + 1)}, {inverse});
    chain.add(std::move(differentiate), {in(0), scale, in(mean), inverse, in(mean + 2)},
              {out(0), op.scaled ? out(1) : chain.between(c.each), op.shifted ? out(mean) : chain.between(c.each)});
  } catch (const Error& e) { return r.decline(e.what()); }
  return std::move(chain).finish();
}

LAMINA_KERNEL(cuda, "NormalizeBatch", "cudnn", 10, bind_forward);
LAMINA_KERNEL(cuda, "NormalizeBatchGrad", "cudnn", 10, bind_grad);

}  // namespace
}  // namespace lamina
