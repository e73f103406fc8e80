#include "backends/graph/trace.h"

#include "backends/core/autodiff.h"
#include "backends/core/constant_value.h"
#include "backends/core/pooled.h"

namespace lamina {

namespace {
std::atomic<uint64_t> next_trace{1};
}

Engine& trace_engine(Trace& trace) { return trace; }
uint64_t trace_id(const Trace& trace) { return trace.id(); }
bool trace_reaches(const Trace& trace, uint64_t id) { return trace.reaches(id); }

Trace::Trace(Kind kind)
    : id_(next_trace++), kind_(kind), outer_(kind == Kind::sub_function ? current_trace() : nullptr) {
  graph_.nodes.reserve(32);
  graph_.values.reserve(32);
}

Tensor Trace::wrap(int value) {
  auto node = make_pooled<TensorNode>(graph_.values[value].spec.shape, graph_.values[value].spec.dtype);
  node->trace = id_;
  node->value = value;
  return Tensor(std::move(node));
}

Tensor Trace::add_input(const TensorSpec& spec) {
  int value = graph_.add_leaf(GraphNode::Kind::input, spec);
  graph_.inputs.push_back(value);
  return wrap(value);
}

int Trace::capture(const Tensor& t) {
  auto [slot, fresh] = constants_.try_emplace(t.node(), -1);
  if (fresh) {
    slot->second = add_input(t.spec()).node()->value;
    captured_.push_back(t);  // also keeps the key alive
  }
  return slot->second;
}

int Trace::value_of(const Tensor& t) {
  if (t.traced() && t.node()->trace == id_) return t.node()->value;
  // Numbers stay constants, for the passes to see.
  if (kind_ == Kind::sub_function && (t.traced() || t.size() > 1 || t.node()->producer || t.node()->variable))
    return capture(t);
  auto [slot, fresh] = constants_.try_emplace(t.node(), -1);
  if (fresh) {
    slot->second = graph_.add_leaf(GraphNode::Kind::constant, t.spec());
    graph_.nodes.back().constant = t;  // also keeps the key alive
    t.raw();                           // throws if it has no data
  }
  return slot->second;
}

Tensors Trace::apply(const Op& op, std::span<const Tensor> inputs) {
  std::vector<TensorSpec> specs;
  Ids ids;
  specs.reserve(inputs.size());
  ids.reserve(inputs.size());
  for (const Tensor& t : inputs) {
    specs.push_back(t.spec());
    ids.push_back(value_of(t));
  }
  Tensors out;
  for (int v : graph_.add_op(op, std::move(ids), infer_checked(*op, specs))) out.push_back(wrap(v));
  record_producer(op, inputs, out);
  return out;
}

Tensor Trace::read(VariableState& variable) {
  auto [found, fresh] = slot_of_.try_emplace(variable.id, slots_.size());
  if (fresh) {
    int value;
    if (kind_ == Kind::sub_function) {
      value = capture(outer_ ? outer_->read(variable) : eager_engine().read(variable));
    } else {
      value = graph_.add_leaf(GraphNode::Kind::variable, {variable.shape, variable.dtype});
      graph_.nodes.back().variable = variable.shared_from_this();
    }
    Tensor t = wrap(value);
    t.node()->variable = variable.id;
    slots_.push_back({variable.shared_from_this(), t, false});
  }
  return slots_[found->second].current;
}

void Trace::assign(VariableState& variable, const Tensor& value) {
  Tensor traced = value.traced() && value.node()->trace == id_ ? value : wrap(value_of(value));
  // A node of its own, so that later reads count as reads of the variable.
  Tensor fresh = wrap(traced.node()->value);
  fresh.node()->variable = variable.id;
  fresh.node()->producer = traced.node()->producer;
  fresh.node()->output = traced.node()->output;
  auto [found, is_new] = slot_of_.try_emplace(variable.id, slots_.size());
  if (is_new) slots_.push_back({variable.shared_from_this(), {}, false});
  slots_[found->second].current = fresh;
  slots_[found->second].assigned = true;
}

Tensor Trace::constant_of(int value, int depth) const {
  constexpr int kDeepest = 64;
  constexpr int64_t kMostElements = 4096;
  const GraphNode& n = graph_.nodes[static_cast<size_t>(graph_.values[static_cast<size_t>(value)].node)];
  if (n.kind == GraphNode::Kind::constant) return n.constant;
  if (n.kind != GraphNode::Kind::op || depth > kDeepest) return {};
  for (int v : n.outputs)
    if (graph_.values[static_cast<size_t>(v)].spec.shape.elements() > kMostElements) return {};
  Tensors inputs;
  for (int v : n.inputs) {
    inputs.push_back(constant_of(v, depth + 1));
    if (!inputs.back().defined()) return {};
  }
  EagerScope eager;
  return eager_engine().apply(
      n.op, inputs)[static_cast<size_t>(std::find(n.outputs.begin(), n.outputs.end(), value) - n.outputs.begin())];
}

Tensor constant_value(const Tensor& t) {
  if (t.has_data()) return t;
  const Trace* trace = current_trace();
  return trace && t.traced() && t.node()->trace == trace->id() ? trace->constant_of(t.node()->value) : Tensor();
}

Graph Trace::finish(std::span<const Tensor> outputs) {
  for (const Tensor& t : outputs) graph_.outputs.push_back(value_of(t));
  for (const Slot& s : slots_)
    if (s.assigned) graph_.updates.emplace_back(s.variable, s.current.node()->value);
  return std::move(graph_);
}

TraceScope::TraceScope(Trace& trace) : saved_(detail::trace), tapes_(detail::tapes) { detail::trace = &trace; }
TraceScope::~TraceScope() {
  detail::trace = saved_;
  detail::tapes = tapes_;
}

}  // namespace lamina
