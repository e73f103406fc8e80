#include "losses/functions.h"

#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/public/public_op.h"
#include "losses/loss.h"

namespace lamina::losses {

namespace {

struct Pair {
  Tensor t, p;
};
// y_pred decides the dtype (floatx if it is not floating); ranks are made equal as Keras does.
Pair prepare(const Operand& y_true, const Operand& y_pred, bool match_ranks = true) {
  DType type = is_float(y_pred.dtype()) ? y_pred.dtype() : settings().floatx();
  Pair out{y_true.as(type), y_pred.as(type)};
  if (match_ranks) squeeze_or_expand_to_same_rank(out.t, out.p);
  return out;
}

Tensor mean_last(const Tensor& x) {
  if (x.rank() == 0) return x;
  return prim::multiply(prim::reduce(Reduce::sum, x, {-1}, false), x.shape().back() > 0 ? 1.0 / static_cast<double>(x.shape().back()) : 1.0);
}
Tensor at_least(const Tensor& x, double low) { return prim::maximum(x, prim::full({}, low, x.dtype())); }
Tensor abs(const Tensor& x) { return prim::unary(Unary::abs, x); }
double epsilon() { return settings().epsilon(); }

Tensor mse(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b);
  return mean_last(prim::square(prim::subtract(t, p)));
}
Tensor mae(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b);
  return mean_last(abs(prim::subtract(t, p)));
}
Tensor mape(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b);
  return prim::multiply(mean_last(abs(prim::divide(prim::subtract(t, p), at_least(abs(t), epsilon())))), 100);
}
Tensor msle(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b);
  Tensor lp = prim::log(prim::add(at_least(p, epsilon()), 1.0)), lt = prim::log(prim::add(at_least(t, epsilon()), 1.0));
  return mean_last(prim::square(prim::subtract(lt, lp)));
}
Tensor huber_impl(const Operand& a, const Operand& b, double delta) {
  auto [t, p] = prepare(a, b);
  Tensor error = abs(prim::subtract(t, p));
  Tensor small = prim::multiply(prim::square(error), 0.5), large = prim::multiply(prim::add(error, -0.5 * delta), delta);
  return mean_last(prim::where(prim::binary(Binary::less_equal, error, prim::full({}, delta, error.dtype())), small, large));
}
Tensor log_cosh_impl(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b);
  Tensor d = prim::subtract(p, t);
  Tensor softened = prim::unary(Unary::softplus, prim::multiply(d, -2.0));
  return mean_last(prim::add(prim::add(d, softened), -std::log(2.0)));
}
Tensor poisson_impl(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b);
  return mean_last(prim::subtract(p, prim::multiply(t, prim::log(prim::add(p, epsilon())))));
}
Tensor kld(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b);
  auto clip = [](const Tensor& x) { return prim::minimum(at_least(x, epsilon()), prim::full({}, 1, x.dtype())); };
  t = clip(t), p = clip(p);
  return prim::reduce(Reduce::sum, prim::multiply(t, prim::log(prim::divide(t, p))), {-1}, false);
}
// Labels 0/1 become -1/1; labels that are -1/1 stay.
Tensor signed_labels(const Tensor& t) {
  Tensor zero = prim::full({}, 0, t.dtype()), one = prim::full({}, 1, t.dtype());
  Tensor binary = prim::binary(Binary::logical_or, prim::binary(Binary::equal, t, zero), prim::binary(Binary::equal, t, one));
  return prim::where(prim::reduce_all(Reduce::all, binary), prim::add(prim::multiply(t, 2.0), -1.0), t);
}
Tensor hinge_impl(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b, false);
  return mean_last(prim::unary(Unary::relu, prim::rsub(1.0, prim::multiply(signed_labels(t), p))));
}
Tensor squared_hinge_impl(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b, false);
  return mean_last(prim::square(prim::unary(Unary::relu, prim::rsub(1.0, prim::multiply(signed_labels(t), p)))));
}
Tensor categorical_hinge_impl(const Operand& a, const Operand& b) {
  auto [t, p] = prepare(a, b, false);
  Tensor positive = prim::reduce(Reduce::sum, prim::multiply(t, p), {-1}, false);
  Tensor negative = prim::reduce(Reduce::max, prim::multiply(prim::rsub(1.0, t), p), {-1}, false);
  return prim::unary(Unary::relu, prim::add(prim::subtract(negative, positive), 1.0));
}
Tensor cosine_impl(const Operand& a, const Operand& b, const Value& axis) {
  auto [t, p] = prepare(a, b);
  std::vector<int> axes = value_to<std::vector<int>>(axis);
  auto unit = [&](const Tensor& x) {
    Tensor square = prim::reduce(Reduce::sum, prim::square(x), axes, true);
    return prim::multiply(x, prim::unary(Unary::rsqrt, at_least(square, 1e-12)));
  };
  return prim::negative(prim::reduce(Reduce::sum, prim::multiply(unit(t), unit(p)), axes, false));
}
Tensor bce(const Operand& a, const Operand& b, bool from_logits, double smoothing, int axis) {
  auto [t, p] = prepare(a, b);
  if (smoothing != 0) t = prim::add(prim::multiply(t, 1 - smoothing), 0.5 * smoothing);
  Tensor values = ops::binary_crossentropy(t, p, from_logits);
  return prim::multiply(prim::reduce(Reduce::sum, values, {axis}, false), 1.0 / static_cast<double>(std::max<int64_t>(1, values.shape().at(axis))));
}
Tensor cce(const Operand& a, const Operand& b, bool from_logits, double smoothing, int axis) {
  auto [t, p] = prepare(a, b, false);
  if (p.shape().at(axis) == 1)
    throw ValueError("In loss categorical_crossentropy, expected y_pred.shape to be (batch_size, num_classes) with num_classes > 1. Received: y_pred.shape=", p.shape(), ". Consider using 'binary_crossentropy' if you only have 2 classes.");
  if (smoothing != 0) t = prim::add(prim::multiply(t, 1 - smoothing), smoothing / static_cast<double>(p.shape().at(axis)));
  return ops::categorical_crossentropy(t, p, from_logits, axis);
}
Tensor scce(const Operand& a, const Operand& b, bool from_logits, std::optional<int64_t> ignore, int axis) {
  DType type = is_float(b.dtype()) ? b.dtype() : settings().floatx();
  Tensor t = a.as(is_int(a.dtype()) && a.dtype() != DType::uint64 && a.dtype() != DType::uint32 ? a.dtype() : DType::int32), p = b.as(type);
  if (t.rank() == p.rank() && t.rank() > 1 && t.shape().back() == 1) t = prim::squeeze(t, -1);
  if (!ignore) return ops::sparse_categorical_crossentropy(t, p, from_logits, axis);
  Tensor skip = prim::binary(Binary::equal, t, prim::full({}, static_cast<double>(*ignore), t.dtype()));
  Tensor safe = prim::where(skip, prim::full({}, 0, t.dtype()), t);
  Tensor values = ops::sparse_categorical_crossentropy(safe, p, from_logits, axis);
  Tensor out = prim::where(skip, prim::full({}, 0, values.dtype()), values);
  out.set_mask(prim::unary(Unary::logical_not, skip));
  return out;
}

using A = OpArgument;
#define LAMINA_LOSS(NAME, FUNCTION, DOC, ...) \
  const auto NAME##_op = public_op("losses." #NAME, "keras.losses." #NAME, DOC, FUNCTION, {A("y_true"), A("y_pred") __VA_OPT__(, ) __VA_ARGS__});
LAMINA_LOSS(mean_squared_error, mse, "Mean of (y_true - y_pred)^2 over the last axis.")
LAMINA_LOSS(mean_absolute_error, mae, "Mean of |y_true - y_pred| over the last axis.")
LAMINA_LOSS(mean_absolute_percentage_error, mape, "100 * mean of |(y_true - y_pred) / y_true|.")
LAMINA_LOSS(mean_squared_logarithmic_error, msle, "Mean of (log(y_true + 1) - log(y_pred + 1))^2.")
LAMINA_LOSS(huber, huber_impl, "Quadratic for errors up to delta, linear beyond.", A("delta", 1.0))
LAMINA_LOSS(log_cosh, log_cosh_impl, "Mean of log(cosh(y_pred - y_true)).")
LAMINA_LOSS(poisson, poisson_impl, "Mean of y_pred - y_true * log(y_pred).")
LAMINA_LOSS(kl_divergence, kld, "Sum of y_true * log(y_true / y_pred).")
LAMINA_LOSS(hinge, hinge_impl, "Mean of max(1 - y_true * y_pred, 0).")
LAMINA_LOSS(squared_hinge, squared_hinge_impl, "Mean of max(1 - y_true * y_pred, 0)^2.")
LAMINA_LOSS(categorical_hinge, categorical_hinge_impl, "max(largest wrong score - right score + 1, 0).")
LAMINA_LOSS(cosine_similarity, cosine_impl, "Minus the cosine of the angle between the two.", A("axis", -1))
LAMINA_LOSS(binary_crossentropy, bce, "Mean binary cross entropy.", A("from_logits", false), A("label_smoothing", 0.0), A("axis", -1))
LAMINA_LOSS(categorical_crossentropy, cce, "Cross entropy with one-hot labels.", A("from_logits", false), A("label_smoothing", 0.0), A("axis", -1))
LAMINA_LOSS(sparse_categorical_crossentropy, scce, "Cross entropy with integer labels.", A("from_logits", false), A("ignore_class", Value()), A("axis", -1))

}  // namespace

Tensor mean_squared_error(const Operand& t, const Operand& p) { return mse(t, p); }
Tensor mean_absolute_error(const Operand& t, const Operand& p) { return mae(t, p); }
Tensor mean_absolute_percentage_error(const Operand& t, const Operand& p) { return mape(t, p); }
Tensor mean_squared_logarithmic_error(const Operand& t, const Operand& p) { return msle(t, p); }
Tensor huber(const Operand& t, const Operand& p, double delta) { return huber_impl(t, p, delta); }
Tensor log_cosh(const Operand& t, const Operand& p) { return log_cosh_impl(t, p); }
Tensor poisson(const Operand& t, const Operand& p) { return poisson_impl(t, p); }
Tensor kl_divergence(const Operand& t, const Operand& p) { return kld(t, p); }
Tensor hinge(const Operand& t, const Operand& p) { return hinge_impl(t, p); }
Tensor squared_hinge(const Operand& t, const Operand& p) { return squared_hinge_impl(t, p); }
Tensor categorical_hinge(const Operand& t, const Operand& p) { return categorical_hinge_impl(t, p); }
Tensor cosine_similarity(const Operand& t, const Operand& p, const Value& axis) { return cosine_impl(t, p, axis); }
Tensor binary_crossentropy(const Operand& t, const Operand& p, bool l, double s, int axis) { return bce(t, p, l, s, axis); }
Tensor categorical_crossentropy(const Operand& t, const Operand& p, bool l, double s, int axis) { return cce(t, p, l, s, axis); }
Tensor sparse_categorical_crossentropy(const Operand& t, const Operand& p, bool l, std::optional<int64_t> i, int axis) { return scce(t, p, l, i, axis); }

}  // namespace lamina::losses
