#include "serialization/models/asset_folder.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include <stdlib.h>

#include "backends/core/error.h"

namespace lamina {

namespace fs = std::filesystem;

AssetFolder::AssetFolder() {
  root_ = (fs::temp_directory_path() / "lamina-assets-XXXXXX").string();
  if (!mkdtemp(root_.data()))
    throw IOError("Cannot make the temporary folder '", root_, "': ", std::system_category().message(errno), ".");
}
AssetFolder::~AssetFolder() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

std::string AssetFolder::of(const std::string& path, bool make) const {
  std::string at = path.empty() ? root_ : root_ + "/" + path;
  std::error_code error;
  if (make) fs::create_directories(at, error);
  if (error) throw IOError("Cannot make the temporary folder '", at, "': ", error.message(), ".");
  return make || fs::is_directory(at) ? at : "";
}

void AssetFolder::add_to(ArchiveWriter& archive) const {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root_))
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(root_).generic_string());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) archive.add_file("assets/" + file, root_ + "/" + file);
}

bool AssetFolder::fill_from(const ArchiveReader& archive) const {
  constexpr std::string_view kPrefix = "assets/";
  bool any = false;
  for (const ArchiveEntry& entry : archive.entries()) {
    if (!entry.name.starts_with(kPrefix)) continue;  // names that lead elsewhere were refused by the reader
    std::string file = root_ + "/" + entry.name.substr(kPrefix.size());
    fs::create_directories(fs::path(file).parent_path());
    // No need that the disk has it before anything goes on, as for files that stay: this folder goes when the model is
    // loaded.
    std::ofstream out(file, std::ios::binary);
    const std::string bytes = archive.read(entry.name);
    if (!out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())) || !out.flush())
      throw IOError("Cannot write the temporary file '", file, "': ", std::system_category().message(errno), ".");
    any = true;
  }
  return any;
}

}  // namespace lamina
