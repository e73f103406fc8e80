// Shuffling and caching: nodes that keep elements.
#include <mutex>
#include <random>

#include "api/data/dataset/dataset_nodes.h"

namespace lamina::datasets {

namespace {

// Below n, without bias, the same on every machine (std::uniform_int_distribution is not).
uint64_t below(std::mt19937_64& random, uint64_t n) {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  uint64_t x;
  do x = random();
  while (x >= limit);
  return x % n;
}

class Shuffle final : public DatasetIterator {
 public:
  Shuffle(DatasetIteratorPtr input, int64_t buffer, uint64_t seed)
      : input_(std::move(input)), size_(static_cast<size_t>(buffer)), random_(seed) {}
  std::optional<Value> next() override {
    while (!used_up_ && buffer_.size() < size_) {
      if (auto element = input_->next())
        buffer_.push_back(std::move(*element));
      else
        used_up_ = true;
    }
    if (buffer_.empty()) return std::nullopt;
    std::swap(buffer_[below(random_, buffer_.size())], buffer_.back());
    Value out = std::move(buffer_.back());
    buffer_.pop_back();
    return out;
  }

 private:
  DatasetIteratorPtr input_;
  const size_t size_;
  std::mt19937_64 random_;
  std::vector<Value> buffer_;
  bool used_up_ = false;
};

// What a pass has read, for those after it. Passes at the same time read for themselves.
struct Memory {
  std::mutex mutex;
  std::shared_ptr<const std::vector<Value>> elements;
};

class Replay final : public DatasetIterator {
 public:
  explicit Replay(std::shared_ptr<const std::vector<Value>> elements) : elements_(std::move(elements)) {}
  std::optional<Value> next() override {
    return at_ < elements_->size() ? std::optional((*elements_)[at_++]) : std::nullopt;
  }

 private:
  const std::shared_ptr<const std::vector<Value>> elements_;
  size_t at_ = 0;
};

class Record final : public DatasetIterator {
 public:
  Record(DatasetIteratorPtr input, std::shared_ptr<Memory> memory)
      : input_(std::move(input)), memory_(std::move(memory)) {}
  std::optional<Value> next() override {
    if (!elements_) return std::nullopt;
    if (auto element = input_->next()) {
      elements_->push_back(*element);
      return element;
    }
    std::lock_guard<std::mutex> lock(memory_->mutex);
    memory_->elements = std::move(elements_);
    return std::nullopt;
  }

 private:
  DatasetIteratorPtr input_;
  std::shared_ptr<Memory> memory_;
  std::shared_ptr<std::vector<Value>> elements_ = std::make_shared<std::vector<Value>>();
};

}  // namespace

DatasetNodePtr shuffled(DatasetNodePtr input, int64_t buffer, int64_t seed, bool each_pass_anew) {
  const int64_t count = input->cardinality();
  return make_node(
      [input = std::move(input), buffer, seed, each_pass_anew](uint64_t pass) {
        // SplitMix64 (Steele et al. 2014): neighbouring seeds and passes give orders that have nothing in common.
        uint64_t x = static_cast<uint64_t>(seed) + (each_pass_anew ? pass + 1 : 1) * 0x9E3779B97F4A7C15u;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
        return std::make_unique<Shuffle>(input->iterate(pass), buffer, x ^ (x >> 31));
      },
      count);
}

DatasetNodePtr cached(DatasetNodePtr input) {
  const int64_t count = input->cardinality();
  return make_node(
      [input = std::move(input), memory = std::make_shared<Memory>()](uint64_t pass) -> DatasetIteratorPtr {
        std::lock_guard<std::mutex> lock(memory->mutex);
        if (memory->elements) return std::make_unique<Replay>(memory->elements);
        return std::make_unique<Record>(input->iterate(pass), memory);
      },
      count);
}

}  // namespace lamina::datasets
