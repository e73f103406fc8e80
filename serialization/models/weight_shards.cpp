#include "serialization/models/weight_shards.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "backends/core/error.h"
#include "backends/core/warning.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/json/json.h"

namespace lamina {

namespace fs = std::filesystem;

namespace {

std::string readable(double bytes) {
  const char* units[] = {"B", "KB", "MB", "GB", "TB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 4) bytes /= 1024, ++unit;
  char out[40];
  std::snprintf(out, sizeof out, "%.2f %s", bytes, units[unit]);
  return out;
}

std::string sibling(const std::string& path, const std::string& name) {
  return (fs::path(path).parent_path() / name).string();
}

}  // namespace

std::string shard_index_path(const std::string& path) {
  if (path.ends_with("weights.json")) return path;
  if (!path.ends_with("weights.h5"))
    throw ValueError("The filename must end in `.weights.json` when `max_shard_size` is specified. Received: filepath=",
                     path);
  std::string renamed = fs::path(path).replace_extension(".json").string();
  warn(text("Saving sharded weights requires `*.json` as the extension. The original path: ", path,
            " will be renamed to ", renamed, "."));
  return renamed;
}

ShardSink::ShardSink(std::string index_path, double max_bytes)
    : index_path_(std::move(index_path)), max_bytes_(max_bytes) {
  if (!(max_bytes > 0))
    throw ValueError("`max_shard_size` must be a positive number of gigabytes. Received: max_shard_size=",
                     max_bytes / (1 << 30));
  base_ = fs::path(index_path_).stem().string();
  if (size_t at = base_.find(".weights"); at != base_.npos) base_.erase(at, 8);
  open_shard();
}
ShardSink::~ShardSink() = default;

void ShardSink::open_shard() {
  char number[24];
  std::snprintf(number, sizeof number, "_%05zu", shards_.size());
  std::string name = base_ + number + ".weights.h5";
  shards_.push_back({name, Hdf5Writer(sibling(index_path_, name))});
  current_bytes_ = 0;
}

void ShardSink::begin(const std::string& path, const std::string& name) {
  group_ = variables_group(path);
  object_name_ = name;
  shards_.back().file.group(group_);
  if (!name.empty()) shards_.back().file.string_attribute(group_, "name", name);
}

void ShardSink::put(const std::string& key, const Tensor& value) {
  double bytes = static_cast<double>(value.bytes());
  if (bytes > max_bytes_)
    throw ValueError("The size of ", key, " (of ", group_, ") is ", readable(bytes),
                     " which exceeds the maximum shard size ", readable(max_bytes_),
                     ". You can increase the `max_shard_size` parameter to accommodate the size.");
  if (current_bytes_ + bytes > max_bytes_) {
    open_shard();
    shards_.back().file.group(group_);
  }
  current_bytes_ += bytes;
  total_bytes_ += bytes;
  shards_.back().file.dataset(group_ + "/" + key, value);
  if (groups_.empty() || groups_.back().path != group_) groups_.push_back({group_, {}, 0});
  Group& group = groups_.back();
  ++group.variables;
  if (group.shards.empty() || group.shards.back() != shards_.back().name) group.shards.push_back(shards_.back().name);
}

void ShardSink::finish() {
  Dict map;
  for (const Group& group : groups_) {  // a single variable's shard is no list, as Keras has it
    List names(group.shards.begin(), group.shards.end());
    map.set(group.path, group.variables == 1 ? names[0] : Value(names));
  }
  for (Shard& shard : shards_) shard.file.finish();
  write_file(index_path_, to_json(Dict{{"metadata", Dict{{"total_size", total_bytes_}}}, {"weight_map", map}}, 4));
}

ShardSource::ShardSource(const std::string& index_path) : index_path_(index_path) {
  Value index = parse_json(read_file(index_path, kMaxJsonBytes), index_path);
  const Value* map = index.is_dict() ? index.as_dict().find("weight_map") : nullptr;
  if (!map || !map->is_dict())
    throw ValueError("Cannot read the weights index '", index_path,
                     "': expected a JSON object with a \"weight_map\"; received ",
                     index.is_dict() ? "one without it" : std::string(index.kind_name()), ".");
  for (const auto& [group, files] : map->as_dict()) {
    List names = files.is_string() ? List{files} : files.is_sequence() ? files.as_list() : List{};
    std::vector<std::string> out;
    for (const Value& name : names) {
      bool plain = name.is_string() && !name.as_string().empty() &&
                   name.as_string().find_first_of("/\\") == std::string::npos && name.as_string() != ".." &&
                   name.as_string() != "." && name.as_string().find('\0') == std::string::npos;
      if (!plain)
        throw ValueError("Cannot read the weights index '", index_path,
                         "': expected names of files beside it; received ", name.repr(), " for '", group,
                         "'. The file is not to be trusted.");
      out.push_back(name.as_string());
    }
    if (out.empty())
      throw ValueError("Cannot read the weights index '", index_path, "': expected a file name for '", group,
                       "'; received ", files.repr(), ".");
    // Keras looks for a bare path too; here both forms become the group.
    map_[group.starts_with("/") ? group : variables_group(group)] = std::move(out);
  }
}

Hdf5Source& ShardSource::shard(const std::string& name) {
  auto& slot = open_[name];
  if (!slot) slot = std::make_unique<Shard>(sibling(index_path_, name));
  return slot->source;
}

std::vector<std::string> ShardSource::keys(const std::string& path) {
  std::vector<std::string> out;
  auto found = map_.find(variables_group(path));
  if (found == map_.end()) return out;
  for (const std::string& file : found->second)
    for (const std::string& key : shard(file).keys(path)) {
      if (std::find(out.begin(), out.end(), key) != out.end())
        throw ValueError("Cannot read the weights '", index_path_, "': variable '", key, "' of ", variables_group(path),
                         " is in several shards.");
      out.push_back(key);
    }
  return out;
}

Hdf5Source& ShardSource::holding(const std::string& path, const std::string& key) {
  if (auto found = map_.find(variables_group(path)); found != map_.end())
    for (const std::string& file : found->second) {
      Hdf5Source& source = shard(file);
      std::vector<std::string> keys = source.keys(path);
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) return source;
    }
  throw KeyError("Key '", key, "' of ", variables_group(path), " was not found in any of the shards of '", index_path_,
                 "'.");
}

}  // namespace lamina
