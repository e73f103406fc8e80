#include "layers/lora.h"

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {

namespace {

bool same(const Variable& a, const Variable& b) { return &a.state() == &b.state(); }

Value checked_rank(const Value& rank) {
  if (!rank.is_int() || rank.as_int() <= 0)
    throw ValueError("The rank of LoRA must be a positive integer. Received: rank=", rank.repr());
  return rank;
}

void refuse_constraint(const LoraTarget& target) {
  if (target.constraint)
    throw ValueError("Lora is incompatible with ", target.noun, " constraints. In order to enable lora on ",
                     target.layer.describe(), ", remove its constraint.");
}

}  // namespace

Variables own_variables(const Layer& layer) {
  Variables out = layer.own_trainable();
  for (const Variable& v : layer.own_non_trainable()) out.push_back(v);
  return out;
}

void LoraLayer::enable_lora(const Value& rank, const Value& alpha, InitializerRef a, InitializerRef b) {
  const LoraTarget target = lora_target();
  refuse_constraint(target);
  if (!target.layer.built())
    throw ValueError("Cannot enable lora on a layer that isn't yet built. Build ", target.layer.describe(),
                     " first, by a call or by build().");
  make(target, rank, alpha, std::move(a), std::move(b));
}

void LoraLayer::make(const LoraTarget& target, const Value& rank, const Value& alpha, InitializerRef a,
                     InitializerRef b) {
  if (!takes_lora())
    throw UnsupportedError("There is no lora for ", target.layer.describe(),
                           ". Dense, EinsumDense, Embedding, ReversibleEmbedding, Conv1D, Conv2D and Conv3D have it.");
  refuse_constraint(target);
  if (const std::string mode = target.layer.quantization_mode(); mode == "gptq" || mode == "awq")
    throw UnsupportedError("lora is not currently supported with ", mode == "gptq" ? "GPTQ" : "AWQ",
                           " quantization, in ", target.layer.describe(), ".");
  if (lora_enabled())
    throw ValueError("lora is already enabled. This can only be done once per layer: ", target.layer.describe(), ".");
  const int64_t size = checked_rank(rank).as_int();
  if (!alpha.is_none() && !alpha.is_number())
    throw ValueError("`lora_alpha` must be a number or None. Received: lora_alpha=", alpha.repr());
  const Value scaled_by = alpha.is_none() ? rank : alpha;
  Shape down = target.shape, up{size, down.back()};
  down[down.rank() - 1] = size;
  // In float32 for any kernel: small steps of training would be lost in half precision.
  Unlocked unlocked(target.layer);
  EagerScope eager;
  AutocastScope off(std::nullopt);
  Variable first = target.layer.add_weight(target.prefix + "_a", down,
                                           {.initializer = a ? std::move(a) : InitializerRef("he_uniform"),
                                            .dtype = DType::float32,
                                            .regularizer = target.regularizer});
  b_ = target.layer.add_weight(target.prefix + "_b", up,
                               {.initializer = b ? std::move(b) : InitializerRef("zeros"),
                                .dtype = DType::float32,
                                .regularizer = target.regularizer});
  a_ = first;
  target.kernel.set_trainable(false);
  scale_ = scaled_by.as_number() / static_cast<double>(size);
  target.layer.set_argument("lora_rank", rank);  // which tells models that their compiled steps are out of date
  target.layer.set_argument("lora_alpha", scaled_by);
}

void LoraLayer::check_lora(Value& rank, Value& alpha) {
  if (rank.is_int() && rank.as_int() == 0) rank = {};
  if (!rank.is_none()) checked_rank(rank);
  if (!alpha.is_none() && !alpha.is_number())
    throw ValueError("`lora_alpha` must be a number or None. Received: lora_alpha=", alpha.repr());
  if (alpha.is_none()) alpha = rank;
}

void LoraLayer::write_lora(Dict& config, const Value& rank, const Value& alpha) {
  if (rank.is_none()) return;
  config.set("lora_rank", rank);
  config.set("lora_alpha", alpha);
}

void LoraLayer::start_lora(const Value& rank, const Value& alpha) {
  if (!rank.is_none()) make(lora_target(), rank, alpha, {}, {});
}

Tensor LoraLayer::with_product(const Tensor& kernel) const {
  return ops::add(kernel, prim::multiply(ops::matmul(a_.value(), b_.value()), scale_));
}

Tensor LoraLayer::product_from(const Tensor& x_a) const { return prim::multiply(ops::matmul(x_a, b_.value()), scale_); }

Tensor LoraLayer::adapted(const Variable& kernel) {
  if (!lora_enabled()) return kernel.value();
  return prim::cast(with_product(kernel.value()), lora_target().layer.compute_dtype());
}

Tensors LoraLayer::stored_values() {
  const LoraTarget target = lora_target();
  EagerScope eager;
  AutocastScope off(std::nullopt);
  Tensors out;
  for (const Variable& v : stored_variables())
    out.push_back(same(v, target.kernel) && lora_enabled() ? prim::cast(with_product(v.value()), v.dtype())
                                                           : v.state().value);
  return out;
}

Variables LoraLayer::stored_variables() {
  Variables out = own_variables(lora_target().layer);
  if (lora_enabled()) std::erase_if(out, [&](const Variable& v) { return same(v, a_) || same(v, b_); });
  return out;
}

void LoraLayer::clear_lora() {
  if (!lora_enabled()) return;
  EagerScope eager;
  for (Variable* v : {&a_, &b_}) v->assign(prim::full(v->shape(), 0, v->dtype()));
}

Variables stored_variables(Layer& layer) {
  if (auto* lora = dynamic_cast<LoraLayer*>(&layer)) return lora->stored_variables();
  return own_variables(layer);
}

Tensors stored_values(Layer& layer) {
  if (auto* lora = dynamic_cast<LoraLayer*>(&layer)) return lora->stored_values();
  Tensors out;
  for (const Variable& v : own_variables(layer)) out.push_back(v.state().value);
  return out;
}

}  // namespace lamina
