#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/update/update_group.h"

namespace lamina::passes {

namespace {
// Larger variables are updated while their gradient is still in a cache, each on its own.
constexpr int64_t kSmall = 16 * 1024;
}  // namespace

bool group_updates(Graph& graph) {
  if (graph.updates.size() < 2) return false;
  const std::vector<int> uses = use_counts(graph);
  std::vector<char> updated(graph.values.size());
  for (const auto& [variable, v] : graph.updates) updated[v] = 1;
  // Nobody reads what these make, so that all of them may stand where the last one does.
  std::vector<int> members;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& n = graph.nodes[i];
    if (!n.as<UpdateOp>() || graph.values[n.outputs[0]].spec.shape.elements() > kSmall) continue;
    if (std::all_of(n.outputs.begin(), n.outputs.end(), [&](int v) { return updated[v] && uses[v] == 1; }))
      members.push_back(static_cast<int>(i));
  }
  if (members.size() < 2) return false;
  Rebuild r(graph);
  const Graph& g = r.old();
  size_t next = 0;
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    if (next == members.size() || members[next] != static_cast<int>(i)) {
      r.keep(g.nodes[i]);
      continue;
    }
    if (++next < members.size()) continue;
    std::vector<UpdateOp> parts;
    Ids inputs;
    for (int m : members) {
      parts.push_back(static_cast<const UpdateOp&>(*g.nodes[m].op));
      for (int v : g.nodes[m].inputs) inputs.push_back(r.at(v));
    }
    const Op op = make_op<UpdateGroupOp>(std::move(parts));
    const Ids out = r.add(op, std::move(inputs));
    size_t o = 0;
    for (int m : members)
      for (int v : g.nodes[m].outputs) r.replace(v, out[o++]);
  }
  return r.finish();
}

}  // namespace lamina::passes
