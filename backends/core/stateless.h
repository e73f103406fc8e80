#pragma once
// Calls that change no variable: while a StatelessScope lives, this thread reads given values in place of variables'
// own, and what it assigns stays in the scope. So a model is a pure function of its weights, whose gradients and values
// of its next state can be asked for (Keras' stateless_call). Other threads notice nothing.
#include <unordered_map>

#include "backends/core/variable.h"

namespace lamina {

class StatelessScope {
 public:
  StatelessScope() = default;
  // Before or while it is entered. The shape must be the variable's (ValueError naming both); the dtype is cast.
  void set(const Variable& variable, const Tensor& value);
  // What the variable was given or last assigned; undefined if neither.
  Tensor get(const Variable& variable) const;

  // Scopes nest; only the innermost one counts. Entered and left on one thread, in order.
  void enter();
  void leave();

 private:
  std::unordered_map<uint64_t, Tensor> values_;  // by the variable's id
  StatelessScope* outer_ = nullptr;
};

// The scope entered last on this thread, or null.
StatelessScope* stateless_scope();

}  // namespace lamina
