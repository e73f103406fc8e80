#pragma once
// GPTQ and AWQ of whole models: which layers, in which order, and with what data.
#include "api/model.h"
#include "layers/quantization/calibration.h"

namespace lamina {

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
