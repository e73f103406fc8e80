// Linear algebra: cases for every op, and what only these have.
#include "backends/ops/linalg/linalg.h"

#include "backends/core/autodiff.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "support/data.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

// Matrices far from singular: well-conditioned ones made of any input.
Tensor regular(const Tensor& x) {
  if (!x.shape().known()) return x;
  return ops::add(x, ops::multiply(ops::eye(x.shape().back(), {}, 0, x.dtype()), 5.0));
}
Tensor positive(const Tensor& x) {
  if (!x.shape().known()) return x;
  return regular(prim::matmul(x, x, false, true));
}
// Vectors are found up to their sign: products of two of them are not.
Value of_vectors(const Tensor& v) { return Value(prim::square(v)); }

const CaseTable linalg_cases{{
    CASE("cholesky", IN(Input({2, 3, 3})), ops::cholesky(positive(x[0]))),
    CASE("cholesky", IN(Input({3, 3})), ops::cholesky(positive(x[0]), true)),
    CASE("cholesky_inverse", IN(Input({2, 3, 3})), ops::cholesky_inverse(regular(x[0]))),
    CASE("cholesky_inverse", IN(Input({2, 3, 3})), ops::cholesky_inverse(regular(x[0]), true)),
    CASE("det", IN(Input({2, 3, 3})), ops::det(regular(x[0]))),
    CASE("det", IN(Input({2, 3, 3})), apply1(make_op<CofactorOp>(), {regular(x[0])})),
    CASE("slogdet", IN(Input({2, 3, 3})), Value(ops::slogdet(regular(x[0]))[1])),
    CASE("logdet", IN(Input({2, 3, 3})), ops::logdet(positive(x[0]))),
    CASE("eigh", IN(Input({2, 3, 3})), Value(ops::eigh(x[0])[0])),
    CASE("eigh", IN(Input({3, 3})), of_vectors(ops::eigh(x[0])[1])),
    CASE("inv", IN(Input({2, 3, 3})), ops::inv(regular(x[0]))),
    CASE("lu_factor", IN(Input({2, 3, 3})), Value(ops::lu_factor(regular(x[0])))).no_gradient(),
    CASE("qr", IN(Input({2, 4, 3})), Value(ops::qr(x[0]))),
    CASE("qr", IN(Input({3, 3})), Value(ops::qr(x[0], "complete"))),
    CASE("qr", IN(Input({2, 3, 4})), Value(ops::qr(x[0], "complete"))).no_gradient(),
    CASE("solve", IN(Input({2, 3, 3}), Input({2, 3, 2})), ops::solve(regular(x[0]), x[1])),
    CASE("solve", IN(Input({3, 3}), Input({3})), ops::solve(regular(x[0]), x[1])).known_sizes(),
    CASE("solve_triangular", IN(Input({2, 3, 3}), Input({2, 3, 2})), ops::solve_triangular(regular(x[0]), x[1])),
    CASE("solve_triangular", IN(Input({2, 3, 3}), Input({2, 3, 2})), ops::solve_triangular(regular(x[0]), x[1], true)),
    CASE("svd", IN(Input({2, 3, 4})), ops::svd(x[0], false, false)),
    CASE("svd", IN(Input({2, 4, 3})), of_vectors(ops::svd(x[0], false).as_list()[0].as_tensor())),
    CASE("svd", IN(Input({2, 3, 4})), of_vectors(ops::svd(x[0], false).as_list()[2].as_tensor())),
    CASE("svd", IN(Input({2, 3, 4})), Value(ops::svd(x[0]).as_list()[1])).no_gradient(),
    CASE("pinv", IN(Input({2, 4, 3})), ops::pinv(x[0])),
    CASE("matrix_rank", IN(Input({2, 4, 3})), ops::matrix_rank(x[0])).no_gradient(),
    CASE("lstsq", IN(Input({4, 3}), Input({4, 2})), ops::lstsq(x[0], x[1])).known_sizes(),
    CASE("lstsq", IN(Input({4, 3}), Input({4})), ops::lstsq(x[0], x[1])).known_sizes(),
}};

TEST(Linalg, TheDeterminantOfASingularMatrixHasAGradient) {
  const Tensor a = Tensor::of<double>({1, 2, 2, 4}, {2, 2});
  TapeScope tape;
  const Tensor d = ops::det(a);
  EXPECT_NEAR(d.item(), 0, 1e-12);
  const Tensor g = gradients(std::vector<Tensor>{d}, std::vector<GradientSource>{a})[0];
  const double want[] = {4, -2, -2, 1};  // the cofactors
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(g.at(i), want[i], 1e-12);
}

TEST(Linalg, MatricesThatAreNotPositiveDefiniteAreRefused) {
  EXPECT_THROW(ops::cholesky(Tensor::of<float>({1, 2, 2, 1}, {2, 2})), ValueError);
  EXPECT_THROW(ops::cholesky(Tensor::of<float>({1, 2, 3, 4, 5, 6}, {2, 3})), ValueError);
  EXPECT_THROW(ops::inv(Tensor::of<float>({1, 2})), ValueError);
  EXPECT_THROW(ops::qr(Tensor::of<float>({1, 2}, {1, 2}), "r"), ValueError);
}

TEST(Linalg, EmptyMatrices) {
  const Tensor none = prim::full({0, 0}, 0, DType::float32), wide = prim::full({0, 3}, 0, DType::float32);
  EXPECT_EQ(ops::det(none).item(), 1);
  EXPECT_EQ(ops::inv(none).shape(), Shape({0, 0}));
  EXPECT_EQ(ops::pinv(wide).shape(), Shape({3, 0}));
  EXPECT_EQ(ops::matrix_rank(wide).item(), 0);
  EXPECT_EQ(ops::svd(wide).as_list()[2].as_tensor().shape(), Shape({3, 3}));
}

TEST(Linalg, GradientsThatDoNotExistSaySo) {
  const Tensor wide = Tensor::of<float>({1, 2, 3, 4, 5, 7}, {2, 3});
  TapeScope tape;
  const Tensor q = ops::qr(wide)[0];
  EXPECT_THROW(gradients(std::vector<Tensor>{q}, std::vector<GradientSource>{wide}), UnsupportedError);
  const Tensor u = ops::svd(wide).as_list()[0].as_tensor();
  EXPECT_THROW(gradients(std::vector<Tensor>{u}, std::vector<GradientSource>{wide}), UnsupportedError);
}

}  // namespace
}  // namespace lamina::testing
