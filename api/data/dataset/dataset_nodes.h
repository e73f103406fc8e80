#pragma once
// Shared by the kinds of nodes.
#include "api/data/dataset/dataset.h"

namespace lamina::datasets {

constexpr int64_t kInfinite = Dataset::kInfinite, kUnknown = Dataset::kUnknown;

// A node whose iterators are made by a function.
class SimpleNode final : public DatasetNode {
 public:
  using Open = std::function<DatasetIteratorPtr(uint64_t pass)>;
  SimpleNode(Open open, int64_t cardinality) : open_(std::move(open)), cardinality_(cardinality) {}
  DatasetIteratorPtr iterate(uint64_t pass) const override { return open_(pass); }
  int64_t cardinality() const override { return cardinality_; }

 private:
  const Open open_;
  const int64_t cardinality_;
};

// A node whose passes `open` begins. `cardinality` counts its elements, or is one of Dataset's constants.
inline DatasetNodePtr make_node(SimpleNode::Open open, int64_t cardinality) {
  return std::make_shared<const SimpleNode>(std::move(open), cardinality);
}

// The first size of the tensors in a batch.
int64_t rows_of(const Value& batch);

// How a node makes its iterators: Iterator(iterator of `input`, args...).
template <class Iterator, class... Args>
SimpleNode::Open over(DatasetNodePtr input, Args... args) {
  return [input = std::move(input), args...](uint64_t pass) -> DatasetIteratorPtr {
    return std::make_unique<Iterator>(input->iterate(pass), args...);
  };
}

// Calls a function with an element: a tuple's parts are its arguments.
Value call_with(const Dataset::Function& function, const Value& element);

// `function` of each element, in the input's order whatever the number of `workers`.
DatasetNodePtr parallel_map(DatasetNodePtr input, Dataset::Function function, int workers);
// Up to `count` elements computed ahead by a thread.
DatasetNodePtr prefetched(DatasetNodePtr input, int64_t count);
// Elements drawn from a window of `buffer`; the order follows from the seed, and from the pass where each is to be
// another.
DatasetNodePtr shuffled(DatasetNodePtr input, int64_t buffer, int64_t seed, bool each_pass_anew);
// With `padding`, elements are padded with it to the largest sizes in their batch.
DatasetNodePtr batched(DatasetNodePtr input, int64_t size, bool drop_remainder, std::optional<double> padding);
DatasetNodePtr unbatched(DatasetNodePtr input);
DatasetNodePtr cached(DatasetNodePtr input);

}  // namespace lamina::datasets
