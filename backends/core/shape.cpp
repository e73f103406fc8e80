#include "backends/core/shape.h"

#include "backends/core/error.h"

namespace lamina {

Shape::Shape(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank) throw ValueError("A tensor can have at most ", int{kMaxRank}, " axes, received ", dims.size(), ".");
  for (int64_t d : dims) {
    if (d < kUnknown) throw ValueError("A shape must hold sizes of at least 0 (or None), received ", d, ".");
    dims_[rank_++] = d;
  }
}

Shape Shape::of_rank(int rank, int64_t fill) {
  Shape out;
  for (int i = 0; i < rank; ++i) out.push_back(fill);
  return out;
}

void Shape::push_back(int64_t dim) { insert(rank_, dim); }

void Shape::insert(int axis, int64_t dim) {
  if (rank_ == kMaxRank) throw ValueError("A tensor can have at most ", int{kMaxRank}, " axes.");
  std::copy_backward(dims_ + axis, dims_ + rank_, dims_ + rank_ + 1);
  dims_[axis] = dim;
  ++rank_;
}

void Shape::erase(int axis) {
  std::copy(dims_ + axis + 1, dims_ + rank_, dims_ + axis);
  dims_[--rank_] = 0;
}

int64_t Shape::elements() const {
  int64_t product = 1;
  for (int64_t d : *this) {
    if (d == kUnknown) return kUnknown;
    product *= d;
  }
  return product;
}

std::string Shape::str() const {
  std::string out = "(";
  for (int i = 0; i < rank_; ++i) {
    if (i) out += ", ";
    out += dims_[i] == kUnknown ? "None" : std::to_string(dims_[i]);
  }
  return out + (rank_ == 1 ? ",)" : ")");
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  if (a == b) return a;
  int rank = std::max(a.rank(), b.rank());
  Shape out = Shape::of_rank(rank);
  for (int i = 1; i <= rank; ++i) {
    int64_t x = i <= a.rank() ? a[a.rank() - i] : 1, y = i <= b.rank() ? b[b.rank() - i] : 1;
    int64_t& d = out[rank - i];
    if (x == y || y == 1) d = x;
    else if (x == 1) d = y;
    else if (x == Shape::kUnknown) d = y;
    else if (y == Shape::kUnknown) d = x;
    else throw ValueError("Cannot broadcast shape, the failure dim has value ", x, ", which cannot be broadcasted to ", y,
                          ". Input shapes are: ", a, " and ", b, ".");
  }
  return out;
}

int normalize_axis(int64_t axis, int rank, const char* what) {
  if (axis < -rank || axis >= rank)
    throw ValueError(what, "=", axis, " is out of bounds for a tensor with ", rank, " axes; expected a value in [", -rank, ", ", rank, ").");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

bool compatible(const Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return false;
  for (int i = 0; i < a.rank(); ++i)
    if (a[i] != b[i] && a[i] != Shape::kUnknown && b[i] != Shape::kUnknown) return false;
  return true;
}

}  // namespace lamina
