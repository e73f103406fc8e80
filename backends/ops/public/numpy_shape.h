#pragma once
// keras.ops, shapes and layout: results hold the elements of the inputs, moved or repeated.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor reshape(const Operand& x, const Shape& newshape);  // one size may be -1
// All elements in one axis.
Tensor ravel(const Operand& x);
Tensor transpose(const Operand& x, const std::optional<std::vector<int>>& axes = {});  // None reverses them
// Exchanges two axes.
Tensor swapaxes(const Operand& x, int axis1, int axis2);
// Moves axes to new places; the others keep their order.
Tensor moveaxis(const Operand& x, const std::vector<int>& source, const std::vector<int>& destination);
// Inserts axes of size 1 at `axis` of the result.
Tensor expand_dims(const Operand& x, const std::vector<int>& axis);
inline Tensor expand_dims(const Operand& x, int axis) { return expand_dims(x, std::vector<int>{axis}); }
// Drops axes of size 1: those in `axis`, or all.
Tensor squeeze(const Operand& x, const Axes& axis = {});
// Repeats axes of size 1 (and missing leading ones) up to `shape`.
Tensor broadcast_to(const Operand& x, const Shape& shape);
// Reverses the order of elements along `axis` (all axes for None).
Tensor flip(const Operand& x, const Axes& axis = {});
// Reverses the second axis.
Tensor fliplr(const Operand& x);
// Reverses the first axis.
Tensor flipud(const Operand& x);
// Turns by 90 degrees k times, from the first of `axes` towards the second.
Tensor rot90(const Operand& array, int k = 1, const std::vector<int>& axes = {0, 1});
// Moves elements by `shift` along `axis`; what leaves at one end enters at the other.
Tensor roll(const Operand& x, const std::vector<int>& shift, const Axes& axis = {});
// The tensor laid out `repeats` times along each axis.
Tensor tile(const Operand& x, const std::vector<int64_t>& repeats);
// Each element `repeats` times, next to each other, along `axis` (of the flattened tensor for None).
Tensor repeat(const Operand& x, const Operand& repeats, const std::optional<int>& axis = {});
// pad_width: n, (before, after), or one pair an axis. Modes: constant, edge, reflect, symmetric, wrap.
Tensor pad(const Operand& x, const Value& pad_width, const std::string& mode = "constant",
           const std::optional<Operand>& constant_values = {});
Tensor concatenate(const std::vector<Operand>& xs, int axis = 0);
Tensor stack(const std::vector<Operand>& x, int axis = 0);
Tensor vstack(const std::vector<Operand>& xs);
Tensor hstack(const std::vector<Operand>& xs);
Tensor dstack(const std::vector<Operand>& xs);
Tensor append(const Operand& x1, const Operand& x2, const std::optional<int>& axis = {});
Tensors unstack(const Operand& x, const std::optional<int64_t>& num = {}, int axis = 0);
// Sections: a number of equal parts, or the places to cut at.
Tensors split(const Operand& x, const Value& indices_or_sections, int axis = 0);
Tensors array_split(const Operand& x, const Value& indices_or_sections, int axis = 0);  // parts may differ by one
Tensors hsplit(const Operand& x, const Value& indices_or_sections);
Tensors vsplit(const Operand& x, const Value& indices_or_sections);
Tensors dsplit(const Operand& x, const Value& indices_or_sections);
Tensors meshgrid(const std::vector<Operand>& x, const std::string& indexing = "xy");
Tensor copy(const Operand& x);

}  // namespace lamina::ops
