#pragma once
// Models in Keras' files: .keras archives, .weights.h5 files (whole or in shards), legacy .h5 files, and JSON configs.
// Files are written whole or not at all; reading checks everything against the model before any weight changes.
#include <iosfwd>

#include "api/model.h"

namespace lamina {

struct SaveOptions {
  bool overwrite = true;          // if not, IOError where the file exists
  bool zipped = true;             // false: `path` is a directory with an archive's members
  bool include_optimizer = true;  // of .h5 files
};
// ".keras", or ".h5" / ".hdf5" (with a warning: legacy), or a directory. ValueError for other endings. A model that was
// never built is saved with a warning.
void save_model(const Model& model, const std::string& path, const SaveOptions& options);
inline void save_model(const Model& model, const std::string& path, bool overwrite = true, bool zipped = true) {
  save_model(model, path, SaveOptions{overwrite, zipped, true});
}

// A layer by itself, as ".keras" or a directory: what load_layer() reads.
void save_layer(const Layer& layer, const std::string& path, const SaveOptions& options = {});

// ".weights.h5"; with max_shard_size (in GB) an index ".weights.json" and shards of at most that size beside it.
// ValueError for other endings, for a model without weights yet, and for a variable larger than a shard.
// Layers and other objects in `objects_to_skip`, and what only they lead to, are left out.
void save_weights(const Model& model, const std::string& path, bool overwrite = true,
                  std::optional<double> max_shard_size = {}, const std::vector<ObjectPtr>& objects_to_skip = {});

// What load_weights() makes of files that do not fit whole.
struct LoadWeightsOptions {
  bool skip_mismatch = false;                   // what does not fit keeps its values, with a warning
  bool by_name = false;                         // of legacy .h5 files: layers by their names, others are left
  std::vector<ObjectPtr> objects_to_skip = {};  // of files that are not legacy: these keep their values, too
};
// ".keras", ".weights.h5", ".weights.json" or legacy ".h5" / ".hdf5". IOError if it is missing; ValueError naming the
// layer, the expected and the stored counts or shapes if it does not fit.
void load_weights(Model& model, const std::string& path, const LoadWeightsOptions& options);
inline void load_weights(Model& model, const std::string& path, bool skip_mismatch = false) {
  load_weights(model, path, LoadWeightsOptions{.skip_mismatch = skip_mismatch});
}

// A model from a .keras file, a directory of one, or a legacy .h5 file, with its optimizer state if it was compiled and
// `compile` is true. No code is run. ValueError for a missing file, another format or a file that does not fit its own
// config; TypeError for a class that is not known, with how to register it.
ModelPtr load_model(const std::string& path, bool compile = true);
// The same of a file's bytes: a resource of the program, a message, the rest of a stream. `name` stands for the path in
// errors. IOError for a stream that fails.
ModelPtr load_model_from_bytes(std::string bytes, bool compile = true, const std::string& name = "memory");
ModelPtr load_model(std::istream& stream, bool compile = true, const std::string& name = "stream");

// The same, where the file may hold a layer that is no model.
LayerPtr load_layer(const std::string& path, bool compile = true);

// The architecture as Keras' to_json() writes it, on one line where `indent` is negative; and a model of it, with
// fresh
// weights. ValueError for text that is no model's, with line and column.
std::string model_to_json(const Model& model, int indent = -1);
ModelPtr model_from_json(const std::string& json);

}  // namespace lamina
