// What a compiled function keeps from run to run: values that follow from variables alone, weights in a kernel's own
// layout.
#include <thread>

#include "backends/core/kernel.h"
#include "backends/graph/executable.h"
#include "backends/graph/function.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"
#include "backends/ops/convolution/convolution.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;
using Body = std::function<Tensors(std::span<const Tensor>)>;

std::shared_ptr<Executable> compiled(const Body& body, const Tensors& inputs) {
  Trace trace;
  Tensors arguments;
  for (const Tensor& t : inputs) arguments.push_back(trace.add_input(t.spec()));
  Graph graph;
  {
    TraceScope scope(trace);
    graph = trace.finish(body(arguments));
  }
  passes::optimize(graph);
  return std::make_shared<Executable>(std::move(graph));
}

void expect_close(const Tensor& want, const Tensor& got, double tolerance = 1e-4) {
  ASSERT_EQ(want.shape(), got.shape());
  for (int64_t i = 0; i < want.size(); ++i)
    ASSERT_NEAR(want.at(i), got.at(i), tolerance * (1 + std::abs(want.at(i)))) << i;
}

struct Normalised {
  Window window{{1, 1}, {1, 1}, {1, 1}, {1, 1}};
  Variable w{ramp({3, 3, 16, 24})}, mean{ramp({24})}, variance{prim::add(prim::square(ramp({24})), 0.5)},
      gamma{prim::add(ramp({24}), 2.0)}, beta{ramp({24})};
  // in: a batch, and perhaps what is added to the normalised values.
  Tensors operator()(std::span<const Tensor> in) const {
    auto along = [](const Tensor& t) { return prim::reshape(t, {1, 1, 1, 24}); };
    Tensor factor = prim::multiply(prim::unary(Unary::rsqrt, prim::add(variance.value(), 1e-3)), gamma.value());
    Tensor y = prim::subtract(prim::convolution(in[0], w.value(), window), along(mean.value()));
    y = prim::add(prim::multiply(y, along(factor)), along(beta.value()));
    return {prim::unary(Unary::relu, in.size() > 1 ? prim::add(in[1], y) : y)};
  }
};

TEST(Kept, NormalisationGoesIntoTheKernel) {
  Normalised layer;
  const Tensor residual = ramp({5, 9, 8, 24});
  for (const Tensors& x : {Tensors{ramp({5, 9, 8, 16})}, Tensors{ramp({5, 9, 8, 16}), residual}}) {
    auto f = compiled(layer, x);
    std::vector<std::string> names;
    for (const GraphNode& n : f->graph().nodes)
      if (n.op && f->graph().values[n.outputs[0]].spec.shape.rank() == 4 &&
          f->graph().values[n.outputs[0]].spec.shape[0] == 5)
        names.emplace_back(n.op->name());
    EXPECT_EQ(names, std::vector<std::string>{"FusedConvolution"}) << f->graph().str();
    EXPECT_GT(f->kept_values(), 0u);
    expect_close(layer(x)[0], f->run(x)[0]);
  }
}

TEST(Kept, FollowsEveryChangeOfItsVariables) {
  Normalised layer;
  const Tensors x = {ramp({5, 9, 8, 16})};
  auto f = compiled(layer, x);
  f->run(x);
  layer.w.assign(prim::multiply(layer.w.value(), -0.5));
  expect_close(layer(x)[0], f->run(x)[0]);
  layer.beta.assign_add(ramp({24}));
  expect_close(layer(x)[0], f->run(x)[0]);
  // In place, by another compiled function, and back to memory that was seen before.
  Function step(
      [&](std::span<const Tensor> in) -> Tensors {
        layer.w.assign_sub(in[0]);
        return {};
      },
      "step", Function::Mode::graph);
  const void* memory = layer.w.state().value.node()->buffer->data();
  for (int i = 0; i < 3; ++i) {
    step({ramp({3, 3, 16, 24})});
    expect_close(layer(x)[0], f->run(x)[0]);
  }
  EXPECT_EQ(layer.w.state().value.node()->buffer->data(), memory) << "nobody holds it: prepared copies do not";
}

TEST(Kept, VariablesThatTheGraphUpdatesAreReadAnew) {
  Variable w(ramp({32, 32}));
  const Tensors x = {ramp({16, 32})};
  Body body = [&](std::span<const Tensor> in) -> Tensors {
    Tensor y = prim::matmul(in[0], prim::multiply(w.value(), 2.0));
    w.assign(prim::multiply(w.value(), 0.5));
    return {y};
  };
  auto f = compiled(body, x);
  EXPECT_EQ(f->kept_values(), 0u);
  Tensor first = f->run(x)[0], second = f->run(x)[0];
  expect_close(prim::multiply(first, 0.5), second);
}

TEST(Kept, WhatLeavesTheFunctionIsNotShared) {
  Variable w(ramp({8}));
  Body body = [&](std::span<const Tensor> in) -> Tensors {
    return {prim::square(w.value()), prim::add(in[0], prim::square(w.value()))};
  };
  auto f = compiled(body, {ramp({8})});
  Tensors a = f->run(Tensors{ramp({8})}), b = f->run(Tensors{ramp({8})});
  EXPECT_NE(a[0].raw(), b[0].raw());
  expect_close(prim::square(w.value()), b[0]);
}

// Functions for several batch sizes hold one copy of the weights, which goes with the last of them.
TEST(Kept, BatchSizesShareWhatTheyPrepare) {
  Variable w(ramp({64, 48}));
  Body body = [&](std::span<const Tensor> in) -> Tensors { return {prim::matmul(in[0], w.value())}; };
  std::vector<std::shared_ptr<Executable>> all;
  for (int64_t rows : {8, 16, 33}) {
    const Tensors x = {ramp({rows, 64})};
    all.push_back(compiled(body, x));
    for (int round = 0; round < 2; ++round) {
      expect_close(body(x)[0], all.back()->run(x)[0]);
      w.assign(prim::multiply(w.value(), -0.5));
    }
  }
  for (size_t i = 0; i < all.size(); ++i) {
    const Tensors x = {ramp({std::vector<int64_t>{8, 16, 33}[i], 64})};
    expect_close(body(x)[0], all[i]->run(x)[0]);
  }
  EXPECT_EQ(all[0]->kept_memory(), all[2]->kept_memory());
}

// So they do with what is computed from variables on the way: the folded scale of a normalisation, and the kernel
// packed with it.
TEST(Kept, BatchSizesShareWhatFollowsFromVariables) {
  Normalised layer;
  std::vector<std::shared_ptr<Executable>> all;
  for (int64_t rows : {5, 7, 16}) {
    all.push_back(compiled(layer, {ramp({rows, 9, 8, 16})}));
    all.back()->run(Tensors{ramp({rows, 9, 8, 16})});
  }
  auto expect_shared = [&] {
    EXPECT_FALSE(all[0]->kept_memory().empty());
    for (const auto& f : all) EXPECT_EQ(all[0]->kept_memory(), f->kept_memory());
  };
  expect_shared();
  const auto before = all[0]->kept_memory();
  layer.gamma.assign(ramp({24}));
  for (int64_t i : {2, 0, 1}) {
    const Tensors x = {ramp({std::vector<int64_t>{5, 7, 16}[i], 9, 8, 16})};
    expect_close(layer(x)[0], all[i]->run(x)[0]);
  }
  expect_shared();
}

// The same step over the same variable in another shape is another value.
TEST(Kept, ShapesTellValuesApart) {
  Variable w(ramp({6, 4}));
  std::vector<std::shared_ptr<Executable>> all;  // kept as long as somebody holds them
  for (const Shape& shape : {Shape{6, 4}, Shape{4, 6}, Shape{2, 12}}) {
    Body body = [&](std::span<const Tensor> in) -> Tensors {
      return {prim::multiply(in[0], prim::reduce(Reduce::sum, prim::reshape(w.value(), shape), {0}, true))};
    };
    const Tensors x = {ramp({3, shape[1]})};
    all.push_back(compiled(body, x));
    expect_close(body(x)[0], all.back()->run(x)[0]);
  }
}

// Every kernel that can take an input prepared gives the same bits as without.
TEST(Kept, PreparedInputsGiveTheSameBits) {
  struct Case {
    Op op;
    Tensors inputs;
  };
  const Window window{{1, 1}, {1, 1}, {1, 1}, {1, 1}};
  std::vector<Case> cases;
  for (bool transposed : {false, true})
    for (int64_t rows : {4, 5, 31, 128})
      cases.push_back(
          {make_op<MatMulOp>(false, transposed), {ramp({rows, 100}), transposed ? ramp({70, 100}) : ramp({100, 70})}});
  cases.push_back({make_op<ConvolutionOp>(window, 1), {ramp({5, 20, 19, 16}), ramp({3, 3, 16, 24})}});
  cases.push_back({make_op<ConvolutionOp>(window, 1), {ramp({5, 20, 19, 3}), ramp({3, 3, 3, 24})}});
  int prepared = 0;
  for (const Case& c : cases) {
    std::vector<TensorSpec> in, out;
    for (const Tensor& t : c.inputs) in.push_back(t.spec());
    out = c.op->infer(in);
    for (const KernelInfo& info : registered_kernels()) {
      if (info.primitive != c.op->name() || info.device != DeviceKind::cpu) continue;
      KernelRequest request{*c.op, in, out, {}, 2};
      BoundKernel k = bind_kernel_named(Device::cpu, info.name, request);
      if (!k.run || !k.preparation) continue;
      ++prepared;
      Tensor plain = Tensor::empty(out[0].shape, out[0].dtype), again = Tensor::empty(out[0].shape, out[0].dtype);
      BufferPtr scratch = allocate(std::max<size_t>(64, k.scratch_bytes)), memory = allocate(k.preparation->bytes);
      const void* from[] = {c.inputs[0].raw(), c.inputs[1].raw()};
      void* to[] = {plain.mutable_raw()};
      k.run(from, to, scratch->data());
      k.preparation->make(from[1], memory->data());
      from[1] = memory->data();
      to[0] = again.mutable_raw();
      k.preparation->run(from, to, scratch->data());
      EXPECT_EQ(plain.to_vector<float>(), again.to_vector<float>()) << info.name << " of " << c.op->name();
    }
  }
  EXPECT_GE(prepared, 9);
}

TEST(Kept, ManyThreadsSeeOldOrNewWeights) {
  Variable w(prim::full({64, 64}, 1, DType::float32));
  const Tensors x = {prim::full({16, 64}, 1, DType::float32)};
  auto f = compiled([&](std::span<const Tensor> in) -> Tensors { return {prim::matmul(in[0], w.value())}; }, x);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        Tensor y = f->run(x)[0];
        const double first = y.at(0);
        for (int64_t e = 0; e < y.size(); ++e) wrong += y.at(e) != first;
        wrong += first != 64;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  w.assign(prim::full({64, 64}, 2, DType::float32));
  EXPECT_EQ(f->run(x)[0].at(5), 128);
}

}  // namespace
}  // namespace lamina
