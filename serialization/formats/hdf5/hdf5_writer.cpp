#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "backends/core/error.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/hdf5/hdf5_disk.h"
#include "serialization/formats/hdf5/hdf5_handle.h"
#include "serialization/formats/hdf5/hdf5_input.h"

namespace lamina {

struct Hdf5Writer::File {
  std::string name;
  std::optional<AtomicFile> target;  // none: in memory
  std::unique_ptr<Hdf5Disk> disk;
  Hdf5Handle id, utf8_link, no_dates, group_properties;

  ~File() { close(); }
  void close() {
    Hdf5Session session;
    utf8_link.reset(), no_dates.reset(), group_properties.reset(), id.reset();
  }

  // The library reads what it could not allocate: it gets no work when memory is short.
  void require_room() const {
    constexpr size_t kBytes = 4u << 20;  // its caches of a file, and a page's worth of each list of its own
    void* room = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) throw MemoryError("Out of memory while '", name, "' was written.");
    munmap(room, kBytes);
  }

  // Call with an Hdf5Session held.
  void create() {
    require_room();
    Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    // The format of HDF5 1.8: its headers, which hold links and attributes, are under checksums, and every h5py reads
    // it.
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
    Hdf5Handle properties(H5Pcreate(H5P_FILE_CREATE));
    H5Pset_istore_k(properties, 4);  // most datasets are one chunk: small nodes of its tree
    H5Pset_obj_track_times(properties, false);
    disk->use(access);
    id = Hdf5Handle(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, properties, access));
    if (!id.valid()) throw IOError("Cannot create the HDF5 file '", name, "': ", reason(), ".");
    utf8_link = Hdf5Handle(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_char_encoding(utf8_link, H5T_CSET_UTF8);
    no_dates = Hdf5Handle(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_obj_track_times(no_dates, false);
    H5Pset_fill_time(no_dates, H5D_FILL_TIME_NEVER);
    group_properties = Hdf5Handle(H5Pcreate(H5P_GROUP_CREATE));
    H5Pset_obj_track_times(group_properties, false);
  }

  // Everything written, or an error.
  void finish() {
    if (H5Fflush(id, H5F_SCOPE_GLOBAL) < 0) fail("the file", name);
    close();
    undate_extension();
    check_written("the file", name);
  }

  // The library dates the superblock's extension, where the size of nodes is told, whatever the lists say: the four
  // times become 0, and the header's checksum follows (HDF5 File Format Specification 3.0, II.C and IV.A.1.b).
  void undate_extension() {
    char superblock[48], header[64];
    if (disk->error() || !disk->read(0, superblock, sizeof superblock)) return;
    Hdf5Cursor in(std::string_view(superblock, sizeof superblock));
    in.skip(20);
    const uint64_t at = in.u64();
    if (at == kUndefinedAddress || !disk->read(at, header, sizeof header)) return;
    constexpr size_t kTimes = 6, kTimesSize = 16;
    const std::string_view bytes(header, sizeof header);
    Hdf5Cursor front(bytes.substr(kTimes - 1));
    const int flags = front.u8();
    if (!bytes.starts_with("OHDR") || (flags & 0x23) != 0x20) return;  // times; a size of one byte
    const size_t size_at = kTimes + kTimesSize + (flags & 0x10 ? 4 : 0);
    const size_t end = size_at + 1 + static_cast<unsigned char>(header[size_at]);
    if (end + 4 > sizeof header) return;
    std::memset(header + kTimes, 0, kTimesSize);
    const uint32_t sum = hdf5_checksum(bytes.substr(0, end));
    std::memcpy(header + end, &sum, sizeof sum);
    disk->write(at, header, end + 4, true);
  }

  // Links are marked as UTF-8 only where they must be: the marked ones turn a group into one of the newer format.
  hid_t link_options(const std::string& path) const {
    bool ascii = std::all_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    return ascii ? hid_t{H5P_DEFAULT} : hid_t{utf8_link};
  }

  std::string reason() const {
    const std::string library = hdf5_reason();
    return disk->error() ? std::system_category().message(disk->error()) : library;
  }
  [[noreturn]] void fail(std::string_view what, std::string_view path) const {
    if (disk->error() == ENOMEM)
      throw MemoryError("Out of memory while ", what, " '", path, "' of '", name, "' was written.");
    throw IOError("Cannot write ", what, " '", path, "' to '", name, "': ", reason(), ".",
                  disk->error() == ENOSPC ? " Free some space or choose another disk." : "");
  }
  void check_written(std::string_view what, std::string_view path) const {
    if (disk->error()) fail(what, path);
  }
  void check_open() const {
    if (!id.valid()) throw RuntimeError("Cannot write to '", name, "': the file is finished already.");
    require_room();
  }

  // "/a/b" with every part checked, what is there already, and how much of the path (in bytes) is.
  struct Place {
    std::string full;
    Hdf5Kind kind = Hdf5Kind::group;
    size_t there = 0;
  };
  Place locate(std::string_view path) const {
    Place place;
    auto& [full, kind, there] = place;
    for (const auto& part : split_hdf5_path(path)) {
      if (kind == Hdf5Kind::dataset)
        throw ValueError("Cannot write '", path, "' to '", name, "': '", full,
                         "' on the way is a dataset; expected a group.");
      full += "/" + part;
      if (kind == Hdf5Kind::absent) continue;
      if (H5Lexists(id, full.c_str(), H5P_DEFAULT) <= 0) {
        kind = Hdf5Kind::absent;
        continue;
      }
      there = full.size();
      Hdf5Handle object(H5Oopen(id, full.c_str(), H5P_DEFAULT));
      kind = H5Iget_type(object) == H5I_DATASET ? Hdf5Kind::dataset : Hdf5Kind::group;
    }
    if (full.empty()) full = "/";
    return place;
  }

  void make_group(const std::string& path) {
    Hdf5Handle made(H5Gcreate2(id, path.c_str(), link_options(path), group_properties, H5P_DEFAULT));
    if (!made.valid()) fail("the group", path);
    check_written("the group", path);
  }
  // The library would date the groups that it makes on the way to an object.
  void make_groups_above(const Place& place) {
    for (size_t end = place.full.find('/', place.there + 1); end != std::string::npos;
         end = place.full.find('/', end + 1))
      make_group(place.full.substr(0, end));
  }

  void attribute(std::string_view path, const std::string& key, hid_t type, hid_t space, const void* data) {
    const auto [full, kind, there] = locate(path);
    if (kind == Hdf5Kind::absent)
      throw KeyError("Cannot write the attribute '", key, "' to '", name, "': there is no object '", full,
                     "'. Write that first.");
    Hdf5Handle object(H5Oopen(id, full.c_str(), H5P_DEFAULT));
    if (H5Aexists(object, key.c_str()) > 0)
      throw ValueError("Cannot write the attribute '", key, "' of '", full, "' to '", name, "': it is there already.");
    Hdf5Handle made(H5Acreate2(object, key.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT));
    if (!made.valid() || (data && H5Awrite(made, type, data) < 0)) fail(text("the attribute '", key, "' of"), full);
    check_written(text("the attribute '", key, "' of"), full);
  }

  static Hdf5Handle string_type(StringTag tag) {
    Hdf5Handle type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, tag == StringTag::utf8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII);
    return type;
  }
  void check_text(const std::string& key, const std::string& value) const {
    if (value.find('\0') != value.npos)
      throw ValueError("Cannot write the attribute '", key, "' to '", name,
                       "': expected text without NULs; received one at offset ", value.find('\0'), ".");
  }

  void string_list(std::string_view path, const std::string& key, const std::string* values, size_t count) {
    std::vector<const char*> pointers;
    bool ascii = true;
    for (size_t i = 0; i < count; ++i) {
      check_text(key, values[i]);
      ascii &=
          std::all_of(values[i].begin(), values[i].end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
      pointers.push_back(values[i].c_str());
    }
    hsize_t size = count;
    Hdf5Handle space(H5Screate_simple(1, &size, nullptr));
    attribute(path, key, string_type(ascii ? StringTag::ascii : StringTag::utf8), space, pointers.data());
  }
};

namespace {

// How a dataset is stored so that a damaged one is found out: in chunks of some rows, each under a checksum
// (fletcher32) that every reader of HDF5 checks. A scalar cannot be in chunks; it lies in the object's header.
Hdf5Handle checked_layout(const Tensor& tensor, hid_t base) {
  Hdf5Handle out(H5Pcopy(base));
  if (tensor.rank() == 0) H5Pset_layout(out, H5D_COMPACT);
  if (tensor.rank() == 0 || tensor.size() == 0) return out;
  constexpr int64_t kChunkBytes = int64_t{1} << 20;  // HDF5's readers keep as much
  hsize_t chunk[Shape::kMaxRank];
  int64_t parts = (static_cast<int64_t>(tensor.bytes()) + kChunkBytes - 1) / kChunkBytes;
  for (int axis = 0; axis < tensor.rank(); ++axis) {
    int64_t size = tensor.shape()[axis], cuts = std::min(parts, size);
    int64_t rows = (size + cuts - 1) / cuts;  // nearly equal parts: the last chunk is filled up
    chunk[axis] = static_cast<hsize_t>(rows);
    parts = (parts + cuts - 1) / cuts;
  }
  H5Pset_chunk(out, tensor.rank(), chunk);
  H5Pset_fletcher32(out);
  return out;
}

}  // namespace

Hdf5Writer::Hdf5Writer(std::unique_ptr<File> file) : file_(std::move(file)) {}
Hdf5Writer::~Hdf5Writer() = default;
Hdf5Writer::Hdf5Writer(Hdf5Writer&&) noexcept = default;

Hdf5Writer::Hdf5Writer(const std::string& path) : file_(std::make_unique<File>()) {
  file_->name = path;
  file_->target.emplace(path);
  file_->disk = std::make_unique<Hdf5Disk>(file_->target->path());
  Hdf5Session session;
  file_->create();
}

Hdf5Writer Hdf5Writer::in_memory(std::string name) {
  auto file = std::make_unique<File>();
  Hdf5Session session;
  file->name = std::move(name);
  file->disk = std::make_unique<Hdf5Disk>();
  file->create();
  return Hdf5Writer(std::move(file));
}

void Hdf5Writer::group(std::string_view path) {
  Hdf5Session session;
  file_->check_open();
  const File::Place place = file_->locate(path);
  const auto& [full, kind, there] = place;
  if (kind == Hdf5Kind::dataset)
    throw ValueError("Cannot make the group '", full, "' in '", file_->name, "': a dataset is there already.");
  if (kind == Hdf5Kind::group) return;
  file_->make_groups_above(place);
  file_->make_group(full);
}

void Hdf5Writer::dataset(std::string_view path, const Tensor& tensor) {
  const void* data = tensor.raw();
  Hdf5Session session;
  file_->check_open();
  const File::Place place = file_->locate(path);
  const auto& [full, kind, there] = place;
  if (kind != Hdf5Kind::absent)
    throw ValueError("Cannot write the dataset '", full, "' to '", file_->name, "': a ",
                     kind == Hdf5Kind::group ? "group" : "dataset", " is there already.");
  hsize_t sizes[Shape::kMaxRank];
  for (int axis = 0; axis < tensor.rank(); ++axis) sizes[axis] = static_cast<hsize_t>(tensor.shape()[axis]);
  Hdf5Handle type = hdf5_type(tensor.dtype());
  Hdf5Handle space(tensor.rank() == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(tensor.rank(), sizes, nullptr));
  Hdf5Handle layout = checked_layout(tensor, file_->no_dates);
  file_->make_groups_above(place);
  Hdf5Handle made(H5Dcreate2(file_->id, full.c_str(), type, space, file_->link_options(full), layout, H5P_DEFAULT));
  if (!made.valid() || (tensor.size() > 0 && H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0))
    file_->fail("the dataset", full);
  made.reset();
  file_->check_written("the dataset", full);
  if (tensor.dtype() == DType::bfloat16) string_attribute(full, "dtype", "bfloat16");
}

void Hdf5Writer::string_attribute(std::string_view path, const std::string& name, const std::string& value,
                                  StringTag tag) {
  Hdf5Session session;
  file_->check_open();
  file_->check_text(name, value);
  const char* pointer = value.c_str();
  Hdf5Handle space(H5Screate(H5S_SCALAR));
  file_->attribute(path, name, File::string_type(tag), space, &pointer);
}

void Hdf5Writer::strings(std::string_view path, const std::string& name, const std::vector<std::string>& values) {
  Hdf5Session session;
  file_->check_open();
  if (values.empty()) {
    hsize_t size = 0;
    Hdf5Handle space(H5Screate_simple(1, &size, nullptr));
    return file_->attribute(path, name, H5T_IEEE_F64LE, space, nullptr);
  }
  // HDF5 keeps an object's attributes within 64 KiB. Keras counts the longest string times the number of strings, and
  // splits a list into the fewest nearly equal parts that stay below; a reference to a string takes 16 bytes besides.
  constexpr size_t kLimit = 64512, kReference = 16;
  size_t longest = kReference, count = values.size();
  for (const auto& value : values) longest = std::max(longest, value.size());
  if (longest > kLimit)
    throw ValueError("Cannot write the attribute '", name, "' of '", path, "' to '", file_->name,
                     "': expected names of at most ", kLimit, " bytes; received one of ", longest, ".");
  size_t per_part = kLimit / longest, parts = (count + per_part - 1) / per_part;
  auto begin_of = [&](size_t part) { return part * (count / parts) + std::min(part, count % parts); };
  if (parts == 1) return file_->string_list(path, name, values.data(), count);
  for (size_t part = 0; part < parts; ++part)
    file_->string_list(path, text(name, part), values.data() + begin_of(part), begin_of(part + 1) - begin_of(part));
}

void Hdf5Writer::finish() {
  Hdf5Session session;
  file_->check_open();
  if (!file_->target) throw RuntimeError("'", file_->name, "' is a file in memory; take_bytes() gives it.");
  file_->finish();
  file_->target->commit();
}

std::string Hdf5Writer::take_bytes() {
  Hdf5Session session;
  file_->check_open();
  if (file_->target) throw RuntimeError("'", file_->name, "' is a file on disk; finish() writes it.");
  file_->finish();
  return file_->disk->take_bytes();
}

}  // namespace lamina
