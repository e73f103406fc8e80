#pragma once
// The graph that a trace records and passes rewrite. Nodes stand in topological order; values are numbered in the order
// of the nodes that make them.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/core/primitive.h"
#include "backends/core/variable.h"

namespace lamina {

// The values of a node. Few nodes have more than four, and passes copy all of them: those stand inline.
class Ids {
 public:
  Ids() = default;
  Ids(std::initializer_list<int> ids) { assign({ids.begin(), ids.size()}); }
  Ids(const std::vector<int>& ids) { assign(ids); }
  Ids(const Ids& other) { assign(other); }
  Ids(Ids&& other) noexcept { swap(other); }
  Ids& operator=(Ids other) noexcept { return swap(other), *this; }
  ~Ids() {
    if (data_ != inline_) delete[] data_;
  }
  void reserve(size_t count) {
    if (count > capacity_) grow(count);
  }
  void push_back(int id) {
    if (size_ == capacity_) grow(2 * size_t{size_});
    data_[size_++] = id;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int operator[](size_t i) const { return data_[i]; }
  int& operator[](size_t i) { return data_[i]; }
  const int* begin() const { return data_; }
  const int* end() const { return data_ + size_; }
  int* begin() { return data_; }
  int* end() { return data_ + size_; }
  operator std::span<const int>() const { return {data_, size_}; }
  std::vector<int> vec() const { return {begin(), end()}; }
  friend bool operator==(const Ids& a, const Ids& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

 private:
  static constexpr uint32_t kInline = 4;
  void assign(std::span<const int> ids) {
    reserve(ids.size());
    std::copy(ids.begin(), ids.end(), data_);
    size_ = static_cast<uint32_t>(ids.size());
  }
  void grow(size_t count) {
    int* more = new int[count];
    std::copy(begin(), end(), more);
    if (data_ != inline_) delete[] data_;
    data_ = more;
    capacity_ = static_cast<uint32_t>(count);
  }
  void swap(Ids& other) noexcept {
    const bool here = data_ == inline_, there = other.data_ == other.inline_;
    std::swap(inline_, other.inline_);
    std::swap(data_, other.data_);
    if (there) data_ = inline_;
    if (here) other.data_ = other.inline_;
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  int inline_[kInline] = {};
  int* data_ = inline_;
  uint32_t size_ = 0, capacity_ = kInline;
};

// A tensor of the graph: its spec, and which output of which node it is.
struct GraphValue {
  TensorSpec spec;
  int node = -1;
  int output = 0;
};

// An op, an argument, a variable's value or a constant.
struct GraphNode {
  enum class Kind : uint8_t { op, input, variable, constant } kind = Kind::op;
  Op op;                                    // op
  std::shared_ptr<VariableState> variable;  // variable: its value when the function is entered
  Tensor constant;                          // constant
  Ids inputs, outputs;                      // values
  template <class P>
  const P* as() const {
    return op_as<P>(op.get());
  }  // the op as a P, or null
};

// A traced function: nodes in an order in which they can run. Passes make new ones of it.
struct Graph {
  std::vector<GraphValue> values;
  std::vector<GraphNode> nodes;
  std::vector<int> inputs;  // values, in the order of the arguments
  std::vector<int> outputs;
  std::vector<std::pair<std::shared_ptr<VariableState>, int>> updates;  // variables set when the function returns

  int add_value(const TensorSpec& spec, int node, int output);
  int add_leaf(GraphNode::Kind kind, const TensorSpec& spec);  // returns the value
  Ids add_op(const Op& op, Ids inputs, std::span<const TensorSpec> outputs);
  std::string str() const;  // one line a node
  std::string dot() const;  // Graphviz
};

}  // namespace lamina
