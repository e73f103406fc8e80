// Flatten, Reshape, Permute, RepeatVector.
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct FlattenArgs {
  Value data_format;
  void fields(Fields& f) { f("data_format", data_format, "\"channels_last\" or \"channels_first\"."); }
};
class FlattenLayer final : public LayerWith<FlattenArgs> {
 public:
  explicit FlattenLayer(FlattenArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (args.data_format.is_none()) args.data_format = settings().channels_last() ? "channels_last" : "channels_first";
    if (args.data_format.as_string() != "channels_last" && args.data_format.as_string() != "channels_first")
      throw ValueError("The `data_format` argument must be one of {'channels_first', 'channels_last'}. Received: ",
                       args.data_format.as_string());
    InputSpec spec;
    spec.min_ndim = 1;
    input_spec_ = {spec};
    set_built(true);
  }
  std::string class_name() const override { return "Flatten"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor y = x;
    if (args.data_format.as_string() == "channels_first" && x.rank() > 1) {
      std::vector<int> axes = {0};
      for (int i = 2; i < x.rank(); ++i) axes.push_back(i);
      axes.push_back(1);
      y = prim::transpose(x, axes);
    }
    int64_t count = 1;
    for (int i = 1; i < x.rank(); ++i)
      count = count < 0 || x.shape()[i] < 0 ? Shape::kUnknown : multiply_sizes(count, x.shape()[i]);
    return prim::reshape(y, {x.shape()[0], count});
  }
};
LAMINA_LAYER(FlattenLayer, "Flatten", "All axes but the batch into one.",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, ...).",
                 .output = "A tensor (batch, elements).",
                 .example = R"py(
>>> keras.layers.Flatten()(keras.ops.ones((2, 3, 4))).shape
(2, 12))py"});

struct ReshapeArgs {
  std::vector<int64_t> target_shape;
  void fields(Fields& f) { f("target_shape", target_shape, "Shape of one sample; one size may be -1.").required(); }
};
class ReshapeLayer final : public LayerWith<ReshapeArgs> {
 public:
  explicit ReshapeLayer(ReshapeArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    int holes = 0;
    for (int64_t d : args.target_shape) holes += d == -1;
    std::string given = Value::tuple(List(args.target_shape.begin(), args.target_shape.end())).repr();
    for (int64_t d : args.target_shape)
      if (d < -1)
        throw ValueError(
            "Each entry of `target_shape` must be a non-negative integer, or -1 for one unknown dimension. Received: "
            "target_shape=",
            given);
    if (holes > 1)
      throw ValueError("There must be at most one unknown dimension (-1) in `target_shape`. Received: target_shape=",
                       given);
  }
  std::string class_name() const override { return "Reshape"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    int64_t have = 1, want = 1;
    for (int i = 1; i < x.rank(); ++i)
      have = have < 0 || x.shape()[i] < 0 ? Shape::kUnknown : multiply_sizes(have, x.shape()[i]);
    Shape target{x.shape()[0]};
    for (int64_t d : args.target_shape) {
      target.push_back(d);
      if (d >= 0) want = multiply_sizes(want, d);
    }
    for (int i = 1; i < target.rank(); ++i)
      if (target[i] == -1 && have >= 0 && want > 0) {
        if (have % want)
          throw ValueError("The total size of the tensor must be unchanged. Received: input_shape=", x.shape(),
                           ", target_shape=", args.target_shape);
        target[i] = have / want, want = have;
      }
    if (have >= 0 && have != want)
      throw ValueError("The total size of the tensor must be unchanged. Received: input_shape=", x.shape(),
                       ", target_shape=", args.target_shape);
    return prim::reshape(x, target);
  }
};
LAMINA_LAYER(ReshapeLayer, "Reshape", "Gives samples another shape.",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, ...).",
                 .output = "A tensor (batch, *target_shape).",
                 .raises = "ValueError: if the elements do not fit the shape.",
                 .example = R"py(
>>> keras.layers.Reshape((2, -1))(keras.ops.ones((1, 6))).shape
(1, 2, 3))py"});

struct PermuteArgs {
  std::vector<int> dims;
  void fields(Fields& f) { f("dims", dims, "Order of the axes, from 1; the batch stays.").required(); }
};
class PermuteLayer final : public LayerWith<PermuteArgs> {
 public:
  explicit PermuteLayer(PermuteArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    std::vector<int> sorted = args.dims;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i)
      if (sorted[i] != static_cast<int>(i) + 1)
        throw ValueError(
            "Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` must be consecutive "
            "and start from 1. Received dims=",
            args.dims);
    InputSpec spec;
    spec.ndim = static_cast<int>(args.dims.size()) + 1;
    input_spec_ = {spec};
    set_built(true);
  }
  std::string class_name() const override { return "Permute"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    std::vector<int> axes = {0};
    axes.insert(axes.end(), args.dims.begin(), args.dims.end());
    return prim::transpose(x, axes);
  }
};
LAMINA_LAYER(PermuteLayer, "Permute", "Reorders the axes of samples.",
             Doc{.call = about::inputs,
                 .input = "A tensor with as many axes after the batch as `dims` names.",
                 .output = "The same axes in the new order.",
                 .raises = "ValueError: if `dims` does not name each axis from 1 on once.",
                 .example = R"py(
>>> keras.layers.Permute((2, 1))(keras.ops.ones((1, 2, 3))).shape
(1, 3, 2))py"});

struct RepeatVectorArgs {
  Value n = 1;
  void fields(Fields& f) { f("n", n, "Number of repetitions.").required(); }
};
class RepeatVectorLayer final : public LayerWith<RepeatVectorArgs> {
 public:
  explicit RepeatVectorLayer(RepeatVectorArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.n.is_int())
      throw TypeError("Expected an integer value for `n`, got ", args.n.repr(), " (", args.n.kind_name(), ").");
    if (args.n.as_int() <= 0)
      throw ValueError("The argument `n` of RepeatVector should be a positive integer. Received: n=", args.n.repr());
    InputSpec spec;
    spec.ndim = 2;
    input_spec_ = {spec};
    set_built(true);
  }
  std::string class_name() const override { return "RepeatVector"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    return prim::broadcast_to(prim::expand_dims(x, 1), {x.shape()[0], args.n.as_int(), x.shape()[1]});
  }
};
LAMINA_LAYER(RepeatVectorLayer, "RepeatVector", "(batch, features) -> (batch, n, features).",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, features).",
                 .output = "A tensor (batch, n, features).",
                 .raises = "TypeError: if `n` is not an integer.",
                 .example = R"py(
>>> keras.layers.RepeatVector(3)(keras.ops.ones((1, 2))).shape
(1, 3, 2))py"});

}  // namespace
}  // namespace lamina
