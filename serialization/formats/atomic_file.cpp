#include "serialization/formats/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <system_error>

#include "backends/core/error.h"

namespace lamina {

namespace {

[[noreturn]] void fail(std::string_view action, const std::string& path, int code, std::string_view hint = "") {
  throw IOError("Cannot ", action, " '", path, "': ", std::system_category().message(code), ".", hint);
}

template <class F>
auto uninterrupted(F&& call) {
  for (;;) {
    auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

std::string directory_of(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// ".<name>." before and ".tmp" after sixteen hexadecimal digits.
std::string temporary_prefix(const std::string& target) {
  return text('.', std::filesystem::path(target).filename().string().substr(0, 200), '.');
}
constexpr std::string_view kTemporaryEnd = ".tmp";
constexpr size_t kDigits = 16;

// Hidden, in the same directory (a rename does not cross file systems), and of a name nobody else picks.
std::string temporary_name(const std::string& target) {
  std::random_device random;
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%08x%08x", random(), random());
  return text(directory_of(target), "/", temporary_prefix(target), digits, kTemporaryEnd);
}

bool is_temporary(std::string_view name, std::string_view prefix) {
  return name.size() == prefix.size() + kDigits + kTemporaryEnd.size() && name.starts_with(prefix) &&
         name.ends_with(kTemporaryEnd) &&
         name.substr(prefix.size(), kDigits).find_first_not_of("0123456789abcdef") == name.npos;
}

// Who writes a temporary holds a lock on it, which ends with the process. What is not locked was left by one that was
// killed.
void remove_abandoned(const std::string& target) {
  std::string folder = directory_of(target), prefix = temporary_prefix(target);
  DIR* directory = opendir(folder.c_str());
  if (!directory) return;  // a folder may be writable and not readable
  while (const dirent* entry = readdir(directory)) {
    if (!is_temporary(entry->d_name, prefix)) continue;
    std::string name = folder + "/" + entry->d_name;
    int descriptor = uninterrupted([&] { return open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); });
    if (descriptor < 0) continue;
    struct stat status;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
      unlink(name.c_str());
    close(descriptor);
  }
  closedir(directory);
}

// Whether the fresh temporary is ours alone: another process may have taken it for abandoned before it was locked. File
// systems without locks have nobody who removes.
bool lock(int descriptor) {
  struct stat status;
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  return fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

std::string resolve_link(const std::string& path) {
  struct stat link;
  if (lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return path;
  char* real = realpath(path.c_str(), nullptr);
  if (!real) fail("follow the symbolic link", path, errno, " Remove the link or create the file that it points to.");
  std::string out = real;
  std::free(real);
  return out;
}

}  // namespace

AtomicFile::AtomicFile(const std::string& target) : target_(resolve_link(target)) {
  struct stat old;
  if (stat(target_.c_str(), &old) == 0) {
    if (!S_ISREG(old.st_mode))
      throw IOError("Cannot write '", target, "': expected the name of a file; received ",
                    S_ISDIR(old.st_mode) ? "a directory" : "a device or pipe", ".");
    mode_ = old.st_mode & 07777;
  }
  remove_abandoned(target_);
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = temporary_name(target_);
    descriptor_ = uninterrupted([&] { return open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666); });
    if (descriptor_ >= 0 && lock(descriptor_)) {
      temporary_ = name;
      return;
    }
    if (descriptor_ >= 0) {
      close_descriptor();
      continue;
    }
    if (errno == EEXIST) continue;
    fail("write", target, errno,
         errno == ENOENT ? text(" Create the directory '", directory_of(target_), "' first.") : "");
  }
  fail("write", target, EEXIST);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(other.descriptor_),
      mode_(other.mode_) {
  other.temporary_.clear();
  other.descriptor_ = -1;
}

AtomicFile::~AtomicFile() {
  close_descriptor();
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::close_descriptor() noexcept {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

void AtomicFile::write(std::string_view bytes) {
  if (descriptor_ < 0) throw RuntimeError("Cannot write '", target_, "': the file is committed already.");
  while (!bytes.empty()) {
    ssize_t count = uninterrupted([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
    if (count < 0)
      fail("write", target_, errno,
           errno == ENOSPC || errno == EDQUOT ? " Free some space or choose another disk." : "");
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) throw RuntimeError("Cannot commit '", target_, "': the file is committed already.");
  // By name: a library may have put another file in the temporary's place. Our own descriptor, and with it the lock,
  // stays until the rename.
  struct Closer {
    int descriptor;
    ~Closer() { close(descriptor); }
  } named{uninterrupted([&] { return open(temporary_.c_str(), O_RDONLY | O_CLOEXEC); })};
  if (named.descriptor < 0) fail("write", target_, errno);
  if (mode_ >= 0 && fchmod(named.descriptor, static_cast<mode_t>(mode_)) != 0 && errno != EPERM)
    fail("set the permissions of", target_, errno);
  if (uninterrupted([&] { return fsync(named.descriptor); }) != 0) fail("write", target_, errno);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail("replace", target_, errno);
  close_descriptor();
  temporary_.clear();
  int directory =
      uninterrupted([&] { return open(directory_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (directory < 0) return;  // a directory may be writable and not readable; the rename is done
  int result = uninterrupted([&] { return fsync(directory); }), code = errno;
  close(directory);
  if (result != 0 && code != EINVAL && code != ENOTSUP) fail("force to the disk the directory of", target_, code);
}

void write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

std::string read_file(const std::string& path, uint64_t max_bytes) {
  int descriptor =
      uninterrupted([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });  // a pipe must not block
  if (descriptor < 0) fail("read", path, errno);
  struct Closer {
    int descriptor;
    ~Closer() { close(descriptor); }
  } closer{descriptor};
  struct stat status;
  if (fstat(descriptor, &status) != 0) fail("read", path, errno);
  if (!S_ISREG(status.st_mode))
    throw IOError("Cannot read '", path, "': expected a file; received ",
                  S_ISDIR(status.st_mode) ? "a directory" : "a device or pipe", ".");
  if (static_cast<uint64_t>(status.st_size) > max_bytes)
    throw ValueError("Cannot read '", path, "': expected at most ", max_bytes, " bytes; received a file of ",
                     static_cast<uint64_t>(status.st_size), ".");
  std::string out(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < out.size()) {
    ssize_t count = uninterrupted([&] { return ::read(descriptor, out.data() + done, out.size() - done); });
    if (count < 0) fail("read", path, errno);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  out.resize(done);
  return out;
}

}  // namespace lamina
