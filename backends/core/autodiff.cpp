#include "backends/core/autodiff.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "backends/core/arithmetic.h"
#include "backends/core/engine.h"
#include "backends/core/pooled.h"
#include "backends/core/variable.h"

namespace lamina {

TapeScope::TapeScope() { ++detail::tapes; }
TapeScope::~TapeScope() { --detail::tapes; }
NoGradScope::NoGradScope() : saved_(detail::tapes) { detail::tapes = 0; }
NoGradScope::~NoGradScope() { detail::tapes = saved_; }
bool recording() { return detail::tapes > 0 || detail::trace; }

GradientSource::GradientSource(const Variable& v) : variable(v.state().id) {}

void release_producer(std::shared_ptr<Producer> producer) {
  // Dropping a tensor may drop its producer, which drops tensors, ...: unrolled into a loop.
  // Destructors call this: the list is one of the producers themselves, because there may be no memory for another.
  if (producer.use_count() > 1) return;
  thread_local std::shared_ptr<Producer>* pending = nullptr;
  if (pending) {
    producer->next_released = std::move(*pending);
    *pending = std::move(producer);
    return;
  }
  std::shared_ptr<Producer> list = std::move(producer);
  pending = &list;
  while (list) {
    std::shared_ptr<Producer> next = std::move(list);
    list = std::move(next->next_released);
    next.reset();
  }
  pending = nullptr;
}

Tensor output_of(const std::shared_ptr<Producer>& p, int index) {
  auto& out = p->outputs[index];
  if (auto node = out.node.lock()) return Tensor(std::move(node));
  auto node = make_pooled<TensorNode>(out.spec.shape, out.spec.dtype);
  node->buffer = out.buffer;
  node->value = out.value;
  node->trace = p->trace;
  node->producer = p;
  node->output = index;
  out.node = node;
  return Tensor(std::move(node));
}

void record_producer(const Op& op, std::span<const Tensor> inputs, std::span<Tensor> outputs) {
  // No gradient flows through truth values and whole numbers. Remembered, a mask made from the tensor that carries it
  // would keep that tensor alive for ever.
  if (std::none_of(outputs.begin(), outputs.end(), [](const Tensor& t) { return is_float(t.dtype()); })) return;
  auto producer = std::make_shared<Producer>();
  producer->op = op;
  producer->inputs.assign(inputs.begin(), inputs.end());
  for (size_t i = 0; i < outputs.size(); ++i) {
    TensorNode* node = outputs[i].node();
    producer->outputs.push_back({outputs[i].spec(), node->buffer, node->value, outputs[i].pointer()});
    producer->trace = node->trace;
    node->producer = producer;
    node->output = static_cast<int>(i);
  }
}

namespace {

// Producers in topological order (inputs first), found without recursion, that lead to a source.
class Walk {
 public:
  Walk(std::span<const Tensor> outputs, std::span<const GradientSource> sources) {
    for (const auto& s : sources) {
      if (s.tensor.defined())
        nodes_.insert(s.tensor.node());
      else
        variables_.insert(s.variable);
    }
    struct Frame {
      std::shared_ptr<Producer> producer;
      size_t next = 0;
    };
    std::vector<Frame> stack;
    auto visit = [&](const Tensor& t) {
      const auto& p = t.node()->producer;
      if (p && seen_.insert(p.get()).second) stack.push_back({p});
    };
    for (const Tensor& t : outputs) {
      visit(t);
      while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next < top.producer->inputs.size()) {
          const Tensor input = top.producer->inputs[top.next++];
          visit(input);  // may reallocate the stack: `top` is not used after this
        } else {
          bool on_path = false;
          for (const Tensor& in : top.producer->inputs) on_path |= leads_to_source(in);
          on_path &= top.producer->op->differentiable();
          if (on_path) useful_.insert(top.producer.get());
          order_.push_back(std::move(top.producer));
          stack.pop_back();
        }
      }
    }
  }

  bool is_source(const Tensor& t) const {
    return nodes_.count(t.node()) || (t.node()->variable && variables_.count(t.node()->variable));
  }
  bool leads_to_source(const Tensor& t) const {
    return is_source(t) || (t.node()->producer && useful_.count(t.node()->producer.get()));
  }
  const std::vector<std::shared_ptr<Producer>>& order() const { return order_; }
  bool useful(Producer* p) const { return useful_.count(p); }

 private:
  std::unordered_set<TensorNode*> nodes_;
  std::unordered_set<uint64_t> variables_;
  std::unordered_set<Producer*> seen_, useful_;
  std::vector<std::shared_ptr<Producer>> order_;
};

}  // namespace

Tensors gradients(std::span<const Tensor> outputs, std::span<const GradientSource> sources,
                  std::span<const Tensor> output_grads) {
  Walk walk(outputs, sources);
  std::unordered_map<TensorNode*, Tensor> grads;
  std::unordered_map<TensorNode*, Tensor> keep;  // keeps the keys alive
  auto accumulate = [&](const Tensor& at, const Tensor& grad) {
    if (!grad.defined() || !is_float(at.dtype())) return;
    if (grad.shape() != at.shape())
      throw RuntimeError("A gradient of shape ", grad.shape(), " arrived at a tensor of shape ", at.shape(), ".");
    Tensor cast = grad.dtype() == at.dtype() ? grad : arithmetic::cast(grad, at.dtype());
    auto [slot, fresh] = grads.try_emplace(at.node(), cast);
    if (fresh)
      keep.emplace(at.node(), at);
    else
      slot->second = arithmetic::add(slot->second, cast);
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!walk.leads_to_source(outputs[i])) continue;
    if (output_grads.size() > i && output_grads[i].defined())
      accumulate(outputs[i], output_grads[i]);
    else
      accumulate(outputs[i], arithmetic::full(outputs[i].shape(), 1.0, outputs[i].dtype()));
  }
  const auto& order = walk.order();
  for (size_t k = order.size(); k-- > 0;) {
    const auto& p = order[k];
    if (!walk.useful(p.get())) continue;
    Tensors outs, gs;
    bool any = false;
    for (size_t i = 0; i < p->outputs.size(); ++i) {
      outs.push_back(output_of(p, static_cast<int>(i)));
      auto found = grads.find(outs[i].node());
      gs.push_back(found == grads.end() ? Tensor() : found->second);
      any |= gs.back().defined();
    }
    if (!any) continue;
    std::vector<char> needed;
    for (const Tensor& in : p->inputs) needed.push_back(walk.leads_to_source(in));
    Tensors in_grads = p->op->vjp({p->inputs, outs, gs, needed});
    for (size_t i = 0; i < in_grads.size() && i < p->inputs.size(); ++i)
      if (needed[i]) accumulate(p->inputs[i], in_grads[i]);
    for (const Tensor& t : outs)
      if (!walk.is_source(t)) grads.erase(t.node()), keep.erase(t.node());
  }
  Tensors result(sources.size());
  for (size_t s = 0; s < sources.size(); ++s) {
    for (const auto& [node, at] : keep) {
      bool match = sources[s].tensor.defined() ? sources[s].tensor.node() == node
                                               : sources[s].variable == node->variable && node->variable;
      if (!match) continue;
      const Tensor& g = grads.at(node);
      result[s] = result[s].defined() ? arithmetic::add(result[s], g) : g;
    }
  }
  return result;
}

}  // namespace lamina
