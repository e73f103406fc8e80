// Random numbers: known bits, distributions, seeds, and the same numbers everywhere.
#include "backends/core/settings.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/random/philox.h"
#include "backends/ops/random/random_mask.h"
#include "backends/ops/random/seed_generator.h"

namespace lamina {
namespace {

struct Summary {
  double mean = 0, variance = 0, low = INFINITY, high = -INFINITY;
};
Summary summary(const Tensor& t) {
  Summary s;
  for (int64_t i = 0; i < t.size(); ++i)
    s.mean += t.at(i) / static_cast<double>(t.size()), s.low = std::min(s.low, t.at(i)),
                                                       s.high = std::max(s.high, t.at(i));
  for (int64_t i = 0; i < t.size(); ++i)
    s.variance += (t.at(i) - s.mean) * (t.at(i) - s.mean) / static_cast<double>(t.size());
  return s;
}

// The generator's published test vectors.
TEST(Philox, KnownAnswers) {
  PhiloxBlock zero = philox_block({0, 0, 0}, 0, 0);
  EXPECT_EQ(zero.word[0], 0x6627e8d5u);
  EXPECT_EQ(zero.word[1], 0xe169c58du);
  EXPECT_EQ(zero.word[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.word[3], 0x9b00dbd8u);
  PhiloxBlock ones = philox_block({0xffffffffu, 0xffffffffu, 0xffffffffu}, 0xffffffffffffffffull, 0xffffffffu);
  EXPECT_EQ(ones.word[0], 0x408f276du);
  EXPECT_EQ(ones.word[1], 0x41c83b0eu);
  EXPECT_EQ(ones.word[2], 0xa20bc7c6u);
  EXPECT_EQ(ones.word[3], 0x6d5451fdu);
  uint32_t group[kPhiloxGroup];
  philox_table().bits({7, 9, 3}, 5, group);
  for (int lane : {0, 3, 15})
    for (int word = 0; word < 4; ++word)
      EXPECT_EQ(group[16 * word + lane], philox_block({7, 9, 3}, 5 * 16 + static_cast<uint64_t>(lane), 0).word[word]);
}

// Where the uniform numbers of the same stream are at least the rate, for rates between, on and beyond the steps.
TEST(Random, MaskComparesTheUniformNumbers) {
  Tensor seed = Tensor::of<uint32_t>({11, 12}, {2}), u = prim::random_uniform(seed, {333, 13}, DType::float32, 4);
  for (double rate : {0.0, 0.2, 0.5, 0.7 + 1e-9, 1.0 - 0x1p-24, 1.0, 1.5, -1.0, u.at(17)}) {
    Tensor want = prim::binary(Binary::greater_equal, u, Tensor::scalar_of(rate, DType::float32)),
           mask = prim::random_mask(seed, {333, 13}, rate, 4);
    ASSERT_EQ(want.spec(), mask.spec());
    EXPECT_EQ(std::memcmp(want.raw(), mask.raw(), want.bytes()), 0) << rate;
  }
}

TEST(Random, Distributions) {
  for (DType type : {DType::float32, DType::float64}) {
    Summary n = summary(random::normal({200, 501}, 1, 2, type, 5));
    EXPECT_NEAR(n.mean, 1, 0.03);
    EXPECT_NEAR(n.variance, 4, 0.08);
    Summary u = summary(random::uniform({100003}, -1, 3, type, 5));
    EXPECT_NEAR(u.mean, 1, 0.02);
    EXPECT_NEAR(u.variance, 16.0 / 12, 0.02);
    EXPECT_TRUE(u.low >= -1 && u.high < 3);
    Summary t = summary(random::truncated_normal({100003}, 0, 1, type, 5));
    EXPECT_NEAR(t.mean, 0, 0.02);
    EXPECT_NEAR(t.variance, 0.7737, 0.02);
    EXPECT_TRUE(t.low >= -2 && t.high <= 2);
  }
  Summary half = summary(random::uniform({100003}, 0.0, 1.0, DType::float16, 5));
  EXPECT_LT(half.high, 1);
  Summary r = summary(random::randint({100003}, -3, 4, DType::int32, 5));
  EXPECT_NEAR(r.mean, 0, 0.03);
  EXPECT_EQ(r.low, -3);
  EXPECT_EQ(r.high, 3);
  Summary g = summary(random::gamma({50000}, 0.7, {}, 5));
  EXPECT_NEAR(g.mean, 0.7, 0.03);
  EXPECT_NEAR(g.variance, 0.7, 0.05);
  Summary b = summary(random::beta({50000}, 2, 3, {}, 5));
  EXPECT_NEAR(b.mean, 0.4, 0.01);
  EXPECT_NEAR(b.variance, 0.04, 0.003);
  for (double p : {0.2, 0.8}) {
    Summary k = summary(random::binomial({50000}, 10, p, {}, 5));
    EXPECT_NEAR(k.mean, 10 * p, 0.05);
    EXPECT_NEAR(k.variance, 1.6, 0.08);
  }
  // By rejection where many successes are expected: the moments, and the time does not grow with the trials.
  for (double trials : {40., 1000., 1e6})
    for (double p : {0.3, 0.5, 0.9}) {
      Summary k = summary(random::binomial({50000}, trials, p, {}, 5));
      const double variance = trials * p * (1 - p);
      EXPECT_NEAR(k.mean, trials * p, 5 * std::sqrt(variance / 50000));
      EXPECT_NEAR(k.variance / variance, 1, 0.04);
      EXPECT_GE(k.low, 0);
      EXPECT_LE(k.high, trials);
    }
  EXPECT_NEAR(summary(random::binomial({100}, 1e18, 0.25, {}, 5)).mean / 2.5e17, 1, 1e-6);
  for (double trials : {std::numeric_limits<double>::infinity(), -1., std::nan("")})
    EXPECT_TRUE(std::isnan(random::binomial({1}, trials, 0.5, {}, 5).at(0)));
  EXPECT_TRUE(std::isinf(random::gamma({1}, std::numeric_limits<double>::infinity(), {}, 5).at(0)));
  Tensor classes = random::categorical(Tensor::of<float>({0, std::log(3.f)}, {1, 2}), 20000, DType::int32, 5);
  EXPECT_NEAR(summary(classes).mean, 0.75, 0.015);
}

// Each count as often as its probability says (a chi-squared test at four deviations), on both sides of the change of
// methods.
TEST(Random, BinomialCountsHaveTheirProbabilities) {
  for (auto [n, p] : {std::pair(30, 0.3), std::pair(50, 0.2), std::pair(60, 0.3), std::pair(40, 0.7)}) {
    const int draws = 200000;
    Tensor k = random::binomial({draws}, n, p, {}, 11);
    std::vector<double> seen(static_cast<size_t>(n) + 1);
    for (int64_t i = 0; i < draws; ++i) ++seen[static_cast<size_t>(k.at(i))];
    double chi = 0, freedom = -1;
    for (int c = 0; c <= n; ++c) {
      const double expected = draws * std::exp(std::lgamma(n + 1) - std::lgamma(c + 1) - std::lgamma(n - c + 1) +
                                               c * std::log(p) + (n - c) * std::log1p(-p));
      if (expected < 5) continue;
      chi += (seen[static_cast<size_t>(c)] - expected) * (seen[static_cast<size_t>(c)] - expected) / expected;
      ++freedom;
    }
    EXPECT_LT(chi, freedom + 4 * std::sqrt(2 * freedom)) << "n " << n << ", p " << p;
  }
}

TEST(Random, DropoutAndShuffle) {
  Tensor ones = ops::ones({100, 100});
  Tensor y = random::dropout(ones, 0.25, {}, 3);
  EXPECT_NEAR(summary(y).mean, 1, 0.03);
  EXPECT_NEAR(summary(y).high, 1 / 0.75, 1e-6);
  EXPECT_TRUE(random::dropout(ones, 0).same(ones));
  Tensor rows = random::dropout(ones, 0.5, Shape{100, 1}, 3);
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(rows.at(i * 100), rows.at(i * 100 + 99));
  Tensor order = random::shuffle(ops::arange(50), 0, 9);
  EXPECT_FALSE(prim::reduce_all(Reduce::all, ops::equal(order, ops::arange(50))).item());
  EXPECT_TRUE(prim::reduce_all(Reduce::all, ops::equal(ops::sort(order), ops::arange(50))).item());
}

TEST(Random, OneSeedOneSequence) {
  auto draw = [] {
    auto seeds = std::make_shared<SeedGenerator>(42);
    Tensor a = random::normal({1000}, 0, 1, {}, seeds), b = random::normal({1000}, 0, 1, {}, seeds);
    EXPECT_NE(a.at(0), b.at(0));
    EXPECT_EQ(seeds->state().value().at(1), 2);
    return b.to_vector<float>();
  };
  int threads = settings().threads();
  settings().set_threads(1);
  auto one = draw();
  settings().set_threads(3);
  EXPECT_EQ(draw(), one);
  settings().set_threads(threads);

  auto seeds = std::make_shared<SeedGenerator>(42);
  Function step([&](std::span<const Tensor>) -> Tensors { return {random::normal({1000}, 0, 1, {}, seeds)}; }, "draw",
                Function::Mode::graph);
  step({});
  EXPECT_EQ(step({})[0].to_vector<float>(), one) << "the graph moves the generator on as eager draws do";
}

TEST(Random, SeedsAndErrors) {
  EXPECT_EQ(random::uniform({3}, 0.0, 1.0, {}, 1).to_vector<float>(),
            random::uniform({3}, 0.0, 1.0, {}, 1).to_vector<float>());
  set_random_seed(4);
  auto a = random::uniform({3}).to_vector<float>();
  auto b = random::uniform({3}).to_vector<float>();
  set_random_seed(4);
  EXPECT_EQ(random::uniform({3}).to_vector<float>(), a);
  EXPECT_NE(a, b);
  EXPECT_THROW(random::normal({3}, 0, 1, {}, "x"), Error);
  EXPECT_THROW(random::normal({3}, 0, 1, DType::int32, 1), Error);
  SeedGenerator g(7, "g");
  EXPECT_EQ(Value(g.get_config()).repr(), "{'seed': 7, 'name': 'g'}");
}

}  // namespace
}  // namespace lamina
