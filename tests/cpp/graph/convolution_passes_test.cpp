// What the graph engine makes of convolutions and poolings: fused kernels, with the eager engine's values.
#include "backends/core/autodiff.h"
#include "backends/core/kernel.h"
#include "backends/core/settings.h"
#include "backends/graph/function.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"
#include "backends/ops/convolution/fused.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina::testing {
namespace {

const Window kSame{{1, 1}, {1, 1}, {1, 1}, {1, 1}};
const PoolWindows kTiles{{2, 2}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}};

// A step's shape: relu(conv + bias), pooled; the gradients of kernel, bias and input.
Tensors step(std::span<const Tensor> in) {
  TapeScope tape;
  Tensor b = prim::reshape(in[2], {1, 1, 1, in[2].shape()[0]});
  Tensor y = prim::unary(Unary::relu, prim::add(prim::convolution(in[0], in[1], kSame), b));
  Tensor pooled = prim::max_pool(y, kTiles);
  Tensor loss = prim::reduce_all(Reduce::sum, prim::square(pooled));
  std::vector<GradientSource> sources = {in[0], in[1], in[2]};
  Tensors out = gradients(std::vector<Tensor>{loss}, sources);
  out.push_back(loss);
  return out;
}

Graph traced(const std::function<Tensors(std::span<const Tensor>)>& f, const Tensors& inputs) {
  Trace trace;
  TraceScope scope(trace);
  Tensors places;
  for (const Tensor& t : inputs) places.push_back(trace.add_input(t.spec()));
  Graph graph = trace.finish(f(places));
  passes::optimize(graph);
  return graph;
}

int count(const Graph& graph, std::string_view name) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                        [&](const GraphNode& n) { return n.op && n.op->name() == name; }));
}

void expect_close(const Tensor& a, const Tensor& b, double tolerance) {
  ASSERT_EQ(a.shape(), b.shape());
  double scale = 0;
  for (int64_t i = 0; i < a.size(); ++i) scale = std::max(scale, std::abs(a.at(i)));
  for (int64_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a.at(i), b.at(i), tolerance * scale) << "element " << i;
}

TEST(FuseConvolution, OneKernelEachWithTheEagerEnginesValues) {
  for (int64_t channels : {3, 16}) {
    const Tensors inputs = {ramp({4, 9, 8, channels}), ramp({3, 3, channels, 24}), ramp({24})};
    Graph graph = traced(step, inputs);
    EXPECT_EQ(count(graph, "FusedConvolutionPool"), 1);
    EXPECT_EQ(count(graph, "FusedConvolutionWeightGrad"), 1);
    EXPECT_EQ(count(graph, "Convolution") + count(graph, "ConvolutionWeightGrad"), 0);
    // The mask stands before the scatter, over the pooled values.
    for (const GraphNode& n : graph.nodes)
      if (n.op && n.op->name() == "FusedElementwise") {
        EXPECT_LT(graph.values[n.outputs[0]].spec.shape.elements(), 4 * 9 * 8 * 24) << graph.str();
      }
    const Tensors eager = step(inputs), compiled = Function(step, "step", Function::Mode::graph)(inputs);
    for (size_t i = 0; i < eager.size(); ++i) expect_close(eager[i], compiled[i], 1e-5);
  }
}

// A first layer: nobody wants the gradient of its input, so nothing of the convolution's size goes through memory.
TEST(FuseConvolution, PoolingsJoinThem) {
  auto first = [](std::span<const Tensor> in) -> Tensors {
    Tensors all = step(in);
    return {all[1], all[2], all[3]};
  };
  for (int64_t channels : {1, 16})
    for (int64_t batch : {1, 37}) {
      const Tensors inputs = {ramp({batch, 15, 14, channels}), ramp({3, 3, channels, 24}), ramp({24})};
      Graph graph = traced(first, inputs);
      EXPECT_EQ(count(graph, "FusedConvolutionPool"), 1);
      EXPECT_EQ(count(graph, "FusedConvolutionPoolWeightGrad"), 1) << graph.str();
      const Tensors eager = first(inputs);
      Function compiled(first, "first", Function::Mode::graph);
      Tensors results[2];
      for (int threads : {1, 2}) {
        settings().set_threads(threads);
        results[threads - 1] = compiled(inputs);
      }
      settings().set_threads(0);
      for (size_t i = 0; i < eager.size(); ++i) {
        expect_close(eager[i], results[0][i], 2e-5);
        EXPECT_EQ(std::memcmp(results[0][i].raw(), results[1][i].raw(), eager[i].bytes()), 0);
      }
    }
}

TEST(FuseConvolution, ForwardAloneMakesNoIndexAndKeepsBits) {
  auto forward = [](std::span<const Tensor> in) -> Tensors {
    Tensor b = prim::reshape(in[2], {1, 1, 1, in[2].shape()[0]});
    return {prim::max_pool(prim::unary(Unary::relu, prim::add(b, prim::convolution(in[0], in[1], kSame))), kTiles),
            prim::add(prim::convolution(in[0], in[1], kSame, 1), b)};
  };
  const Tensors inputs = {ramp({6, 10, 12, 16}), ramp({3, 3, 16, 24}), ramp({24})};
  Graph graph = traced(forward, inputs);
  for (const GraphNode& n : graph.nodes)
    if (n.op && (n.op->name() == "MaxPool" || n.op->name() == "FusedConvolutionPool")) {
      EXPECT_EQ(n.outputs.size(), 1u);
    }
  const Tensors eager = forward(inputs), compiled = Function(forward, "forward", Function::Mode::graph)(inputs);
  for (size_t i = 0; i < eager.size(); ++i)
    EXPECT_EQ(std::memcmp(eager[i].raw(), compiled[i].raw(), eager[i].bytes()), 0);
}

TEST(FuseConvolution, EveryKernelOfTheFusedOnesAgrees) {
  std::map<std::string, int> ran;
  struct Case {
    Shape x, w, y;
    Window same;
    std::vector<int64_t> sizes;
    std::vector<int> axes;
  };
  for (const Case& c : {Case{{5, 13, 12, 3}, {3, 3, 3, 24}, {5, 13, 12, 24}, kSame, {3, 3}, {0, 1, 2}},
                        Case{{5, 13, 12, 16}, {3, 3, 16, 24}, {5, 13, 12, 24}, kSame, {3, 3}, {0, 1, 2}},
                        Case{{5, 70, 30}, {5, 30, 24}, {5, 70, 24}, {{1}, {2}, {2}, {1}}, {5}, {0, 1}}}) {
    const Tensor x = ramp(c.x), w = ramp(c.w), b = ramp({24}), g = ramp(c.y);
    const FusedConvolutionWeightGradOp grad(c.same, 1, c.sizes);
    auto run = [](const Primitive& op, std::string_view kernel, const Tensors& inputs) -> Tensors {
      std::vector<TensorSpec> in;
      std::vector<const void*> from;
      std::vector<void*> to;
      for (const Tensor& t : inputs) in.push_back(t.spec()), from.push_back(t.raw());
      const std::vector<TensorSpec> out = op.infer(in);
      BoundKernel k = bind_kernel_named(Device::cpu, kernel, {op, in, out, {}});
      if (!k.run) return {};
      Tensors results;
      for (const TensorSpec& s : out)
        results.push_back(Tensor::empty(s.shape, s.dtype)), to.push_back(results.back().mutable_raw());
      std::vector<char> scratch(k.scratch_bytes + 64);
      k.run(from.data(), to.data(), scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64));
      return results;
    };
    for (const KernelInfo& k : registered_kernels()) {
      if (k.primitive == "FusedConvolution") {
        for (int which = 0; which < 8; ++which) {
          const Epilogue epilogue{.bias = (which & 1) != 0, .residual = (which & 2) != 0, .relu = (which & 4) != 0};
          Tensor plain = prim::convolution(x, w, c.same);
          Tensors inputs = {x, w};
          if (epilogue.bias) inputs.push_back(b), plain = prim::add(plain, b);
          if (epilogue.residual) inputs.push_back(g), plain = prim::add(plain, g);
          if (epilogue.relu) plain = prim::unary(Unary::relu, plain);
          Tensors y = run(FusedConvolutionOp(c.same, 1, epilogue), k.name, inputs);
          if (y.empty()) continue;
          SCOPED_TRACE(k.name + " " + std::to_string(which));
          expect_close(plain, y[0], 1e-5);
          if (epilogue.bias && epilogue.residual) ++ran[k.name];
        }
      } else if (k.primitive == "FusedConvolutionWeightGrad") {
        Tensors y = run(grad, k.name, {x, g});
        if (y.empty()) continue;
        SCOPED_TRACE(k.name);
        expect_close(prim::convolution_weight_grad(x, g, c.same, 1, c.sizes), y[0], 1e-5);
        expect_close(prim::reduce(Reduce::sum, g, c.axes, false), y[1], 1e-5);
      }
    }
  }
  for (const char* kernel : {"composed", "gemm_any"}) EXPECT_EQ(ran[kernel], 6) << kernel;
}

// A block as in ResNet: two convolutions, and beside them the input itself or a third one.
Tensors residual_block(std::span<const Tensor> in, bool projected) {
  const Tensor &x = in[0], &b = in[3];
  Tensor shortcut = projected ? prim::add(prim::convolution(x, in[4], Window{{1, 1}, {0, 0}, {0, 0}, {1, 1}}), b) : x;
  Tensor y = prim::unary(Unary::relu, prim::add(prim::convolution(x, in[1], kSame), b));
  y = prim::add(prim::convolution(y, in[2], kSame), b);
  return {prim::unary(Unary::relu, projected ? prim::add(shortcut, y) : prim::add(y, shortcut))};
}

TEST(FuseConvolution, ResidualSumsJoinTheLaterConvolution) {
  const Tensors inputs = {ramp({3, 9, 8, 16}), ramp({3, 3, 16, 16}), ramp({3, 3, 16, 16}), ramp({16}),
                          ramp({1, 1, 16, 16})};
  for (bool projected : {false, true}) {
    auto block = [&](std::span<const Tensor> in) { return residual_block(in, projected); };
    const Graph graph = traced(block, inputs);
    EXPECT_EQ(count(graph, "FusedConvolution"), projected ? 3 : 2) << graph.str();
    std::vector<std::string> epilogues;
    for (const GraphNode& n : graph.nodes) {
      EXPECT_TRUE(!n.op || n.op->name() != "FusedElementwise") << graph.str();
      if (auto* conv = n.op ? dynamic_cast<const FusedConvolutionOp*>(n.op.get()) : nullptr)
        epilogues.push_back(std::string(conv->epilogue.residual ? "residual " : "") +
                            (conv->epilogue.relu ? "relu" : ""));
    }
    EXPECT_EQ(epilogues, (projected ? std::vector<std::string>{"", "relu", "residual relu"}
                                    : std::vector<std::string>{"relu", "residual relu"}))
        << graph.str();
    const Tensor eager = block(inputs)[0];
    Function compiled(block, "block", Function::Mode::graph);
    for (int threads : {1, 2}) {
      settings().set_threads(threads);
      const Tensor y = compiled(inputs)[0];
      EXPECT_EQ(std::memcmp(eager.raw(), y.raw(), eager.bytes()), 0) << threads;
    }
    settings().set_threads(0);
  }
}

// What else reads a convolution's result, or a sum that broadcasts, stays as it is; gradients go through all of it.
TEST(FuseConvolution, ResidualSumsOnlyWhereNobodyElseReads) {
  const Tensors inputs = {ramp({2, 6, 6, 8}), ramp({3, 3, 8, 8}), ramp({2, 1, 1, 8})};
  auto shared = [](std::span<const Tensor> in) -> Tensors {
    Tensor y = prim::convolution(in[0], in[1], kSame);
    return {prim::unary(Unary::relu, prim::add(y, in[0])), prim::multiply(y, in[2])};
  };
  EXPECT_EQ(count(traced(shared, inputs), "FusedConvolution"), 0);
  auto biased = [](std::span<const Tensor> in) -> Tensors {  // the sum before the residual one is read twice
    Tensor y = prim::add(prim::convolution(in[0], in[1], kSame), prim::reduce(Reduce::sum, in[2], {0}, true));
    return {prim::add(y, in[0]), prim::multiply(y, in[2])};
  };
  const Graph graph = traced(biased, inputs);
  ASSERT_EQ(count(graph, "FusedConvolution"), 1);
  for (const GraphNode& n : graph.nodes)
    if (auto* conv = n.op ? dynamic_cast<const FusedConvolutionOp*>(n.op.get()) : nullptr) {
      EXPECT_FALSE(conv->epilogue.residual);
    }
  auto broadcast = [](std::span<const Tensor> in) -> Tensors {
    return {prim::add(prim::convolution(in[0], in[1], kSame), in[2])};
  };
  EXPECT_EQ(count(traced(broadcast, inputs), "FusedConvolution"), 0);
  auto twice = [](std::span<const Tensor> in) -> Tensors {
    Tensor y = prim::convolution(in[0], in[1], kSame);
    return {prim::add(y, y)};
  };
  auto trained = [](std::span<const Tensor> in) -> Tensors {
    TapeScope tape;
    Tensor y = prim::unary(Unary::relu, prim::add(in[0], prim::convolution(in[0], in[1], kSame)));
    std::vector<GradientSource> sources = {in[0], in[1]};
    Tensors out = gradients(std::vector<Tensor>{prim::reduce_all(Reduce::sum, prim::square(y))}, sources);
    out.push_back(y);
    return out;
  };
  EXPECT_EQ(count(traced(trained, inputs), "FusedConvolution"), 1);
  for (const std::function<Tensors(std::span<const Tensor>)>& f :
       {std::function<Tensors(std::span<const Tensor>)>(shared), {biased}, {broadcast}, {twice}, {trained}}) {
    const Tensors eager = f(inputs), compiled = Function(f, "f", Function::Mode::graph)(inputs);
    for (size_t i = 0; i < eager.size(); ++i) expect_close(eager[i], compiled[i], 1e-5);
  }
}

TEST(FuseConvolution, EveryKernelWithPoolingAgrees) {
  std::map<std::string, int> ran;
  for (int64_t channels : {1, 2, 4, 16})
    for (int64_t filters : {8, 24, 32})
      for (const Window& window :
           {kSame, Window{{1, 1}, {0, 0}, {0, 0}, {1, 1}}, Window{{1, 1}, {2, 0}, {1, 1}, {2, 1}}})
        for (bool relu : {false, true}) {
          const Tensor x = ramp({7, 13, 12, channels}), w = ramp({3, 3, channels, filters}), b = ramp({filters});
          Tensor plain = prim::add(prim::convolution(x, w, window), b);
          if (relu) plain = prim::unary(Unary::relu, plain);
          auto run = [&](const Primitive& op, const KernelInfo& kernel, const Tensors& inputs) -> Tensors {
            std::vector<TensorSpec> in;
            std::vector<const void*> from;
            std::vector<void*> to;
            for (const Tensor& t : inputs) in.push_back(t.spec()), from.push_back(t.raw());
            const std::vector<TensorSpec> out = op.infer(in);
            BoundKernel k = bind_kernel_named(Device::cpu, kernel.name, {op, in, out, {}});
            if (!k.run) return {};
            ++ran[kernel.primitive + " " + kernel.name];
            Tensors results;
            for (const TensorSpec& s : out)
              results.push_back(Tensor::empty(s.shape, s.dtype)), to.push_back(results.back().mutable_raw());
            BufferPtr scratch = allocate(std::max<size_t>(64, k.scratch_bytes));
            k.run(from.data(), to.data(), scratch->data());
            return results;
          };
          for (const KernelInfo& k : registered_kernels()) {
            if (k.primitive == "FusedConvolutionPool") {
              for (bool indexed : {false, true}) {
                Tensors found = run(FusedConvolutionPoolOp(window, 1, relu, kTiles, indexed), k, {x, w, b});
                if (!found.empty()) expect_close(prim::max_pool(plain, kTiles), found[0], 1e-5);
              }
            } else if (k.primitive == "FusedConvolutionPoolWeightGrad") {
              Tensors pooled = lamina::apply(make_op<MaxPoolOp>(kTiles, true), std::vector<Tensor>{plain});
              const Tensor g = ramp(pooled[0].shape());
              const std::vector<int64_t> input = {plain.shape()[1], plain.shape()[2]};
              Tensors found =
                  run(FusedConvolutionPoolWeightGradOp(window, 1, {3, 3}, kTiles, input), k, {x, g, pooled[1]});
              if (found.empty()) continue;
              Tensor spread =
                  lamina::apply(make_op<MaxPoolScatterOp>(kTiles, input), std::vector<Tensor>{g, pooled[1]})[0];
              expect_close(prim::convolution_weight_grad(x, spread, window, 1, {3, 3}), found[0], 1e-5);
              expect_close(prim::reduce(Reduce::sum, g, {0, 1, 2}, false), found[1], 1e-5);
            }
          }
        }
  EXPECT_GE(ran["FusedConvolutionPool chunks"], 100);
}

// Which of four equal places is the first, and what NaN does, whichever kernel it is.
TEST(FuseConvolution, IndexOfTiesAndNaN) {
  const Tensor w = ramp({3, 3, 1, 8}), b = prim::full({8}, -1e6, DType::float32);
  std::vector<float> values(36, 0.5f);
  values[14] = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::of(values, {1, 6, 6, 1});
  const Window valid{{1, 1}, {0, 0}, {0, 0}, {1, 1}};
  const FusedConvolutionPoolOp op(valid, 1, true, kTiles, true);
  Tensors expected =
      lamina::apply(make_op<MaxPoolOp>(kTiles, true),
                    std::vector<Tensor>{prim::unary(Unary::relu, prim::add(prim::convolution(x, w, valid), b))});
  const std::vector<TensorSpec> in = {x.spec(), w.spec(), b.spec()}, out = op.infer(in);
  for (const KernelInfo& k : registered_kernels()) {
    if (k.primitive != "FusedConvolutionPool") continue;
    BoundKernel kernel = bind_kernel_named(Device::cpu, k.name, {op, in, out, {}});
    if (!kernel.run) continue;
    Tensor y = Tensor::empty(out[0].shape, out[0].dtype), index = Tensor::empty(out[1].shape, out[1].dtype);
    BufferPtr scratch = allocate(std::max<size_t>(64, kernel.scratch_bytes));
    const void* from[] = {x.raw(), w.raw(), b.raw()};
    void* to[] = {y.mutable_raw(), index.mutable_raw()};
    kernel.run(from, to, scratch->data());
    EXPECT_EQ(index.to_vector<uint8_t>(), expected[1].to_vector<uint8_t>()) << k.name;
    for (int64_t i = 0; i < y.size(); ++i) EXPECT_EQ(std::isnan(y.at(i)), std::isnan(expected[0].at(i))) << k.name;
  }
}

TEST(FuseConvolution, NaNPassesThroughRelu) {
  std::vector<float> values(1 * 4 * 4 * 16, 1.0f);
  values[0] = std::numeric_limits<float>::quiet_NaN();
  const Tensors inputs = {Tensor::of(values, {1, 4, 4, 16}), ramp({3, 3, 16, 16}), ramp({16})};
  auto forward = [](std::span<const Tensor> in) -> Tensors {
    return {prim::unary(Unary::relu, prim::add(prim::convolution(in[0], in[1], kSame), in[2]))};
  };
  EXPECT_TRUE(std::isnan(Function(forward, "forward", Function::Mode::graph)(inputs)[0].at(0)));
}

}  // namespace
}  // namespace lamina::testing
