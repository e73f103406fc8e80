// Scatters of many indices, sorts of long lines and sums along them, for which devices have other ways than for few and
// short ones.
#include "backends/ops/gather/gather.h"
#include "backends/ops/gather/scatter_sum.h"
#include "backends/ops/primitives.h"
#include "backends/ops/sort/sort.h"
#include "support/data.h"

namespace lamina::testing {
namespace {

struct Many {
  int64_t count, n, outer, inner;
};
class ManyIndices : public ::testing::TestWithParam<std::tuple<Many, Scatter, DType>> {};
INSTANTIATE_TEST_SUITE_P(
    Sizes, ManyIndices,
    ::testing::Combine(::testing::Values(Many{513, 3, 1, 7}, Many{5000, 40, 2, 5}, Many{4000, 3000, 1, 1},
                                         Many{2000, 1, 2, 3}, Many{600, 50, 2, 4}),
                       ::testing::Values(Scatter::update, Scatter::add, Scatter::mul, Scatter::max, Scatter::min),
                       ::testing::Values(DType::float32, DType::int32, DType::int64, DType::bfloat16)));

TEST_P(ManyIndices, CombineInTheirOrder) {
  const auto [s, kind, dtype] = GetParam();
  // Most name one row, so that its run is longer than several pieces; some come from the end, some are outside.
  Tensor indices = Tensor::empty({s.count}, DType::int32);
  uint32_t state = 7;
  auto random = [&] { return state = state * 1664525u + 1013904223u, static_cast<int64_t>(state >> 8); };
  for (int64_t k = 0; k < s.count; ++k)
    indices.mutable_data<int32_t>()[k] = static_cast<int32_t>(k % 3 ? s.n / 2 : random() % (2 * s.n + 2) - s.n - 1);
  auto small = [&](const Shape& shape) {  // whole numbers: sums are exact in any order
    Tensor t = Tensor::empty(shape, DType::float32);
    for (int64_t i = 0; i < t.size(); ++i)
      t.mutable_data<float>()[i] =
          kind == Scatter::mul ? (random() % 50 ? 1.0f : -1.0f) : static_cast<float>(random() % 3 - 1);
    return prim::cast(t, dtype);
  };
  const Tensor x = small({s.outer, s.n, s.inner}), updates = small({s.outer, s.count, s.inner});
  std::vector<double> expected(static_cast<size_t>(x.size()));
  for (int64_t i = 0; i < x.size(); ++i) expected[static_cast<size_t>(i)] = x.at(i);
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t k = 0; k < s.count; ++k) {
      int64_t row = indices.data<int32_t>()[k];
      row += row < 0 ? s.n : 0;
      if (row < 0 || row >= s.n) continue;
      for (int64_t e = 0; e < s.inner; ++e) {
        double& at = expected[static_cast<size_t>((o * s.n + row) * s.inner + e)];
        const double u = updates.at((o * s.count + k) * s.inner + e);
        at = kind == Scatter::update ? u
             : kind == Scatter::add  ? at + u
             : kind == Scatter::mul  ? at * u
             : kind == Scatter::max  ? std::max(at, u)
                                     : std::min(at, u);
      }
    }
  const Tensor y = prim::scatter(kind, x, indices, updates, 1);
  // Sums in short floats are rounded once here and at every index there.
  for (int64_t i = 0; i < y.size(); ++i)
    ASSERT_NEAR(y.at(i), expected[static_cast<size_t>(i)], dtype == DType::bfloat16 && kind == Scatter::add ? 64 : 0)
        << i;
  if (kind != Scatter::add || dtype == DType::bfloat16) return;
  const Tensor sums = prim::scatter_sum(indices, updates, 1, s.n);
  for (int64_t i = 0; i < y.size(); ++i) ASSERT_EQ(sums.at(i), expected[static_cast<size_t>(i)] - x.at(i)) << i;
}

class LongLines : public ::testing::TestWithParam<std::tuple<DType, bool, int64_t>> {};
INSTANTIATE_TEST_SUITE_P(Types, LongLines,
                         ::testing::Combine(::testing::Values(DType::boolean, DType::uint8, DType::int8, DType::int32,
                                                              DType::uint32, DType::int64, DType::uint64,
                                                              DType::float16, DType::bfloat16, DType::float32,
                                                              DType::float64),
                                            ::testing::Bool(), ::testing::Values(1, 3)));

TEST_P(LongLines, AreSortedStably) {
  const auto [dtype, descending, lines] = GetParam();
  const int64_t n = 2500, k = 2100;
  Tensor x = Tensor::empty({lines, n}, DType::float64);
  uint32_t state = 3;
  for (int64_t i = 0; i < x.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    const double v = static_cast<double>(state >> 22) - (is_unsigned_int(dtype) ? 0 : 512);
    x.mutable_data<double>()[i] = is_float(dtype)                                 ? (i % 97 == 5   ? std::nan("")
                                                                                     : i % 97 == 6 ? -std::nan("")
                                                                                     : i % 89 == 7 ? -0.0
                                                                                                   : v / 8)
                                  : dtype == DType::boolean                       ? (state >> 20) % 2
                                  : dtype == DType::int8 || dtype == DType::uint8 ? std::fmod(v, 100)
                                                                                  : v;
  }
  x = prim::cast(x, dtype);
  const prim::Sorted got = prim::sort_last(x, descending, k);
  for (int64_t line = 0; line < lines; ++line) {
    std::vector<int64_t> order(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) order[static_cast<size_t>(i)] = i;
    auto below = [](double a, double b) { return a < b || (std::isnan(b) && !std::isnan(a)); };
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      const double v = x.at(line * n + a), w = x.at(line * n + b);
      return descending ? below(w, v) : below(v, w);
    });
    for (int64_t i = 0; i < k; ++i)
      ASSERT_EQ(got.indices.at(line * k + i), static_cast<double>(order[static_cast<size_t>(i)]))
          << "line " << line << ", place " << i;
    for (int64_t i = 0; i < k; ++i) {
      const double a = got.values.at(line * k + i), b = x.at(line * n + order[static_cast<size_t>(i)]);
      ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b)));
    }
  }
}

class LongSums : public ::testing::TestWithParam<std::tuple<DType, bool, bool>> {};
INSTANTIATE_TEST_SUITE_P(Types, LongSums,
                         ::testing::Combine(::testing::Values(DType::int32, DType::float32, DType::float16),
                                            ::testing::Bool(), ::testing::Bool()));

TEST_P(LongSums, RunAlongLines) {
  const auto [dtype, reverse, exclusive] = GetParam();
  const int64_t n = 1500;
  for (CumulativeOp::Kind kind : {CumulativeOp::Kind::sum, CumulativeOp::Kind::prod}) {
    Tensor x = Tensor::empty({2, n, 3}, DType::float32);  // of numbers whose sums and products are exact in every order
    for (int64_t i = 0; i < x.size(); ++i)
      x.mutable_data<float>()[i] = kind == CumulativeOp::Kind::sum ? static_cast<float>((i * 7919) % 5 - 2)
                                   : i * 7919 % 7                  ? 1.0f
                                                                   : -1.0f;
    x = prim::cast(x, dtype);
    const Tensor y = apply1(make_op<CumulativeOp>(kind, 1, reverse, exclusive), {x});
    for (int64_t o = 0; o < 2; ++o)
      for (int64_t e = 0; e < 3; ++e) {
        double sum = kind == CumulativeOp::Kind::prod ? 1 : 0;
        for (int64_t i = 0; i < n; ++i) {
          const int64_t at = (o * n + (reverse ? n - 1 - i : i)) * 3 + e;
          const double before = sum;
          sum = kind == CumulativeOp::Kind::prod ? sum * x.at(at) : sum + x.at(at);
          ASSERT_EQ(y.at(at), exclusive ? before : sum) << at;
        }
      }
  }
}

}  // namespace
}  // namespace lamina::testing
