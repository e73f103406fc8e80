#pragma once
// Variable: the only mutable thing. A named tensor with a path, an initializer and Keras' attributes.
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "backends/core/tensor.h"

namespace lamina {

class Object;

class VariableState : public std::enable_shared_from_this<VariableState> {
 public:
  uint64_t id = 0;  // unique in the process, never reused
  std::string name, path, aggregation = "none";
  Shape shape;
  DType dtype = DType::float32;
  bool trainable = true, autocast = true, overwrite_with_gradient = false;
  std::shared_ptr<Object> initializer, regularizer, constraint;
  Tensor value;                      // always data; the graph engine may overwrite its buffer if nobody else holds it
  std::atomic<uint64_t> changes{0};  // grows after every change of the value, for what is computed from it and kept
  std::shared_ptr<void> attachment;  // for bindings
};

// A handle: copies are the same variable.
class Variable {
 public:
  struct Options {
    std::string name;  // "" takes "variable", "variable_1", ...
    bool trainable = true;
    bool autocast = true;
    std::string aggregation = "none";
  };
  Variable() = default;
  explicit Variable(const Tensor& initial) : Variable(initial, Options{}) {}
  Variable(const Tensor& initial, Options options);
  explicit Variable(std::shared_ptr<VariableState> state) : state_(std::move(state)) {}

  bool defined() const { return state_ != nullptr; }
  const std::string& name() const { return state_->name; }
  const std::string& path() const { return state_->path; }
  const Shape& shape() const { return state_->shape; }
  DType dtype() const { return state_->dtype; }
  bool trainable() const { return state_->trainable; }
  void set_trainable(bool value) const { state_->trainable = value; }

  // The current value. Inside an AutocastScope a floating-point variable is read in that dtype.
  Tensor value() const;
  operator Tensor() const { return value(); }
  // Replaces the value. The shape must match (ValueError naming both); the dtype is cast.
  void assign(const Tensor& value) const;
  void assign_add(const Tensor& delta) const;
  void assign_sub(const Tensor& delta) const;

  VariableState& state() const { return *state_; }
  const std::shared_ptr<VariableState>& pointer() const { return state_; }
  bool same(const Variable& other) const { return state_ == other.state_; }

 private:
  std::shared_ptr<VariableState> state_;
};

using Variables = std::vector<Variable>;

// Reads of autocasting variables on this thread give `dtype` while it lives; nullopt turns casting off.
class AutocastScope {
 public:
  explicit AutocastScope(std::optional<DType> dtype);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;
  static std::optional<DType> current();

 private:
  std::optional<DType> saved_;
};

}  // namespace lamina
