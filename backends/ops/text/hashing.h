#pragma once
// Strings and numbers to a fixed number of bins by their hashes.
#include <optional>

#include "backends/core/primitive.h"
#include "backends/ops/text/fingerprint.h"

namespace lamina {

struct HashRule {
  int64_t bins = 1;
  std::optional<HashKey> key;  // SipHash under it; none: FarmHash
  // What goes to bin 0, which nothing else does then (unless there is one bin alone).
  std::optional<std::string> mask_text;
  std::optional<double> mask_number;
};

// Strings, or numbers as their decimal digits (reals without their fraction), to int64 bins.
class HashOp final : public Primitive {
 public:
  explicit HashOp(HashRule rule) : rule(std::move(rule)) {}
  std::string_view name() const override { return "Hash"; }
  void attributes(Attributes& a) const override;
  bool takes_strings() const override { return true; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const HashRule rule;
};

// Several tensors of one shape, of strings or int64, to one bin per element of all of them: what TensorFlow's
// sparse.cross_hashed gives for dense columns.
class HashCrossOp final : public Primitive {
 public:
  explicit HashCrossOp(int64_t bins) : bins(bins) {}
  std::string_view name() const override { return "HashCross"; }
  void attributes(Attributes& a) const override { a("bins", bins); }
  bool takes_strings() const override { return true; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const int64_t bins;
};

namespace prim {
// The bins that Keras' Hashing and HashedCrossing give; see the classes above.
Tensor hash(const Tensor& x, HashRule rule);
Tensor hash_cross(const Tensors& columns, int64_t bins);
}  // namespace prim
}  // namespace lamina
