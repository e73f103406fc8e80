// Every kernel of matrix products against sums in float64, at the sizes where kernels change hands.
#include "backends/core/kernel.h"
#include "backends/ops/matmul/matmul.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina {
namespace {

struct Case {
  int64_t m, k, n;
};

void check(const Case& c, bool ta, bool tb, int64_t batch) {
  const Tensor a = testing::ramp(ta ? Shape{batch, c.k, c.m} : Shape{batch, c.m, c.k}), b = testing::ramp(tb ? Shape{batch, c.n, c.k} : Shape{batch, c.k, c.n}, 0.7);
  const Tensor fa = prim::cast(a, DType::float32), fb = prim::cast(b, DType::float32), y = prim::matmul(fa, fb, ta, tb);
  for (int64_t s = 0; s < batch; ++s)
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t j = 0; j < c.n; ++j) {
        double sum = 0, size = 0;
        for (int64_t l = 0; l < c.k; ++l) {
          const double term = fa.at(s * c.m * c.k + (ta ? l * c.m + i : i * c.k + l)) * fb.at(s * c.k * c.n + (tb ? j * c.k + l : l * c.n + j));
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(y.at((s * c.m + i) * c.n + j), sum, 1e-6 * size + 1e-7) << c.m << "x" << c.k << "x" << c.n << " ta " << ta << " tb " << tb << " at " << i << ", " << j;
      }
}

TEST(Products, OneRowOrColumn) {
  for (int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 50, 63, 64, 65, 127, 129, 200})
    for (int64_t k : {1, 2, 5, 16, 33, 130})
      for (int side = 0; side < 2; ++side)
        for (int t = 0; t < 4; ++t) check(side ? Case{n, k, 1} : Case{1, k, n}, t & 1, t & 2, 1 + (k == 5));
}

TEST(Products, CutForThreads) {
  for (int t = 0; t < 4; ++t) {
    check({1, 700, 1531}, t & 1, t & 2, 1);
    check({1531, 700, 1}, t & 1, t & 2, 1);
    check({67, 129, 301}, t & 1, t & 2, 2);
    check({301, 129, 67}, t & 1, t & 2, 1);
  }
}

}  // namespace
}  // namespace lamina
