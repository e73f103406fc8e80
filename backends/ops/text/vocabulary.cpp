#include "backends/ops/text/vocabulary.h"

#include <atomic>

namespace lamina {

namespace {
uint64_t next_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}
}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> terms) : of_strings_(true), id_(next_id()), strings_(std::move(terms)) {
  places_.reserve(strings_.size());
  for (size_t i = 0; i < strings_.size(); ++i) places_.emplace(strings_[i], static_cast<int64_t>(i));
}

Vocabulary::Vocabulary(std::vector<int64_t> terms) : of_strings_(false), id_(next_id()), numbers_(std::move(terms)) {
  number_places_.reserve(numbers_.size());
  for (size_t i = 0; i < numbers_.size(); ++i) number_places_.emplace(numbers_[i], static_cast<int64_t>(i));
}

}  // namespace lamina
