// Memory, variables and threads of a compiled function.
#include "backends/graph/executable.h"

#include <thread>

#include "backends/core/autodiff.h"
#include "backends/graph/function.h"
#include "backends/graph/memory_plan.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;

Function graph_function(Function::Body body) { return Function(std::move(body), "f", Function::Mode::graph); }

TEST(MemoryPlan, ReusesAndMerges) {
  MemoryPlan plan;
  size_t a = plan.take(100), b = plan.take(64), c = plan.take(1000);
  EXPECT_EQ(plan.size(), 128u + 64 + 1024);
  plan.give_back(a, 100);
  plan.give_back(c, 1000);
  EXPECT_EQ(plan.take(128), a) << "the smallest block that fits";
  plan.give_back(a, 128);
  plan.give_back(b, 64);
  EXPECT_EQ(plan.take(2000), 0u) << "neighbours merged, the last one grown";
  EXPECT_EQ(plan.size(), 2048u);
}

TEST(Variables, UpdatedInPlaceUnlessHeld) {
  Variable v(prim::multiply(ramp({8}), 1.0));
  auto f = graph_function([&](auto in) -> Tensors {
    v.assign_sub(in[0]);
    return {};
  });
  Tensor x = ramp({8});
  f({x});
  const void* memory = v.value().raw();
  f({x});
  EXPECT_EQ(v.value().raw(), memory) << "nobody else holds it";
  Tensor held = v.value();
  std::vector<float> before = held.to_vector<float>();
  f({x});
  EXPECT_EQ(held.to_vector<float>(), before) << "what a user holds never changes";
  for (int i = 0; i < 8; ++i) EXPECT_FLOAT_EQ(v.value().at(i), before[i] - x.at(i));
}

TEST(Variables, ForeignMemoryIsNotWritten) {
  float data[4] = {1, 2, 3, 4};
  Variable v(Tensor::on(std::make_shared<Buffer>(data, sizeof data, std::make_shared<int>(0)), {4}, DType::float32));
  auto f = graph_function([&](auto in) -> Tensors {
    v.assign_add(in[0]);
    return {v.value()};
  });
  f({Tensor::of<float>({1, 1, 1, 1})});
  EXPECT_EQ(data[0], 1);
  EXPECT_EQ(v.value().at(0), 2);
}

TEST(Variables, OldValueThatLeavesIsKept) {
  Variable a(Tensor::of<float>({1, 2})), b(Tensor::of<float>({0, 0}));
  auto f = graph_function([&](auto in) -> Tensors {
    Tensor old = a.value();
    a.assign_add(in[0]);
    b.assign(old);
    return {old, a.value()};
  });
  for (int i = 0; i < 3; ++i) {
    Tensors out = f({Tensor::of<float>({1, 1})});
    EXPECT_EQ(out[0].at(0), 1 + i);
    EXPECT_EQ(out[1].at(0), 2 + i);
    EXPECT_EQ(a.value().at(0), 2 + i);
    EXPECT_EQ(b.value().at(0), 1 + i);
  }
}

TEST(Variables, Swap) {
  Variable a(Tensor::of<float>({1})), b(Tensor::of<float>({2}));
  auto f = graph_function([&](auto) -> Tensors {
    Tensor x = a.value();
    a.assign(b.value());
    b.assign(x);
    return {};
  });
  for (int i = 0; i < 3; ++i) {
    f({});
    EXPECT_EQ(a.value().at(0), i % 2 ? 1 : 2);
    EXPECT_EQ(b.value().at(0), i % 2 ? 2 : 1);
  }
}

TEST(Variables, ReadAfterWrite) {
  Variable v(ramp({3, 3}));
  auto f = graph_function([&](auto in) -> Tensors {
    Tensor before = prim::matmul(in[0], v.value());
    v.assign(prim::multiply(v.value(), 2.0));
    Tensor after = prim::matmul(in[0], v.value());
    v.assign_add(in[0]);
    return {before, after};
  });
  Tensor x = ramp({3, 3});
  for (int i = 0; i < 3; ++i) {
    Tensor start = prim::multiply(v.value(), 1.0);
    Tensors out = f({x});
    Tensor want = prim::matmul(x, start);
    for (int k = 0; k < 9; ++k) {
      EXPECT_NEAR(out[0].at(k), want.at(k), 1e-5);
      EXPECT_NEAR(out[1].at(k), 2 * want.at(k), 1e-5);
      EXPECT_NEAR(v.value().at(k), 2 * start.at(k) + x.at(k), 1e-5);
    }
  }
}

TEST(Variables, TrainingStepUpdatesAllInPlace) {
  Variable w1(ramp({5, 8})), b1(ramp({8})), w2(ramp({8, 3}));
  Trace trace;
  Tensor x = trace.add_input({{4, 5}, DType::float32});
  Graph g;
  {
    TraceScope scope(trace);
    Tensor y = prim::matmul(prim::unary(Unary::relu, prim::add(prim::matmul(x, w1), b1)), w2);
    Tensor loss = prim::reduce_all(Reduce::sum, prim::square(y));
    std::vector<GradientSource> sources = {w1, b1, w2};
    Tensors grads = gradients(std::vector<Tensor>{loss}, sources);
    w1.assign_sub(prim::multiply(grads[0], 0.01));
    b1.assign_sub(prim::multiply(grads[1], 0.01));
    w2.assign_sub(prim::multiply(grads[2], 0.01));
    g = trace.finish(std::vector<Tensor>{loss});
  }
  passes::optimize(g);
  Executable executable(std::move(g));
  EXPECT_EQ(executable.variables_in_place(), 3) << executable.graph().str();
}

TEST(Memory, ScatterDoesNotTakeItsUpdates) {
  // Updates of the size of x die in the scatter: only x's own memory may become the result's.
  auto f = graph_function([](auto in) -> Tensors {
    Tensor x = prim::matmul(in[0], in[0]), updates = prim::matmul(in[0], x);
    return {prim::matmul(prim::scatter(Scatter::add, x, in[1], updates, 0), in[0])};
  });
  Tensor m = ramp({4, 4}), index = Tensor::of<int32_t>({3, 0, 2, 1});
  Tensor x = prim::matmul(m, m), want = prim::matmul(prim::scatter(Scatter::add, x, index, prim::matmul(m, x), 0), m);
  Tensor got = f({m, index})[0];
  for (int i = 0; i < 16; ++i) EXPECT_NEAR(got.at(i), want.at(i), 1e-5);
}

// Throws when its input is negative, after part of the step has run.
class PickyOp final : public Primitive {
 public:
  std::string_view name() const override { return "TestPicky"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override { return {in[0]}; }
};
BoundKernel bind_picky(const KernelRequest&) {
  BoundKernel k;
  k.run = [](const void* const* in, void* const* out, void*) {
    float x = *static_cast<const float*>(in[0]);
    if (x < 0) throw ValueError("negative: ", x);
    *static_cast<float*>(out[0]) = x;
  };
  return k;
}
LAMINA_KERNEL(cpu, "TestPicky", "loop", 100, bind_picky);

TEST(Variables, UsableAfterAStepThatThrows) {
  Variable a(Tensor::of<float>({1, 2})), b(Tensor::scalar(0.0f)), c(Tensor::of<float>({5}));
  auto f = graph_function([&](auto in) -> Tensors {
    a.assign_add(prim::broadcast_to(in[0], {2}));
    Tensor checked = apply1(make_op<PickyOp>(), {in[0]});
    b.assign(checked);
    c.assign_add(prim::broadcast_to(checked, {1}));
    return {checked};
  });
  f({Tensor::scalar(1.0f)});
  f({Tensor::scalar(1.0f)});
  EXPECT_THROW(f({Tensor::scalar(-1.0f)}), ValueError);
  EXPECT_TRUE(a.value().at(0) == 3 || a.value().at(0) == 2) << "its old or its new value";
  EXPECT_EQ(b.value().item(), 1);
  EXPECT_EQ(c.value().at(0), 7);
  double before = a.value().at(0);
  f({Tensor::scalar(2.0f)});
  EXPECT_EQ(a.value().at(0), before + 2);
  EXPECT_EQ(b.value().item(), 2);
  EXPECT_EQ(c.value().at(0), 9);
}

TEST(Threads, OneFunctionFromEight) {
  Variable w(ramp({64, 64})), b(ramp({64}));
  auto f = graph_function([&](auto in) -> Tensors {
    Tensor h = prim::unary(Unary::tanh, prim::add(prim::matmul(in[0], w), b));
    return {prim::sum(prim::square(h), {1}), h};
  });
  std::vector<Tensor> inputs, want, wide;
  for (int i = 0; i < 8; ++i) {
    inputs.push_back(ramp({100, 64}, 0.1 * (i + 1)));
    Tensors out = f({inputs[i]});
    want.push_back(out[0]);
    wide.push_back(out[1]);
  }
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        Tensors out = f({inputs[i]});
        wrong += std::memcmp(out[0].raw(), want[i].raw(), want[i].bytes()) != 0;
        wrong += std::memcmp(out[1].raw(), wide[i].raw(), wide[i].bytes()) != 0;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, UpdatesTakeTurns) {
  Variable total(Tensor::scalar(0.0f));
  auto f = graph_function([&](auto in) -> Tensors {
    total.assign_add(in[0]);
    return {};
  });
  Tensor one = Tensor::scalar(1.0f);
  f({one});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 100; ++k) f({one});
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(total.value().item(), 801);
}

TEST(Dump, BeforeAndAfter) {
  auto f = graph_function([](auto in) -> Tensors { return {prim::add(prim::square(in[0]), 1.0)}; });
  f({ramp({3})});
  EXPECT_THAT(f.dump(), ::testing::HasSubstr("as traced"));
  EXPECT_THAT(f.dump(), ::testing::HasSubstr("FusedElementwise"));
  EXPECT_THAT(f.dot(), ::testing::HasSubstr("digraph"));
}

// What is added to and rectified in place stands in the result's memory from the product on, so that the arena holds
// nothing of its size.
TEST(Results, AreMadeInTheirOwnMemory) {
  const Tensor x = ramp({64, 40}), w = ramp({40, 300}), b = ramp({300});
  auto twice = [](std::span<const Tensor> in) -> Tensors {
    Tensor y = prim::matmul(in[0], in[1]), sum = prim::unary(Unary::relu, prim::add(y, in[2]));
    return {sum, prim::matmul(y, in[1], false,
                              true)};  // which reads y once the sum is there: the sum may not take its memory
  };
  auto chain = [](std::span<const Tensor> in) -> Tensors {
    return {prim::softmax(prim::unary(Unary::relu, prim::add(prim::matmul(in[0], in[1]), in[2])))};
  };
  auto compile = [&](auto f) {
    Trace trace;
    Graph g;
    {
      TraceScope scope(trace);
      Tensors places;
      for (const Tensor& t : {x, w, b}) places.push_back(trace.add_input(t.spec()));
      g = trace.finish(f(places));
    }
    passes::optimize(g);
    return std::make_unique<Executable>(std::move(g));
  };
  auto dense = [](std::span<const Tensor> in) -> Tensors {
    return {prim::unary(Unary::relu, prim::add(prim::matmul(in[0], in[1]), in[2]))};
  };
  const size_t size = static_cast<size_t>(64 * 300) * sizeof(float);
  EXPECT_LT(compile(dense)->arena_bytes(), size);
  const Tensors inputs = {x, w, b};
  auto check = [&](auto f) {
    const Tensors eager = f(std::span<const Tensor>(inputs)), compiled = graph_function(f)(inputs);
    ASSERT_EQ(eager.size(), compiled.size());
    for (size_t i = 0; i < eager.size(); ++i)
      EXPECT_EQ(std::memcmp(eager[i].raw(), compiled[i].raw(), eager[i].bytes()), 0) << i;
  };
  check(dense);
  check(twice);
  check(chain);
}

// Every epilogue of a product on the device of the settings, as the eager engine computes it there.
TEST(Results, OfProductsWithEpilogues) {
  const Tensors inputs = {ramp({6, 40}), ramp({40, 24}), ramp({24}), ramp({6, 24})};
  for (int which = 0; which < 8; ++which) {
    auto body = [which](std::span<const Tensor> in) -> Tensors {
      Tensor y = prim::matmul(in[0], in[1]);
      if (which & 1) y = prim::add(y, in[2]);
      if (which & 2) y = prim::add(in[3], y);
      return {which & 4 ? prim::unary(Unary::relu, y) : y};
    };
    const Tensor eager = body(inputs)[0], compiled = graph_function(body)(inputs)[0];
    EXPECT_EQ(std::memcmp(eager.raw(), compiled.raw(), eager.bytes()), 0) << which;
  }
}

}  // namespace
}  // namespace lamina
