#pragma once
// Configs of legacy .h5 files: those that Keras 3 writes there (objects without module), and those of Keras 2 and
// tf.keras.
#include "backends/core/value.h"

namespace lamina {

// The "model_config" of a file as a serialized model of today: "layers" as a bare list, `batch_input_shape`, class
// "Model", nodes as nested lists, dtype policies, initializers' dtypes, wrapped layers, arguments that are gone.
// ValueError naming the place if it is no config.
Value modern_model_config(const Value& legacy);
// The "training_config" as a compile config: optimizers (lr, decay, "Custom>Adam", loss scaling), losses and metrics.
// Warns of what has no counterpart any more.
Dict modern_compile_config(const Value& legacy);

// A serialized model as Keras 3 writes it to .h5: layers as {"class_name", "config"} and their nodes.
Value legacy_model_config(const Value& serialized);
// A compile config (optimizer, loss, metrics serialized) as a "training_config".
Dict legacy_training_config(const Dict& compile_config);

}  // namespace lamina
