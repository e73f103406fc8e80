#pragma once

namespace lamina {

// While it lives, models that this thread calls run layer by layer, never as a compiled graph: whoever looks into
// layers sees values. Other threads go on as they were.
class LayerByLayer {
 public:
  LayerByLayer();
  ~LayerByLayer();
  LayerByLayer(const LayerByLayer&) = delete;
  LayerByLayer& operator=(const LayerByLayer&) = delete;
  static bool active();  // on the calling thread
};

}  // namespace lamina
