#pragma once
// Weights in several files: "x.weights.json" names the files "x_00000.weights.h5", ... and what each holds, as Keras'
// max_shard_size does.
#include <map>

#include "serialization/models/weight_store.h"

namespace lamina {

// "x.weights.json" for "x.weights.h5", with a warning; other names ValueError.
std::string shard_index_path(const std::string& path);

// Everything appears on finish(): the shards one after the other, then the index. Each file is whole at any time; a
// reader between two of them sees files of two models.
class ShardSink final : public WeightSink {
 public:
  // `max_bytes` of variables in one file. ValueError from put() for a variable larger than that.
  ShardSink(std::string index_path, double max_bytes);
  ~ShardSink() override;
  void begin(const std::string& path, const std::string& name) override;
  void put(const std::string& key, const Tensor& value) override;
  void finish();

 private:
  struct Shard {
    std::string name;
    Hdf5Writer file;
  };
  void open_shard();
  std::string index_path_, base_;
  double max_bytes_, current_bytes_ = 0, total_bytes_ = 0;
  std::vector<Shard> shards_;
  std::string group_, object_name_;
  struct Group {
    std::string path;
    std::vector<std::string> shards;
    int variables = 0;
  };
  std::vector<Group> groups_;  // that hold variables
};

// Weights in several files, by their index.
class ShardSource final : public WeightSource {
 public:
  // IOError if the index or a shard is missing, ValueError if the index is not one or names files outside its folder.
  explicit ShardSource(const std::string& index_path);
  const std::string& name() const override { return index_path_; }
  bool contains(const std::string& path) override { return map_.count(variables_group(path)) > 0; }
  std::vector<std::string> keys(const std::string& path) override;
  TensorSpec spec(const std::string& path, const std::string& key) override {
    return holding(path, key).spec(path, key);
  }
  Tensor read(const std::string& path, const std::string& key) override { return holding(path, key).read(path, key); }

 private:
  struct Shard {
    Hdf5Reader file;
    Hdf5Source source;
    explicit Shard(const std::string& path) : file(path), source(file) {}
  };
  Hdf5Source& shard(const std::string& name);
  Hdf5Source& holding(const std::string& path, const std::string& key);
  std::string index_path_;
  std::map<std::string, std::vector<std::string>> map_;  // group -> file names
  std::map<std::string, std::unique_ptr<Shard>> open_;
};

}  // namespace lamina
