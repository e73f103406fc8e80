#include "backends/ops/text/tokens.h"

#include <algorithm>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"

namespace lamina {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// The bytes of the character that `text` begins with; 0 if they are none, and `bad` bytes stand in its place: the
// longest beginning of a character (Unicode's "maximal subpart"), or one.
size_t character_length(std::string_view text, size_t& bad) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  bad = 1;
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                        : lead >= 0xE0 && lead <= 0xEF ? 3
                        : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                       : 0;
  // What may come second is less for some leads: no overlong forms, no surrogates, nothing above U+10FFFF.
  const unsigned low = lead == 0xE0   ? 0xA0
                       : lead == 0xF0 ? 0x90
                                      : 0x80,
                 high = lead == 0xED   ? 0x9F
                        : lead == 0xF4 ? 0x8F
                                       : 0xBF;
  for (size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < (i == 1 ? low : 0x80u) || byte(i) > (i == 1 ? high : 0xBFu)) return 0;
    bad = i + 1;
  }
  return length;
}

std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t bad;
    const size_t length = character_length(text, bad);
    out.emplace_back(length ? text.substr(0, length) : kReplacement);
    text.remove_prefix(length ? length : bad);
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    while (at < text.size() && is_space(text[at])) ++at;
    const size_t start = at;
    while (at < text.size() && !is_space(text[at])) ++at;
    if (at > start) out.emplace_back(text.substr(start, at - start));
  }
  return out;
}

std::string joined(const std::vector<std::string>& tokens, size_t from, size_t count) {
  std::string out = tokens[from];
  for (size_t i = 1; i < count; ++i) (out += ' ') += tokens[from + i];
  return out;
}

}  // namespace

std::string standardized(std::string_view text, const TokenRule& rule) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (rule.strip_punctuation && is_punctuation(c)) continue;
    out += rule.lower && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::vector<std::string> split_text(std::string_view text, TokenRule::Split split) {
  if (split == TokenRule::Split::whitespace) return words_of(text);
  if (split == TokenRule::Split::character) return characters_of(text);
  return {std::string(text)};
}

std::vector<std::string> ngrams_of(const std::vector<std::string>& tokens, const std::vector<int64_t>& sizes) {
  if (sizes.empty()) return tokens;
  std::vector<std::string> out;
  for (int64_t size : sizes) {
    const auto n = static_cast<size_t>(size);
    for (size_t i = 0; i + n <= tokens.size(); ++i) out.push_back(joined(tokens, i, n));
  }
  return out;
}

std::vector<std::string> tokens_of(std::string_view text, const TokenRule& rule) {
  return ngrams_of(split_text(standardized(text, rule), rule.split), rule.ngrams);
}

std::vector<std::string> tokens_of_row(const Text* row, int64_t n, const TokenRule& rule) {
  if (n == 1) return tokens_of(row->view(), rule);
  std::vector<std::string> all;
  for (int64_t i = 0; i < n; ++i)
    for (std::string& token : split_text(standardized(row[i].view(), rule), rule.split))
      all.push_back(std::move(token));
  return ngrams_of(all, rule.ngrams);
}

namespace {
int64_t rows_of(const Shape& shape) {
  int64_t rows = 1;
  for (int i = 0; i + 1 < shape.rank(); ++i) rows *= shape[i];
  return rows;
}
}  // namespace

void TokenizeOp::attributes(Attributes& a) const {
  a("lower", tokens.lower)("strip", tokens.strip_punctuation)("split", static_cast<int>(tokens.split))(
      "ngrams", tokens.ngrams)("vocabulary", vocabulary->id())("lookup", lookup)("width", width)("counts", counts);
}

std::vector<TensorSpec> TokenizeOp::infer(std::span<const TensorSpec> in) const {
  if (in[0].dtype != DType::string) throw TypeError("splits strings, received ", in[0], ".");
  if (in[0].shape.rank() == 0) throw ValueError("needs rows of strings, received a scalar.");
  Shape out = in[0].shape;
  out[out.rank() - 1] = width;
  return {{out, counts ? DType::float32 : DType::int64}};
}

std::vector<int64_t> TokenizeOp::indices_of(const Text* row, int64_t n) const {
  std::vector<int64_t> out;
  for (const std::string& token : tokens_of_row(row, n, tokens)) out.push_back(lookup.index_of(*vocabulary, token));
  return out;
}

namespace {

BoundKernel bind_tokenize(const TokenizeOp& op, const KernelRequest& r) {
  const Shape& x = r.inputs[0].shape;
  auto copy = std::make_shared<const TokenizeOp>(op.tokens, op.vocabulary, op.lookup, op.width, op.counts);
  BoundKernel k;
  k.run = [op = std::move(copy), rows = rows_of(x), n = x.back()](const void* const* in, void* const* out, void*) {
    parallel_for(rows, [&](int64_t row) {
      const std::vector<int64_t> indices = op->indices_of(static_cast<const Text*>(in[0]) + row * n, n);
      if (op->counts) {
        float* to = static_cast<float*>(out[0]) + row * op->width;
        std::fill(to, to + op->width, 0.0f);
        for (int64_t index : indices)
          if (index >= 0 && index < op->width) to[index] += 1;
        return;
      }
      int64_t* to = static_cast<int64_t*>(out[0]) + row * op->width;
      const auto kept = std::min<int64_t>(op->width, static_cast<int64_t>(indices.size()));
      std::copy(indices.begin(), indices.begin() + kept, to);
      std::fill(to + kept, to + op->width, 0);
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Tokenize", "rows", 100, bind_tokenize);

}  // namespace
}  // namespace lamina
