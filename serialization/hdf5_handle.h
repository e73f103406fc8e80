#pragma once
// Shared by the sources of hdf5_store.h; the only header that includes HDF5's.
#define H5_USE_110_API  // one set of names from HDF5 1.10 to 2
#include <hdf5.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serialization/hdf5_store.h"

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

// "/a//b" -> {"a", "b"}. ValueError for "." parts and NULs, which HDF5 reads in its own way.
std::vector<std::string> split_hdf5_path(std::string_view path);

// --- Types ----------------------------------------------------------------------------------------------------------
Hdf5Handle hdf5_type(DType type);  // as Keras stores it, little-endian; bool as h5py's enum
// The type of tensors for a dataset's type; nullopt if there is none. `marked_bfloat16`: the dataset has the attribute
// that tells a bfloat16 from any other 2-byte opaque type.
std::optional<DType> tensor_type(hid_t file_type, bool marked_bfloat16);
std::string describe_hdf5_type(hid_t type);  // "1-byte opaque", for messages

// --- Reading --------------------------------------------------------------------------------------------------------
// `where` is "dataset '/a' of 'file.h5'".
std::optional<Value> read_hdf5_attribute(hid_t object, const std::string& name, uint64_t file_bytes, const std::string& where);

struct Hdf5Dataset {
  TensorSpec spec;
  Hdf5Handle type;     // in the file
  uint64_t bytes = 0;  // of the tensor
  bool filtered = false;
};
// Checks everything that can be known without reading data.
Hdf5Dataset inspect_hdf5_dataset(hid_t dataset, uint64_t file_bytes, const Hdf5Limits& limits, const std::string& where);
// Inflates compressed chunks into nothing: HDF5 itself would take whatever memory a chunk unpacks to.
void check_hdf5_chunks(hid_t dataset, uint64_t file_bytes, const std::string& where);

}  // namespace lamina
