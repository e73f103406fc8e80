#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"

namespace lamina::passes {

namespace {
// Rates, step counts and the like: cheap to keep, and updates wait for them.
bool small(const Graph& graph, const GraphNode& n) {
  if (n.kind != GraphNode::Kind::op) return false;
  for (int v : n.outputs)
    if (graph.values[v].spec.shape.elements() > 64) return false;
  return true;
}
}  // namespace

bool order_updates(Graph& graph) {
  if (graph.updates.empty()) return false;
  const int count = static_cast<int>(graph.nodes.size());
  // The old values that each update node overwrites.
  std::unordered_map<uint64_t, int> old_value;  // variable id to the node that reads it
  for (int i = 0; i < count; ++i)
    if (graph.nodes[i].kind == GraphNode::Kind::variable) old_value[graph.nodes[i].variable->id] = i;
  std::vector<std::vector<int>> overwrites(count);
  for (const auto& [variable, v] : graph.updates) {
    const int node = graph.values[v].node;
    if (graph.nodes[node].kind != GraphNode::Kind::op || graph.nodes[node].op->alias()) continue;
    auto found = old_value.find(variable->id);
    overwrites[node].push_back(found == old_value.end() ? -1 : found->second);
  }
  // Last reader of each node's outputs, through aliases.
  std::vector<int> last_reader(count, -1), position(count, -1);
  for (int i = count; i-- > 0;) {
    const GraphNode& n = graph.nodes[i];
    for (int v : n.inputs) {
      const int from = graph.values[v].node;
      // An update node reads what it overwrites itself; that is no reason to wait.
      bool own = std::find(overwrites[i].begin(), overwrites[i].end(), from) != overwrites[i].end();
      int at = own ? -1 : i;
      if (n.kind == GraphNode::Kind::op && n.op->alias()) at = std::max(at, last_reader[i]);
      last_reader[from] = std::max(last_reader[from], at);
    }
  }
  std::vector<int> first;  // arguments, variables and constants: they cost nothing and stand before all
  std::vector<std::vector<int>> after(count);  // nodes to place right after this one, in their order
  std::vector<char> moved(count);
  for (int i = 0; i < count; ++i) {
    position[i] = i;
    const bool leaf = graph.nodes[i].kind != GraphNode::Kind::op;
    if (!leaf && overwrites[i].empty() && !small(graph, graph.nodes[i])) continue;
    int at = -1;
    for (int v : graph.nodes[i].inputs) at = std::max(at, position[graph.values[v].node]);
    for (int variable : overwrites[i])
      if (variable >= 0) at = std::max(at, last_reader[variable]);
    if (at >= i) continue;
    position[i] = at;
    moved[i] = 1;
    (at < 0 ? first : after[at]).push_back(i);
  }
  Rebuild r(graph);
  for (int i : first) r.keep(r.old().nodes[i]);
  for (int i = 0; i < count; ++i) {
    if (!moved[i]) r.keep(r.old().nodes[i]);
    for (int m : after[i]) r.keep(r.old().nodes[m]);
  }
  return r.finish();
}

}  // namespace lamina::passes
