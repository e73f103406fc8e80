#include "api/quantize.h"

#include <set>

#include "api/layer_by_layer.h"
#include "backends/core/engine.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "layers/quantization/quantizable.h"

namespace lamina {

void quantize(Model& model, const Value& mode, const Value& config, const QuantizeOptions& options) {
  const std::string chosen = resolve_quantization(mode, config)->mode();
  if (chosen == "gptq" || chosen == "awq")
    throw ValueError("Quantization with mode='", chosen, "' needs data. Call quantize_calibrated() with samples.");
  if (options.all_layers && chosen != "int8")
    throw ValueError(
        "`all_layers` is for mode='int8': the layers beyond Keras' have no other quantized form. Received: ", "mode='",
        chosen, "'");
  bool any = false;
  std::set<const Layer*> parts;  // which are quantized with the layer that is made of them
  for (const LayerPtr& layer : model.flatten_layers()) {
    if (options.filter && !options.filter(layer)) continue;
    const auto* whole = options.all_layers ? dynamic_cast<const QuantizesParts*>(layer.get()) : nullptr;
    if (parts.contains(layer.get()) || (!whole && layer->flatten_layers().size() != 1)) continue;
    try {
      if (!options.all_layers && quantized_beyond_keras(*layer))
        throw UnsupportedError("Layer ", layer->public_class_name(), " does not have a `quantize` method implemented",
                               chosen == "int8" ? " by Keras, and stays as it is. With `all_layers=True` it is "
                                                  "quantized, too, but Keras cannot read the model's files then."
                                                : ".");
      layer->quantize(mode, config, options.type_check);
      any = true;
      if (whole)
        for (const LayerPtr& part : whole->quantized_parts()) parts.insert(part.get());
    } catch (const UnsupportedError& e) { warn(e.what()); }
  }
  if (any) model.invalidate_functions();
}

// ---- calibration ----

Tensors calibration_samples(const std::vector<int32_t>& tokens, const CalibratedConfig& config, int64_t offset) {
  const int64_t count = config.shared().num_samples, length = config.shared().sequence_length;
  if (tokens.empty()) throw ValueError("The dataset to calibrate with has no tokens.");
  if (offset < 0) throw ValueError("`offset` must not be negative. Received: offset=", offset);
  const int64_t given = static_cast<int64_t>(tokens.size()), wanted = multiply_sizes(count, length);
  const int64_t size = given < wanted ? multiply_sizes(given, (wanted + given - 1) / given) : given;
  const int64_t starts = size - length + 1, stride = std::max<int64_t>(1, starts / count);
  Tensors samples;
  for (int64_t i = 0; i < count; ++i) {
    std::vector<int32_t> window;
    const int64_t start = (offset % starts + i * stride) % starts;
    for (int64_t t = 0; t < length; ++t) window.push_back(tokens[static_cast<size_t>((start + t) % given)]);
    samples.push_back(Tensor::of(window, {1, length}));
  }
  return samples;
}

namespace {

// Calibrations of a block's layers, which see inputs while it lives.
class Watch {
 public:
  explicit Watch(const std::vector<QuantizableLayer*>& layers) : layers_(layers) {
    for (QuantizableLayer* layer : layers_) calibrations_.push_back(layer->begin_calibration());
    for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->observe_by(calibrations_[i].get());
  }
  ~Watch() { stop(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  void finish() {
    stop();
    for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->finish_calibration(*calibrations_[i]);
  }

 private:
  void stop() {
    for (QuantizableLayer* layer : layers_) layer->observe_by(nullptr);
  }
  const std::vector<QuantizableLayer*>& layers_;
  std::vector<std::unique_ptr<Calibration>> calibrations_;
};

// A block's outputs for a sample, without an axis for the batch, of which there is one.
Value run(const LayerPtr& block, const Value& sample) {
  Value input = sample;
  if (input.is_tensor() && input.as_tensor().rank() == 2) input = prim::expand_dims(input.as_tensor(), 0);
  return block->invoke({input});
}
Value first_of(const Value& outputs) {
  if (outputs.is_sequence() && !outputs.as_list().empty()) return outputs.as_list()[0];
  if (!outputs.is_tensor() || outputs.as_tensor().rank() == 0)
    throw ValueError("A block must give a tensor or a list of tensors. Received: ", outputs.repr());
  return prim::squeeze(prim::slice_axis(outputs.as_tensor(), 0, 0, 1), 0);
}

// The layers of a block that wait for calibration from now on. `seen`: those of blocks before.
std::vector<QuantizableLayer*> prepared(const LayerPtr& block, const std::shared_ptr<CalibratedConfig>& config,
                                        const std::function<bool(const LayerPtr&)>& filter, bool type_check,
                                        std::set<Layer*>& seen) {
  std::vector<QuantizableLayer*> out;
  for (const LayerPtr& layer : block->flatten_layers()) {
    if (layer->flatten_layers().size() != 1 || (filter && !filter(layer)) || !seen.insert(layer.get()).second) continue;
    try {
      auto* own = dynamic_cast<QuantizableLayer*>(layer.get());
      if (!own || !own->waits_for_calibration()) layer->quantize(Value(), Value(ObjectPtr(config)), type_check);
      if (own) out.push_back(own);
    } catch (const UnsupportedError& e) { warn(e.what()); }
  }
  return out;
}

}  // namespace

void quantize_calibrated(Model& model, const std::shared_ptr<CalibratedConfig>& config,
                         const QuantizationStructure& structure, const Tensors& samples,
                         const std::function<bool(const LayerPtr&)>& filter, bool type_check) {
  if (structure.blocks.empty())
    throw ValueError("No sequential blocks found in the structure to quantize: its 'sequential_blocks' are empty.");
  if (samples.empty()) throw ValueError("There are no samples to calibrate with.");
  const EagerScope eager;
  const LayerByLayer scope;
  std::vector<Value> inputs;
  for (const Tensor& sample : samples) {
    Value x = sample;
    for (const LayerPtr& layer : structure.before) x = layer->invoke({x});
    inputs.push_back(std::move(x));
  }
  std::set<Layer*> seen;
  std::vector<std::vector<QuantizableLayer*>> layers;
  for (const LayerPtr& block : structure.blocks) layers.push_back(prepared(block, config, filter, type_check, seen));
  for (size_t b = 0; b < structure.blocks.size(); ++b) {
    const LayerPtr& block = structure.blocks[b];
    if (!layers[b].empty()) {
      Watch watch(layers[b]);
      for (const Value& input : inputs) run(block, input);
      watch.finish();
      model.invalidate_functions();
    }
    if (b + 1 < structure.blocks.size())
      for (Value& input : inputs) input = first_of(run(block, input));
  }
}

}  // namespace lamina
