// Image resizing.
#include "backends/ops/image/resample.h"
#include "backends/ops/public/ops.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;
#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

const CaseTable resizes{{
    CASE("image.resize", IN(Input({2, 3, 4, 2})), ops::image::resize(x[0], {6, 5})),
    CASE("image.resize", IN(Input({2, 3, 4, 2})), ops::image::resize(x[0], {6, 8}, "nearest")),
    CASE("image.resize", IN(Input({2, 7, 9, 2})), ops::image::resize(x[0], {3, 5}, "bilinear", true)),
    CASE("image.resize", IN(Input({2, 5, 4, 2})), ops::image::resize(x[0], {8, 3}, "bicubic")),
    CASE("image.resize", IN(Input({1, 5, 4, 2})), ops::image::resize(x[0], {8, 9}, "lanczos3")),
    CASE("image.resize", IN(Input({1, 6, 5, 1})), ops::image::resize(x[0], {4, 9}, "lanczos5")),
    CASE("image.resize", IN(Input({2, 2, 6, 4})),
         ops::image::resize(x[0], {3, 3}, "bilinear", false, true, false, "constant", 0, "channels_first")),
    CASE("image.resize", IN(Input({5, 3, 2})),
         ops::image::resize(x[0], {4, 4}, "bilinear", false, false, true, "constant", 0.5))
        .known_sizes(),
    CASE("image.resize", IN(Input({2, 3, 4, 2}, D::small_int)), ops::image::resize(x[0], {6, 5})),
}};

TEST(Resample, RepeatsWholeFactorsExactly) {
  Tensor y = prim::resample(Tensor::of<float>({1, 2, 3}), 0, 9, Interpolation::nearest);
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{1, 1, 1, 2, 2, 2, 3, 3, 3}));
}

TEST(Resample, RefusesWhatDoesNotFit) {
  EXPECT_THROW(prim::resample(Tensor::of<int32_t>({1, 2}), 0, 4, Interpolation::linear), Error);
  EXPECT_THROW(prim::resample(Tensor::of<float>({1, 2}), 0, 0, Interpolation::linear), Error);
  EXPECT_THROW(ops::image::resize(Tensor::spec_only({3, 4}, DType::float32), {2, 2}), Error);
}

}  // namespace
}  // namespace lamina::testing
