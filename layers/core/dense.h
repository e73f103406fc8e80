#pragma once
#include "layers/activation_argument.h"
#include "layers/quantization/quantizable.h"

namespace lamina {

// Arguments of Dense, with Keras' names and defaults.
struct DenseArgs {
  PositiveInt units;
  Activation activation;
  bool use_bias = true;
  InitializerRef kernel_initializer, bias_initializer;
  RegularizerRef kernel_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, bias_constraint;
  Value lora_rank, lora_alpha;
  QuantizationConfigRef quantization_config;
  void fields(Fields& f);
};

// activation(x @ kernel + bias). Input (batch, ..., in), output (batch, ..., units); kernel (in, units), bias (units).
class DenseLayer final : public LayerWith<DenseArgs>, public QuantizableLayer {
 public:
  explicit DenseLayer(DenseArgs args = {}, LayerArgs base = {});
  std::string class_name() const override { return "Dense"; }
  bool call_takes_training() const override { return true; }  // as Keras', without a use for it
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override;
  Tensor call(const Tensor& x, const CallContext&) override;
  Dict get_config() const override;
  LoraTarget lora_target() override;
  std::vector<QuantizedWeight> quantized_weights() override;
  bool quantizes_to(const std::string& mode) const override {
    return mode == "float8" || mode == "gptq" || mode == "awq" || QuantizableLayer::quantizes_to(mode);
  }
  void weights_loaded() override { read_from_file(); }
  QuantizationConfigRef& quantization_config() override { return args.quantization_config; }

 private:
  int64_t features_ = 0;  // of the inputs
  Variable kernel_, bias_;
};
using Dense = Handle<DenseLayer>;

}  // namespace lamina
