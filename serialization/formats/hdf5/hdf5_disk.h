#pragma once
#include <map>
#include <string>
#include <vector>

#include "serialization/formats/hdf5/hdf5_handle.h"

namespace lamina {

// Where libhdf5 writes a file's bytes: a file on a disk, or memory. The library cannot close what it cannot write (it
// keeps it open and ends the process at exit), so that it is told of every write that it went well. error() knows
// better: look there after each call.
class Hdf5Disk {
 public:
  Hdf5Disk() = default;                        // memory
  explicit Hdf5Disk(const std::string& path);  // emptied. IOError if it cannot be opened
  ~Hdf5Disk();
  Hdf5Disk(const Hdf5Disk&) = delete;
  Hdf5Disk& operator=(const Hdf5Disk&) = delete;

  void use(
      hid_t access);  // sets a file-access list so that a file made with it writes here. Call with an Hdf5Session held
  int error() const { return error_; }                    // errno of the first failure, 0 if there was none
  std::string take_bytes() { return std::move(bytes_); }  // what was written to memory

  // For the library.
  void write(uint64_t at, const char* from, size_t size, bool metadata) noexcept;
  bool read(uint64_t at, char* to, size_t size) const noexcept;
  void resize(uint64_t size) noexcept;

 private:
  void write_now(uint64_t at, const char* from, size_t size);

  int descriptor_ = -1, error_ = 0;
  std::string bytes_;
  std::map<uint64_t, std::string>
      unwritten_;  // metadata since the failure, which the library may read again before it closes the file
};

}  // namespace lamina
