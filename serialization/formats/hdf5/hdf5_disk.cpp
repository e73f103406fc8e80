#include "serialization/formats/hdf5/hdf5_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>  // HDF5 1.14 and later declare drivers there
#endif

#include "backends/core/error.h"

namespace lamina {

// ---- the bytes ----

Hdf5Disk::Hdf5Disk(const std::string& path)
    : descriptor_(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw IOError("Cannot write '", path, "': ", std::system_category().message(errno), ".");
}

Hdf5Disk::~Hdf5Disk() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Hdf5Disk::write_now(uint64_t at, const char* from, size_t size) {
  if (descriptor_ < 0) {
    if (bytes_.size() < at + size) {
      if (bytes_.capacity() < at + size)
        bytes_.reserve(std::max<size_t>(at + size, bytes_.capacity() + bytes_.capacity() / 2));
      bytes_.resize(at + size);
    }
    std::memcpy(bytes_.data() + at, from, size);
    return;
  }
  for (size_t done = 0; done < size;) {
    const ssize_t count = pwrite(descriptor_, from + done, size - done, static_cast<off_t>(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      error_ = count < 0 && errno ? errno : EIO;
      return;
    }
    done += static_cast<size_t>(count);
  }
}

void Hdf5Disk::write(uint64_t at, const char* from, size_t size, bool metadata) noexcept {
  try {
    if (!error_) write_now(at, from, size);
  } catch (const std::exception&) {  // memory
    error_ = ENOMEM;
  }
  if (!error_ || !metadata) return;
  try {
    unwritten_.insert_or_assign(at, std::string(from, size));
  } catch (const std::exception&) {  // the library will have to do without
  }
}

bool Hdf5Disk::read(uint64_t at, char* to, size_t size) const noexcept {
  std::memset(to, 0, size);
  if (descriptor_ < 0) {
    if (at < bytes_.size()) std::memcpy(to, bytes_.data() + at, std::min<size_t>(size, bytes_.size() - at));
  } else {
    for (size_t done = 0; done < size;) {
      const ssize_t count = pread(descriptor_, to + done, size - done, static_cast<off_t>(at + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
  }
  for (const auto& [begin, bytes] : unwritten_) {
    const uint64_t first = std::max(begin, at), last = std::min(begin + bytes.size(), at + size);
    if (first < last) std::memcpy(to + (first - at), bytes.data() + (first - begin), last - first);
  }
  return true;
}

void Hdf5Disk::resize(uint64_t size) noexcept {
  if (error_) return;
  try {
    if (descriptor_ < 0)
      bytes_.resize(size);
    else if (ftruncate(descriptor_, static_cast<off_t>(size)) != 0)
      error_ = errno;
  } catch (const std::exception&) { error_ = ENOMEM; }
}

// ---- as a driver of the library ----

namespace {

struct OpenFile {
  H5FD_t common;  // the library's part, first
  Hdf5Disk* disk;
  haddr_t allocated, end;
};
struct Chosen {  // what a file-access list holds
  Hdf5Disk* disk;
};
OpenFile& of(H5FD_t* file) { return *reinterpret_cast<OpenFile*>(file); }
const OpenFile& of(const H5FD_t* file) { return *reinterpret_cast<const OpenFile*>(file); }

H5FD_t* open_file(const char*, unsigned, hid_t access, haddr_t) {
  const auto* chosen = static_cast<const Chosen*>(H5Pget_driver_info(access));
  auto* file = chosen ? new (std::nothrow) OpenFile{} : nullptr;
  if (!file) return nullptr;
  file->disk = chosen->disk;
  return &file->common;
}
herr_t close_file(H5FD_t* file) {
  delete &of(file);
  return 0;
}
int compare(const H5FD_t* a, const H5FD_t* b) { return of(a).disk < of(b).disk ? -1 : of(a).disk > of(b).disk; }
herr_t query(const H5FD_t*, unsigned long* flags) {
  if (flags)
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}
haddr_t get_allocated(const H5FD_t* file, H5FD_mem_t) { return of(file).allocated; }
herr_t set_allocated(H5FD_t* file, H5FD_mem_t, haddr_t at) {
  of(file).allocated = at;
  return 0;
}
haddr_t get_end(const H5FD_t* file, H5FD_mem_t) { return of(file).end; }
herr_t read_from(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, size_t size, void* to) {
  return of(file).disk->read(at, static_cast<char*>(to), size) ? 0 : -1;
}
herr_t write_to(H5FD_t* file, H5FD_mem_t kind, hid_t, haddr_t at, size_t size, const void* from) {
  of(file).disk->write(at, static_cast<const char*>(from), size, kind != H5FD_MEM_DRAW);
  of(file).end = std::max<haddr_t>(of(file).end, at + size);
  return 0;
}
herr_t truncate_to(H5FD_t* file, hid_t, hbool_t) {
  if (of(file).allocated == of(file).end) return 0;
  of(file).disk->resize(of(file).allocated);
  of(file).end = of(file).allocated;
  return 0;
}

hid_t driver() {
  static const hid_t id = [] {
    static H5FD_class_t c = {};
#if H5_VERSION_GE(1, 13, 0)
    c.version = H5FD_CLASS_VERSION;
    c.value = static_cast<H5FD_class_value_t>(513);  // of those that applications may take
#endif
    c.name = "lamina";
    c.maxaddr = static_cast<haddr_t>(INT64_MAX);
    c.fc_degree = H5F_CLOSE_STRONG;
    c.fapl_size = sizeof(Chosen);
    c.open = open_file, c.close = close_file, c.cmp = compare, c.query = query;
    c.get_eoa = get_allocated, c.set_eoa = set_allocated, c.get_eof = get_end;
    c.read = read_from, c.write = write_to, c.truncate = truncate_to;
    const H5FD_mem_t lists[] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(lists), std::end(lists), c.fl_map);
    return H5FDregister(&c);
  }();
  return id;
}

}  // namespace

void Hdf5Disk::use(hid_t access) {
  const Chosen chosen{this};
  if (driver() < 0 || H5Pset_driver(access, driver(), &chosen) < 0)
    throw IOError("HDF5 does not take a driver for its files: ", hdf5_reason(), ".");
}

}  // namespace lamina
