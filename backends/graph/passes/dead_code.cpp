#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"

namespace lamina::passes {

void dead_code(Graph& graph) {
  std::vector<char> needed(graph.nodes.size());
  auto mark = [&](int v) { needed[graph.values[v].node] = 1; };
  for (int v : graph.inputs) mark(v);  // arguments stay, used or not
  for (int v : graph.outputs) mark(v);
  for (const auto& [variable, v] : graph.updates) mark(v);
  size_t dropped = 0;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    if (!needed[i]) ++dropped;
    else
      for (int v : graph.nodes[i].inputs) mark(v);
  }
  if (!dropped) return;
  Rebuild r(graph);
  for (size_t i = 0; i < r.old().nodes.size(); ++i)
    if (needed[i]) r.keep(r.old().nodes[i]);
  r.finish();
}

}  // namespace lamina::passes
