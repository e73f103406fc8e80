#pragma once
// Scaled dot-product attention in blocks: the scores of a block of queries with a block of keys exist at a time, never
// all of them, and the gradient computes them anew (Milakov and Gimelshein, 2018; Dao et al., 2022). Float dtypes; half
// types compute in float32.
//
// Letters: B batch, T queries, S keys, N query heads, K key heads (N a multiple of K; each serves N / K query heads), D
// and V the sizes of a key and a value.
#include <optional>

#include "backends/core/primitive.h"

namespace lamina {

// What both ops below share: how scores come about.
struct AttentionScores {
  double scale = 1;
  bool causal = false;  // query t sees keys 0..t
  bool biased = false;  // inputs include a bias, added to the scaled scores
  bool masked = false;  // inputs include a mask: false hides a key from a query
  void attributes(Attributes& a) const { a("scale", scale)("causal", causal)("biased", biased)("masked", masked); }
  // Where the inputs stand behind query, key and value.
  int bias_at() const { return 3; }
  int mask_at() const { return 3 + biased; }
  int inputs() const { return 3 + biased + masked; }
  // The score of a hidden key: so low that its weight is 0 beside any other. Where all are hidden all weigh the same.
  static constexpr double kHidden =
      static_cast<double>(-0.7f * 3.4028234663852886e38f);  // a float, so that all types hold it exactly
};

// query (B, T, N, D), key (B, S, K, D), value (B, S, K, V), bias and mask (bool) of four axes that broadcast to (B, N,
// T, S) -> out (B, T, N, V) = softmax(scale q k^T + bias) v a head, and (B, N, T, 2), at least float32: for each row a
// number m and the sum of exp(score - m), from which the gradient finds the weights again; m is near the largest score.
class AttentionOp final : public Primitive {
 public:
  explicit AttentionOp(AttentionScores scores) : scores(scores) {}
  std::string_view name() const override { return "Attention"; }
  void attributes(Attributes& a) const override { scores.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const AttentionScores scores;
};

// The gradients for query, key and value, from AttentionOp's inputs, its two outputs (which only save their
// computation) and the gradient of the first.
class AttentionGradOp final : public Primitive {
 public:
  explicit AttentionGradOp(AttentionScores scores) : scores(scores) {}
  std::string_view name() const override { return "AttentionGrad"; }
  void attributes(Attributes& a) const override { scores.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const AttentionScores scores;
};

namespace prim {
// bias and mask may be undefined.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias, const Tensor& mask,
                 double scale, bool causal);
// The weights (B, N, T, S) and the result, written in other primitives: the reference. With a cap c scaled scores
// become c tanh(score / c) before the bias.
struct Attended {
  Tensor weights, out;
};
// The same in smaller primitives: for gradients of higher order, and the reference in tests.
Attended attention_composed(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias,
                            const Tensor& mask, double scale, bool causal, std::optional<double> cap = {});
}  // namespace prim
}  // namespace lamina
