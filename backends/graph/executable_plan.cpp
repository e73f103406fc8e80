// How an executable is planned: where each value lies, which kernels run, and which pointers each run fills in.
#include "backends/graph/executable.h"
#include "backends/graph/memory_plan.h"

namespace lamina {

namespace {

constexpr size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

bool may_share(const BoundKernel& k, int input, int output) {
  return k.in_place || std::find(k.sharing.begin(), k.sharing.end(), std::pair(input, output)) != k.sharing.end();
}

}  // namespace

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

// Binds kernels, then walks the nodes in order and gives every value its memory.
class Executable::Binding {
 public:
  explicit Binding(Executable& e)
      : e_(e),
        graph_(e.graph_),
        count_(static_cast<int>(e.graph_.nodes.size())),
        kernels_(e.graph_.nodes.size()),
        steady_inputs_(e.graph_.nodes.size()) {}

  void bind() {
    e_.read_.assign(e_.variables_.size(), 0);
    find_lifetimes();
    bind_kernels();
    place_in_results();
    for (int i = 0; i < count_; ++i) {
      const GraphNode& n = graph_.nodes[i];
      if (!runs(n)) continue;
      if (place(n.outputs[0]).kind == Place::Kind::kept) {
        keep(i);
        continue;
      }
      scratch_ = std::max(scratch_, kernels_[i].scratch_bytes);
      std::vector<int> given;  // dying inputs whose memory is an output's, or free
      place_outputs(i, given);
      free_inputs(i, given);
      add_call(i);
    }
    finish_sizes();
    finish_patches();
  }

 private:
  static bool runs(const GraphNode& n) { return n.kind == GraphNode::Kind::op && !n.op->alias(); }
  size_t bytes_at(int v) const { return bytes_of(graph_.values[v].spec); }
  Place& place(int v) { return e_.places_[v]; }
  int root(int v) const { return e_.root_[v]; }

  void find_lifetimes() {
    last_.assign(graph_.values.size(), -1);
    for (int i = 0; i < count_; ++i)
      for (int v : graph_.nodes[i].inputs) last_[root(v)] = i;
    for (int v : graph_.outputs) last_[root(v)] = count_;
    for (const auto& [variable, v] : graph_.updates) last_[root(v)] = count_;
    for (const GraphNode& n : graph_.nodes)
      if (n.kind == GraphNode::Kind::variable) value_of_variable_[n.variable.get()] = n.outputs[0];
  }

  void bind_kernels() {
    std::vector<TensorSpec> in, out;
    for (int i = 0; i < count_; ++i) {
      const GraphNode& n = graph_.nodes[i];
      if (!runs(n)) continue;
      in.clear();
      out.clear();
      for (int v : n.inputs) in.push_back(graph_.values[v].spec);
      for (int v : n.outputs) out.push_back(graph_.values[v].spec);
      KernelRequest request{*n.op, in, out, {}};
      for (size_t k = 0; k < n.inputs.size() && k < 32; ++k)
        if (e_.steady_[root(n.inputs[k])]) request.steady |= 1u << k;
      kernels_[i] = bind_kernel(e_.device_, request);
      steady_inputs_[i] = request.steady;
    }
  }

  // Whether all uses of a root by a node are such that its output o may take the root's memory.
  bool may_take(int i, int from, int o) const {
    const GraphNode& n = graph_.nodes[i];
    for (size_t k = 0; k < n.inputs.size(); ++k)
      if (root(n.inputs[k]) == from &&
          !(bytes_at(n.inputs[k]) == bytes_at(n.outputs[o]) && may_share(kernels_[i], static_cast<int>(k), o)))
        return false;
    return true;
  }
  bool dies_in_arena(int v, int i) { return place(v).kind == Place::Kind::arena && last_[v] == i; }

  // What a result is made from in place has the result's memory already.
  void place_in_results() {
    for (int i = count_; i-- > 0;) {
      const GraphNode& n = graph_.nodes[i];
      if (!runs(n)) continue;
      for (size_t o = 0; o < n.outputs.size(); ++o) {
        if (place(n.outputs[o]).kind != Place::Kind::result) continue;
        for (int v : n.inputs) {
          if (!dies_in_arena(root(v), i) || !may_take(i, root(v), static_cast<int>(o))) continue;
          place(root(v)) = place(n.outputs[o]);
          break;
        }
      }
    }
  }

  void keep(int i) {
    const GraphNode& n = graph_.nodes[i];
    std::vector<KeptValues::Origin> origins;
    std::vector<int> numbers;
    for (int v : n.inputs) origins.push_back(e_.origin_of(root(v)));
    for (int v : n.outputs) numbers.push_back(place(v).index);
    std::string name = n.op->key();
    for (int v : n.inputs) append_text(name, graph_.values[v].spec);  // a variable may stand there in another shape
    e_.kept_.compute(name, std::move(origins), std::move(numbers), std::move(kernels_[i].run),
                     kernels_[i].scratch_bytes);
  }

  void place_outputs(int i, std::vector<int>& given) {
    const GraphNode& n = graph_.nodes[i];
    for (size_t o = 0; o < n.outputs.size(); ++o) {
      Place& p = place(n.outputs[o]);
      if (p.kind == Place::Kind::update) place_update(i, static_cast<int>(o), e_.updates_[p.index]);
      if (p.kind != Place::Kind::arena) continue;
      const int from = dying_input(i, static_cast<int>(o), given);
      if (from >= 0) given.push_back(from);
      p.offset = from >= 0 ? place(from).offset : memory_.take(bytes_at(n.outputs[o]));
    }
  }

  void place_update(int i, int o, Update& u) {
    auto found = value_of_variable_.find(u.variable.get());
    if (found == value_of_variable_.end()) {
      u.in_place = true;  // the old value is not read at all
      return;
    }
    const int old = found->second;
    u.in_place = last_[old] < i || (last_[old] == i && may_take(i, old, o));
    if (u.in_place) e_.overwritten_[place(old).index] = 1;
  }

  // An input that nothing reads any more and whose memory output o may take, or -1.
  int dying_input(int i, int o, const std::vector<int>& given) {
    for (int v : graph_.nodes[i].inputs) {
      const int from = root(v);
      if (dies_in_arena(from, i) && std::find(given.begin(), given.end(), from) == given.end() && may_take(i, from, o))
        return from;
    }
    return -1;
  }

  void free_inputs(int i, std::vector<int>& given) {
    const GraphNode& n = graph_.nodes[i];
    for (int v : n.inputs) {
      const int from = root(v);
      if (!dies_in_arena(from, i) || std::find(given.begin(), given.end(), from) != given.end()) continue;
      memory_.give_back(place(from).offset, bytes_at(from));
      given.push_back(from);  // once
    }
    for (int v : n.outputs)
      if (place(v).kind == Place::Kind::arena && last_[v] < 0) memory_.give_back(place(v).offset, bytes_at(v));
  }

  void add_call(int i) {
    const GraphNode& n = graph_.nodes[i];
    BoundKernel& kernel = kernels_[i];
    std::vector<int>& table = e_.table_values_;
    int prepared = -1;  // the input that the kernel gets prepared
    if (kernel.preparation && (steady_inputs_[i] >> kernel.preparation->input & 1))
      prepared = kernel.preparation->input;
    Call call{prepared < 0 ? std::move(kernel.run) : std::move(kernel.preparation->run),
              static_cast<uint32_t>(table.size()), 0};
    for (size_t k = 0; k < n.inputs.size(); ++k) {
      const int from = root(n.inputs[k]);
      if (static_cast<int>(k) == prepared) {
        prepared_at_.emplace_back(static_cast<uint32_t>(table.size()), prepare(from, *kernel.preparation));
        table.push_back(-1);
        continue;
      }
      if (place(from).kind == Place::Kind::variable) e_.read_[place(from).index] = 1;
      if (place(from).kind == Place::Kind::kept) e_.kept_.need(place(from).index);
      table.push_back(from);
    }
    call.outputs = static_cast<uint32_t>(table.size());
    for (int v : n.outputs) table.push_back(root(v));
    auto& parts = e_.parts_;
    if (parts.empty() || parts.back().recordable != kernel.recordable)
      parts.push_back({e_.calls_.size(), e_.calls_.size(), kernel.recordable});
    parts.back().end = e_.calls_.size() + 1;
    e_.calls_.push_back(std::move(call));
    e_.sources_.push_back({i, kernel.name});
  }

  // The number of the kept value that is `from` in a kernel's own layout.
  int prepare(int from, Preparation& p) {
    const int number = e_.kept_.add(p.bytes);
    e_.kept_.compute(
        p.layout, {e_.origin_of(from)}, {number},
        [make = std::move(p.make)](const void* const* in, void* const* out, void*) { make(in[0], out[0]); }, 0);
    e_.kept_.need(number);
    return number;
  }

  void finish_sizes() {
    e_.scratch_offset_ = round_up(memory_.size(), 256);  // devices' libraries want their workspace so
    e_.arena_bytes_ = e_.scratch_offset_ + round_up(scratch_, 64);
    if (e_.device_.is_host()) return;
    auto keep_place = [&](int v) {
      e_.steady_offsets_.push_back(e_.steady_bytes_);
      e_.steady_bytes_ += round_up(bytes_at(v), 256);
    };
    for (int v : graph_.inputs) keep_place(v);
    for (int v : e_.results_) keep_place(v);
  }

  void finish_patches() {
    auto leaves = [&](int v) {
      if (const Place& p = place(root(v)); p.kind == Place::Kind::variable) e_.read_[p.index] = 1;
    };
    for (int v : graph_.outputs) leaves(v);
    for (const auto& [variable, v] : graph_.updates) leaves(v);
    for (const auto& [at, index] : prepared_at_) e_.patches_.push_back({at, e_.slot_of({Place::Kind::kept, 0, index})});
    for (size_t t = 0; t < e_.table_values_.size(); ++t) {
      if (e_.table_values_[t] < 0) continue;
      const Place& p = place(e_.table_values_[t]);
      if (p.kind == Place::Kind::arena)
        e_.arena_entries_.push_back({static_cast<uint32_t>(t), p.offset});
      else if (p.kind != Place::Kind::constant)
        e_.patches_.push_back({static_cast<uint32_t>(t), e_.slot_of(p)});
    }
  }

  Executable& e_;
  const Graph& graph_;
  const int count_;
  std::vector<BoundKernel> kernels_;     // by node
  std::vector<uint32_t> steady_inputs_;  // by node, a bit per input
  std::vector<int> last_;                // the last node that reads a root; what leaves the function outlives all
  std::unordered_map<const VariableState*, int> value_of_variable_;
  std::vector<std::pair<uint32_t, int>> prepared_at_;  // table entries of prepared inputs, and their numbers
  MemoryPlan memory_;
  size_t scratch_ = 0;
};

void Executable::bind() { Binding(*this).bind(); }

}  // namespace lamina
