// Activation functions as layers: ReLU, LeakyReLU, PReLU, ELU, Softmax.
#include "backends/core/constant_value.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct ReLUArgs {
  std::optional<double> max_value;
  std::optional<double> negative_slope = 0, threshold = 0;
  void fields(Fields& f) {
    f("max_value", max_value, "Largest output; None for no limit.");
    f("negative_slope", negative_slope, "Slope below the threshold.");
    f("threshold", threshold, "Below it the output is negative_slope * (x - threshold).");
  }
};
class ReLULayer final : public LayerWith<ReLUArgs> {
 public:
  explicit ReLULayer(ReLUArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (args.max_value && *args.max_value < 0)
      throw ValueError("max_value of a ReLU layer cannot be a negative value. Received: max_value=", *args.max_value);
    if (!args.negative_slope || *args.negative_slope < 0)
      throw ValueError("negative_slope of a ReLU layer cannot be None or a negative value. Received: negative_slope=",
                       to_value(args.negative_slope).repr());
    if (!args.threshold || *args.threshold < 0)
      throw ValueError("threshold of a ReLU layer cannot be None or a negative value. Received: threshold=",
                       to_value(args.threshold).repr());
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "ReLU"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    return activations::relu(x, *args.negative_slope, args.max_value, *args.threshold);
  }
};
LAMINA_LAYER(ReLULayer, "ReLU", "Rectified linear unit.",
             Doc{.call = about::inputs,
                 .input = "Any.",
                 .output = "That of the input.",
                 .raises = "ValueError: if an argument is negative or None where a number is needed.",
                 .example = R"py(
>>> keras.layers.ReLU(max_value=1.0)(keras.ops.array([-1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[0. 1.]>)py"});

struct LeakyReLUArgs {
  std::optional<double> negative_slope = 0.3;
  Value alpha;
  void fields(Fields& f) {
    f("negative_slope", negative_slope, "Slope below zero.");
    f("alpha", alpha, "Keras 2's name of negative_slope.").hidden();
  }
};
class LeakyReLULayer final : public LayerWith<LeakyReLUArgs> {
 public:
  explicit LeakyReLULayer(LeakyReLUArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (args.alpha.is_number()) args.negative_slope = args.alpha.as_number();
    if (!args.negative_slope || *args.negative_slope < 0)
      throw ValueError(
          "The negative_slope value of a Leaky ReLU layer cannot be None or negative value. Expected a float. "
          "Received: negative_slope=",
          to_value(args.negative_slope).repr());
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "LeakyReLU"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override { return ops::leaky_relu(x, *args.negative_slope); }
};
LAMINA_LAYER(LeakyReLULayer, "LeakyReLU", "ReLU with a slope below zero.",
             Doc{.call = about::inputs,
                 .input = "Any.",
                 .output = "That of the input.",
                 .raises = "ValueError: if `negative_slope` is None or negative.",
                 .example = R"py(
>>> keras.layers.LeakyReLU()(keras.ops.array([-1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[-0.3  2. ]>)py"});

struct ELUArgs {
  double alpha = 1;
  void fields(Fields& f) { f("alpha", alpha, "Slope of the negative part."); }
};
class ELULayer final : public LayerWith<ELUArgs> {
 public:
  explicit ELULayer(ELUArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "ELU"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override { return ops::elu(x, args.alpha); }
};
LAMINA_LAYER(
    ELULayer, "ELU", "Exponential linear unit.",
    Doc{.call = about::inputs,
        .input = "Any.",
        .output = "That of the input.",
        .raises = "TypeError: if `alpha` is no number.",
        .source = "Clevert et al., \"Fast and Accurate Deep Network Learning by Exponential Linear Units\" (2015).",
        .example = R"py(
>>> keras.layers.ELU()(keras.ops.array([-1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[-0.63212055  2.        ]>)py"});

struct PReLUArgs {
  InitializerRef alpha_initializer;
  RegularizerRef alpha_regularizer;
  ConstraintRef alpha_constraint;
  std::optional<std::vector<int>> shared_axes;
  void fields(Fields& f) {
    f("alpha_initializer", alpha_initializer, "Initializer of the slopes.").shown("Zeros");
    f("alpha_regularizer", alpha_regularizer, "Penalty on the slopes.");
    f("alpha_constraint", alpha_constraint, "Projection of the slopes after each update.");
    f("shared_axes", shared_axes, "Axes along which slopes are shared.");
  }
};
class PReLULayer final : public LayerWith<PReLUArgs> {
 public:
  explicit PReLULayer(PReLUArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.alpha_initializer) args.alpha_initializer = "zeros";
    supports_masking_ = true;
  }
  std::string class_name() const override { return "PReLU"; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    Shape shape = input;
    if (shape.rank()) shape.erase(0);
    if (args.shared_axes)
      for (int a : *args.shared_axes) {
        if (a < 1 || a >= input.rank())
          throw ValueError("`shared_axes` of ", describe(), " must name axes from 1 to ", input.rank() - 1,
                           " (the batch is axis 0). Received: shared_axes=", *args.shared_axes,
                           " for an input of shape ", input, ".");
        shape[a - 1] = 1;
      }
    alpha_ = add_weight("alpha", shape,
                        {.initializer = args.alpha_initializer,
                         .regularizer = args.alpha_regularizer,
                         .constraint = args.alpha_constraint});
  }
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor negative = prim::negative(prim::unary(Unary::relu, prim::negative(x)));
    return prim::add(prim::unary(Unary::relu, x), prim::multiply(negative, alpha_.value()));
  }

 private:
  Variable alpha_;
};
LAMINA_LAYER(PReLULayer, "PReLU", "ReLU with trained slopes below zero.",
             Doc{.call = about::inputs,
                 .input = "Any, with known sizes after the batch but for shared axes.",
                 .output = "That of the input.",
                 .source = "He et al., \"Delving Deep into Rectifiers\" (2015).",
                 .example = R"py(
>>> keras.layers.PReLU(alpha_initializer="ones")(keras.ops.array([[-1.0, 2.0]]))
<Tensor shape=(1, 2), dtype=float32, values=[[-1.  2.]]>)py"});

struct SoftmaxArgs {
  Value axis = -1;
  void fields(Fields& f) { f("axis", axis, "Axis or axes that sum to one."); }
};
class SoftmaxLayer final : public LayerWith<SoftmaxArgs> {
 public:
  explicit SoftmaxLayer(SoftmaxArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    args.axis = plain_numbers(args.axis);
    if (args.axis.is_sequence() && args.axis.as_list().empty())
      throw ValueError("`axis` of Softmax must name at least one axis. Received: axis=", args.axis.repr());
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "Softmax"; }
  bool call_takes_mask() const override { return true; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext& c) override {
    Tensor y = x;
    Tensor keep;
    if (c.mask.is_tensor()) {  // masked places get a very negative score, and exactly 0 in the end
      keep = fitting(c.mask.as_tensor(), x.shape());
      double low = x.dtype() == DType::float16 ? -65504.0 / 2 : -3.4028234663852886e38 / 2;
      y = prim::add(x, prim::multiply(prim::rsub(1.0, keep = prim::cast(keep, x.dtype())), low));
    }
    Tensor out = normalized(y);
    return keep.defined() ? prim::multiply(out, keep) : out;
  }

 private:
  static Tensor fitting(const Tensor& mask, const Shape& shape) {
    if (mask.rank() > shape.rank())
      throw ValueError("`mask` must not have more dimensions than the inputs. Received mask.shape=", mask.shape(),
                       ", inputs.shape=", shape);
    for (int i = 1; i <= mask.rank(); ++i) {
      int64_t m = mask.shape()[mask.rank() - i], n = shape[shape.rank() - i];
      if (m != 1 && m != n && m >= 0 && n >= 0)
        throw ValueError("`mask` must be broadcastable to the inputs. Received mask.shape=", mask.shape(),
                         ", inputs.shape=", shape);
    }
    return prim::cast(mask, DType::boolean);
  }
  Tensor normalized(const Tensor& y) const {
    if (args.axis.is_sequence() && args.axis.as_list().size() > 1) {
      std::vector<int> axes = value_to<std::vector<int>>(args.axis);
      Tensor shifted = prim::subtract(y, prim::stop_gradient(prim::reduce(Reduce::max, y, axes, true)));
      Tensor e = prim::exp(shifted);
      return prim::divide(e, prim::reduce(Reduce::sum, e, axes, true));
    }
    int axis = args.axis.is_sequence() ? static_cast<int>(args.axis.as_list()[0].as_int())
                                       : static_cast<int>(args.axis.as_int());
    return ops::softmax(y, std::vector<int>{axis});
  }
};
LAMINA_LAYER(SoftmaxLayer, "Softmax", "exp(x) / sum(exp(x)).",
             Doc{.call = "inputs: A tensor.\nmask: A bool tensor of the input's shape; positions that are False get 0.",
                 .input = "Any.",
                 .output = "That of the input.",
                 .example = R"py(
>>> keras.layers.Softmax()(keras.ops.array([1.0, 1.0]))
<Tensor shape=(2,), dtype=float32, values=[0.5 0.5]>)py"});

}  // namespace
}  // namespace lamina
