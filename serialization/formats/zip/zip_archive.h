#pragma once
// .keras archives: a zip with a few members, or a plain directory with the same names. The reader takes the file for
// hostile: names cannot leave the archive and no member takes memory out of proportion to the file.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lamina {

struct ArchiveLimits {
  uint64_t max_entries = 100'000;
  // A member, and all members together, may unpack to free_bytes, and beyond that to max_expansion times the packed
  // size.
  uint64_t free_bytes = uint64_t{16} << 20;
  uint64_t max_expansion = 200;
};

// A member of an archive.
struct ArchiveEntry {
  std::string name;  // "assets/layers/text_vectorization/vocabulary.txt"
  uint64_t bytes = 0;
};

// Not for use by several threads at once.
class ArchiveReader {
 public:
  // `path` is a zip or a directory. IOError if it cannot be opened or is neither; ValueError for what no writer of
  // models makes: absolute names, "..", backslashes, names that occur twice, symbolic links, absurd expansion.
  explicit ArchiveReader(const std::string& path, const ArchiveLimits& limits = {});
  // A zip whose bytes are these; `name` stands for its path in errors. What the constructor throws.
  static ArchiveReader from_memory(std::string bytes, std::string name, const ArchiveLimits& limits = {});
  ~ArchiveReader();
  ArchiveReader(ArchiveReader&&) noexcept;

  const std::string& path() const;
  const std::vector<ArchiveEntry>& entries() const;  // files in stored order (of a directory: sorted)
  bool contains(const std::string& name) const;
  // The unpacked bytes, their checksum verified. KeyError if there is no such member, ValueError if it is larger than
  // max_bytes or encrypted or damaged.
  std::string read(const std::string& name, uint64_t max_bytes = UINT64_MAX) const;

 private:
  struct Source;
  explicit ArchiveReader(std::unique_ptr<Source> source);
  std::unique_ptr<Source> source_;
};

// Writes a zip with all members stored uncompressed, in the order they were added, dated 1980-01-01: equal members give
// equal files. The archive appears under its name on finish(), whole (see AtomicFile).
class ArchiveWriter {
 public:
  // zipped = false writes a directory instead; then each member by itself is whole.
  explicit ArchiveWriter(std::string path, bool zipped = true);
  ~ArchiveWriter();
  ArchiveWriter(ArchiveWriter&&) noexcept;

  // ValueError for a name that ArchiveReader would refuse.
  void add(const std::string& name, std::string bytes);
  // The file at `source` must stay as it is until finish().
  void add_file(const std::string& name, const std::string& source);
  void finish();  // IOError leaves what was there before

 private:
  struct Member {
    std::string name, bytes, source;
  };
  void insert(Member member);
  std::string path_;
  bool zipped_;
  std::vector<Member> members_;
};

}  // namespace lamina
