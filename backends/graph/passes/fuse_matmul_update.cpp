#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/matmul/matmul_add.h"
#include "backends/ops/update/update.h"

namespace lamina::passes {

namespace {

const GraphNode& maker(const Graph& g, int v) { return g.nodes[g.values[v].node]; }

template <class P>
const P* op_of(const Graph& g, int v) {
  return maker(g, v).as<P>();
}

struct Match {
  int variable, product;  // values
  double alpha;
  int rate = -1;  // a scalar value that alpha is to be multiplied by
};

bool plain_product(const Graph& g, const Match& m, int v) {
  return op_of<MatMulOp>(g, m.product) && g.values[m.product].spec == g.values[v].spec &&
         g.values[m.variable].spec == g.values[v].spec;
}

// `v` as variable + alpha * product, where only this node uses the product.
std::optional<Match> match(const Graph& g, int v, const std::vector<int>& uses) {
  if (auto* update = op_of<UpdateOp>(g, v);
      update && update->rule == UpdateRule::sgd && g.values[v].spec.dtype == DType::float32) {
    const auto& in = maker(g, v).inputs;
    Match m{in[0], in[1], -1.0, in[2]};
    if (maker(g, m.variable).kind == GraphNode::Kind::variable && uses[m.product] == 1 && plain_product(g, m, v))
      return m;
  }
  auto* outer = op_of<BinaryOp>(g, v);
  if (!outer || (outer->kind != Binary::add && outer->kind != Binary::subtract) ||
      g.values[v].spec.dtype != DType::float32)
    return std::nullopt;
  const auto& in = maker(g, v).inputs;
  for (int side = 0; side < (outer->kind == Binary::add ? 2 : 1); ++side) {
    Match m{in[side], in[1 - side], outer->kind == Binary::add ? 1.0 : -1.0};
    if (maker(g, m.variable).kind != GraphNode::Kind::variable || uses[m.product] != 1) continue;
    if (auto* scaled = op_of<BinaryOp>(g, m.product); scaled && scaled->kind == Binary::multiply) {
      const auto& factors = maker(g, m.product).inputs;
      for (int k = 0; k < 2; ++k)
        if (auto c = repeated_value(g, factors[k]); c && uses[factors[1 - k]] == 1) {
          m.alpha *= *c;
          m.product = factors[1 - k];
          break;
        }
    }
    if (plain_product(g, m, v)) return m;
  }
  return std::nullopt;
}

}  // namespace

bool fuse_matmul_update(Graph& graph) {
  if (graph.updates.empty()) return false;
  std::vector<int> uses(graph.values.size());
  for (const GraphNode& n : graph.nodes)
    for (int v : n.inputs) ++uses[v];
  for (int v : graph.outputs) ++uses[v];
  std::unordered_map<int, Match> found;
  for (const auto& [variable, v] : graph.updates) {
    auto m = match(graph, v, uses);
    if (m && maker(graph, m->variable).variable == variable) found.emplace(v, *m);
  }
  if (found.empty()) return false;
  Rebuild r(graph);
  for (const GraphNode& n : r.old().nodes) {
    auto at = found.find(n.outputs[0]);
    if (at == found.end()) {
      r.keep(n);
      continue;
    }
    const Match& m = at->second;
    auto* product = op_of<MatMulOp>(r.old(), m.product);
    const auto& factors = maker(r.old(), m.product).inputs;
    Op op = make_op<MatMulAddOp>(product->transpose_a, product->transpose_b, m.alpha);
    Ids inputs = {r.at(m.variable), r.at(factors[0]), r.at(factors[1])};
    if (m.rate >= 0) inputs.push_back(r.at(m.rate));
    r.replace(n.outputs[0], r.emit(op, inputs));
  }
  return r.finish();
}

}  // namespace lamina::passes
