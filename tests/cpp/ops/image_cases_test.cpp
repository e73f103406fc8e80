// keras.ops.image: cases for every op (values are compared with Keras in tests/python/test_image_ops.py).
#include "backends/ops/public/ops.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;
namespace image = ops::image;
#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

Tensor turn() { return Tensor::of<double>({0.91, -0.31, 1.53, 0.22, 1.13, -0.71, 0, 0}, {8}); }
// The places keep clear of pixels, where linear interpolation has a kink.
Tensor moved(const Tensor& x, const char* outside) {
  return image::affine_transform(x, ops::cast(turn(), x.dtype()), "bilinear", outside, 0.5);
}
Tensor places(DType dtype) { return ops::cast(Tensor::of<double>({0.3, 1.7, -0.4, 2.6, 1.2, 0.7}, {2, 3}), dtype); }
Tensor corners(double shift, DType dtype) {
  return ops::cast(Tensor::of<double>({shift, 0.2, 4.3, -shift, 0.1, 3.4, 4.1 + shift, 3.7}, {4, 2}), dtype);
}

const CaseTable image_cases{{
    CASE("image.affine_transform", IN(Input({2, 4, 5, 2})), moved(x[0], "constant")),
    CASE("image.affine_transform", IN(Input({2, 4, 5, 2})), moved(x[0], "reflect")),
    CASE("image.affine_transform", IN(Input({2, 4, 5, 2})), moved(x[0], "mirror")),
    CASE("image.affine_transform", IN(Input({2, 4, 5, 2})), moved(x[0], "wrap")),
    CASE("image.map_coordinates", IN(Input({3, 4})), image::map_coordinates(x[0], places(x[0].dtype()), 1, "nearest")),
    CASE("image.map_coordinates", IN(Input({3, 4})), image::map_coordinates(x[0], places(x[0].dtype()), 0)),
    CASE("image.perspective_transform", IN(Input({2, 4, 5, 2})),
         image::perspective_transform(x[0], corners(0.3, x[0].dtype()), corners(-0.2, x[0].dtype()))),
    CASE("image.scale_and_translate", IN(Input({2, 4, 5, 2})),
         image::scale_and_translate(x[0], {x[0].shape()[0], 3, 7, 2}, Tensor::of<float>({0.7f, 1.6f}),
                                    Tensor::of<float>({0.3f, -1.0f}), {1, 2}, "cubic")),
    CASE("image.elastic_transform", IN(Input({2, 6, 5, 1})),
         image::elastic_transform(x[0], 2, 1, "bilinear", "reflect", 0, Value(3))),
    CASE("image.rgb_to_grayscale", IN(Input({2, 3, 2, 3})), image::rgb_to_grayscale(x[0])),
    CASE("image.rgb_to_hsv", IN(Input({2, 3, 2, 3}, D::share)), image::rgb_to_hsv(x[0])),
    CASE("image.hsv_to_rgb", IN(Input({2, 3, 2, 3}, D::share)), image::hsv_to_rgb(x[0])),
    CASE("image.crop_images", IN(Input({2, 4, 5, 2})),
         image::crop_images(x[0], {.top = 1, .left = 2, .height = 2, .width = 3})),
    CASE("image.pad_images", IN(Input({2, 4, 5, 2})),
         image::pad_images(x[0], {.top = 1, .right = 2, .height = 7, .width = 8})),
    CASE("image.extract_patches", IN(Input({2, 4, 5, 2})), image::extract_patches(x[0], {2, 3}, {}, {1}, "same")),
    CASE("image.extract_patches_3d", IN(Input({2, 3, 4, 3, 2})), image::extract_patches(x[0], {2, 2, 1})),
    CASE("image.gaussian_blur", IN(Input({2, 4, 5, 2})), image::gaussian_blur(x[0], {3, 5}, {0.7, 1.4})),
    CASE("image.sobel_edges", IN(Input({2, 4, 5, 2})), image::sobel_edges(x[0])),
    CASE("image.ssim", IN(Input({2, 5, 6, 2}, D::share), Input({2, 5, 6, 2}, D::share)),
         call_op(*find_op("image.ssim"), std::vector<Value>{x[0], x[1], 1.0, 3, 1.5, 0.01, 0.03, Value()})),
}};

}  // namespace
}  // namespace lamina::testing
