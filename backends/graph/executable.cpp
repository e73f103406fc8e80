#include "backends/graph/executable.h"

#include "backends/core/device_copy.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"

namespace lamina {

namespace {
constexpr size_t kFewestRecorded = 4;            // calls
constexpr size_t kMostHeld = size_t{256} << 10;  // bytes of variables that an idle context may hold
// Runs without a change after which it does. Not earlier: who updates a variable that somebody holds takes new memory.
constexpr int kSettled = 8;

}  // namespace

Executable::Executable(Graph graph, Device device, std::shared_ptr<Arenas> arenas)
    : graph_(std::move(graph)), device_(device), kept_(device), arenas_(std::move(arenas)) {
  constants_.resize(graph_.nodes.size());
  for (size_t i = 0; i < graph_.nodes.size(); ++i)
    if (graph_.nodes[i].kind == GraphNode::Kind::constant)
      constants_[i] = copy_on(device_, graph_.nodes[i].constant.node()->buffer);
  assign_places();
  bind();
  find_text();
  size_t bytes = 0;
  for (const auto& v : variables_) bytes += v->value.defined() ? v->value.bytes() : kMostHeld;
  small_ = device_.is_host() && updates_.empty() && !text_ && bytes <= kMostHeld;
}

// Strings among the results point to text of arguments, of constants, or of what ops have.
void Executable::find_text() {
  auto strings = [&](int root) { return graph_.values[root].spec.dtype == DType::string; };
  if (std::none_of(results_.begin(), results_.end(), strings)) return;
  auto all = std::make_shared<TextOwners>();
  for (const GraphNode& n : graph_.nodes) {
    if (n.kind == GraphNode::Kind::constant)
      if (const auto& text = n.constant.node()->buffer->text()) all->insert(all->end(), text->begin(), text->end());
    if (n.op)
      if (auto text = n.op->strings_owner()) all->push_back(std::move(text));
  }
  text_ = std::move(all);
}

void Executable::keep_text_of(const Context& c, std::span<const Tensor> inputs) const {
  for (const Tensor& result : c.results) {
    if (result.dtype() != DType::string) continue;
    result.node()->buffer->keep_text(text_);
    for (const Tensor& t : inputs) keep_text(result, t);
  }
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

std::vector<const void*> Executable::kept_memory() {
  std::vector<const void*> out;
  if (auto kept = kept_.current())
    for (const BufferPtr& b : kept->buffers)
      if (b) out.push_back(b->data());
  return out;
}

std::unique_ptr<Executable::Context> Executable::make_context() const {
  auto c = std::make_unique<Context>();
  c->slots.resize(graph_.inputs.size() + variables_.size() + results_.size() + updates_.size() + kept_.size() +
                  1);  // the last one: the arena, for recordings
  c->held.resize(variables_.size());
  c->results.resize(results_.size());
  c->updates.resize(updates_.size());
  c->as_of.assign(variables_.size(), 0);
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
  c.holds = c.holds && c.unchanged >= kSettled && c.copies.empty();
  if (!c.holds) {
    for (Tensor& t : c.held) t = Tensor();
    c.kept = nullptr;
  }
  for (Tensor& t : c.results) t = Tensor();
  for (Tensor& t : c.updates) t = Tensor();
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

// The slots of variables. In those of a context that holds the present values they stand since an earlier run.
void** Executable::place_variables(Context& c, void** slot) {
  if (small_) {
    bool same = true;
    for (size_t i = 0; i < variables_.size(); ++i) {
      // Counted before the value is looked at: a change while this goes on is seen by the next run.
      const uint64_t now = variables_[i]->changes.load(std::memory_order_acquire);
      same &= c.as_of[i] == now;
      c.as_of[i] = now;
    }
    c.unchanged = same ? std::min(c.unchanged + 1, kSettled) : 0;
    if (c.holds && same) return slot + variables_.size();
    c.holds = false;
  }
  for (size_t i = 0; i < variables_.size(); ++i) {
    // Held, so that a run elsewhere that updates this variable leaves its memory alone; unless this one overwrites it.
    const Tensor& value = variables_[i]->value;
    if (!overwritten_[i] && read_[i]) c.held[i] = value;
    *slot++ = readable(value, c);
  }
  return slot;
}

void Executable::place_kept(Context& c, void** slot) {
  if (!kept_.size()) return;
  if (!c.holds) c.kept = kept_.current();
  for (const BufferPtr& buffer : c.kept->buffers) *slot++ = buffer ? buffer->data() : nullptr;
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
  slot = place_variables(c, slot);
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
  place_kept(c, slot);
  c.holds = small_;
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
  if (text_) keep_text_of(c, inputs);
  for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = tensor_at(graph_.outputs[i], c, inputs);
  if (!updates_.empty()) finish_updates(c, inputs);
}

}  // namespace lamina
