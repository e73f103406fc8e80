#include "backends/graph/passes/epilogues.h"

#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/movement/movement.h"

namespace lamina::passes {

Epilogues::Epilogues(const Graph& graph, std::function<bool(int node)> product, bool halves)
    : g_(graph), product_(std::move(product)), halves_(halves), uses_(use_counts(graph)) {
  for (size_t i = g_.nodes.size(); i-- > 0;) find(static_cast<int>(i));
}

// v as a product that nobody else reads, perhaps in another shape.
std::optional<EpilogueMatch> Epilogues::plain(int v) const {
  if (uses_[v] != 1 || !takes(spec(v).dtype)) return {};
  const int node = maker(v);
  if (product_(node)) return EpilogueMatch{.product = node, .path = {node}};
  if (!op<ReshapeOp>(node)) return {};
  const int inner = input(node, 0);
  if (uses_[inner] != 1 || !product_(maker(inner))) return {};
  return EpilogueMatch{.product = maker(inner), .path = {maker(inner), node}};
}

// Whether `bias` repeats, over `sum`, one value for each place of the product's last axis.
bool Epilogues::a_value_a_channel(int bias, int sum, int product) const {
  const Shape &b = spec(bias).shape, &s = spec(sum).shape;
  int first = 0;
  while (first < b.rank() && b[first] == 1) ++first;
  const int axes = b.rank() - first;
  if (axes == 0 || axes > s.rank() || b.elements() != spec(g_.nodes[product].outputs[0]).shape.back()) return false;
  return std::equal(b.begin() + first, b.end(), s.end() - axes);
}

// A product, or one plus a bias.
std::optional<EpilogueMatch> Epilogues::biased(int v) const {
  if (auto m = plain(v)) return m;
  auto* sum = op<BinaryOp>(maker(v));
  if (!sum || sum->kind != Binary::add) return {};
  for (int side = 0; side < 2; ++side) {
    const int y = input(maker(v), side), bias = input(maker(v), 1 - side);
    auto m = plain(y);
    if (!m || spec(y) != spec(v) || !a_value_a_channel(bias, v, m->product)) continue;
    m->bias = bias;
    m->path.push_back(maker(v));
    return m;
  }
  return {};
}

// The same, or the sum of one with a tensor of its shape; of two products the later one makes the sum.
std::optional<EpilogueMatch> Epilogues::ending(int v) const {
  if (auto m = biased(v)) return m;
  auto* sum = op<BinaryOp>(maker(v));
  if (!sum || sum->kind != Binary::add) return {};
  std::optional<EpilogueMatch> best;
  for (int side = 0; side < 2; ++side) {
    const int y = input(maker(v), side), residual = input(maker(v), 1 - side);
    if (spec(y) != spec(v) || spec(residual) != spec(v) || uses_[y] != 1) continue;
    std::optional<EpilogueMatch> m = biased(y);
    if (!m || (best && best->product > m->product)) continue;
    m->residual = residual;
    m->path.push_back(maker(v));
    best = std::move(m);
  }
  return best;
}

void Epilogues::find(int node) {
  if (g_.nodes[node].kind != GraphNode::Kind::op || g_.nodes[node].outputs.size() != 1 || absorbed_.count(node)) return;
  auto* unary = op<UnaryOp>(node);
  const bool relu = unary && unary->kind == Unary::relu;
  if (relu && uses_[input(node, 0)] != 1) return;
  std::optional<EpilogueMatch> m = ending(relu ? input(node, 0) : g_.nodes[node].outputs[0]);
  if (!m) return;
  m->relu = relu;
  if (!m->epilogue().any()) return;
  for (int n : m->path)
    if (n != node) absorbed_.insert(n);
  matches_[node] = std::move(*m);
}

void Epilogues::write(Rebuild& r, const GraphNode& end, const EpilogueMatch& m,
                      const std::function<Op()>& fused) const {
  auto in_shape = [&](int v, const Shape& shape) {
    if (auto* reshaped = r.op<ReshapeOp>(v); reshaped && r.spec(r.maker(v).inputs[0]).shape == shape)
      return r.maker(v).inputs[0];
    return r.spec(v).shape == shape ? v : r.emit(make_op<ReshapeOp>(shape), {v});
  };
  const Shape &made = spec(g_.nodes[m.product].outputs[0]).shape, &wanted = spec(end.outputs[0]).shape;
  Ids inputs = {r.at(input(m.product, 0)), r.at(input(m.product, 1))};
  if (m.bias >= 0) inputs.push_back(in_shape(r.at(m.bias), Shape{made.back()}));
  if (m.residual >= 0) inputs.push_back(in_shape(r.at(m.residual), made));
  const int out = r.emit(fused(), inputs);
  r.replace(end.outputs[0], made == wanted ? out : r.emit(make_op<ReshapeOp>(wanted), {out}));
}

}  // namespace lamina::passes
