// Reductions that take the elementwise program before them.
#include "backends/core/settings.h"
#include "backends/graph/executable.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;
using Body = std::function<Tensors(std::span<const Tensor>)>;

Graph fused(const Body& body, const Tensors& inputs, bool reductions) {
  Trace trace;
  Tensors arguments;
  for (const Tensor& t : inputs) arguments.push_back(trace.add_input(t.spec()));
  TraceScope scope(trace);
  Graph g = trace.finish(body(arguments));
  passes::fuse_elementwise(g);
  if (reductions) passes::fuse_reduce(g);
  passes::dead_code(g);
  return g;
}
int count(const Graph& g, std::string_view name) {
  int n = 0;
  for (const GraphNode& node : g.nodes) n += node.kind == GraphNode::Kind::op && node.op->name() == name;
  return n;
}
// How many reductions were fused; the results are the same bits as without.
int fusions(const Body& body, const Tensors& inputs) {
  Graph plain = fused(body, inputs, false), after = fused(body, inputs, true);
  const int found = count(after, "FusedReduce");
  const Device device = settings().device();
  const Tensors a = Executable(std::move(plain), device).run(inputs),
                b = Executable(std::move(after), device).run(inputs);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].shape(), b[i].shape());
    for (int64_t k = 0; k < a[i].size(); ++k) EXPECT_EQ(a[i].at(k), b[i].at(k)) << "output " << i << " element " << k;
  }
  return found;
}

TEST(FuseReduce, TakesProgramsAndSingleOps) {
  const Tensors in{ramp({4, 6}), ramp({6}, 0.3)};
  auto difference = [](std::span<const Tensor> x) {
    return prim::square(prim::subtract(x[0], prim::broadcast_to(x[1], {4, 6})));
  };
  EXPECT_EQ(fusions([&](auto x) { return Tensors{prim::reduce(Reduce::sum, difference(x), {1}, false)}; }, in), 1);
  EXPECT_EQ(fusions([&](auto x) { return Tensors{prim::reduce(Reduce::max, difference(x), {0}, true)}; }, in), 1);
  EXPECT_EQ(fusions([&](auto x) { return Tensors{prim::reduce_all(Reduce::sum, prim::square(x[0]))}; }, in), 1);
  EXPECT_EQ(
      fusions(
          [&](auto x) {
            return Tensors{prim::reduce(
                Reduce::any, prim::binary(Binary::greater, x[0], prim::broadcast_to(x[1], {4, 6})), {0, 1}, false)};
          },
          in),
      1);
}

TEST(FuseReduce, SeveralReductionsEachTakeTheirOwn) {
  const Tensors in{ramp({4, 6}), ramp({4, 6}, 0.3)};
  EXPECT_EQ(fusions(
                [](auto x) {
                  Tensor mean =
                      prim::reduce(Reduce::sum, prim::multiply(x[0], x[1]), {1}, true);  // the next program reads it
                  return Tensors{prim::reduce_all(Reduce::sum, prim::square(prim::subtract(x[0], mean))), mean};
                },
                in),
            2);
}

TEST(FuseReduce, LeavesWhatOthersRead) {
  const Tensors in{ramp({4, 6})};
  EXPECT_EQ(fusions(
                [](auto x) {
                  Tensor y = prim::square(x[0]);
                  return Tensors{prim::reduce_all(Reduce::sum, y), y};
                },
                in),
            0);
  EXPECT_EQ(fusions(
                [](auto x) {
                  Tensor y = prim::square(x[0]);
                  return Tensors{prim::reduce(Reduce::sum, y, {0}, false), prim::reduce(Reduce::sum, y, {1}, false)};
                },
                in),
            0);
  EXPECT_EQ(fusions([](auto x) { return Tensors{prim::reduce_all(Reduce::sum, x[0])}; }, in), 0);  // nothing to take
}

TEST(FuseReduce, RunsOnDevicesOnly) {
  const Body body = [](auto x) { return Tensors{prim::reduce_all(Reduce::sum, prim::square(x[0]))}; };
  for (Device device : {Device(Device::cpu), Device{DeviceKind::emulated, 0}}) {
    Trace trace;
    const Tensor x = trace.add_input({{4, 6}, DType::float32});
    TraceScope scope(trace);
    Graph g = trace.finish(body({&x, 1}));
    passes::optimize(g, device);
    EXPECT_EQ(count(g, "FusedReduce"), device.is_host() ? 0 : 1);
  }
}

}  // namespace
}  // namespace lamina
