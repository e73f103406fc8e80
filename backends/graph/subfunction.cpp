// The graph engine's sub-functions: a graph each, optimised and made ready once.
#include "backends/core/subfunction.h"

#include <atomic>
#include <mutex>

#include "backends/core/engine.h"
#include "backends/core/variable.h"
#include "backends/graph/executable.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"

namespace lamina {

namespace {

class GraphSubFunction final : public SubFunction {
 public:
  explicit GraphSubFunction(Graph graph) : graph_(std::move(graph)) {
    static std::atomic<uint64_t> next{1};
    key_ = text("f", next++);
    for (int v : graph_.inputs) inputs_.push_back(graph_.values[v].spec);
    for (int v : graph_.outputs) outputs_.push_back(graph_.values[v].spec);
  }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }
  const std::string& key() const override { return key_; }

  Tensors call(std::span<const Tensor> inputs) const override {
    Tensors values(graph_.values.size());
    for (size_t i = 0; i < graph_.inputs.size(); ++i) values[graph_.inputs[i]] = inputs[i];
    Tensors in;
    for (const GraphNode& n : graph_.nodes) {
      if (n.kind == GraphNode::Kind::constant) values[n.outputs[0]] = n.constant;
      if (n.kind != GraphNode::Kind::op) continue;
      in.clear();
      for (int v : n.inputs) in.push_back(values[v]);
      Tensors out = lamina::apply(n.op, std::span<const Tensor>(in));
      for (size_t i = 0; i < out.size(); ++i) values[n.outputs[i]] = std::move(out[i]);
    }
    Tensors out;
    for (int v : graph_.outputs) out.push_back(values[v]);
    return out;
  }

  Bound bind(Device device) const override {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found =
        std::find_if(executables_.begin(), executables_.end(), [&](const auto& e) { return e->device() == device; });
    if (found == executables_.end()) {
      Graph copy = graph_;
      passes::optimize(copy, device);
      found = executables_.insert(executables_.end(), std::make_shared<Executable>(std::move(copy), device));
    }
    return {[executable = *found](const void* const* inputs, void* const* outputs) {
              executable->run_into(inputs, outputs);
            },
            (*found)->recordable()};
  }

 private:
  const Graph graph_;  // as traced: call() replays it
  std::vector<TensorSpec> inputs_, outputs_;
  std::string key_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<Executable>> executables_;  // one per device
};

}  // namespace

TracedSubFunction trace_subfunction(const SubFunctionBody& body, std::span<const TensorSpec> inputs) {
  Trace trace(Trace::Kind::sub_function);
  TracedSubFunction out;
  Tensors arguments;
  for (const TensorSpec& s : inputs) arguments.push_back(trace.add_input(s));
  Graph graph;
  {
    TraceScope scope(trace);
    Tensors results = body(arguments);
    graph = trace.finish(results);
  }
  out.captured = trace.captured();
  for (const auto& [variable, value] : graph.updates) {
    graph.outputs.push_back(value);
    TracedSubFunction::Assigned assigned{variable};
    for (size_t i = 0; i < out.captured.size(); ++i)
      if (out.captured[i].node()->variable == variable->id) assigned.captured = static_cast<int>(i);
    out.assigned.push_back(std::move(assigned));
  }
  graph.updates.clear();
  out.function = std::make_shared<GraphSubFunction>(std::move(graph));
  return out;
}

void store_assigned(const std::vector<TracedSubFunction::Assigned>& assigned, std::span<const Tensor> values) {
  AutocastScope off(std::nullopt);
  for (size_t i = 0; i < assigned.size(); ++i) Variable(assigned[i].variable).assign(values[i]);
}

}  // namespace lamina
