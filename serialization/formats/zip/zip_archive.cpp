#include "serialization/formats/zip/zip_archive.h"

#include <sys/stat.h>
#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "backends/core/error.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/zip/zip_writer.h"

namespace lamina {

namespace fs = std::filesystem;

namespace {

struct ZipCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Zip = std::unique_ptr<zip_t, ZipCloser>;
struct ZipFileCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::string reason_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string out = zip_error_strerror(&error);
  zip_error_fini(&error);
  return out;
}

[[noreturn]] void cannot_open(const std::string& path, int code) {
  throw IOError("Cannot open the archive '", path, "': ", reason_of(code),
                code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS
                    ? ". Expected a .keras file (a zip); it may be damaged or incomplete."
                    : ".");
}

Zip open_zip(const std::string& path, int flags) {
  int code = 0;
  Zip archive(zip_open(path.c_str(), flags, &code));
  if (!archive) cannot_open(path, code);
  return archive;
}

// The bytes stay where they are while the archive is open.
Zip open_bytes(const std::string& bytes, const std::string& name) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  Zip archive(source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr);
  const int code = zip_error_code_zip(&error);
  zip_error_fini(&error);
  if (archive) return archive;
  if (source) zip_source_free(source);
  cannot_open(name, code);
}

// Why a name is refused, or "".
std::string_view name_fault(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > 4096) return "it is longer than 4096 bytes";
  if (name[0] == '/' || (name.size() > 1 && name[1] == ':')) return "it is an absolute path";
  if (name.find('\\') != name.npos) return "it holds a backslash";
  if (name.find('\0') != name.npos) return "it holds a NUL";
  for (size_t start = 0; start <= name.size();) {
    size_t end = std::min(name.find('/', start), name.size());
    std::string_view part = name.substr(start, end - start);
    if (part == "..") return "it leads out of the archive ('..')";
    if (part == "." || (part.empty() && end < name.size())) return "it holds an empty part or '.'";
    start = end + 1;
  }
  return "";
}

constexpr uint32_t kUnixTypeMask = 0170000u << 16, kUnixLink = 0120000u << 16;

}  // namespace

struct ArchiveReader::Source {
  std::string path, bytes;  // bytes: of one in memory
  ArchiveLimits limits;
  Zip zip;  // null: a directory
  std::vector<ArchiveEntry> entries;
  std::unordered_map<std::string, zip_uint64_t> places;  // name -> index in the zip

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    throw ValueError("Cannot read the archive '", path, "': ", parts..., " The file is damaged or not to be trusted.");
  }
  bool excessive(uint64_t bytes, uint64_t packed) const {
    return bytes > limits.free_bytes && bytes / limits.max_expansion > packed;
  }

  void insert(std::string name, uint64_t bytes, zip_uint64_t place) {
    if (std::string_view fault = name_fault(name); !fault.empty())
      refuse("expected relative names such as 'assets/vocabulary.txt'; received the name '", name,
             "', which is refused because ", fault, ".");
    if (!places.emplace(name, place).second) refuse("expected each name once; received '", name, "' twice.");
    entries.push_back({std::move(name), bytes});
  }
  void check_count(uint64_t count) const {
    if (count > limits.max_entries) refuse("expected at most ", limits.max_entries, " members; received ", count, ".");
  }

  void list_zip(uint64_t size) {
    auto count = static_cast<zip_uint64_t>(zip_get_num_entries(zip.get(), 0));
    check_count(count);
    uint64_t total = 0;
    for (zip_uint64_t i = 0; i < count; ++i) {
      zip_stat_t stat;
      if (zip_stat_index(zip.get(), i, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_NAME) || !(stat.valid & ZIP_STAT_SIZE))
        refuse("member ", i, " has no name or no size.");
      std::string name = stat.name;
      zip_uint8_t system = 0;
      zip_uint32_t attributes = 0;
      zip_file_get_external_attributes(zip.get(), i, 0, &system, &attributes);
      if (system == ZIP_OPSYS_UNIX && (attributes & kUnixTypeMask) == kUnixLink)
        refuse("expected plain files; received the symbolic link '", name, "'.");
      if (excessive(stat.size, stat.comp_size))
        refuse("expected members that unpack to at most ", limits.max_expansion, " times their size; received '", name,
               "', ", stat.comp_size, " bytes that unpack to ", stat.size, ".");
      if (__builtin_add_overflow(total, stat.size, &total)) refuse("the sizes of its members are absurd.");
      if (name.ends_with('/')) {  // a directory's own entry
        if (std::string_view fault = name_fault(std::string_view(name).substr(0, name.size() - 1)); !fault.empty())
          refuse("the name '", name, "' is refused because ", fault, ".");
        continue;
      }
      insert(std::move(name), stat.size, i);
    }
    // Members may share packed bytes, each within its own bound.
    if (excessive(total, size))
      refuse("expected members that unpack to at most ", limits.max_expansion, " times its size; received ", size,
             " bytes that unpack to ", total, ".");
  }

  void list_directory() {
    uint64_t seen = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      check_count(++seen);
      if (it.depth() > 64) refuse("expected at most 64 nested directories.");
      std::string name = it->path().lexically_relative(path).generic_string();
      if (it->is_symlink())
        refuse("expected plain files; received the symbolic link '", name, "'. Put a copy of the file in its place.");
      if (it->is_directory()) continue;
      if (!it->is_regular_file()) refuse("expected plain files; received the device or pipe '", name, "'.");
      insert(std::move(name), it->file_size(), 0);
    }
    if (error) throw IOError("Cannot read the directory '", path, "': ", error.message(), ".");
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }

  std::string read_zip(zip_uint64_t place, const ArchiveEntry& entry) const {
    zip_stat_t stat;
    if (zip_stat_index(zip.get(), place, 0, &stat) == 0 && (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) &&
        stat.encryption_method != ZIP_EM_NONE)
      throw ValueError("Cannot read '", entry.name, "' of '", path,
                       "': expected an open archive; received an encrypted one. Unpack it with its password first.");
    auto failed = [&](const char* reason) { refuse("reading '", entry.name, "' gave: ", reason, "."); };
    std::unique_ptr<zip_file_t, ZipFileCloser> file(zip_fopen_index(zip.get(), place, 0));
    if (!file) failed(zip_strerror(zip.get()));
    std::string out(entry.bytes, '\0');
    uint64_t done = 0;
    for (;;) {  // one read beyond the end, where the checksum is compared
      char spare;
      zip_int64_t count = done < out.size() ? zip_fread(file.get(), out.data() + done, out.size() - done)
                                            : zip_fread(file.get(), &spare, 1);
      if (count < 0) failed(zip_file_strerror(file.get()));
      if (count == 0) break;
      if (done >= out.size()) failed("more data than declared");
      done += static_cast<uint64_t>(count);
    }
    if (done < out.size()) failed("less data than declared");
    return out;
  }
};

ArchiveReader::ArchiveReader(const std::string& path, const ArchiveLimits& limits)
    : source_(std::make_unique<Source>()) {
  source_->path = path;
  source_->limits = limits;
  struct stat status;
  bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    source_->list_directory();
    return;
  }
  if (exists && !S_ISREG(status.st_mode))
    throw IOError("Cannot open the archive '", path, "': expected a file or directory; received a device or pipe.");
  source_->zip = open_zip(path, ZIP_RDONLY);
  source_->list_zip(fs::file_size(path));
}
ArchiveReader::ArchiveReader(std::unique_ptr<Source> source) : source_(std::move(source)) {}
ArchiveReader ArchiveReader::from_memory(std::string bytes, std::string name, const ArchiveLimits& limits) {
  auto source = std::make_unique<Source>();
  source->path = std::move(name);
  source->bytes = std::move(bytes);
  source->limits = limits;
  source->zip = open_bytes(source->bytes, source->path);
  source->list_zip(source->bytes.size());
  return ArchiveReader(std::move(source));
}
ArchiveReader::~ArchiveReader() = default;
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;

const std::string& ArchiveReader::path() const { return source_->path; }
const std::vector<ArchiveEntry>& ArchiveReader::entries() const { return source_->entries; }
bool ArchiveReader::contains(const std::string& name) const { return source_->places.contains(name); }

std::string ArchiveReader::read(const std::string& name, uint64_t max_bytes) const {
  const auto& entries = source_->entries;
  auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == name; });
  if (entry == entries.end()) {
    std::vector<std::string> names;
    for (const auto& e : entries)
      if (names.size() < 10) names.push_back(e.name);
    throw KeyError("The archive '", path(), "' has no member '", name, "'; present are ", join(names, ", "),
                   entries.size() > 10 ? ", ..." : "", ".");
  }
  if (entry->bytes > max_bytes)
    throw ValueError("Cannot read '", name, "' of '", path(), "': expected at most ", max_bytes, " bytes; received ",
                     entry->bytes, ".");
  return source_->zip ? source_->read_zip(source_->places.at(name), *entry)
                      : read_file(path() + "/" + name, std::min(max_bytes, entry->bytes));
}

ArchiveWriter::ArchiveWriter(std::string path, bool zipped) : path_(std::move(path)), zipped_(zipped) {}
ArchiveWriter::~ArchiveWriter() = default;
ArchiveWriter::ArchiveWriter(ArchiveWriter&&) noexcept = default;

void ArchiveWriter::insert(Member member) {
  if (std::string_view fault = name_fault(member.name); !fault.empty() || member.name.ends_with('/'))
    throw ValueError("Cannot add '", member.name, "' to the archive '", path_,
                     "': expected a relative file name; this one is refused because ",
                     fault.empty() ? "it names a directory" : fault, ".");
  for (const auto& other : members_)
    if (other.name == member.name)
      throw ValueError("Cannot add '", member.name, "' to the archive '", path_, "': it was added already.");
  members_.push_back(std::move(member));
}
void ArchiveWriter::add(const std::string& name, std::string bytes) { insert({name, std::move(bytes), ""}); }
void ArchiveWriter::add_file(const std::string& name, const std::string& source) {
  if (!fs::is_regular_file(source))
    throw IOError("Cannot add '", source, "' to the archive '", path_, "': there is no such file.");
  insert({name, "", source});
}

void ArchiveWriter::finish() {
  if (!zipped_) {
    for (const auto& member : members_) {
      std::string to = path_ + "/" + member.name;
      std::error_code error;
      fs::create_directories(fs::path(to).parent_path(), error);
      if (error) throw IOError("Cannot create the directory of '", to, "': ", error.message(), ".");
      if (member.source.empty()) {
        write_file(to, member.bytes);
        continue;
      }
      AtomicFile file(to);
      fs::copy_file(member.source, file.path(), fs::copy_options::overwrite_existing, error);
      if (error) throw IOError("Cannot copy '", member.source, "' to '", to, "': ", error.message(), ".");
      file.commit();
    }
    members_.clear();
    return;
  }
  AtomicFile file(path_);
  ZipWriter zip(file);
  for (const auto& member : members_) {
    if (member.source.empty())
      zip.add(member.name, member.bytes);
    else
      zip.add_file(member.name, member.source);
  }
  zip.finish();
  file.commit();
  members_.clear();
}

}  // namespace lamina
