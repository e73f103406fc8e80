#pragma once
// Shape: the sizes of a tensor's axes, stored inline. kUnknown (-1, Keras' None) stands for a size that only a call
// decides; it occurs in symbolic tensors and layer specs, never in data.
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace lamina {

class Shape {
 public:
  static constexpr int kMaxRank = 12;
  static constexpr int64_t kUnknown = -1;
  // More than any memory has bytes, and so small that sums of sizes stay within 64 bits. Products need
  // multiply_sizes().
  static constexpr int64_t kMostSize = int64_t{1} << 56;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims);  // ValueError above kMaxRank or for a size below -1 or above kMostSize
  static Shape of_rank(int rank, int64_t fill = 1);

  int rank() const { return rank_; }
  // IndexError for an axis that the shape does not have.
  int64_t operator[](int axis) const { return dims_[checked(axis)]; }
  int64_t& operator[](int axis) { return dims_[checked(axis)]; }
  int64_t at(int axis) const { return dims_[checked(axis < 0 ? axis + rank_ : axis)]; }  // negative counts from the end
  int64_t back() const { return dims_[checked(rank_ - 1)]; }
  const int64_t* begin() const { return dims_; }
  const int64_t* end() const { return dims_ + rank_; }
  std::span<const int64_t> span() const { return {dims_, static_cast<size_t>(rank_)}; }
  std::vector<int64_t> vec() const { return {begin(), end()}; }

  void push_back(int64_t dim);
  void insert(int axis, int64_t dim);  // axis is at most the rank
  void erase(int axis);

  bool known() const { return std::find(begin(), end(), kUnknown) == end(); }
  int64_t elements() const;  // the product; kUnknown if a size is unknown. ValueError if it does not fit in 64 bits
  bool operator==(const Shape& other) const {
    return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
  }
  std::string str() const;  // "(None, 3)", "(2,)", "()"

 private:
  int checked(int axis) const {
    if (static_cast<unsigned>(axis) >= static_cast<unsigned>(rank_)) [[unlikely]]
      no_such_axis(axis);
    return axis;
  }
  [[noreturn]] void no_such_axis(int axis) const;

  int64_t dims_[kMaxRank] = {};
  int rank_ = 0;
};

// As Python prints a tuple, unknown sizes as None.
inline void append_text(std::string& out, const Shape& shape) { out += shape.str(); }

// NumPy broadcasting with unknown sizes (unknown against 1 or unknown stays unknown). ValueError if they do not fit.
Shape broadcast_shapes(const Shape& a, const Shape& b);
// Products and sums of sizes that come from a caller. ValueError if the result does not fit in 64 bits.
int64_t multiply_sizes(int64_t a, int64_t b);
int64_t add_sizes(int64_t a, int64_t b);
// Maps a negative axis to 0..rank-1. ValueError naming `what` if out of range.
int normalize_axis(int64_t axis, int rank, const char* what = "axis");
// Shapes are compatible if they could be the same: equal ranks, and sizes equal or unknown.
bool compatible(const Shape& a, const Shape& b);

}  // namespace lamina
