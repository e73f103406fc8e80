#pragma once
// Keras' initializers for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "layers/initializers/initializer.h"
#include "api/named.h"

namespace lamina::initializers {

// One value everywhere.
struct ConstantArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "Constant";
  Value value = 0.0;  // A number, or a tensor or nested list that broadcasts to the shape.
  template <class F>
  void each(const F& f) const {
    f("value", value);
  }
};
using Constant = Named<lamina::Initializer, ConstantArgs>;

// Truncated normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010).
// Source: Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks" (2010).
struct GlorotNormalArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "GlorotNormal";
  Value seed{};  // An int, a SeedGenerator or None.
  Sizes input_axes{};  // Axes that count as inputs, if the kernel is not (sizes..., in, out).
  Sizes output_axes{};  // Axes that count as outputs.
  template <class F>
  void each(const F& f) const {
    f("seed", seed);
    f("input_axes", input_axes);
    f("output_axes", output_axes);
  }
};
using GlorotNormal = Named<lamina::Initializer, GlorotNormalArgs>;

// Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).
// Source: Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks" (2010).
struct GlorotUniformArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "GlorotUniform";
  Value seed{};  // An int, a SeedGenerator or None.
  Sizes input_axes{};  // Axes that count as inputs, if the kernel is not (sizes..., in, out).
  Sizes output_axes{};  // Axes that count as outputs.
  template <class F>
  void each(const F& f) const {
    f("seed", seed);
    f("input_axes", input_axes);
    f("output_axes", output_axes);
  }
};
using GlorotUniform = Named<lamina::Initializer, GlorotUniformArgs>;

// Truncated normal with variance 2 / fan_in (He et al., 2015).
// Source: He et al., "Delving Deep into Rectifiers" (2015).
struct HeNormalArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "HeNormal";
  Value seed{};  // An int, a SeedGenerator or None.
  Sizes input_axes{};  // Axes that count as inputs, if the kernel is not (sizes..., in, out).
  Sizes output_axes{};  // Axes that count as outputs.
  template <class F>
  void each(const F& f) const {
    f("seed", seed);
    f("input_axes", input_axes);
    f("output_axes", output_axes);
  }
};
using HeNormal = Named<lamina::Initializer, HeNormalArgs>;

// Uniform within sqrt(6 / fan_in) (He et al., 2015).
// Source: He et al., "Delving Deep into Rectifiers" (2015).
struct HeUniformArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "HeUniform";
  Value seed{};  // An int, a SeedGenerator or None.
  Sizes input_axes{};  // Axes that count as inputs, if the kernel is not (sizes..., in, out).
  Sizes output_axes{};  // Axes that count as outputs.
  template <class F>
  void each(const F& f) const {
    f("seed", seed);
    f("input_axes", input_axes);
    f("output_axes", output_axes);
  }
};
using HeUniform = Named<lamina::Initializer, HeUniformArgs>;

// The identity matrix times `gain`; only for two axes.
// Raises: ValueError: if the shape has not two axes.
struct IdentityArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "Identity";
  double gain = 1.0;  // The value on the diagonal.
  template <class F>
  void each(const F& f) const {
    f("gain", gain);
  }
};
using Identity = Named<lamina::Initializer, IdentityArgs>;

// Truncated normal with variance 1 / fan_in (LeCun et al., 1998).
// Source: LeCun et al., "Efficient BackProp" (1998).
struct LecunNormalArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "LecunNormal";
  Value seed{};  // An int, a SeedGenerator or None.
  Sizes input_axes{};  // Axes that count as inputs, if the kernel is not (sizes..., in, out).
  Sizes output_axes{};  // Axes that count as outputs.
  template <class F>
  void each(const F& f) const {
    f("seed", seed);
    f("input_axes", input_axes);
    f("output_axes", output_axes);
  }
};
using LecunNormal = Named<lamina::Initializer, LecunNormalArgs>;

// Uniform within sqrt(3 / fan_in) (LeCun et al., 1998).
// Source: LeCun et al., "Efficient BackProp" (1998).
struct LecunUniformArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "LecunUniform";
  Value seed{};  // An int, a SeedGenerator or None.
  Sizes input_axes{};  // Axes that count as inputs, if the kernel is not (sizes..., in, out).
  Sizes output_axes{};  // Axes that count as outputs.
  template <class F>
  void each(const F& f) const {
    f("seed", seed);
    f("input_axes", input_axes);
    f("output_axes", output_axes);
  }
};
using LecunUniform = Named<lamina::Initializer, LecunUniformArgs>;

// All ones.
struct OnesArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "Ones";
  template <class F>
  void each(const F&) const {}
};
using Ones = Named<lamina::Initializer, OnesArgs>;

// An orthogonal matrix (with orthonormal rows or columns) times `gain` (Saxe et al., 2013).
// Raises: ValueError: if the shape has fewer than two axes.
// Source: Saxe et al., "Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks" (2014).
struct OrthogonalArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "Orthogonal";
  double gain = 1.0;  // Factor of the matrix.
  Value seed{};  // An int, a SeedGenerator or None.
  template <class F>
  void each(const F& f) const {
    f("gain", gain);
    f("seed", seed);
  }
};
using Orthogonal = Named<lamina::Initializer, OrthogonalArgs>;

// Normally distributed values.
struct RandomNormalArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "RandomNormal";
  double mean = 0.0;  // The centre of the distribution.
  double stddev = 0.05;  // Its standard deviation.
  Value seed{};  // An int, a SeedGenerator or None.
  template <class F>
  void each(const F& f) const {
    f("mean", mean);
    f("stddev", stddev);
    f("seed", seed);
  }
};
using RandomNormal = Named<lamina::Initializer, RandomNormalArgs>;

// Evenly distributed values: minval <= x < maxval.
struct RandomUniformArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "RandomUniform";
  double minval = -0.05;  // Lower bound, included.
  double maxval = 0.05;  // Upper bound, not included.
  Value seed{};  // An int, a SeedGenerator or None.
  template <class F>
  void each(const F& f) const {
    f("minval", minval);
    f("maxval", maxval);
    f("seed", seed);
  }
};
using RandomUniform = Named<lamina::Initializer, RandomUniformArgs>;

// The cosines or sines of a short-time Fourier transform, windowed: a convolution's kernel.
// Raises: ValueError: if `side` or `scaling` is unknown.
struct STFTArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "STFT";
  std::string side = "real";  // 'real' (cosines) or 'imag' (sines).
  Value window = "hann";  // The name of a window, its values, or None.
  Value scaling = "density";  // 'density' divides the window by its L2 norm, 'spectrum' by its L1 norm, None leaves it.
  bool periodic = false;  // Whether the window is one period of a periodic function.
  template <class F>
  void each(const F& f) const {
    f("side", side);
    f("window", window);
    f("scaling", scaling);
    f("periodic", periodic);
  }
};
using STFT = Named<lamina::Initializer, STFTArgs>;

// Normally distributed values within two standard deviations of the mean.
struct TruncatedNormalArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "TruncatedNormal";
  double mean = 0.0;  // The centre of the distribution.
  double stddev = 0.05;  // Its standard deviation.
  Value seed{};  // An int, a SeedGenerator or None.
  template <class F>
  void each(const F& f) const {
    f("mean", mean);
    f("stddev", stddev);
    f("seed", seed);
  }
};
using TruncatedNormal = Named<lamina::Initializer, TruncatedNormalArgs>;

// Random values whose variance is `scale` divided by the number of inputs or outputs of a unit.
// Raises: ValueError: if `scale` is not positive, or `mode` or `distribution` is unknown.
// Source: Glorot and Bengio (2010) and He et al. (2015), of which it is the common form.
struct VarianceScalingArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "VarianceScaling";
  double scale = 1.0;  // Factor of the variance, above 0.
  std::string mode = "fan_in";  // What the variance is divided by: 'fan_in', 'fan_out' or their mean 'fan_avg'.
  // 'truncated_normal' ('normal' means the same), 'untruncated_normal' or 'uniform'.
  std::string distribution = "truncated_normal";
  Value seed{};  // An int, a SeedGenerator or None.
  Sizes input_axes{};  // Axes that count as inputs, if the kernel is not (sizes..., in, out).
  Sizes output_axes{};  // Axes that count as outputs.
  template <class F>
  void each(const F& f) const {
    f("scale", scale);
    f("mode", mode);
    f("distribution", distribution);
    f("seed", seed);
    f("input_axes", input_axes);
    f("output_axes", output_axes);
  }
};
using VarianceScaling = Named<lamina::Initializer, VarianceScalingArgs>;

// All zeros.
struct ZerosArgs {
  static constexpr const char* kModule = "keras.initializers";
  static constexpr const char* kName = "Zeros";
  template <class F>
  void each(const F&) const {}
};
using Zeros = Named<lamina::Initializer, ZerosArgs>;

}  // namespace lamina::initializers
