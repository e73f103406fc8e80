#include <set>

#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/convolution/convolution.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/matmul/matmul.h"
#include "backends/ops/movement/movement.h"

namespace lamina::passes {

namespace {

// A product with weights, and the steps behind it that multiply or move whole channels.
struct Chain {
  int product;             // node
  std::vector<int> steps;  // nodes, in their order
};

class Folding {
 public:
  explicit Folding(Rebuild& r)
      : r_(r), g_(r.old()), uses_(use_counts(g_)), user_(g_.values.size(), -1), steady_(g_.values.size()) {
    for (size_t i = 0; i < g_.nodes.size(); ++i)
      for (int v : g_.nodes[i].inputs) user_[v] = static_cast<int>(i);
    find_steady();
    for (size_t i = 0; i < g_.nodes.size(); ++i) find(static_cast<int>(i));
  }

  void rewrite() {
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      const int node = static_cast<int>(i);
      if (auto at = chains_.find(node); at != chains_.end())
        write(at->second);
      else if (!absorbed_.count(node))
        r_.keep(g_.nodes[i]);
    }
  }

 private:
  template <class P>
  const P* op(int node) const {
    return g_.nodes[node].as<P>();
  }
  const TensorSpec& spec(int v) const { return g_.values[v].spec; }

  // What follows from constants and variables that this graph leaves as they are.
  void find_steady() {
    std::set<uint64_t> updated;
    for (const auto& [variable, v] : g_.updates) updated.insert(variable->id);
    for (const GraphNode& n : g_.nodes) {
      bool steady = n.kind == GraphNode::Kind::constant ||
                    (n.kind == GraphNode::Kind::variable && !updated.count(n.variable->id));
      if (n.kind == GraphNode::Kind::op) {
        steady = true;
        for (int v : n.inputs) steady &= steady_[v] != 0;
      }
      for (int v : n.outputs) steady_[v] = steady;
    }
  }

  // One value a channel, of the last axis of `out`.
  bool by_channel(int v, const Shape& out) const {
    const Shape& s = spec(v).shape;
    return steady_[v] && s.rank() >= 1 && s.rank() <= out.rank() && s.back() == out.back() &&
           s.elements() == out.back();
  }

  void find(int node) {
    auto* product = op<MatMulOp>(node);
    if (!op<ConvolutionOp>(node) && !(product && spec(g_.nodes[node].inputs[1]).shape.rank() == 2)) return;
    if (!steady_[g_.nodes[node].inputs[1]] || steady_[g_.nodes[node].inputs[0]]) return;
    Chain chain{node, {}};
    bool scaled = false;
    int v = g_.nodes[node].outputs[0];
    if (spec(v).dtype != DType::float32 && spec(v).dtype != DType::float64) return;
    while (uses_[v] == 1 && user_[v] >= 0) {
      auto* step = op<BinaryOp>(user_[v]);
      if (!step || (step->kind != Binary::add && step->kind != Binary::subtract && step->kind != Binary::multiply))
        break;
      const GraphNode& n = g_.nodes[user_[v]];
      const int side = n.inputs[0] == v ? 0 : 1, other = n.inputs[1 - side];
      if (n.inputs[0] == n.inputs[1] || (step->kind == Binary::subtract && side != 0) ||
          !by_channel(other, spec(v).shape) || spec(n.outputs[0]) != spec(v))
        break;
      chain.steps.push_back(user_[v]);
      scaled |= step->kind == Binary::multiply;
      v = n.outputs[0];
    }
    if (!scaled) return;
    absorbed_.insert(node);
    for (int s : chain.steps) absorbed_.insert(s);
    const int last = chain.steps.back();
    chains_[last] = std::move(chain);
  }

  int binary(Binary kind, int a, int b) { return r_.emit(make_op<BinaryOp>(kind), {a, b}); }

  void write(const Chain& chain) {
    int scale = -1, shift = -1, v = g_.nodes[chain.product].outputs[0];
    const int64_t channels = spec(v).shape.back();
    for (int s : chain.steps) {
      const GraphNode& n = g_.nodes[s];
      const Binary kind = op<BinaryOp>(s)->kind;
      int c = r_.at(n.inputs[0] == v ? n.inputs[1] : n.inputs[0]);
      if (r_.spec(c).shape != Shape{channels}) c = r_.emit(make_op<ReshapeOp>(Shape{channels}), {c});
      if (kind == Binary::multiply) {
        scale = scale < 0 ? c : binary(kind, scale, c);
        if (shift >= 0) shift = binary(kind, shift, c);
      } else if (kind == Binary::add) {
        shift = shift < 0 ? c : binary(kind, shift, c);
      } else {
        shift = shift < 0 ? r_.emit(make_op<UnaryOp>(Unary::negative), {c}) : binary(kind, shift, c);
      }
      v = n.outputs[0];
    }
    const GraphNode& product = g_.nodes[chain.product];
    if (auto* m = op<MatMulOp>(chain.product); m && m->transpose_b)
      scale = r_.emit(make_op<ReshapeOp>(Shape{channels, 1}), {scale});
    const int weights = binary(Binary::multiply, r_.at(product.inputs[1]), scale);
    int y = r_.emit(product.op, {r_.at(product.inputs[0]), weights});
    if (shift >= 0) y = binary(Binary::add, y, shift);
    r_.replace(v, y);
  }

  Rebuild& r_;
  const Graph& g_;
  std::vector<int> uses_, user_;
  std::vector<char> steady_;
  std::unordered_map<int, Chain> chains_;  // by their last node
  std::set<int> absorbed_;
};

}  // namespace

bool fold_scale(Graph& graph) {
  bool product = false, scale = false;
  for (const GraphNode& n : graph.nodes) {
    product |= n.as<ConvolutionOp>() || n.as<MatMulOp>();
    if (auto* op = n.as<BinaryOp>()) scale |= op->kind == Binary::multiply;
  }
  if (!product || !scale) return false;
  Rebuild r(graph);
  Folding(r).rewrite();
  return r.finish();
}

}  // namespace lamina::passes
