#include "backends/core/engine.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/creation/creation.h"

namespace lamina::passes {

namespace {
constexpr int64_t kMostElements = 1 << 14;  // a constant that costs no memory to speak of
}

bool fold_constants(Graph& graph, bool fills) {
  EagerScope eager;
  Tensors inputs;
  bool any = false;
  for (GraphNode& n : graph.nodes) {
    if (n.kind != GraphNode::Kind::op || n.op->alias() || n.outputs.size() != 1) continue;
    if (graph.values[n.outputs[0]].spec.shape.elements() > kMostElements) continue;
    if (!fills && n.as<FullOp>()) continue;
    inputs.clear();
    for (int v : n.inputs) {
      const GraphNode& from = graph.nodes[graph.values[v].node];
      if (from.kind == GraphNode::Kind::constant)
        inputs.push_back(from.constant);
      else if (Tensor t = repeated_tensor(graph, v); t.defined() && graph.values[v].spec.shape.rank() == 0)
        inputs.push_back(t);
      else
        break;
    }
    if (inputs.size() != n.inputs.size()) continue;
    n.constant = lamina::apply(n.op, std::span<const Tensor>(inputs))[0];
    n.kind = GraphNode::Kind::constant;
    n.op = nullptr;
    n.inputs = {};
    any = true;
  }
  return any;
}

}  // namespace lamina::passes
