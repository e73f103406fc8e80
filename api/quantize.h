#pragma once
// Whole models: which layers are quantized, and for GPTQ and AWQ in which order and with what data.
#include "api/model.h"
#include "layers/quantization/calibration.h"

namespace lamina {

// Which layers of a model quantize() is for.
struct QuantizeOptions {
  std::function<bool(const LayerPtr&)> filter = {};  // those of which it is true; all where there is none
  bool type_check = true;                            // whether classes that users derived are left out
  // Layers too that Keras leaves in floating point: convolutions, SimpleRNN, LSTM, GRU and their cells. "int8" alone.
  // Keras cannot read the model's files then.
  bool all_layers = false;
};

// Quantizes the layers of a model that have no layers of their own (Layer::quantize), and with `all_layers` recurrent
// ones with their cells. Those that have no quantized form, or one that Keras does not have without `all_layers`, stay
// as they are, with a warning. ValueError for `all_layers` with another mode than "int8", and as of Layer::quantize.
void quantize(Model& model, const Value& mode, const Value& config = {}, const QuantizeOptions& options = {});

// How a model is gone through: samples go through the layers `before` one after the other, and then from block to
// block.
struct QuantizationStructure {
  std::vector<LayerPtr> before, blocks;
};

// Windows of so many tokens as config says, each a tensor (1, sequence_length) of int32: at even distances, the first
// `offset` tokens from the beginning; of tokens again where there are too few. ValueError if there are none.
Tensors calibration_samples(const std::vector<int32_t>& tokens, const CalibratedConfig& config, int64_t offset = 0);

// Quantizes by GPTQ or AWQ, as `config` says, the layers of the blocks that have such a form and of which `filter` is
// true: block by block, so that each sees what those before it have become. All others stay as they are, with a warning
// where they are in a block and might have been meant. ValueError if there are no blocks or samples.
void quantize_calibrated(Model& model, const std::shared_ptr<CalibratedConfig>& config,
                         const QuantizationStructure& structure, const Tensors& samples,
                         const std::function<bool(const LayerPtr&)>& filter = {}, bool type_check = true);

}  // namespace lamina
