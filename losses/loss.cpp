#include "losses/loss.h"

#include "backends/core/settings.h"
#include "backends/ops/public/support.h"
#include "layers/dtype_policy.h"
#include "layers/operation.h"

namespace lamina {

namespace {

using namespace prim;

void check_reduction(const std::string& r) {
  for (const char* known : {"sum_over_batch_size", "sum", "none", "", "mean", "mean_with_sample_weight"})
    if (r == known) return;
  throw ValueError(
      "Invalid value for argument `reduction`. Expected one of 'sum_over_batch_size', 'sum', None, 'none', 'mean', "
      "'mean_with_sample_weight'. Received: reduction=",
      r);
}

// A tensor or array-like (nested lists of numbers) at `dtype`; structures of tensors entry by entry.
Value convert(const Value& v, DType dtype) {
  if (v.is_dict() || (v.is_sequence() && !flatten_tensors(v).empty()))
    return map_structure(
        v, [&](const Value& leaf) -> Value { return leaf.is_none() ? leaf : value_to<Operand>(leaf).as(dtype); });
  return value_to<Operand>(v).as(dtype);
}

Tensor divide_or_zero(const Tensor& a, const Tensor& b) {
  Tensor zero = full({}, 0, b.dtype()), empty = binary(Binary::equal, b, zero);
  return where(empty, zero, divide(a, where(empty, full({}, 1, b.dtype()), b)));
}

// Weights with the mask in them. Where the mean is over all elements, kept ones count for the masked.
Tensor masked_weight(const Tensor& weight, const Tensor& mask, DType dtype, const std::string& reduction) {
  if (!mask.defined()) return weight;
  Tensor m = cast(cast(mask, DType::boolean), dtype);
  if (reduction == "mean" || reduction == "sum_over_batch_size")
    m = multiply(m, divide_or_zero(full({}, static_cast<double>(mask.size()), dtype), reduce_all(Reduce::sum, m)));
  if (!weight.defined()) return m;
  Tensor w = cast(weight, dtype);
  squeeze_or_expand_to_same_rank(m, w);
  return multiply(w, m);
}

class CallableLoss final : public Loss {
 public:
  explicit CallableLoss(std::shared_ptr<Callable> f)
      : Loss(auto_name("loss_function_wrapper"), "sum_over_batch_size"), function_(std::move(f)) {}
  Tensor call(const Value& y_true, const Value& y_pred) override {
    Value a = y_true, b = y_pred;
    if (a.is_tensor() && b.is_tensor()) {
      Tensor t = a.as_tensor(), p = b.as_tensor();
      squeeze_or_expand_to_same_rank(t, p);
      a = t, b = p;
    }
    return value_to<Operand>(function_->call({a, b})).value();
  }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }

 private:
  std::shared_ptr<Callable> function_;
};

}  // namespace

Loss::Loss(std::string name, std::string reduction, const Value& dtype)
    : name_(std::move(name)),
      reduction_{std::move(reduction)},
      dtype_(dtype.is_none() ? settings().floatx() : get_dtype_policy(dtype)->compute_dtype()) {
  check_reduction(reduction_.name);
  if (name_.empty()) name_ = auto_name("loss");
}

Tensor Loss::operator()(const Value& y_true, const Value& y_pred, const Tensor& sample_weight) {
  if (overrides(Method::call_operator))
    return value_to<Operand>(user_class->call(Method::call_operator, {y_true, y_pred, Value(sample_weight)}, {}))
        .value();
  return weighted(y_true, y_pred, sample_weight);
}

Tensor Loss::weighted(const Value& y_true, const Value& y_pred, const Tensor& sample_weight) {
  Tensor mask;
  for (const Tensor& t : flatten_tensors(y_pred))
    if (t.mask().defined()) mask = t.mask();
  Value t = convert(y_true, dtype_), p = convert(y_pred, dtype_);
  Tensor values =
      overrides(Method::call) ? value_to<Operand>(user_class->call(Method::call, {t, p}, {})).value() : call(t, p);
  if (Tensor own = values.mask(); own.defined() && !(mask.defined() && own.same(mask)))
    mask = mask.defined() ? binary(Binary::logical_and, cast(mask, DType::boolean), cast(own, DType::boolean)) : own;
  return reduce_weighted(values, sample_weight, mask, reduction_.name, dtype_);
}

Dict Loss::get_config() const { return {{"name", name_}, {"reduction", to_value(reduction_)}}; }

void Loss::attributes(Fields& f) {
  f("name", name_);
  f("reduction", reduction_);
}

void from_value(const Value& v, Reduction& out) {
  std::string name = v.is_none() ? "" : v.as_string();
  check_reduction(name);
  out.name = std::move(name);
}
Value to_value(const Reduction& r) { return r.name.empty() ? Value() : Value(r.name); }

std::shared_ptr<Loss> Loss::adapt(const ObjectPtr& object) {
  if (auto f = std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<CallableLoss>(std::move(f));
  return nullptr;
}

Tensor apply_mask(const Tensor& sample_weight, const Tensor& mask, DType dtype, const std::string& reduction) {
  return masked_weight(
      mask.defined() && sample_weight.defined() ? weights_by_sample(sample_weight, mask.rank()) : sample_weight, mask,
      dtype, reduction);
}

Tensor weights_by_sample(const Tensor& weights, int rank) {
  if (weights.rank() != 1 || rank < 2) return weights;
  Shape shape = weights.shape();
  while (shape.rank() < rank) shape.insert(shape.rank(), 1);
  return reshape(weights, shape);
}

Tensor reduce_weighted(Tensor values, Tensor sample_weight, const Tensor& mask, const std::string& reduction,
                       DType dtype) {
  check_reduction(reduction);
  values = cast(values, dtype);
  sample_weight = masked_weight(sample_weight, mask, dtype, reduction);
  if (sample_weight.defined()) {
    sample_weight = cast(sample_weight, dtype);
    squeeze_or_expand_to_same_rank(values, sample_weight);
    values = multiply(values, sample_weight);
  }
  if (reduction.empty() || reduction == "none" || values.rank() == 0 || values.shape() == Shape{0}) return values;
  Tensor total = reduce_all(Reduce::sum, values);
  if (reduction == "sum") return total;
  if (reduction == "mean_with_sample_weight" && sample_weight.defined())
    return divide_or_zero(total, reduce_all(Reduce::sum, sample_weight));
  if (!values.shape().known()) return total;  // shapes only: no value to divide
  return multiply(total, values.size() ? 1.0 / static_cast<double>(values.size()) : 0.0);
}

void squeeze_or_expand_to_same_rank(Tensor& a, Tensor& b, bool expand_rank_1) {
  auto fit = [&](Tensor& longer, Tensor& shorter) {
    if (longer.rank() != shorter.rank() + 1 || longer.shape().back() != 1) return;
    if (shorter.rank() == 1 && expand_rank_1)
      shorter = expand_dims(shorter, 1);
    else
      longer = squeeze(longer, longer.rank() - 1);
  };
  if (a.rank() > b.rank())
    fit(a, b);
  else
    fit(b, a);
}

}  // namespace lamina
