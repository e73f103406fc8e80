#pragma once
// Vocabulary: terms in an order, and the place of each. Made once and never changed: ops share it, and strings that
// they give point into it.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lamina {

class Vocabulary {
 public:
  explicit Vocabulary(std::vector<std::string> terms);
  explicit Vocabulary(std::vector<int64_t> terms);
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  bool of_strings() const { return of_strings_; }
  int64_t size() const { return static_cast<int64_t>(of_strings_ ? strings_.size() : numbers_.size()); }
  int64_t find(std::string_view term) const {  // its place, or -1
    const auto found = places_.find(term);
    return found == places_.end() ? -1 : found->second;
  }
  int64_t find(int64_t term) const {
    const auto found = number_places_.find(term);
    return found == number_places_.end() ? -1 : found->second;
  }
  const std::vector<std::string>& strings() const { return strings_; }
  const std::vector<int64_t>& numbers() const { return numbers_; }
  uint64_t id() const { return id_; }  // of this object alone

 private:
  const bool of_strings_;
  const uint64_t id_;
  std::vector<std::string> strings_;
  std::vector<int64_t> numbers_;
  std::unordered_map<std::string_view, int64_t> places_;
  std::unordered_map<int64_t, int64_t> number_places_;
};
using VocabularyPtr = std::shared_ptr<const Vocabulary>;

}  // namespace lamina
