#pragma once
// What rewriting passes share: the old graph is walked once, node by node, into a fresh one. As long as every node is
// kept in its place the fresh graph is the old one, and nothing is copied: most passes find nothing to do in most
// graphs.
#include <optional>

#include "backends/graph/graph.h"

namespace lamina::passes {

class Rebuild {
 public:
  explicit Rebuild(Graph& graph) : target_(graph), old_(std::move(graph)) {}
  const Graph& old() const { return old_; }

  // Of the fresh graph: an old value's replacement, its specs, and the node that makes it.
  int at(int old_value) const { return apart_ ? map_[old_value] : old_value; }
  const TensorSpec& spec(int v) const { return fresh().values[v].spec; }
  const GraphNode& maker(int v) const { return fresh().nodes[fresh().values[v].node]; }
  template <class P>
  const P* op(int v) const {
    return maker(v).as<P>();
  }  // the op that makes v as a P, or null
  const Graph& fresh() const { return apart_ ? fresh_ : old_; }

  void keep(const GraphNode& node);  // one of old()'s as it is, over the replaced inputs
  void replace(int old_value, int fresh_value) {
    part();
    map_[old_value] = fresh_value;
  }
  Ids add(const Op& op, Ids inputs, std::span<const TensorSpec> outputs);   // a fresh node
  Ids add(const Op& op, Ids inputs);                                        // with the outputs that it infers
  int emit(const Op& op, const Ids& inputs) { return add(op, inputs)[0]; }  // with one output
  // Hands the fresh graph back, whether it differs from the old one; to be called once, at the end.
  bool finish();

 private:
  void part();  // makes the fresh graph another one than the old, if it is not

  Graph& target_;
  Graph old_, fresh_;
  size_t kept_ = 0;  // nodes kept in their places, before the graphs part
  bool apart_ = false;
  std::vector<int> map_;
};

// How often each value is read: by nodes, as an output and as an update.
std::vector<int> use_counts(const Graph& graph);

// The one value that v repeats (a Full of any shape, a constant of one element), converted to double.
std::optional<double> repeated_value(const Graph& graph, int v);
// Its one element as a tensor of shape (); undefined if v repeats none.
Tensor repeated_tensor(const Graph& graph, int v);

}  // namespace lamina::passes
