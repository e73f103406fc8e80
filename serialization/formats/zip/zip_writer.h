#pragma once
// Writes a zip of stored (not compressed) members, one after the other, dated 1980-01-01.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "serialization/formats/atomic_file.h"

namespace lamina {

class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  // The bytes of a member. IOError from the file.
  void add(const std::string& name, std::string_view bytes);
  // The bytes of a file on disk, read in pieces. IOError if it cannot be read or changes meanwhile.
  void add_file(const std::string& name, const std::string& source);
  void finish();  // the directory of members; zip64 where sizes need it

 private:
  struct Entry {
    std::string name;
    uint64_t bytes, offset;
    uint32_t checksum;
  };
  void header(const std::string& name, uint64_t bytes, uint32_t checksum);
  void write(std::string_view bytes);
  AtomicFile& file_;
  uint64_t position_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace lamina
