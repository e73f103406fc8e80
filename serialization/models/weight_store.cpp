#include "serialization/models/weight_store.h"

namespace lamina {

std::string Hdf5Source::group(const std::string& path) const {
  std::string own = variables_group(path);
  if (!legacy_names_ || file_.contains(own)) return own;
  constexpr std::string_view kNew = "layers", kOld = "_layer_checkpoint_dependencies";
  for (size_t at = own.find(kNew); at != own.npos; at = own.find(kNew, at + kOld.size()))
    own.replace(at, kNew.size(), kOld);
  return own;
}

std::vector<std::string> Hdf5Source::keys(const std::string& path) {
  std::string at = group(path);
  if (!file_.contains(at)) return {};
  std::vector<std::string> out;
  for (const std::string& key : file_.keys(at)) {
    if (file_.kind(at + "/" + key) != Hdf5Kind::group) {
      out.push_back(key);
      continue;
    }
    for (const std::string& full : file_.datasets(at + "/" + key)) out.push_back(full.substr(at.size() + 1));
  }
  return out;
}

}  // namespace lamina
