// Matrix products take bias, residual sum and relu with them.
#include "backends/graph/passes/epilogues.h"
#include "backends/graph/passes/passes.h"
#include "backends/ops/matmul/fused_matmul.h"

namespace lamina::passes {

namespace {

const MatMulOp* product(const GraphNode& n) { return n.as<MatMulOp>(); }

}  // namespace

bool fuse_matmul(Graph& graph, Device device) {
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), product)) return false;
  Rebuild r(graph);
  const auto& nodes = r.old().nodes;
  const Epilogues epilogues(
      r.old(), [&](int node) { return product(nodes[node]) != nullptr; }, !device.is_host());
  for (size_t i = 0; i < nodes.size(); ++i) {
    const int node = static_cast<int>(i);
    if (const EpilogueMatch* m = epilogues.at(node)) {
      const MatMulOp& op = *product(nodes[m->product]);
      epilogues.write(r, nodes[i], *m,
                      [&] { return make_op<FusedMatMulOp>(op.transpose_a, op.transpose_b, m->epilogue()); });
    } else if (!epilogues.absorbed(node)) {
      r.keep(nodes[i]);
    }
  }
  return r.finish();
}

}  // namespace lamina::passes
