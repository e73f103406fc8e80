#include "serialization/models/model_io.h"

#include <ctime>
#include <filesystem>
#include <istream>
#include <iterator>

#include "api/model_saver.h"
#include "backends/core/warning.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/json/json.h"
#include "serialization/models/keras2_meaning.h"
#include "serialization/models/legacy_h5.h"
#include "serialization/models/training_backup.h"
#include "serialization/models/weight_shards.h"
#include "serialization/models/weight_state.h"
#include "serialization/objects/weight_budget.h"

namespace lamina {

namespace {

constexpr const char *kWeights = "model.weights.h5", *kConfig = "config.json";

[[maybe_unused]] const bool handed_in = [] {
  set_model_saver({[](const Model& model, const std::string& path) { save_model(model, path); },
                   [](const Model& model, const std::string& path) { save_weights(model, path); },
                   [](Model& model, const std::string& path) { load_weights(model, path); },
                   [](const Model& model) { return model_to_json(model); }, write_training_backup,
                   read_training_backup});
  return true;
}();

bool is_legacy(const std::string& path) { return path.ends_with(".h5") || path.ends_with(".hdf5"); }

void refuse_existing(const std::string& path, bool overwrite) {
  if (!overwrite && std::filesystem::exists(path))
    throw IOError("The file ", path, " exists and overwrite is false. Choose another path, or pass overwrite=True.");
}

std::string now() {
  std::time_t t = std::time(nullptr);
  std::tm local{};
  localtime_r(&t, &local);
  char buffer[40];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%d@%H:%M:%S", &local);
  return buffer;
}

Value model_config(const Layer& model) {
  return serialize_object(std::const_pointer_cast<Object>(model.shared_from_this()));
}

std::string weights_image(const Layer& model, const std::vector<ObjectPtr>& objects_to_skip = {}) {
  Hdf5Writer writer = Hdf5Writer::in_memory(kWeights);
  Hdf5Sink sink(writer);
  save_variables(model, sink, objects_to_skip);
  return writer.take_bytes();
}

void save_archive(const Layer& model, const std::string& path, bool zipped) {
  ArchiveWriter archive(path, zipped);
  archive.add("metadata.json", to_json(Dict{{"keras_version", "3.15.1"}, {"date_saved", now()}}));
  archive.add(kConfig, to_json(model_config(model)));
  archive.add(kWeights, weights_image(model));
  AssetFolder assets;
  if (save_assets(model, assets)) assets.add_to(archive);
  archive.finish();
}

Hdf5Reader weights_of(const ArchiveReader& archive) {
  if (!archive.contains(kWeights))
    throw ValueError("The archive ", archive.path(), " holds no ", kWeights,
                     archive.contains("model.weights.npz")
                         ? "; its .npz weights are pickled Python objects, which are not read."
                         : ".");
  return Hdf5Reader::from_memory(archive.read(kWeights), archive.path() + ":" + kWeights);
}

// What wrote the file; Keras 3's own where nothing says it, as only that format's first writers (of Keras 2.12 on) are
// older.
std::string keras_version_of(const ArchiveReader& archive) {
  constexpr const char* kMetadata = "metadata.json";
  if (!archive.contains(kMetadata)) return "3";
  Value metadata = parse_json(archive.read(kMetadata), archive.path() + ":" + kMetadata);
  const Value* version = metadata.is_dict() ? metadata.as_dict().find("keras_version") : nullptr;
  return version && version->is_string() ? version->as_string() : "3";
}

// A file that is there and no zip, or a damaged one.
template <class Open>
ArchiveReader opened(const std::string& name, const Open& open) {
  try {
    return open();
  } catch (const IOError& error) {
    throw ValueError("File not supported: filepath=", name,
                     ". Please ensure the file is an accessible `.keras` zip file. ", error.what());
  }
}

LayerPtr load_archive(const ArchiveReader& archive, bool compile) {
  const std::string& path = archive.path();
  if (!archive.contains(kConfig))
    throw ValueError("The archive ", path, " holds no ", kConfig, ": it is not a Keras model.");
  Value config = parse_json(archive.read(kConfig), path + ":" + kConfig);
  if (before_keras3(keras_version_of(archive))) config = with_keras2_meaning(config);
  if (!compile && config.is_dict()) config.as_dict().erase("compile_config");
  Hdf5Reader file = weights_of(archive);
  WeightBudget budget(path, [&] { return file.bytes_of_datasets(); });
  auto model = std::dynamic_pointer_cast<Layer>(get_object(config, "keras.models"));
  if (!model) throw ValueError("The file ", path, " does not hold a model.");
  Hdf5Source source(file);
  AssetFolder assets;
  bool any = assets.fill_from(archive);
  load_state(*model, source, any ? &assets : nullptr, false);
  return model;
}

}  // namespace

void save_model(const Model& model, const std::string& path, const SaveOptions& options) {
  if (!options.zipped || !is_legacy(path)) return save_layer(model, path, options);
  warn(
      "You are saving your model as an HDF5 file via `model.save()` or `keras.saving.save_model(model)`. This file "
      "format is considered "
      "legacy. We recommend using instead the native Keras format, e.g. `model.save('my_model.keras')` or "
      "`keras.saving.save_model(model, 'my_model.keras')`. ");
  refuse_existing(path, options.overwrite);
  save_legacy_model(model, path, options.include_optimizer);
}

void save_layer(const Layer& model, const std::string& path, const SaveOptions& options) {
  if (options.zipped && !path.ends_with(".keras"))
    throw ValueError(
        "Invalid filepath extension for saving. Please add either a `.keras` extension for the native Keras format "
        "(recommended) or "
        "a `.h5` extension. Received: filepath=",
        path, ".");
  if (!options.zipped && path.ends_with(".keras"))
    throw ValueError(
        "When using `zipped=False`, the `filepath` argument should not end in `.keras`. Received: filepath=", path);
  refuse_existing(path, options.overwrite);
  if (!model.built())
    warn(
        "You are saving a model that has not yet been built. It might not contain any weights yet. Consider building "
        "the model first by "
        "calling it on some data.");
  save_archive(model, path, options.zipped);
}

void save_weights(const Model& model, const std::string& path, bool overwrite, std::optional<double> max_shard_size,
                  const std::vector<ObjectPtr>& objects_to_skip) {
  if (!max_shard_size && !path.ends_with(".weights.h5"))
    throw ValueError("The filename must end in `.weights.h5`. Received: filepath=", path);
  if (max_shard_size && !path.ends_with("weights.h5") && !path.ends_with("weights.json"))
    throw ValueError("The filename must end in `.weights.json` when `max_shard_size` is specified. Received: filepath=",
                     path);
  if (!model.built())
    throw ValueError(
        "You are saving a model that has not yet been built. Try building the model first by calling it on some data "
        "or by using `build()`.");
  refuse_existing(path, overwrite);
  if (!max_shard_size) return write_file(path, weights_image(model, objects_to_skip));
  constexpr double kGigabyte = 1024.0 * 1024 * 1024;
  ShardSink sink(shard_index_path(path), *max_shard_size * kGigabyte);
  save_variables(model, sink, objects_to_skip);
  sink.finish();
}

void load_weights(Model& model, const std::string& path, const LoadWeightsOptions& options) {
  bool own = path.ends_with(".weights.h5"), sharded = path.ends_with(".weights.json"),
       archived = path.ends_with(".keras");
  if (!own && !sharded && !archived && !is_legacy(path))
    throw ValueError(
        "File format not supported: filepath=", path,
        ". Keras 3 only supports V3 `.keras` files, `.weights.h5` files, or legacy H5 format files (`.h5` extension).");
  if (options.by_name && (own || sharded || archived))
    throw ValueError("`by_name` only supports loading legacy '.h5' or '.hdf5' files. Received: ", path);
  if (!options.objects_to_skip.empty() && !own)
    throw ValueError("`objects_to_skip` only supports loading '.weights.h5' files. Received: ", path);
  if (!model.built())
    throw ValueError(
        "You are loading weights into a model that has not yet been built. Try building the model first by calling it "
        "on some data "
        "or by using `build()`.");
  if (archived) {
    ArchiveReader archive(path);
    Hdf5Reader file = weights_of(archive);
    Hdf5Source source(file);
    return load_state(model, source, nullptr, options.skip_mismatch, options.objects_to_skip);
  }
  if (sharded) {
    ShardSource source(path);
    return load_state(model, source, nullptr, options.skip_mismatch, options.objects_to_skip);
  }
  Hdf5Reader file(path);
  if (!own) return load_legacy_weights(model, file, options.by_name, options.skip_mismatch);
  Hdf5Source source(file);
  load_state(model, source, nullptr, options.skip_mismatch, options.objects_to_skip);
}

ModelPtr load_model(const std::string& path, bool compile) {
  auto model = std::dynamic_pointer_cast<Model>(load_layer(path, compile));
  if (!model) throw ValueError("The file ", path, " holds a layer, not a model.");
  return model;
}

ModelPtr load_model_from_bytes(std::string bytes, bool compile, const std::string& name) {
  if (bytes.starts_with("\x89HDF")) return load_legacy_model(Hdf5Reader::from_memory(std::move(bytes), name), compile);
  if (!bytes.starts_with("PK"))
    throw ValueError("File format not supported: ", name, " holds ", bytes.size(),
                     " bytes that are neither a `.keras` archive nor an `.h5` file.");
  const ArchiveReader archive = opened(name, [&] { return ArchiveReader::from_memory(std::move(bytes), name); });
  auto model = std::dynamic_pointer_cast<Model>(load_archive(archive, compile));
  if (!model) throw ValueError("The file ", name, " holds a layer, not a model.");
  return model;
}

ModelPtr load_model(std::istream& stream, bool compile, const std::string& name) {
  std::string bytes(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) throw IOError("Cannot read ", name, ": the stream failed after ", bytes.size(), " bytes.");
  return load_model_from_bytes(std::move(bytes), compile, name);
}

LayerPtr load_layer(const std::string& path, bool compile) {
  namespace fs = std::filesystem;
  bool exists = fs::exists(path), directory = fs::is_directory(path);
  if (directory && !fs::exists(path + "/" + kConfig))
    throw ValueError("File format not supported: filepath=", path, " is a directory without a ", kConfig,
                     ". TensorFlow SavedModels are not read; save the model as a `.keras` file.");
  if (directory || (exists && path.ends_with(".keras")))
    return load_archive(opened(path, [&] { return ArchiveReader(path); }), compile);
  if (path.ends_with(".keras"))
    throw ValueError("File not found: filepath=", path, ". Please ensure the file is an accessible `.keras` zip file.");
  if (is_legacy(path)) return load_legacy_model(Hdf5Reader(path), compile);
  throw ValueError("File format not supported: filepath=", path,
                   ". Keras 3 only supports V3 `.keras` files, legacy H5 format files (`.h5` extension).",
                   exists ? "" : " There is no such file.");
}

std::string model_to_json(const Model& model, int indent) { return to_json(model_config(model), indent); }

ModelPtr model_from_json(const std::string& json) {
  Value config = parse_json(json, "model JSON");
  if (const Value* version = config.is_dict() ? config.as_dict().find("keras_version") : nullptr;
      version && version->is_string() && before_keras3(version->as_string()))
    config = with_keras2_meaning(config);
  auto model = std::dynamic_pointer_cast<Model>(get_object(config, "keras.models"));
  if (!model) throw ValueError("The JSON does not describe a model.");
  return model;
}

}  // namespace lamina
