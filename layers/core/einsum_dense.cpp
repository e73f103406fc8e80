#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/activation.h"

namespace lamina {

namespace {

struct EinsumDenseArgs {
  std::string equation;
  Value output_shape;
  Activation activation;
  std::string bias_axes;
  InitializerRef kernel_initializer, bias_initializer;
  RegularizerRef kernel_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, bias_constraint;
  Value lora_rank, lora_alpha, quantization_config;
  void fields(Fields& f) {
    f("equation", equation, "Einsum equation of input and kernel, as \"ab,bc->ac\".").required();
    f("output_shape", output_shape, "Shape of the output without the batch; None entries are inferred.").required();
    f("activation", activation, "Function applied to the output.").shown({});
    f("bias_axes", bias_axes, "Output axes that have a bias.").shown({});
    f("kernel_initializer", kernel_initializer, "Initializer of the kernel.").shown("glorot_uniform");
    f("bias_initializer", bias_initializer, "Initializer of the bias.").shown("zeros");
    f("kernel_regularizer", kernel_regularizer, "Penalty on the kernel.");
    f("bias_regularizer", bias_regularizer, "Penalty on the bias.");
    f("kernel_constraint", kernel_constraint, "Projection of the kernel after each update.");
    f("bias_constraint", bias_constraint, "Projection of the bias after each update.");
    f("lora_rank", lora_rank, "Not supported; must be None.").hidden();
    f("lora_alpha", lora_alpha, "Not supported; must be None.").hidden();
    f("quantization_config", quantization_config, "Not supported; must be None.");
  }
};

// Sizes of kernel, bias and output from the equation, the input's shape and the declared output.
struct Analysis {
  Shape kernel, bias, output;
  std::vector<int> inputs, outputs;  // axes of the kernel
};

Analysis analyse(const std::string& equation, const std::string& bias_axes, const Shape& input, const Shape& declared) {
  std::string text_equation;
  for (char c : equation)
    if (c != ' ') text_equation += c;
  size_t comma = text_equation.find(','), arrow = text_equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma)
    throw ValueError("Invalid einsum equation '", equation,
                     "'. Equations must be in the form [X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z]....");
  std::string in = text_equation.substr(0, comma), kernel = text_equation.substr(comma + 1, arrow - comma - 1),
              out = text_equation.substr(arrow + 2);
  bool left = in.starts_with("..."), right = in.ends_with("...");
  auto strip = [](std::string s) {
    if (size_t at = s.find("..."); at != std::string::npos) s.erase(at, 3);
    return s;
  };
  if ((left || right) && out.find("...") == std::string::npos)
    throw ValueError("Invalid einsum equation '", equation,
                     "'. Equations must be in the form [X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z]....");
  std::string a = strip(in), o = strip(out);
  int elided = input.rank() - static_cast<int>(a.size());
  if (elided < 0)
    throw ValueError("The input of shape ", input, " has fewer axes than the equation '", equation, "' names.");
  std::map<char, int64_t> sizes;
  for (size_t i = 0; i < a.size(); ++i) sizes[a[i]] = input[static_cast<int>(i) + (left ? elided : 0)];
  // The declared output leaves out the batch; with leading "..." it states the trailing axes.
  std::vector<int64_t> stated(declared.begin(), declared.end());
  Shape full;
  if (left) {
    size_t extra = o.size() + static_cast<size_t>(elided) - stated.size();
    for (size_t i = 0; i < extra; ++i) full.push_back(input[static_cast<int>(i)]);
    for (int64_t d : stated) full.push_back(d);
  } else {
    full.push_back(input[0]);
    for (int64_t d : stated) full.push_back(d);
    while (full.rank() < static_cast<int>(o.size()) + (right ? elided : 0)) full.push_back(Shape::kUnknown);
  }
  for (size_t i = 0; i < o.size(); ++i) {
    int at = static_cast<int>(i) + (left ? elided : 0);
    if (at >= full.rank()) break;
    int64_t d = full[at];
    auto known = sizes.find(o[i]);
    if (known != sizes.end() && known->second >= 0) {
      if (d >= 0 && d != known->second)
        throw ValueError("Input shape and output shape do not match at shared dimension '", std::string(1, o[i]),
                         "'. Input shape is ", known->second, ", and output shape is ", d, ".");
      full[at] = known->second;
    } else if (d >= 0) {
      sizes[o[i]] = d;
    }
  }
  Analysis out_shapes;
  for (char c : kernel) {
    auto known = sizes.find(c);
    if (known == sizes.end() || known->second < 0)
      throw ValueError("Weight dimension '", std::string(1, c), "' did not have a match in either the input spec '", in,
                       "' or the output spec '", out, "'. For this layer, the weight must be fully specified.");
    (o.find(c) != std::string::npos ? out_shapes.outputs : out_shapes.inputs).push_back(out_shapes.kernel.rank());
    out_shapes.kernel.push_back(known->second);
  }
  if (!bias_axes.empty()) {
    size_t first = std::string::npos;
    for (char c : bias_axes) {
      size_t at = o.find(c);
      if (at == std::string::npos)
        throw ValueError("Bias dimension '", std::string(1, c), "' was requested, but is not part of the output spec '",
                         out, "'");
      first = std::min(first, at);
    }
    for (size_t i = first; i < o.size(); ++i)
      out_shapes.bias.push_back(
          bias_axes.find(o[i]) != std::string::npos ? full[static_cast<int>(i) + (left ? elided : 0)] : 1);
    if (right)
      for (int i = 0; i < elided; ++i) out_shapes.bias.push_back(1);
  }
  out_shapes.output = full;
  return out_shapes;
}

// A dense layer whose product is an einsum: y = activation(einsum(equation, x, kernel) + bias).
class EinsumDenseLayer final : public LayerWith<EinsumDenseArgs> {
 public:
  explicit EinsumDenseLayer(EinsumDenseArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.lora_rank.is_none() || !args.quantization_config.is_none())
      throw UnsupportedError("EinsumDense: `lora_rank` and `quantization_config` are not supported.");
    args.output_shape =
        Value::tuple(args.output_shape.is_sequence() ? args.output_shape.as_list() : List{args.output_shape});
    if (!args.kernel_initializer) args.kernel_initializer = "glorot_uniform";
    if (!args.bias_initializer) args.bias_initializer = "zeros";
  }
  std::string class_name() const override { return "EinsumDense"; }
  Dict get_config() const override {
    Dict config = LayerWith::get_config();
    if (args.bias_axes.empty()) config.set("bias_axes", Value());
    return config;
  }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    Analysis shapes = analyse(args.equation, args.bias_axes, input, args.output_shape.as_shape());
    kernel_ = add_weight("kernel", shapes.kernel,
                         {.initializer = scaled_along(shapes),
                          .regularizer = args.kernel_regularizer,
                          .constraint = args.kernel_constraint});
    if (!args.bias_axes.empty())
      bias_ = add_weight("bias", shapes.bias,
                         {.initializer = args.bias_initializer,
                          .regularizer = args.bias_regularizer,
                          .constraint = args.bias_constraint});
  }
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor y = ops::einsum(args.equation, {Operand(x), Operand(kernel_.value())});
    if (bias_.defined()) y = ops::add(y, bias_.value());
    return args.activation(y);
  }

 private:
  // Initializers that scale by fans are told which axes of the kernel are inputs and which outputs.
  InitializerRef scaled_along(const Analysis& shapes) const {
    Dict config = args.kernel_initializer->config();
    const Value *in = config.find("input_axes"), *out = config.find("output_axes");
    if (!in || !out || (!in->is_none() && !out->is_none())) return args.kernel_initializer;
    config.set("input_axes", to_value(shapes.inputs));
    config.set("output_axes", to_value(shapes.outputs));
    return InitializerRef::make(args.kernel_initializer->class_name(), config);
  }
  Variable kernel_, bias_;
};

LAMINA_LAYER(EinsumDenseLayer, "EinsumDense", "A dense layer whose product is an einsum.",
             Doc{.call = about::inputs,
                 .input = "What the equation's first labels describe.",
                 .output = "What its last labels describe; `output_shape` gives the sizes.",
                 .raises = "ValueError: if the equation does not fit the input or `output_shape`.",
                 .example = R"py(
>>> layer = keras.layers.EinsumDense("abc,cd->abd", output_shape=(None, 4))
>>> layer(keras.ops.ones((1, 2, 3))).shape
(1, 2, 4))py"});

}  // namespace
}  // namespace lamina
