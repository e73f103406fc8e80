#pragma once
// What the vectorised recurrence (recurrent_simd.cpp) offers to the kernels that cut it into tasks (recurrent_cpu.cpp).
// Letters as in recurrent.h. All arrays are float32 and whole; a task works on rows [from, to) of the batch.
#include <cstdint>

#include "backends/ops/recurrent/recurrent.h"

namespace lamina {

struct StepSizes {
  int64_t batch, steps, units;
  RecurrenceOptions options;
};

// What the loop forward works on, for the rows of one task.
struct ForwardSteps {
  const float *x, *h0, *c0, *kernel, *bias;  // kernel as given, for few rows
  const float* packed;                       // or packed; null to use the kernel as given
  const bool* mask;
  float *y, *h, *c;        // results
  float *a, *cs, *before;  // saved; null where nothing is
  float* scratch;          // forward_scratch() floats per task
  // Runs part(context, first, last) over panels [0, count) for a step of one row, on several threads; null for one
  // piece.
  void (*over_panels)(int64_t count, void (*part)(void* context, int64_t first, int64_t last), void* context);
};

// The gates of some units of one row. p: their products by gate; x, b, a: at the first of the units, gates u apart.
struct RowGates {
  const float* p[4];
  const float *x, *b, *before;
  float *c, *h, *a;
  int64_t u;
};

// What the loop backward works on, for the rows of one task.
struct BackwardSteps {
  const float* packed;  // of the transposed kernel
  const float *c0, *a, *cs, *before, *gy, *gh, *gc;
  const bool* mask;
  float *dx, *dh0, *dc0, *dp;  // dp: the gradient of h R where it is not dx
  float* db;                   // this task's part of the bias's gradient: G u, of gru 2 G u; added into
  float* scratch;              // backward_scratch() floats per task
};

// The recurrences' loops in float32, built once per instruction set.
struct RecurrentTable {
  int lanes;
  // Panels of the kernel: columns in the order in which a sweep needs them, zeros where a panel ends beyond them.
  int64_t (*packed_size)(int gates, int64_t units);
  void (*pack)(int gates, int64_t units, const float* kernel, float* packed);
  int64_t (*packed_back_size)(int gates, int64_t units);
  void (*pack_back)(int gates, int64_t units, const float* kernel, float* packed);
  int64_t (*scratch)(int gates, int64_t rows, int64_t units);
  void (*gates[3])(const RowGates&, int64_t units);  // by Recurrence, of any number of units
  void (*forward[3])(const StepSizes&, const ForwardSteps&, int64_t from, int64_t to);  // by Recurrence
  void (*backward[3])(const StepSizes&, const BackwardSteps&, int64_t from, int64_t to);
};

// The loops for the processor's instruction set.
const RecurrentTable& recurrent_table();

}  // namespace lamina
