// Attention by cuDNN's fused kernels, in half precision: the scores never reach memory. What cuDNN takes is a graph of small operations
// that its engines know as a whole, in this order.
#include "backends/ops/attention/attention_cudnn.h"

#include "backends/core/kernel_chain.h"
#include "backends/ops/creation/creation.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/movement/movement.h"

namespace lamina {

using cuda::CudnnDescriptor;
using cuda::CudnnTensor;
using Part = const CudnnDescriptor&;

namespace {

// Rows that lie (batch, place, head, width) in memory, told as (batch, head, place, width).
CudnnTensor heads(int64_t batch, int64_t places, int64_t heads, int64_t width) { return {{batch, heads, places, width}, {places * heads * width, width, heads * width, 1}}; }
CudnnTensor turned(CudnnTensor t) {
  std::swap(t.sizes[2], t.sizes[3]);
  std::swap(t.strides[2], t.strides[3]);
  return t;
}

struct Builder {
  const CudnnAttention& a;
  cuda::CudnnGraph graph = {};
  cudnnDataType_t stored = cuda::cudnn_type(a.dtype);
  CudnnTensor scores = cuda::cudnn_packed({a.B, a.N, a.T, a.S}), rows = cuda::cudnn_packed({a.B, a.N, a.T, 1});
  CudnnTensor query = heads(a.B, a.T, a.N, a.D), key = heads(a.B, a.S, a.K, a.D), value = heads(a.B, a.S, a.K, a.V), out = heads(a.B, a.T, a.N, a.V);

  Part between(const CudnnTensor& layout, cudnnDataType_t type = CUDNN_DATA_FLOAT) { return graph.between(layout, type); }

  // result = mode(x, b), or b where t says so.
  Part pointwise(cudnnPointwiseMode_t mode, Part result, Part x, const CudnnDescriptor* b = nullptr, const CudnnDescriptor* t = nullptr, cudnnDataType_t compute = CUDNN_DATA_FLOAT, int64_t axis = -1) {
    CudnnDescriptor how(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    how.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, &mode);
    how.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, &compute);
    if (axis >= 0) how.set(CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, &axis);
    how.finalize();
    CudnnDescriptor op(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    op.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    op.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (b) op.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
    if (t) op.set(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, *t);
    op.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result);
    graph.add(std::move(op));
    return result;
  }
  Part reduce(cudnnReduceTensorOp_t how, Part result, Part x) {
    const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    CudnnDescriptor reduction(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    reduction.set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, &how);
    reduction.set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &compute);
    reduction.finalize();
    CudnnDescriptor op(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
    op.set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x);
    op.set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, result);
    op.set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, reduction);
    graph.add(std::move(op));
    return result;
  }
  Part multiply(Part result, Part x, Part y) {
    const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    CudnnDescriptor product(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    product.set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &compute);
    product.finalize();
    CudnnDescriptor op(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    op.set(CUDNN_ATTR_OPERATION_MATMUL_ADESC, x);
    op.set(CUDNN_ATTR_OPERATION_MATMUL_BDESC, y);
    op.set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, result);
    op.set(CUDNN_ATTR_OPERATION_MATMUL_DESC, product);
    graph.add(std::move(op));
    return result;
  }
  Part reshape(Part result, Part x) {
    CudnnDescriptor op(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
    op.set(CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x);
    op.set(CUDNN_ATTR_OPERATION_RESHAPE_YDESC, result);
    graph.add(std::move(op));
    return result;
  }

  Part scaled(Part x) { return pointwise(CUDNN_POINTWISE_MUL, between(scores), x, &graph.number(static_cast<float>(a.scale), 4)); }
  // Keys behind their query hidden.
  Part seen(Part x) {
    if (!a.causal) return x;
    Part row = pointwise(CUDNN_POINTWISE_GEN_INDEX, between(scores, CUDNN_DATA_INT32), x, nullptr, nullptr, CUDNN_DATA_INT32, 2);
    Part column = pointwise(CUDNN_POINTWISE_GEN_INDEX, between(scores, CUDNN_DATA_INT32), x, nullptr, nullptr, CUDNN_DATA_INT32, 3);
    Part past = pointwise(CUDNN_POINTWISE_CMP_GE, between(scores, CUDNN_DATA_BOOLEAN), row, &column, nullptr, CUDNN_DATA_BOOLEAN);
    return pointwise(CUDNN_POINTWISE_BINARY_SELECT, between(scores), x, &graph.number(-std::numeric_limits<float>::infinity(), 4), &past);
  }
};

}  // namespace

cuda::CudnnGraph cudnn_attention(const CudnnAttention& a) {
  Builder b{a};
  Part q = b.graph.memory(b.query, b.stored), k = b.graph.memory(turned(b.key), b.stored), v = b.graph.memory(b.value, b.stored), out = b.graph.memory(b.out, b.stored),
       logarithms = b.graph.memory(b.rows, CUDNN_DATA_FLOAT);
  Part x = b.seen(b.scaled(b.multiply(b.between(b.scores), q, k)));
  Part most = b.reduce(CUDNN_REDUCE_TENSOR_MAX, b.between(b.rows), x);
  Part e = b.pointwise(CUDNN_POINTWISE_EXP, b.between(b.scores), b.pointwise(CUDNN_POINTWISE_SUB, b.between(b.scores), x, &most));
  Part sum = b.reduce(CUDNN_REDUCE_TENSOR_ADD, b.between(b.rows), e);
  Part logarithm = b.pointwise(CUDNN_POINTWISE_LOG, b.between(b.rows), sum);
  b.pointwise(CUDNN_POINTWISE_ADD, logarithms, most, &logarithm);
  Part weights = b.pointwise(CUDNN_POINTWISE_DIV, b.between(b.scores, b.stored), e, &sum);
  b.multiply(out, weights, v);
  return std::move(b.graph);
}

cuda::CudnnGraph cudnn_attention_grad(const CudnnAttention& a) {
  Builder b{a};
  Part q = b.graph.memory(b.query, b.stored), k = b.graph.memory(turned(b.key), b.stored), v = b.graph.memory(turned(b.value), b.stored), out = b.graph.memory(b.out, b.stored),
       logarithms = b.graph.memory(b.rows, CUDNN_DATA_FLOAT), g = b.graph.memory(b.out, b.stored), dq = b.graph.memory(b.query, b.stored), dk = b.graph.memory(b.key, b.stored),
       dv = b.graph.memory(b.value, b.stored), delta = b.graph.memory(b.rows, CUDNN_DATA_FLOAT);
  const CudnnTensor columns{{a.B, a.N, a.S, a.T}, {a.N * a.T * a.S, a.T * a.S, 1, a.S}};  // scores, turned
  auto over_heads = [&](Part result, const CudnnTensor& one, Part x, Part y) {  // a product for each query head, added up where they share a key head
    if (a.N == a.K) {
      b.multiply(result, x, y);
      return;
    }
    Part all = b.between(cuda::cudnn_packed({a.B, a.N, a.S, one.sizes[3]}), b.stored);
    b.multiply(all, x, y);
    b.reduce(CUDNN_REDUCE_TENSOR_ADD, result, all);
  };
  Part along = b.reduce(CUDNN_REDUCE_TENSOR_ADD, b.between(b.rows), b.pointwise(CUDNN_POINTWISE_MUL, b.between(b.out), g, &out));
  b.pointwise(CUDNN_POINTWISE_MUL, delta, along, &b.graph.number(1, 4));
  Part x = b.pointwise(CUDNN_POINTWISE_SUB, b.between(b.scores), b.scaled(b.multiply(b.between(b.scores), q, k)), &logarithms);
  Part weights = b.pointwise(CUDNN_POINTWISE_EXP, b.between(b.scores), b.seen(x));
  over_heads(dv, b.value, b.reshape(b.between(columns, b.stored), weights), g);
  Part dweights = b.pointwise(CUDNN_POINTWISE_SUB, b.between(b.scores), b.multiply(b.between(b.scores), g, v), &delta);
  Part dscores = b.pointwise(CUDNN_POINTWISE_MUL, b.between(b.scores, b.stored), b.pointwise(CUDNN_POINTWISE_MUL, b.between(b.scores), dweights, &weights), &b.graph.number(static_cast<float>(a.scale), 4));
  over_heads(dk, b.key, b.reshape(b.between(columns, b.stored), dscores), q);
  b.multiply(dq, dscores, b.reshape(b.between(b.key, b.stored), k));
  return std::move(b.graph);
}

namespace {

constexpr DType kFloat = DType::float32;

// Empty and with a reason where cuDNN need not be asked.
std::optional<CudnnAttention> taken(const KernelRequest& r, const AttentionScores& scores) {
  const Shape &q = r.inputs[0].shape, &v = r.inputs[2].shape;
  if (!is_half(r.inputs[0].dtype)) r.declined = "needs float16 or bfloat16";
  else if (scores.masked) r.declined = "has a mask";  // rows that see nothing would differ
  else if (scores.biased) r.declined = "has a bias";
  else if (r.inputs[0].shape.elements() == 0 || r.inputs[1].shape.elements() == 0 || v.elements() == 0) r.declined = "empty";
  if (!r.declined.empty()) return {};
  return CudnnAttention{q[0], q[1], v[1], q[2], v[2], q[3], v[3], scores.scale, scores.causal, r.inputs[0].dtype};
}

// A row's state is told as (logarithm, 1): exp(score - logarithm) / 1 is its weight.
BoundKernel bind_forward(const KernelRequest& r) {
  const auto a = taken(r, static_cast<const AttentionOp&>(r.op).scores);
  if (!a) return {};
  const auto in = KernelChain::input, out = KernelChain::output;
  const TensorSpec rows{{a->B * a->N * a->T, 1}, kFloat};
  KernelChain chain(r.device);
  const KernelChain::Place logarithms = chain.between(rows), ones = chain.between(rows);
  try {
    chain.add(cuda::cudnn_kernel(r, {.round_inputs = true}, 3, [&] { return cudnn_attention(*a); }), {in(0), in(1), in(2)}, {out(0), logarithms});
  } catch (const Error& e) {
    return r.decline(e.what());
  }
  chain.add(make_op<FullOp>(rows.shape, 1, kFloat), {}, {}, {ones});
  chain.add(make_op<ConcatOp>(1), {rows, rows}, {logarithms, ones}, {out(1)});
  return std::move(chain).finish();
}

BoundKernel bind_grad(const KernelRequest& r) {
  const auto a = taken(r, static_cast<const AttentionGradOp&>(r.op).scores);
  if (!a) return {};
  const auto in = KernelChain::input, out = KernelChain::output;
  const int64_t n = a->B * a->N * a->T;
  const TensorSpec pairs{{n, 2}, kFloat}, rows{{n, 1}, kFloat};
  KernelChain chain(r.device);
  const KernelChain::Place most = chain.between(rows), sums = chain.between(rows), logarithms = chain.between(rows), delta = chain.between(rows);
  auto column = [](int64_t of, int64_t rows) { return make_op<SliceOp>(std::vector<int64_t>{0, of}, std::vector<int64_t>{rows, of + 1}, std::vector<int64_t>{1, 1}); };
  chain.add(column(0, n), {pairs}, {in(4)}, {most});
  chain.add(column(1, n), {pairs}, {in(4)}, {sums});
  chain.add(make_op<UnaryOp>(Unary::log), {rows}, {sums}, {delta});
  chain.add(make_op<BinaryOp>(Binary::add), {rows, rows}, {most, delta}, {logarithms});
  try {
    chain.add(cuda::cudnn_kernel(r, {.round_inputs = true}, 6, [&] { return cudnn_attention_grad(*a); }), {in(0), in(1), in(2), in(3), logarithms, in(5)}, {out(0), out(1), out(2), delta});
  } catch (const Error& e) {
    return r.decline(e.what());
  }
  return std::move(chain).finish();
}

LAMINA_KERNEL(cuda, "Attention", "cudnn", 10, bind_forward);
LAMINA_KERNEL(cuda, "AttentionGrad", "cudnn", 10, bind_grad);

}  // namespace
}  // namespace lamina
