#include "layers/quantization/quantizer.h"

#include <algorithm>

#include "layers/dtype_policy.h"
#include "layers/quantization/calibration.h"

namespace lamina {

namespace {

ops::QuantizedRange range_of(const Value& v) {
  const auto ends = value_to<std::vector<int64_t>>(v);
  if (ends.size() != 2) throw ValueError("`value_range` must be a pair of numbers. Received: value_range=", v.repr());
  return {ends[0], ends[1]};
}

void check_mode(const std::string& mode) {
  const auto& modes = quantization_modes();
  if (std::find(modes.begin(), modes.end(), mode) == modes.end())
    throw ValueError("Invalid quantization mode. Expected one of ", quantization_modes_text(),
                     ". Received: mode=", mode);
}

}  // namespace

// ---- quantizers ----

void AbsMaxQuantizerArgs::fields(Fields& f) {
  f("axis", axis, "The axis or axes along which one scale holds, where a call names none; the last one where None.");
  f("value_range", value_range, "The range of the integers.");
  f("epsilon", epsilon, "Added to the greatest absolute value.");
  f("output_dtype", output_dtype, "The dtype of the integers.");
}

AbsMaxQuantizer::AbsMaxQuantizer(const Args& a) : Config(a) {
  if (args.axis.is_int()) args.axis = Value::tuple({args.axis});
  if (args.axis.is_sequence()) args.axis = Value::tuple(args.axis.as_list());
  const ops::QuantizedRange range = range_of(args.value_range);
  if (args.output_dtype == "int8" && (range.low < -128 || range.high > 127))
    throw ValueError(
        "Quantizer with output_dtype='int8' requires value_range to be within the interval [-128, 127]. Received: "
        "value_range=",
        args.value_range.repr());
}

ops::Quantized AbsMaxQuantizer::operator()(const Tensor& x, const Axes& axes) const {
  Axes along = axes;
  if (!along) along = args.axis.is_none() ? std::vector<int>{-1} : value_to<std::vector<int>>(args.axis);
  return ops::abs_max_quantize(x, along, range_of(args.value_range), parse_dtype(args.output_dtype), args.epsilon);
}

Dict AbsMaxQuantizer::get_config() const {
  Dict config{{"value_range", args.value_range}, {"epsilon", args.epsilon}, {"output_dtype", args.output_dtype}};
  if (!args.axis.is_none()) config.set("axis", args.axis);
  return config;
}

QuantizerRef abs_max_quantizer(ops::QuantizedRange range) {
  AbsMaxQuantizerArgs args;
  args.value_range = Value::tuple({range.low, range.high});
  return std::make_shared<AbsMaxQuantizer>(args);
}

// ---- configs ----

namespace {

void quantizer_fields(Fields& f, QuantizersArgs& a, const char* activation) {
  f("weight_quantizer", a.weight_quantizer, "Quantizer of weights; what the layer has for it where None.");
  f("activation_quantizer", a.activation_quantizer, activation);
}

bool is_default(const Value& v) { return v.is_string() && v.as_string() == "default"; }

}  // namespace

void QuantizersArgs::fields(Fields& f) {
  quantizer_fields(f, *this, "Quantizer of activations, by default an AbsMaxQuantizer; None leaves them as they are.");
}

Int8QuantizationConfig::Int8QuantizationConfig(const Args& a) : QuantizersConfig(a) {
  const QuantizerRef activations =
      is_default(a.activation_quantizer) ? abs_max_quantizer() : QuantizerRef::from(a.activation_quantizer);
  args.activation_quantizer = Value(ObjectPtr(activations.pointer()));
  if (const QuantizerRef weights = weight_quantizer(); weights && weights->output_dtype() != "int8")
    throw ValueError(
        "Int8QuantizationConfig requires a weight_quantizer with output_dtype='int8'. Received: output_dtype=",
        weights->output_dtype());
}

void Int4QuantizationArgs::fields(Fields& f) {
  quantizer_fields(f, *this, "Quantizer of activations, by default none: they stay as they are.");
  f("block_size", block_size,
    "Values along the summed axis that share a scale and a zero point; None or -1: all of a column share a scale.");
}

Int4QuantizationConfig::Int4QuantizationConfig(const Args& a) : QuantizersConfig(a) {
  const QuantizerRef activations =
      is_default(a.activation_quantizer) ? QuantizerRef() : QuantizerRef::from(a.activation_quantizer);
  args.activation_quantizer = Value(ObjectPtr(activations.pointer()));
  if (!args.block_size.is_none() &&
      (!args.block_size.is_int() || (args.block_size.as_int() != -1 && args.block_size.as_int() <= 0)))
    throw ValueError("block_size must be None, -1, or a positive integer. Received: block_size=",
                     args.block_size.repr());
  const QuantizerRef weights = weight_quantizer();
  if (block_size() > 0 && (weights || activations))
    throw ValueError(
        "Int4 sub-channel quantization (block_size > 0) does not support custom quantizers. Either set block_size to "
        "None or -1 for per-channel quantization, or remove the custom quantizer arguments. Received: block_size=",
        block_size());
  if (!weights) return;
  if (const auto* own = dynamic_cast<const AbsMaxQuantizer*>(weights.pointer().get())) {
    const ops::QuantizedRange range = range_of(own->args.value_range);
    if (range.low != -8 || range.high != 7)
      throw ValueError(
          "Int4QuantizationConfig requires a weight_quantizer with value_range=(-8, 7). Received: "
          "value_range=",
          own->args.value_range.repr());
  }
  if (weights->output_dtype() != "int8")
    throw ValueError(
        "Int4QuantizationConfig requires a weight_quantizer with output_dtype='int8'. Received: output_dtype=",
        weights->output_dtype());
}

Dict Int4QuantizationConfig::get_config() const {
  Dict config = QuantizersConfig::get_config();
  config.set("block_size", args.block_size);
  return config;
}

QuantizationConfigRef resolve_quantization(const Value& mode_or_none, const Value& config_or_mode) {
  Value mode = mode_or_none, config = config_or_mode;
  if (config.is_string()) mode = config, config = Value();
  if (!mode.is_none()) check_mode(mode.is_string() ? mode.as_string() : mode.repr());
  if (config.is_none()) {
    if (mode.is_none()) throw ValueError("You must provide either `mode` or `config` to `quantize`.");
    const std::string& name = mode.as_string();
    if (name == "int8") return std::make_shared<Int8QuantizationConfig>();
    if (name == "int4") return std::make_shared<Int4QuantizationConfig>();
    if (name == "float8") return std::make_shared<Float8QuantizationConfig>();
    throw ValueError("For ", name == "gptq" ? "GPTQ" : "AWQ", ", you must pass ",
                     name == "gptq" ? "a `GPTQConfig`" : "an `AWQConfig`", " object in the `config` argument.");
  }
  const auto given = config.object_as<QuantizationConfig>();
  if (!given)
    throw ValueError("Argument `config` must be an instance of `QuantizationConfig`. Received: config=", config.repr());
  if (!mode.is_none() && mode.as_string() != given->mode())
    throw ValueError("Contradictory arguments: mode='", mode.as_string(), "' but config.mode='", given->mode(), "'");
  const std::string chosen = given->mode();
  check_mode(chosen);
  if ((chosen == "gptq" || chosen == "awq") && !std::dynamic_pointer_cast<CalibratedConfig>(given))
    throw ValueError("Mode '", chosen, "' requires a valid `config` argument of type `",
                     chosen == "gptq" ? "GPTQConfig" : "AWQConfig", "`. Received: ", given->public_class_name());
  return given;
}

namespace {

LAMINA_CLASS(AbsMaxQuantizer, "keras.quantizers",
             "Integers in proportion to values, the greatest of which is the end of a range.", {"abs_max_quantizer"},
             Doc{.raises = "ValueError: if `value_range` does not fit int8.", .example = R"py(
>>> values, scale = keras.quantizers.AbsMaxQuantizer()(keras.ops.array([[1.0, -2.0]]))
>>> values
<Tensor shape=(1, 2), dtype=int8, values=[[  64 -127]]>)py"});
LAMINA_CLASS(Int8QuantizationConfig, "keras.quantizers", "Weights of 8 bits.", {"int8_quantization_config"},
             Doc{.raises = "ValueError: if weights would not be int8.", .example = R"py(
>>> keras.quantizers.Int8QuantizationConfig().mode
'int8')py"});
LAMINA_CLASS(Int4QuantizationConfig, "keras.quantizers", "Weights of 4 bits.", {"int4_quantization_config"},
             Doc{.raises = "ValueError: if `block_size` is neither None nor -1 nor positive, or does not go with "
                           "quantizers.",
                 .example = R"py(
>>> keras.quantizers.Int4QuantizationConfig(block_size=64).mode
'int4')py"});
LAMINA_CLASS(Float8QuantizationConfig, "keras.quantizers", "Training with products of 8-bit floating-point numbers.",
             {"float8_quantization_config"}, Doc{.example = R"py(
>>> keras.quantizers.Float8QuantizationConfig().mode
'float8')py"});

}  // namespace

void write_quantization(Dict& config, const QuantizationConfigRef& quantization) {
  if (quantization) config.set("quantization_config", to_value(quantization));
}

}  // namespace lamina
