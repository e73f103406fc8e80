#include "backends/ops/elementwise/elementwise.h"

#include "backends/core/profiler.h"
#include "backends/ops/elementwise/fused.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {
void expect(std::span<const TensorSpec> in, size_t count) {
  if (in.size() != count) throw ValueError("expected ", count, " inputs, received ", in.size(), ".");
}
}  // namespace

std::vector<TensorSpec> UnaryOp::infer(std::span<const TensorSpec> in) const {
  expect(in, 1);
  return {{in[0].shape, is_predicate(kind) ? DType::boolean : in[0].dtype}};
}

std::vector<TensorSpec> BinaryOp::infer(std::span<const TensorSpec> in) const {
  expect(in, 2);
  if (in[0].dtype != in[1].dtype)
    throw TypeError("operands of ", name_of(kind), " must have the same dtype, received ", in[0].dtype, " and ",
                    in[1].dtype, ".");
  return {{broadcast_shapes(in[0].shape, in[1].shape), is_predicate(kind) ? DType::boolean : in[0].dtype}};
}

std::vector<TensorSpec> WhereOp::infer(std::span<const TensorSpec> in) const {
  expect(in, 3);
  if (in[0].dtype != DType::boolean) throw TypeError("the condition must be bool, received ", in[0].dtype, ".");
  if (in[1].dtype != in[2].dtype)
    throw TypeError("both choices must have the same dtype, received ", in[1].dtype, " and ", in[2].dtype, ".");
  return {{broadcast_shapes(in[0].shape, broadcast_shapes(in[1].shape, in[2].shape)), in[1].dtype}};
}

using namespace prim;

Tensors CastOp::vjp(const VjpContext& c) const {
  return {is_float(to) ? cast(c.grads[0], c.inputs[0].dtype()) : Tensor()};
}

Tensors WhereOp::vjp(const VjpContext& c) const {
  Tensor zero = full({}, 0, c.grads[0].dtype());
  Tensors out(3);
  if (c.needed[1]) out[1] = sum_to(where(c.inputs[0], c.grads[0], zero), c.inputs[1].shape());
  if (c.needed[2]) out[2] = sum_to(where(c.inputs[0], zero, c.grads[0]), c.inputs[2].shape());
  return out;
}

Tensors UnaryOp::vjp(const VjpContext& c) const {
  const Tensor &x = c.inputs[0], &y = c.outputs[0], &g = c.grads[0];
  auto u = [](Unary k, const Tensor& t) { return unary(k, t); };
  switch (kind) {
    case Unary::negative: return {negative(g)};
    case Unary::abs: return {multiply(g, u(Unary::sign, x))};
    case Unary::square: return {multiply(g, multiply(x, 2.0))};
    case Unary::sqrt: return {divide(multiply(g, 0.5), y)};
    case Unary::rsqrt: return {multiply(multiply(g, -0.5), divide(y, x))};
    case Unary::reciprocal: return {negative(multiply(g, square(y)))};
    case Unary::exp: return {multiply(g, y)};
    case Unary::expm1: return {multiply(g, add(y, 1.0))};
    case Unary::log: return {divide(g, x)};
    case Unary::log1p: return {divide(g, add(x, 1.0))};
    case Unary::log2: return {divide(g, multiply(x, 0.6931471805599453))};
    case Unary::log10: return {divide(g, multiply(x, 2.302585092994046))};
    case Unary::exp2: return {multiply(g, multiply(y, 0.6931471805599453))};
    case Unary::sin: return {multiply(g, u(Unary::cos, x))};
    case Unary::cos: return {negative(multiply(g, u(Unary::sin, x)))};
    case Unary::tan: return {multiply(g, add(square(y), 1.0))};
    case Unary::asin: return {multiply(g, u(Unary::rsqrt, rsub(1.0, square(x))))};
    case Unary::acos: return {negative(multiply(g, u(Unary::rsqrt, rsub(1.0, square(x)))))};
    case Unary::atan: return {divide(g, add(square(x), 1.0))};
    case Unary::sinh: return {multiply(g, u(Unary::cosh, x))};
    case Unary::cosh: return {multiply(g, u(Unary::sinh, x))};
    case Unary::tanh: return {multiply(g, rsub(1.0, square(y)))};
    case Unary::asinh: return {multiply(g, u(Unary::rsqrt, add(square(x), 1.0)))};
    case Unary::acosh: return {multiply(g, u(Unary::rsqrt, add(square(x), -1.0)))};
    case Unary::atanh: return {divide(g, rsub(1.0, square(x)))};
    case Unary::sigmoid: return {multiply(g, multiply(y, rsub(1.0, y)))};
    case Unary::relu: return {where(binary(Binary::greater, x, full({}, 0, x.dtype())), g, full({}, 0, g.dtype()))};
    case Unary::softplus: return {multiply(g, u(Unary::sigmoid, x))};
    case Unary::erf: return {multiply(g, multiply(exp(negative(square(x))), 1.1283791670955126))};
    case Unary::erfinv: return {multiply(g, multiply(exp(square(y)), 0.8862269254527580))};
    case Unary::lgamma: return {multiply(g, u(Unary::digamma, x))};
    case Unary::digamma: throw UnsupportedError("The gradient of digamma is not available.");
    case Unary::cbrt: return {divide(multiply(g, 1.0 / 3), square(y))};
    default: return {Tensor()};  // sign, rounding, predicates: zero almost everywhere
  }
}

Tensors BinaryOp::vjp(const VjpContext& c) const {
  const Tensor &a = c.inputs[0], &b = c.inputs[1], &y = c.outputs[0], &g = c.grads[0];
  const bool need_a = c.needed[0], need_b = c.needed[1];
  Tensor ga, gb;
  Tensor zero = full({}, 0, g.dtype());
  auto pick = [&](Binary compare) {  // ties share the gradient equally, as JAX does
    Tensor half = multiply(g, 0.5);
    Tensor tie = where(binary(Binary::equal, a, b), half, zero);
    ga = where(binary(compare, a, b), g, tie);
    gb = where(binary(compare, b, a), g, tie);
  };
  switch (kind) {
    case Binary::add: ga = g, gb = g; break;
    case Binary::subtract:
      ga = g;
      if (need_b) gb = negative(g);
      break;
    case Binary::multiply:
      if (need_a) ga = multiply(g, b);
      if (need_b) gb = multiply(g, a);
      break;
    case Binary::divide:
      if (need_a) ga = divide(g, b);
      if (need_b) gb = negative(divide(multiply(g, y), b));
      break;
    case Binary::power:
      // d/da = b a^(b-1), 0 where b is 0 (a may be 0 there); d/db = y log a, 0 where a is 0.
      if (need_a) ga = multiply(g, where(binary(Binary::equal, b, zero), zero, multiply(b, power(a, add(b, -1.0)))));
      if (need_b) {
        Tensor zero_base = binary(Binary::equal, a, zero);
        gb = multiply(g, where(zero_base, zero, multiply(y, log(where(zero_base, full({}, 1, a.dtype()), a)))));
      }
      break;
    case Binary::maximum:
    case Binary::fmax: pick(Binary::greater); break;
    case Binary::minimum:
    case Binary::fmin: pick(Binary::less); break;
    case Binary::atan2: {
      Tensor d = divide(g, add(square(a), square(b)));
      ga = multiply(d, b), gb = negative(multiply(d, a));
      break;
    }
    case Binary::hypot: ga = multiply(g, divide(a, y)), gb = multiply(g, divide(b, y)); break;
    case Binary::mod:
      ga = g;
      if (need_b) gb = negative(multiply(g, unary(Unary::floor, divide(a, b))));
      break;
    case Binary::fmod:
      ga = g;
      if (need_b) gb = negative(multiply(g, unary(Unary::trunc, divide(a, b))));
      break;
    default: return {};
  }
  return {need_a && ga.defined() ? sum_to(ga, a.shape()) : Tensor(),
          need_b && gb.defined() ? sum_to(gb, b.shape()) : Tensor()};
}

namespace {

// One shared op a kind: making ops costs an allocation and a key.
template <class P, class K, int N>
const Op& shared(K kind) {
  static const std::vector<Op> all = [] {
    std::vector<Op> ops;
    for (int i = 0; i < N; ++i) ops.push_back(make_op<P>(static_cast<K>(i)));
    return ops;
  }();
  return all[static_cast<int>(kind)];
}

BoundKernel bind_program(const KernelRequest& r) {
  const DType to = r.outputs[0].dtype;
  BoundKernel k = bind_elementwise(program_of(r), r.inputs, r.outputs[0].shape, {&to, 1});
  return k.run ? std::move(k) : r.decline(text("not defined for ", r.inputs.back().dtype));
}

double elementwise_flops(const Primitive&, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
  return static_cast<double>(out[0].shape.elements());
}
LAMINA_FLOPS("Unary", elementwise_flops);
LAMINA_FLOPS("Binary", elementwise_flops);

LAMINA_KERNEL(cpu, "Unary", "blocks", 20, bind_program);
LAMINA_KERNEL(cpu, "Binary", "blocks", 20, bind_program);
LAMINA_KERNEL(cpu, "Where", "blocks", 20, bind_program);
LAMINA_KERNEL(cpu, "Cast", "blocks", 20, bind_program);

}  // namespace

namespace prim {

Tensor unary(Unary kind, const Tensor& x) { return apply1(shared<UnaryOp, Unary, kUnaryCount>(kind), {x}); }
Tensor binary(Binary kind, const Tensor& a, const Tensor& b) {
  return apply1(shared<BinaryOp, Binary, kBinaryCount>(kind), {a, b});
}
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  static const Op op = make_op<WhereOp>();
  return apply1(op, {condition, a, b});
}
Tensor cast(const Tensor& x, DType to) {
  if (x.dtype() == to) return x;
  if (x.dtype() == DType::string || to == DType::string) refuse_strings();
  return apply1(shared<CastOp, DType, kDTypeCount>(to), {x});
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (x.rank() < shape.rank()) return broadcast_to(x, shape);
  std::vector<int> axes;
  int extra = x.rank() - shape.rank();
  for (int i = 0; i < x.rank(); ++i)
    if (i < extra || (shape[i - extra] == 1 && x.shape()[i] != 1)) axes.push_back(i);
  Tensor out = axes.empty() ? x : reduce(Reduce::sum, x, axes, false);
  if (out.shape() != shape)
    out = broadcast_to(reshape(out,
                               [&] {
                                 Shape s = shape;
                                 if (s.elements() != out.size())  // the gradient itself was still to be broadcast
                                   for (int i = 0; i < s.rank(); ++i) s[i] = x.shape()[i + extra] == 1 ? 1 : s[i];
                                 return s;
                               }()),
                       shape);
  return out;
}

Tensor add(const Tensor& x, double c) { return add(x, full({}, c, x.dtype())); }
Tensor multiply(const Tensor& x, double c) { return multiply(x, full({}, c, x.dtype())); }
Tensor rsub(double c, const Tensor& x) { return subtract(full({}, c, x.dtype()), x); }

}  // namespace prim
}  // namespace lamina
