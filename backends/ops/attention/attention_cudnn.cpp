// Attention by cuDNN's fused kernels, in half precision: the scores never reach memory. What cuDNN takes is a graph of
// small operations that its engines know as a whole, in this order.
#include "backends/ops/attention/attention_cudnn.h"

namespace lamina {

using cuda::CudnnDescriptor;
using cuda::CudnnTensor;
using Part = const CudnnDescriptor&;

namespace {

// Rows that lie (batch, place, head, width) in memory, told as (batch, head, place, width).
CudnnTensor heads(int64_t batch, int64_t places, int64_t heads, int64_t width) {
  return {{batch, heads, places, width}, {places * heads * width, width, heads * width, 1}};
}
CudnnTensor turned(CudnnTensor t) {
  std::swap(t.sizes[2], t.sizes[3]);
  std::swap(t.strides[2], t.strides[3]);
  return t;
}

constexpr cudnnDataType_t kCompute = CUDNN_DATA_FLOAT;

struct Builder {
  const CudnnAttention& a;
  cuda::CudnnGraph graph = {};
  cudnnDataType_t stored = cuda::cudnn_type(a.dtype);
  CudnnTensor scores = cuda::cudnn_packed({a.B, a.N, a.T, a.S}), rows = cuda::cudnn_packed({a.B, a.N, a.T, 1});
  CudnnTensor query = heads(a.B, a.T, a.N, a.D), key = heads(a.B, a.S, a.K, a.D), value = heads(a.B, a.S, a.K, a.V),
              out = heads(a.B, a.T, a.N, a.V);

  Part between(const CudnnTensor& layout, cudnnDataType_t type = CUDNN_DATA_FLOAT) {
    return graph.between(layout, type);
  }

  // An operation with its descriptors, those that are null left out; `result` is one of them.
  Part operation(cudnnBackendDescriptorType_t type, Part result,
                 std::initializer_list<std::pair<cudnnBackendAttributeName_t, const CudnnDescriptor*>> parts) {
    CudnnDescriptor op(type);
    for (const auto& [name, part] : parts)
      if (part) op.set(name, *part);
    graph.add(std::move(op));
    return result;
  }
  // result = mode(x, b), or b where t says so.
  Part pointwise(cudnnPointwiseMode_t mode, Part result, Part x, const CudnnDescriptor* b = nullptr,
                 const CudnnDescriptor* t = nullptr, cudnnDataType_t compute = CUDNN_DATA_FLOAT, int64_t axis = -1) {
    CudnnDescriptor how(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    how.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, &mode);
    how.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, &compute);
    if (axis >= 0) how.set(CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, &axis);
    how.finalize();
    return operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, result,
                     {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, &how},
                      {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &x},
                      {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b},
                      {CUDNN_ATTR_OPERATION_POINTWISE_TDESC, t},
                      {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &result}});
  }
  Part reduce(cudnnReduceTensorOp_t mode, Part result, Part x) {
    CudnnDescriptor how(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    how.set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, &mode);
    how.set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &kCompute);
    how.finalize();
    return operation(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, result,
                     {{CUDNN_ATTR_OPERATION_REDUCTION_XDESC, &x},
                      {CUDNN_ATTR_OPERATION_REDUCTION_YDESC, &result},
                      {CUDNN_ATTR_OPERATION_REDUCTION_DESC, &how}});
  }
  Part multiply(Part result, Part x, Part y) {
    CudnnDescriptor how(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    how.set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &kCompute);
    how.finalize();
    return operation(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, result,
                     {{CUDNN_ATTR_OPERATION_MATMUL_ADESC, &x},
                      {CUDNN_ATTR_OPERATION_MATMUL_BDESC, &y},
                      {CUDNN_ATTR_OPERATION_MATMUL_CDESC, &result},
                      {CUDNN_ATTR_OPERATION_MATMUL_DESC, &how}});
  }
  Part reshape(Part result, Part x) {
    return operation(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR, result,
                     {{CUDNN_ATTR_OPERATION_RESHAPE_XDESC, &x}, {CUDNN_ATTR_OPERATION_RESHAPE_YDESC, &result}});
  }

  // The bias in memory, or null.
  const CudnnDescriptor* bias() {
    if (!a.bias) return nullptr;
    const Shape& s = a.bias->shape;
    return &graph.memory(cuda::cudnn_packed({s[0], s[1], s[2], s[3]}), cuda::cudnn_type(a.bias->dtype));
  }
  Part scaled(Part x, const CudnnDescriptor* bias) {
    Part y = pointwise(CUDNN_POINTWISE_MUL, between(scores), x, &graph.number(static_cast<float>(a.scale), 4));
    return bias ? pointwise(CUDNN_POINTWISE_ADD, between(scores), y, bias) : y;
  }
  // Keys behind their query hidden.
  Part seen(Part x) {
    if (!a.causal) return x;
    Part row = pointwise(CUDNN_POINTWISE_GEN_INDEX, between(scores, CUDNN_DATA_INT32), x, nullptr, nullptr,
                         CUDNN_DATA_INT32, 2);
    Part column = pointwise(CUDNN_POINTWISE_GEN_INDEX, between(scores, CUDNN_DATA_INT32), x, nullptr, nullptr,
                            CUDNN_DATA_INT32, 3);
    Part past = pointwise(CUDNN_POINTWISE_CMP_GE, between(scores, CUDNN_DATA_BOOLEAN), row, &column, nullptr,
                          CUDNN_DATA_BOOLEAN);
    return pointwise(CUDNN_POINTWISE_BINARY_SELECT, between(scores), x,
                     &graph.number(-std::numeric_limits<float>::infinity(), 4), &past);
  }
};

}  // namespace

cuda::CudnnGraph cudnn_attention(const CudnnAttention& a) {
  Builder b{a};
  Part q = b.graph.memory(b.query, b.stored), k = b.graph.memory(turned(b.key), b.stored),
       v = b.graph.memory(b.value, b.stored);
  const CudnnDescriptor* bias = b.bias();
  Part out = b.graph.memory(b.out, b.stored), logarithms = b.graph.memory(b.rows, CUDNN_DATA_FLOAT);
  Part x = b.seen(b.scaled(b.multiply(b.between(b.scores), q, k), bias));
  Part most = b.reduce(CUDNN_REDUCE_TENSOR_MAX, b.between(b.rows), x);
  Part e = b.pointwise(CUDNN_POINTWISE_EXP, b.between(b.scores),
                       b.pointwise(CUDNN_POINTWISE_SUB, b.between(b.scores), x, &most));
  Part sum = b.reduce(CUDNN_REDUCE_TENSOR_ADD, b.between(b.rows), e);
  Part logarithm = b.pointwise(CUDNN_POINTWISE_LOG, b.between(b.rows), sum);
  b.pointwise(CUDNN_POINTWISE_ADD, logarithms, most, &logarithm);
  Part weights = b.pointwise(CUDNN_POINTWISE_DIV, b.between(b.scores, b.stored), e, &sum);
  b.multiply(out, weights, v);
  return std::move(b.graph);
}

cuda::CudnnGraph cudnn_attention_grad(const CudnnAttention& a) {
  Builder b{a};
  Part q = b.graph.memory(b.query, b.stored), k = b.graph.memory(turned(b.key), b.stored),
       v = b.graph.memory(turned(b.value), b.stored);
  const CudnnDescriptor* bias = b.bias();
  Part out = b.graph.memory(b.out, b.stored), logarithms = b.graph.memory(b.rows, CUDNN_DATA_FLOAT),
       g = b.graph.memory(b.out, b.stored), dq = b.graph.memory(b.query, b.stored),
       dk = b.graph.memory(b.key, b.stored), dv = b.graph.memory(b.value, b.stored),
       delta = b.graph.memory(b.rows, CUDNN_DATA_FLOAT);
  const CudnnTensor columns{{a.B, a.N, a.S, a.T}, {a.N * a.T * a.S, a.T * a.S, 1, a.S}};  // scores, turned
  auto over_heads = [&](Part result, const CudnnTensor& one, Part x,
                        Part y) {  // a product for each query head, added up where they share a key head
    if (a.N == a.K) {
      b.multiply(result, x, y);
      return;
    }
    Part all = b.between(cuda::cudnn_packed({a.B, a.N, a.S, one.sizes[3]}), b.stored);
    b.multiply(all, x, y);
    b.reduce(CUDNN_REDUCE_TENSOR_ADD, result, all);
  };
  Part along =
      b.reduce(CUDNN_REDUCE_TENSOR_ADD, b.between(b.rows), b.pointwise(CUDNN_POINTWISE_MUL, b.between(b.out), g, &out));
  b.pointwise(CUDNN_POINTWISE_MUL, delta, along, &b.graph.number(1, 4));
  Part x = b.pointwise(CUDNN_POINTWISE_SUB, b.between(b.scores), b.scaled(b.multiply(b.between(b.scores), q, k), bias),
                       &logarithms);
  Part weights = b.pointwise(CUDNN_POINTWISE_EXP, b.between(b.scores), b.seen(x));
  over_heads(dv, b.value, b.reshape(b.between(columns, b.stored), weights), g);
  Part dweights = b.pointwise(CUDNN_POINTWISE_SUB, b.between(b.scores), b.multiply(b.between(b.scores), g, v), &delta);
  Part dscores = b.pointwise(CUDNN_POINTWISE_MUL, b.between(b.scores, b.stored),
                             b.pointwise(CUDNN_POINTWISE_MUL, b.between(b.scores), dweights, &weights),
                             &b.graph.number(static_cast<float>(a.scale), 4));
  over_heads(dk, b.key, b.reshape(b.between(columns, b.stored), dscores), q);
  b.multiply(dq, dscores, b.reshape(b.between(b.key, b.stored), k));
  return std::move(b.graph);
}

}  // namespace lamina
