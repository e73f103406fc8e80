#pragma once
// Objects of an HDF5 file: the messages of an object header, and the links of a group.
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "serialization/formats/hdf5/hdf5_input.h"

namespace lamina {

enum class Hdf5Message : uint16_t {
  dataspace = 1,
  link_info = 2,
  datatype = 3,
  old_fill = 4,
  fill = 5,
  link = 6,
  external_files = 7,
  layout = 8,
  filters = 11,
  attribute = 12,
  continuation = 16,
  symbol_table = 17,
  attribute_info = 21,
};

// An object's messages.
struct Hdf5Header {
  struct Item {
    Hdf5Message type;
    bool shared;  // the bytes lie elsewhere
    std::string bytes;
  };
  uint64_t address = 0;
  std::vector<Item> items;
  const Item* find(Hdf5Message type) const;
  // The bytes of a message of its own; Hdf5Damage if it is absent, or shared (not read).
  std::string_view require(Hdf5Message type, std::string_view what) const;
};

// What a name in a group leads to.
struct Hdf5Link {
  enum class Kind { hard, soft, external, unknown } kind = Kind::hard;
  uint64_t address = kUndefinedAddress;  // of a hard link
};
using Hdf5Links = std::vector<std::pair<std::string, Hdf5Link>>;  // in the order of their names

// The parsed structure of one file. Headers, groups and heaps are kept, so that each part of a file is parsed once
// however often it is asked for; parts that overlap, of which a small file could hold very many, soon pass the budget.
// Every function throws Hdf5Damage for what it refuses.
class Hdf5Structure {
 public:
  // Finds the signature and reads the superblock (versions 0 to 3).
  Hdf5Structure(Hdf5Input input, uint64_t max_objects);

  const Hdf5Input& input() const { return input_; }
  uint64_t root() const { return root_; }
  Hdf5Cursor cursor(std::string_view bytes) const { return Hdf5Cursor(bytes, address_size_, length_size_); }
  const Hdf5Header& header(uint64_t address);
  bool is_group(const Hdf5Header& header) const;
  bool is_dataset(const Hdf5Header& header) const { return header.find(Hdf5Message::layout) != nullptr; }
  const Hdf5Links& links(const Hdf5Header& group);
  // An object of a global heap: the text of a variable-length string.
  std::string heap_object(uint64_t collection, uint32_t index, uint64_t size);

 private:
  std::string metadata(uint64_t address, uint64_t count);
  void parse_old_header(Hdf5Header& out, const std::string& prefix);
  void parse_new_header(Hdf5Header& out, const std::string& prefix);
  void parse_old_messages(Hdf5Header& out, std::string_view block,
                          std::vector<std::pair<uint64_t, uint64_t>>& more) const;
  void parse_new_messages(Hdf5Header& out, std::string_view block, bool ordered,
                          std::vector<std::pair<uint64_t, uint64_t>>& more) const;
  struct Symbols {
    Hdf5Links links;
    std::string names;
    uint64_t name_bytes = 0;
    std::unordered_set<uint64_t> seen;
  };
  void add_symbols(Symbols& out, uint64_t node, int level);
  std::vector<std::string> dense(uint64_t heap, uint64_t index);
  std::pair<std::string, Hdf5Link> link_of(std::string_view bytes) const;
  Hdf5Links links_of(const Hdf5Header& group);

  Hdf5Input input_;
  uint64_t max_objects_, root_ = 0, budget_ = 0;
  int address_size_ = 8, length_size_ = 8;
  std::unordered_map<uint64_t, Hdf5Header> headers_;
  std::unordered_map<uint64_t, Hdf5Links> links_;
  struct Span {
    uint64_t at, size;
  };
  struct Collection {
    std::string bytes;
    std::unordered_map<uint32_t, Span> objects;
  };
  std::unordered_map<uint64_t, Collection> collections_;
};

}  // namespace lamina
