#include "backends/graph/executable.h"

#include "backends/core/device_copy.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/graph/memory_plan.h"

namespace lamina {

namespace {
constexpr size_t kFewestRecorded = 4;  // calls

bool may_share(const BoundKernel& k, int input, int output) {
  return k.in_place || std::find(k.sharing.begin(), k.sharing.end(), std::pair(input, output)) != k.sharing.end();
}
}  // namespace

Executable::Executable(Graph graph, Device device, std::shared_ptr<Arenas> arenas)
    : graph_(std::move(graph)), device_(device), kept_(device), arenas_(std::move(arenas)) {
  constants_.resize(graph_.nodes.size());
  for (size_t i = 0; i < graph_.nodes.size(); ++i)
    if (graph_.nodes[i].kind == GraphNode::Kind::constant)
      constants_[i] = copy_on(device_, graph_.nodes[i].constant.node()->buffer);
  assign_places();
  bind();
}

void Executable::run_into(const void* const* inputs, void* const* outputs) {
  if (!variables_.empty() || !updates_.empty()) throw RuntimeError("A sub-function holds no variables.");
  const Lease lease(*this);
  Context& c = *lease;
  void** slot = c.slots.data();
  for (size_t i = 0; i < graph_.inputs.size(); ++i) *slot++ = const_cast<void*>(inputs[i]);
  for (int output : result_output_) *slot++ = outputs[output];
  void** table = c.table.data();
  for (const Patch& p : patches_) table[p.at] = c.slots[p.slot];
  void* scratch = static_cast<char*>(c.base) + scratch_offset_;
  run_calls(table, scratch, 0, calls_.size());
  for (size_t i = 0; i < graph_.outputs.size();
       ++i) {  // what no kernel wrote: arguments, constants, a value that leaves twice
    const Place& p = places_[root_[graph_.outputs[i]]];
    const void* from = p.kind == Place::Kind::input      ? inputs[p.index]
                       : p.kind == Place::Kind::constant ? constants_[p.index]->data()
                                                         : outputs[result_output_[p.index]];
    if (from != outputs[i]) copy_within(device_, outputs[i], from, bytes_of(graph_.values[graph_.outputs[i]].spec));
  }
}

Executable::~Executable() = default;

int Executable::variables_in_place() const {
  return static_cast<int>(std::count_if(updates_.begin(), updates_.end(), [](const Update& u) { return u.in_place; }));
}

void Executable::assign_places() {
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
      places_[n.outputs[0]] = {Place::Kind::constant, 0, graph_.values[n.outputs[0]].node};
    }
  }
  overwritten_.assign(variables_.size(), 0);
  // What leaves the function gets memory of its own; an update that goes nowhere else may use the variable's.
  std::vector<int> leaving(count, 0);
  for (int v : graph_.outputs) ++leaving[root_[v]];
  for (const auto& [variable, v] : graph_.updates) ++leaving[root_[v]];
  for (const auto& [variable, v] : graph_.updates) {
    Update u{variable, v};
    Place& p = places_[root_[v]];
    if (p.kind == Place::Kind::arena && leaving[root_[v]] == 1) {
      u.direct = true;
      p = {Place::Kind::update, 0, static_cast<int>(updates_.size())};
    }
    updates_.push_back(std::move(u));
  }
  find_kept(leaving);
  for (size_t v = 0; v < count; ++v)
    if (leaving[v] && places_[v].kind == Place::Kind::arena) {
      places_[v] = {Place::Kind::result, 0, static_cast<int>(results_.size())};
      results_.push_back(static_cast<int>(v));
    }
  for (int root : results_) {
    size_t i = 0;
    while (i < graph_.outputs.size() && root_[graph_.outputs[i]] != root) ++i;
    result_output_.push_back(static_cast<int>(i));
  }
}

void Executable::find_kept(const std::vector<int>& leaving) {
  const size_t count = graph_.values.size();
  steady_.assign(count, 0);
  std::vector<char> constant(count, 0);
  for (const GraphNode& n : graph_.nodes) {
    if (n.kind == GraphNode::Kind::variable) {
      bool updated = false;
      for (const auto& [variable, v] : graph_.updates) updated |= variable == n.variable;
      steady_[n.outputs[0]] = !updated;
    } else if (n.kind == GraphNode::Kind::constant) {
      constant[n.outputs[0]] = 1;
    } else if (n.kind == GraphNode::Kind::op && !n.op->alias()) {
      bool from_variables = false, all = true;
      for (int v : n.inputs) {
        from_variables |= steady_[root_[v]];
        all &= steady_[root_[v]] || constant[root_[v]];
      }
      for (int v : n.outputs) all &= !leaving[v] && places_[v].kind == Place::Kind::arena;
      if (!all || !from_variables) continue;
      for (int v : n.outputs) {
        steady_[v] = 1;
        places_[v] = {Place::Kind::kept, 0, kept_.add(bytes_of(graph_.values[v].spec))};
      }
    }
  }
}

KeptValues::Origin Executable::origin_of(int root) const {
  const Place& p = places_[root];
  if (p.kind == Place::Kind::variable) return {variables_[p.index], {}, -1};
  if (p.kind == Place::Kind::constant) return {nullptr, graph_.nodes[p.index].constant, -1};
  return {nullptr, {}, p.index};
}

std::vector<const void*> Executable::kept_memory() {
  std::vector<const void*> out;
  if (auto kept = kept_.current())
    for (const BufferPtr& b : kept->buffers)
      if (b) out.push_back(b->data());
  return out;
}

void Executable::bind() {
  const int count = static_cast<int>(graph_.nodes.size());
  std::vector<int> last(graph_.values.size(), -1);  // the last node that reads a root; results outlive all
  for (int i = 0; i < count; ++i)
    for (int v : graph_.nodes[i].inputs) last[root_[v]] = i;
  for (int v : graph_.outputs) last[root_[v]] = count;
  for (const auto& [variable, v] : graph_.updates) last[root_[v]] = count;

  std::unordered_map<const VariableState*, int> place_of_variable;
  for (const GraphNode& n : graph_.nodes)
    if (n.kind == GraphNode::Kind::variable) place_of_variable[n.variable.get()] = n.outputs[0];

  MemoryPlan memory;
  size_t scratch = 0;
  std::vector<std::pair<uint32_t, int>> prepared_at;  // table entries of prepared inputs, and their numbers
  read_.assign(variables_.size(), 0);
  auto prepared_number = [&](int root, Preparation& p) {
    const int number = kept_.add(p.bytes);
    kept_.compute(
        p.layout, {origin_of(root)}, {number},
        [make = std::move(p.make)](const void* const* in, void* const* out, void*) { make(in[0], out[0]); }, 0);
    kept_.need(number);
    return number;
  };
  auto bytes_at = [&](int v) { return bytes_of(graph_.values[v].spec); };
  auto runs = [](const GraphNode& n) { return n.kind == GraphNode::Kind::op && !n.op->alias(); };
  std::vector<BoundKernel> kernels(graph_.nodes.size());
  std::vector<uint32_t> steady_inputs(graph_.nodes.size());
  std::vector<TensorSpec> in, out;
  for (int i = 0; i < count; ++i) {
    const GraphNode& n = graph_.nodes[i];
    if (!runs(n)) continue;
    in.clear();
    out.clear();
    for (int v : n.inputs) in.push_back(graph_.values[v].spec);
    for (int v : n.outputs) out.push_back(graph_.values[v].spec);
    KernelRequest request{*n.op, in, out, {}};
    for (size_t k = 0; k < n.inputs.size() && k < 32; ++k)
      if (steady_[root_[n.inputs[k]]]) request.steady |= 1u << k;
    kernels[i] = bind_kernel(device_, request);
    steady_inputs[i] = request.steady;
  }
  // All uses of a root by a node must be such that its output o may take the root's memory.
  auto may_take = [&](int i, int root, int o) {
    const GraphNode& n = graph_.nodes[i];
    for (size_t k = 0; k < n.inputs.size(); ++k)
      if (root_[n.inputs[k]] == root &&
          !(bytes_at(n.inputs[k]) == bytes_at(n.outputs[o]) && may_share(kernels[i], static_cast<int>(k), o)))
        return false;
    return true;
  };
  // What a result is made from in place has the result's memory already.
  for (int i = count; i-- > 0;) {
    const GraphNode& n = graph_.nodes[i];
    if (!runs(n)) continue;
    for (size_t o = 0; o < n.outputs.size(); ++o) {
      if (places_[n.outputs[o]].kind != Place::Kind::result) continue;
      for (int v : n.inputs) {
        const int root = root_[v];
        if (places_[root].kind != Place::Kind::arena || last[root] != i || !may_take(i, root, static_cast<int>(o)))
          continue;
        places_[root] = places_[n.outputs[o]];
        break;
      }
    }
  }
  for (int i = 0; i < count; ++i) {
    const GraphNode& n = graph_.nodes[i];
    if (!runs(n)) continue;
    BoundKernel& kernel = kernels[i];
    if (places_[n.outputs[0]].kind == Place::Kind::kept) {
      std::vector<KeptValues::Origin> origins;
      std::vector<int> numbers;
      for (int v : n.inputs) origins.push_back(origin_of(root_[v]));
      for (int v : n.outputs) numbers.push_back(places_[v].index);
      std::string name = n.op->key();
      for (int v : n.inputs) append_text(name, graph_.values[v].spec);  // a variable may stand there in another shape
      kept_.compute(name, std::move(origins), std::move(numbers), std::move(kernel.run), kernel.scratch_bytes);
      continue;
    }
    scratch = std::max(scratch, kernel.scratch_bytes);
    int prepared = -1;  // the input that the kernel gets prepared
    if (kernel.preparation && (steady_inputs[i] >> kernel.preparation->input & 1)) prepared = kernel.preparation->input;
    std::vector<int> given;  // dying inputs whose memory an output has taken
    for (size_t o = 0; o < n.outputs.size(); ++o) {
      Place& p = places_[n.outputs[o]];
      if (p.kind == Place::Kind::update) {
        Update& u = updates_[p.index];
        auto found = place_of_variable.find(u.variable.get());
        if (found == place_of_variable.end()) {
          u.in_place = true;  // the old value is not read at all
        } else {
          int old = found->second;
          u.in_place = last[old] < i || (last[old] == i && may_take(i, old, static_cast<int>(o)));
          if (u.in_place) overwritten_[places_[old].index] = 1;
        }
        continue;
      }
      if (p.kind != Place::Kind::arena) continue;
      bool taken = false;
      for (int v : n.inputs) {
        const int root = root_[v];
        if (places_[root].kind != Place::Kind::arena || last[root] != i) continue;
        if (std::find(given.begin(), given.end(), root) != given.end() || !may_take(i, root, static_cast<int>(o)))
          continue;
        given.push_back(root);
        p.offset = places_[root].offset;
        taken = true;
        break;
      }
      if (!taken) p.offset = memory.take(bytes_at(n.outputs[o]));
    }
    for (size_t k = 0; k < n.inputs.size(); ++k) {
      const int root = root_[n.inputs[k]];
      if (places_[root].kind != Place::Kind::arena || last[root] != i ||
          std::find(given.begin(), given.end(), root) != given.end())
        continue;
      memory.give_back(places_[root].offset, bytes_at(root));
      given.push_back(root);  // once
    }
    for (int v : n.outputs)
      if (places_[v].kind == Place::Kind::arena && last[v] < 0) memory.give_back(places_[v].offset, bytes_at(v));
    Call call{prepared < 0 ? std::move(kernel.run) : std::move(kernel.preparation->run),
              static_cast<uint32_t>(table_values_.size()), 0};
    for (size_t k = 0; k < n.inputs.size(); ++k) {
      const int root = root_[n.inputs[k]];
      if (static_cast<int>(k) == prepared) {
        const int index = prepared_number(root, *kernel.preparation);
        prepared_at.emplace_back(static_cast<uint32_t>(table_values_.size()), index);
        table_values_.push_back(-1);
        continue;
      }
      if (places_[root].kind == Place::Kind::variable) read_[places_[root].index] = 1;
      if (places_[root].kind == Place::Kind::kept) kept_.need(places_[root].index);
      table_values_.push_back(root);
    }
    call.outputs = static_cast<uint32_t>(table_values_.size());
    for (int v : n.outputs) table_values_.push_back(root_[v]);
    if (parts_.empty() || parts_.back().recordable != kernel.recordable)
      parts_.push_back({calls_.size(), calls_.size(), kernel.recordable});
    parts_.back().end = calls_.size() + 1;
    calls_.push_back(std::move(call));
    sources_.push_back({i, kernel.name});
  }
  scratch_offset_ = (memory.size() + 255) / 256 * 256;  // devices' libraries want their workspace so
  arena_bytes_ = scratch_offset_ + (scratch + 63) / 64 * 64;
  auto keep_place = [&](int v) {
    steady_offsets_.push_back(steady_bytes_);
    steady_bytes_ += (bytes_of(graph_.values[v].spec) + 255) / 256 * 256;
  };
  if (!device_.is_host()) {
    for (int v : graph_.inputs) keep_place(v);
    for (int v : results_) keep_place(v);
  }
  auto leaves = [&](int v) {
    if (const Place& p = places_[root_[v]]; p.kind == Place::Kind::variable) read_[p.index] = 1;
  };
  for (int v : graph_.outputs) leaves(v);
  for (const auto& [variable, v] : graph_.updates) leaves(v);
  for (const auto& [at, index] : prepared_at) patches_.push_back({at, slot_of({Place::Kind::kept, 0, index})});
  for (size_t t = 0; t < table_values_.size(); ++t) {
    if (table_values_[t] < 0) continue;
    const Place& p = places_[table_values_[t]];
    if (p.kind == Place::Kind::arena)
      arena_entries_.push_back({static_cast<uint32_t>(t), p.offset});
    else if (p.kind != Place::Kind::constant)
      patches_.push_back({static_cast<uint32_t>(t), slot_of(p)});
  }
}

// Changing pointers stand in one array: arguments, variables, results, updates, kept values.
uint32_t Executable::slot_of(const Place& p) const {
  size_t base = 0;
  if (p.kind == Place::Kind::input) return static_cast<uint32_t>(p.index);
  base += graph_.inputs.size();
  if (p.kind == Place::Kind::variable) return static_cast<uint32_t>(base + p.index);
  base += variables_.size();
  if (p.kind == Place::Kind::result) return static_cast<uint32_t>(base + p.index);
  base += results_.size();
  if (p.kind == Place::Kind::update) return static_cast<uint32_t>(base + p.index);
  base += updates_.size();
  return static_cast<uint32_t>(base + p.index);
}

std::unique_ptr<Executable::Context> Executable::make_context() const {
  auto c = std::make_unique<Context>();
  c->slots.resize(graph_.inputs.size() + variables_.size() + results_.size() + updates_.size() + kept_.size() +
                  1);  // the last one: the arena, for recordings
  c->held.resize(variables_.size());
  c->results.resize(results_.size());
  c->updates.resize(updates_.size());
  for (int v : table_values_) {
    const bool constant = v >= 0 && places_[v].kind == Place::Kind::constant;
    c->table.push_back(constant ? constants_[places_[v].index]->data() : nullptr);
  }
  return c;
}

Executable::Lease::Lease(Executable& owner) : owner_(owner), context_(owner.contexts_.take()) {
  if (!context_) context_ = owner.make_context();
  Context& c = *context_;
  c.arena = owner.arenas_->take(std::max<size_t>(64, owner.arena_bytes_), owner.device_);
  if (void* base = c.arena->memory->data(); base != c.base) {
    for (const ArenaEntry& e : owner.arena_entries_) c.table[e.at] = static_cast<char*>(base) + e.offset;
    c.base = base;
  }
}

Executable::Lease::~Lease() {
  Context& c = *context_;
  for (Tensor& t : c.held) t = Tensor();
  for (Tensor& t : c.results) t = Tensor();
  for (Tensor& t : c.updates) t = Tensor();
  c.kept = nullptr;
  c.copies.clear();
  owner_.arenas_->give_back(std::move(c.arena));
  owner_.contexts_.give_back(std::move(context_));
}

Tensor Executable::tensor_at(int value, const Context& c, std::span<const Tensor> inputs) const {
  const Place& p = places_[root_[value]];
  Tensor from;
  switch (p.kind) {
    case Place::Kind::input: from = inputs[p.index]; break;
    case Place::Kind::variable: from = c.held[p.index].defined() ? c.held[p.index] : variables_[p.index]->value; break;
    case Place::Kind::constant: from = graph_.nodes[p.index].constant; break;
    case Place::Kind::result: from = c.results[p.index]; break;
    default: from = c.updates[p.index]; break;
  }
  const TensorSpec& spec = graph_.values[value].spec;
  if (p.kind == Place::Kind::result && root_[value] == value && from.pointer().use_count() == 2) return from;
  return Tensor::on(from.node()->buffer, spec.shape, spec.dtype);
}

void Executable::finish_updates(Context& c, std::span<const Tensor> inputs) {
  // All new values first: one may be another variable's old value.
  for (size_t i = 0; i < updates_.size(); ++i)
    if (!updates_[i].direct || c.updates[i].defined()) c.updates[i] = tensor_at(updates_[i].value, c, inputs);
  for (size_t i = 0; i < updates_.size(); ++i)
    if (c.updates[i].defined()) eager_engine().assign(*updates_[i].variable, c.updates[i]);
}

// A tensor's bytes into memory of the device.
void Executable::write_to(void* memory, const Tensor& t) const {
  if (!t.has_data()) t.raw();  // throws
  const BufferPtr& buffer = t.node()->buffer;
  const size_t bytes = t.bytes();
  if (buffer->device() == device_)
    copy_within(device_, memory, buffer->data(), bytes);
  else if (bytes)
    driver_of(device_).upload(memory, copy_on(Device::cpu, buffer)->data(), bytes);
}

// Where kernels read a tensor; what had to be copied there lives in the context.
void* Executable::readable(const Tensor& t, Context& c) const {
  if (t.has_data() && t.node()->buffer->device() == device_) [[likely]]
    return t.node()->buffer->data();
  if (!t.has_data()) t.raw();  // throws
  c.copies.push_back(copy_on(device_, t.node()->buffer));
  return c.copies.back()->data();
}

// A device is asked to keep and replay the calls of a run. For few of them it is not worth the copies.
bool Executable::records() const {
  return !device_.is_host() && calls_.size() >= kFewestRecorded && settings().record_steps() && !profiling();
}

void Executable::run_recorded(Context& c, void* scratch) {
  c.slots.back() = c.base;
  c.recordings.run(driver_of(device_), c.slots, parts_,
                   [&](size_t begin, size_t end) { run_calls(c.table.data(), scratch, begin, end); });
  for (size_t i = 0; i < results_.size(); ++i) {
    const TensorSpec& spec = graph_.values[results_[i]].spec;
    c.results[i] = Tensor::empty_on(device_, spec.shape, spec.dtype);
    copy_within(device_, c.results[i].node()->buffer->data(),
                c.slots[slot_of({Place::Kind::result, 0, static_cast<int>(i)})], bytes_of(spec));
  }
}

void Executable::run_calls(void** table, void* scratch, size_t begin, size_t end) {
  if (!profiling()) [[likely]] {
    for (size_t i = begin; i < end; ++i) calls_[i].run(table + calls_[i].inputs, table + calls_[i].outputs, scratch);
    return;
  }
  std::call_once(labelled_, [&] {
    for (const Source& source : sources_) {
      const GraphNode& n = graph_.nodes[source.node];
      std::vector<TensorSpec> in, out;
      for (int v : n.inputs) in.push_back(graph_.values[v].spec);
      for (int v : n.outputs) out.push_back(graph_.values[v].spec);
      labels_.push_back(kernel_label(*n.op, source.kernel, in, out));
    }
  });
  for (size_t i = begin; i < end; ++i) {
    const int64_t start = detail::profile_clock();
    calls_[i].run(table + calls_[i].inputs, table + calls_[i].outputs, scratch);
    detail::record_event(labels_[i], start, detail::profile_clock());
  }
}

Tensors Executable::run(std::span<const Tensor> inputs) {
  Tensors outputs(graph_.outputs.size());
  run(inputs, outputs);
  return outputs;
}

void Executable::run(std::span<const Tensor> inputs, std::span<Tensor> outputs) {
  std::unique_lock<std::mutex> turn(update_mutex_, std::defer_lock);
  if (!updates_.empty()) turn.lock();
  const Lease lease(*this);
  Context& c = *lease;
  const bool recorded = records();
  if (recorded && !c.steady) c.steady = allocate(std::max<size_t>(64, steady_bytes_), device_);
  auto steady = [&](size_t i) { return static_cast<char*>(c.steady->data()) + steady_offsets_[i]; };
  void** slot = c.slots.data();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (recorded) write_to(steady(i), inputs[i]);
    *slot++ = recorded ? steady(i) : readable(inputs[i], c);
  }
  for (size_t i = 0; i < variables_.size(); ++i) {
    // Held, so that a run elsewhere that updates this variable leaves its memory alone; unless this one overwrites it.
    const Tensor& value = variables_[i]->value;
    if (!overwritten_[i] && read_[i]) c.held[i] = value;
    *slot++ = readable(value, c);
  }
  for (size_t i = 0; i < results_.size(); ++i) {
    if (recorded) {
      *slot++ = steady(inputs.size() + i);
      continue;
    }
    const TensorSpec& spec = graph_.values[results_[i]].spec;
    c.results[i] = Tensor::empty_on(device_, spec.shape, spec.dtype);
    *slot++ = c.results[i].node()->buffer->data();
  }
  for (size_t i = 0; i < updates_.size(); ++i, ++slot) {
    const Update& u = updates_[i];
    if (!u.direct) continue;
    const Tensor& value = u.variable->value;
    const BufferPtr& buffer = value.node()->buffer;
    if (u.in_place && value.pointer().use_count() == 1 && buffer.use_count() == 1 && !buffer->foreign() &&
        buffer->device() == device_) {
      buffer->changing();
      *slot = buffer->data();
    } else {
      const TensorSpec& spec = graph_.values[root_[u.value]].spec;
      c.updates[i] = Tensor::empty_on(device_, spec.shape, spec.dtype);
      *slot = c.updates[i].node()->buffer->data();
    }
  }
  if (kept_.size()) {
    c.kept = kept_.current();
    for (const BufferPtr& buffer : c.kept->buffers) *slot++ = buffer ? buffer->data() : nullptr;
  }
  struct Changed {  // also when a kernel throws: some variables have been overwritten by then
    std::vector<Update>& updates;
    ~Changed() {
      for (const Update& u : updates) u.variable->changes.fetch_add(1, std::memory_order_release);
    }
  } changed{updates_};
  void** table = c.table.data();
  for (const Patch& p : patches_) table[p.at] = c.slots[p.slot];
  void* scratch = static_cast<char*>(c.base) + scratch_offset_;
  if (recorded)
    run_recorded(c, scratch);
  else
    run_calls(table, scratch, 0, calls_.size());
  for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = tensor_at(graph_.outputs[i], c, inputs);
  if (!updates_.empty()) finish_updates(c, inputs);
}

}  // namespace lamina
