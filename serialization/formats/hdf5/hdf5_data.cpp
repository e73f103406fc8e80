// The data of datasets: chunks, filters and byte order.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "serialization/formats/hdf5/hdf5_dataset.h"

namespace lamina {

namespace {

std::string inflated(std::string_view packed, uint64_t limit, const std::string& where) {
  std::string out(limit + 1, '\0');  // one more byte shows that there is more
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw MemoryError("Cannot unpack compressed data: zlib has no memory left.");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  uint64_t done = 0;
  int status = Z_OK;
  while (status == Z_OK && done < out.size()) {
    auto room = static_cast<uInt>(std::min<uint64_t>(out.size() - done, 1u << 30));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    stream.avail_out = room;
    status = inflate(&stream, Z_NO_FLUSH);
    done += room - stream.avail_out;
  }
  inflateEnd(&stream);
  if (done > limit)
    throw ValueError("Cannot read ", where, ": expected compressed chunks of ", limit,
                     " bytes; received one that unpacks to more. The file is not to be trusted.");
  if (status != Z_STREAM_END) damaged("a compressed chunk is broken");
  out.resize(done);
  return out;
}

void unshuffle(std::string& data, uint64_t size) {
  uint64_t count = data.size() / size;
  if (size < 2 || count < 2) return;
  std::string out = data;  // a rest of less than one value stays where it is
  for (uint64_t byte = 0; byte < size; ++byte)
    for (uint64_t i = 0; i < count; ++i) out[i * size + byte] = data[byte * count + i];
  data = std::move(out);
}

// Fletcher's sum over big-endian 16-bit words, as HDF5 stores it behind the data; some versions stored its bytes
// swapped.
void check_fletcher(std::string& data) {
  if (data.size() < 4) damaged("a chunk is shorter than its checksum");
  uint32_t stored = Hdf5Cursor(std::string_view(data).substr(data.size() - 4)).u32();
  data.resize(data.size() - 4);
  uint64_t a = 0, b = 0;
  size_t words = data.size() / 2, at = 0;
  while (at < words) {
    for (size_t end = std::min(words, at + 360); at < end; ++at) {
      a += static_cast<uint32_t>(static_cast<unsigned char>(data[2 * at])) << 8 |
           static_cast<unsigned char>(data[2 * at + 1]);
      b += a;
    }
    a = (a & 0xFFFF) + (a >> 16), b = (b & 0xFFFF) + (b >> 16);
  }
  if (data.size() % 2) {
    a += static_cast<uint32_t>(static_cast<unsigned char>(data.back())) << 8;
    b += a;
  }
  for (int i = 0; i < 3; ++i) a = (a & 0xFFFF) + (a >> 16), b = (b & 0xFFFF) + (b >> 16);
  auto sum = static_cast<uint32_t>(b << 16 | a);
  uint32_t swapped = (sum & 0x00FF00FF) << 8 | (sum >> 8 & 0x00FF00FF);
  if (stored != sum && stored != swapped) damaged("the checksum of a chunk is wrong");
}

std::string unpacked(Hdf5Structure& file, const Hdf5Dataset& dataset, const Hdf5Chunk& chunk, uint64_t chunk_bytes,
                     const std::string& where) {
  std::string data = file.input().read(chunk.address, chunk.stored);
  for (size_t i = dataset.filters.size(); i-- > 0;) {
    if (i < 32 && chunk.skipped_filters >> i & 1) continue;
    switch (dataset.filters[i].kind) {
      case Hdf5Filter::Kind::fletcher32: check_fletcher(data); break;
      case Hdf5Filter::Kind::deflate: data = inflated(data, chunk_bytes, where); break;
      case Hdf5Filter::Kind::shuffle: unshuffle(data, dataset.type.size); break;
    }
  }
  if (data.size() != chunk_bytes) damaged("a chunk of ", chunk_bytes, " bytes unpacks to ", data.size());
  return data;
}

// Copies a chunk's part of the tensor, row by row of the last axis.
void place(const Hdf5Dataset& dataset, const Hdf5Chunk& chunk, const std::string& data, char* out) {
  const size_t rank = dataset.chunk.size();
  const uint64_t size = dataset.type.size;
  std::vector<uint64_t> extent(rank), at(rank, 0);
  for (size_t axis = 0; axis < rank; ++axis) {
    auto whole = static_cast<uint64_t>(dataset.spec.shape[static_cast<int>(axis)]);
    if (chunk.at[axis] >= whole) return;  // left over from a larger dataset
    extent[axis] = std::min(dataset.chunk[axis], whole - chunk.at[axis]);
  }
  for (;;) {
    uint64_t from = 0, to = 0;
    for (size_t axis = 0; axis < rank; ++axis) {
      from = from * dataset.chunk[axis] + at[axis];
      to = to * static_cast<uint64_t>(dataset.spec.shape[static_cast<int>(axis)]) + chunk.at[axis] + at[axis];
    }
    std::memcpy(out + to * size, data.data() + from * size, extent[rank - 1] * size);
    size_t axis = rank - 1;
    while (axis-- > 0) {
      if (++at[axis] < extent[axis]) break;
      at[axis] = 0;
    }
    if (axis == static_cast<size_t>(-1)) return;
  }
}

void swap_bytes(char* data, uint64_t bytes, uint64_t size) {
  for (uint64_t at = 0; at < bytes; at += size) std::reverse(data + at, data + at + size);
}

}  // namespace

Tensor read_hdf5_dataset(Hdf5Structure& file, const Hdf5Dataset& d, const std::string& where) {
  if (d.bytes == 0) return Tensor::empty(d.spec.shape, d.spec.dtype);
  uint64_t chunk_bytes = d.type.size;
  for (uint64_t size : d.chunk) chunk_bytes *= size;
  Tensor out = Tensor::empty(d.spec.shape, d.spec.dtype);
  auto* bytes = static_cast<char*>(out.mutable_raw());
  if (d.layout == Hdf5Dataset::Layout::compact) {
    std::memcpy(bytes, d.compact.data(), d.bytes);
  } else if (d.layout == Hdf5Dataset::Layout::contiguous && d.address != kUndefinedAddress) {
    file.input().read(d.address, d.bytes, bytes);
  } else {
    std::memset(bytes, 0, d.bytes);
    if (!d.fill.empty())
      for (uint64_t at = 0; at < d.bytes; at += d.type.size) std::memcpy(bytes + at, d.fill.data(), d.type.size);
    for (const Hdf5Chunk& chunk : d.chunks) {
      std::string data = unpacked(file, d, chunk, chunk_bytes, where);
      if (d.chunk.empty())
        std::memcpy(bytes, data.data(), d.bytes);
      else
        place(d, chunk, data, bytes);
    }
  }
  if (d.type.big_endian && d.type.size > 1) swap_bytes(bytes, d.bytes, d.type.size);
  if (d.spec.dtype == DType::boolean)  // only 0 and 1 are bools
    for (uint64_t i = 0; i < d.bytes; ++i) bytes[i] = bytes[i] != 0;
  return out;
}

}  // namespace lamina
