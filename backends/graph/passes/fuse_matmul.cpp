// Matrix products take bias, residual sum and relu with them.
#include "backends/graph/passes/epilogues.h"
#include "backends/graph/passes/passes.h"
#include "backends/ops/matmul/fused_matmul.h"

namespace lamina::passes {

void fuse_matmul(Graph& graph) {
  auto product = [&graph](int node) { return graph.nodes[node].kind == GraphNode::Kind::op && dynamic_cast<const MatMulOp*>(graph.nodes[node].op.get()); };
  if (Epilogues(graph, product).empty()) return;
  Rebuild r(graph);
  const Graph& g = r.old();
  const Epilogues epilogues(g, [&g](int node) { return g.nodes[node].kind == GraphNode::Kind::op && dynamic_cast<const MatMulOp*>(g.nodes[node].op.get()); });
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    const int node = static_cast<int>(i);
    if (const EpilogueMatch* m = epilogues.at(node)) {
      const auto& op = static_cast<const MatMulOp&>(*g.nodes[m->product].op);
      epilogues.write(r, g.nodes[i], *m, [&] { return make_op<FusedMatMulOp>(op.transpose_a, op.transpose_b, m->epilogue()); });
    } else if (!epilogues.absorbed(node)) {
      r.keep(g.nodes[i]);
    }
  }
  r.finish();
}

}  // namespace lamina::passes
