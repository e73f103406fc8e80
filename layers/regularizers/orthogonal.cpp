#include "backends/ops/primitives.h"
#include "backends/ops/public/nn.h"
#include "backends/ops/public/nn_normalization.h"
#include "layers/regularizers/regularizer.h"

namespace lamina {
namespace {

struct OrthogonalRegularizerArgs {
  double factor = 0.01;
  std::string mode = "rows";
  void fields(Fields& f) {
    f("factor", factor, "Factor of the penalty.");
    f("mode", mode, "'rows' or 'columns': which vectors are to be orthogonal.");
  }
};
class OrthogonalRegularizer final : public Config<Regularizer, OrthogonalRegularizerArgs> {
 public:
  explicit OrthogonalRegularizer(OrthogonalRegularizerArgs a) : Config(std::move(a)) {
    if (!std::isfinite(args.factor) || args.factor < 0)
      throw ValueError("Invalid value for argument factor: expected a non-negative float.Received: factor=",
                       args.factor);
    if (args.mode != "rows" && args.mode != "columns")
      throw ValueError("Invalid value for argument `mode`. Expected one of {\"rows\", \"columns\"}. Received: mode=",
                       args.mode);
  }
  std::string class_name() const override { return "OrthogonalRegularizer"; }
  Tensor operator()(const Tensor& x) const override {
    if (x.rank() != 2)
      throw ValueError("Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape=", x.shape());
    bool rows = args.mode == "rows";
    Tensor unit = ops::normalize(x, {rows ? 1 : 0});
    Tensor products = prim::matmul(unit, unit, !rows, rows);
    int64_t n = x.shape()[rows ? 0 : 1];
    Tensor place = prim::iota(n, DType::int32);
    Tensor others = prim::cast(prim::binary(Binary::not_equal, prim::expand_dims(place, 1), place), x.dtype());
    double pairs = static_cast<double>(n) * (static_cast<double>(n) - 1) / 2;
    return prim::multiply(prim::reduce_all(Reduce::sum, prim::multiply(prim::unary(Unary::abs, products), others)),
                          args.factor * 0.5 / pairs);
  }
};
LAMINA_CLASS(
    OrthogonalRegularizer, "keras.regularizers",
    "The mean absolute cosine of pairs of rows (or columns), times `factor`.", {"orthogonal_regularizer"},
    Doc{.raises = "ValueError: if `mode` is neither \"rows\" nor \"columns\"; when called, if the tensor is no matrix.",
        .example = R"py(
>>> keras.regularizers.OrthogonalRegularizer(0.1)(keras.ops.array([[1.0, 0.0], [1.0, 0.0]]))
<Tensor shape=(), dtype=float32, values=0.1>)py"});

}  // namespace
}  // namespace lamina
