// Layers with weights that GPTQ or AWQ found: their variables, values and calibration.
#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/quantization/quantizable.h"

namespace lamina {

namespace {

int64_t columns_of(const QuantizedWeight& w) { return w.shape.elements() / w.rows; }
bool packs(const QuantizedForm& form) { return form.bits == 4; }

}  // namespace

void QuantizableLayer::add_calibrated_variables() {
  Layer& l = layer();
  const QuantizedWeight w = quantized_weights()[0];
  if (w.rows == 0)
    throw ValueError((form_.mode == "gptq" ? "GPTQ" : "AWQ"), " quantization only supports 2D or 3D kernels. Received ",
                     "a kernel of shape ", w.shape, " in ", l.describe(), ".");
  const int64_t columns = columns_of(w),
                groups = form_.grouped() ? (w.rows + form_.block_size - 1) / form_.block_size : 1;
  const auto add = [&](const std::string& name, const Shape& shape, const char* initializer, std::optional<DType> dtype,
                       bool autocast) {
    return l.add_weight(name, shape,
                        {.initializer = initializer, .dtype = dtype, .trainable = false, .autocast = autocast});
  };
  calibration_ = {};
  calibration_.weight = add(w.name, {packs(form_) ? (columns + 1) / 2 : columns, w.rows}, "zeros", DType::uint8, true);
  calibration_.scale = add(w.name + "_scale", {columns, groups}, "ones", {}, true);
  calibration_.zero = add(w.calibrated_zero, {columns, groups}, "zeros", DType::uint8, true);
  if (form_.mode == "awq") calibration_.input_scales = add("awq_scales", {w.rows}, "ones", {}, true);
  // In half precision 511 / 512, the group 0 of 512 inputs, would be 1.
  calibration_.groups = add("g_idx", {w.rows}, "zeros", DType::float32, false);
  calibration_.waiting = w.variable->defined();
  calibration_.changes = calibration_.weight.state().changes;
}

void QuantizableLayer::await_calibration(const QuantizationConfigRef& config) {
  Layer& l = layer();
  if (lora_enabled())
    throw UnsupportedError("Quantization with mode='", config->mode(), "' does not go with LoRA, in ", l.describe(),
                           ". Save the weights, which adds the trained product to the kernel, and load them into a ",
                           "layer without.");
  quantization_config() = config;
  form_ = form_of(config->mode(), config);
  try {
    add_variables();
  } catch (...) {
    form_ = {};
    throw;
  }
  follow_policy(config);
}

Variables QuantizableLayer::calibrated_variables() const {
  Variables out{calibration_.weight, calibration_.scale, calibration_.zero};
  if (calibration_.input_scales.defined()) out.push_back(calibration_.input_scales);
  out.push_back(calibration_.groups);
  return out;
}

Variable QuantizableLayer::calibrated_variable(const std::string& name) const {
  if (name == "quantized_kernel") return calibration_.weight;
  if (name == "kernel_scale") return calibration_.scale;
  if (name == "kernel_zero") return calibration_.zero;
  if (name == "awq_scales") return calibration_.input_scales;
  return name == "g_idx" ? calibration_.groups : Variable();
}

// ---- calibration ----

std::unique_ptr<Calibration> QuantizableLayer::begin_calibration() {
  const auto* config = dynamic_cast<const CalibratedConfig*>(quantization_config().pointer().get());
  if (!form_.calibrated() || !calibration_.waiting || !config)
    throw ValueError(layer().describe(), " does not wait for calibration: its weight is ",
                     quantized() ? "quantized already" : "not quantized", ".");
  return config->calibration(quantized_weights()[0].rows);
}

Tensor QuantizableLayer::input_rows(const Tensor& x) {
  const int64_t rows = quantized_weights()[0].rows;
  if (!x.shape().known() || x.size() % rows)
    throw ValueError("Inputs of shape ", x.shape(), " cannot be cut into rows of ", rows,
                     " values, which the kernel of ", layer().describe(), " has as a matrix.");
  return prim::reshape(x, {-1, rows});
}

void QuantizableLayer::finish_calibration(const Calibration& calibration) {
  EagerScope eager;
  AutocastScope off(std::nullopt);
  const QuantizedWeight w = quantized_weights()[0];
  if (!calibration_.waiting) throw ValueError(layer().describe(), " has its quantized values already.");
  const Tensor kernel = prim::reshape(w.variable->state().value, {w.rows, columns_of(w)});
  const CalibratedMatrix made = calibration.quantize(kernel);
  const auto assign = [](const Variable& to, const Tensor& value) { to.assign(prim::cast(value, to.dtype())); };
  assign(calibration_.weight, packs(form_) ? ops::pack_int4(made.values, 0, DType::uint8) : made.values);
  assign(calibration_.scale, made.scale);
  assign(calibration_.zero, made.zero);
  assign(calibration_.groups, made.groups);
  if (calibration_.input_scales.defined()) assign(calibration_.input_scales, made.input_scales);
  drop_weight();
}

void QuantizableLayer::drop_weight() {
  const QuantizedWeight w = quantized_weights()[0];
  Unlocked unlocked(layer());
  layer().untrack_variable(*w.variable);
  *w.variable = Variable();
  calibration_.waiting = false;
  layer().set_dtype_policy(layer().dtype_policy());  // which tells models that their compiled steps are out of date
}

void QuantizableLayer::read_from_file() {
  if (form_.calibrated() && calibration_.waiting && calibration_.weight.state().changes != calibration_.changes)
    drop_weight();
}

// ---- values ----

Tensor QuantizableLayer::calibrated_integers() const {
  const Tensor stored = calibration_.weight.value();
  return packs(form_) ? ops::unpack_int4(stored, calibration_.scale.shape()[0], 0, DType::uint8) : stored;
}

Tensor QuantizableLayer::calibrated_value(DType dtype) {
  const QuantizedWeight w = quantized_weights()[0];
  if (calibration_.waiting) return w.variable->value();
  Tensor matrix = ops::dequantize_groups(calibrated_integers(), calibration_.scale.value(), calibration_.zero.value(),
                                         calibration_.groups.value(), -1);
  if (calibration_.input_scales.defined()) matrix = ops::divide(matrix, calibration_.input_scales.value());
  return prim::cast(prim::reshape(prim::transpose(matrix, {1, 0}), w.shape), dtype);
}

}  // namespace lamina
