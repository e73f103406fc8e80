#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/reduce/reduce.h"
#include "backends/ops/softmax/softmax.h"

namespace lamina::passes {

namespace {

class Stable {
 public:
  explicit Stable(Rebuild& r) : r_(r) {}

  // A better form of this node in the fresh graph, or -1.
  int rewrite(const GraphNode& n) {
    if (auto* u = n.as<UnaryOp>()) return rewrite(u->kind, r_.at(n.inputs[0]));
    if (auto* b = n.as<BinaryOp>()) {
      int x = r_.at(n.inputs[0]), y = r_.at(n.inputs[1]);
      if (b->kind == Binary::subtract && is(y, 1) && same_size(n, x))
        if (int e = operand(x, Unary::exp); e >= 0) return unary(Unary::expm1, e);
    }
    return -1;
  }

 private:
  int rewrite(Unary kind, int x) {
    if (!is_float(r_.spec(x).dtype)) return -1;
    if (kind == Unary::log) {
      if (int e = operand(x, Unary::exp); e >= 0) return e;
      if (int s = operand(x, Unary::sigmoid); s >= 0)
        return unary(Unary::negative, unary(Unary::softplus, unary(Unary::negative, s)));
      if (auto* s = r_.op<SoftmaxOp>(x); s && !s->log)
        return r_.emit(make_op<SoftmaxOp>(true), {r_.maker(x).inputs[0]});
      if (auto* b = r_.op<BinaryOp>(x)) {
        const auto& in = r_.maker(x).inputs;
        if (b->kind == Binary::add)
          for (int side = 0; side < 2; ++side) {
            int other = in[1 - side];
            if (!is(in[side], 1) || r_.spec(other).shape != r_.spec(x).shape) continue;
            int e = operand(other, Unary::exp);
            return e >= 0 ? unary(Unary::softplus, e) : unary(Unary::log1p, other);
          }
        if (b->kind ==
            Binary::divide) {  // log(exp(y) / sum(exp(y))) = y - log(sum): finite where the quotient underflows
          int y = operand(in[0], Unary::exp);
          if (y >= 0 && sums(in[1], in[0])) return binary(Binary::subtract, y, unary(Unary::log, in[1]));
        }
      }
    }
    if (kind == Unary::log1p)
      if (int e = operand(x, Unary::exp); e >= 0) return unary(Unary::softplus, e);
    return -1;
  }

  bool is(int v, double value) const {
    auto c = repeated_value(r_.fresh(), v);
    return c && *c == value;
  }
  bool same_size(const GraphNode& n, int x) const {
    return r_.old().values[n.outputs[0]].spec.shape == r_.spec(x).shape;
  }
  int operand(int v, Unary kind) const {
    auto* u = r_.op<UnaryOp>(v);
    return u && u->kind == kind ? r_.maker(v).inputs[0] : -1;
  }
  bool sums(int s, int e) const {
    auto* reduce = r_.op<ReduceOp>(s);
    return reduce && reduce->kind == Reduce::sum && reduce->keepdims && r_.maker(s).inputs[0] == e;
  }
  int unary(Unary kind, int x) { return r_.emit(make_op<UnaryOp>(kind), {x}); }
  int binary(Binary kind, int a, int b) { return r_.emit(make_op<BinaryOp>(kind), {a, b}); }

  Rebuild& r_;
};

}  // namespace

bool stability(Graph& graph) {
  auto candidate = [](const GraphNode& n) {
    if (auto* u = n.as<UnaryOp>()) return u->kind == Unary::log || u->kind == Unary::log1p;
    auto* b = n.as<BinaryOp>();
    return b && b->kind == Binary::subtract;
  };
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), candidate)) return false;
  Rebuild r(graph);
  Stable stable(r);
  for (const GraphNode& n : r.old().nodes) {
    int better = n.kind == GraphNode::Kind::op ? stable.rewrite(n) : -1;
    if (better >= 0)
      r.replace(n.outputs[0], better);
    else
      r.keep(n);
  }
  return r.finish();
}

}  // namespace lamina::passes
