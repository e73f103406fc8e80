#pragma once
// A weighted sum of rows in float32, built once per instruction set.
#include <cstdint>

namespace lamina {

// y[0..n) = sum over t of weights[t] * x[columns[t] * n ...], `taps` of them (0 gives zeros).
using WeightedRows = void (*)(const float* x, const int64_t* columns, const float* weights, int64_t taps, float* y,
                              int64_t n);
WeightedRows weighted_rows();

}  // namespace lamina
