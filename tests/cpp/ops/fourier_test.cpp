// Fourier transforms: cases for every op, and sizes of every kind against sums.
#include <cmath>

#include "backends/ops/fft/fft.h"
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

const CaseTable fourier_cases{{
    CASE("fft", IN(Input({2, 6}), Input({2, 6})), Value(ops::fft({x[0], x[1]}))),
    CASE("fft", IN(Input({3, 5}), Input({3, 5})), Value(prim::fft(x[0], x[1], true))),
    CASE("fft2", IN(Input({2, 3, 4}), Input({2, 3, 4})), Value(ops::fft2({x[0], x[1]}))),
    CASE("ifft2", IN(Input({2, 4, 3}), Input({2, 4, 3})), Value(ops::ifft2({x[0], x[1]}))),
    CASE("rfft", IN(Input({2, 6})), Value(ops::rfft(x[0]))),
    CASE("rfft", IN(Input({2, 7})), Value(ops::rfft(x[0], 5))),
    CASE("rfft", IN(Input({2, 5})), Value(ops::rfft(x[0], 8))),
    CASE("irfft", IN(Input({2, 4}), Input({2, 4})), ops::irfft({x[0], x[1]})),
    CASE("irfft", IN(Input({2, 4}), Input({2, 4})), ops::irfft({x[0], x[1]}, 7)),
    CASE("irfft", IN(Input({2, 4}), Input({2, 4})), ops::irfft({x[0], x[1]}, 10)),
    CASE("stft", IN(Input({2, 20})), Value(ops::stft(x[0], 5, 2, 8))),
    CASE("stft", IN(Input({2, 20})), Value(ops::stft(x[0], 6, 4, 6, Value(), false))),
    CASE("istft", IN(Input({2, 4, 5}), Input({2, 4, 5})), ops::istft({x[0], x[1]}, 6, 3, 8)),
    CASE("istft", IN(Input({2, 3, 67}), Input({2, 3, 67})), ops::istft({x[0], x[1]}, 132, 1, 132, 40)),
    CASE("view_as_real", IN(Input({2, 3})), ops::view_as_real(x[0])),
    CASE("i0", IN(Input({3, 4})), ops::i0(x[0])),
    CASE("i0", IN(Input({3, 4})), ops::i0(ops::multiply(x[0], 9.0))),
    CASE("bartlett", IN(), ops::bartlett(7)).no_gradient(),
    CASE("blackman", IN(), ops::blackman(7)).no_gradient(),
    CASE("hamming", IN(), ops::hamming(7)).no_gradient(),
    CASE("hanning", IN(), ops::hanning(7)).no_gradient(),
    CASE("kaiser", IN(), ops::kaiser(7, 3.0)).no_gradient(),
}};

// Small and large factors, primes and their squares, powers of two.
TEST(Fourier, SizesOfEveryKind) {
  for (const int64_t n : {1, 2, 3, 4, 5, 7, 8, 12, 16, 30, 61, 62, 67, 74, 121, 128, 134, 251, 333, 512, 1009, 2018}) {
    std::vector<double> re, im;
    for (int64_t i = 0; i < n; ++i) {
      re.push_back(std::sin(0.7 * static_cast<double>(i * i % 97)));
      im.push_back(std::cos(1.3 * static_cast<double>(i * i % 89)));
    }
    const Tensor x = Tensor::of(re), y = Tensor::of(im);
    const Tensors there = prim::fft(x, y, false), back = prim::fft(there[0], there[1], true), half = prim::real_fft(x);
    const Tensor real_back = prim::half_to_real(half[0], half[1], n);
    for (int64_t k = 0; k < n; ++k) {
      double a = 0, b = 0, of_real = 0, of_real_imaginary = 0;
      for (int64_t j = 0; j < n; ++j) {
        const double angle = -2 * M_PI * static_cast<double>(j * k % n) / static_cast<double>(n), c = std::cos(angle),
                     s = std::sin(angle);
        const auto at = static_cast<size_t>(j);
        a += re[at] * c - im[at] * s, b += re[at] * s + im[at] * c;
        of_real += re[at] * c, of_real_imaginary += re[at] * s;
      }
      const double size = 1e-12 * static_cast<double>(n);
      ASSERT_NEAR(there[0].at(k), a, size) << n;
      ASSERT_NEAR(there[1].at(k), b, size) << n;
      ASSERT_NEAR(back[0].at(k) / static_cast<double>(n), re[static_cast<size_t>(k)], 1e-12) << n;
      ASSERT_NEAR(back[1].at(k) / static_cast<double>(n), im[static_cast<size_t>(k)], 1e-12) << n;
      ASSERT_NEAR(real_back.at(k) / static_cast<double>(n), re[static_cast<size_t>(k)], 1e-12) << n;
      if (k > n / 2) continue;
      ASSERT_NEAR(half[0].at(k), of_real, size) << n;
      ASSERT_NEAR(half[1].at(k), of_real_imaginary, size) << n;
    }
  }
}

TEST(Fourier, RowsDoNotMeet) {
  const double huge = 1e30;
  const Tensor x = Tensor::of<float>({static_cast<float>(huge), 1e30f, -1e30f, 3, 1, 2, 3, 4}, {2, 4});
  const Tensors both = prim::real_fft(x), alone = prim::real_fft(Tensor::of<float>({1, 2, 3, 4}));
  for (int64_t k = 0; k < 3; ++k) {
    EXPECT_EQ(both[0].at(3 + k), alone[0].at(k));
    EXPECT_EQ(both[1].at(3 + k), alone[1].at(k));
  }
}

TEST(Fourier, WhatIsRefused) {
  const Tensor x = Tensor::of<float>({1, 2, 3, 4});
  EXPECT_THROW(ops::fft({x}), ValueError);
  EXPECT_THROW(ops::fft({x, Tensor::of<float>({1, 2})}), ValueError);
  EXPECT_THROW(ops::fft2({x, x}), ValueError);
  EXPECT_THROW(ops::rfft(x, 0), ValueError);
  EXPECT_THROW(ops::rfft(Tensor::of<float>({1}, {})), ValueError);
  EXPECT_THROW(ops::irfft({Tensor::of<float>({1}), Tensor::of<float>({1})}), ValueError);
  EXPECT_THROW(ops::stft(x, 8, 2, 4), ValueError);
  EXPECT_THROW(ops::stft(x, 4, 0, 4), ValueError);
  EXPECT_THROW(ops::stft(x, 16, 2, 16, "hann", false), ValueError);
  EXPECT_THROW(prim::half_to_real(x, x, 4), ValueError);
  EXPECT_THROW(prim::real_fft(Tensor::of<float>(std::vector<float>{}, {2, 0})), ValueError);
}

}  // namespace
}  // namespace lamina::testing
