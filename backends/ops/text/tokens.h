#pragma once
// Texts to tokens, and tokens to the places of a vocabulary.
#include "backends/ops/text/lookup.h"

namespace lamina {

// How a text becomes tokens. As TensorFlow's string ops work on it for Keras: letters of ASCII alone become lower case,
// punctuation and white space are ASCII's; characters are those of UTF-8, U+FFFD where bytes are none.
struct TokenRule {
  enum class Split : uint8_t { none, whitespace, character };
  bool lower = false, strip_punctuation = false;
  Split split = Split::whitespace;
  std::vector<int64_t>
      ngrams;  // how many neighbours make a token, in the order of the results; empty: tokens are single
};

// Lower case and without punctuation, as the rule says (TextVectorization).
std::string standardized(std::string_view text, const TokenRule& rule);
// Of a text that is standardized; Split::none gives it whole.
std::vector<std::string> split_text(std::string_view text, TokenRule::Split split);
// Neighbours joined by a space, for each of the numbers in turn.
std::vector<std::string> ngrams_of(const std::vector<std::string>& tokens, const std::vector<int64_t>& sizes);
std::vector<std::string> tokens_of(std::string_view text, const TokenRule& rule);
// Of a row's texts as one sequence.
std::vector<std::string> tokens_of_row(const Text* row, int64_t n, const TokenRule& rule);

// Strings (R..., n) to the indices of their tokens; the n strings of a row together are one sequence of tokens.
// counts: (R..., width) float32, how often each index below `width` stands in the row. Else (R..., width) int64, the
// first `width` indices, with zeros behind.
class TokenizeOp final : public Primitive {
 public:
  TokenizeOp(TokenRule tokens, VocabularyPtr vocabulary, LookupRule lookup, int64_t width, bool counts)
      : tokens(std::move(tokens)),
        vocabulary(std::move(vocabulary)),
        lookup(std::move(lookup)),
        width(width),
        counts(counts) {}
  std::string_view name() const override { return "Tokenize"; }
  void attributes(Attributes& a) const override;
  bool takes_strings() const override { return true; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  // The indices of a row of `n` strings.
  std::vector<int64_t> indices_of(const Text* row, int64_t n) const;
  const TokenRule tokens;
  const VocabularyPtr vocabulary;
  const LookupRule lookup;
  const int64_t width;
  const bool counts;
};

}  // namespace lamina
