#pragma once
// The loops of attention in float32, built once per instruction set. Every sum runs in an order that depends on its
// length alone.
#include <cstdint>

namespace lamina {

struct AttentionLoops {
  // Rows of packed operands and of blocks of scores have room for a multiple of this; the functions below use what is
  // there.
  int64_t width;
  // c (m, n) = a b, plus c if `add`. a (m, k), b (k, n) and c in rows of lda, ldb and ldc; product_across takes a as
  // (k, m).
  void (*product)(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c,
                  int64_t ldc, bool add);
  void (*product_across)(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb,
                         float* c, int64_t ldc, bool add);
  // to (columns, ld) = factor from (rows, columns)^T, where rows of `from` are `stride` apart; places from `rows` to ld
  // are 0.
  void (*transpose)(const float* from, int64_t rows, int64_t columns, int64_t stride, float factor, float* to,
                    int64_t ld);
  // The running softmax over a block of scores, rows of n: state holds each row's maximum m and sum s over earlier
  // blocks (m is -inf at first) and is brought up to date, the scores become exp(score - m); shrink gets the factors by
  // which what was summed before shrinks (0 at first).
  void (*weights)(float* scores, int64_t rows, int64_t ld, int64_t n, float* state, float* shrink);
  // scores become weights exp(score - m) / s, and dweights the gradient of the scores: weight (dweight - delta) scale,
  // 0 where the score says that the key is hidden.
  void (*weights_grad)(float* scores, float* dweights, int64_t rows, int64_t ld, int64_t n, const float* state,
                       const float* delta, float scale);
  void (*scale_row)(float* x, int64_t n, float factor);
  void (*dots)(const float* a, const float* b, int64_t rows, int64_t stride, int64_t n,
               float* out);  // of rows of n, `stride` apart
  void (*add_row)(float* x, const float* y, int64_t n);
};

// The loops for the processor's instruction set.
const AttentionLoops& attention_loops();

}  // namespace lamina
