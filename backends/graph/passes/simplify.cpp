#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"
#include "backends/ops/custom_gradient/custom_gradient.h"
#include "backends/ops/primitives.h"

namespace lamina::passes {

namespace {

// Whether every value of `a` is a value of `b`.
bool widens(DType a, DType b) {
  if (a == b || a == DType::boolean) return true;
  if (is_float(a)) return is_float(b) && size_of(b) > size_of(a);
  if (is_float(b)) return size_of(b) == 8 ? size_of(a) <= 4 : (size_of(b) == 4 && size_of(a) <= 2);
  if (is_unsigned_int(a)) return is_int(b) && size_of(b) > size_of(a);
  return is_signed_int(b) && size_of(b) > size_of(a);
}

class Simplify {
 public:
  explicit Simplify(Rebuild& r) : r_(r) {}

  // The value that takes this node's place, or -1 to keep it.
  int rewrite(const GraphNode& n) {
    in_.clear();
    for (int v : n.inputs) in_.push_back(r_.at(v));
    out_ = r_.old().values[n.outputs[0]].spec;
    if (auto* op = n.as<BinaryOp>()) return binary(n, *op);
    if (auto* op = n.as<UnaryOp>()) return unary(*op);
    if (auto* op = n.as<WhereOp>()) return where(n, *op);
    if (n.as<CastOp>()) return cast();
    if (n.as<ReshapeOp>()) return reshape(n);
    if (n.as<StopGradientOp>()) return in_[0];
    if (auto* op = n.as<TransposeOp>()) return transpose(*op);
    if (auto* op = n.as<BroadcastOp>()) return broadcast(*op);
    if (auto* op = n.as<MatMulOp>()) return matmul(*op);
    if (auto* op = n.as<ReduceOp>()) return reduce(*op);
    return -1;
  }

  // relu(x) already in the graph, by x.
  void note(const GraphNode& n) {
    auto* op = n.as<UnaryOp>();
    if (op && op->kind == Unary::relu) relus_.emplace(r_.at(n.inputs[0]), r_.at(n.outputs[0]));
  }

 private:
  bool is(int v, double value) const {
    auto c = repeated_value(r_.fresh(), v);
    return c && *c == value;
  }
  const Shape& shape(int v) const { return r_.spec(v).shape; }
  int input(int v) const { return r_.maker(v).inputs[0]; }

  // Elementwise kernels broadcast: an explicit broadcast of an operand is dropped where the result keeps its shape.
  bool drop_broadcasts() {
    bool any = false;
    for (size_t i = 0; i < in_.size(); ++i) {
      if (!r_.op<BroadcastOp>(in_[i])) continue;
      int from = input(in_[i]);
      Shape together = shape(from);
      for (size_t j = 0; j < in_.size(); ++j)
        if (j != i) together = broadcast_shapes(together, shape(in_[j]));
      if (together == out_.shape) in_[i] = from, any = true;
    }
    return any;
  }

  int binary(const GraphNode& n, const BinaryOp& op) {
    bool changed = drop_broadcasts();
    const int a = in_[0], b = in_[1];
    const bool keeps_a = shape(a) == out_.shape, keeps_b = shape(b) == out_.shape;
    auto negated = [&](int v) {
      auto* u = r_.op<UnaryOp>(v);
      return u && u->kind == Unary::negative ? input(v) : -1;
    };
    switch (op.kind) {
      case Binary::multiply:
        if (keeps_a && is(b, 1)) return a;
        if (keeps_b && is(a, 1)) return b;
        break;
      case Binary::divide:
        if (keeps_a && is(b, 1)) return a;
        break;
      case Binary::add:
        if (keeps_a && is(b, 0)) return a;
        if (keeps_b && is(a, 0)) return b;
        if (int x = negated(b); x >= 0) return emit<BinaryOp>({a, x}, Binary::subtract);
        if (int x = negated(a); x >= 0) return emit<BinaryOp>({b, x}, Binary::subtract);
        break;
      case Binary::subtract:
        if (keeps_a && is(b, 0)) return a;
        if (int x = negated(b); x >= 0) return emit<BinaryOp>({a, x}, Binary::add);
        break;
      case Binary::power:
        if (keeps_a && is(b, 1)) return a;
        if (keeps_a && is(b, 2)) return emit<UnaryOp>({a}, Unary::square);
        break;
      case Binary::greater:  // the mask of relu's gradient: from its output, so that its input need not be kept
        if (auto found = relus_.find(a); is(b, 0) && found != relus_.end()) return r_.emit(n.op, {found->second, b});
        break;
      default: break;
    }
    return changed ? r_.emit(n.op, in_) : -1;
  }

  int unary(const UnaryOp& op) {
    auto* inner = r_.op<UnaryOp>(in_[0]);
    if (!inner) return -1;
    if (op.kind == Unary::negative && inner->kind == Unary::negative) return input(in_[0]);
    if (op.kind == Unary::relu && inner->kind == Unary::relu) return in_[0];
    if (op.kind == Unary::abs && (inner->kind == Unary::abs || inner->kind == Unary::negative))
      return emit<UnaryOp>({input(in_[0])}, Unary::abs);
    return -1;
  }

  int where(const GraphNode& n, const WhereOp&) {
    bool changed = drop_broadcasts();
    if (in_[1] == in_[2] && shape(in_[1]) == out_.shape) return in_[1];
    return changed ? r_.emit(n.op, in_) : -1;
  }

  int cast() {
    if (r_.spec(in_[0]).dtype == out_.dtype) return in_[0];
    if (!r_.op<CastOp>(in_[0])) return -1;
    int from = input(in_[0]);
    if (!widens(r_.spec(from).dtype, r_.spec(in_[0]).dtype)) return -1;
    return r_.spec(from).dtype == out_.dtype ? from : emit<CastOp>({from}, out_.dtype);
  }

  int reshape(const GraphNode&) {
    int from = in_[0];
    if (r_.op<ReshapeOp>(from)) from = input(from);
    if (shape(from) == out_.shape) return from;
    if (auto* full = r_.op<FullOp>(from)) return emit<FullOp>({}, out_.shape, full->value, full->dtype);
    return from == in_[0] ? -1 : emit<ReshapeOp>({from}, out_.shape);
  }

  int transpose(const TransposeOp& op) {
    int from = in_[0];
    std::vector<int> axes = op.axes;
    if (auto* inner = r_.op<TransposeOp>(from)) {
      for (int& a : axes) a = inner->axes[a];
      from = input(from);
    }
    std::vector<int> moved;  // axes of size 1 go where they like
    for (int a : axes)
      if (shape(from)[a] != 1) moved.push_back(a);
    if (std::is_sorted(axes.begin(), axes.end())) return from;
    if (std::is_sorted(moved.begin(), moved.end())) return emit<ReshapeOp>({from}, out_.shape);
    return from == in_[0] ? -1 : emit<TransposeOp>({from}, axes);
  }

  int broadcast(const BroadcastOp&) {
    int from = in_[0];
    if (r_.op<BroadcastOp>(from)) from = input(from);
    if (shape(from) == out_.shape) return from;
    if (auto* full = r_.op<FullOp>(from)) return emit<FullOp>({}, out_.shape, full->value, full->dtype);
    return from == in_[0] ? -1 : emit<BroadcastOp>({from}, out_.shape);
  }

  int matmul(const MatMulOp& op) {
    bool flags[2] = {op.transpose_a, op.transpose_b}, changed = false;
    for (int side = 0; side < 2; ++side) {
      auto* t = r_.op<TransposeOp>(in_[side]);
      if (!t) continue;
      const int rank = static_cast<int>(t->axes.size());
      bool last_two = t->axes[rank - 1] == rank - 2 && t->axes[rank - 2] == rank - 1;
      for (int i = 0; i < rank - 2; ++i) last_two &= t->axes[i] == i;
      if (!last_two) continue;
      in_[side] = input(in_[side]);
      flags[side] = !flags[side];
      changed = true;
    }
    return changed ? emit<MatMulOp>(in_, flags[0], flags[1]) : -1;
  }

  int reduce(const ReduceOp& op) {
    for (int a : op.axes)
      if (shape(in_[0])[a] != 1) return -1;
    return shape(in_[0]) == out_.shape ? in_[0] : emit<ReshapeOp>({in_[0]}, out_.shape);
  }

  template <class P, class... Args>
  int emit(const std::vector<int>& inputs, Args... args) {
    return r_.emit(make_op<P>(args...), inputs);
  }

  Rebuild& r_;
  std::vector<int> in_;
  TensorSpec out_;
  std::unordered_map<int, int> relus_;
};

}  // namespace

bool simplify(Graph& graph) {
  Rebuild r(graph);
  Simplify rules(r);
  for (const GraphNode& n : r.old().nodes) {
    if (auto* op = n.as<CustomGradientOp>()) {  // gradients have been taken
      for (size_t i = 0; i < n.outputs.size(); ++i) r.replace(n.outputs[i], r.at(n.inputs[op->sources + i]));
      continue;
    }
    int better = n.kind == GraphNode::Kind::op && n.outputs.size() == 1 ? rules.rewrite(n) : -1;
    if (better >= 0) {
      r.replace(n.outputs[0], better);
    } else {
      r.keep(n);
      rules.note(n);
    }
  }
  return r.finish();
}

}  // namespace lamina::passes
