#include "backends/core/engine.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/creation/creation.h"

namespace lamina::passes {

namespace {
constexpr int64_t kMostElements = 1 << 14;  // a constant that costs no memory to speak of
}

void fold_constants(Graph& graph, bool fills) {
  Rebuild r(graph);
  EagerScope eager;
  for (const GraphNode& n : r.old().nodes) {
    bool fold = n.kind == GraphNode::Kind::op && !n.op->alias();
    for (int v : n.outputs) fold &= r.old().values[v].spec.shape.elements() <= kMostElements;
    bool full = n.kind == GraphNode::Kind::op && dynamic_cast<const FullOp*>(n.op.get());
    if (full && !fills) fold = false;
    Tensors inputs;
    for (int v : n.inputs) {
      if (!fold) break;
      const GraphNode& from = r.maker(r.at(v));
      if (from.kind == GraphNode::Kind::constant) inputs.push_back(from.constant);
      else if (Tensor t = repeated_tensor(r.fresh(), r.at(v)); t.defined() && r.spec(r.at(v)).shape.rank() == 0) inputs.push_back(t);
      else fold = false;
    }
    if (!fold) {
      r.keep(n);
      continue;
    }
    Tensors results = lamina::apply(n.op, std::span<const Tensor>(inputs));
    for (size_t i = 0; i < results.size(); ++i) r.replace(n.outputs[i], r.constant(results[i]));
  }
  r.finish();
}

}  // namespace lamina::passes
