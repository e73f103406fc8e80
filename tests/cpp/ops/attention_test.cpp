// Attention in blocks against its composition: cases for both engines and central differences, and values and gradients
// at sizes with whole blocks, remainders and blocks that causality skips.
#include "backends/ops/attention/attention.h"
#include "backends/core/autodiff.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;
#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

const CaseTable attentions{{
    CASE("prim.attention", IN(Input({2, 3, 2, 4}), Input({2, 5, 2, 4}), Input({2, 5, 2, 3})),
         prim::attention(x[0], x[1], x[2], {}, {}, 0.7, false)),
    CASE("prim.attention", IN(Input({2, 5, 4, 3}), Input({2, 5, 2, 3}), Input({2, 5, 2, 18})),
         prim::attention(x[0], x[1], x[2], {}, {}, 0.7, true)),
    CASE("prim.attention", IN(Input({2, 3, 2, 2}), Input({2, 5, 2, 2}), Input({2, 5, 2, 3}), Input({1, 2, 3, 5})),
         prim::attention(x[0], x[1], x[2], x[3], {}, 0.5, false)),
    CASE("prim.attention",
         IN(Input({2, 3, 2, 2}), Input({2, 4, 1, 2}), Input({2, 4, 1, 3}), Input({2, 1, 3, 4}, D::boolean)),
         prim::attention(x[0], x[1], x[2], {}, x[3], 0.5, true)),
    CASE("prim.attention",
         IN(Input({2, 3, 2, 2}), Input({2, 4, 2, 2}), Input({2, 4, 2, 3}), Input({2, 1, 1, 1}),
            Input({2, 1, 1, 4}, D::boolean)),
         prim::attention(x[0], x[1], x[2], x[3], x[4], 0.5, false)),
}};

struct Setting {
  int64_t B, T, S, N, K, D, V;
  bool causal, masked, biased;
};

class AttentionSizes : public ::testing::TestWithParam<Setting> {};

TEST_P(AttentionSizes, MatchTheComposition) {
  const Setting c = GetParam();
  Tensors results[2];
  for (DType type : {DType::float32, DType::float64}) {
    TapeScope tape;
    Tensor q = make_input(Input({c.B, c.T, c.N, c.D}), type, 0), k = make_input(Input({c.B, c.S, c.K, c.D}), type, 1),
           v = make_input(Input({c.B, c.S, c.K, c.V}), type, 2);
    Tensor bias = c.biased ? make_input(Input({1, c.N, c.T, c.S}), type, 3) : Tensor(), mask;
    if (c.masked) {
      mask = Tensor::empty({c.B, 1, c.T, c.S}, DType::boolean);
      for (int64_t i = 0; i < mask.size(); ++i)
        mask.mutable_data<bool>()[i] = i % 7 != 3 && i / c.S % c.T != 1;  // query 1 sees nothing
    }
    Tensor out = type == DType::float32 ? prim::attention(q, k, v, bias, mask, 0.6, c.causal)
                                        : prim::attention_composed(q, k, v, bias, mask, 0.6, c.causal).out;
    Tensor g = make_input(Input(out.shape()), type, 4);
    std::vector<GradientSource> sources = {q, k, v};
    results[type == DType::float64] = gradients({&out, 1}, sources, {&g, 1});
    results[type == DType::float64].push_back(out);
  }
  const char* names[] = {"dq", "dk", "dv", "out"};
  for (size_t r = 0; r < 4; ++r) {
    const Tensor &a = results[0][r], &b = results[1][r];
    double most = 1e-30, worst = 0;
    for (int64_t i = 0; i < b.size(); ++i)
      most = std::max(most, std::abs(b.at(i))), worst = std::max(worst, std::abs(a.at(i) - b.at(i)));
    EXPECT_LE(worst, 2e-5 * most) << names[r];
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, AttentionSizes,
                         ::testing::Values(Setting{2, 100, 100, 4, 4, 16, 16, false, false, false},
                                           Setting{1, 130, 300, 2, 1, 20, 7, false, true, false},
                                           Setting{1, 600, 600, 2, 2, 8, 8, true, false, false},
                                           Setting{1, 70, 270, 2, 2, 33, 40, true, true, true},
                                           Setting{2, 300, 5, 4, 2, 64, 64, true, false, false},
                                           Setting{1, 1, 513, 3, 3, 16, 48, false, false, true}));

// Half precision computes in float32 between casts: the values of the composition, and gradients as near as their dtype
// is.
TEST(Attention, TakesHalfPrecision) {
  for (DType type : {DType::float16, DType::bfloat16}) {
    const double unit = type == DType::float16 ? 1.0 / 1024 : 1.0 / 128;
    for (bool masked : {false, true}) {
      std::vector<Tensors> results;
      for (bool composed : {false, true}) {
        TapeScope tape;
        Tensor q = make_input(Input({2, 20, 4, 16}), type, 0), k = make_input(Input({2, 30, 2, 16}), type, 1),
               v = make_input(Input({2, 30, 2, 8}), type, 2), g = make_input(Input({2, 20, 4, 8}), type, 3);
        Tensor bias = make_input(Input({1, 4, 20, 30}), type, 4),
               mask = masked ? make_input(Input({2, 1, 1, 30}, D::boolean), DType::boolean, 5) : Tensor();
        if (!masked) bias = Tensor();
        Tensor out = composed ? prim::attention_composed(q, k, v, bias, mask, 0.25, !masked).out
                              : prim::attention(q, k, v, bias, mask, 0.25, !masked);
        EXPECT_EQ(out.dtype(), type);
        std::vector<GradientSource> sources = {q, k, v};
        if (masked) sources.push_back(bias);
        results.push_back(gradients({&out, 1}, sources, {&g, 1}));
        results.back().push_back(out);
      }
      ASSERT_EQ(results[0].size(), results[1].size());
      for (size_t r = 0; r < results[0].size(); ++r) {
        const Tensor &a = results[0][r], &b = results[1][r];
        ASSERT_EQ(a.dtype(), type);
        ASSERT_EQ(a.shape(), b.shape());
        double most = 1e-30, worst = 0;
        for (int64_t i = 0; i < b.size(); ++i)
          most = std::max(most, std::abs(b.at(i))), worst = std::max(worst, std::abs(a.at(i) - b.at(i)));
        EXPECT_LE(worst, 2 * unit * most) << name_of(type) << " masked " << masked << " result " << r;
      }
    }
  }
}

TEST(Attention, GivesTheSameBitsForAnyNumberOfThreads) {
  Tensor q = make_input(Input({3, 90, 4, 16}), DType::float32, 0),
         k = make_input(Input({3, 150, 2, 16}), DType::float32, 1),
         v = make_input(Input({3, 150, 2, 16}), DType::float32, 2);
  Tensor g = make_input(Input({3, 90, 4, 16}), DType::float32, 3);
  std::vector<Tensors> runs;
  const int before = settings().threads();
  for (int threads : {1, 2}) {
    settings().set_threads(threads);
    TapeScope tape;
    Tensor out = prim::attention(q, k, v, {}, {}, 0.25, true);
    std::vector<GradientSource> sources = {q, k, v};
    runs.push_back(gradients({&out, 1}, sources, {&g, 1}));
    runs.back().push_back(out);
  }
  settings().set_threads(before);
  for (size_t i = 0; i < runs[0].size(); ++i)
    EXPECT_EQ(0, std::memcmp(runs[0][i].raw(), runs[1][i].raw(), runs[0][i].bytes()));
}

TEST(Attention, RefusesWhatDoesNotFit) {
  auto f = [](const Shape& s, DType type = DType::float32) { return Tensor::spec_only(s, type); };
  auto call = [&](const Shape& q, const Shape& k, const Shape& v, const Tensor& mask = {}) {
    return prim::attention(f(q), f(k), f(v), {}, mask, 1, false);
  };
  EXPECT_THROW(call({2, 3, 4, 5}, {2, 3, 3, 5}, {2, 3, 3, 5}), Error);
  EXPECT_THROW(call({2, 3, 4, 5}, {2, 3, 4, 6}, {2, 3, 4, 5}), Error);
  EXPECT_THROW(call({2, 3, 4, 5}, {2, 3, 4, 5}, {2, 4, 4, 5}), Error);
  EXPECT_THROW(call({2, 3, 4, 5}, {3, 3, 4, 5}, {3, 3, 4, 5}), Error);
  EXPECT_THROW(call({2, 3, 4, 5}, {2, 3, 4, 5}, {2, 3, 4, 5}, f({2, 4, 3, 4}, DType::boolean)), Error);
  EXPECT_THROW(call({2, 3, 4, 5}, {2, 3, 4, 5}, {2, 3, 4, 5}, f({2, 4, 3, 3})), Error);
}

}  // namespace
}  // namespace lamina::testing
