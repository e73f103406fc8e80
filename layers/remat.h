#pragma once
// Keras' RematScope: which layers keep no intermediate values for their gradient, but compute them again
// (ops/recompute/recompute.h).
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/core/value.h"

namespace lamina {

// What a scope asks of the layers that are made in it.
struct RematMode {
  enum class Kind {
    none,            // nothing, also within a scope that asks for more
    full,            // every layer
    activations,     // the activation functions of layers that have one as an argument
    larger_than,     // layers whose outputs have more elements than output_size_threshold
    list_of_layers,  // layers of these names
  };
  Kind kind = Kind::none;
  int64_t output_size_threshold = 1024;
  std::vector<std::string> layer_names = {};
};
// By Keras' name of the mode; None is none. ValueError for others.
RematMode::Kind remat_kind(const std::optional<std::string>& name);

// Layers that this thread makes while it lives have this mode. Scopes nest; the innermost counts.
class RematScope {
 public:
  explicit RematScope(RematMode mode);
  ~RematScope();
  RematScope(const RematScope&) = delete;
  RematScope& operator=(const RematScope&) = delete;

 private:
  std::shared_ptr<const RematMode> before_;
};
std::shared_ptr<const RematMode> current_remat_mode();  // null outside of scopes

// A layer's call by its mode (null: none). Within a call that is computed again as a whole, layers are not once more.
Value remat_call(const RematMode* mode, const std::string& layer, const std::function<Value()>& call);
// An activation function of a layer, by the mode of the layer whose call is under way.
Tensor remat_activation(const std::function<Tensor()>& activation);

// f(), computed again for its gradient: the function behind keras.remat.
Value remat_value(const std::function<Value()>& f);

}  // namespace lamina
