#pragma once
// What a public op takes where Keras takes "a tensor": a Tensor, or a Python-like scalar that is weak in promotion.
#include "backends/core/fields.h"
#include "backends/core/tensor.h"
#include "backends/core/variable.h"

namespace lamina {

class Operand {
 public:
  Operand() = default;
  Operand(const Tensor& t) : tensor_(t) {}
  Operand(const Variable& v) : tensor_(v.value()) {}
  Operand(double v) : number_(v), weak_(DType::float32) {}
  Operand(float v) : Operand(static_cast<double>(v)) {}
  Operand(int v) : number_(v), weak_(DType::int32) {}
  Operand(long v) : number_(static_cast<double>(v)), weak_(DType::int32) {}
  Operand(bool v) : number_(v), weak_(DType::boolean) {}

  bool is_scalar() const { return !tensor_.defined(); }
  const Tensor& tensor() const { return tensor_; }
  double number() const { return number_; }
  PromotionType type() const {
    return is_scalar() ? PromotionType{weak_, true} : PromotionType{tensor_.dtype(), false};
  }
  DType dtype() const;           // the tensor's, or the default of the scalar's kind (int32, floatx, bool)
  Tensor as(DType dtype) const;  // converted
  Tensor value() const { return as(dtype()); }
  Shape shape() const { return is_scalar() ? Shape{} : tensor_.shape(); }
  bool symbolic() const { return tensor_.defined() && tensor_.symbolic(); }

 private:
  Tensor tensor_;
  double number_ = 0;
  DType weak_ = DType::float32;
};

void from_value(const Value& v, Operand& out);  // tensors, numbers, and nested lists of numbers (as arrays)
// As a config holds it.
Value to_value(const Operand& v);
// Nested lists of numbers as a tensor: bools give bool, ints int32, any float floatx. ValueError if ragged.
Tensor tensor_from_list(const Value& nested, std::optional<DType> dtype = {});

// By Keras' rules of promotion: Python's numbers give way to tensors.
DType result_type(std::initializer_list<const Operand*> operands);

using Axes = std::optional<std::vector<int>>;  // None: all axes
// One axis as an integer, several as a tuple: how Keras writes them.
Value to_value(const Axes& axes);

}  // namespace lamina
