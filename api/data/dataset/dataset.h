#pragma once
// Dataset: a pipeline that gives elements one after the other: tensors, or tuples and dicts of them. Each call below
// makes a new dataset that reads from this one; nothing is read before somebody iterates. A pass is one iteration from
// start to end. What is shuffled is ordered by seed and number of the pass, so that a pass can be repeated, whatever
// the number of workers.
//
//   Dataset d = Dataset::from_slices(Value::tuple({x, y})).shuffle(1000, 7).map(augment, 2).batch(32).prefetch(2);
//   model->fit(d.source(), {.epochs = 3});
//
// Datasets are values that share their nodes and may be used by several threads; an iterator belongs to one thread at a
// time. Functions are called on the threads of the workers.
#include <atomic>

#include "api/data/data_source.h"

namespace lamina {

// What iterates. Made anew for each pass; destroyed at any time, also before the end.
class DatasetIterator {
 public:
  virtual ~DatasetIterator() = default;
  virtual std::optional<Value> next() = 0;  // nullopt at the end, and then for ever
  // Up to n elements stacked along a new first axis; nullopt at the end. ValueError where their shapes differ.
  virtual std::optional<Value> next_batch(int64_t n);
  // Passes over n elements; how many there were.
  virtual int64_t skip(int64_t n);
};
using DatasetIteratorPtr = std::unique_ptr<DatasetIterator>;

// One step of a pipeline. Immutable, and shared by the pipelines that are built on it; passes keep their place in
// iterators.
class DatasetNode {
 public:
  // As tf.data counts: numbers of elements that are no numbers.
  static constexpr int64_t kInfinite = -1, kUnknown = -2;
  virtual ~DatasetNode() = default;
  virtual DatasetIteratorPtr iterate(uint64_t pass) const = 0;
  virtual int64_t cardinality() const = 0;
};
using DatasetNodePtr = std::shared_ptr<const DatasetNode>;

// A pipeline of elements (tensors, or nested lists and dicts of them), as tf.data has them. A value: every method gives
// a new one. Passes over it are independent, and may run in several threads at once.
class Dataset {
 public:
  static constexpr int64_t kInfinite = DatasetNode::kInfinite, kUnknown = DatasetNode::kUnknown;
  // Takes an element and gives another. Of a tuple, the parts are the arguments.
  using Function = std::shared_ptr<Callable>;

  explicit Dataset(DatasetNodePtr node);

  // --- sources ---
  // Rows of arrays: a structure of tensors with one first axis. ValueError where they differ, or are scalars.
  static Dataset from_slices(const Value& arrays);
  static Dataset from_element(const Value& element);                    // one
  static Dataset range(int64_t start, int64_t stop, int64_t step = 1);  // int64 scalars
  static Dataset zip(const std::vector<Dataset>& datasets);             // tuples; the shortest ends it
  // Elements from elsewhere: `open` gives the iterator of a pass.
  static Dataset from_iterators(std::function<DatasetIteratorPtr(uint64_t pass)> open, int64_t cardinality = kUnknown);

  // --- one element at a time ---
  // With `workers` > 1 as many threads call the function ahead; elements keep their order.
  Dataset map(Function function, int workers = 1) const;
  Dataset filter(Function predicate) const;           // those for which it gives true
  Dataset take(int64_t count) const;                  // -1: all
  Dataset skip(int64_t count) const;                  // -1: all
  Dataset shard(int64_t count, int64_t index) const;  // every count-th from index on
  Dataset enumerate(int64_t start = 0) const;         // (number, element)
  Dataset concatenate(const Dataset& other) const;
  Dataset repeat(std::optional<int64_t> count = {}) const;  // none: for ever
  // Draws from a buffer of the next `buffer` elements; as many as there are mixes all. Without a seed one is drawn now.
  Dataset shuffle(int64_t buffer, std::optional<int64_t> seed = {}, bool each_pass_anew = true) const;
  Dataset cache() const;  // in memory, from the first complete pass on
  // Elements of the datasets that `function` gives for elements: `block` of each of `cycle` in turn.
  Dataset interleave(std::function<Dataset(const Value&)> function, int64_t cycle = 16, int64_t block = 1) const;
  Dataset flat_map(std::function<Dataset(const Value&)> function) const {
    return interleave(std::move(function), 1, 1);
  }

  // --- several ---
  Dataset batch(int64_t size, bool drop_remainder = false) const;
  // Pads with `value` to the largest size of each axis in the batch.
  Dataset padded_batch(int64_t size, double value = 0, bool drop_remainder = false) const;
  Dataset unbatch() const;
  // A thread works ahead by `count` elements.
  Dataset prefetch(int64_t count) const;

  // --- use ---
  int64_t cardinality() const { return node_->cardinality(); }
  // The iterator of a given pass, or of the next one that nobody had.
  DatasetIteratorPtr iterate(uint64_t pass) const { return node_->iterate(pass); }
  DatasetIteratorPtr iterate() const;
  // The first element, for its shapes and dtypes. ValueError if there is none.
  Value first() const;
  // For fit(), evaluate() and predict(): elements are x, (x, y) or (x, y, sample_weight), batched.
  std::shared_ptr<DataSource> source() const;

 private:
  DatasetNodePtr node_;
  std::shared_ptr<std::atomic<uint64_t>> passes_;  // begun so far
};

// Elements along a new first axis.
Value stack_elements(const std::vector<Value>& elements);

}  // namespace lamina
