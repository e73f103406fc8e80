#pragma once
// Legacy .h5 files: a model's config, training config and weights by layer name, in one HDF5 file.
#include "api/model.h"
#include "serialization/formats/hdf5/hdf5_store.h"

namespace lamina {

// Errors of reading: ValueError if the file holds no model config, or weights that do not fit (naming layer, expected
// and found); what Hdf5Reader throws for damaged files. Of optimizer state that does not fit only a warning.
ModelPtr load_legacy_model(const Hdf5Reader& file, bool compile);
// Weights by the order of layers that have some, or by layer names. The file is a whole model or weights alone.
// Everything is checked before any weight changes.
void load_legacy_weights(Model& model, const Hdf5Reader& file, bool by_name, bool skip_mismatch);
void save_legacy_model(const Model& model, const std::string& path, bool include_optimizer);

}  // namespace lamina
