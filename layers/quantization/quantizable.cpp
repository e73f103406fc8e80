#include "layers/quantization/quantizable.h"

#include "backends/core/engine.h"
#include "backends/ops/custom_gradient/custom_gradient.h"
#include "backends/ops/int8_quantize/int8_quantize.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {

namespace {

bool contains(const std::vector<int>& list, int item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// A scale with size 1 at its `shared` axes, as it stands beside results.
Tensor laid_out(Tensor scale, const std::vector<int>& shared, const std::vector<int>& layout) {
  std::vector<int> kept;  // the axes that are left
  for (int a = 0; a < scale.rank(); ++a)
    if (!contains(shared, a)) kept.push_back(a);
  for (int a = scale.rank(); a-- > 0;)
    if (contains(shared, a)) scale = prim::squeeze(scale, a);
  std::vector<int> order;
  for (int axis : layout)
    if (axis >= 0) order.push_back(static_cast<int>(std::find(kept.begin(), kept.end(), axis) - kept.begin()));
  scale = prim::transpose(scale, order);
  for (size_t a = 0; a < layout.size(); ++a)
    if (layout[a] < 0) scale = prim::expand_dims(scale, static_cast<int>(a));
  return scale;
}

// The other way.
Tensor beside_weight(Tensor scale, const std::vector<int>& shared, const std::vector<int>& layout, int rank) {
  for (size_t a = layout.size(); a-- > 0;)
    if (layout[a] < 0) scale = prim::squeeze(scale, static_cast<int>(a));
  std::vector<int> present, order;
  for (int axis : layout)
    if (axis >= 0) present.push_back(axis);
  for (int axis = 0; axis < rank; ++axis)
    if (const auto at = std::find(present.begin(), present.end(), axis); at != present.end())
      order.push_back(static_cast<int>(at - present.begin()));
  scale = prim::transpose(scale, order);
  for (int axis = 0; axis < rank; ++axis)
    if (contains(shared, axis)) scale = prim::expand_dims(scale, axis);
  return scale;
}

// int4's matrix.
Shape matrix_shape(const QuantizedWeight& w) {
  int64_t along = 1, others = 1;
  for (int a = 0; a < w.shape.rank(); ++a) (contains(w.shared, a) ? along : others) *= w.shape[a];
  return w.grouped == 0 ? Shape{along, others} : Shape{others, along};
}

// Whether the columns of the matrix are those values of the weight that share a scale: a matrix is cut from the weight
// as it lies in memory.
bool columns_fit(const QuantizedWeight& w) {
  for (int a = 0; a < w.shape.rank(); ++a) {
    const bool first = a < static_cast<int>(w.shared.size());
    if (contains(w.shared, a) != (w.grouped == 0 ? first : a >= w.shape.rank() - static_cast<int>(w.shared.size())))
      return false;
  }
  return true;
}

int64_t half(int64_t size) { return (size + 1) / 2; }

Shape scale_shape(const QuantizedForm& form, const QuantizedWeight& w) {
  if (form.mode == "int8") {
    Shape shape;
    for (int axis : w.layout) shape.push_back(axis < 0 ? 1 : w.shape[axis]);
    return shape;
  }
  Shape shape = matrix_shape(w);
  if (!form.grouped()) return Shape{shape[1 - w.grouped]};
  shape[w.grouped] = (shape[w.grouped] + form.block_size - 1) / form.block_size;
  return shape;
}

QuantizedValues quantized_values(const QuantizedForm& form, const QuantizedWeight& w, const Tensor& value,
                                 const QuantizerRef& quantizer) {
  const auto quantize = [&](const Tensor& x, const std::vector<int>& axes, ops::QuantizedRange range) {
    return quantizer ? (*quantizer)(x) : ops::abs_max_quantize(x, axes, range);
  };
  if (form.mode == "int8") {
    const ops::Quantized q = quantize(value, w.shared, {});
    return {q.values, laid_out(q.scale, w.shared, w.layout), {}, {}};
  }
  const Tensor matrix = prim::reshape(value, matrix_shape(w));
  QuantizedValues out;
  if (!form.grouped()) {
    const ops::Quantized q = quantize(matrix, {w.grouped}, ops::kInt4Range);
    out = {q.values, prim::squeeze(q.scale, w.grouped), {}, {}};
  } else {  // groups are cut along the first axis
    const auto turned = [&](const Tensor& t) { return w.grouped == 0 ? t : prim::transpose(t, {1, 0}); };
    const ops::ZeroPointQuantized q = ops::abs_max_quantize_grouped_with_zero_point(turned(matrix), form.block_size);
    out = {turned(q.values), turned(q.scale), turned(q.zero_point), {}};
  }
  out.weight = ops::pack_int4(out.weight, w.packed);
  return out;
}

// The integers as stored, unpacked.
Tensor integers(const QuantizedForm& form, const QuantizedWeight& w, const Tensor& stored) {
  if (form.mode == "int8") return stored;
  return ops::unpack_int4(stored, matrix_shape(w)[w.packed], w.packed);
}

Tensor dequantized(const QuantizedForm& form, const QuantizedWeight& w, const QuantizedValues& v, DType dtype) {
  const Tensor ints = integers(form, w, v.weight);
  if (form.mode == "int8")
    return ops::divide(prim::cast(ints, dtype), beside_weight(v.scale, w.shared, w.layout, w.shape.rank()));
  const Tensor matrix = !form.grouped() ? ops::divide(prim::cast(ints, dtype), prim::expand_dims(v.scale, w.grouped))
                                        : ops::dequantize_groups(ints, v.scale, v.zero, v.groups, w.grouped);
  return prim::cast(prim::reshape(matrix, w.shape), dtype);
}

}  // namespace

// ---- variables ----

QuantizerRef QuantizableLayer::default_inputs_quantizer(const std::string& mode) const {
  return mode == "int8" ? abs_max_quantizer() : QuantizerRef();
}

void QuantizableLayer::require_mode(const std::string& mode) {
  if (quantizes_to(mode)) return;
  const auto& modes = quantization_modes();
  if (std::find(modes.begin(), modes.end(), mode) == modes.end())
    throw UnsupportedError("Invalid quantization mode. Expected one of ", quantization_modes_text(),
                           ". Received: quantization_mode=", mode);
  throw UnsupportedError("Quantization mode '", mode, "' is not available for ", layer().describe(),
                         ". Received: quantization_mode=", mode);
}

QuantizedForm QuantizableLayer::form_of(const std::string& mode, const QuantizationConfigRef& config) {
  QuantizedForm form{mode};
  if (const auto* own = dynamic_cast<const CalibratedConfig*>(config.pointer().get()); own && form.calibrated())
    form.block_size = own->shared().group_size, form.bits = own->shared().weight_bits;
  else if (const auto* policy = dynamic_cast<const GroupedDTypePolicy*>(&layer().policy()); policy && form.calibrated())
    form.block_size = policy->group_size(), form.bits = policy->weight_bits();
  if (mode != "int4") return form;
  if (const auto* own = dynamic_cast<const Int4QuantizationConfig*>(config.pointer().get()))
    form.block_size = own->block_size();
  else if (const auto* policy = dynamic_cast<const Int4DTypePolicy*>(&layer().policy()))
    form.block_size = policy->group_size();
  return form;
}

void QuantizableLayer::add_variables() {
  Layer& l = layer();
  const std::string& mode = form_.mode;
  const QuantizationConfigRef& config = quantization_config();
  inputs_quantizer_ = config ? config->activation_quantizer() : default_inputs_quantizer(mode);
  parts_.clear();
  groups_ = Variable();
  if (mode == "float8") return add_float8_variables();
  if (form_.calibrated()) return add_calibrated_variables();
  const auto add = [&](const std::string& name, const Shape& shape, const char* initializer,
                       std::optional<DType> dtype) {
    return l.add_weight(name, shape, {.initializer = initializer, .dtype = dtype, .trainable = false});
  };
  for (const QuantizedWeight& w : quantized_weights()) {
    Shape stored = w.shape;
    if (mode == "int4") {
      stored = matrix_shape(w);
      stored[w.packed] = half(stored[w.packed]);
    }
    *w.variable = add(w.name, stored, "zeros", DType::int8);
    Parts parts;
    parts.scale = add(w.name + "_scale", scale_shape(form_, w), "ones", {});
    if (form_.grouped()) {
      parts.zero = add(w.name + "_zero", scale_shape(form_, w), "zeros",
                       w.byte_zeros ? std::optional<DType>(DType::int8) : std::nullopt);
      if (!groups_.defined()) {
        const int64_t places = matrix_shape(w)[w.grouped];
        groups_ = add("g_idx", {places}, "zeros", DType::float32);
        groups_.assign(prim::unary(
            Unary::floor, prim::divide(prim::iota(places, DType::float32),
                                       prim::full({}, static_cast<double>(form_.block_size), DType::float32))));
      }
    }
    parts_.push_back(std::move(parts));
  }
}

void QuantizableLayer::add_float8_variables() {
  Layer& l = layer();
  const auto* policy = dynamic_cast<const QuantizedFloat8DTypePolicy*>(&l.policy());
  const int64_t length = policy ? policy->amax_history_length() : 1024;
  float8_.clear();
  for (const std::string name : {"inputs", "kernel", "outputs_grad"})
    for (const bool scale : {true, false})
      float8_.push_back(l.add_weight(name + (scale ? "_scale" : "_amax_history"), scale ? Shape{} : Shape{length},
                                     {.initializer = scale ? "ones" : "zeros",
                                      .dtype = DType::float32,
                                      .autocast = false,
                                      .overwrite_with_gradient = true}));
}

bool QuantizableLayer::build_quantized() {
  const std::string mode = layer().quantization_mode();
  return !mode.empty() && build_quantized(mode);
}

bool QuantizableLayer::build_quantized(const std::string& mode) {
  EagerScope eager;
  AutocastScope off(std::nullopt);
  require_mode(mode);
  form_ = form_of(mode, quantization_config());
  Unlocked unlocked(layer());
  add_variables();
  return mode != "float8";
}

void QuantizableLayer::quantize_weights(const QuantizationConfigRef& config) {
  Layer& l = layer();
  const std::string mode = config->mode();
  require_mode(mode);
  EagerScope eager;
  AutocastScope off(std::nullopt);
  Unlocked unlocked(l);
  if (QuantizedForm{mode}.calibrated()) return await_calibration(config);
  const std::vector<QuantizedWeight> weights = mode == "float8" ? std::vector<QuantizedWeight>{} : quantized_weights();
  const QuantizedForm form = form_of(mode, config);
  std::vector<QuantizedValues> values;
  for (const QuantizedWeight& w : weights)
    values.push_back(quantized_values(form, w, w.variable->state().value, config->weight_quantizer()));
  for (const QuantizedWeight& w : weights) l.untrack_variable(*w.variable);
  quantization_config() = config;
  form_ = form;
  add_variables();
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i].variable->assign(values[i].weight);
    parts_[i].scale.assign(values[i].scale);
    if (parts_[i].zero.defined()) parts_[i].zero.assign(values[i].zero);
  }
  follow_policy(config);
}

namespace {
// The layer's policy says from now on how its weights are kept.
void follow_quantization(Layer& layer, const QuantizationConfig& config) {
  const DTypePolicy& before = layer.policy();
  layer.set_dtype_policy(before.quantization_mode().empty()
                             ? get_dtype_policy(Value(text(config.policy_mode(), "_from_", before.name())))
                             : layer.dtype_policy());
}
}  // namespace

void QuantizableLayer::follow_policy(const QuantizationConfigRef& config) { follow_quantization(layer(), *config); }

// ---- values ----

QuantizedValues QuantizableLayer::values_of(size_t weight, const QuantizedWeight& w) const {
  const Parts& parts = parts_[weight];
  return {w.variable->value(), parts.scale.value(), parts.zero.defined() ? parts.zero.value() : Tensor(),
          groups_.defined() ? groups_.value() : Tensor()};
}

// ---- calls ----

Tensor QuantizableLayer::product(const Tensor& x, size_t weight, const QuantizedProduct& how, bool training,
                                 bool adapted) {
  if (form_.mode == "float8") return float8_product(x, how, training);
  if (form_.calibrated()) {
    if (observer_) observer_->observe(input_rows(x));
    return how.times(x, calibrated_value(layer().compute_dtype()));
  }
  const Tensor y = integer_product(x, weight, how);
  if (!adapted || !lora_enabled()) return y;
  const Tensor more = how.adapts_apart
                          ? product_from(how.times(x, lora_a().value()))
                          : how.times(x, with_product(prim::full(lora_target().shape, 0, layer().compute_dtype())));
  return prim::cast(ops::add(y, more), layer().compute_dtype());
}

QuantizedProduct QuantizedProduct::einsum(const std::string& forward, const std::string& backward,
                                          std::vector<int> summed, std::vector<int> layout) {
  QuantizedProduct how;
  how.times = [forward](const Tensor& x, const Tensor& w) { return ops::einsum(forward, {Operand(x), Operand(w)}); };
  how.back = [backward](const Tensor& g, const Tensor& w, const Tensor&) {
    return ops::einsum(backward, {Operand(g), Operand(w)});
  };
  how.summed = std::move(summed), how.layout = std::move(layout);
  return how;
}

QuantizedProduct QuantizedProduct::last_axis(std::optional<std::pair<int64_t, int64_t>> columns) {
  QuantizedProduct how = einsum("...i,io->...o", "...o,io->...i", {-1}, {});
  how.columns = columns;
  return how;
}

namespace {
// At once, where it is what one primitive does: values behind some leading axes share a scale.
ops::Quantized quantized_inputs(const Quantizer& quantizer, const Tensor& x, const std::vector<int>& summed) {
  const auto* own = dynamic_cast<const AbsMaxQuantizer*>(&quantizer);
  std::vector<int> axes;
  for (int axis : summed) axes.push_back(axis < 0 ? axis + x.rank() : axis);
  std::sort(axes.begin(), axes.end());
  const int leading = x.rank() - static_cast<int>(axes.size());
  bool last = !axes.empty();
  for (size_t i = 0; i < axes.size(); ++i) last &= axes[i] == leading + static_cast<int>(i);
  if (!own || own->output_dtype() != "int8" || !last || x.dtype() != DType::float32) return quantizer(x, summed);
  const auto range = value_to<std::vector<int64_t>>(own->args.value_range);
  const Tensors made =
      prim::quantize_int8(x, leading, static_cast<double>(range[0]), static_cast<double>(range[1]), own->args.epsilon);
  return {made[0], made[1]};
}
}  // namespace

Tensor QuantizableLayer::integer_product(const Tensor& x, size_t weight, const QuantizedProduct& how) {
  const DType dtype = layer().compute_dtype();
  QuantizedWeight w = quantized_weights()[weight];
  QuantizedValues v = values_of(weight, w);
  if (how.columns) {
    const auto [first, last] = *how.columns;
    const auto taken = [&](const Tensor& t) { return prim::slice_axis(t, t.rank() - 1, first, last); };
    v.weight = taken(v.weight), v.scale = taken(v.scale);
    w.shape[w.shape.rank() - 1] = last - first;
  }
  const Tensor inputs = is_float(x.dtype()) ? x : prim::cast(x, dtype);
  Tensor left = prim::stop_gradient(inputs), inputs_scale;
  if (inputs_quantizer_) {
    const ops::Quantized q = quantized_inputs(*inputs_quantizer_, left, how.summed);
    left = q.values;
    inputs_scale = how.layout.empty() ? q.scale : laid_out(q.scale, how.summed, how.layout);
  }
  Tensor y;
  if (form_.mode == "int8" || (!form_.grouped() && columns_fit(w))) {  // integers meet integers, scales come after
    const Tensor right = prim::reshape(integers(form_, w, v.weight), w.shape);
    Tensor scale = v.scale;
    if (form_.mode == "int4") {
      Shape whole = w.shape;
      for (int axis : w.shared) whole[axis] = 1;
      scale = laid_out(prim::reshape(scale, whole), w.shared, w.layout);
    }
    if (how.scale_shape) scale = prim::reshape(scale, *how.scale_shape);
    if (inputs_scale.defined()) scale = ops::multiply(scale, inputs_scale);
    y = ops::divide(prim::cast(how.times(left, right), dtype), scale);
  } else {
    y = how.times(left, dequantized(form_, w, v, dtype));
    if (inputs_scale.defined()) y = ops::divide(prim::cast(y, dtype), inputs_scale);
  }
  y = prim::cast(y, dtype);
  if (!y.shape().known()) return y;
  return prim::custom_gradient(
      {inputs}, {y}, [form = form_, w, v, dtype, how](std::span<const Tensor> x, const Tensors& gradients) -> Tensors {
        return {how.back(prim::cast(gradients[0], dtype), dequantized(form, w, v, dtype), x[0])};
      })[0];
}

Tensor QuantizableLayer::dequantized_weight(size_t weight) const {
  const QuantizedWeight w = const_cast<QuantizableLayer*>(this)->quantized_weights()[weight];
  return dequantized(form_, w, values_of(weight, w), const_cast<QuantizableLayer*>(this)->layer().compute_dtype());
}

std::pair<Tensor, Tensor> QuantizableLayer::integers_and_scale(size_t weight) const {
  const QuantizedValues v = values_of(weight, const_cast<QuantizableLayer*>(this)->quantized_weights()[weight]);
  return {v.weight, v.scale};
}

namespace {

struct Float8Scale {
  Tensor scale, history;
  // The two after a step with x.
  Tensors after(const Tensor& x, double most) const {
    return {ops::compute_float8_scale(ops::max(history), scale, most), ops::compute_float8_amax_history(x, history)};
  }
};

// x rounded to float8. Its gradient passes; scale and history get their next values as gradients, in training.
Tensor rounded_inputs(const Tensor& x, const Float8Scale& s, DType dtype, bool training) {
  const Tensor y =
      ops::quantize_and_dequantize(prim::stop_gradient(x), prim::stop_gradient(s.scale), "float8_e4m3fn", dtype);
  if (!y.shape().known()) return y;
  return prim::custom_gradient({x, s.scale, s.history}, {y}, [=](std::span<const Tensor>, const Tensors& g) -> Tensors {
    if (!training) return {g[0], {}, {}};
    const Tensors next = s.after(prim::stop_gradient(x), 448);
    return {g[0], next[0], next[1]};
  })[0];
}

// x as it is, whose gradient is rounded to float8.
Tensor rounded_gradient(const Tensor& x, const Float8Scale& s, DType dtype) {
  if (!x.shape().known()) return x;
  return prim::custom_gradient({x, s.scale, s.history}, {x}, [=](std::span<const Tensor>, const Tensors& g) -> Tensors {
    const Tensors next = s.after(g[0], 57344);
    return {ops::quantize_and_dequantize(g[0], s.scale, "float8_e5m2", dtype), next[0], next[1]};
  })[0];
}

}  // namespace

Tensor QuantizableLayer::float8_product(const Tensor& x, const QuantizedProduct& how, bool training) {
  if (lora_enabled()) throw UnsupportedError("float8 products do not go with LoRA, in ", layer().describe(), ".");
  const DType dtype = layer().compute_dtype();
  const auto scale = [&](size_t which) {
    return Float8Scale{float8_[2 * which].value(), float8_[2 * which + 1].value()};
  };
  const Tensor inputs = is_float(x.dtype()) ? x : prim::cast(x, dtype);
  const Tensor kernel = quantized_weights()[0].variable->value();
  const Tensor y =
      how.times(rounded_inputs(inputs, scale(0), dtype, training), rounded_inputs(kernel, scale(1), dtype, training));
  return rounded_gradient(y, scale(2), dtype);
}

// In float8 products of float32 layers it is rounded to bfloat16, as Keras has it for the sake of fused kernels.
Tensor QuantizableLayer::bias_of(const Variable& bias) {
  const Tensor value = bias.value();
  if (form_.mode != "float8" || value.dtype() != DType::float32) return value;
  return prim::cast(prim::cast(value, DType::bfloat16), DType::float32);
}

Tensor QuantizableLayer::rows(const Tensor& indices) {
  const DType dtype = layer().compute_dtype();
  const QuantizedWeight w = quantized_weights()[0];
  const QuantizedValues v = values_of(0, w);
  const auto taken = [&](const Tensor& t) { return ops::take(t, indices, 0); };
  Tensor ints = taken(v.weight);
  if (form_.mode == "int4") ints = ops::unpack_int4(ints, w.shape.back(), -1);
  Tensor out = !form_.grouped()
                   ? ops::divide(prim::cast(ints, dtype), prim::expand_dims(taken(v.scale), indices.rank()))
                   : ops::dequantize_groups(ints, taken(v.scale), taken(v.zero), v.groups, -1);
  if (lora_enabled()) out = ops::add(out, product_from(taken(lora_a().value())));
  return prim::cast(out, dtype);
}

Tensor QuantizableLayer::adapted_kernel() {
  if (form_.calibrated() && !calibration_.waiting) return calibrated_integers();
  if (!quantized() || form_.mode == "float8" || form_.calibrated()) return LoraLayer::adapted_kernel();
  const QuantizedWeight w = quantized_weights()[0];
  const Tensor value = prim::reshape(integers(form_, w, w.variable->value()), w.shape);
  return lora_enabled() ? prim::cast(with_product(value), layer().compute_dtype()) : value;
}

// ---- files ----

QuantizedValues QuantizableLayer::merged(const QuantizedWeight& w) {
  const QuantizedValues now = values_of(0, w);
  if (!lora_enabled()) return now;
  return quantized_values(form_, w, with_product(dequantized(form_, w, now, layer().compute_dtype())), {});
}

// The weight first, what is not quantized, then what stands beside the weight, and further weights.
Variables QuantizableLayer::stored_variables() {
  if (!quantized()) return LoraLayer::stored_variables();
  Variables rest = LoraLayer::stored_variables(), out;
  const std::vector<QuantizedWeight> weights = quantized_weights();
  if (form_.calibrated()) {
    const Variables parts = calibrated_variables();
    std::erase_if(rest, [&](const Variable& v) {
      return v.same(*weights[0].variable) ||
             std::any_of(parts.begin(), parts.end(), [&](const Variable& part) { return part.same(v); });
    });
    rest.insert(rest.end(), parts.begin(), parts.end());
    return rest;
  }
  const auto take = [&](const Variable& v) {
    if (!v.defined()) return;
    std::erase_if(rest, [&](const Variable& other) { return other.same(v); });
    out.push_back(v);
  };
  for (size_t i = 0; i < weights.size(); ++i) {
    take(*weights[i].variable);
    if (i < parts_.size()) take(parts_[i].scale), take(parts_[i].zero);
    if (i == 0) take(groups_);
  }
  for (const Variable& v : float8_) take(v);
  out.insert(out.begin() + 1, rest.begin(), rest.end());
  return out;
}

Tensors QuantizableLayer::stored_values() {
  if (!quantized() || form_.mode == "float8") return LoraLayer::stored_values();
  EagerScope eager;
  AutocastScope off(std::nullopt);
  Tensors out;
  if (form_.calibrated()) {
    if (calibration_.waiting)
      throw ValueError(layer().describe(), " was quantized with mode='", form_.mode,
                       "', and no calibration gave it values. Files have no place for its floating-point weight: ",
                       "quantize the model that it belongs to, with blocks that hold it.");
    for (const Variable& variable : stored_variables()) out.push_back(variable.state().value);
    return out;
  }
  const QuantizedWeight w = quantized_weights()[0];
  const QuantizedValues v = merged(w);
  for (const Variable& variable : stored_variables())
    out.push_back(variable.same(*w.variable)                                  ? v.weight
                  : variable.same(parts_[0].scale)                            ? prim::cast(v.scale, variable.dtype())
                  : parts_[0].zero.defined() && variable.same(parts_[0].zero) ? v.zero
                                                                              : variable.state().value);
  return out;
}

// ---- of any layer ----

void Layer::set_dtype_policy(DTypePolicyPtr policy) {
  auto* map = placed_ ? dynamic_cast<DTypePolicyMap*>(policy_.get()) : nullptr;
  if (map && policy.get() != map) {
    if (map->entries().contains(path_)) map->erase(path_);
    map->set(path_, policy);
  } else {
    policy_ = policy;
  }
  note_change();
  const std::string mode = quantization_mode();
  auto* own = dynamic_cast<QuantizableLayer*>(this);
  const auto* whole = dynamic_cast<const QuantizesParts*>(this);
  if (mode.empty() || !built() || (own && own->quantized()) || (whole && whole->parts_quantized())) return;
  if (mode == "gptq")
    throw ValueError("Implicitly enabling GPTQ quantization by setting `dtype_policy` to '", policy->name(),
                     "' is not supported. GPTQ requires a calibration dataset and a `GPTQConfig` object. Please use "
                     "the `.quantize('gptq', config=...)` method on the layer or model instead.");
  quantize(Value(mode));
}

void Layer::quantize(const Value& mode, const Value& config, bool type_check) {
  const QuantizationConfigRef resolved = resolve_quantization(mode, config);
  if (!built())
    throw ValueError("Cannot quantize a layer that isn't yet built. Layer '", name(), "' (of type '",
                     public_class_name(), "') is not built yet.");
  auto* own = dynamic_cast<QuantizableLayer*>(this);
  const auto* whole = dynamic_cast<const QuantizesParts*>(this);
  if ((own && own->quantized()) || (whole && whole->parts_quantized()))
    throw ValueError("Layer '", name(), "' is already quantized with dtype_policy='", policy().name(),
                     "'. Received: mode=", resolved->mode());
  if (resolved->mode() == "int8" && compute_dtype() == DType::float16)
    throw ValueError(
        "Quantization mode='int8' doesn't work well with compute_dtype='float16'. Consider loading model/layer with "
        "another dtype policy such as 'mixed_bfloat16' or 'mixed_float16' before calling `quantize()`.");
  if ((!own && !whole) || (type_check && user_class))
    throw UnsupportedError("Layer ", public_class_name(), " does not have a `quantize` method implemented.");
  if (own) return own->quantize_weights(resolved);
  for (const LayerPtr& part : whole->quantized_parts()) part->quantize(mode, config, type_check);
  follow_quantization(*this, *resolved);
}

bool QuantizesParts::parts_quantized() const {
  const std::vector<LayerPtr> parts = quantized_parts();
  return std::any_of(parts.begin(), parts.end(), [](const LayerPtr& part) {
    const auto* own = dynamic_cast<const QuantizableLayer*>(part.get());
    return own && own->quantized();
  });
}

bool quantized_beyond_keras(const Layer& layer) {
  const auto* own = dynamic_cast<const QuantizableLayer*>(&layer);
  return (own && !own->quantized_by_keras()) || dynamic_cast<const QuantizesParts*>(&layer);
}

void Layer::quantized_build(const std::string& mode) {
  auto* own = dynamic_cast<QuantizableLayer*>(this);
  if (!own)
    throw UnsupportedError("Layer ", public_class_name(), " does not have a `quantized_build` method implemented.");
  own->build_quantized(mode);
}

void Layer::require_quantized_call() const {
  const std::string mode = quantization_mode();
  if (mode.empty())
    throw UnsupportedError("Invalid quantization mode. Expected one of ", quantization_modes_text(),
                           ". Received: quantization_mode=None");
  const auto* own = dynamic_cast<const QuantizableLayer*>(this);
  if (mode == "int8" && dynamic_cast<const QuantizesParts*>(this)) return;
  if (!own || !own->quantizes_to(mode))
    throw UnsupportedError("Layer ", public_class_name(), " does not have a `_", mode, "_call` method implemented.");
}

}  // namespace lamina
