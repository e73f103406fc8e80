#pragma once
// From terms to their places in a vocabulary, and back.
#include <optional>

#include "backends/core/primitive.h"
#include "backends/ops/text/fingerprint.h"
#include "backends/ops/text/vocabulary.h"

namespace lamina {

// Which index a term gets.
struct LookupRule {
  // What is in no vocabulary: an error, one index, or one of several by its remainder (of integers) or its hash.
  enum class Unknown : uint8_t { refuse, one, remainder, hash, keyed_hash };
  int64_t first = 0;  // of the vocabulary's first term
  int64_t unknown_first = 0, unknown_count = 1;
  Unknown unknown = Unknown::one;
  HashKey key{};
  std::optional<std::string> mask_text;  // the term that is masked, by what the vocabulary holds
  std::optional<int64_t> mask_number;
  int64_t mask_index = 0;

  // ValueError for an unknown term where the rule is to refuse.
  int64_t index_of(const Vocabulary& vocabulary, std::string_view term) const;
  int64_t index_of(const Vocabulary& vocabulary, int64_t term) const;

 private:
  template <class T>
  int64_t unknown_index(const T& term) const;
};
// For labels and errors.
void append_text(std::string& out, const LookupRule& rule);

// Strings or int64 -> int64 indices.
class LookupOp final : public Primitive {
 public:
  LookupOp(VocabularyPtr vocabulary, LookupRule rule) : vocabulary(std::move(vocabulary)), rule(std::move(rule)) {}
  std::string_view name() const override { return "Lookup"; }
  void attributes(Attributes& a) const override { a("vocabulary", vocabulary->id())("rule", rule); }
  bool takes_strings() const override { return true; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const VocabularyPtr vocabulary;
  const LookupRule rule;
};

// int64 indices -> terms: those of `vocabulary` from index `first` on, `mask` at index 0 where there is one, and
// `unknown` elsewhere; the last two are terms of `others`.
class LookupBackOp final : public Primitive {
 public:
  LookupBackOp(VocabularyPtr vocabulary, int64_t first, VocabularyPtr others, bool mask)
      : vocabulary(std::move(vocabulary)), others(std::move(others)), first(first), mask(mask) {}
  std::string_view name() const override { return "LookupBack"; }
  void attributes(Attributes& a) const override {
    a("vocabulary", vocabulary->id())("others", others->id())("first", first)("mask", mask);
  }
  bool takes_strings() const override { return true; }
  std::shared_ptr<const void> strings_owner() const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const VocabularyPtr vocabulary, others;  // others: unknown, and mask behind it
  const int64_t first;
  const bool mask;
};

}  // namespace lamina
