#include <algorithm>

#include "backends/core/constant_value.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/activation_argument.h"
#include "layers/quantization/quantizable.h"

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
  Value lora_rank, lora_alpha, gptq_unpacked_column_size;
  QuantizationConfigRef quantization_config;
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
    f("lora_rank", lora_rank, kLoraRank).hidden();
    f("lora_alpha", lora_alpha, kLoraAlpha).hidden();
    f("gptq_unpacked_column_size", gptq_unpacked_column_size,
      "Columns of the matrix that GPTQ packed, as files have it; the layer knows them from its kernel.")
        .hidden();
    f("quantization_config", quantization_config, kQuantizationConfig);
  }
};

// An equation's parts, and whether its dots stand on the left or on the right.
struct Equation {
  std::string in, kernel, out;  // letters alone
  bool left = false, right = false;
};

Equation parse(const std::string& given) {
  std::string all;
  for (char c : given)
    if (c != ' ') all += c;
  const size_t comma = all.find(','), arrow = all.find("->");
  auto dots_first = [](const std::string& s) { return s.starts_with("..."); };
  auto dots_last = [](const std::string& s) { return s.ends_with("..."); };
  auto letters = [](const std::string& s) {
    return !s.empty() && std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isalpha(c); });
  };
  Equation e;
  bool fits = comma != std::string::npos && arrow != std::string::npos && comma < arrow;
  if (fits) {
    e.in = all.substr(0, comma), e.kernel = all.substr(comma + 1, arrow - comma - 1), e.out = all.substr(arrow + 2);
    e.left = dots_first(e.in) && dots_first(e.out), e.right = !e.left && dots_last(e.in) && dots_last(e.out);
    for (std::string* part : {&e.in, &e.out}) {
      if (e.left) part->erase(0, 3);
      if (e.right) part->erase(part->size() - 3);
    }
    fits = letters(e.in) && letters(e.kernel) && letters(e.out) && !(e.right && e.in.size() < 2);
  }
  if (!fits)
    throw ValueError("Invalid einsum equation '", given,
                     "'. Equations must be in the form [X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z]....");
  return e;
}

// The equation for inputs of so many axes, with letters in place of the dots.
Equation named(Equation e, int rank) {
  std::string dots;
  const std::string used = e.in + e.kernel + e.out;
  for (char c = 'A'; dots.size() + e.in.size() < static_cast<size_t>(rank);
       c = c == 'Z' ? 'a' : static_cast<char>(c + 1))
    if (used.find(c) == std::string::npos) dots += c;
  for (std::string* part : {&e.in, &e.out}) *part = e.right ? *part + dots : dots + *part;
  return e;
}

// The places in `labels` of those that `others` does not have.
std::vector<int> absent(const std::string& labels, const std::string& others) {
  std::vector<int> out;
  for (size_t i = 0; i < labels.size(); ++i)
    if (others.find(labels[i]) == std::string::npos) out.push_back(static_cast<int>(i));
  return out;
}

// Where each of the labels is in `others`; -1 for nowhere.
std::vector<int> places(const std::string& labels, const std::string& others) {
  std::vector<int> out;
  for (char c : labels) {
    const size_t at = others.find(c);
    out.push_back(at == std::string::npos ? -1 : static_cast<int>(at));
  }
  return out;
}

// Sizes of kernel and bias from the equation, the input's shape and the declared output.
struct Analysis {
  Shape kernel, bias;
  std::vector<int> inputs, outputs;  // axes of the kernel
};

Analysis analyse(const Equation& e, const std::string& bias_axes, const Shape& input, const Shape& declared) {
  const int elided = input.rank() - static_cast<int>(e.in.size());
  if (elided < 0)
    throw ValueError("The input of shape ", input, " has fewer axes than the input spec '", e.in, "' names.");
  // The declared output leaves out the batch and what the dots stand for.
  Shape full{input[0]};
  if (e.left)
    for (int i = 1; i < elided; ++i) full.push_back(input[i]);
  for (int64_t d : declared) full.push_back(d);
  if (!e.left)
    for (int i = input.rank() - elided; i < input.rank(); ++i) full.push_back(input[i]);
  auto output_size = [&](size_t letter) {
    const int at = static_cast<int>(letter) + (e.left ? elided : 0);
    if (at >= full.rank())
      throw ValueError("The output spec '", e.out, "' names more axes than the output has: ", full,
                       ", of which output_shape=", declared, " was given.");
    return full[at];
  };
  std::map<char, int64_t> known;
  for (size_t i = 0; i < e.in.size(); ++i) {
    const int64_t size = known[e.in[i]] = input[static_cast<int>(i) + (e.left ? elided : 0)];
    const size_t at = e.out.find(e.in[i]);
    if (at == std::string::npos) continue;
    if (const int64_t d = output_size(at); d >= 0 && size >= 0 && d != size)
      throw ValueError("Input shape and output shape do not match at shared dimension '", std::string(1, e.in[i]),
                       "'. Input shape is ", size, ", and output shape is ", d, ".");
  }
  auto size_of = [&](char c, size_t at) {  // of an output axis; the input says what the declaration leaves open
    const int64_t d = output_size(at);
    auto from_input = known.find(c);
    return d < 0 && from_input != known.end() ? from_input->second : d;
  };
  for (char c : e.out)
    if (e.in.find(c) == std::string::npos && e.kernel.find(c) == std::string::npos)
      throw ValueError("Dimension '", std::string(1, c), "' was specified in the output '", e.out,
                       "' but has no corresponding dim in the input spec '", e.in, "' or weight spec '", e.kernel, "'");
  Analysis shapes;
  for (char c : e.kernel) {
    const size_t at = e.out.find(c);
    const bool of_output = at != std::string::npos;
    const int64_t size = of_output ? size_of(c, at) : known.contains(c) ? known[c] : Shape::kUnknown;
    if (size < 0)
      throw ValueError("Weight dimension '", std::string(1, c), "' did not have a match in either the input spec '",
                       e.in, "' or the output spec '", e.out, "'. For this layer, the weight must be fully specified.");
    (of_output ? shapes.outputs : shapes.inputs).push_back(shapes.kernel.rank());
    shapes.kernel.push_back(size);
  }
  if (bias_axes.empty()) return shapes;
  size_t first = std::string::npos;
  for (char c : bias_axes) {
    const size_t at = e.out.find(c);
    if (at == std::string::npos)
      throw ValueError("Bias dimension '", std::string(1, c), "' was requested, but is not part of the output spec '",
                       e.out, "'");
    first = std::min(first, at);
  }
  for (size_t i = first; i < e.out.size(); ++i)
    shapes.bias.push_back(bias_axes.find(e.out[i]) != std::string::npos ? size_of(e.out[i], i) : 1);
  if (!e.left)
    for (int i = 0; i < elided; ++i) shapes.bias.push_back(1);
  return shapes;
}

// The rows of a kernel as GPTQ's and AWQ's matrix. Of the three axes that attention's kernels have, the longest is the
// model's, as Keras has it, and stands alone on its side. 0 for kernels of other ranks.
int64_t matrix_rows(const Shape& kernel) {
  if (kernel.rank() == 2) return kernel[0];
  if (kernel.rank() != 3) return 0;
  return kernel[0] >= std::max(kernel[1], kernel[2]) ? kernel[0] : kernel[0] * kernel[1];
}

// A dense layer whose product is an einsum: y = activation(einsum(equation, x, kernel) + bias).
class EinsumDenseLayer final : public LayerWith<EinsumDenseArgs>, public QuantizableLayer {
 public:
  explicit EinsumDenseLayer(EinsumDenseArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    check_lora(args.lora_rank, args.lora_alpha);
    args.output_shape = plain_numbers(args.output_shape);
    args.output_shape =
        Value::tuple(args.output_shape.is_sequence() ? args.output_shape.as_list() : List{args.output_shape});
    if (!args.kernel_initializer) args.kernel_initializer = "glorot_uniform";
    if (!args.bias_initializer) args.bias_initializer = "zeros";
  }
  std::string class_name() const override { return "EinsumDense"; }
  bool call_takes_training() const override { return true; }  // as Keras', without a use for it
  Dict get_config() const override {
    Dict config = LayerWith::get_config();
    if (args.bias_axes.empty()) config.set("bias_axes", Value());
    if (!config.contains("activity_regularizer")) config.set("activity_regularizer", Value());
    write_lora(config, args.lora_rank, args.lora_alpha);
    if (built() && quantization_mode() == "gptq")
      config.set("gptq_unpacked_column_size", kernel_shape_.elements() / matrix_rows(kernel_shape_));
    else if (!args.gptq_unpacked_column_size.is_none())
      config.set("gptq_unpacked_column_size", args.gptq_unpacked_column_size);
    return config;
  }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    const Equation equation = parse(args.equation);
    Analysis shapes = analyse(equation, args.bias_axes, input, args.output_shape.as_shape());
    kernel_shape_ = shapes.kernel;
    named_ = named(equation, input.rank());
    InputSpec spec;
    spec.ndim = input.rank();
    input_spec_ = {spec};
    if (!build_quantized())
      kernel_ = add_weight("kernel", shapes.kernel,
                           {.initializer = scaled_along(shapes),
                            .regularizer = args.kernel_regularizer,
                            .constraint = args.kernel_constraint});
    if (!args.bias_axes.empty())
      bias_ = add_weight("bias", shapes.bias,
                         {.initializer = args.bias_initializer,
                          .regularizer = args.bias_regularizer,
                          .constraint = args.bias_constraint});
    start_lora(args.lora_rank, args.lora_alpha);
  }
  LoraTarget lora_target() override {
    return {*this, kernel_, kernel_shape_, "lora_kernel", "kernel", args.kernel_regularizer, args.kernel_constraint};
  }
  std::vector<QuantizedWeight> quantized_weights() override {
    return {{.name = "kernel",
             .variable = &kernel_,
             .shape = kernel_shape_,
             .shared = absent(named_.kernel, named_.out),
             .layout = places(named_.out, named_.kernel),
             .rows = matrix_rows(kernel_shape_),
             .calibrated_zero = "zero_point"}};
  }
  bool quantizes_to(const std::string& mode) const override {
    return mode == "float8" || mode == "gptq" || mode == "awq" || QuantizableLayer::quantizes_to(mode);
  }
  void weights_loaded() override { read_from_file(); }
  QuantizationConfigRef& quantization_config() override { return args.quantization_config; }
  Tensor call(const Tensor& x, const CallContext& context) override {
    Tensor y = quantized()
                   ? product(x, 0,
                             QuantizedProduct::einsum(text(named_.in, ",", named_.kernel, "->", named_.out),
                                                      text(named_.out, ",", named_.kernel, "->", named_.in),
                                                      absent(named_.in, named_.out), places(named_.out, named_.in)),
                             context.training)
                   : ops::einsum(args.equation, {Operand(x), Operand(adapted(kernel_))});
    if (bias_.defined()) y = ops::add(y, bias_of(bias_));
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
    if (const std::optional<Value> seed = attribute_of(*args.kernel_initializer.pointer(), "seed"))
      config.set("seed", *seed);  // the same initializer gives the same values
    return InitializerRef::make(args.kernel_initializer->class_name(), config);
  }
  Shape kernel_shape_;
  Equation named_;  // with a letter for each axis that dots stand for
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
