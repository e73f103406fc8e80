#pragma once
// Keras' regularizers for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "layers/regularizers/regularizer.h"
#include "api/named.h"

namespace lamina::regularizers {

// l1 * sum(|x|).
// Raises: ValueError: if the factor is negative, infinite or NaN.
struct L1Args {
  static constexpr const char* kModule = "keras.regularizers";
  static constexpr const char* kName = "L1";
  Value l1 = 0.01;  // Factor of the sum of absolute values.
  template <class F>
  void each(const F& f) const {
    f("l1", l1);
  }
};
using L1 = Named<lamina::Regularizer, L1Args>;

// l1 * sum(|x|) + l2 * sum(x^2).
// Raises: ValueError: if a factor is negative, infinite or NaN.
struct L1L2Args {
  static constexpr const char* kModule = "keras.regularizers";
  static constexpr const char* kName = "L1L2";
  Value l1 = 0.0;  // Factor of the sum of absolute values.
  Value l2 = 0.0;  // Factor of the sum of squares.
  template <class F>
  void each(const F& f) const {
    f("l1", l1);
    f("l2", l2);
  }
};
using L1L2 = Named<lamina::Regularizer, L1L2Args>;

// l2 * sum(x^2).
// Raises: ValueError: if the factor is negative, infinite or NaN.
struct L2Args {
  static constexpr const char* kModule = "keras.regularizers";
  static constexpr const char* kName = "L2";
  Value l2 = 0.01;  // Factor of the sum of squares.
  template <class F>
  void each(const F& f) const {
    f("l2", l2);
  }
};
using L2 = Named<lamina::Regularizer, L2Args>;

// The mean absolute cosine of pairs of rows (or columns), times `factor`.
// Raises: ValueError: if `mode` is neither "rows" nor "columns"; when called, if the tensor is no matrix.
struct OrthogonalRegularizerArgs {
  static constexpr const char* kModule = "keras.regularizers";
  static constexpr const char* kName = "OrthogonalRegularizer";
  double factor = 0.01;  // Factor of the penalty.
  std::string mode = "rows";  // 'rows' or 'columns': which vectors are to be orthogonal.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("mode", mode);
  }
};
using OrthogonalRegularizer = Named<lamina::Regularizer, OrthogonalRegularizerArgs>;

}  // namespace lamina::regularizers
