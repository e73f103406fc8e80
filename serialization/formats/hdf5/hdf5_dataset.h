#pragma once
// Datasets of an HDF5 file: what is checked before data is read, and the reading.
#include "serialization/formats/hdf5/hdf5_datatype.h"
#include "serialization/formats/hdf5/hdf5_object.h"
#include "serialization/formats/hdf5/hdf5_store.h"

namespace lamina {

struct Hdf5Filter {
  enum class Kind : uint16_t { deflate = 1, shuffle = 2, fletcher32 = 3 } kind;
  bool optional;
};

// A piece of a dataset as the file has it.
struct Hdf5Chunk {
  uint64_t address = 0, stored = 0;  // packed bytes
  uint32_t skipped_filters = 0;      // a bit for each
  std::vector<uint64_t> at;          // in the tensor
};

// Where and how a dataset is stored.
struct Hdf5Dataset {
  enum class Layout { compact, contiguous, chunked } layout = Layout::contiguous;
  TensorSpec spec;
  Hdf5Type type;
  uint64_t bytes = 0;                    // of the tensor
  uint64_t address = kUndefinedAddress;  // of contiguous data or the tree of chunks; undefined: nothing is stored
  std::string compact;                   // the data itself
  std::vector<uint64_t> chunk;           // sizes
  std::vector<Hdf5Filter> filters;
  std::vector<Hdf5Chunk> chunks;  // that are stored
  bool always_whole = false;      // no values stand for chunks that are not there
  std::string fill;               // one value; empty: zeros
};

// `where` is "dataset '/a' of 'file.h5'". Errors are ValueError and UnsupportedError with it; Hdf5Damage for the rest.
// Checks everything that can be known without reading data.
Hdf5Dataset inspect_hdf5_dataset(Hdf5Structure& file, const Hdf5Header& header, const Hdf5Limits& limits,
                                 const std::string& where);
Tensor read_hdf5_dataset(Hdf5Structure& file, const Hdf5Dataset& dataset, const std::string& where);

// An attribute: a string, number or bool, or a list of them. Nullopt if there is none of the name.
std::optional<Value> read_hdf5_attribute(Hdf5Structure& file, const Hdf5Header& header, const std::string& name,
                                         const std::string& where);
std::vector<std::string> hdf5_attribute_names(Hdf5Structure& file, const Hdf5Header& header);

}  // namespace lamina
