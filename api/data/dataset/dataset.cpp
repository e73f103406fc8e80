#include "api/data/dataset/dataset.h"

#include <atomic>

#include "api/data/dataset/dataset_nodes.h"
#include "backends/ops/random/seed_generator.h"

namespace lamina {

using namespace datasets;

namespace {

void expect_positive(const char* name, int64_t value) {
  if (value < 1) throw ValueError("`", name, "` must be at least 1. Received: ", name, "=", value);
}

// --- sources ---

class Slices final : public DatasetIterator {
 public:
  Slices(Value arrays, int64_t count) : arrays_(std::move(arrays)), count_(count) {}
  std::optional<Value> next() override {
    if (at_ >= count_) return std::nullopt;
    const int64_t row = at_++;
    return map_structure(arrays_, [row](const Value& leaf) -> Value {
      if (!leaf.is_tensor()) return leaf;
      const Tensor one = rows(leaf.as_tensor(), row, row + 1);
      Shape shape = one.shape();
      shape.erase(0);
      return Tensor::on(one.node()->buffer, shape, one.dtype());
    });
  }
  std::optional<Value> next_batch(int64_t n) override {
    if (at_ >= count_) return std::nullopt;
    const int64_t from = at_, to = std::min(count_, from + n);
    at_ = to;
    return map_structure(arrays_, [=](const Value& leaf) -> Value {
      return leaf.is_tensor() ? Value(rows(leaf.as_tensor(), from, to)) : leaf;
    });
  }
  int64_t skip(int64_t n) override {
    const int64_t skipped = std::min(n, count_ - at_);
    at_ += skipped;
    return skipped;
  }

 private:
  const Value arrays_;
  const int64_t count_;
  int64_t at_ = 0;
};

class Range final : public DatasetIterator {
 public:
  Range(int64_t start, int64_t step, int64_t count) : start_(start), step_(step), count_(count) {}
  std::optional<Value> next() override {
    if (at_ >= count_) return std::nullopt;
    return Value(Tensor::of<int64_t>({start_ + step_ * at_++}, {}));
  }

 private:
  const int64_t start_, step_, count_;
  int64_t at_ = 0;
};

class One final : public DatasetIterator {
 public:
  explicit One(Value element) : element_(std::move(element)) {}
  std::optional<Value> next() override {
    if (done_) return std::nullopt;
    done_ = true;
    return element_;
  }

 private:
  const Value element_;
  bool done_ = false;
};

class Zip final : public DatasetIterator {
 public:
  explicit Zip(std::vector<DatasetIteratorPtr> inputs) : inputs_(std::move(inputs)) {}
  std::optional<Value> next() override {
    List parts;
    for (auto& input : inputs_) {
      auto element = input->next();
      if (!element) return std::nullopt;
      parts.push_back(std::move(*element));
    }
    return Value::tuple(std::move(parts));
  }

 private:
  std::vector<DatasetIteratorPtr> inputs_;
};

// --- one element at a time ---

class Map final : public DatasetIterator {
 public:
  Map(DatasetIteratorPtr input, Dataset::Function function)
      : input_(std::move(input)), function_(std::move(function)) {}
  std::optional<Value> next() override {
    auto element = input_->next();
    return element ? std::optional(call_with(function_, *element)) : std::nullopt;
  }
  int64_t skip(int64_t n) override { return input_->skip(n); }

 private:
  DatasetIteratorPtr input_;
  Dataset::Function function_;
};

class Filter final : public DatasetIterator {
 public:
  Filter(DatasetIteratorPtr input, Dataset::Function predicate)
      : input_(std::move(input)), predicate_(std::move(predicate)) {}
  std::optional<Value> next() override {
    while (auto element = input_->next()) {
      const Value kept = call_with(predicate_, *element);
      if (kept.is_tensor() ? kept.as_tensor().item() != 0 : kept.as_bool()) return element;
    }
    return std::nullopt;
  }

 private:
  DatasetIteratorPtr input_;
  Dataset::Function predicate_;
};

// Elements first, first + step, ...; `most` of them.
class Part final : public DatasetIterator {
 public:
  Part(DatasetIteratorPtr input, int64_t first, int64_t step, int64_t most)
      : input_(std::move(input)), left_(most), skipped_(first), step_(step) {}
  std::optional<Value> next() override {
    if (left_ == 0) return std::nullopt;
    if (skipped_ && input_->skip(skipped_) < skipped_) left_ = 0;
    skipped_ = step_ - 1;
    auto element = left_ ? input_->next() : std::nullopt;
    if (!element)
      left_ = 0;
    else if (left_ > 0)
      --left_;
    return element;
  }
  std::optional<Value> next_batch(int64_t n) override {
    if (step_ != 1) return DatasetIterator::next_batch(n);
    if (left_ == 0) return std::nullopt;
    if (skipped_ && input_->skip(skipped_) < skipped_) left_ = 0;
    skipped_ = 0;
    const int64_t wanted = left_ < 0 ? n : std::min(n, left_);
    if (!wanted) return std::nullopt;
    if (left_ > 0) left_ -= wanted;
    return input_->next_batch(wanted);
  }

 private:
  DatasetIteratorPtr input_;
  int64_t left_, skipped_;
  const int64_t step_;
};

class Enumerate final : public DatasetIterator {
 public:
  Enumerate(DatasetIteratorPtr input, int64_t start) : input_(std::move(input)), at_(start) {}
  std::optional<Value> next() override {
    auto element = input_->next();
    if (!element) return std::nullopt;
    return Value::tuple({Value(Tensor::of<int64_t>({at_++}, {})), std::move(*element)});
  }

 private:
  DatasetIteratorPtr input_;
  int64_t at_;
};

// One pass after the other over the inputs that `open` gives, until it gives none.
class Sequence final : public DatasetIterator {
 public:
  explicit Sequence(std::function<DatasetIteratorPtr(int64_t)> open) : open_(std::move(open)) {}
  std::optional<Value> next() override {
    for (int64_t empty = 0; empty < 2;) {  // an input without elements, for ever, ends it
      if (!current_ && !(current_ = open_(at_++))) return std::nullopt;
      if (auto element = current_->next()) return element;
      current_.reset();
      ++empty;
    }
    return std::nullopt;
  }

 private:
  std::function<DatasetIteratorPtr(int64_t)> open_;
  DatasetIteratorPtr current_;
  int64_t at_ = 0;
};

class Interleave final : public DatasetIterator {
 public:
  Interleave(DatasetIteratorPtr input, std::function<Dataset(const Value&)> function, int64_t cycle, int64_t block,
             uint64_t pass)
      : input_(std::move(input)),
        function_(std::move(function)),
        open_(static_cast<size_t>(cycle)),
        block_(block),
        pass_(pass) {}
  std::optional<Value> next() override {
    for (size_t idle = 0; idle < open_.size();) {
      DatasetIteratorPtr& inner = open_[at_];
      if (!inner && !used_up_) {
        if (auto element = input_->next())
          inner = function_(*element).iterate(pass_);
        else
          used_up_ = true;
      }
      if (inner && taken_ < block_) {
        if (auto element = inner->next()) {
          ++taken_;
          return element;
        }
        inner.reset();
        taken_ = 0;
        idle = 0;
        if (!used_up_) continue;  // another takes its place
      } else if (inner) {
        idle = 0;
      } else {
        ++idle;
      }
      at_ = (at_ + 1) % open_.size();
      taken_ = 0;
    }
    return std::nullopt;
  }

 private:
  DatasetIteratorPtr input_;
  std::function<Dataset(const Value&)> function_;
  std::vector<DatasetIteratorPtr> open_;
  const int64_t block_;
  const uint64_t pass_;
  size_t at_ = 0;
  int64_t taken_ = 0;
  bool used_up_ = false;
};

class Source final : public DataSource {
 public:
  Source(Dataset dataset, uint64_t first_pass) : dataset_(std::move(dataset)), first_pass_(first_pass) {}
  void begin_pass(int64_t epoch) override {
    iterator_.reset();
    iterator_ = dataset_.iterate(first_pass_ + static_cast<uint64_t>(std::max<int64_t>(0, epoch)));
  }
  std::optional<Batch> next() override {
    auto element = iterator_ ? iterator_->next() : std::nullopt;
    if (!element) return std::nullopt;
    Batch b;
    if (element->is_tuple()) {
      const List& parts = element->as_list();
      if (parts.empty() || parts.size() > 3)
        throw ValueError(
            "The elements of a dataset for training must be x, (x, y) or (x, y, sample_weight). Received a tuple of ",
            parts.size(), ".");
      b.x = parts[0];
      if (parts.size() > 1) b.y = parts[1];
      if (parts.size() > 2) b.sample_weight = parts[2];
    } else {
      b.x = std::move(*element);
    }
    b.size = rows_of(b.x);
    return b;
  }
  void end_pass() override { iterator_.reset(); }
  std::optional<int64_t> batches() const override {
    const int64_t n = dataset_.cardinality();
    return n < 0 ? std::nullopt : std::optional(n);
  }
  Value state() const override { return static_cast<int64_t>(first_pass_); }
  void restore(const Value& state, bool) override { first_pass_ = static_cast<uint64_t>(state.as_int()); }

 private:
  const Dataset dataset_;
  uint64_t first_pass_;
  DatasetIteratorPtr iterator_;
};

int64_t sum_of(int64_t a, int64_t b) {
  if (a == kInfinite || b == kInfinite) return kInfinite;
  return a == kUnknown || b == kUnknown ? kUnknown : a + b;
}

}  // namespace

std::optional<Value> DatasetIterator::next_batch(int64_t n) {
  std::vector<Value> elements;
  while (static_cast<int64_t>(elements.size()) < n) {
    auto element = next();
    if (!element) break;
    elements.push_back(std::move(*element));
  }
  if (elements.empty()) return std::nullopt;
  return stack_elements(elements);
}

int64_t DatasetIterator::skip(int64_t n) {
  int64_t skipped = 0;
  while (skipped < n && next()) ++skipped;
  return skipped;
}

namespace datasets {

Value call_with(const Dataset::Function& function, const Value& element) {
  return element.is_tuple() ? function->call(element.as_list()) : function->call({element});
}

}  // namespace datasets

Dataset::Dataset(DatasetNodePtr node) : node_(std::move(node)), passes_(std::make_shared<std::atomic<uint64_t>>(0)) {}

Dataset Dataset::from_slices(const Value& arrays) {
  std::optional<int64_t> count;
  for (const Value& leaf : flatten(arrays)) {
    if (!leaf.is_tensor()) continue;
    const Shape& s = leaf.as_tensor().shape();
    if (s.rank() == 0)
      throw ValueError("A scalar has no rows to slice. Received a structure with a tensor of shape ().");
    if (count && *count != s[0])
      throw ValueError("All arrays must have the same first size. Received ", *count, " and ", s[0], ".");
    count = s[0];
  }
  if (!count) throw ValueError("from_tensor_slices() needs at least one array. Received: ", arrays.repr());
  return Dataset(make_node([arrays, n = *count](uint64_t) { return std::make_unique<Slices>(arrays, n); }, *count));
}
Dataset Dataset::from_element(const Value& element) {
  return Dataset(make_node([element](uint64_t) { return std::make_unique<One>(element); }, 1));
}
Dataset Dataset::range(int64_t start, int64_t stop, int64_t step) {
  if (step == 0) throw ValueError("`step` must not be 0.");
  const int64_t span = step > 0 ? stop - start : start - stop, size = step > 0 ? step : -step;
  const int64_t count = span <= 0 ? 0 : (span + size - 1) / size;
  return Dataset(make_node([=](uint64_t) { return std::make_unique<Range>(start, step, count); }, count));
}
Dataset Dataset::zip(const std::vector<Dataset>& datasets) {
  if (datasets.empty()) throw ValueError("zip() needs at least one dataset.");
  int64_t count = kInfinite;
  for (const Dataset& d : datasets) {
    const int64_t n = d.cardinality();
    if (n == kUnknown || count == kUnknown)
      count = kUnknown;
    else if (n != kInfinite)
      count = count == kInfinite ? n : std::min(count, n);
  }
  return Dataset(make_node(
      [datasets](uint64_t pass) {
        std::vector<DatasetIteratorPtr> inputs;
        for (const Dataset& d : datasets) inputs.push_back(d.iterate(pass));
        return std::make_unique<Zip>(std::move(inputs));
      },
      count));
}
Dataset Dataset::from_iterators(std::function<DatasetIteratorPtr(uint64_t)> open, int64_t cardinality) {
  return Dataset(make_node(std::move(open), cardinality));
}

Dataset Dataset::map(Function function, int workers) const {
  if (workers > 1) return Dataset(parallel_map(node_, std::move(function), workers));
  return Dataset(make_node(over<Map>(node_, std::move(function)), cardinality()));
}
Dataset Dataset::filter(Function predicate) const {
  const int64_t n = cardinality();
  return Dataset(make_node(over<Filter>(node_, std::move(predicate)), n == kInfinite ? kInfinite : kUnknown));
}
Dataset Dataset::take(int64_t count) const {
  const int64_t n = cardinality();
  const int64_t left = count < 0 ? n : n == kInfinite ? count : n == kUnknown ? kUnknown : std::min(n, count);
  return Dataset(make_node(over<Part>(node_, int64_t{0}, int64_t{1}, count < 0 ? int64_t{-1} : count), left));
}
Dataset Dataset::skip(int64_t count) const {
  if (count < 0) return take(0);
  const int64_t n = cardinality();
  return Dataset(
      make_node(over<Part>(node_, count, int64_t{1}, int64_t{-1}), n < 0 ? n : std::max<int64_t>(0, n - count)));
}
Dataset Dataset::shard(int64_t count, int64_t index) const {
  expect_positive("num_shards", count);
  if (index < 0 || index >= count) throw ValueError("`index` must be in [0, ", count, "). Received: index=", index);
  const int64_t n = cardinality();
  return Dataset(make_node(
      [input = node_, count, index](uint64_t pass) {
        // The first `index` are passed over once, then count - 1 between two.
        return std::make_unique<Part>(input->iterate(pass), index, count, int64_t{-1});
      },
      n < 0 ? n : (n - index + count - 1) / count));
}
Dataset Dataset::enumerate(int64_t start) const {
  return Dataset(make_node(over<Enumerate>(node_, start), cardinality()));
}
Dataset Dataset::concatenate(const Dataset& other) const {
  return Dataset(make_node(
      [a = node_, b = other.node_](uint64_t pass) {
        return std::make_unique<Sequence>([a, b, pass](int64_t i) -> DatasetIteratorPtr {
          return i == 0 ? a->iterate(pass) : i == 1 ? b->iterate(pass) : nullptr;
        });
      },
      sum_of(cardinality(), other.cardinality())));
}
Dataset Dataset::repeat(std::optional<int64_t> count) const {
  const int64_t times = count.value_or(-1), n = cardinality();
  const int64_t total = n == 0 || times == 0          ? 0
                        : times < 0 || n == kInfinite ? kInfinite
                        : n == kUnknown               ? kUnknown
                                                      : n * times;
  return Dataset(make_node(
      [input = node_, times](uint64_t pass) {
        return std::make_unique<Sequence>([input, times, pass](int64_t i) -> DatasetIteratorPtr {
          if (times >= 0 && i >= times) return nullptr;
          // Passes within passes: the numbers of different ones differ.
          const uint64_t inner = times > 0 ? pass * static_cast<uint64_t>(times) + static_cast<uint64_t>(i)
                                           : (pass << 32) + static_cast<uint64_t>(i);
          return input->iterate(inner);
        });
      },
      total));
}
Dataset Dataset::shuffle(int64_t buffer, std::optional<int64_t> seed, bool each_pass_anew) const {
  expect_positive("buffer_size", buffer);
  return Dataset(shuffled(node_, buffer, seed ? *seed : static_cast<int64_t>(next_shuffle_seed()), each_pass_anew));
}
Dataset Dataset::cache() const { return Dataset(cached(node_)); }
Dataset Dataset::interleave(std::function<Dataset(const Value&)> function, int64_t cycle, int64_t block) const {
  expect_positive("cycle_length", cycle);
  expect_positive("block_length", block);
  return Dataset(make_node(
      [input = node_, function = std::move(function), cycle, block](uint64_t pass) {
        return std::make_unique<Interleave>(input->iterate(pass), function, cycle, block, pass);
      },
      kUnknown));
}

Dataset Dataset::batch(int64_t size, bool drop_remainder) const {
  expect_positive("batch_size", size);
  return Dataset(batched(node_, size, drop_remainder, {}));
}
Dataset Dataset::padded_batch(int64_t size, double value, bool drop_remainder) const {
  expect_positive("batch_size", size);
  return Dataset(batched(node_, size, drop_remainder, value));
}
Dataset Dataset::unbatch() const { return Dataset(unbatched(node_)); }
Dataset Dataset::prefetch(int64_t count) const {
  if (count == 0) return *this;
  return Dataset(prefetched(node_, count < 0 ? 2 : count));
}

DatasetIteratorPtr Dataset::iterate() const { return node_->iterate(passes_->fetch_add(1)); }

Value Dataset::first() const {
  auto element = node_->iterate(0)->next();
  if (!element) throw ValueError("The dataset has no elements, and so no shapes and dtypes.");
  return std::move(*element);
}

std::shared_ptr<DataSource> Dataset::source() const { return std::make_shared<Source>(*this, passes_->load()); }

}  // namespace lamina
