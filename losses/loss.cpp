#include "losses/loss.h"

#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "layers/dtype_policy.h"
#include "layers/operation.h"

namespace lamina {

namespace {
const std::vector<std::string> kReductions = {"sum", "sum_over_batch_size", "none", "mean", "mean_with_sample_weight"};

class FunctionLoss final : public Loss {
 public:
  explicit FunctionLoss(ObjectPtr f) : Loss(std::dynamic_pointer_cast<Callable>(f)->function_name(), "sum_over_batch_size"), function_(std::move(f)) {}
  Tensor call(const Value& y_true, const Value& y_pred) override { return value_to<Operand>(std::static_pointer_cast<Callable>(function_)->call({y_true, y_pred})).value(); }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }

 private:
  ObjectPtr function_;
};
}  // namespace

Loss::Loss(std::string name, std::string reduction, Value dtype) : name_(std::move(name)), reduction_(std::move(reduction)), dtype_(std::move(dtype)) {
  if (reduction_.empty()) reduction_ = "none";
  if (std::find(kReductions.begin(), kReductions.end(), reduction_) == kReductions.end())
    throw ValueError("Invalid value for argument `reduction`. Expected one of ", kReductions, ". Received: reduction=", reduction_);
}

DType Loss::dtype() const { return dtype_.is_none() ? settings().floatx() : get_dtype_policy(dtype_)->compute_dtype(); }

Dict Loss::get_config() const {
  Dict config{{"name", name_}, {"reduction", reduction_}};
  if (!dtype_.is_none()) config.set("dtype", serialize_object(get_dtype_policy(dtype_)));
  return config;
}

std::shared_ptr<Loss> Loss::adapt(const ObjectPtr& object) {
  if (std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<FunctionLoss>(object);
  return nullptr;
}

void squeeze_or_expand_to_same_rank(Tensor& a, Tensor& b, bool expand_rank_1) {
  int ra = a.rank(), rb = b.rank();
  if (ra == rb) return;
  if (ra == rb + 1 && a.shape().back() == 1) {
    if (rb == 1 && expand_rank_1) b = prim::expand_dims(b, 1);
    else a = prim::squeeze(a, -1);
  } else if (rb == ra + 1 && b.shape().back() == 1) {
    if (ra == 1 && expand_rank_1) a = prim::expand_dims(a, 1);
    else b = prim::squeeze(b, -1);
  }
}

Tensor apply_mask(const Tensor& sample_weight, const Tensor& mask, DType dtype, const std::string& reduction) {
  if (!mask.defined()) return sample_weight;
  Tensor m = prim::cast(mask, dtype);
  if (reduction == "mean" || reduction == "sum_over_batch_size") {
    Tensor valid = prim::reduce_all(Reduce::sum, m);
    m = prim::multiply(m, prim::divide(prim::full({}, static_cast<double>(m.size()), dtype), prim::add(valid, settings().epsilon())));
  }
  if (!sample_weight.defined()) return m;
  Tensor weight = prim::cast(sample_weight, dtype);
  squeeze_or_expand_to_same_rank(weight, m);
  return prim::multiply(weight, m);
}

Tensor reduce_weighted(Tensor values, Tensor weight, const Tensor& mask, const std::string& reduction, DType dtype) {
  values = prim::cast(values, dtype);
  weight = apply_mask(weight, mask, dtype, reduction);
  if (weight.defined()) {
    weight = prim::cast(weight, dtype);
    squeeze_or_expand_to_same_rank(values, weight);
    while (weight.rank() < values.rank()) weight = prim::expand_dims(weight, weight.rank());
    values = prim::multiply(values, weight);
  }
  if (reduction == "none" || values.rank() == 0) return values;
  Tensor total = prim::reduce_all(Reduce::sum, values);
  if (reduction == "sum") return total;
  if (reduction == "mean_with_sample_weight" && weight.defined()) {
    Tensor sum = prim::reduce_all(Reduce::sum, prim::broadcast_to(weight, values.shape()));
    Tensor zero = prim::full({}, 0, dtype);
    return prim::where(prim::binary(Binary::equal, sum, zero), zero, prim::divide(total, prim::where(prim::binary(Binary::equal, sum, zero), prim::full({}, 1, dtype), sum)));
  }
  return prim::multiply(total, values.size() ? 1.0 / static_cast<double>(values.size()) : 0.0);
}

Tensor Loss::operator()(const Value& y_true, const Value& y_pred, const Tensor& sample_weight) {
  Tensor mask;
  for (const Value& leaf : flatten(y_pred))
    if (leaf.is_tensor() && leaf.as_tensor().mask().defined()) mask = leaf.as_tensor().mask();
  const DType type = dtype();
  auto convert = [&](const Value& v) {
    return map_structure(v, [&](const Value& leaf) -> Value { return leaf.is_none() ? leaf : Value(value_to<Operand>(leaf).as(type)); });
  };
  auto list_to_tensor = [](const Value& v) -> Value {
    if (v.is_sequence() && flatten_tensors(v).empty()) return tensor_from_list(v);
    return v;
  };
  Value t = convert(list_to_tensor(y_true)), p = convert(list_to_tensor(y_pred));
  Tensor values;
  if (hooked("call")) values = value_to<Operand>(hook->invoke("call", {t, p}, {})).value();
  else values = call(t, p);
  if (values.mask().defined()) mask = values.mask();
  return reduce_weighted(values, sample_weight, mask, reduction_, type);
}

}  // namespace lamina
