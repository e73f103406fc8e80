#pragma once
// What rewriting passes share: the old graph is walked once, node by node, into a fresh one.
#include <optional>

#include "backends/graph/graph.h"

namespace lamina::passes {

class Rebuild {
 public:
  explicit Rebuild(Graph& graph) : target_(graph), old_(std::move(graph)), map_(old_.values.size(), -1) {
    fresh_.nodes.reserve(old_.nodes.size() + old_.nodes.size() / 4);
    fresh_.values.reserve(old_.values.size() + old_.values.size() / 4);
  }
  const Graph& old() const { return old_; }

  // Of the fresh graph: an old value's replacement, its specs, and the node that makes it.
  int at(int old_value) const { return map_[old_value]; }
  const TensorSpec& spec(int v) const { return fresh_.values[v].spec; }
  const GraphNode& maker(int v) const { return fresh_.nodes[fresh_.values[v].node]; }
  template <class P>
  const P* op(int v) const {  // the op that makes v as a P, or null
    const GraphNode& n = maker(v);
    return n.kind == GraphNode::Kind::op ? dynamic_cast<const P*>(n.op.get()) : nullptr;
  }
  Graph& fresh() { return fresh_; }
  const Graph& fresh() const { return fresh_; }

  void keep(const GraphNode& node);                       // as it is, over the replaced inputs
  void replace(int old_value, int fresh_value) { map_[old_value] = fresh_value; }
  int emit(const Op& op, const Ids& inputs);  // a fresh node with one output
  int constant(const Tensor& value);
  // Hands the fresh graph back; to be called once, at the end.
  void finish();
  void abandon() { target_ = std::move(old_); }  // instead: the old graph stays, nothing has been kept or emitted

 private:
  Graph& target_;
  Graph old_, fresh_;
  std::vector<int> map_;
};

// How often each value is read: by nodes, as an output and as an update.
std::vector<int> use_counts(const Graph& graph);

// The one value that v repeats (a Full of any shape, a constant of one element), converted to double.
std::optional<double> repeated_value(const Graph& graph, int v);
// Its one element as a tensor of shape (); undefined if v repeats none.
Tensor repeated_tensor(const Graph& graph, int v);

}  // namespace lamina::passes
