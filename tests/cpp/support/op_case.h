#pragma once
// One case describes how to call an op; check() derives every test from it:
//   the eager engine, the graph engine and the reference kernels agree (float32);
//   gradients of first and second order on both engines agree with central differences (float64);
//   shape inference, with known sizes and with an unknown leading one, agrees with what is computed.
#include <functional>
#include <set>

#include "backends/core/value.h"

namespace lamina::testing {

enum class Domain {
  real,       // -2..2, nothing near 0
  positive,   // 0.2..2.2
  unit,       // -0.9..0.9
  share,      // 0.1..0.9
  large,      // 1.1..3.1
  rows,       // positive, the last axis sums to 1
  small_int,  // 0..2
  index,      // 0..1
  boolean,
};

struct Input {
  Input(const Shape& shape, Domain domain = Domain::real) : shape(shape), domain(domain) {}
  Shape shape;
  Domain domain;
  bool is_float() const { return domain < Domain::small_int; }
};

struct OpCase {
  std::string name;  // the public op that it covers
  std::vector<Input> inputs;
  std::function<Value(const Tensors&)> call;  // a tensor, or a structure of tensors
  bool gradient = true;                       // whether it is differentiable in its float inputs
  bool second_order = true;
  bool unknown_size = true;  // whether the leading size may be unknown
  double tolerance = 2e-5;   // of float32 results, relative to the largest magnitude

  OpCase& no_gradient() {
    gradient = false;
    return *this;
  }
  OpCase& first_order() {
    second_order = false;
    return *this;
  }
  OpCase& known_sizes() {
    unknown_size = false;
    return *this;
  }
};

// The input as data: fixed values without pattern or ties.
Tensor make_input(const Input& input, DType float_type, int which);
void check(const OpCase& c);
// Primitives that ran in any check so far.
const std::set<std::string>& primitives_seen();

// A table of cases adds itself to the list where it is defined.
std::vector<OpCase>& all_cases();
struct CaseTable {
  CaseTable(std::vector<OpCase> cases) {
    for (OpCase& c : cases) all_cases().push_back(std::move(c));
  }
};

}  // namespace lamina::testing
