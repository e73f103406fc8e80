#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/elementwise/fused.h"
#include "backends/ops/movement/movement.h"

namespace lamina::passes {

namespace {

constexpr int kMostInstructions = 96;  // a group: beyond that temporaries fall out of the cache

// Why groups never form a cycle: a node's stage counts the unfusable nodes on the longest path to it, all members of a
// group share stage, level and shape, and shapes only grow along elementwise edges. A path that leaves a group through
// an unfusable node comes back at a higher stage; one that leaves through another shape cannot come back at all. Levels
// part a group that has grown too large from what follows it.
class Fusion {
 public:
  explicit Fusion(const Graph& graph)
      : g_(graph),
        stage_(graph.nodes.size()),
        group_(graph.nodes.size(), -1),
        code_(graph.nodes.size()),
        users_(graph.values.size()) {
    for (size_t i = 0; i < g_.nodes.size(); ++i)
      for (int v : g_.nodes[i].inputs) users_[v].push_back(static_cast<int>(i));
    leaves_.assign(g_.values.size(), 0);
    for (int v : g_.outputs) leaves_[v] = 1;
    for (const auto& [variable, v] : g_.updates) leaves_[v] = 1;
    classify();
    stages();
    groups();
  }

  struct Group {
    std::vector<int> nodes;  // in order
    int instructions = 0;
  };
  int group_of(int node) const {
    int root = node;
    while (group_[root] >= 0 && group_[root] != root) root = group_[root];
    return root;
  }
  bool fusable(int node) const { return fusable_[node] || broadcast_[node]; }
  const std::vector<int>& members(int node) { return groups_[group_of(node)].nodes; }
  const Instruction& code(int node) const { return code_[node]; }
  bool broadcast(int node) const { return broadcast_[node]; }
  bool leaves(int value) const { return leaves_[value]; }
  const std::vector<int>& users(int value) const { return users_[value]; }

 private:
  const Shape& shape_of(int node) const { return g_.values[g_.nodes[node].outputs[0]].spec.shape; }

  void classify() {
    fusable_.assign(g_.nodes.size(), 0);
    broadcast_.assign(g_.nodes.size(), 0);
    std::vector<TensorSpec> in;
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      const GraphNode& n = g_.nodes[i];
      if (n.kind != GraphNode::Kind::op) continue;
      if (n.as<BroadcastOp>()) {
        broadcast_[i] = 1;  // in a group it costs nothing: its operand is fed broadcast
        continue;
      }
      in.clear();
      for (int v : n.inputs) in.push_back(g_.values[v].spec);
      fusable_[i] = instruction_of(*n.op, in, g_.values[n.outputs[0]].spec, code_[i]) && supported(code_[i]);
    }
  }

  void stages() {
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      for (int v : g_.nodes[i].inputs) {
        int from = g_.values[v].node;
        stage_[i] = std::max(stage_[i], stage_[from] + (fusable(from) || g_.nodes[from].inputs.empty() ? 0 : 1));
      }
    }
    // A node that only elementwise nodes of later stages read is computed with them, not kept until then.
    for (size_t i = g_.nodes.size(); i-- > 0;) {
      if (!fusable(static_cast<int>(i)) || leaves_[g_.nodes[i].outputs[0]]) continue;
      const auto& users = users_[g_.nodes[i].outputs[0]];
      int least = std::numeric_limits<int>::max();
      for (int u : users) {
        bool along = fusable(u) && shape_of(u) == shape_of(static_cast<int>(i));
        least = std::min(least, along ? stage_[u] : 0);
      }
      if (!users.empty()) stage_[i] = std::max(stage_[i], least);
    }
  }

  void groups() {
    groups_.resize(g_.nodes.size());
    level_.assign(g_.nodes.size(), 0);
    std::vector<int> joined;
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      const int node = static_cast<int>(i);
      if (!fusable(node)) continue;
      group_[i] = node;
      groups_[i] = {{node}, fusable_[i] ? 1 : 0};
      int instructions = groups_[i].instructions;
      joined.clear();
      for (int v : g_.nodes[i].inputs) {
        int from = g_.values[v].node;
        if (!fusable(from) || stage_[from] != stage_[i] || shape_of(from) != shape_of(node)) continue;
        int root = group_of(from);
        if (level_[root] > level_[node])
          joined.clear(), level_[node] = level_[root], instructions = groups_[i].instructions;
        if (level_[root] < level_[node] || std::find(joined.begin(), joined.end(), root) != joined.end()) continue;
        joined.push_back(root);
        instructions += groups_[root].instructions;
      }
      if (instructions > kMostInstructions) {  // a new level: joining only some of them could close a cycle
        ++level_[node];
        continue;
      }
      for (int a : joined) {
        int b = group_of(node);
        if (groups_[a].nodes.size() < groups_[b].nodes.size()) std::swap(a, b);
        groups_[a].instructions += groups_[b].instructions;
        groups_[a].nodes.insert(groups_[a].nodes.end(), groups_[b].nodes.begin(), groups_[b].nodes.end());
        groups_[b].nodes.clear();
        group_[b] = a;
      }
    }
    for (Group& g : groups_) std::sort(g.nodes.begin(), g.nodes.end());
  }

  const Graph& g_;
  std::vector<int> stage_, level_, group_;
  std::vector<Instruction> code_;
  std::vector<std::vector<int>> users_;
  std::vector<char> fusable_, broadcast_, leaves_;
  std::vector<Group> groups_;
};

// One group as a program over fresh values.
class Writer {
 public:
  Writer(Rebuild& r, const Fusion& fusion, const std::vector<int>& nodes) : r_(r), fusion_(fusion), nodes_(nodes) {}

  void write() {
    std::unordered_map<int, char> inside;
    for (int n : nodes_) inside[n] = 1;
    const Graph& g = r_.old();
    // Registers count inputs first, then immediates: both have to be known before the code is numbered.
    for (int n : nodes_)
      for (int v : g.nodes[n].inputs)
        if (!inside.count(g.values[v].node)) operand(v);
    int next = static_cast<int>(inputs_.size() + immediates_.size());
    for (auto& [v, r] : immediate_registers_) r += static_cast<int>(inputs_.size());
    ElementwiseProgram program;
    program.inputs = static_cast<int>(inputs_.size());
    program.immediates = immediates_;
    std::vector<int> results;
    for (int n : nodes_) {
      const GraphNode& node = g.nodes[n];
      auto reg = [&](size_t k) { return k < node.inputs.size() ? register_of(node.inputs[k]) : -1; };
      const int value = node.outputs[0];
      if (fusion_.broadcast(n)) {
        registers_[value] = reg(0);
      } else {
        Instruction i = fusion_.code(n);
        i.a = reg(0), i.b = reg(1), i.c = reg(2);
        program.code.push_back(i);
        registers_[value] = next++;
      }
      bool out = fusion_.leaves(value);
      for (int u : fusion_.users(value)) out |= !inside.count(u);
      if (!out) continue;
      program.outputs.push_back(registers_[value]);
      results.push_back(value);
    }
    if (results.empty()) return;  // dead
    const Shape shape = g.values[results[0]].spec.shape;
    Op op = make_op<FusedElementwiseOp>(std::move(program), shape);
    std::vector<TensorSpec> specs;
    for (int v : results) specs.push_back(g.values[v].spec);
    auto fresh = r_.add(op, inputs_, specs);
    for (size_t i = 0; i < results.size(); ++i) r_.replace(results[i], fresh[i]);
  }

 private:
  // A value from outside: an input of the program, or an immediate if it repeats one value.
  void operand(int v) {
    int fresh = r_.at(v);
    Tensor value = repeated_tensor(r_.fresh(), fresh);
    if (value.defined()) {
      Immediate imm{value.dtype(), 0};
      std::memcpy(&imm.bits, value.raw(), value.bytes());
      for (size_t i = 0; i < immediates_.size(); ++i)
        if (immediates_[i].dtype == imm.dtype && immediates_[i].bits == imm.bits) {
          immediate_registers_[v] = static_cast<int>(i);
          return;
        }
      immediate_registers_[v] = static_cast<int>(immediates_.size());
      immediates_.push_back(imm);
      return;
    }
    auto [slot, is_new] = input_of_.try_emplace(fresh, static_cast<int>(inputs_.size()));
    if (is_new) inputs_.push_back(fresh);
    registers_[v] = slot->second;
  }
  int register_of(int v) const {
    auto found = immediate_registers_.find(v);
    return found != immediate_registers_.end() ? found->second : registers_.at(v);
  }

  Rebuild& r_;
  const Fusion& fusion_;
  const std::vector<int>& nodes_;
  std::vector<int> inputs_;
  std::vector<Immediate> immediates_;
  std::unordered_map<int, int> registers_, immediate_registers_, input_of_;
};

}  // namespace

bool fuse_elementwise(Graph& graph) {
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(),
                   [](const GraphNode& n) { return n.as<BroadcastOp>() || (n.op && elementwise(*n.op)); }))
    return false;
  Rebuild r(graph);
  Fusion fusion(r.old());
  const auto& nodes = r.old().nodes;
  // A group is written where its last member stands; what reads its earlier members and stands before that has to wait.
  // So the order is found anew: a depth-first walk over groups and single nodes, from the original order.
  std::vector<char> state(nodes.size());  // by group root or node: 0 new, 1 open, 2 written
  auto unit = [&](int node) { return fusion.fusable(node) ? fusion.group_of(node) : node; };
  struct Frame {
    int unit;
    std::vector<int> needs;
    size_t next = 0;
  };
  std::vector<Frame> stack;
  auto open = [&](int u) {
    if (state[u]) return;
    state[u] = 1;
    Frame f{u, {}};
    auto need = [&](int node) {
      for (int v : nodes[node].inputs) {
        int from = unit(r.old().values[v].node);
        if (from != u) f.needs.push_back(from);
      }
    };
    if (fusion.fusable(u))
      for (int n : fusion.members(u)) need(n);
    else
      need(u);
    stack.push_back(std::move(f));
  };
  for (size_t i = 0; i < nodes.size(); ++i) {
    const int node = static_cast<int>(i);
    // Elementwise work is written when something needs it, or at its last member's place at the latest.
    if (fusion.fusable(node) && fusion.members(node).back() != node) continue;
    open(unit(node));
    while (!stack.empty()) {
      if (stack.back().next < stack.back().needs.size()) {
        open(stack.back().needs[stack.back().next++]);
        continue;
      }
      int u = stack.back().unit;
      stack.pop_back();
      state[u] = 2;
      const bool single = !fusion.fusable(u) || fusion.members(u).size() == 1;
      if (single && !(fusion.fusable(u) && !fusion.broadcast(u)))
        r.keep(nodes[u]);
      else
        Writer(r, fusion, fusion.members(u)).write();
    }
  }
  return r.finish();
}

}  // namespace lamina::passes
