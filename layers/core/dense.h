#pragma once
#include "layers/activation_argument.h"
#include "layers/lora.h"

namespace lamina {

// Arguments of Dense, with Keras' names and defaults.
struct DenseArgs {
  PositiveInt units;
  Activation activation;
  bool use_bias = true;
  InitializerRef kernel_initializer, bias_initializer;
  RegularizerRef kernel_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, bias_constraint;
  Value lora_rank, lora_alpha, quantization_config;
  void fields(Fields& f);
};

// activation(x @ kernel + bias). Input (batch, ..., in), output (batch, ..., units); kernel (in, units), bias (units).
class DenseLayer final : public LayerWith<DenseArgs>, public LoraLayer {
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

 private:
  Variable kernel_, bias_;
};
using Dense = Handle<DenseLayer>;

}  // namespace lamina
