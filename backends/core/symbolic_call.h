// While a layer is called on symbolic tensors, variables keep their values: only shapes and dtypes of its results are
// wanted.
#pragma once

namespace lamina {

class SymbolicCall {
 public:
  explicit SymbolicCall(bool symbolic);  // false within a symbolic call: what is built there gets its values
  ~SymbolicCall();
  SymbolicCall(const SymbolicCall&) = delete;
  SymbolicCall& operator=(const SymbolicCall&) = delete;
  static bool current();

 private:
  bool saved_;
};

}  // namespace lamina
