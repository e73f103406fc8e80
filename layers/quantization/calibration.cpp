#include "layers/quantization/calibration.h"

#include <cmath>

#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {

// ---- integers ----

QuantizationParameters quantization_parameters(const Tensor& given, const QuantizationRange& range) {
  if (given.rank() < 2)
    throw ValueError("Weights to quantize must have a rank of at least 2. Received shape ", given.shape(), ".");
  if (given.size() == 0) throw ValueError("Weights to quantize cannot be empty. Received shape ", given.shape(), ".");
  const int64_t rows = given.shape()[0], columns = given.shape()[1], size = range.group_size;
  const int64_t groups = range.per_channel && size > 0 ? (columns + size - 1) / size : 1;
  Tensor x = given;
  if (groups > 1) {  // the last group is filled up with zeros, which count
    if (groups * size > columns) x = prim::pad(x, {0, 0}, {0, groups * size - columns});
    x = prim::reshape(x, {rows, groups, size});
  } else {
    x = prim::reshape(x, range.per_channel ? Shape{rows, 1, -1} : Shape{1, 1, -1});
  }
  Tensor low = prim::reduce(Reduce::min, x, {2}, false), high = prim::reduce(Reduce::max, x, {2}, false);
  if (range.symmetric) {
    high = ops::maximum(ops::abs(low), high);
    low = ops::where(ops::less(low, 0), ops::negative(high), low);
  }
  const Tensor flat = ops::equal(low, high);
  low = ops::where(flat, ops::subtract(low, 1), low);
  high = ops::where(flat, ops::add(high, 1), high);
  const double most = std::ldexp(1.0, static_cast<int>(range.bits)) - 1;
  Tensor scale = ops::divide(ops::subtract(high, low), most);
  scale = ops::where(ops::less_equal(scale, 0), 1e-8, scale);
  const Tensor zero = range.symmetric ? prim::full(scale.shape(), (most + 1) / 2, scale.dtype())
                                      : ops::round(ops::divide(ops::negative(low), scale));
  QuantizationParameters out{scale, prim::cast(ops::clip(zero, Operand(0), Operand(255)), DType::uint8), most};
  if (!range.per_channel)
    for (Tensor* t : {&out.scale, &out.zero}) *t = prim::broadcast_to(*t, {rows, 1});
  return out;
}

Tensor quantized_with(const Tensor& x, const Tensor& scale, const Tensor& zero, double most) {
  const Tensor whole = ops::round(ops::add(ops::divide(x, scale), prim::cast(zero, scale.dtype())));
  return ops::clip(whole, Operand(0), Operand(most));
}

// ---- statistics ----

void Calibration::observe(const Tensor& inputs) {
  if (!inputs.defined()) throw ValueError("The inputs to calibrate with cannot be None.");
  if (!inputs.has_data())
    throw ValueError("Layers are calibrated with values, and here is none: the layer is called within a function that ",
                     "is traced (a RematScope, a loop of keras.ops).");
  if (inputs.rank() < 2)
    throw ValueError("The inputs to calibrate with must have a rank >= 2 (got rank ", inputs.rank(), ").");
  if (inputs.size() == 0) throw ValueError("The inputs to calibrate with cannot be empty.");
  if (inputs.shape().back() != features_)
    throw ValueError("The statistics of ", features_, " features do not match input features (", inputs.shape().back(),
                     ").");
  const Tensor x = prim::cast(prim::reshape(inputs, {-1, features_}), DType::float32);
  statistics_ = updated(x);
  samples_ += x.shape()[0];
}

// ---- configs ----

void CalibratedArgs::fields_before(Fields& f) {
  f("dataset", dataset, "Texts or tokens to calibrate with.").required();
  f("tokenizer", tokenizer, "Makes tokens of texts.").required();
  f("weight_bits", weight_bits, "Bits of a weight.");
  f("num_samples", num_samples, "Samples of the data.");
}
void CalibratedArgs::fields_after(Fields& f) {
  f("quantization_layer_structure", quantization_layer_structure,
    "A dict: the model's \"sequential_blocks\", which are quantized one after the other, and the \"pre_block_layers\" "
    "before them. None: what the model's get_quantization_layer_structure() gives.");
}

void CalibratedConfig::check(const CalibratedArgs& args) {
  if (args.num_samples <= 0)
    throw ValueError("num_samples must be a positive integer. Received: num_samples=", args.num_samples);
  if (args.sequence_length <= 0)
    throw ValueError("sequence_length must be a positive integer. Received: sequence_length=", args.sequence_length);
  if (args.group_size < -1 || args.group_size == 0)
    throw ValueError("Invalid group_size. Supported values are -1 (one scale per channel) or a positive integer, but ",
                     "got ", args.group_size, ".");
}

}  // namespace lamina
