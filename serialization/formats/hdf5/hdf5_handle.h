#pragma once
// Shared by the sources that write; the only header that includes HDF5's.
#define H5_USE_110_API  // one set of names from HDF5 1.10 to 2
#include <hdf5.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serialization/formats/hdf5/hdf5_store.h"

namespace lamina {

// Held while HDF5 is called: the lock, HDF5's error printing off, and loading of filter plugins off. The last two are
// put back as they were.
class Hdf5Session {
 public:
  Hdf5Session();
  ~Hdf5Session();
  Hdf5Session(const Hdf5Session&) = delete;
  Hdf5Session& operator=(const Hdf5Session&) = delete;

 private:
  std::lock_guard<std::recursive_mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
  unsigned plugins_ = 0;
};

// Owns an HDF5 identifier of any kind. Destroyed only while an Hdf5Session is held.
class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  explicit Hdf5Handle(hid_t id) : id_(id) {}
  ~Hdf5Handle() { reset(); }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    if (this != &other) reset(), id_ = std::exchange(other.id_, -1);
    return *this;
  }
  operator hid_t() const { return id_; }
  bool valid() const { return id_ >= 0; }
  void reset() {
    if (id_ >= 0) H5Idec_ref(std::exchange(id_, -1));
  }

 private:
  hid_t id_ = -1;
};

std::string hdf5_reason();  // the innermost message of HDF5's error stack, which is emptied

Hdf5Handle hdf5_type(DType type);  // as Keras stores it, little-endian; bool as h5py's enum

}  // namespace lamina
