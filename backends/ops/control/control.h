#pragma once
// Control flow as primitives: branches and loop bodies are sub-functions (backends/core/subfunction.h). The graph
// engine records these; the eager engine calls users' functions directly (backends/ops/public/core_control.cpp) and
// runs these only where they are applied to data.
#include "backends/core/subfunction.h"

namespace lamina {

// One of several functions. Inputs: the index, int32 (), clamped to 0..n-1; then the inputs of the first branch, of the
// second,
// ... Outputs: those of the branch taken; all branches have the same.
class SwitchOp final : public Primitive {
 public:
  explicit SwitchOp(std::vector<SubFunctionPtr> branches) : branches(std::move(branches)) {}
  std::string_view name() const override { return "Switch"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const std::vector<SubFunctionPtr> branches;
};

// Inputs: n loop variables; what `condition` takes beyond them; what `body` takes beyond them. Outputs: the loop
// variables when `condition` (bool ()) first was false, or after `most` rounds if that is not negative. Reverse-mode
// gradients of a loop of unknown length do not exist: asking for one is a ValueError that names scan and fori_loop.
class WhileOp final : public Primitive {
 public:
  WhileOp(SubFunctionPtr condition, SubFunctionPtr body, int variables, int64_t most)
      : condition(std::move(condition)), body(std::move(body)), variables(variables), most(most) {}
  std::string_view name() const override { return "While"; }
  void attributes(Attributes& a) const override {
    a("condition", condition->key())("body", body->key())("n", variables)("most", most);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const SubFunctionPtr condition, body;
  const int variables;
  const int64_t most;
};

// `length` rounds of body: (carries, one row of each of the `rows` xs, more) -> (carries, ys). Inputs: carries, xs with
// a leading axis of `length`, more. Outputs: the last carries, ys with a leading axis, and with `saving` the carries at
// the start of each round. With `reverse` rows are taken and written from the last to the first.
class ScanOp final : public SavingPrimitive {
 public:
  ScanOp(SubFunctionPtr body, int carries, int rows, int64_t length, bool reverse, bool saving = false)
      : body(std::move(body)), carries(carries), rows(rows), length(length), reverse(reverse), saving(saving) {}
  std::string_view name() const override { return "Scan"; }
  void attributes(Attributes& a) const override {
    a("body", body->key())("carries", carries)("rows", rows)("length", length)("reverse", reverse)("saving", saving);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  bool saves() const override { return saving; }
  Op saving_twin() const override { return make_op<ScanOp>(body, carries, rows, length, reverse, true); }
  const SubFunctionPtr body;
  const int carries, rows;
  const int64_t length;
  const bool reverse, saving;
};

}  // namespace lamina
