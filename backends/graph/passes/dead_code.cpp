#include "backends/graph/passes/passes.h"

namespace lamina::passes {

bool dead_code(Graph& graph) {
  std::vector<char> needed(graph.nodes.size());
  auto mark = [&](int v) { needed[graph.values[v].node] = 1; };
  for (int v : graph.inputs) mark(v);  // arguments stay, used or not
  for (int v : graph.outputs) mark(v);
  for (const auto& [variable, v] : graph.updates) mark(v);
  size_t dropped = 0;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    if (!needed[i])
      ++dropped;
    else
      for (int v : graph.nodes[i].inputs) mark(v);
  }
  if (!dropped) return false;
  // What stays moves down, nodes and values alike.
  std::vector<int> fresh(graph.values.size(), -1), place(graph.nodes.size(), -1);
  size_t values = 0, nodes = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    if (needed[i]) place[i] = static_cast<int>(nodes++);
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const int node = graph.values[v].node;
    if (!needed[node]) continue;
    fresh[v] = static_cast<int>(values);
    graph.values[values] = graph.values[v];
    graph.values[values++].node = place[node];
  }
  graph.values.resize(values);
  auto renumber = [&](auto& ids) {
    for (int& v : ids) v = fresh[v];
  };
  for (size_t i = 0; i < place.size(); ++i) {
    if (!needed[i]) continue;
    GraphNode& n = graph.nodes[place[i]];
    if (place[i] != static_cast<int>(i)) n = std::move(graph.nodes[i]);
    renumber(n.inputs);
    renumber(n.outputs);
  }
  graph.nodes.resize(nodes);
  renumber(graph.inputs);
  renumber(graph.outputs);
  for (auto& [variable, v] : graph.updates) v = fresh[v];
  return true;
}

}  // namespace lamina::passes
