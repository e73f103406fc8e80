#pragma once
// What may go with a product into its last step: relu(product + bias + residual), or what of it is there.
#include <functional>
#include <set>

#include "backends/graph/passes/rebuild.h"
#include "backends/ops/epilogue/epilogue.h"

namespace lamina::passes {

struct EpilogueMatch {
  int product = -1;              // node
  int bias = -1, residual = -1;  // values, if any
  bool relu = false;
  std::vector<int> path = {};  // nodes from the product to the last sum; a reshape may stand behind the product
  Epilogue epilogue() const { return {bias >= 0, residual >= 0, relu}; }
};

// The products of a graph with what their last step can take along.
class Epilogues {
 public:
  // Matches all of a graph from the outermost nodes on. `product`: whether a node is a product that can take an
  // epilogue.
  Epilogues(const Graph& graph, std::function<bool(int node)> product,
            bool halves = false);  // `halves`: of float16 and bfloat16, too
  // The epilogue that ends at this node, or null.
  const EpilogueMatch* at(int node) const {
    auto found = matches_.find(node);
    return found == matches_.end() ? nullptr : &found->second;
  }
  bool absorbed(int node) const { return absorbed_.count(node) > 0; }  // part of some epilogue, but its end
  // Replaces the node where `m` ends by fused() over the product's two inputs, the bias as a row and the residual in
  // the product's shape.
  void write(Rebuild& r, const GraphNode& end, const EpilogueMatch& m, const std::function<Op()>& fused) const;

 private:
  const Graph& g_;
  std::function<bool(int)> product_;
  bool halves_;
  std::vector<int> uses_;
  std::unordered_map<int, EpilogueMatch> matches_;  // by the node that is replaced
  std::set<int> absorbed_;

  template <class P>
  const P* op(int node) const {
    return g_.nodes[node].as<P>();
  }
  int maker(int v) const { return g_.values[v].node; }
  int input(int node, int k) const { return g_.nodes[node].inputs[k]; }
  const TensorSpec& spec(int v) const { return g_.values[v].spec; }
  void find(int node);
  bool takes(DType dtype) const { return dtype == DType::float32 || (halves_ && is_half(dtype)); }
  std::optional<EpilogueMatch> plain(int v) const;
  std::optional<EpilogueMatch> biased(int v) const;
  std::optional<EpilogueMatch> ending(int v) const;
  bool a_value_a_channel(int bias, int sum, int product) const;
};

}  // namespace lamina::passes
