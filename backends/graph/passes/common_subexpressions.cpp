#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/creation/creation.h"

namespace lamina::passes {

namespace {

size_t mix(size_t h, size_t v) { return (h ^ v) * 0x9e3779b97f4a7c15ull; }

bool same_scalar(const Tensor& a, const Tensor& b) {
  return a.spec() == b.spec() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

// Filling memory is cheaper than copying it: what writes into a fill (a scatter) should have one of its own.
bool large_fill(const GraphNode& n) {
  auto* full = n.kind == GraphNode::Kind::op ? dynamic_cast<const FullOp*>(n.op.get()) : nullptr;
  return full && full->shape.elements() > 1024;
}

}  // namespace

void common_subexpressions(Graph& graph) {
  Rebuild r(graph);
  std::unordered_multimap<size_t, int> seen;  // hash to fresh node
  for (const GraphNode& n : r.old().nodes) {
    if (large_fill(n)) {
      r.keep(n);
      continue;
    }
    const bool op = n.kind == GraphNode::Kind::op, scalar = n.kind == GraphNode::Kind::constant && n.constant.size() == 1;
    if (!op && !scalar) {
      r.keep(n);
      continue;
    }
    size_t h = 0;
    std::vector<int> inputs;
    if (op) {
      h = n.op->hash();
      for (int v : n.inputs) {
        inputs.push_back(r.at(v));
        h = mix(h, static_cast<size_t>(inputs.back()));
      }
    } else {
      h = mix(static_cast<size_t>(n.constant.dtype()) + 1, std::hash<double>{}(n.constant.at(0)));
    }
    int found = -1;
    for (auto [at, end] = seen.equal_range(h); at != end && found < 0; ++at) {
      const GraphNode& other = r.fresh().nodes[at->second];
      if (other.kind != n.kind) continue;
      if (op ? other.inputs == inputs && (other.op == n.op || other.op->key() == n.op->key()) : same_scalar(other.constant, n.constant)) found = at->second;
    }
    if (found >= 0) {
      for (size_t i = 0; i < n.outputs.size(); ++i) r.replace(n.outputs[i], r.fresh().nodes[found].outputs[i]);
    } else {
      r.keep(n);
      seen.emplace(h, static_cast<int>(r.fresh().nodes.size()) - 1);
    }
  }
  r.finish();
}

}  // namespace lamina::passes
