#pragma once
// HDF5 files of weights, as Keras writes them: groups, datasets that are tensors, and attributes that are strings or
// lists of strings. Paths are "/layers/dense/vars/0"; the leading slash may be left out, and "" is the root.
//
// Files are read by code of our own (hdf5_input, _object, _dense, _datatype, _dataset, _data, _attribute), which takes
// them for hostile: it follows hard links only; refuses virtual datasets, data in other files, filters other than
// deflate, shuffle and fletcher32, structures that overlap, and sizes out of proportion to the file. It reads what h5py
// writes by default (superblocks 0 to 3, groups as symbol tables or links, contiguous, compact and chunked data), and
// names what it does not.
//
// Files are written by libhdf5, which serves one thread at a time: Hdf5Writer holds hdf5_mutex() in every call. A
// program that calls HDF5 by itself in other threads must hold it too.
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/core/tensor.h"
#include "backends/core/value.h"

namespace lamina {

// HDF5's library is used by one thread at a time: hold it around calls of your own.
std::recursive_mutex& hdf5_mutex();

struct Hdf5Limits {
  int max_depth = 64;                // groups within groups
  uint64_t max_objects = 1'000'000;  // in one listing
  uint64_t max_chunks = 1'000'000;   // of one dataset
  // A compressed or unallocated dataset may unpack to free_bytes, and beyond that to max_expansion times what is stored
  // (deflate can reach 1032). An uncompressed one is stored in full.
  uint64_t free_bytes = uint64_t{1} << 20;
  uint64_t max_expansion = 1100;
};

// What stands at a path.
enum class Hdf5Kind { absent, group, dataset };

// "/a//b" -> {"a", "b"}. ValueError for "." parts and NULs, which HDF5 reads in its own way.
std::vector<std::string> split_hdf5_path(std::string_view path);

// Errors: IOError if the file cannot be opened or read, KeyError for a missing object or attribute, ValueError for what
// is refused or damaged, UnsupportedError for what is not read. Each names the file, the object and the reason.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::string& path, const Hdf5Limits& limits = {});
  // A file in memory, such as a member of an archive; not copied. `name` stands for it in errors.
  static Hdf5Reader from_memory(std::string bytes, std::string name, const Hdf5Limits& limits = {});
  ~Hdf5Reader();
  Hdf5Reader(Hdf5Reader&&) noexcept;

  const std::string& name() const;
  Hdf5Kind kind(std::string_view path) const;
  bool contains(std::string_view path) const { return kind(path) != Hdf5Kind::absent; }
  // Names in a group: numbers first and by value ("0", "1", "2", "10"), then the rest by code point.
  std::vector<std::string> keys(std::string_view path = "") const;
  // Full paths of all datasets at or below `path`, in the order of keys(). ValueError if a group holds itself.
  std::vector<std::string> datasets(std::string_view path = "") const;

  // Shape and type of a dataset, without its data: compare them with the model's before read() takes memory. Types are
  // Tensor's: any byte order; bool is h5py's enum FALSE/TRUE; bfloat16 is a 2-byte opaque type marked by an attribute.
  TensorSpec spec(std::string_view path) const;
  uint64_t bytes_of_datasets() const;  // of all tensors in the file, unpacked
  Tensor read(std::string_view path) const;

  std::vector<std::string> attribute_names(std::string_view path) const;  // sorted
  // A string, number or bool, or a list of them; an attribute of size 0 is an empty list.
  std::optional<Value> find_attribute(std::string_view path, const std::string& name) const;
  std::string string_attribute(std::string_view path, const std::string& name) const;  // TypeError if it is no string
  // A list of strings, whole or split into name0, name1, ...; TypeError if it holds anything else.
  std::optional<std::vector<std::string>> find_strings(std::string_view path, const std::string& name) const;
  std::vector<std::string> strings(std::string_view path, const std::string& name) const;

 private:
  struct File;
  explicit Hdf5Reader(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

// Whether HDF5 tags a string as ASCII or UTF-8; Keras' older files differ by it.
enum class StringTag { utf8, ascii };

// Writes the oldest format (superblock 0), uncompressed and without dates, as Keras does: equal calls give equal files.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::string& path);   // the file appears under its name on finish(), whole (see AtomicFile)
  static Hdf5Writer in_memory(std::string name);  // take_bytes() gives the file
  ~Hdf5Writer();                                  // drops what was not finished
  Hdf5Writer(Hdf5Writer&&) noexcept;

  // Groups on the way are made. ValueError if something of another kind, or a dataset, is there already.
  void group(std::string_view path);
  void dataset(std::string_view path, const Tensor& tensor);
  // On a group or dataset that exists. ValueError for text with a NUL inside, or if the attribute is there already.
  void string_attribute(std::string_view path, const std::string& name, const std::string& value,
                        StringTag tag = StringTag::utf8);
  // As Keras stores lists of names: split into name0, name1, ... above 64,512 bytes; empty as float64 of size 0.
  void strings(std::string_view path, const std::string& name, const std::vector<std::string>& values);

  void finish();
  std::string take_bytes();  // in place of finish() for a file in memory

 private:
  struct File;
  explicit Hdf5Writer(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

}  // namespace lamina
