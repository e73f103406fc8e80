#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/gather/scatter_sum.h"
#include "backends/ops/update/scatter_update.h"

namespace lamina::passes {

bool fuse_scatter_update(Graph& graph) {
  if (graph.updates.empty()) return false;
  const std::vector<int> uses = use_counts(graph);
  std::unordered_map<int, int> sums;  // by the update's node, the node of its gradient
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    auto* update = graph.nodes[i].as<UpdateOp>();
    if (!update) continue;
    const int gradient = graph.nodes[i].inputs[static_cast<size_t>(states_of(update->rule))],
              maker = graph.values[gradient].node;
    auto* sum = graph.nodes[maker].as<ScatterSumOp>();
    if (sum && sum->axis == 0 && uses[gradient] == 1) sums[static_cast<int>(i)] = maker;
  }
  if (sums.empty()) return false;
  Rebuild r(graph);
  const Graph& g = r.old();
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    const GraphNode& n = g.nodes[i];
    const auto found = sums.find(static_cast<int>(i));
    if (found == sums.end()) {
      r.keep(n);  // the sums too: nobody reads them any more
      continue;
    }
    auto* update = static_cast<const UpdateOp*>(n.op.get());
    const GraphNode& sum = g.nodes[found->second];
    Ids inputs;
    auto take = [&](int v) { inputs.push_back(r.at(v)); };
    const size_t states = static_cast<size_t>(states_of(update->rule));
    for (size_t s = 0; s < states; ++s) take(n.inputs[s]);
    take(sum.inputs[0]), take(sum.inputs[1]), take(n.inputs[states + 1]);
    Op op = make_op<ScatterUpdateOp>(update->rule, update->constants);
    const Ids out = r.add(op, std::move(inputs));
    for (size_t s = 0; s < states; ++s) r.replace(n.outputs[s], out[s]);
  }
  return r.finish();
}

}  // namespace lamina::passes
