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

inline DatasetNodePtr make_node(SimpleNode::Open open, int64_t cardinality) {
  return std::make_shared<const SimpleNode>(std::move(open), cardinality);
}

// Calls a function with an element: a tuple's parts are its arguments.
Value call_with(const Dataset::Function& function, const Value& element);

DatasetNodePtr parallel_map(DatasetNodePtr input, Dataset::Function function, int workers);
DatasetNodePtr prefetched(DatasetNodePtr input, int64_t count);
DatasetNodePtr shuffled(DatasetNodePtr input, int64_t buffer, int64_t seed, bool each_pass_anew);
DatasetNodePtr cached(DatasetNodePtr input);

}  // namespace lamina::datasets
