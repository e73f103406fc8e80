#pragma once
// keras.ops.core: control flow. Users' functions take and give structures of tensors (numbers count as tensors, None
// stays None). On the eager engine they are called as they stand; inside a traced function they are traced once and run
// compiled. A function may use tensors and variables around it; variables that it assigns keep their last value.
#include <functional>

#include "backends/core/object.h"
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// pred: a scalar. Both functions must give the same structure, shapes and dtypes: ValueError, as far as both are looked
// at.
Value cond(const Operand& pred, const std::function<Value()>& true_fn, const std::function<Value()>& false_fn);
// branches[index](operands...), with the index clamped to the branches there are.
Value switch_case(const Operand& index, const std::vector<std::function<Value(const List&)>>& branches,
                  const List& operands);
// while condition(vars): vars = body(vars). loop_vars may be one tensor, or a structure; a tuple or list spreads over
// the functions' arguments. TypeError if the body changes structure, shapes or dtypes.
Value while_loop(const std::function<Value(const List&)>& condition, const std::function<Value(const List&)>& body,
                 const Value& loop_vars, const std::optional<int64_t>& maximum_iterations = {});
// for i in lower..upper-1: value = body(i, value). Differentiable where the bounds are numbers.
Value fori_loop(const Operand& lower, const Operand& upper,
                const std::function<Value(const Tensor&, const Value&)>& body, const Value& init_val);
// carry, y_t = f(carry, row t of xs) for each row: the last carry and the stacked y. xs may be None if a length is
// given.
struct Scanned {
  Value carry, ys;
};
// carry, y = f(carry, row) along the leading axis of xs: the last carry and the stacked y.
Scanned scan(const std::function<Scanned(const Value&, const Value&)>& f, const Value& init, const Value& xs,
             const std::optional<int64_t>& length = {}, bool reverse = false);
Value map(const std::function<Value(const Value&)>& f, const Value& xs);  // f of each row, stacked
// The function of each row of the elements, stacked.
Value vectorized_map(const std::function<Value(const Value&)>& function, const Value& elements);
// All prefixes of elems along `axis` combined with an associative f; f takes whole slices, in logarithmically many
// calls.
Value associative_scan(const std::function<Value(const Value&, const Value&)>& f, const Value& elems,
                       bool reverse = false, int axis = 0);

}  // namespace lamina::ops
