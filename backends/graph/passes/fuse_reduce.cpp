// Reductions take the elementwise program that they reduce with them, where nobody else reads it.
#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/elementwise/fused.h"
#include "backends/ops/reduce/fused_reduce.h"

namespace lamina::passes {

namespace {

std::optional<ElementwiseProgram> program_at(const Graph& g, const GraphNode& n) {
  if (const auto* fused = n.as<FusedElementwiseOp>())
    return n.outputs.size() == 1 ? std::optional(fused->program) : std::nullopt;
  if (!n.op || !elementwise(*n.op)) return std::nullopt;
  std::vector<TensorSpec> in;
  for (int v : n.inputs) in.push_back(g.values[v].spec);
  const TensorSpec& out = g.values[n.outputs[0]].spec;
  Instruction i;
  if (!instruction_of(*n.op, in, out, i) || !supported(i)) return std::nullopt;
  return program_of({*n.op, in, std::span(&out, 1), {}});
}

}  // namespace

bool fuse_reduce(Graph& graph) {
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(),
                   [](const GraphNode& n) { return n.as<ReduceOp>() != nullptr; }))
    return false;
  Rebuild r(graph);
  const Graph& g = r.old();
  const std::vector<int> uses = use_counts(g);
  // A program is left out where it stands, and written with its reduction, whose inputs are then the program's.
  std::unordered_map<int, ElementwiseProgram> programs;  // by the node that they come from
  std::unordered_map<int, int> taken;                    // reductions, and the node that each takes
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    if (!g.nodes[i].as<ReduceOp>()) continue;
    const int value = g.nodes[i].inputs[0], maker = g.values[value].node;
    if (uses[value] != 1) continue;
    auto program = program_at(g, g.nodes[maker]);
    if (!program) continue;
    programs.emplace(maker, std::move(*program));
    taken.emplace(static_cast<int>(i), maker);
  }
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    const int node = static_cast<int>(i);
    if (programs.count(node)) continue;
    const auto found = taken.find(node);
    if (found == taken.end()) {
      r.keep(g.nodes[i]);
      continue;
    }
    const ReduceOp& reduce = *g.nodes[i].as<ReduceOp>();
    const GraphNode& maker = g.nodes[found->second];
    Ids inputs;
    for (int v : maker.inputs) inputs.push_back(r.at(v));
    const Op op = make_op<FusedReduceOp>(programs.at(found->second), g.values[maker.outputs[0]].spec.shape, reduce.kind,
                                         reduce.axes, reduce.keepdims);
    r.replace(g.nodes[i].outputs[0], r.emit(op, inputs));
  }
  return r.finish();
}

}  // namespace lamina::passes
