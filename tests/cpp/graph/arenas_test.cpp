// Working memory that the functions of a model share.
#include <thread>

#include "backends/graph/executable.h"
#include "backends/graph/function.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;

TEST(Arenas, TheLargestSoFarServesAll) {
  Arenas arenas;
  auto small = arenas.take(1000);
  arenas.give_back(std::move(small));
  auto large = arenas.take(100'000);
  const void* memory = large->memory->data();
  arenas.give_back(std::move(large));
  auto again = arenas.take(1000);
  EXPECT_EQ(memory, again->memory->data());
  auto second = arenas.take(64);  // for a run beside it
  EXPECT_NE(memory, second->memory->data());
  arenas.give_back(std::move(second));
  arenas.give_back(std::move(again));
}

// Functions of many sizes over one memory, in any order and at once, give what each gives alone.
TEST(Arenas, FunctionsOverOneMemoryDoNotDisturbEachOther) {
  auto body = [](std::span<const Tensor> in) -> Tensors {
    Tensor h = prim::unary(Unary::tanh, prim::matmul(in[0], prim::transpose(in[0], {1, 0})));
    return {prim::matmul(h, in[0]), prim::reduce(Reduce::sum, h, {0}, false)};
  };
  auto arenas = std::make_shared<Arenas>();
  Function one(body, "one", Function::Mode::graph, arenas), other(body, "other", Function::Mode::graph, arenas);
  const std::vector<int64_t> sizes = {3, 120, 7, 64, 120, 1, 33};
  std::vector<Tensors> want;
  for (int64_t rows : sizes) want.push_back(Function(body, "alone", Function::Mode::graph)({ramp({rows, 20})}));
  auto work = [&](Function& f) {
    for (int round = 0; round < 20; ++round)
      for (size_t i = 0; i < sizes.size(); ++i) {
        Tensors got = f({ramp({sizes[i], 20})});
        for (size_t k = 0; k < got.size(); ++k)
          ASSERT_EQ(0, std::memcmp(want[i][k].raw(), got[k].raw(), got[k].bytes())) << sizes[i];
      }
  };
  work(one);
  std::thread a([&] { work(one); }), b([&] { work(other); });
  work(other);
  a.join();
  b.join();
}

}  // namespace
}  // namespace lamina
