#include "backends/graph/passes/rebuild.h"

#include "backends/ops/creation/creation.h"

namespace lamina::passes {

void Rebuild::part() {
  if (apart_) return;
  apart_ = true;
  map_.assign(old_.values.size(), -1);
  fresh_.nodes.reserve(old_.nodes.size() + old_.nodes.size() / 4);
  fresh_.values.reserve(old_.values.size() + old_.values.size() / 4);
  for (size_t i = 0; i < kept_; ++i) {
    keep(old_.nodes[i]);
    for (int v : old_.nodes[i].outputs)  // passes hold values of before: they must stay what they were
      if (map_[v] != v) throw RuntimeError("Value %", v, " of a graph is not numbered in the order of the nodes.");
  }
}

void Rebuild::keep(const GraphNode& node) {
  if (!apart_) {
    if (&node == old_.nodes.data() + kept_) {
      ++kept_;
      return;
    }
    part();
  }
  GraphNode copy;
  copy.kind = node.kind;
  copy.op = node.op;
  copy.variable = node.variable;
  copy.constant = node.constant;
  copy.inputs.reserve(node.inputs.size());
  for (int v : node.inputs) copy.inputs.push_back(map_[v]);
  const int id = static_cast<int>(fresh_.nodes.size());
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    int v = fresh_.add_value(old_.values[node.outputs[i]].spec, id, static_cast<int>(i));
    copy.outputs.push_back(v);
    map_[node.outputs[i]] = v;
  }
  fresh_.nodes.push_back(std::move(copy));
}

Ids Rebuild::add(const Op& op, Ids inputs, std::span<const TensorSpec> outputs) {
  part();
  return fresh_.add_op(op, std::move(inputs), outputs);
}

Ids Rebuild::add(const Op& op, Ids inputs) {
  std::vector<TensorSpec> specs;
  specs.reserve(inputs.size());
  for (int v : inputs) specs.push_back(spec(v));
  return add(op, std::move(inputs), op->infer(specs));
}

bool Rebuild::finish() {
  if (!apart_ && kept_ < old_.nodes.size()) part();  // the last nodes were dropped
  if (!apart_) {
    target_ = std::move(old_);
    return false;
  }
  for (int v : old_.inputs) fresh_.inputs.push_back(map_[v]);
  for (int v : old_.outputs) fresh_.outputs.push_back(map_[v]);
  for (auto& [variable, v] : old_.updates) fresh_.updates.emplace_back(std::move(variable), map_[v]);
  target_ = std::move(fresh_);
  return true;
}

std::vector<int> use_counts(const Graph& graph) {
  std::vector<int> uses(graph.values.size());
  for (const GraphNode& n : graph.nodes)
    for (int v : n.inputs) ++uses[v];
  for (int v : graph.outputs) ++uses[v];
  for (const auto& [variable, v] : graph.updates) ++uses[v];
  return uses;
}

std::optional<double> repeated_value(const Graph& graph, int v) {
  const GraphNode& n = graph.nodes[graph.values[v].node];
  if (n.kind == GraphNode::Kind::constant && n.constant.size() == 1 && n.constant.dtype() != DType::string)
    return n.constant.at(0);
  if (auto* full = n.as<FullOp>()) return full->value;
  return std::nullopt;
}

Tensor repeated_tensor(const Graph& graph, int v) {
  const GraphNode& n = graph.nodes[graph.values[v].node];
  if (n.kind == GraphNode::Kind::constant && n.constant.size() == 1)
    return Tensor::on(n.constant.node()->buffer, {}, n.constant.dtype());
  if (auto* full = n.as<FullOp>()) return Tensor::scalar_of(full->value, full->dtype);
  return {};
}

}  // namespace lamina::passes
