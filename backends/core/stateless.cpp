#include "backends/core/stateless.h"

#include "backends/core/arithmetic.h"

namespace lamina {

namespace {
thread_local StatelessScope* innermost = nullptr;
}

StatelessScope* stateless_scope() { return innermost; }

void StatelessScope::set(const Variable& variable, const Tensor& value) {
  if (value.shape() != variable.shape())
    throw ValueError(
        "Invalid variable value in StatelessScope: all values in argument `mapping` must be tensors with a shape that "
        "matches the corresponding variable shape. For variable ",
        variable.state().path, " of shape ", variable.shape(), ", received a value of shape ", value.shape(), ".");
  values_.insert_or_assign(variable.state().id,
                           value.dtype() == variable.dtype() ? value : arithmetic::cast(value, variable.dtype()));
}

Tensor StatelessScope::get(const Variable& variable) const {
  auto found = values_.find(variable.state().id);
  return found == values_.end() ? Tensor() : found->second;
}

void StatelessScope::enter() {
  outer_ = innermost;
  innermost = this;
}

void StatelessScope::leave() {
  if (innermost != this)
    throw RuntimeError("A StatelessScope must be left on the thread that entered it, the innermost one first.");
  innermost = outer_;
  outer_ = nullptr;
}

}  // namespace lamina
