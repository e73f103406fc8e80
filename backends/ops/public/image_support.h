#pragma once
// Shared by the ops on images: their layout, and reading them between pixels.
#include "backends/ops/image/resample.h"
#include "backends/ops/public/spatial.h"

namespace lamina::ops::image {

// ValueError unless of rank 3 (one image) or 4 (a batch).
void expect_images(const Tensor& images);

// Images as (batch, height, width, channels), and back as they were given.
class Batch {
 public:
  Batch(const Tensor& images, const std::optional<std::string>& data_format);
  Tensor x;
  int64_t size(int axis) const { return x.shape()[axis]; }
  Tensor restored(const Tensor& batch) const;  // of any height, width and channels

 private:
  bool single_, first_;
};

// Floating point to compute in: float32 for integers and shorter floats.
DType working_dtype(DType dtype);
// Values of a working dtype as an image's dtype: rounded for integers.
Tensor as_pixels(const Tensor& values, DType dtype);

// What stands outside of a grid: one value, the edge, the grid again, or mirrored about the edge's centre (mirror) or
// its outer side (reflect). As in SciPy's map_coordinates.
enum class Outside : uint8_t { constant, nearest, wrap, mirror, reflect };
Outside outside_of(const std::string& fill_mode);  // ValueError naming the choices
int order_of(const std::string& interpolation);    // "nearest" 0, "bilinear" 1; ValueError naming the choices

// By Keras' name, ValueError naming the choices; `of_files`: also those that images of files alone are resized by.
Interpolation interpolation_of(const std::string& name, bool of_files = false);
// Images of known sizes, whose height is axis `height_axis` and their width the one after it, as image.resize makes
// them.
Tensor resized(Tensor images, int height_axis, int64_t height, int64_t width, Interpolation kind, bool antialias,
               bool crop_to_aspect_ratio, bool pad_to_aspect_ratio, double fill_value);

// Values between the points of grids. `rows` is (N, C): the points of grids of `sizes`, row-major; `coordinates` has
// one float tensor per axis of a grid, all of shape K; `base` (int32, K or scalar) is the row where the grid of a place
// begins. order 0 takes the nearest point, 1 interpolates linearly. Gives (K..., C).
Tensor sample(const Tensor& rows, const std::vector<int64_t>& sizes, const Tensors& coordinates, const Tensor& base,
              int order, Outside outside, double fill_value);

// `images` read at (y, x), each (batch, height', width').
Tensor sample_images(const Tensor& images, const Tensor& y, const Tensor& x, int order, Outside outside,
                     double fill_value);

// (batch, height, width) blurred by a Gaussian of int(6 sigma) | 1 places each way. `sigma` is a scalar that may be
// traced, and at most `most`.
Tensor smoothed_noise(const Tensor& noise, const Tensor& sigma, double most);

// elastic_transform with numbers that may be traced.
struct Elastic {
  Tensor alpha, sigma;    // scalars
  double most_sigma = 0;  // an upper bound of sigma
  std::string interpolation = "bilinear", fill_mode = "reflect";
  double fill_value = 0;
  Value seed;
  std::optional<std::string> data_format;
};
// Images whose pixels come from places displaced by smoothed noise (Simard et al., 2003).
Tensor elastic(const Tensor& images, const Elastic& by);

// The 8 numbers of the projection that takes `end` to `start`, each (batch, 4, 2): (batch, 8).
Tensor homography(const Tensor& start, const Tensor& end);

}  // namespace lamina::ops::image
