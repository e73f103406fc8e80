#include "backends/core/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "backends/core/error.h"

namespace lamina {

void append_text(std::string& out, std::string_view piece) { out += piece; }

void append_text(std::string& out, double piece) {
  if (std::isnan(piece)) {
    out += "nan";
    return;
  }
  if (std::isinf(piece)) {
    out += piece < 0 ? "-inf" : "inf";
    return;
  }
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, piece).ptr;
  std::string_view digits(buffer, end - buffer);
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out += separator;
    out += items[i];
  }
  return out;
}

std::string snake_case(std::string_view name) {
  if (name == "GroupQueryAttention")
    return "grouped_query_attention";  // Keras exports the class under another name than its own
  // Keras (naming.to_snake_case): drop non-word characters, split before a capital that starts a lower-case run,
  // then before a capital that follows a lower-case letter or digit... digits only when a capital follows them.
  std::string word;
  for (char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') word += c;
  auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  std::string once;  // (.)([A-Z][a-z]+) -> \1_\2
  for (size_t i = 0; i < word.size();) {
    if (i > 0 && upper(word[i]) && i + 1 < word.size() && lower(word[i + 1])) {
      once += '_';
      once += word[i++];
      while (i < word.size() && lower(word[i])) once += word[i++];
      // The character right after a match is the '.' of the next one, so it cannot itself start one.
      if (i < word.size()) once += word[i++];
      continue;
    }
    once += word[i++];
  }
  std::string twice;  // ([a-z])([A-Z]) -> \1_\2
  for (size_t i = 0; i < once.size(); ++i) {
    if (i > 0 && upper(once[i]) && lower(once[i - 1])) twice += '_';
    twice += once[i];
  }
  std::transform(twice.begin(), twice.end(), twice.begin(), [](unsigned char c) { return std::tolower(c); });
  return twice;
}

std::string nearest_name(const std::string& given, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, given.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    std::vector<size_t> row(candidate.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 0; i < given.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i + 1;
      for (size_t j = 0; j < candidate.size(); ++j) {
        size_t next = std::min({row[j + 1] + 1, row[j] + 1, diagonal + (given[i] != candidate[j])});
        diagonal = row[j + 1];
        row[j + 1] = next;
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace lamina
