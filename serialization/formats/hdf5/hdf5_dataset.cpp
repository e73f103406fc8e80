// What is checked of a dataset before its data is read.
#include "serialization/formats/hdf5/hdf5_dataset.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace lamina {

namespace {

bool excessive(uint64_t bytes, uint64_t stored, const Hdf5Limits& limits) {
  return bytes > limits.free_bytes && (bytes - limits.free_bytes) / limits.max_expansion > stored;
}

bool marked_bfloat16(Hdf5Structure& file, const Hdf5Header& header, const Hdf5Type& type, const std::string& where) {
  if (type.kind != Hdf5Type::Kind::opaque) return false;
  auto mark = read_hdf5_attribute(file, header, "dtype", where);
  return mark && mark->is_string() && mark->as_string() == "bfloat16";
}

void read_filters(const Hdf5Structure& file, const Hdf5Header& header, Hdf5Dataset& out, const std::string& where) {
  if (!header.find(Hdf5Message::filters)) return;
  Hdf5Cursor in = file.cursor(header.require(Hdf5Message::filters, "filters"));
  int version = in.u8(), count = in.u8();
  if (version != 1 && version != 2) damaged("filter version ", version, " is not known");
  if (version == 1) in.skip(6);
  int seen = 0;
  for (int i = 0; i < count; ++i) {
    int id = in.u16();
    uint64_t name_length = version == 1 || id >= 256 ? in.u16() : 0;
    bool optional = in.u16() & 1;
    uint64_t values = in.u16();
    std::string_view name = in.take(version == 1 ? (name_length + 7) / 8 * 8 : name_length);
    in.skip(4 * (values + (version == 1 ? values % 2 : 0)));
    int order = id == 2 ? 1 : id == 1 ? 2 : id == 3 ? 3 : 0;  // shuffle, deflate, fletcher32
    if (!order)
      throw UnsupportedError("Cannot read ", where,
                             ": expected no filter other than shuffle, gzip (deflate) and fletcher32; received filter ",
                             id, " (",
                             name.empty() || name[0] == '\0' ? "unknown" : std::string(name.substr(0, name.find('\0'))),
                             "). Write the file again without it.");
    if (order <= seen)
      throw ValueError("Cannot read ", where,
                       ": expected the filters shuffle, gzip and fletcher32 at most once and in this order; received "
                       "another order.");
    seen = order;
    out.filters.push_back({static_cast<Hdf5Filter::Kind>(id), optional});
  }
}

Shape read_shape(const Hdf5Structure& file, const Hdf5Header& header, const std::string& where) {
  Hdf5Cursor in = file.cursor(header.require(Hdf5Message::dataspace, "shape"));
  Hdf5Space space = parse_hdf5_space(in);
  if (space.kind == Hdf5Space::Kind::null)
    throw ValueError("Cannot read ", where, ": expected a tensor; received a dataset without values (null dataspace).");
  if (space.sizes.size() > static_cast<size_t>(Shape::kMaxRank))
    throw ValueError("Cannot read ", where, ": expected at most ", Shape::kMaxRank, " axes; received ",
                     space.sizes.size(), ".");
  Shape shape;
  for (uint64_t size : space.sizes) {
    if (size > static_cast<uint64_t>(Shape::kMostSize))
      throw ValueError("Cannot read ", where, ": expected axes of at most 2^56; received ", size, ".");
    shape.push_back(static_cast<int64_t>(size));
  }
  return shape;
}

uint64_t bytes_of(const TensorSpec& spec, const std::string& where) {
  uint64_t bytes = size_of(spec.dtype);
  bool empty = std::find(spec.shape.begin(), spec.shape.end(), 0) != spec.shape.end();
  for (int64_t size : spec.shape)
    if (!empty && (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes) || bytes > INT64_MAX))
      throw ValueError("Cannot read ", where, ": expected a size below 2^63 bytes; received the shape ", spec.shape,
                       ".");
  return empty ? 0 : bytes;
}

// The layout; gives the bytes that the file says it stores (none for chunks, whose tree tells).
uint64_t read_layout(const Hdf5Structure& file, const Hdf5Header& header, Hdf5Dataset& out, const std::string& where) {
  Hdf5Cursor in = file.cursor(header.require(Hdf5Message::layout, "layout"));
  int version = in.u8(), kind = in.u8();
  bool external = header.find(Hdf5Message::external_files);
  if ((version == 4 && kind == 3) || external)
    throw ValueError("Cannot read ", where, ": expected data in this file; received a ",
                     external ? "dataset" : "virtual dataset",
                     " that takes it from other files. Write the file again with the data in it.");
  if (version != 3 && version != 4) unsupported("its layout has version ", version);
  if (kind == 0) {
    out.layout = Hdf5Dataset::Layout::compact;
    uint64_t size = in.u16();
    out.compact = std::string(in.take(size));
    return size;
  }
  if (kind == 1) {
    out.address = in.address();
    return in.length();
  }
  if (kind != 2) damaged("its layout is unknown");
  if (version == 4)
    unsupported("its chunks are indexed in HDF5's 'latest' format; write the file again with h5py's default libver");
  out.layout = Hdf5Dataset::Layout::chunked;
  int axes = in.u8();
  out.address = in.address();
  if (axes < 1) damaged("its chunks have no axes");
  for (int i = 0; i + 1 < axes; ++i) out.chunk.push_back(in.u32());
  if (in.u32() != out.type.size) damaged("its chunks hold values of another size");
  return 0;
}

void read_fill(const Hdf5Header& header, Hdf5Dataset& out) {
  const auto* item = header.find(Hdf5Message::fill);
  if (!item || item->shared) return;
  Hdf5Cursor in(item->bytes);
  int version = in.u8();
  bool defined;
  if (version == 3) {
    int flags = in.u8();
    constexpr int kNeverFilled = 1;
    out.always_whole = (flags >> 2 & 3) == kNeverFilled;
    defined = flags & 32;
  } else if (version == 1 || version == 2) {
    in.skip(2);
    defined = in.u8();
  } else {
    damaged("fill value version ", version, " is not known");
  }
  if (!defined) return;
  uint64_t size = in.u32();
  if (size != 0 && size != out.type.size) damaged("its fill value has another size");
  out.fill = std::string(in.take(size));
}

void check_chunk_sizes(const Hdf5Dataset& info, const std::string& where) {
  if (static_cast<int>(info.chunk.size()) != info.spec.shape.rank())
    throw ValueError("Cannot read ", where, ": its chunks have ", info.chunk.size(), " axes; expected ",
                     info.spec.shape.rank(), ".");
  uint64_t chunk_bytes = size_of(info.spec.dtype);
  constexpr uint64_t kUsualChunk = uint64_t{16} << 20;
  for (uint64_t chunk : info.chunk)
    if (chunk == 0 || __builtin_mul_overflow(chunk_bytes, chunk, &chunk_bytes) ||
        chunk_bytes > std::max(info.bytes, kUsualChunk))
      throw ValueError("Cannot read ", where, ": expected chunks no larger than the dataset (", info.bytes,
                       " bytes); received a larger one.");
}

// A dataset may have more data chunks than this only by a lie.
uint64_t check_chunk_count(const Hdf5Dataset& info, const Hdf5Limits& limits, const std::string& where) {
  uint64_t count = 1;
  for (size_t axis = 0; axis < info.chunk.size(); ++axis) {
    auto size = static_cast<uint64_t>(info.spec.shape[static_cast<int>(axis)]);
    if (__builtin_mul_overflow(count, size / info.chunk[axis] + (size % info.chunk[axis] != 0), &count))
      count = UINT64_MAX;
  }
  if (count > limits.max_chunks)
    throw ValueError("Cannot read ", where, ": expected at most ", limits.max_chunks, " chunks; received ", count, ".");
  return count;
}

// Each node once, levels going down; each chunk's bytes count against the file's.
class ChunkTree {
 public:
  ChunkTree(Hdf5Structure& file, const Hdf5Dataset& dataset, const Hdf5Limits& limits, uint64_t chunk_bytes)
      : file_(file), dataset_(dataset), limits_(limits), chunk_bytes_(chunk_bytes), budget_(2 * file.input().size()) {
    visit(dataset.address, -1);
  }
  std::vector<Hdf5Chunk> chunks;
  uint64_t stored = 0;

 private:
  void visit(uint64_t address, int level) {
    if (!seen_.insert(address).second) damaged("its tree of chunks holds a node twice");
    const auto address_size = static_cast<uint64_t>(file_.cursor({}).address_size());
    std::string front = file_.input().read(address, 8 + 2 * address_size);
    Hdf5Cursor in(front);
    in.expect("TREE", "its tree of chunks");
    int type = in.u8(), own = in.u8();
    uint64_t count = in.u16(), axes = dataset_.chunk.size() + 1;
    if (type != 1 || (level >= 0 && own != level - 1)) damaged("its tree of chunks has a node of another kind");
    uint64_t bytes = count * (8 + 8 * axes + address_size);
    if (bytes > budget_) damaged("nodes of its tree of chunks overlap");
    budget_ -= bytes;
    std::string block = file_.input().read(address + front.size(), bytes);
    Hdf5Cursor entries = file_.cursor(block);
    for (uint64_t i = 0; i < count; ++i) {
      Hdf5Chunk chunk;
      chunk.stored = entries.u32();
      chunk.skipped_filters = entries.u32();
      for (uint64_t axis = 0; axis < axes; ++axis) {
        uint64_t at = entries.u64();
        if (axis + 1 < axes)
          chunk.at.push_back(at);
        else if (at != 0)
          damaged("a chunk begins within a value");
      }
      chunk.address = entries.address();
      if (own > 0)
        visit(chunk.address, own);
      else
        add(std::move(chunk));
    }
  }

  void add(Hdf5Chunk chunk) {
    for (size_t axis = 0; axis < chunk.at.size(); ++axis) {
      if (chunk.at[axis] % dataset_.chunk[axis] != 0) damaged("a chunk lies between the others");
      if (chunk.at[axis] >= static_cast<uint64_t>(dataset_.spec.shape[static_cast<int>(axis)]))
        damaged("a chunk lies outside of it");
    }
    if (!places_.insert(chunk.at).second) damaged("two chunks lie at one place");
    // Deflate adds at most some bytes a block to what does not compress; overlapping chunks could be read again and
    // again.
    if (chunk.stored > chunk_bytes_ + chunk_bytes_ / 64 + 1024 || (stored += chunk.stored) > file_.input().size())
      damaged("a chunk of ", chunk_bytes_, " bytes claims ", chunk.stored, " packed bytes");
    if (chunks.size() >= limits_.max_chunks) damaged("it has more than ", limits_.max_chunks, " chunks");
    chunks.push_back(std::move(chunk));
  }

  Hdf5Structure& file_;
  const Hdf5Dataset& dataset_;
  const Hdf5Limits& limits_;
  uint64_t chunk_bytes_, budget_;
  std::unordered_set<uint64_t> seen_;
  std::set<std::vector<uint64_t>> places_;
};

}  // namespace

Hdf5Dataset inspect_hdf5_dataset(Hdf5Structure& file, const Hdf5Header& header, const Hdf5Limits& limits,
                                 const std::string& where) {
  Hdf5Dataset out;
  Hdf5Cursor type = file.cursor(header.require(Hdf5Message::datatype, "type"));
  out.type = parse_hdf5_type(type);
  uint64_t stored = read_layout(file, header, out, where);
  read_filters(file, header, out, where);
  auto dtype = out.type.tensor_type(marked_bfloat16(file, header, out.type, where));
  if (!dtype)
    throw UnsupportedError(
        "Cannot read ", where,
        ": expected integers of 1 to 8 bytes, float16, float32, float64, bfloat16 or bool; received the type ",
        out.type.describe(), ".");
  out.spec = {read_shape(file, header, where), *dtype};
  out.bytes = bytes_of(out.spec, where);
  read_fill(header, out);
  const uint64_t file_bytes = file.input().size();
  bool chunked = out.layout == Hdf5Dataset::Layout::chunked, allocated = out.address != kUndefinedAddress;
  if (!chunked && !out.filters.empty()) damaged("only chunks can have filters");
  if (chunked) {
    check_chunk_sizes(out, where);
    uint64_t chunk_bytes = out.type.size;
    for (uint64_t size : out.chunk) chunk_bytes *= size;
    if (allocated) {
      uint64_t count = check_chunk_count(out, limits, where);
      ChunkTree tree(file, out, limits, chunk_bytes);
      out.chunks = std::move(tree.chunks), stored = tree.stored;
      if (out.always_whole && out.bytes > 0 && out.chunks.size() < count)
        damaged("it has ", out.chunks.size(), " of its ", count, " chunks");
    }
  }
  bool contiguous = out.layout == Hdf5Dataset::Layout::contiguous && allocated;
  bool whole = out.layout == Hdf5Dataset::Layout::compact || contiguous;
  if (!whole && !chunked) stored = 0;
  if (stored > file_bytes)
    throw ValueError("Cannot read ", where, ": it claims ", stored, " bytes of a file of ", file_bytes,
                     ". The file is damaged.");
  if (contiguous && (out.address > file.input().end() || stored > file.input().end() - out.address))
    throw ValueError("Cannot read ", where, ": its data lies beyond the end of the file. The file is damaged.");
  if (whole ? stored != out.bytes : excessive(out.bytes, stored, limits))
    throw ValueError("Cannot read ", where, ": expected ",
                     whole ? "all its data in the file" : "a size in proportion to the data in the file",
                     "; received the shape ", out.spec.shape, " of ", *dtype, " (", out.bytes,
                     " bytes), for which the file holds ", stored, " bytes. The file is damaged or not to be trusted.");
  if (chunked) check_chunk_count(out, limits, where);  // of one that is all fill value
  return out;
}

}  // namespace lamina
