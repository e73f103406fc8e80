#pragma once
// Resizing along one axis: each output element is a weighted sum of neighbours along that axis. Images are resized by
// one such op an axis.
#include "backends/core/primitive.h"

namespace lamina {

// lanczos: windowed sinc of that radius; cubic: Keys' kernel with a = -1/2 (Keys, 1981); area: the mean of what an
// output element covers; gaussian: of standard deviation 1/2, cut off at 3/2; mitchell: Mitchell's and Netravali's
// cubic with B = C = 1/3 (1988).
enum class Interpolation : uint8_t { nearest, linear, cubic, lanczos3, lanczos5, area, gaussian, mitchell };
std::string_view name_of(Interpolation kind);

// x (O..., from, I...) -> (O..., to, I...) along `axis`. Element centres lie at i + 1/2; weights beyond the ends are
// left out and the others sum to 1. With `antialias` the kernel is widened by from / to where that is above 1, which
// makes it a low pass. `transposed` is the adjoint: (O..., to, I...) -> (O..., from, I...), the gradient. Any dtype for
// nearest, else floating point. ValueError if the axis has another size.
class ResampleOp final : public Primitive {
 public:
  ResampleOp(Interpolation kind, int axis, int64_t from, int64_t to, bool antialias, bool transposed)
      : kind(kind), axis(axis), from(from), to(to), antialias(antialias), transposed(transposed) {}
  std::string_view name() const override { return "Resample"; }
  void attributes(Attributes& a) const override {
    a("kind", name_of(kind))("axis", axis)("from", from)("to", to)("antialias", antialias)("transposed", transposed);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Interpolation kind;
  const int axis;
  const int64_t from, to;
  const bool antialias, transposed;
};

// The op's matrix by rows: output i is the sum of weights[t] * input[columns[t]], starts[i] <= t < starts[i + 1].
struct Taps {
  std::vector<int64_t> starts, columns;
  std::vector<double> weights;
};
// Which input pixels, with which weights, make each output pixel.
Taps taps_of(const ResampleOp& op);

namespace prim {
// x itself if the size stays.
Tensor resample(const Tensor& x, int axis, int64_t size, Interpolation kind, bool antialias = false);
}  // namespace prim
}  // namespace lamina
