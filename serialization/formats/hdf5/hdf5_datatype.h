#pragma once
// Types of HDF5's datasets and attributes, as messages describe them.
#include <optional>
#include <vector>

#include "backends/core/tensor.h"
#include "serialization/formats/hdf5/hdf5_input.h"

namespace lamina {

struct Hdf5Type {
  enum class Kind {
    integer,
    real,
    time,
    string,
    bit_field,
    opaque,
    compound,
    reference,
    enumeration,
    variable,
    array,
    unknown
  };
  Kind kind = Kind::unknown;
  uint64_t size = 0;  // of one value in the file, never 0
  bool big_endian = false, is_signed = false, variable_string = false;
  enum class Padding { null_terminated, null_padded, space_padded } padding = Padding::null_terminated;
  bool boolean_enum = false;         // h5py's FALSE and TRUE
  std::optional<DType> number_type;  // of integers and reals that a Tensor has
  // The type of tensors; nullopt if there is none. `marked_bfloat16`: the dataset has the attribute that tells a
  // bfloat16 from any other 2-byte opaque type.
  std::optional<DType> tensor_type(bool marked_bfloat16) const;
  std::string describe() const;  // "1-byte opaque", for messages
};

// Hdf5Damage if the message is not whole.
Hdf5Type parse_hdf5_type(Hdf5Cursor& in, int depth = 0);

// The shape of a dataset or an attribute.
struct Hdf5Space {
  enum class Kind { scalar, simple, null } kind = Kind::scalar;
  std::vector<uint64_t> sizes;
};
// The sizes of a dataset or attribute. Hdf5Damage for versions or sizes that are none.
Hdf5Space parse_hdf5_space(Hdf5Cursor& in);

}  // namespace lamina
