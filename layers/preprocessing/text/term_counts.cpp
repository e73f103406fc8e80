#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "layers/preprocessing/text/index_lookup.h"

namespace lamina {

void TermCounts::add(const std::vector<Document>& documents, bool with_documents) {
  for (const Document& document : documents)
    for (const Value& term : document) ++counts_[term];
  if (!with_documents) return;
  for (const Document& document : documents) {
    std::unordered_set<Value, Hash> once(document.begin(), document.end());
    for (const Value& term : once) ++documents_[term];
    ++seen_;
  }
}

void TermCounts::erase(const Value& term) {
  if (!term.is_none()) counts_.erase(term);
}

List TermCounts::by_frequency() const {
  std::vector<std::pair<Value, int64_t>> all(counts_.begin(), counts_.end());
  auto later = [](const Value& a, const Value& b) {
    return a.is_string() ? a.as_string() > b.as_string() : a.as_int() > b.as_int();
  };
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : later(a.first, b.first);
  });
  List out;
  for (auto& [term, count] : all) out.push_back(std::move(term));
  return out;
}

double TermCounts::inverse_document_frequency(const Value& term) const {
  const auto found = documents_.find(term);
  const double with = found == documents_.end() ? 0 : static_cast<double>(found->second);
  return std::log(1 + static_cast<double>(seen_) / (1 + with));
}

}  // namespace lamina
