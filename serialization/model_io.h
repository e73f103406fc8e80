#pragma once
// Models in Keras' files: .keras archives, .weights.h5 files and JSON configs. Files are written whole or not at all;
// reading checks everything against the model before any weight changes.
#include "api/model.h"

namespace lamina {

// `path` must end in ".keras" (or name a directory, with zipped=false). IOError if it exists and overwrite is false.
void save_model(const Model& model, const std::string& path, bool overwrite = true, bool zipped = true);
// ".weights.h5".
void save_weights(const Model& model, const std::string& path, bool overwrite = true);
// ValueError naming the layer, the expected and the stored shapes if the file does not fit. With skip_mismatch such
// layers keep their values.
void load_weights(Model& model, const std::string& path, bool skip_mismatch = false);
// A model from a .keras file, with its optimizer state if it was compiled and `compile` is true. No code is run.
ModelPtr load_model(const std::string& path, bool compile = true);

std::string model_to_json(const Model& model, int indent = -1);
ModelPtr model_from_json(const std::string& json);

}  // namespace lamina
