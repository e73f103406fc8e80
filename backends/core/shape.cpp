#include "backends/core/shape.h"

#include "backends/core/error.h"

namespace lamina {

namespace {
void check_size(int64_t d) {
  if (d < Shape::kUnknown) throw ValueError("A shape must hold sizes of at least 0 (or None), received ", d, ".");
  if (d > Shape::kMostSize) throw ValueError("A shape holds sizes of at most 2**56, received ", d, ".");
}
}  // namespace

Shape::Shape(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank)
    throw ValueError("A tensor can have at most ", int{kMaxRank}, " axes, received ", dims.size(), ".");
  for (int64_t d : dims) {
    check_size(d);
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
  if (axis < 0 || axis > rank_) no_such_axis(axis);
  check_size(dim);
  std::copy_backward(dims_ + axis, dims_ + rank_, dims_ + rank_ + 1);
  dims_[axis] = dim;
  ++rank_;
}

void Shape::erase(int axis) {
  checked(axis);
  std::copy(dims_ + axis + 1, dims_ + rank_, dims_ + axis);
  dims_[--rank_] = 0;
}

void Shape::no_such_axis(int axis) const {
  throw IndexError("axis ", axis, " is out of range for the shape ", *this, ".");
}

int64_t Shape::elements() const {
  int64_t product = 1;
  bool too_large = false;
  for (int64_t d : *this) {
    if (d == kUnknown) return kUnknown;
    // Without its zeros, so that no product of some of the sizes (a stride) overflows either.
    too_large |= d != 0 && __builtin_mul_overflow(product, d, &product);
  }
  if (too_large) [[unlikely]]
    throw ValueError("A tensor of shape ", *this, " has more elements than 64 bits can count.");
  return std::find(begin(), end(), 0) == end() ? product : 0;
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
    if (x == y || y == 1)
      d = x;
    else if (x == 1)
      d = y;
    else if (x == Shape::kUnknown)
      d = y;
    else if (y == Shape::kUnknown)
      d = x;
    else
      throw ValueError("Cannot broadcast shape, the failure dim has value ", x, ", which cannot be broadcasted to ", y,
                       ". Input shapes are: ", a, " and ", b, ".");
  }
  return out;
}

int64_t multiply_sizes(int64_t a, int64_t b) {
  int64_t out;
  if (__builtin_mul_overflow(a, b, &out)) throw ValueError("A size of ", a, " times ", b, " is too large.");
  return out;
}

int64_t add_sizes(int64_t a, int64_t b) {
  int64_t out;
  if (__builtin_add_overflow(a, b, &out)) throw ValueError("A size of ", a, " plus ", b, " is too large.");
  return out;
}

int normalize_axis(int64_t axis, int rank, const char* what) {
  if (axis < -rank || axis >= rank)
    throw ValueError(what, " ", axis, " is out of bounds for a tensor with ", rank, " axes; expected a value in [",
                     -rank, ", ", rank, ").");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

bool compatible(const Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return false;
  for (int i = 0; i < a.rank(); ++i)
    if (a[i] != b[i] && a[i] != Shape::kUnknown && b[i] != Shape::kUnknown) return false;
  return true;
}

}  // namespace lamina
