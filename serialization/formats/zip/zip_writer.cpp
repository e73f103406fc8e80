#include "serialization/formats/zip/zip_writer.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <fstream>
#include <system_error>

#include "backends/core/error.h"

namespace lamina {

namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                   kLocator64 = 0x07064b50;
constexpr uint16_t kVersion = 20, kVersion64 = 45, kUnix = 3, kUtf8 = 1 << 11, kFirstOf1980 = 1 << 5 | 1;
constexpr uint32_t kMax32 = 0xFFFFFFFF, kUnixFile = 0100644u << 16;
constexpr uint16_t kMax16 = 0xFFFF, kExtra64 = 1;

class Record {
 public:
  template <std::integral T>
  Record& put(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) bytes_ += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
    return *this;
  }
  Record& put(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

uint32_t low(uint64_t v) { return v >= kMax32 ? kMax32 : static_cast<uint32_t>(v); }

// UTF-8 names are marked only where they are not ASCII, as Python's zipfile does.
uint16_t flags_of(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }) ? 0 : kUtf8;
}

uint32_t checksum_of(std::string_view bytes, uint32_t so_far = 0) {
  uLong crc = so_far;
  while (!bytes.empty()) {
    size_t part = std::min(bytes.size(), size_t{1} << 30);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(part));
    bytes.remove_prefix(part);
  }
  return static_cast<uint32_t>(crc);
}

template <class F>
uint64_t each_piece(const std::string& source, const std::string& target, F&& f) {
  auto failed = [&] {
    throw IOError("Cannot add '", source, "' to the archive '", target,
                  "': ", std::system_category().message(errno ? errno : EIO), ".");
  };
  errno = 0;
  std::ifstream in(source, std::ios::binary);
  if (!in.is_open()) failed();
  std::string piece(1 << 20, '\0');
  uint64_t total = 0;
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    auto count = static_cast<size_t>(in.gcount());
    f(std::string_view(piece).substr(0, count));
    total += count;
  }
  if (!in.eof()) failed();
  return total;
}

}  // namespace

void ZipWriter::write(std::string_view bytes) {
  file_.write(bytes);
  position_ += bytes.size();
}

void ZipWriter::header(const std::string& name, uint64_t bytes, uint32_t checksum) {
  bool large = bytes >= kMax32;
  entries_.push_back({name, bytes, position_, checksum});
  Record r;
  r.put(kLocal)
      .put(large ? kVersion64 : kVersion)
      .put(flags_of(name))
      .put(uint16_t{0})
      .put(uint16_t{0})
      .put(kFirstOf1980)
      .put(checksum);
  r.put(low(bytes))
      .put(low(bytes))
      .put(static_cast<uint16_t>(name.size()))
      .put(static_cast<uint16_t>(large ? 20 : 0))
      .put(name);
  if (large) r.put(kExtra64).put(uint16_t{16}).put(bytes).put(bytes);
  write(r.bytes());
}

void ZipWriter::add(const std::string& name, std::string_view bytes) {
  header(name, bytes.size(), checksum_of(bytes));
  write(bytes);
}

void ZipWriter::add_file(const std::string& name, const std::string& source) {
  uint32_t checksum = 0, again = 0;
  uint64_t bytes =
      each_piece(source, file_.target(), [&](std::string_view piece) { checksum = checksum_of(piece, checksum); });
  header(name, bytes, checksum);
  uint64_t written = each_piece(source, file_.target(), [&](std::string_view piece) {
    again = checksum_of(piece, again);
    write(piece);
  });
  if (written != bytes || again != checksum)
    throw IOError("Cannot add '", source, "' to '", file_.target(), "': the file changed while it was read.");
}

void ZipWriter::finish() {
  uint64_t start = position_;
  for (const Entry& e : entries_) {
    bool large = e.bytes >= kMax32, far = e.offset >= kMax32;
    uint16_t extra = static_cast<uint16_t>((large ? 16 : 0) + (far ? 8 : 0));
    Record r;
    r.put(kCentral)
        .put(static_cast<uint16_t>(kUnix << 8 | (extra ? kVersion64 : kVersion)))
        .put(extra ? kVersion64 : kVersion)
        .put(flags_of(e.name));
    r.put(uint16_t{0}).put(uint16_t{0}).put(kFirstOf1980).put(e.checksum).put(low(e.bytes)).put(low(e.bytes));
    r.put(static_cast<uint16_t>(e.name.size()))
        .put(static_cast<uint16_t>(extra ? extra + 4 : 0))
        .put(uint16_t{0})
        .put(uint16_t{0})
        .put(uint16_t{0});
    r.put(kUnixFile).put(low(e.offset)).put(e.name);
    if (extra) r.put(kExtra64).put(extra);
    if (large) r.put(e.bytes).put(e.bytes);
    if (far) r.put(e.offset);
    write(r.bytes());
  }
  uint64_t size = position_ - start, count = entries_.size(), end = position_;
  Record r;
  if (count >= kMax16 || size >= kMax32 || start >= kMax32) {
    r.put(kEnd64)
        .put(uint64_t{44})
        .put(static_cast<uint16_t>(kUnix << 8 | kVersion64))
        .put(kVersion64)
        .put(uint32_t{0})
        .put(uint32_t{0});
    r.put(count).put(count).put(size).put(start);
    r.put(kLocator64).put(uint32_t{0}).put(end).put(uint32_t{1});
  }
  uint16_t few = count >= kMax16 ? kMax16 : static_cast<uint16_t>(count);
  r.put(kEnd).put(uint16_t{0}).put(uint16_t{0}).put(few).put(few).put(low(size)).put(low(start)).put(uint16_t{0});
  write(r.bytes());
}

}  // namespace lamina
