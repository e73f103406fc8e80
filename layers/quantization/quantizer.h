#pragma once
#include "backends/ops/public/quantization.h"
#include "serialization/objects/object_config.h"

namespace lamina {

// How floating-point values become integers.
class Quantizer : public Object {
 public:
  static constexpr std::string_view kModule = "keras.quantizers";
  static constexpr std::string_view kKind = "a quantizer";
  // The integers, and the scale that x was multiplied by, which keeps the axes along which it is shared with size 1.
  // Without `axes` the quantizer's own count.
  virtual ops::Quantized operator()(const Tensor& x, const Axes& axes = {}) const = 0;
  virtual std::string output_dtype() const { return "int8"; }
  Dict get_config() const override { return {}; }
  std::string module() const override { return std::string(kModule); }
  static std::shared_ptr<Quantizer> adapt(const ObjectPtr&) { return nullptr; }
};
using QuantizerRef = Ref<Quantizer>;

// The greatest absolute value becomes the end of the range.
struct AbsMaxQuantizerArgs {
  Value axis;  // None: the last one
  Value value_range = Value::tuple({-127, 127});
  double epsilon = ops::kQuantizerEpsilon;
  std::string output_dtype = "int8";
  void fields(Fields& f);
};
// keras.quantizers.AbsMaxQuantizer.
class AbsMaxQuantizer final : public Config<Quantizer, AbsMaxQuantizerArgs> {
 public:
  explicit AbsMaxQuantizer(const Args& args = {});  // ValueError for a range beyond int8
  ops::Quantized operator()(const Tensor& x, const Axes& axes = {}) const override;
  std::string output_dtype() const override { return args.output_dtype; }
  std::string class_name() const override { return "AbsMaxQuantizer"; }
  Dict get_config() const override;
};
// Scales by the largest absolute value, as Keras' AbsMaxQuantizer.
QuantizerRef abs_max_quantizer(ops::QuantizedRange range = {});

// How a layer is to be quantized.
class QuantizationConfig : public Object {
 public:
  static constexpr std::string_view kModule = "keras.quantizers";
  static constexpr std::string_view kKind = "a QuantizationConfig";
  virtual std::string mode() const = 0;
  // The mode with what the dtype policies of the layers must hold beside it.
  virtual std::string policy_mode() const { return mode(); }
  virtual QuantizerRef weight_quantizer() const { return {}; }      // null: what the layer has for it
  virtual QuantizerRef activation_quantizer() const { return {}; }  // null: activations stay as they are
  Dict get_config() const override { return {}; }
  std::string module() const override { return std::string(kModule); }
  static std::shared_ptr<QuantizationConfig> adapt(const ObjectPtr&) { return nullptr; }
};
using QuantizationConfigRef = Ref<QuantizationConfig>;
// The config of a layer that Keras knows no `quantization_config` of: the entry is there only if there is one.
void write_quantization(Dict& config, const QuantizationConfigRef& quantization);

// Arguments of the configs for int8 and int4.
struct QuantizersArgs {
  Value weight_quantizer, activation_quantizer = "default";
  void fields(Fields& f);
};
// A config with a quantizer for weights and one for activations.
template <class Args>
class QuantizersConfig : public Config<QuantizationConfig, Args> {
 public:
  explicit QuantizersConfig(const Args& a) : Config<QuantizationConfig, Args>(a) {
    this->args.weight_quantizer = Value(ObjectPtr(QuantizerRef::from(a.weight_quantizer).pointer()));
  }
  QuantizerRef weight_quantizer() const override { return this->args.weight_quantizer.template object_as<Quantizer>(); }
  QuantizerRef activation_quantizer() const override {
    return this->args.activation_quantizer.template object_as<Quantizer>();
  }
  Dict get_config() const override {
    return {{"weight_quantizer", to_value(weight_quantizer())},
            {"activation_quantizer", to_value(activation_quantizer())}};
  }
};

// Weights as integers of 8 bits.
class Int8QuantizationConfig final : public QuantizersConfig<QuantizersArgs> {
 public:
  explicit Int8QuantizationConfig(const Args& args = {});  // ValueError if weights would not be int8
  std::string mode() const override { return "int8"; }
  std::string class_name() const override { return "Int8QuantizationConfig"; }
};

// Arguments of Int4QuantizationConfig.
struct Int4QuantizationArgs : QuantizersArgs {
  Value block_size = 128;
  void fields(Fields& f);
};
// Weights as integers of 4 bits, in groups of block_size.
class Int4QuantizationConfig final : public QuantizersConfig<Int4QuantizationArgs> {
 public:
  // ValueError for a block_size that is neither None nor -1 nor positive, for quantizers beside groups, and for
  // weights that would not have 4 bits.
  explicit Int4QuantizationConfig(const Args& args = {});
  std::string mode() const override { return "int4"; }
  std::string policy_mode() const override { return text("int4/", block_size()); }
  int64_t block_size() const { return args.block_size.is_none() ? -1 : args.block_size.as_int(); }  // -1: no groups
  std::string class_name() const override { return "Int4QuantizationConfig"; }
  Dict get_config() const override;
};

// Of configs without arguments.
struct NoArgs {
  void fields(Fields&) {}
};
// Training with products of 8-bit floating-point numbers. It has no quantizers: values are scaled and rounded.
class Float8QuantizationConfig final : public Config<QuantizationConfig, NoArgs> {
 public:
  using Config::Config;
  std::string mode() const override { return "float8"; }
  std::string class_name() const override { return "Float8QuantizationConfig"; }
  Dict get_config() const override { return {}; }
  void attributes(Fields& f) override {
    f("weight_quantizer", none_, "None.");
    f("activation_quantizer", none_, "None.");
  }

 private:
  Value none_;
};

// What quantize(mode, config) means: `config`, or the default of the mode. ValueError if neither is given, the mode is
// unknown, or it is another one than config's.
QuantizationConfigRef resolve_quantization(const Value& mode, const Value& config);

}  // namespace lamina
