#pragma once
// The bytes of an HDF5 file, and a cursor over a piece of them. Everything a file says about places and sizes is
// checked here, once: no read leaves the file, and no piece of metadata is larger than the file.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "backends/core/error.h"

namespace lamina {

inline constexpr uint64_t kUndefinedAddress = UINT64_MAX;

// What is wrong with the structure of a file; the reader adds the object and the file's name and makes it a ValueError.
struct Hdf5Damage {
  std::string reason;
  bool unsupported = false;  // sound, but of a kind that is not read
};
template <class... Parts>
[[noreturn]] void damaged(const Parts&... parts) {
  throw Hdf5Damage{text(parts...)};
}
template <class... Parts>
[[noreturn]] void unsupported(const Parts&... parts) {
  throw Hdf5Damage{text(parts...), true};
}

// Addresses count from `base`, where the file's signature is.
class Hdf5Input {
 public:
  // IOError if the file cannot be opened or is a directory or device.
  static Hdf5Input open(const std::string& path);
  static Hdf5Input of(std::string bytes);
  ~Hdf5Input();
  Hdf5Input(Hdf5Input&& other) noexcept;
  Hdf5Input& operator=(Hdf5Input&&) = delete;

  uint64_t size() const { return size_; }  // of the whole file
  void set_base(uint64_t base) { base_ = base; }
  uint64_t end() const { return size_ - base_; }  // the first address beyond the file
  // Hdf5Damage if the range leaves the file or the file shrank.
  void read(uint64_t address, uint64_t count, void* to) const;
  std::string read(uint64_t address, uint64_t count) const;

 private:
  Hdf5Input() = default;
  std::string bytes_;
  int descriptor_ = -1;  // or the bytes
  uint64_t size_ = 0, base_ = 0;
};

// Little-endian fields one after the other. Hdf5Damage at the end of the bytes.
class Hdf5Cursor {
 public:
  explicit Hdf5Cursor(std::string_view bytes, int address_size = 8, int length_size = 8)
      : bytes_(bytes), address_size_(address_size), length_size_(length_size) {}
  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) damaged("a structure ends early");
    auto out = bytes_.substr(at_, count);
    at_ += count;
    return out;
  }
  void skip(uint64_t count) { take(count); }
  void align(uint64_t to) {  // from the start of the bytes; what is missing at the end is not an error
    at_ = std::min<uint64_t>(bytes_.size(), (at_ + to - 1) / to * to);
  }
  uint64_t number(int size);
  uint8_t u8() { return static_cast<uint8_t>(number(1)); }
  uint16_t u16() { return static_cast<uint16_t>(number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  uint64_t address();  // kUndefinedAddress for all ones
  uint64_t length() { return number(length_size_); }
  uint64_t left() const { return bytes_.size() - at_; }
  uint64_t position() const { return at_; }
  void expect(std::string_view signature, std::string_view what) {
    if (left() < signature.size() || take(signature.size()) != signature)
      damaged(what, " has no signature '", signature, "'");
  }
  Hdf5Cursor inside(std::string_view bytes) const { return Hdf5Cursor(bytes, address_size_, length_size_); }
  int address_size() const { return address_size_; }
  int length_size() const { return length_size_; }

 private:
  std::string_view bytes_;
  uint64_t at_ = 0;
  int address_size_, length_size_;
};

// The checksum of newer structures (Jenkins' lookup3).
uint32_t hdf5_checksum(std::string_view bytes);

}  // namespace lamina
