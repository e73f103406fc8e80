#include "backends/core/variable.h"

#include "backends/core/arithmetic.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/core/stateless.h"
#include "backends/core/symbolic_call.h"

namespace lamina {

namespace {
std::atomic<uint64_t> next_id{1};
thread_local std::optional<DType> autocast_dtype;
thread_local bool symbolic_call = false;
}  // namespace

SymbolicCall::SymbolicCall(bool symbolic) : saved_(symbolic_call) { symbolic_call = symbolic; }
SymbolicCall::~SymbolicCall() { symbolic_call = saved_; }
bool SymbolicCall::current() { return symbolic_call; }

Variable::Variable(const Tensor& initial, Options options) : state_(std::make_shared<VariableState>()) {
  if (initial.dtype() == DType::string) refuse_strings();
  if (!initial.has_data()) throw ValueError("A variable needs a concrete initial value, received ", initial.str(), ".");
  state_->id = next_id++;
  state_->name = options.name.empty() ? "variable" : options.name;
  state_->path = state_->name;
  state_->trainable = options.trainable;
  state_->autocast = options.autocast;
  state_->aggregation = options.aggregation;
  state_->shape = initial.shape();
  state_->dtype = initial.dtype();
  // A node of its own: marks on it (mask, gradient record) must not reach the caller's tensor.
  state_->value = Tensor::on(owned_on(settings().device(), initial.node()->buffer), initial.shape(), initial.dtype());
  state_->value.node()->variable = state_->id;
}

Tensor Variable::value() const {
  Tensor out;
  if (StatelessScope* scope = stateless_scope()) [[unlikely]]
    out = scope->get(*this);
  if (!out.defined())
    out = current_trace() ? trace_engine(*current_trace()).read(*state_) : eager_engine().read(*state_);
  if (autocast_dtype && state_->autocast && is_float(state_->dtype) && *autocast_dtype != state_->dtype)
    return arithmetic::cast(out, *autocast_dtype);
  return out;
}

void Variable::assign(const Tensor& value) const {
  if (value.shape() != state_->shape)
    throw ValueError(
        "The shape of the target variable and the shape of the target value in `variable.assign(value)` must match. "
        "variable.shape=",
        state_->shape, ", Received: value.shape=", value.shape(), ". Target variable: ", state_->path);
  if (SymbolicCall::current()) return;
  Tensor cast = value.dtype() == state_->dtype ? value : arithmetic::cast(value, state_->dtype);
  if (StatelessScope* scope = stateless_scope()) [[unlikely]]
    return scope->set(*this, cast);
  (current_trace() ? trace_engine(*current_trace()) : eager_engine()).assign(*state_, cast);
}

void Variable::assign_add(const Tensor& delta) const {
  AutocastScope off(std::nullopt);
  assign(arithmetic::add(value(), delta.dtype() == dtype() ? delta : arithmetic::cast(delta, dtype())));
}

void Variable::assign_sub(const Tensor& delta) const {
  AutocastScope off(std::nullopt);
  assign(arithmetic::subtract(value(), delta.dtype() == dtype() ? delta : arithmetic::cast(delta, dtype())));
}

void update_variables(const Op& op, std::span<const Variable> variables, std::span<const Tensor> rest) {
  if (SymbolicCall::current()) return;
  if (stateless_scope()) [[unlikely]] {
    AutocastScope off(std::nullopt);
    Tensors inputs(variables.begin(), variables.end());
    inputs.insert(inputs.end(), rest.begin(), rest.end());
    Tensors fresh = lamina::apply(op, std::span<const Tensor>(inputs));
    for (size_t i = 0; i < variables.size(); ++i) variables[i].assign(fresh[i]);
    return;
  }
  std::vector<VariableState*> states;
  for (const Variable& v : variables) states.push_back(&v.state());
  (current_trace() ? trace_engine(*current_trace()) : eager_engine()).update(op, states, rest);
}

AutocastScope::AutocastScope(std::optional<DType> dtype) : saved_(autocast_dtype) { autocast_dtype = dtype; }
AutocastScope::~AutocastScope() { autocast_dtype = saved_; }
std::optional<DType> AutocastScope::current() { return autocast_dtype; }

}  // namespace lamina
