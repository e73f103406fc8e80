// What is checked of a dataset before its data is read.
#include <zlib.h>

#include <algorithm>

#include "backends/core/error.h"
#include "serialization/hdf5_handle.h"

namespace lamina {

namespace {

bool excessive(uint64_t bytes, uint64_t stored, const Hdf5Limits& limits) {
  return bytes > limits.free_bytes && (bytes - limits.free_bytes) / limits.max_expansion > stored;
}

bool marked_bfloat16(hid_t dataset, hid_t type, uint64_t file_bytes, const std::string& where) {
  if (H5Tget_class(type) != H5T_OPAQUE) return false;
  auto mark = read_hdf5_attribute(dataset, "dtype", file_bytes, where);
  return mark && mark->is_string() && mark->as_string() == "bfloat16";
}

void check_filters(hid_t properties, const std::string& where) {
  int count = H5Pget_nfilters(properties), seen = 0;
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    size_t values = 0;
    char name[64] = "";
    H5Z_filter_t filter = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values, nullptr, sizeof name, name, nullptr);
    int bit = filter == H5Z_FILTER_SHUFFLE ? 1 : filter == H5Z_FILTER_DEFLATE ? 2 : filter == H5Z_FILTER_FLETCHER32 ? 4 : 0;
    if (!bit)
      throw UnsupportedError("Cannot read ", where,
                             ": expected no filter other than shuffle, gzip (deflate) and fletcher32; received filter ", filter, " (",
                             name[0] ? name : "unknown", "). Write the file again without it.");
    if (bit <= seen)
      throw ValueError("Cannot read ", where,
                       ": expected the filters shuffle, gzip and fletcher32 at most once and in this order; received another order.");
    seen = bit;
  }
}

Shape read_shape(hid_t dataset, const std::string& where) {
  Hdf5Handle space(H5Dget_space(dataset));
  if (!space.valid()) throw ValueError("Cannot read the shape of ", where, ": ", hdf5_reason(), ".");
  if (H5Sget_simple_extent_type(space) == H5S_NULL)
    throw ValueError("Cannot read ", where, ": expected a tensor; received a dataset without values (null dataspace).");
  hsize_t sizes[H5S_MAX_RANK];
  int rank = H5Sget_simple_extent_dims(space, sizes, nullptr);
  if (rank < 0) throw ValueError("Cannot read the shape of ", where, ": ", hdf5_reason(), ".");
  if (rank > Shape::kMaxRank)
    throw ValueError("Cannot read ", where, ": expected at most ", Shape::kMaxRank, " axes; received ", rank, ".");
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) {
    if (sizes[axis] > INT64_MAX) throw ValueError("Cannot read ", where, ": expected axes of at most 2^63-1; received ", sizes[axis], ".");
    shape.push_back(static_cast<int64_t>(sizes[axis]));
  }
  return shape;
}

uint64_t bytes_of(const TensorSpec& spec, const std::string& where) {
  uint64_t bytes = size_of(spec.dtype);
  bool empty = std::find(spec.shape.begin(), spec.shape.end(), 0) != spec.shape.end();
  for (int64_t size : spec.shape)
    if (!empty && (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes) || bytes > INT64_MAX))
      throw ValueError("Cannot read ", where, ": expected a size below 2^63 bytes; received the shape ", spec.shape, ".");
  return empty ? 0 : bytes;
}

// A dataset may have more data chunks than this only by a lie.
void check_chunk_grid(hid_t properties, const Hdf5Dataset& info, const Hdf5Limits& limits, const std::string& where) {
  hsize_t chunk[H5S_MAX_RANK];
  int rank = H5Pget_chunk(properties, H5S_MAX_RANK, chunk);
  if (rank != info.spec.shape.rank())
    throw ValueError("Cannot read ", where, ": its chunks have ", rank, " axes; expected ", info.spec.shape.rank(), ".");
  uint64_t chunk_bytes = size_of(info.spec.dtype), count = 1;
  constexpr uint64_t kUsualChunk = uint64_t{16} << 20;
  for (int axis = 0; axis < rank; ++axis) {
    auto size = static_cast<uint64_t>(info.spec.shape[axis]);
    if (chunk[axis] == 0 || __builtin_mul_overflow(chunk_bytes, chunk[axis], &chunk_bytes) ||
        chunk_bytes > std::max(info.bytes, kUsualChunk))
      throw ValueError("Cannot read ", where, ": expected chunks no larger than the dataset (", info.bytes,
                       " bytes); received a larger one.");
    if (__builtin_mul_overflow(count, size / chunk[axis] + (size % chunk[axis] != 0), &count)) count = UINT64_MAX;
  }
  if (count > limits.max_chunks)
    throw ValueError("Cannot read ", where, ": expected at most ", limits.max_chunks, " chunks; received ", count, ".");
}

}  // namespace

Hdf5Dataset inspect_hdf5_dataset(hid_t dataset, uint64_t file_bytes, const Hdf5Limits& limits, const std::string& where) {
  Hdf5Handle properties(H5Dget_create_plist(dataset));
  if (!properties.valid()) throw ValueError("Cannot read ", where, ": ", hdf5_reason(), ".");
  H5D_layout_t layout = H5Pget_layout(properties);  // before the shape, which makes HDF5 open the sources of a virtual dataset
  if (layout == H5D_VIRTUAL || H5Pget_external_count(properties) != 0)
    throw ValueError("Cannot read ", where, ": expected data in this file; received a ",
                     layout == H5D_VIRTUAL ? "virtual dataset" : "dataset",
                     " that takes it from other files. Write the file again with the data in it.");
  if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
    throw ValueError("Cannot read ", where, ": its layout is unknown.");
  check_filters(properties, where);

  Hdf5Dataset out;
  out.filtered = H5Pget_nfilters(properties) > 0;
  out.type = Hdf5Handle(H5Dget_type(dataset));
  if (!out.type.valid()) throw ValueError("Cannot read the type of ", where, ": ", hdf5_reason(), ".");
  auto dtype = tensor_type(out.type, marked_bfloat16(dataset, out.type, file_bytes, where));
  if (!dtype)
    throw UnsupportedError("Cannot read ", where,
                           ": expected integers of 1 to 8 bytes, float16, float32, float64, bfloat16 or bool; received the type ",
                           describe_hdf5_type(out.type), ".");
  out.spec = {read_shape(dataset, where), *dtype};
  out.bytes = bytes_of(out.spec, where);

  uint64_t stored = H5Dget_storage_size(dataset);
  if (stored > file_bytes)
    throw ValueError("Cannot read ", where, ": it claims ", stored, " bytes of a file of ", file_bytes, ". The file is damaged.");
  bool whole = layout == H5D_COMPACT || (layout == H5D_CONTIGUOUS && stored != 0);
  if (haddr_t offset = H5Dget_offset(dataset); whole && offset != HADDR_UNDEF && (offset > file_bytes || stored > file_bytes - offset))
    throw ValueError("Cannot read ", where, ": its data lies beyond the end of the file. The file is damaged.");
  H5Eclear2(H5E_DEFAULT);
  // HDF5 trusts the stored size where it reads, so it must be exact.
  if (whole ? stored != out.bytes : excessive(out.bytes, stored, limits))
    throw ValueError("Cannot read ", where, ": expected ",
                     whole ? "all its data in the file" : "a size in proportion to the data in the file", "; received the shape ",
                     out.spec.shape, " of ", *dtype, " (", out.bytes, " bytes), for which the file holds ", stored,
                     " bytes. The file is damaged or not to be trusted.");
  if (layout == H5D_CHUNKED) check_chunk_grid(properties, out, limits, where);
  return out;
}

namespace {

// Whether the deflate stream ends within `limit` unpacked bytes. Broken streams are left for HDF5 to report.
bool inflates_within(std::vector<unsigned char>& packed, uint64_t limit) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw MemoryError("Cannot check compressed data: zlib has no memory left.");
  std::vector<unsigned char> scratch(1 << 16);
  stream.next_in = packed.data();
  stream.avail_in = static_cast<uInt>(packed.size());
  uint64_t total = 0;
  int status = Z_OK;
  while (status == Z_OK && total <= limit) {
    stream.next_out = scratch.data();
    stream.avail_out = static_cast<uInt>(scratch.size());
    status = inflate(&stream, Z_NO_FLUSH);
    total += scratch.size() - stream.avail_out;
  }
  inflateEnd(&stream);
  return total <= limit;
}

}  // namespace

void check_hdf5_chunks(hid_t dataset, uint64_t file_bytes, const std::string& where) {
  Hdf5Handle properties(H5Dget_create_plist(dataset)), space(H5Dget_space(dataset)), type(H5Dget_type(dataset));
  int filters = H5Pget_nfilters(properties), deflate = -1;
  for (int i = 0; i < filters; ++i) {
    size_t values = 0;
    if (H5Pget_filter2(properties, static_cast<unsigned>(i), nullptr, &values, nullptr, 0, nullptr, nullptr) == H5Z_FILTER_DEFLATE)
      deflate = i;
  }
  hsize_t sizes[H5S_MAX_RANK], chunk[H5S_MAX_RANK], offset[H5S_MAX_RANK] = {};
  int rank = H5Sget_simple_extent_dims(space, sizes, nullptr);
  H5Pget_chunk(properties, H5S_MAX_RANK, chunk);
  uint64_t chunk_bytes = H5Tget_size(type), budget = 0;
  for (int axis = 0; axis < rank; ++axis) chunk_bytes *= chunk[axis];
  constexpr uint64_t kChecksum = 4;
  std::vector<unsigned char> packed;
  for (int axis = 0; axis >= 0;) {
    hsize_t stored = 0;
    if (H5Dget_chunk_storage_size(dataset, offset, &stored) < 0) stored = 0, H5Eclear2(H5E_DEFAULT);
    // Deflate adds at most some bytes a block to what does not compress; overlapping chunks could be read again and again.
    if (stored > chunk_bytes + chunk_bytes / 64 + 1024 || (budget += stored) > file_bytes)
      throw ValueError("Cannot read ", where, ": a chunk of ", chunk_bytes, " bytes claims ", stored,
                       " packed bytes. The file is damaged.");
    if (stored > 0 && deflate >= 0) {
      packed.resize(stored);
      uint32_t skipped = 0;
      if (H5Dread_chunk(dataset, H5P_DEFAULT, offset, &skipped, packed.data()) < 0)
        throw ValueError("Cannot read ", where, ": ", hdf5_reason(), ".");
      if (!(skipped >> deflate & 1) && !inflates_within(packed, chunk_bytes + kChecksum))
        throw ValueError("Cannot read ", where, ": expected compressed chunks of ", chunk_bytes,
                         " bytes; received one that unpacks to more. The file is not to be trusted.");
    }
    for (axis = rank - 1; axis >= 0; --axis) {  // the next chunk, last axis first
      if ((offset[axis] += chunk[axis]) < sizes[axis]) break;
      offset[axis] = 0;
    }
  }
}

}  // namespace lamina
