// Each pass on graphs small enough to read: what it leaves, and that the numbers stay.
#include "backends/graph/passes/passes.h"
#include "backends/graph/passes/rebuild.h"

#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/graph/executable.h"
#include "backends/graph/trace.h"
#include "backends/ops/elementwise/fused.h"
#include "backends/ops/softmax/softmax.h"
#include "backends/ops/update/update.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;
using Body = std::function<Tensors(std::span<const Tensor>)>;

Graph trace_of(const Body& body, const Tensors& inputs) {
  Trace trace;
  Tensors arguments;
  for (const Tensor& t : inputs) arguments.push_back(trace.add_input(t.spec()));
  TraceScope scope(trace);
  return trace.finish(body(arguments));
}

int count(const Graph& g, std::string_view name) {
  int n = 0;
  for (const GraphNode& node : g.nodes) n += node.kind == GraphNode::Kind::op && node.op->name() == name;
  return n;
}
int ops(const Graph& g) {
  int n = 0;
  for (const GraphNode& node : g.nodes) n += node.kind == GraphNode::Kind::op;
  return n;
}

// Topological order, and values that know their node.
void expect_sound(const Graph& g) {
  std::vector<char> made(g.values.size());
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    for (int v : g.nodes[i].inputs) EXPECT_TRUE(made.at(v)) << g.str();
    for (size_t o = 0; o < g.nodes[i].outputs.size(); ++o) {
      const GraphValue& v = g.values.at(g.nodes[i].outputs[o]);
      made[g.nodes[i].outputs[o]] = 1;
      EXPECT_EQ(v.node, static_cast<int>(i));
      EXPECT_EQ(v.output, static_cast<int>(o));
    }
  }
  for (int v : g.outputs) EXPECT_TRUE(made.at(v));
}

// The pass applied; the outputs as before, to `tolerance`.
Graph check(const std::function<void(Graph&)>& pass, const Body& body, const Tensors& inputs, double tolerance = 0) {
  Graph before = trace_of(body, inputs), after = trace_of(body, inputs);
  pass(after);
  expect_sound(after);
  const Device device = settings().device();
  Tensors want = Executable(std::move(before), device).run(inputs), got = Executable(Graph(after), device).run(inputs);
  for (size_t o = 0; o < want.size(); ++o) {
    EXPECT_EQ(want[o].spec(), got[o].spec());
    for (int64_t i = 0; i < want[o].size(); ++i)
      EXPECT_NEAR(want[o].at(i), got[o].at(i), tolerance * std::max(0.01, std::abs(want[o].at(i)))) << i;
  }
  return after;
}
void clean(Graph& g) {
  passes::simplify(g);
  passes::dead_code(g);
}

// Keeping all nodes copies nothing; the first that is not kept, or not in its place, makes the graph another one.
TEST(Rebuild, CopiesOnlyWhatChanges) {
  auto made = [] {
    return trace_of([](auto in) -> Tensors { return {prim::negative(prim::exp(in[0]))}; }, {ramp({3})});
  };
  Graph g = made();
  const GraphNode* nodes = g.nodes.data();
  {
    passes::Rebuild r(g);
    for (const GraphNode& n : r.old().nodes) r.keep(n);
    EXPECT_FALSE(r.finish());
  }
  EXPECT_EQ(g.nodes.data(), nodes);
  {
    passes::Rebuild r(g);  // without its last node, whose value was the second one's
    r.keep(r.old().nodes[0]);
    r.keep(r.old().nodes[1]);
    r.replace(r.old().nodes[2].outputs[0], r.at(r.old().nodes[1].outputs[0]));
    EXPECT_TRUE(r.finish());
  }
  EXPECT_EQ(ops(g), 1);
  expect_sound(g);
  g = made();
  g.outputs = {g.nodes[1].outputs[0]};
  {
    passes::Rebuild r(g);  // without its last node, which nobody reads
    r.keep(r.old().nodes[0]);
    r.keep(r.old().nodes[1]);
    EXPECT_TRUE(r.finish());
  }
  EXPECT_EQ(ops(g), 1);
  expect_sound(g);
  g = made();
  {
    passes::Rebuild r(g);  // with one more in between
    r.keep(r.old().nodes[0]);
    r.keep(r.old().nodes[1]);
    const int root = r.emit(make_op<UnaryOp>(Unary::sqrt), {r.at(r.old().nodes[1].outputs[0])});
    r.replace(r.old().nodes[1].outputs[0], root);
    r.keep(r.old().nodes[2]);
    EXPECT_TRUE(r.finish());
  }
  EXPECT_EQ(ops(g), 3);
  expect_sound(g);
  EXPECT_NEAR(Executable(std::move(g)).run(Tensors{ramp({3})})[0].at(2), -std::sqrt(std::exp(ramp({3}).at(2))), 1e-6);
}

TEST(Simplify, NeutralElements) {
  auto g = check(clean,
                 [](auto in) -> Tensors {
                   return {prim::multiply(prim::add(prim::power(in[0], prim::full({}, 1, DType::float32)), 0.0),
                                          prim::full({4, 3}, 1, DType::float32))};
                 },
                 {ramp({4, 3})});
  EXPECT_EQ(ops(g), 0) << g.str();
}

TEST(Simplify, NeutralElementThatBroadcastsStays) {
  auto g = check(clean,
                 [](auto in) -> Tensors {
                   return {prim::multiply(in[0], prim::full({4, 3}, 1, DType::float32))};
                 },
                 {ramp({3})});
  EXPECT_EQ(count(g, "Binary"), 1) << g.str();
}

TEST(Simplify, Chains) {
  auto g = check(clean,
                 [](auto in) -> Tensors {
                   Tensor t = prim::transpose(prim::transpose(in[0], {1, 0, 2}), {1, 0, 2});
                   Tensor r = prim::reshape(prim::reshape(t, {6, 4}), {4, 6});
                   Tensor c = prim::cast(prim::cast(r, DType::float64), DType::float32);
                   return {prim::negative(prim::negative(prim::stop_gradient(c)))};
                 },
                 {ramp({2, 3, 4})});
  EXPECT_EQ(ops(g), 1) << g.str();
  EXPECT_EQ(count(g, "Reshape"), 1);
}

TEST(Simplify, NarrowingCastStays) {
  auto g =
      check(clean, [](auto in) -> Tensors { return {prim::cast(prim::cast(in[0], DType::int32), DType::float32)}; },
            {ramp({5}, 9)});
  EXPECT_EQ(count(g, "Cast"), 2) << g.str();
}

TEST(Simplify, TransposeBecomesMatMulFlag) {
  auto g = check(clean,
                 [](auto in) -> Tensors {
                   return {prim::matmul(prim::transpose(in[0], {1, 0}), prim::transpose(in[1], {1, 0}))};
                 },
                 {ramp({3, 4}), ramp({5, 3})});
  EXPECT_EQ(ops(g), 1) << g.str();
}

TEST(Simplify, BroadcastIntoElementwiseDropped) {
  auto g = check(clean,
                 [](auto in) -> Tensors {
                   return {prim::add(in[0], prim::broadcast_to(in[1], {4, 3}))};
                 },
                 {ramp({4, 3}), ramp({3})});
  EXPECT_EQ(count(g, "Broadcast"), 0) << g.str();
}

TEST(Simplify, BroadcastOfBothStays) {
  auto g = check(clean,
                 [](auto in) -> Tensors {
                   return {prim::add(prim::broadcast_to(in[0], {4, 3}), prim::broadcast_to(in[1], {4, 3}))};
                 },
                 {ramp({3}), ramp({3})});
  EXPECT_EQ(count(g, "Broadcast"), 1) << g.str();  // one of them carries the shape
}

TEST(Simplify, ReluMaskFromItsOutput) {
  auto g = check(clean,
                 [](auto in) -> Tensors {
                   Tensor h = prim::unary(Unary::relu, in[0]);
                   return {prim::where(prim::binary(Binary::greater, in[0], prim::full({}, 0, DType::float32)), h,
                                       prim::full({}, 0, DType::float32))};
                 },
                 {ramp({7})});
  for (const GraphNode& n : g.nodes) {
    if (n.op && n.op->key() == "Binary{kind=greater}") {
      EXPECT_EQ(g.nodes[g.values[n.inputs[0]].node].op->key(), "Unary{kind=relu}");
    }
  }
}

TEST(CommonSubexpressions, EqualNodesMerge) {
  auto g = check(passes::common_subexpressions,
                 [](auto in) -> Tensors {
                   return {prim::add(prim::exp(prim::multiply(in[0], 2.0)), prim::exp(prim::multiply(in[0], 2.0))),
                           prim::exp(prim::multiply(in[0], 3.0))};
                 },
                 {ramp({5})});
  EXPECT_EQ(count(g, "Unary"), 2) << g.str();
}

TEST(OrderUpdates, EachFollowsItsGradient) {
  Variable a(ramp({40, 40})), b(ramp({40, 40})), rate(Tensor::scalar(0.5f));
  Graph g = trace_of(
      [&](auto in) -> Tensors {
        Tensor ga = prim::matmul(in[0], a.value()), gb = prim::matmul(ga, b.value());
        Tensor half = prim::multiply(rate.value(), 0.5);
        a.assign_sub(prim::multiply(ga, half));
        b.assign_sub(prim::multiply(gb, half));
        return {};
      },
      {ramp({40, 40})});
  passes::optimize(g);
  expect_sound(g);
  std::vector<std::string> order;
  for (const GraphNode& n : g.nodes)
    if (n.kind == GraphNode::Kind::op && g.values[n.outputs[0]].spec.shape.rank()) order.emplace_back(n.op->name());
  EXPECT_THAT(order, ::testing::ElementsAre("MatMul", "FusedElementwise", "MatMul", "FusedElementwise")) << g.str();
}

TEST(DeadCode, KeepsUpdatesAndArguments) {
  Variable v(ramp({2}));
  Tensors inputs = {ramp({2}), ramp({3})};
  Graph g = trace_of(
      [&](auto in) -> Tensors {
        prim::exp(in[0]);
        v.assign(prim::negative(in[0]));
        return {prim::square(in[0])};
      },
      inputs);
  passes::dead_code(g);
  expect_sound(g);
  EXPECT_EQ(ops(g), 2) << g.str();
  EXPECT_EQ(g.inputs.size(), 2u);
  Executable(std::move(g)).run(inputs);
  EXPECT_EQ(v.value().at(1), -inputs[0].at(1));
}

TEST(FoldConstants, SmallOnes) {
  Tensor c = ramp({3});
  auto fold = [](Graph& g) {
    passes::fold_constants(g);
    passes::dead_code(g);
  };
  auto g = check(fold, [&](auto in) -> Tensors { return {prim::add(in[0], prim::exp(prim::multiply(c, 2.0)))}; },
                 {ramp({3})});
  EXPECT_EQ(ops(g), 1) << g.str();
  g = check(fold, [](auto in) -> Tensors { return {prim::multiply(in[0], prim::iota(1 << 16, DType::float32))}; },
            {ramp({1})});
  EXPECT_EQ(count(g, "Iota"), 1) << "large results are not kept in the graph";
}

TEST(Stability, DigitsKept) {
  auto run = [](const Body& body, const Tensor& x) {
    Graph g = trace_of(body, {x});
    passes::stability(g);
    passes::dead_code(g);
    return Executable(std::move(g)).run(std::vector<Tensor>{x})[0].at(0);
  };
  auto one = [](double v) { return Tensor::scalar(static_cast<float>(v)); };
  EXPECT_NEAR(run([](auto in) -> Tensors { return {prim::log(prim::add(in[0], 1.0))}; }, one(1e-9)), 1e-9, 1e-15);
  EXPECT_NEAR(run([](auto in) -> Tensors { return {prim::add(prim::exp(in[0]), -1.0)}; }, one(0)), 0, 1e-7);
  EXPECT_NEAR(
      run([](auto in) -> Tensors { return {prim::subtract(prim::exp(in[0]), prim::full({}, 1, DType::float32))}; },
          one(1e-9)),
      1e-9, 1e-15);
  EXPECT_NEAR(run([](auto in) -> Tensors { return {prim::log(prim::unary(Unary::sigmoid, in[0]))}; }, one(-200)), -200,
              1e-4);
  EXPECT_NEAR(run([](auto in) -> Tensors { return {prim::log(prim::add(prim::exp(in[0]), 1.0))}; }, one(200)), 200,
              1e-4);
  EXPECT_NEAR(run([](auto in) -> Tensors { return {prim::log(prim::exp(in[0]))}; }, one(500)), 500, 0);
}

TEST(Stability, LogOfSoftmax) {
  Tensor x = Tensor::of<float>({0, -300, 2}, {1, 3});
  Graph g = trace_of(
      [](auto in) -> Tensors {
        Tensor e = prim::exp(prim::subtract(in[0], prim::reduce(Reduce::max, in[0], {1}, true)));
        return {prim::log(prim::divide(e, prim::sum(e, {1}, true))),
                prim::log(apply1(make_op<SoftmaxOp>(false), {in[0]}))};
      },
      {x});
  passes::stability(g);
  for (const Tensor& y : Executable(std::move(g)).run(std::vector<Tensor>{x}))
    EXPECT_NEAR(y.at(1), -302 - std::log1p(std::exp(-2.0)), 1e-3);
}

TEST(FuseMatMulUpdate, GradientStepAddsIntoTheKernel) {
  Tensor start = ramp({5, 3});
  auto step = [&](bool fused) {
    Variable w(prim::multiply(start, 1.0));
    Tensors inputs = {ramp({4, 5}), ramp({4, 3})};
    Graph g = trace_of(
        [&](auto in) -> Tensors {
          w.assign_sub(prim::multiply(prim::matmul(in[0], in[1], true, false), 0.1));
          return {prim::matmul(in[0], w)};
        },
        inputs);
    if (fused) {
      passes::fuse_matmul_update(g);
      passes::dead_code(g);
      expect_sound(g);
      EXPECT_EQ(count(g, "MatMulAdd"), 1) << g.str();
      EXPECT_EQ(count(g, "Binary"), 0) << g.str();
    }
    Executable executable(std::move(g));
    EXPECT_EQ(executable.variables_in_place(), 1);
    Tensor out;
    for (int i = 0; i < 3; ++i) out = executable.run(inputs)[0];
    return Tensors{w.value(), out};
  };
  Tensors want = step(false), got = step(true);
  for (size_t o = 0; o < 2; ++o)
    for (int64_t i = 0; i < want[o].size(); ++i) EXPECT_NEAR(want[o].at(i), got[o].at(i), 1e-5) << o;
}

TEST(FuseMatMulUpdate, RateMayBeAVariable) {
  Variable w(ramp({5, 3})), rate(Tensor::scalar(0.1f));
  Tensors inputs = {ramp({4, 5}), ramp({4, 3})};
  auto body = [&](auto in) -> Tensors {
    const Tensor rest[] = {prim::matmul(in[0], in[1], true, false), rate};
    update_variables(make_op<UpdateOp>(UpdateRule::sgd, UpdateConstants{}), std::span(&w, 1), rest);
    return {};
  };
  Tensor start = w.value(),
         want = prim::subtract(start, prim::multiply(prim::matmul(inputs[0], inputs[1], true, false), 0.1));
  Graph g = trace_of(body, inputs);
  passes::fuse_matmul_update(g);
  passes::dead_code(g);
  expect_sound(g);
  EXPECT_EQ(count(g, "MatMulAdd"), 1) << g.str();
  EXPECT_EQ(count(g, "Update"), 0) << g.str();
  // The plain loop too.
  for (const GraphNode& n : g.nodes) {
    if (n.kind != GraphNode::Kind::op || n.op->name() != "MatMulAdd") continue;
    std::vector<TensorSpec> in = {start.spec(), inputs[0].spec(), inputs[1].spec(), {{}, DType::float32}},
                            out = {start.spec()};
    BoundKernel k = bind_kernel_named(Device::cpu, "composed", {*n.op, in, out, {}});
    Tensor y = Tensor::empty(start.shape(), DType::float32),
           scratch = Tensor::empty({static_cast<int64_t>(k.scratch_bytes / 4 + 16)}, DType::float32), r = rate.value();
    const void* from[] = {start.raw(), inputs[0].raw(), inputs[1].raw(), r.raw()};
    void* to[] = {y.mutable_raw()};
    k.run(from, to, scratch.mutable_raw());
    for (int64_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y.at(i), want.at(i), 1e-5);
  }
  Executable(std::move(g)).run(inputs);
  for (int64_t i = 0; i < want.size(); ++i) EXPECT_NEAR(w.value().at(i), want.at(i), 1e-5);
}

TEST(FuseMatMulUpdate, ProductUsedElsewhereStays) {
  Variable w(ramp({5, 3}));
  Graph g = trace_of(
      [&](auto in) -> Tensors {
        Tensor grad = prim::matmul(in[0], in[1], true, false);
        w.assign_sub(prim::multiply(grad, 0.1));
        return {grad};
      },
      {ramp({4, 5}), ramp({4, 3})});
  passes::fuse_matmul_update(g);
  EXPECT_EQ(count(g, "MatMulAdd"), 0);
}

// A GPU's products with and without epilogue are different kernels.
double between_products() { return settings().device().kind == DeviceKind::cuda ? 2e-2 : 0; }

// Inputs: x, w, bias, a tensor of the product's shape.
TEST(FuseMatMul, TakesBiasResidualAndReluWithItsBits) {
  const Tensors inputs = {prim::cast(ramp({6, 5}), DType::float32), prim::cast(ramp({5, 12}), DType::float32),
                          prim::cast(ramp({12}), DType::float32), prim::cast(ramp({6, 12}), DType::float32)};
  struct Case {
    Body body;
    int fused, rest;  // fused products, elementwise nodes that stay
  };
  auto relu = [](const Tensor& t) { return prim::unary(Unary::relu, t); };
  const std::vector<Case> cases = {
      {[](auto in) -> Tensors { return {prim::add(prim::matmul(in[0], in[1]), in[2])}; }, 1, 0},
      {[=](auto in) -> Tensors { return {relu(prim::add(in[2], prim::matmul(in[0], in[1])))}; }, 1, 0},
      {[=](auto in) -> Tensors { return {relu(prim::add(in[3], prim::add(prim::matmul(in[0], in[1]), in[2])))}; }, 1,
       0},
      {[=](auto in) -> Tensors { return {relu(prim::matmul(in[0], in[1]))}; }, 1, 0},
      // The bias over an axis of its own behind a reshape, as EinsumDense has it, and a residual there.
      {[=](auto in) -> Tensors {
         return {relu(
             prim::add(prim::add(prim::reshape(prim::matmul(in[0], in[1]), {2, 3, 4, 3}), prim::reshape(in[2], {4, 3})),
                       prim::reshape(in[3], {2, 3, 4, 3})))};
       },
       1, 0},
      // The sum of two products: the later one makes it. Of three: two of them.
      {[](auto in) -> Tensors {
         return {prim::add(prim::matmul(in[0], in[1]), prim::matmul(prim::negative(in[0]), in[1]))};
       },
       1, 1},
      // Not: a product or a sum that is read twice, a bias along the rows, one that is added to a reshape of other
      // columns.
      {[](auto in) -> Tensors {
         Tensor y = prim::matmul(in[0], in[1]);
         return {prim::add(y, in[2]), y};
       },
       0, 1},
      {[=](auto in) -> Tensors {
         Tensor y = prim::add(prim::matmul(in[0], in[1]), in[2]);
         return {relu(y), y};
       },
       1, 1},
      {[](auto in) -> Tensors {
         return {prim::add(prim::matmul(in[0], in[1]),
                           prim::reshape(prim::reduce(Reduce::sum, in[3], {1}, false), {6, 1}))};
       },
       0, 1},
      {[](auto in) -> Tensors {
         return {prim::add(prim::reshape(prim::matmul(in[0], in[1]), {12, 6}), prim::reshape(in[2], {12, 1}))};
       },
       0, 1},
      {[](auto in) -> Tensors {
         return {prim::add(prim::reshape(prim::matmul(in[0], in[1]), {12, 6}),
                           prim::reduce(Reduce::sum, prim::reshape(in[3], {12, 6}), {0}, false))};
       },
       0, 1},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const Graph g = check(
        [](Graph& graph) {
          passes::fuse_matmul(graph);
          passes::dead_code(graph);
        },
        cases[i].body, inputs, between_products());
    EXPECT_EQ(count(g, "FusedMatMul"), cases[i].fused) << g.str();
    EXPECT_EQ(count(g, "Unary") + count(g, "Binary"), cases[i].rest) << g.str();
  }
}

TEST(FuseMatMul, TakesHalvesOnDevices) {
  for (DType dtype : {DType::float16, DType::bfloat16}) {
    Tensors inputs;
    for (const Shape& shape : {Shape{6, 5}, Shape{5, 12}, Shape{12}, Shape{6, 12}})
      inputs.push_back(prim::cast(ramp(shape), dtype));
    auto body = [](auto in) -> Tensors {
      return {prim::unary(Unary::relu, prim::add(prim::add(prim::matmul(in[0], in[1]), in[2]), in[3])),
              prim::matmul(in[0], in[1])};
    };
    const Graph g = check(
        [](Graph& graph) {
          passes::fuse_matmul(graph, settings().device());
          passes::dead_code(graph);
        },
        body, inputs, between_products());
    EXPECT_EQ(count(g, "FusedMatMul"), settings().device().is_host() ? 0 : 1) << g.str();
  }
}

TEST(FuseMatMul, LeavesOtherTypes) {
  const Tensors inputs = {prim::cast(ramp({6, 5}), DType::float64), prim::cast(ramp({5, 12}), DType::float64),
                          prim::cast(ramp({12}), DType::float64)};
  Graph g = trace_of([](auto in) -> Tensors { return {prim::add(prim::matmul(in[0], in[1]), in[2])}; }, inputs);
  passes::fuse_matmul(g);
  EXPECT_EQ(count(g, "FusedMatMul"), 0);
}

TEST(Fuse, ChainIsOneNode) {
  auto fuse = [](Graph& g) {
    passes::fuse_elementwise(g);
    passes::dead_code(g);
  };
  auto g = check(fuse,
                 [](auto in) -> Tensors {
                   Tensor h = prim::unary(Unary::tanh, prim::add(in[0], prim::broadcast_to(in[1], {4, 3})));
                   return {prim::multiply(h, prim::rsub(1.0, prim::square(h))), h};
                 },
                 {ramp({4, 3}), ramp({3})});
  EXPECT_EQ(ops(g), 1) << g.str();
  EXPECT_EQ(count(g, "FusedElementwise"), 1);
}

TEST(Fuse, NoCycleThroughAReduction) {
  auto g = check(passes::fuse_elementwise,
                 [](auto in) -> Tensors {
                   Tensor a = prim::exp(in[0]);
                   Tensor s = prim::sum(a, {1}, true);
                   return {prim::multiply(prim::divide(a, s), prim::add(a, 1.0))};
                 },
                 {ramp({4, 3})});
  EXPECT_EQ(count(g, "Reduce"), 1) << g.str();
}

TEST(Fuse, LateReadersTakeTheirOperandsAlong) {
  // The mask is read only after the product: it belongs to the second group, so that it is never stored.
  auto g = check(passes::fuse_elementwise,
                 [](auto in) -> Tensors {
                   Tensor mask = prim::binary(Binary::greater, in[0], in[1]);
                   Tensor product = prim::matmul(in[0], in[1]);
                   return {prim::where(mask, product, prim::negative(product))};
                 },
                 {ramp({3, 3}), ramp({3, 3}, 2)});
  EXPECT_EQ(count(g, "FusedElementwise"), 1) << g.str();
}

TEST(Fuse, LongChainsAreCut) {
  auto g = check(passes::fuse_elementwise,
                 [](auto in) -> Tensors {
                   Tensor x = in[0], y = in[0];
                   for (int i = 0; i < 300; ++i) {
                     x = prim::add(prim::multiply(x, 0.5), y);
                     if (i % 7 == 0) y = prim::subtract(x, in[0]);
                   }
                   return {x, y};
                 },
                 {ramp({10})});
  EXPECT_GE(count(g, "FusedElementwise"), 4);
  EXPECT_LE(count(g, "FusedElementwise"), 20);
}

}  // namespace
}  // namespace lamina
