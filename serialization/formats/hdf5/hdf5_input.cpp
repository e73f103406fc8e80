#include "serialization/formats/hdf5/hdf5_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace lamina {

Hdf5Input Hdf5Input::open(const std::string& path) {
  Hdf5Input out;
  do out.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not block
  while (out.descriptor_ < 0 && errno == EINTR);
  struct stat status;
  if (out.descriptor_ < 0 || fstat(out.descriptor_, &status) != 0)
    throw IOError("Cannot open '", path, "': ", std::system_category().message(errno), ".");
  if (!S_ISREG(status.st_mode))
    throw IOError("Cannot open '", path, "': expected an HDF5 file; received ",
                  S_ISDIR(status.st_mode) ? "a directory" : "a device or pipe", ".");
  out.size_ = static_cast<uint64_t>(status.st_size);
  return out;
}

Hdf5Input Hdf5Input::of(std::string bytes) {
  Hdf5Input out;
  out.bytes_ = std::move(bytes);
  out.size_ = out.bytes_.size();
  return out;
}

Hdf5Input::Hdf5Input(Hdf5Input&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      base_(other.base_) {}
Hdf5Input::~Hdf5Input() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Hdf5Input::read(uint64_t address, uint64_t count, void* to) const {
  if (address > end() || count > end() - address) damaged("it points beyond the end of the file");
  uint64_t at = base_ + address;
  if (descriptor_ < 0) {
    std::memcpy(to, bytes_.data() + at, count);
    return;
  }
  auto* out = static_cast<char*>(to);
  while (count > 0) {
    ssize_t got = pread(descriptor_, out, std::min<uint64_t>(count, 1 << 30), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) damaged("the system cannot read it (", std::system_category().message(errno), ")");
    if (got == 0) damaged("the file became shorter while it was read");
    out += got, at += static_cast<uint64_t>(got), count -= static_cast<uint64_t>(got);
  }
}

std::string Hdf5Input::read(uint64_t address, uint64_t count) const {
  if (address > end() || count > end() - address)
    damaged("it points beyond the end of the file");  // before memory is taken
  std::string out(count, '\0');
  read(address, count, out.data());
  return out;
}

uint64_t Hdf5Cursor::number(int size) {
  std::string_view bytes = take(static_cast<uint64_t>(size));
  uint64_t out = 0;
  for (int i = size - 1; i >= 0; --i) out = out << 8 | static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
  return out;
}

uint64_t Hdf5Cursor::address() {
  uint64_t out = number(address_size_);
  return address_size_ < 8 && out == (uint64_t{1} << 8 * address_size_) - 1 ? kUndefinedAddress : out;
}

uint32_t hdf5_checksum(std::string_view bytes) {
  auto byte = [&](size_t i) {
    return i < bytes.size() ? static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) : 0u;
  };
  auto word = [&](size_t i) { return byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24; };
  uint32_t a = 0xdeadbeef + static_cast<uint32_t>(bytes.size()), b = a, c = a;
  size_t at = 0;
  for (; bytes.size() - at > 12; at += 12) {
    a += word(at), b += word(at + 4), c += word(at + 8);
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  }
  if (at == bytes.size()) return c;
  a += word(at), b += word(at + 4), c += word(at + 8);
  c ^= b, c -= std::rotl(b, 14);
  a ^= c, a -= std::rotl(c, 11);
  b ^= a, b -= std::rotl(a, 25);
  c ^= b, c -= std::rotl(b, 16);
  a ^= c, a -= std::rotl(c, 4);
  b ^= a, b -= std::rotl(a, 14);
  c ^= b, c -= std::rotl(b, 24);
  return c;
}

}  // namespace lamina
