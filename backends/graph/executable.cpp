#include "backends/graph/executable.h"

#include "backends/core/engine.h"

namespace lamina {

namespace {
size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
size_t bytes_of(const TensorSpec& s) { return static_cast<size_t>(s.shape.elements()) * size_of(s.dtype); }
}  // namespace

Executable::Executable(Graph graph) : graph_(std::move(graph)) {
  const size_t count = graph_.values.size();
  root_.resize(count);
  places_.resize(count);
  for (size_t v = 0; v < count; ++v) root_[v] = static_cast<int>(v);
  for (const GraphNode& n : graph_.nodes)
    if (n.op && n.op->alias()) root_[n.outputs[0]] = root_[n.inputs[0]];

  int argument = 0;
  for (int v : graph_.inputs) places_[v] = {Place::Kind::input, 0, argument++};
  for (const GraphNode& n : graph_.nodes) {
    if (n.kind == GraphNode::Kind::variable) {
      places_[n.outputs[0]] = {Place::Kind::variable, 0, static_cast<int>(variables_.size())};
      variables_.push_back(n.variable);
    } else if (n.kind == GraphNode::Kind::constant) {
      places_[n.outputs[0]].kind = Place::Kind::constant;
    }
  }
  auto mark_result = [&](int v) {
    Place& p = places_[root_[v]];
    if (p.kind != Place::Kind::arena) return;
    p = {Place::Kind::result, 0, static_cast<int>(results_.size())};
    results_.push_back(root_[v]);
  };
  for (int v : graph_.outputs) mark_result(v);
  for (const auto& [variable, v] : graph_.updates) mark_result(v);

  // Last use of each arena value, then first-fit over the blocks alive at the same time.
  std::vector<int> last(count, -1);
  for (size_t i = 0; i < graph_.nodes.size(); ++i)
    for (int v : graph_.nodes[i].inputs) last[root_[v]] = static_cast<int>(i);
  struct Block { size_t from, to; int until; };
  std::vector<Block> live;
  size_t scratch = 0;
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const GraphNode& n = graph_.nodes[i];
    std::erase_if(live, [&](const Block& b) { return b.until < static_cast<int>(i); });
    if (n.kind != GraphNode::Kind::op || n.op->alias()) continue;
    std::vector<TensorSpec> in, out;
    for (int v : n.inputs) in.push_back(graph_.values[v].spec);
    for (int v : n.outputs) out.push_back(graph_.values[v].spec);
    Call call{bind_kernel(Device::cpu, {*n.op, in, out, {}}), n.inputs, n.outputs};
    scratch = std::max(scratch, call.kernel.scratch_bytes);
    for (int v : n.outputs) {
      if (places_[v].kind != Place::Kind::arena) continue;
      size_t bytes = std::max<size_t>(64, aligned(bytes_of(graph_.values[v].spec))), at = 0;
      std::sort(live.begin(), live.end(), [](const Block& a, const Block& b) { return a.from < b.from; });
      for (const Block& b : live) {
        if (at + bytes <= b.from) break;
        at = std::max(at, b.to);
      }
      live.push_back({at, at + bytes, std::max(last[v], static_cast<int>(i))});
      places_[v].offset = at;
      arena_bytes_ = std::max(arena_bytes_, at + bytes);
    }
    calls_.push_back(std::move(call));
  }
  scratch_offset_ = arena_bytes_;
  arena_bytes_ += aligned(scratch);
}

BufferPtr Executable::take_arena() {
  {
    std::lock_guard<std::mutex> lock(arenas_mutex_);
    if (!arenas_.empty()) {
      BufferPtr arena = std::move(arenas_.back());
      arenas_.pop_back();
      return arena;
    }
  }
  return allocate(std::max<size_t>(64, arena_bytes_));
}

void Executable::give_back(BufferPtr arena) {
  std::lock_guard<std::mutex> lock(arenas_mutex_);
  arenas_.push_back(std::move(arena));
}

Tensors Executable::run(std::span<const Tensor> inputs) {
  BufferPtr arena = take_arena();
  char* base = static_cast<char*>(arena->data());
  std::vector<Tensor> held(variables_.size()), results;
  for (size_t i = 0; i < variables_.size(); ++i) held[i] = variables_[i]->value;
  for (int v : results_) results.push_back(Tensor::empty(graph_.values[v].spec.shape, graph_.values[v].spec.dtype));
  auto tensor_at = [&](int v) -> Tensor {  // of a value that lives outside the arena
    const Place& p = places_[root_[v]];
    switch (p.kind) {
      case Place::Kind::input: return inputs[p.index];
      case Place::Kind::variable: return held[p.index];
      case Place::Kind::constant: return graph_.nodes[graph_.values[root_[v]].node].constant;
      default: return results[p.index];
    }
  };
  auto pointer = [&](int v) -> void* {
    const Place& p = places_[root_[v]];
    return p.kind == Place::Kind::arena ? base + p.offset : tensor_at(v).mutable_raw();
  };
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const Call& call : calls_) {
    in.clear();
    out.clear();
    for (int v : call.inputs) in.push_back(pointer(v));
    for (int v : call.outputs) out.push_back(pointer(v));
    call.kernel.run(in.data(), out.data(), base + scratch_offset_);
  }
  auto leaving = [&](int v) {
    const TensorSpec& spec = graph_.values[v].spec;
    return Tensor::on(tensor_at(v).node()->buffer, spec.shape, spec.dtype);
  };
  Tensors returned;
  for (int v : graph_.outputs) returned.push_back(leaving(v));
  Tensors updated;
  for (const auto& [variable, v] : graph_.updates) updated.push_back(leaving(v));
  for (size_t i = 0; i < updated.size(); ++i) eager_engine().assign(*graph_.updates[i].first, updated[i]);
  give_back(std::move(arena));
  return returned;
}

}  // namespace lamina
