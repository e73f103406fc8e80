#pragma once
// Files that objects keep beside their variables (vocabularies): a folder for the time of one save or load.
#include <functional>
#include <string>

#include "serialization/formats/zip/zip_archive.h"

namespace lamina {

// A folder of the system's temporary directory that goes with this object. A process that is killed leaves it behind.
class AssetFolder {
 public:
  AssetFolder();  // IOError if it cannot be made
  ~AssetFolder();
  AssetFolder(const AssetFolder&) = delete;
  AssetFolder& operator=(const AssetFolder&) = delete;

  // The folder of the object at `path` ("layers/vocabulary"; "" is the model's): made if `make`, else "" if it is
  // absent.
  std::string of(const std::string& path, bool make) const;
  // All files as members "assets/...", in order of their names. They must stay until the archive is finished.
  void add_to(ArchiveWriter& archive) const;
  // Members "assets/..." as files; whether there were any.
  bool fill_from(const ArchiveReader& archive) const;

 private:
  std::string root_;
};

}  // namespace lamina
