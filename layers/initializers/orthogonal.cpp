#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "layers/initializers/random_initializer.h"

namespace lamina {
namespace {

struct OrthogonalArgs {
  double gain = 1;
  Value seed;
  void fields(Fields& f) {
    f("gain", gain, "Factor of the matrix.");
    f("seed", seed, "An int, a SeedGenerator or None.");
  }
};

// Makes the columns of a (rows, columns) matrix, row-major and rows >= columns, orthonormal one after the other: each
// loses its part along the earlier ones, twice, against the rounding of the first time. Signs stay as those of QR with
// a positive diagonal.
void orthonormalize(std::vector<double>& a, int64_t rows, int64_t columns) {
  auto at = [&](int64_t i, int64_t j) -> double& { return a[static_cast<size_t>(i * columns + j)]; };
  for (int64_t j = 0; j < columns; ++j) {
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t k = 0; k < j; ++k) {
        double along = 0;
        for (int64_t i = 0; i < rows; ++i) along += at(i, k) * at(i, j);
        for (int64_t i = 0; i < rows; ++i) at(i, j) -= along * at(i, k);
      }
    double norm = 0;
    for (int64_t i = 0; i < rows; ++i) norm += at(i, j) * at(i, j);
    norm = std::sqrt(norm);
    for (int64_t i = 0; i < rows; ++i) at(i, j) /= norm;
  }
}

class Orthogonal final : public RandomInitializer<OrthogonalArgs> {
 public:
  using RandomInitializer::RandomInitializer;
  std::string class_name() const override { return "Orthogonal"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    if (shape.rank() < 2)
      throw ValueError("The tensor to initialize must be at least two-dimensional. Received: shape=", shape,
                       " of rank ", shape.rank(), ".");
    const int64_t columns = shape.back(), rows = columns ? shape.elements() / columns : 0;
    const int64_t tall = std::max(rows, columns), thin = std::min(rows, columns);
    Tensor draw = random::normal({tall, thin}, 0, 1, DType::float64, seed());
    std::vector<double> a = draw.to_vector<double>();
    orthonormalize(a, tall, thin);
    Tensor q = Tensor::of(a, {tall, thin});
    if (rows < columns) q = prim::transpose(q, {1, 0});
    q = prim::multiply(prim::reshape(q, shape), args.gain);
    return prim::cast(q, dtype ? *dtype : settings().floatx());
  }
};
LAMINA_CLASS(Orthogonal, "keras.initializers",
             "An orthogonal matrix (with orthonormal rows or columns) times `gain` (Saxe et al., 2013).",
             {"orthogonal", "OrthogonalInitializer"},
             Doc{.raises = "ValueError: if the shape has fewer than two axes.",
                 .source = "Saxe et al., \"Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural "
                           "Networks\" (2014).",
                 .example = R"py(
>>> q = keras.initializers.Orthogonal(seed=1)((3, 3))
>>> bool(np.allclose(keras.ops.matmul(q, keras.ops.transpose(q)), np.eye(3), atol=1e-5))
True)py"});

}  // namespace
}  // namespace lamina
