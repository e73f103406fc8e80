#include <map>

#include "backends/core/subfunction.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"

namespace lamina::passes {

bool merge_saving(Graph& graph) {
  // What twins there are: by the twin's key and its inputs.
  using Call = std::pair<std::string, std::vector<int>>;
  auto saving = [](const GraphNode& n) { return n.op ? n.op->saving() : nullptr; };
  std::map<Call, int> twins;  // to the node that stands for them, or -1 before it is made
  for (const GraphNode& n : graph.nodes)
    if (auto* op = saving(n); op && op->saves()) twins.emplace(Call(op->key(), n.inputs.vec()), -1);
  if (twins.empty()) return false;
  Rebuild r(graph);
  for (const GraphNode& n : r.old().nodes) {
    auto* op = saving(n);
    const Op twin = op ? (op->saves() ? n.op : op->saving_twin()) : nullptr;
    auto found = twin ? twins.find(Call(twin->key(), n.inputs.vec())) : twins.end();
    if (found == twins.end()) {
      r.keep(n);
      continue;
    }
    if (found->second < 0) {
      Ids inputs;
      for (int v : n.inputs) inputs.push_back(r.at(v));
      r.add(twin, std::move(inputs));
      found->second = static_cast<int>(r.fresh().nodes.size()) - 1;
    }
    const Ids& outputs = r.fresh().nodes[static_cast<size_t>(found->second)].outputs;
    for (size_t i = 0; i < n.outputs.size(); ++i) r.replace(n.outputs[i], outputs[i]);
  }
  return r.finish();
}

}  // namespace lamina::passes
