#include "serialization/formats/hdf5/hdf5_dense.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace lamina {

namespace {

void check_sum(std::string_view block, std::string_view what) {
  if (block.size() < 4) damaged(what, " is too short");
  std::string_view body = block.substr(0, block.size() - 4);
  if (Hdf5Cursor(block.substr(body.size())).u32() != hdf5_checksum(body))
    damaged("the checksum of ", what, " is wrong");
}

int bytes_for(uint64_t largest) { return (std::bit_width(largest) + 7) / 8; }

// Managed objects by their place in the heap: a table of blocks, `width` in a row, each row of twice the size of the
// one before but the first two.
class FractalHeap {
 public:
  FractalHeap(const Hdf5Fetch& fetch, const Hdf5Cursor& format, uint64_t address) : fetch_(fetch), format_(format) {
    const auto a = static_cast<uint64_t>(format.address_size()), l = static_cast<uint64_t>(format.length_size());
    std::string block = fetch(address, 26 + 3 * a + 12 * l);
    check_sum(block, "a fractal heap");
    Hdf5Cursor in = format.inside(block);
    in.expect("FRHP", "a fractal heap");
    if (int version = in.u8(); version != 0) damaged("fractal heap version ", version, " is not known");
    id_size_ = in.u16();
    if (in.u16() != 0) unsupported("it keeps links or attributes in a filtered heap");
    in.skip(1);
    uint64_t largest_object = in.u32();
    in.skip(2 * l + 2 * a);
    in.skip(8 * l);
    width_ = in.u16();
    start_ = in.length(), largest_block_ = in.length();
    offset_size_ = (in.u16() + 7) / 8;
    in.skip(2);
    root_ = in.address();
    rows_ = in.u16();
    if (width_ == 0 || start_ == 0 || !std::has_single_bit(start_) || !std::has_single_bit(largest_block_) ||
        largest_block_ < start_ || largest_block_ > (1u << 26) || offset_size_ < 1 || offset_size_ > 8)
      damaged("a fractal heap has blocks of an impossible size");
    length_size_ = bytes_for(std::min(largest_block_, largest_object));
    if (id_size_ < 1 + offset_size_ + length_size_) damaged("a fractal heap has short identifiers");
    if (rows_ > 0) read_table(a);
  }

  int id_size() const { return id_size_; }

  std::string object(std::string_view id) {
    Hdf5Cursor in(id);
    int kind = in.u8();
    if (kind >> 4 != 0) unsupported("it keeps links or attributes as huge objects (HDF5's 'latest' format)");
    uint64_t at = in.number(offset_size_), size = in.number(length_size_);
    auto [address, begin, length] = block_of(at);
    std::string& block = blocks_[address];
    if (block.empty()) {
      block = fetch_(address, length);
      if (!block.starts_with("FHDB")) damaged("a block of a fractal heap has no signature 'FHDB'");
    }
    uint64_t offset = at - begin;
    if (offset > length || size > length - offset) damaged("an object of a fractal heap crosses its block");
    return block.substr(offset, size);
  }

 private:
  struct Block {
    uint64_t address, begin, length;
  };

  void read_table(uint64_t address_size) {
    uint64_t size = start_, direct_rows = 0;
    for (uint64_t row = 0; row < rows_ && size <= largest_block_; ++row, ++direct_rows)
      if (row > 0) size *= 2;
    if (rows_ > 64 || direct_rows < rows_) unsupported("it keeps very many links or attributes in a fractal heap");
    const auto offset = static_cast<uint64_t>(offset_size_);
    std::string block = fetch_(root_, 5 + address_size + offset + rows_ * width_ * address_size + 4);
    check_sum(block, "a fractal heap's table");
    Hdf5Cursor in = format_.inside(block);
    in.expect("FHIB", "a fractal heap's table");
    in.skip(1 + address_size + offset);
    uint64_t begin = 0;
    size = start_;
    for (uint64_t row = 0; row < rows_; ++row) {
      if (row > 1) size *= 2;
      for (uint64_t column = 0; column < width_; ++column, begin += size) table_.push_back({in.address(), begin, size});
    }
  }

  Block block_of(uint64_t at) const {
    if (rows_ == 0) return {root_, 0, start_};
    for (const Block& block : table_)
      if (at >= block.begin && at - block.begin < block.length) return block;
    damaged("an object lies outside its fractal heap");
  }

  const Hdf5Fetch& fetch_;
  const Hdf5Cursor& format_;
  int id_size_ = 0, offset_size_ = 0, length_size_ = 0;
  uint64_t width_ = 0, start_ = 0, largest_block_ = 0, root_ = 0, rows_ = 0;
  std::vector<Block> table_;
  std::unordered_map<uint64_t, std::string> blocks_;
};

// The records of an index: one leaf, or leaves below one node.
std::vector<std::string> records_of(const Hdf5Fetch& fetch, const Hdf5Cursor& format, uint64_t address, int& type,
                                    uint64_t max_records) {
  const auto a = static_cast<uint64_t>(format.address_size()), l = static_cast<uint64_t>(format.length_size());
  std::string head = fetch(address, 22 + a + l);
  check_sum(head, "an index");
  Hdf5Cursor in = format.inside(head);
  in.expect("BTHD", "an index");
  in.skip(1);
  type = in.u8();
  uint64_t node_size = in.u32(), record = in.u16(), depth = in.u16();
  in.skip(2);
  uint64_t root = in.address(), count = in.u16();
  constexpr uint64_t kFrame = 10;  // signature, version, type, checksum
  if (record == 0 || node_size < kFrame + record || node_size > (1u << 26))
    damaged("an index has nodes of an impossible size");
  if (depth > 1) unsupported("it keeps very many links or attributes in an index");
  std::vector<std::string> out;
  auto take = [&](Hdf5Cursor& node, uint64_t number) {
    for (uint64_t i = 0; i < number; ++i) out.emplace_back(node.take(record));
    if (out.size() > max_records) damaged("expected at most ", max_records, " objects; received more");
  };
  auto leaf = [&](uint64_t at, uint64_t number) {
    std::string block = fetch(at, kFrame + number * record);
    check_sum(block, "a leaf of an index");
    Hdf5Cursor node = format.inside(block);
    node.expect("BTLF", "a leaf of an index");
    node.skip(2);
    take(node, number);
  };
  if (count == 0 || root == kUndefinedAddress) return out;
  if (depth == 0) {
    leaf(root, count);
    return out;
  }
  int width = bytes_for((node_size - kFrame) / record);
  std::string block = fetch(root, kFrame + count * record + (count + 1) * (a + static_cast<uint64_t>(width)));
  check_sum(block, "a node of an index");
  Hdf5Cursor node = format.inside(block);
  node.expect("BTIN", "a node of an index");
  node.skip(2);
  take(node, count);
  for (uint64_t i = 0; i <= count; ++i) {
    uint64_t at = node.address();
    leaf(at, node.number(width));
  }
  return out;
}

}  // namespace

std::vector<std::string> hdf5_dense_objects(const Hdf5Fetch& fetch, const Hdf5Cursor& format, uint64_t heap,
                                            uint64_t index, uint64_t max_objects) {
  int type = 0;
  std::vector<std::string> records = records_of(fetch, format, index, type, max_objects);
  // Where the identifier stands: behind the hash of a link's name, in front for an attribute.
  size_t at = type == 5 ? 4 : type == 8 ? 0 : std::string::npos;
  if (at == std::string::npos) damaged("an index is of kind ", type, ", not of links or attributes");
  FractalHeap objects(fetch, format, heap);
  std::vector<std::string> out;
  uint64_t bytes = 0;
  for (const std::string& record : records) {
    if (record.size() < at + static_cast<size_t>(objects.id_size())) damaged("an index has short records");
    out.push_back(objects.object(std::string_view(record).substr(at, static_cast<size_t>(objects.id_size()))));
    if ((bytes += out.back().size()) > (uint64_t{1} << 26)) damaged("objects of a fractal heap overlap");
  }
  return out;
}

}  // namespace lamina
