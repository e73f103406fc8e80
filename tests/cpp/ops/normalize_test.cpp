// The fused normalisations and attention against their compositions: cases for both engines and central differences,
// and values and gradients at sizes with whole blocks, remainders and skipped blocks.
#include "backends/ops/normalization/normalize.h"
#include "backends/core/autodiff.h"
#include "backends/core/kernel.h"
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

Value all_of(const prim::Normalized& n) { return Value(List{n.y, n.mean, n.variance}); }

const CaseTable normalizations{{
    CASE("prim.normalize", IN(Input({3, 5}), Input({5}), Input({5})),
         all_of(prim::normalize(Norm::rows, x[0], 1, x[1], x[2], 1e-3))),
    CASE("prim.normalize", IN(Input({2, 3, 33}), Input({33})),
         all_of(prim::normalize(Norm::rows, x[0], 2, x[1], {}, 1e-3))),
    CASE("prim.normalize", IN(Input({3, 5}), Input({5})), all_of(prim::normalize(Norm::rows, x[0], 1, {}, x[1], 1e-2))),
    CASE("prim.normalize", IN(Input({3, 5})), all_of(prim::normalize(Norm::rows, x[0], 1, {}, {}, 1e-3))),
    CASE("prim.normalize", IN(Input({3, 5}), Input({5}), Input({5})),
         all_of(prim::normalize(Norm::rms, x[0], 1, x[1], x[2], 1e-3))),
    CASE("prim.normalize", IN(Input({4, 18})), all_of(prim::normalize(Norm::rms, x[0], 1, {}, {}, 1e-3))),
    CASE("prim.normalize", IN(Input({6, 3}), Input({3}), Input({3})),
         all_of(prim::normalize(Norm::batch, x[0], 1, x[1], x[2], 1e-3))),
    CASE("prim.normalize", IN(Input({2, 3, 5}), Input({3}), Input({3})),
         all_of(prim::normalize(Norm::batch, x[0], 1, x[1], x[2], 1e-3))),
    CASE("prim.normalize", IN(Input({2, 3, 4})), all_of(prim::normalize(Norm::batch, x[0], 2, {}, {}, 1e-3))),
}};

// y, mean and variance in elementwise ops and reductions.
prim::Normalized composed(Norm kind, const Tensor& x, int axis, const Tensor& scale, const Tensor& offset,
                          double epsilon) {
  using namespace prim;
  std::vector<int> over;
  double count = 1;
  for (int i = 0; i < x.rank(); ++i)
    if ((i == axis) != (kind == Norm::batch)) over.push_back(i), count *= static_cast<double>(x.shape()[i]);
  Shape along = Shape::of_rank(x.rank());
  along[axis] = x.shape()[axis];
  auto mean_of = [&](const Tensor& t) { return multiply(reduce(Reduce::sum, t, over, true), 1 / count); };
  Tensor mean = kind == Norm::rms ? full({}, 0, x.dtype()) : mean_of(x), centred = subtract(x, mean),
         variance = mean_of(square(centred));
  Tensor y = divide(centred, sqrt(add(variance, epsilon)));
  return {add(multiply(y, reshape(scale, along)), reshape(offset, along)), mean, variance};
}

void expect_near(const Tensor& a, const Tensor& b, double tolerance, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  double most = 1e-30, worst = 0;
  for (int64_t i = 0; i < b.size(); ++i)
    most = std::max(most, std::abs(b.at(i))), worst = std::max(worst, std::abs(a.at(i) - b.at(i)));
  EXPECT_LE(worst, tolerance * most) << what;
}

class NormalizeSizes : public ::testing::TestWithParam<std::tuple<Norm, Shape, int>> {};

// Sizes beyond one task and one block, where the case table's are small. Float32 against the composition in float64.
TEST_P(NormalizeSizes, MatchTheComposition) {
  const auto [kind, shape, axis] = GetParam();
  Tensors results[2];
  for (DType type : {DType::float32, DType::float64}) {
    TapeScope tape;
    Tensor x = prim::add(make_input(Input(shape), type, 0), 3), scale = make_input(Input({shape[axis]}), type, 1),
           offset = make_input(Input({shape[axis]}), type, 2), g = make_input(Input(shape), type, 3);
    prim::Normalized n = type == DType::float32 ? prim::normalize(kind, x, axis, scale, offset, 1e-3)
                                                : composed(kind, x, axis, scale, offset, 1e-3);
    std::vector<GradientSource> sources = {x, scale, offset};
    Tensors& out = results[type == DType::float64];
    out = gradients({&n.y, 1}, sources, {&g, 1});
    out.push_back(n.y);
    if (kind != Norm::rms) out.push_back(prim::reshape(n.mean, {n.mean.size()}));
    out.push_back(prim::reshape(n.variance, {n.variance.size()}));
  }
  const char* names[] = {"dx", "dscale", "doffset", "y", "mean", "variance"};
  for (size_t i = 0; i < results[0].size(); ++i) expect_near(results[0][i], results[1][i], 2e-5, names[i]);
}
INSTANTIATE_TEST_SUITE_P(
    Sizes, NormalizeSizes,
    ::testing::Values(std::tuple(Norm::rows, Shape{700, 64}, 1), std::tuple(Norm::rows, Shape{3, 5000}, 1),
                      std::tuple(Norm::rms, Shape{90, 5, 37}, 2), std::tuple(Norm::batch, Shape{3000, 20}, 1),
                      std::tuple(Norm::batch, Shape{30, 11, 300}, 1), std::tuple(Norm::batch, Shape{40, 7, 7, 65}, 3),
                      std::tuple(Norm::batch, Shape{1, 9}, 1), std::tuple(Norm::batch, Shape{300, 1}, 1)));

TEST(Normalize, RefusesWhatDoesNotFit) {
  auto f = [](const Shape& s, DType type = DType::float32) { return Tensor::spec_only(s, type); };
  EXPECT_THROW(prim::normalize(Norm::rows, f({3, 5}), 1, f({4}), {}, 1e-3), Error);
  EXPECT_THROW(prim::normalize(Norm::rows, f({3, 5}), 0, {}, {}, 1e-3), Error);
  EXPECT_THROW(prim::normalize(Norm::batch, f({3, 5}, DType::int32), 1, {}, {}, 1e-3), Error);
  EXPECT_THROW(prim::normalize(Norm::batch, f({3, 5}), 1, f({5}, DType::float64), {}, 1e-3), Error);
}

}  // namespace
}  // namespace lamina::testing
