// Convolutions take bias, residual sum and relu with them, their weight gradients the bias'; the mask of a relu before
// a max pooling moves behind it, where there is less to mask; poolings whose index nobody reads make none.
#include "backends/graph/passes/epilogues.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/convolution/fused.h"
#include "backends/ops/creation/creation.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/movement/movement.h"
#include "backends/ops/pooling/pooling.h"
#include "backends/ops/reduce/reduce.h"

namespace lamina::passes {

namespace {

class Patterns {
 public:
  explicit Patterns(Rebuild& r)
      : r_(r),
        g_(r.old()),
        epilogues_(g_, [this](int node) { return op<ConvolutionOp>(node) != nullptr; }),
        uses_(use_counts(g_)),
        users_(g_.values.size()) {
    for (size_t i = 0; i < g_.nodes.size(); ++i)
      for (int v : g_.nodes[i].inputs) users_[v].push_back(static_cast<int>(i));
    for (size_t i = 0; i < g_.nodes.size(); ++i) find(static_cast<int>(i));
  }

  void rewrite() {
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      const int node = static_cast<int>(i);
      const GraphNode& n = g_.nodes[i];
      if (const EpilogueMatch* m = epilogues_.at(node))
        write(n, *m);
      else if (absorbed_.count(node) || epilogues_.absorbed(node))
        continue;
      else if (auto grad = gradients_.find(node); grad != gradients_.end())
        write(grad->second);
      else if (auto mask = masks_.find(node); mask != masks_.end())
        write(n, mask->second);
      else if (auto* pool = lone_pool(node))
        r_.replace(n.outputs[0], r_.emit(make_op<MaxPoolOp>(pool->windows, false), {r_.at(n.inputs[0])}));
      else
        r_.keep(n);
    }
  }

 private:
  struct Gradients {
    int kernel, bias;
  };  // nodes
  struct Mask {
    int scatter, pool;
  };  // nodes

  template <class P>
  const P* op(int node) const {
    return g_.nodes[node].as<P>();
  }
  // A max pooling that makes an index which nobody reads, or null.
  const MaxPoolOp* lone_pool(int node) const {
    auto* pool = op<MaxPoolOp>(node);
    return pool && pool->indexed && uses_[g_.nodes[node].outputs[1]] == 0 ? pool : nullptr;
  }
  int maker(int v) const { return g_.values[v].node; }
  const TensorSpec& spec(int v) const { return g_.values[v].spec; }
  int input(int node, int k) const { return g_.nodes[node].inputs[k]; }
  bool zero(int v) const {
    auto c = repeated_value(g_, v);
    return c && *c == 0;
  }

  void find(int node) {
    if (op<ConvolutionWeightGradOp>(node))
      find_gradients(node);
    else if (op<WhereOp>(node))
      find_mask(node);
  }

  void find_gradients(int node) {
    const int x = input(node, 0), g = input(node, 1);
    if (spec(g).dtype != DType::float32) return;
    for (int user : users_[g]) {
      auto* sum = op<ReduceOp>(user);
      if (!sum || sum->kind != Reduce::sum || sum->axes.empty() || sum->axes.back() == spec(g).shape.rank() - 1)
        continue;
      if (spec(g_.nodes[user].outputs[0]).shape.elements() != spec(g).shape.back()) continue;  // one sum a channel
      const int first = std::min(node, user);
      if (maker(x) >= first || gradients_.count(user) || absorbed_.count(user) || epilogues_.absorbed(user)) continue;
      gradients_[first] = {node, user};
      absorbed_.insert(std::max(node, user));
      return;
    }
  }

  // where(r > 0, scatter(g, index), 0), with the index of the largest values of r: 0 where the largest is not above 0.
  void find_mask(int node) {
    const int compare = maker(input(node, 0)), scatter = maker(input(node, 1));
    auto* greater = op<BinaryOp>(compare);
    if (!greater || greater->kind != Binary::greater || !zero(input(compare, 1)) || !zero(input(node, 2))) return;
    if (!op<MaxPoolScatterOp>(scatter) || uses_[input(node, 1)] != 1) return;
    const int index = input(scatter, 1), pool = maker(index);
    if (!op<MaxPoolOp>(pool) || index != g_.nodes[pool].outputs[1] || input(pool, 0) != input(compare, 0)) return;
    if (spec(g_.nodes[node].outputs[0]) != spec(input(node, 1))) return;
    masks_[node] = {scatter, pool};
    absorbed_.insert(scatter);
  }

  void write(const GraphNode& n, const EpilogueMatch& m) {
    auto* conv = op<ConvolutionOp>(m.product);
    epilogues_.write(r_, n, m, [&] { return make_op<FusedConvolutionOp>(conv->window, conv->groups, m.epilogue()); });
  }

  void write(const Gradients& g) {
    auto* grad = op<ConvolutionWeightGradOp>(g.kernel);
    Op fused = make_op<FusedConvolutionWeightGradOp>(grad->window, grad->groups, grad->sizes);
    const Ids inputs = {r_.at(input(g.kernel, 0)), r_.at(input(g.kernel, 1))};
    const Ids out = r_.add(fused, inputs);
    const int bias = g_.nodes[g.bias].outputs[0];
    r_.replace(g_.nodes[g.kernel].outputs[0], out[0]);
    r_.replace(bias, spec(bias).shape == r_.spec(out[1]).shape
                         ? out[1]
                         : r_.emit(make_op<ReshapeOp>(spec(bias).shape), {out[1]}));
  }

  void write(const GraphNode& n, const Mask& m) {
    const int g = r_.at(input(m.scatter, 0));
    const int none = r_.emit(make_op<FullOp>(Shape{}, 0.0, r_.spec(g).dtype), {});
    const int above = r_.emit(make_op<BinaryOp>(Binary::greater), {r_.at(g_.nodes[m.pool].outputs[0]), none});
    const int kept = r_.emit(make_op<WhereOp>(), {above, g, none});
    r_.replace(n.outputs[0], r_.emit(g_.nodes[m.scatter].op, {kept, r_.at(input(m.scatter, 1))}));
  }

  Rebuild& r_;
  const Graph& g_;
  Epilogues epilogues_;
  std::vector<int> uses_;
  std::vector<std::vector<int>> users_;
  std::unordered_map<int, Gradients> gradients_;
  std::unordered_map<int, Mask> masks_;
  std::set<int> absorbed_;
};

}  // namespace

bool fuse_convolution(Graph& graph) {
  bool any = false;
  for (const GraphNode& n : graph.nodes)
    any |= n.op && (n.op->name().starts_with("Convolution") || n.op->name().starts_with("MaxPool"));
  if (!any) return false;
  Rebuild r(graph);
  Patterns(r).rewrite();
  return r.finish();
}

}  // namespace lamina::passes
