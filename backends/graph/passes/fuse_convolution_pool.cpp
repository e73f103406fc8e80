#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/convolution/fused.h"

namespace lamina::passes {

namespace {

template <class P>
const P* op_of(const Graph& g, int v) {
  return g.nodes[g.values[v].node].as<P>();
}

}  // namespace

bool fuse_convolution_pool(Graph& graph) {
  const std::vector<int> uses = use_counts(graph);
  // By the node that takes the other with it, the other.
  std::unordered_map<int, int> pairs, absorbed;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& n = graph.nodes[i];
    int between = -1;
    if (auto* conv = n.as<MaxPoolOp>() ? op_of<FusedConvolutionOp>(graph, n.inputs[0]) : nullptr;
        conv && conv->epilogue.bias && !conv->epilogue.residual)
      between = n.inputs[0];
    if (n.as<FusedConvolutionWeightGradOp>() && op_of<MaxPoolScatterOp>(graph, n.inputs[1])) between = n.inputs[1];
    if (between < 0 || uses[between] != 1) continue;
    pairs[static_cast<int>(i)] = graph.values[between].node;
    absorbed[graph.values[between].node] = 1;
  }
  if (pairs.empty()) return false;
  Rebuild r(graph);
  const Graph& g = r.old();
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    const GraphNode& n = g.nodes[i];
    auto at = pairs.find(static_cast<int>(i));
    if (at == pairs.end()) {
      if (!absorbed.count(static_cast<int>(i))) r.keep(n);
      continue;
    }
    const GraphNode& other = g.nodes[at->second];
    Ids inputs;
    Op fused;
    if (auto* pool = n.as<MaxPoolOp>()) {
      auto* conv = static_cast<const FusedConvolutionOp*>(other.op.get());
      fused = make_op<FusedConvolutionPoolOp>(conv->plain.window, conv->plain.groups, conv->epilogue.relu,
                                              pool->windows, pool->indexed);
      for (int v : other.inputs) inputs.push_back(r.at(v));
    } else {
      auto* grad = static_cast<const FusedConvolutionWeightGradOp*>(n.op.get());
      auto* scatter = static_cast<const MaxPoolScatterOp*>(other.op.get());
      fused = make_op<FusedConvolutionPoolWeightGradOp>(grad->plain.window, grad->plain.groups, grad->plain.sizes,
                                                        scatter->windows, scatter->input);
      inputs = {r.at(n.inputs[0]), r.at(other.inputs[0]), r.at(other.inputs[1])};
    }
    const Ids out = r.add(fused, std::move(inputs));
    for (size_t o = 0; o < out.size(); ++o) r.replace(n.outputs[o], out[o]);
  }
  return r.finish();
}

}  // namespace lamina::passes
