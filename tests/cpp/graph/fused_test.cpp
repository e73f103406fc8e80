// Fused programs against the same ops one by one: random programs, every kind of broadcast, several dtypes, one and two
// threads. Same bits everywhere.
#include <random>

#include "backends/core/settings.h"
#include "backends/graph/executable.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;

struct Threads {
  explicit Threads(int n) : saved(settings().threads()) { settings().set_threads(n); }
  ~Threads() { settings().set_threads(saved); }
  int saved;
};

struct Spec {
  Shape shape;
  std::vector<Shape> inputs;
};

// A random graph over values of one shape; bool masks, casts and constants included.
Tensors random_body(std::span<const Tensor> in, const Spec& spec, DType dtype, unsigned seed) {
  std::mt19937 rng(seed);
  auto pick = [&](size_t n) { return static_cast<size_t>(rng() % n); };
  Tensors pool(in.begin(), in.end());
  pool.push_back(prim::full({}, 0.75, dtype));
  pool.push_back(prim::full(spec.shape, 3, dtype));
  Tensors masks;
  const bool floats = is_float(dtype);
  for (int i = 0; i < 14; ++i) {
    const Tensor &a = pool[pick(pool.size())], &b = pool[pick(pool.size())];
    switch (pick(floats ? 9 : 7)) {
      case 0: pool.push_back(prim::add(a, b)); break;
      case 1: pool.push_back(prim::subtract(a, b)); break;
      case 2: pool.push_back(prim::multiply(a, prim::full({}, 0.5, dtype))); break;
      case 3: pool.push_back(prim::maximum(a, b)); break;
      case 4: masks.push_back(prim::binary(Binary::less, a, b)); break;
      case 5:
        if (masks.empty())
          pool.push_back(prim::negative(a));
        else
          pool.push_back(prim::where(masks[pick(masks.size())], a, b));
        break;
      case 6: pool.push_back(prim::cast(prim::cast(prim::add(a, b), DType::float64), dtype)); break;
      case 7: pool.push_back(prim::unary(Unary::tanh, a)); break;
      default: pool.push_back(prim::unary(Unary::sigmoid, prim::broadcast_to(a, spec.shape))); break;
    }
  }
  Tensors out;
  for (size_t i = pool.size() - 3; i < pool.size(); ++i) out.push_back(prim::broadcast_to(pool[i], spec.shape));
  if (!masks.empty()) out.push_back(masks.back());
  out.push_back(prim::add(pool[0], pool.back()));
  return out;
}

Graph traced(const std::function<Tensors(std::span<const Tensor>)>& body, const Tensors& inputs) {
  Trace trace;
  Tensors arguments;
  for (const Tensor& t : inputs) arguments.push_back(trace.add_input(t.spec()));
  TraceScope scope(trace);
  return trace.finish(body(arguments));
}

class Fused : public ::testing::TestWithParam<DType> {};

TEST_P(Fused, SameBitsAsOneByOne) {
  const std::vector<Spec> specs = {
      {{7}, {{7}, {1}, {}}},
      {{4, 3}, {{4, 3}, {3}, {4, 1}, {1, 3}}},
      {{5, 1000}, {{5, 1000}, {1000}, {5, 1}, {}}},
      {{33, 17, 64}, {{33, 17, 64}, {17, 64}, {33, 1, 64}, {17, 1}, {33, 1, 1}}},
      {{3, 50001}, {{3, 50001}, {50001}, {3, 1}}},
  };
  unsigned seed = 1;
  for (const Spec& spec : specs)
    for (int round = 0; round < 8; ++round, ++seed) {
      Tensors inputs;
      for (const Shape& s : spec.inputs) inputs.push_back(ramp(s, 5, GetParam()));
      auto body = [&](std::span<const Tensor> in) { return random_body(in, spec, GetParam(), seed); };
      Tensors want;
      {
        Threads one(1);
        want = Executable(traced(body, inputs)).run(inputs);
      }
      Graph fused = traced(body, inputs);
      passes::fuse_elementwise(fused);
      Executable executable(std::move(fused));
      for (int threads : {1, 2}) {
        Threads scope(threads);
        Tensors got = executable.run(inputs);
        ASSERT_EQ(want.size(), got.size());
        for (size_t o = 0; o < want.size(); ++o) {
          ASSERT_EQ(want[o].spec(), got[o].spec());
          ASSERT_EQ(std::memcmp(want[o].raw(), got[o].raw(), want[o].bytes()), 0)
              << "output " << o << ", seed " << seed << ", shape " << spec.shape.str() << ", threads " << threads
              << "\n"
              << executable.graph().str();
        }
      }
    }
}

INSTANTIATE_TEST_SUITE_P(DTypes, Fused,
                         ::testing::Values(DType::float32, DType::float64, DType::float16, DType::bfloat16,
                                           DType::int32, DType::int64, DType::uint8),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(FusedMemory, InPlaceChainsStayRight) {
  // The first group's results die in the second: their memory is taken over, twice in one node.
  Tensor x = ramp({300, 7}), w = ramp({7, 7});
  auto body = [](std::span<const Tensor> in) -> Tensors {
    Tensor a = prim::matmul(in[0], in[1]), b = prim::matmul(prim::square(in[0]), in[1]);
    Tensor p = prim::add(prim::multiply(a, 0.9), b), q = prim::subtract(b, prim::multiply(p, a));
    return {prim::matmul(p, in[1]), prim::matmul(q, in[1])};
  };
  Tensors inputs = {x, w};
  Tensors want = Executable(traced(body, inputs)).run(inputs);
  Graph g = traced(body, inputs);
  passes::optimize(g);
  Executable executable(std::move(g));
  for (int round = 0; round < 3; ++round) {
    Tensors got = executable.run(inputs);
    for (size_t o = 0; o < want.size(); ++o)
      EXPECT_EQ(std::memcmp(want[o].raw(), got[o].raw(), want[o].bytes()), 0) << executable.graph().str();
  }
}

}  // namespace
}  // namespace lamina
