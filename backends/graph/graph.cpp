#include "backends/graph/graph.h"

namespace lamina {

int Graph::add_value(const TensorSpec& spec, int node, int output) {
  values.push_back({spec, node, output});
  return static_cast<int>(values.size()) - 1;
}

int Graph::add_leaf(GraphNode::Kind kind, const TensorSpec& spec) {
  GraphNode node;
  node.kind = kind;
  int id = add_value(spec, static_cast<int>(nodes.size()), 0);
  node.outputs = {id};
  nodes.push_back(std::move(node));
  return id;
}

Ids Graph::add_op(const Op& op, Ids in, std::span<const TensorSpec> specs) {
  GraphNode node;
  node.op = op;
  node.inputs = std::move(in);
  for (size_t i = 0; i < specs.size(); ++i)
    node.outputs.push_back(add_value(specs[i], static_cast<int>(nodes.size()), static_cast<int>(i)));
  nodes.push_back(std::move(node));
  return nodes.back().outputs;
}

namespace {
std::string label(const GraphNode& n) {
  switch (n.kind) {
    case GraphNode::Kind::op: return n.op->key();
    case GraphNode::Kind::input: return "input";
    case GraphNode::Kind::variable: return "variable " + n.variable->path;
    default:
      return n.constant.size() == 1 && n.constant.dtype() != DType::string ? text("constant ", n.constant.item())
                                                                           : "constant";
  }
}
}  // namespace

std::string Graph::str() const {
  std::string out;
  for (const GraphNode& n : nodes) {
    for (size_t i = 0; i < n.outputs.size(); ++i)
      out += text(i ? ", %" : "%", n.outputs[i], ": ", values[n.outputs[i]].spec);
    out += " = " + label(n);
    for (size_t i = 0; i < n.inputs.size(); ++i) out += text(i ? ", %" : " %", n.inputs[i]);
    out += '\n';
  }
  out += "return";
  for (size_t i = 0; i < outputs.size(); ++i) out += text(i ? ", %" : " %", outputs[i]);
  out += '\n';
  for (const auto& [variable, value] : updates) out += text("update ", variable->path, " = %", value, '\n');
  return out;
}

std::string Graph::dot() const {
  std::string out = "digraph lamina {\n  node [shape=box, fontname=monospace];\n";
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::string name;
    for (char c : label(nodes[i])) name += c == '"' ? std::string("\\\"") : std::string(1, c);
    out += text("  n", i, " [label=\"", name, "\"];\n");
    for (int v : nodes[i].inputs)
      out += text("  n", values[v].node, " -> n", i, " [label=\"", values[v].spec, "\"];\n");
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    out +=
        text("  out", i, " [label=\"output ", i, "\", shape=oval];\n  n", values[outputs[i]].node, " -> out", i, ";\n");
  return out + "}\n";
}

}  // namespace lamina
