#pragma once
// Where the variables of a model go: groups at "layers/dense" whose "vars" hold datasets "0", "1", ... (or other names,
// where a class writes its own). One .weights.h5 file, or several of them under an index (weight_shards.h).
#include "serialization/formats/hdf5/hdf5_store.h"

namespace lamina {

class WeightSink {
 public:
  virtual ~WeightSink() = default;
  // Begins the variables of the object at `path` ("" is the model itself); `name` is the object's own.
  virtual void begin(const std::string& path, const std::string& name) = 0;
  // One variable of the object begun last. `key` may hold slashes. ValueError if it was put already.
  virtual void put(const std::string& key, const Tensor& value) = 0;
};

// Where a model's weights are read from.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual const std::string& name() const = 0;  // of the file, for messages
  // Whether the file has variables (or an empty group for them) of the object at `path`.
  virtual bool contains(const std::string& path) = 0;
  // Their names, numbers first and by value; empty if the file has none.
  virtual std::vector<std::string> keys(const std::string& path) = 0;
  // Shape and type without the data; then the data. Errors as Hdf5Reader's.
  virtual TensorSpec spec(const std::string& path, const std::string& key) = 0;
  virtual Tensor read(const std::string& path, const std::string& key) = 0;
};

// "layers/dense" -> "/layers/dense/vars", "" -> "/vars".
inline std::string variables_group(const std::string& path) { return path.empty() ? "/vars" : "/" + path + "/vars"; }

// Into an HDF5 file, in Keras' layout.
class Hdf5Sink final : public WeightSink {
 public:
  explicit Hdf5Sink(Hdf5Writer& file) : file_(file) {}
  void begin(const std::string& path, const std::string& name) override {
    group_ = variables_group(path);
    file_.group(group_);
    if (!name.empty()) file_.string_attribute(group_, "name", name);
  }
  void put(const std::string& key, const Tensor& value) override { file_.dataset(group_ + "/" + key, value); }

 private:
  Hdf5Writer& file_;
  std::string group_;
};

// From an HDF5 file in Keras' layout. The file must live as long.
class Hdf5Source final : public WeightSource {
 public:
  explicit Hdf5Source(const Hdf5Reader& file)
      : file_(file), legacy_names_(file.contains("_layer_checkpoint_dependencies")) {}
  const std::string& name() const override { return file_.name(); }
  bool contains(const std::string& path) override { return file_.contains(group(path)); }
  std::vector<std::string> keys(const std::string& path) override;
  TensorSpec spec(const std::string& path, const std::string& key) override {
    return file_.spec(group(path) + "/" + key);
  }
  Tensor read(const std::string& path, const std::string& key) override { return file_.read(group(path) + "/" + key); }

 private:
  std::string group(const std::string& path) const;
  const Hdf5Reader& file_;
  bool legacy_names_;  // files of Keras 2.12 and 2.13 call "layers" "_layer_checkpoint_dependencies"
};

}  // namespace lamina
