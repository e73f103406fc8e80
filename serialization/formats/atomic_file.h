#pragma once
// AtomicFile: a file that appears whole or not at all. What is written goes to a temporary file in the same directory;
// commit() forces it to the disk and renames it over the target. Until then, and after any failure, a file that was
// there before is untouched, also when the process is killed or the power fails. A killed process leaves its temporary
// (".<name>.<16 hexadecimal digits>.tmp"); the next write to the same target removes it.
#include <cstdint>
#include <string>
#include <string_view>

namespace lamina {

class AtomicFile {
 public:
  // Creates the temporary, empty. If `target` is a symbolic link, the file it points to is the one replaced; a file
  // that exists passes its permissions on. IOError (with the system's reason) if the directory is missing or not
  // writable, or if the target is a directory or a device.
  explicit AtomicFile(const std::string& target);
  ~AtomicFile();  // removes the temporary unless it was committed
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;

  // The temporary, for libraries that write to a name. They may truncate or replace it; close it before commit().
  const std::string& path() const { return temporary_; }
  const std::string& target() const { return target_; }
  void write(std::string_view bytes);  // appends; IOError on a full disk and the like
  void commit();                       // once; IOError leaves the old file in place

 private:
  void close_descriptor() noexcept;
  std::string target_, temporary_;  // temporary_ is empty once there is nothing left to remove
  int descriptor_ = -1;
  int mode_ = -1;  // permissions of the file that is replaced
};

void write_file(const std::string& path, std::string_view bytes);  // through an AtomicFile
// The whole of a regular file. IOError if it cannot be read, ValueError if it is larger than max_bytes.
std::string read_file(const std::string& path, uint64_t max_bytes = UINT64_MAX);

}  // namespace lamina
