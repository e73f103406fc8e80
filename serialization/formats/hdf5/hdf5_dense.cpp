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
    if (!std::has_single_bit(width_) || start_ == 0 || !std::has_single_bit(start_) ||
        !std::has_single_bit(largest_block_) || largest_block_ < start_ || largest_block_ > (1u << 26) ||
        offset_size_ < 1 || offset_size_ > 8)
      damaged("a fractal heap has blocks of an impossible size");
    length_size_ = bytes_for(std::min(largest_block_, largest_object));
    if (id_size_ < 1 + offset_size_ + length_size_) damaged("a fractal heap has short identifiers");
    if (rows_ > 0) read_table(root_, rows_, 0);
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

  // Rows of blocks of objects come first; those of larger blocks are tables themselves.
  void read_table(uint64_t address, uint64_t rows, uint64_t begin) {
    if (rows > 64 || ++tables_ > kMostTables) damaged("a fractal heap has more tables than it can hold");
    const auto a = static_cast<uint64_t>(format_.address_size()), offset = static_cast<uint64_t>(offset_size_);
    std::string block = fetch_(address, 5 + a + offset + rows * width_ * a + 4);
    check_sum(block, "a fractal heap's table");
    Hdf5Cursor in = format_.inside(block);
    in.expect("FHIB", "a fractal heap's table");
    in.skip(1 + a + offset);
    const int first_bits = std::countr_zero(start_) + std::bit_width(width_) - 1;  // of the size of a first row
    uint64_t size = start_;
    for (uint64_t row = 0; row < rows; ++row) {
      if (row > 1) size *= 2;
      if (size == 0 || size > kMostBytes) damaged("a fractal heap has blocks of an impossible size");
      for (uint64_t column = 0; column < width_; ++column, begin += size) {
        const uint64_t at = in.address();
        if (at == kUndefinedAddress) continue;
        if (size <= largest_block_)
          table_.push_back({at, begin, size});
        else if (const int bits = std::countr_zero(size); bits < first_bits)
          damaged("a fractal heap has tables of an impossible size");
        else
          read_table(at, static_cast<uint64_t>(bits - first_bits) + 1, begin);
      }
    }
  }

  Block block_of(uint64_t at) const {
    if (rows_ == 0) return {root_, 0, start_};
    auto after =
        std::upper_bound(table_.begin(), table_.end(), at, [](uint64_t x, const Block& b) { return x < b.begin; });
    if (after == table_.begin() || at - after[-1].begin >= after[-1].length)
      damaged("an object lies outside its fractal heap");
    return after[-1];
  }

  static constexpr uint64_t kMostTables = 1u << 12, kMostBytes = uint64_t{1} << 40;
  const Hdf5Fetch& fetch_;
  const Hdf5Cursor& format_;
  int id_size_ = 0, offset_size_ = 0, length_size_ = 0;
  uint64_t width_ = 0, start_ = 0, largest_block_ = 0, root_ = 0, rows_ = 0, tables_ = 0;
  std::vector<Block> table_;
  std::unordered_map<uint64_t, std::string> blocks_;
};

// An index of records of one size: a tree whose leaves and nodes both hold some, in order.
class Index {
 public:
  Index(const Hdf5Fetch& fetch, const Hdf5Cursor& format, uint64_t address, uint64_t max_records)
      : fetch_(fetch), format_(format), max_records_(max_records) {
    const auto a = static_cast<uint64_t>(format.address_size()), l = static_cast<uint64_t>(format.length_size());
    std::string head = fetch(address, 22 + a + l);
    check_sum(head, "an index");
    Hdf5Cursor in = format.inside(head);
    in.expect("BTHD", "an index");
    in.skip(1);
    type_ = in.u8();
    const uint64_t node_size = in.u32();
    record_ = in.u16();
    const uint64_t depth = in.u16();
    in.skip(2);
    const uint64_t root = in.address(), count = in.u16();
    if (record_ == 0 || node_size < kFrame + record_ || node_size > (1u << 26))
      damaged("an index has nodes of an impossible size");
    if (depth > 8) damaged("an index is ", depth, " nodes deep");
    count_width_ = bytes_for((node_size - kFrame) / record_);
    set_widths(node_size, depth);
    if (count > 0 && root != kUndefinedAddress) read(root, count, depth);
  }

  int type() const { return type_; }
  const std::vector<std::string>& records() const { return records_; }

 private:
  static constexpr uint64_t kFrame = 10;  // signature, version, type, checksum

  // A node above other nodes tells how many records lie below each child, in as many bytes as the largest number takes.
  void set_widths(uint64_t node_size, uint64_t depth) {
    const auto a = static_cast<uint64_t>(format_.address_size());
    double below = static_cast<double>((node_size - kFrame) / record_);
    total_widths_ = {0, 0};
    for (uint64_t level = 1; level < depth; ++level) {
      const uint64_t pointer = a + static_cast<uint64_t>(count_width_ + total_widths_[level]);
      if (node_size < kFrame + pointer + record_ + pointer) damaged("an index has nodes of an impossible size");
      const auto most = static_cast<double>((node_size - kFrame - pointer) / (record_ + pointer));
      below = (most + 1) * below + most;
      if (below > 1e18) damaged("an index has nodes of an impossible size");
      total_widths_.push_back(bytes_for(static_cast<uint64_t>(below)));
    }
  }

  void take(Hdf5Cursor& node, uint64_t number) {
    for (uint64_t i = 0; i < number; ++i) records_.emplace_back(node.take(record_));
    if (records_.size() > max_records_) damaged("expected at most ", max_records_, " objects; received more");
  }

  // The nodes read are bounded by the records: a node without any is none.
  void read(uint64_t address, uint64_t count, uint64_t depth) {
    const char* what = depth == 0 ? "a leaf of an index" : "a node of an index";
    if (count == 0) damaged(what, " is empty");
    const auto child = static_cast<uint64_t>(format_.address_size() + count_width_ + total_widths_[depth]);
    std::string block = fetch_(address, kFrame + count * record_ + (depth == 0 ? 0 : (count + 1) * child));
    check_sum(block, what);
    Hdf5Cursor node = format_.inside(block);
    node.expect(depth == 0 ? "BTLF" : "BTIN", what);
    node.skip(2);
    take(node, count);
    for (uint64_t i = 0; depth > 0 && i <= count; ++i) {
      const uint64_t at = node.address(), number = node.number(count_width_);
      node.skip(static_cast<uint64_t>(total_widths_[depth]));
      read(at, number, depth - 1);
    }
  }

  const Hdf5Fetch& fetch_;
  const Hdf5Cursor& format_;
  const uint64_t max_records_;
  int type_ = 0, count_width_ = 0;
  uint64_t record_ = 0;
  std::vector<int> total_widths_;  // by the height of the node that holds them
  std::vector<std::string> records_;
};

}  // namespace

std::vector<std::string> hdf5_dense_objects(const Hdf5Fetch& fetch, const Hdf5Cursor& format, uint64_t heap,
                                            uint64_t index, uint64_t max_objects) {
  const Index links(fetch, format, index, max_objects);
  const int type = links.type();
  // Where the identifier stands: behind the hash of a link's name, in front for an attribute.
  size_t at = type == 5 ? 4 : type == 8 ? 0 : std::string::npos;
  if (at == std::string::npos) damaged("an index is of kind ", type, ", not of links or attributes");
  FractalHeap objects(fetch, format, heap);
  std::vector<std::string> out;
  uint64_t bytes = 0;
  for (const std::string& record : links.records()) {
    if (record.size() < at + static_cast<size_t>(objects.id_size())) damaged("an index has short records");
    out.push_back(objects.object(std::string_view(record).substr(at, static_cast<size_t>(objects.id_size()))));
    if ((bytes += out.back().size()) > (uint64_t{1} << 26)) damaged("objects of a fractal heap overlap");
  }
  return out;
}

}  // namespace lamina
