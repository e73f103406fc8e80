#pragma once
// Keras' constraints for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "layers/constraints/constraint.h"
#include "api/named.h"

namespace lamina::constraints {

// Vectors longer than max_value are shortened to it.
// Source: Srivastava et al., "Dropout" (2014).
struct MaxNormArgs {
  static constexpr const char* kModule = "keras.constraints";
  static constexpr const char* kName = "MaxNorm";
  Value max_value = 2;  // The largest norm.
  Value axis = 0;  // The axis or axes of each vector.
  template <class F>
  void each(const F& f) const {
    f("max_value", max_value);
    f("axis", axis);
  }
};
using MaxNorm = Named<lamina::Constraint, MaxNormArgs>;

// Vectors' lengths are moved between min_value and max_value.
struct MinMaxNormArgs {
  static constexpr const char* kModule = "keras.constraints";
  static constexpr const char* kName = "MinMaxNorm";
  Value min_value = 0.0;  // The smallest norm.
  Value max_value = 1.0;  // The largest norm.
  Value rate = 1.0;  // 0 to 1: how far each step moves the norm into its range.
  Value axis = 0;  // The axis or axes of each vector.
  template <class F>
  void each(const F& f) const {
    f("min_value", min_value);
    f("max_value", max_value);
    f("rate", rate);
    f("axis", axis);
  }
};
using MinMaxNorm = Named<lamina::Constraint, MinMaxNormArgs>;

// Negative values become 0.
struct NonNegArgs {
  static constexpr const char* kModule = "keras.constraints";
  static constexpr const char* kName = "NonNeg";
  template <class F>
  void each(const F&) const {}
};
using NonNeg = Named<lamina::Constraint, NonNegArgs>;

// Vectors get length 1.
struct UnitNormArgs {
  static constexpr const char* kModule = "keras.constraints";
  static constexpr const char* kName = "UnitNorm";
  Value axis = 0;  // The axis or axes of each vector.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
  }
};
using UnitNorm = Named<lamina::Constraint, UnitNormArgs>;

}  // namespace lamina::constraints
