#include "api/model.h"
#include "backends/core/warning.h"
#include "layers/quantization/quantizer.h"

namespace lamina {

void Model::quantize_layers(const Value& mode, const Value& config, const std::function<bool(const LayerPtr&)>& filter,
                            bool type_check) {
  if (const std::string chosen = resolve_quantization(mode, config)->mode(); chosen == "gptq" || chosen == "awq")
    throw UnsupportedError("Quantization with calibration (", chosen,
                           ") is not available. Use \"int8\" or \"int4\", which need no data.");
  bool any = false;
  for (const LayerPtr& layer : flatten_layers()) {
    if (filter && !filter(layer)) continue;
    if (layer->flatten_layers().size() != 1) continue;
    try {
      layer->quantize(mode, config, type_check);
      any = true;
    } catch (const UnsupportedError& e) { warn(e.what()); }
  }
  if (any) invalidate_functions();
}

}  // namespace lamina
