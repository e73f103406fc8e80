#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct DotArgs {
  Value axes;
  bool normalize = false;
  void fields(Fields& f) {
    f("axes", axes, "Axis, or a pair of axes, to contract.").required();
    f("normalize", normalize, "Whether to L2-normalise along the axis first: cosine proximity.");
  }
};
class DotLayer final : public LayerWith<DotArgs> {
 public:
  explicit DotLayer(DotArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.axes.is_int() && !(args.axes.is_sequence() && args.axes.as_list().size() == 2))
      throw TypeError("Invalid type for argument `axes`: it should be a list or an int of length 2. Received: axes=",
                      args.axes.repr());
    supports_masking_ = true;
  }
  std::string class_name() const override { return "Dot"; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    if (shapes.empty() || is_shape(shapes.first()) || shapes.shapes().size() != 2)
      throw ValueError("A `Dot` layer should be called on a list of 2 inputs. Received: input_shape=",
                       shapes.empty() ? std::string("None") : shapes.first().repr());
    auto s = shapes.shapes();
    auto [a, b] = axes(s[0].rank(), s[1].rank());
    if (s[0][a] >= 0 && s[1][b] >= 0 && s[0][a] != s[1][b])
      throw ValueError("Incompatible input shapes: axis values ", s[0][a], " (at axis ", a, ") != ", s[1][b],
                       " (at axis ", b, "). Full input shapes: ", s[0], ", ", s[1]);
  }
  Tensor call(const Tensors& xs, const CallContext&) override {
    if (xs.size() != 2)
      throw ValueError("A `Dot` layer should be called on exactly 2 inputs. Received: ", xs.size(), " inputs.");
    auto [a, b] = axes(xs[0].rank(), xs[1].rank());
    Tensor x = xs[0], y = xs[1];
    if (args.normalize) {
      auto unit = [](const Tensor& t, int axis) {
        Tensor square = prim::reduce(Reduce::sum, prim::square(t), {axis}, true);
        return prim::multiply(t, prim::unary(Unary::rsqrt, prim::maximum(square, prim::full({}, 1e-12, t.dtype()))));
      };
      x = unit(x, a), y = unit(y, b);
    }
    // Batch first; the contracted axis last in x and second in y; the rest flattened around one batched product.
    auto arrange = [](const Tensor& t, int axis, bool last) {
      std::vector<int> order = {0};
      if (!last) order.push_back(axis);
      for (int i = 1; i < t.rank(); ++i)
        if (i != axis) order.push_back(i);
      if (last) order.push_back(axis);
      return prim::transpose(t, order);
    };
    Tensor left = arrange(x, a, true), right = arrange(y, b, false);
    Shape out{x.shape()[0]};
    int64_t m = 1, n = 1, k = x.shape()[a];
    for (int i = 1; i < left.rank() - 1; ++i)
      out.push_back(left.shape()[i]), m = m < 0 || left.shape()[i] < 0 ? -1 : m * left.shape()[i];
    for (int i = 2; i < right.rank(); ++i)
      out.push_back(right.shape()[i]), n = n < 0 || right.shape()[i] < 0 ? -1 : n * right.shape()[i];
    if (out.rank() == 1) out.push_back(1);
    Tensor product =
        prim::matmul(prim::reshape(left, {x.shape()[0], m, k}), prim::reshape(right, {y.shape()[0], k, n}));
    return prim::reshape(product, out);
  }
  Value compute_mask(const Value&, const Value&) override { return {}; }

 private:
  std::pair<int, int> axes(int rank_a, int rank_b) const {
    int a = static_cast<int>(args.axes.is_int() ? args.axes.as_int() : args.axes.as_list()[0].as_int());
    int b = static_cast<int>(args.axes.is_int() ? args.axes.as_int() : args.axes.as_list()[1].as_int());
    if (args.axes.is_int() && a < 0) return {a + rank_a, b + rank_b};
    return {normalize_axis(a, rank_a, "axes"), normalize_axis(b, rank_b, "axes")};
  }
};
LAMINA_LAYER(DotLayer, "Dot", "Batched dot product of two inputs along axes.",
             Doc{.call = about::merged,
                 .input = "Two tensors whose sizes along `axes` agree.",
                 .output = "A tensor (batch, ...) of the axes that are not summed; (batch, 1) where none is left.",
                 .raises = "ValueError: if there are not two inputs or the summed sizes differ.",
                 .example = R"py(
>>> keras.layers.Dot(axes=1)([keras.ops.array([[1.0, 2.0]]), keras.ops.array([[3.0, 4.0]])])
<Tensor shape=(1, 1), dtype=float32, values=[[11.]]>)py"});

}  // namespace
}  // namespace lamina
