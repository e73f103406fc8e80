#pragma once
// The loops of attention in float32, built once an instruction set. Every sum runs in an order that depends on its length
// alone.
#include <cstdint>

namespace lamina {

struct AttentionLoops {
  // Rows of packed operands and of blocks of scores have room for a multiple of this; the functions below use what is there.
  int64_t width;
  // c (m, n) = alpha a b, plus c if `add`. a (m, k) at a[i * a_row + l * a_column], b (k, n) and c in rows of ldb and ldc.
  void (*product)(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t ldb, float* c, int64_t ldc, bool add);
  // to (columns, ld) = from (rows, columns)^T, where rows of `from` are `stride` apart; places from `rows` to ld are 0.
  void (*transpose)(const float* from, int64_t rows, int64_t columns, int64_t stride, float* to, int64_t ld);
  // One row of n scores of the running softmax: the maximum m and the sum s over earlier blocks are brought up to date, the
  // scores become exp(score - m); returns the factor by which earlier results shrink (0 at the first block, where m is -inf).
  float (*weights)(float* scores, int64_t n, float* m, float* s);
  // scores become weights exp(score - m) r, and dweights the gradient of the scores: weight (dweight - delta) scale, 0 where
  // the score says that the key is hidden.
  void (*weights_grad)(float* scores, float* dweights, int64_t n, float m, float r, float delta, float scale);
  void (*scale_row)(float* x, int64_t n, float factor);
  float (*dot)(const float* a, const float* b, int64_t n);
  void (*add_row)(float* x, const float* y, int64_t n);
};

const AttentionLoops& attention_loops();

}  // namespace lamina
