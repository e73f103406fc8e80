#include <numeric>

#include "backends/graph/passes/passes.h"
#include "backends/ops/creation/creation.h"

namespace lamina::passes {

namespace {

size_t mix(size_t h, size_t v) { return (h ^ v) * 0x9e3779b97f4a7c15ull; }

bool same_scalar(const Tensor& a, const Tensor& b) {
  return a.spec() == b.spec() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

// Filling memory is cheaper than copying it: what writes into a fill (a scatter) should have one of its own.
bool large_fill(const GraphNode& n) {
  auto* full = n.as<FullOp>();
  return full && full->shape.elements() > 1024;
}

}  // namespace

bool common_subexpressions(Graph& graph) {
  std::vector<int> same(graph.values.size());  // the value that stands for each
  std::iota(same.begin(), same.end(), 0);
  std::unordered_multimap<size_t, int> seen;  // hash to node
  seen.reserve(graph.nodes.size());
  bool any = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    GraphNode& n = graph.nodes[i];
    for (int& v : n.inputs) v = same[v];
    const bool op = n.kind == GraphNode::Kind::op, scalar = n.kind == GraphNode::Kind::constant &&
                                                            n.constant.size() == 1 &&
                                                            n.constant.dtype() != DType::string;
    if ((!op && !scalar) || large_fill(n)) continue;
    size_t h = 0;
    if (op) {
      h = n.op->hash();
      for (int v : n.inputs) h = mix(h, static_cast<size_t>(v));
    } else {
      h = mix(static_cast<size_t>(n.constant.dtype()) + 1, std::hash<double>{}(n.constant.at(0)));
    }
    int found = -1;
    for (auto [at, end] = seen.equal_range(h); at != end && found < 0; ++at) {
      const GraphNode& other = graph.nodes[at->second];
      if (other.kind != n.kind) continue;
      if (op ? other.inputs == n.inputs && (other.op == n.op || other.op->key() == n.op->key())
             : same_scalar(other.constant, n.constant))
        found = at->second;
    }
    if (found < 0) {
      seen.emplace(h, static_cast<int>(i));
      continue;
    }
    any = true;
    for (size_t k = 0; k < n.outputs.size(); ++k) same[n.outputs[k]] = graph.nodes[found].outputs[k];
  }
  if (!any) return false;
  for (int& v : graph.outputs) v = same[v];
  for (auto& [variable, v] : graph.updates) v = same[v];
  dead_code(graph);
  return true;
}

}  // namespace lamina::passes
