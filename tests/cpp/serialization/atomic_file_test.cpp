#include "serialization/formats/atomic_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "file_support.h"

namespace lamina {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(AtomicFile, AppearsOnCommit) {
  TemporaryDirectory folder;
  std::string path = folder / "model.keras";
  AtomicFile file(path);
  file.write("new ");
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(fs::path(file.path()).parent_path(), folder.path());
  file.write("text");
  file.commit();
  EXPECT_EQ(read_file(path), "new text");
  EXPECT_EQ(folder.count(), 1u);
  EXPECT_THROW(file.commit(), RuntimeError);
  EXPECT_THROW(file.write("x"), RuntimeError);
}

TEST(AtomicFile, LeavesTheOldFileWithoutCommit) {
  TemporaryDirectory folder;
  std::string path = folder / "a";
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
    AtomicFile moved = std::move(file);
    moved.write("er");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(AtomicFile, TakesALibrarysFileInItsPlace) {
  TemporaryDirectory folder;
  std::string path = folder / "a";
  AtomicFile file(path);
  std::ofstream(folder / "other") << "by rename";
  fs::rename(folder / "other", file.path());
  file.commit();
  EXPECT_EQ(read_file(path), "by rename");
}

TEST(AtomicFile, KeepsPermissionsAndLinks) {
  TemporaryDirectory folder;
  write_file(folder / "real", "old");
  fs::permissions(folder / "real", fs::perms(0640));
  fs::create_symlink("real", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "real"), "new");
  EXPECT_EQ(fs::status(folder / "real").permissions(), fs::perms(0640));
}

TEST(AtomicFile, GivesNewFilesTheUsualPermissions) {
  TemporaryDirectory folder;
  std::ofstream(folder / "plain") << "x";
  write_file(folder / "atomic", "x");
  EXPECT_EQ(fs::status(folder / "atomic").permissions(), fs::status(folder / "plain").permissions());
}

TEST(AtomicFile, TakesRelativeNamesAndLongOnes) {
  TemporaryDirectory folder;
  fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file("relative", "x");
  write_file(std::string(255, 'n'), "x");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder / "relative"), "x");
}

TEST(AtomicFile, NamesThePathAndTheReason) {
  TemporaryDirectory folder;
  EXPECT_ERROR(IOError, AtomicFile(folder / "missing/a"), HasSubstr("missing/a"),
               HasSubstr("No such file or directory"), HasSubstr("Create the directory"));
  EXPECT_ERROR(IOError, AtomicFile(folder.path()), HasSubstr("expected the name of a file; received a directory"));
  EXPECT_ERROR(IOError, AtomicFile("/dev/null"), HasSubstr("a device or pipe"));
  fs::create_symlink("nowhere", folder / "link");
  EXPECT_ERROR(IOError, AtomicFile(folder / "link"), HasSubstr("follow the symbolic link"));
  EXPECT_EQ(folder.count(), 1u);
}

TEST(ReadFile, RefusesLargeMissingAndOddFiles) {
  TemporaryDirectory folder;
  write_file(folder / "a", "12345");
  EXPECT_EQ(read_file(folder / "a", 5), "12345");
  EXPECT_ERROR(ValueError, read_file(folder / "a", 4), HasSubstr("at most 4 bytes; received a file of 5"));
  EXPECT_ERROR(IOError, read_file(folder / "b"), HasSubstr("No such file"));
  EXPECT_ERROR(IOError, read_file(folder.path()), HasSubstr("a directory"));
  EXPECT_ERROR(IOError, read_file("/dev/zero"), HasSubstr("a device"));
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_ERROR(IOError, read_file(folder / "pipe"), HasSubstr("pipe"));  // and does not wait for a writer
}

// Runs `body` in a child; its result is the exit status.
template <class F>
pid_t in_child(F&& body) {
  pid_t child = fork();
  if (child == 0) _exit(body());
  return child;
}

TEST(AtomicFile, LeavesTheOldFileWhenTheDiskIsFull) {
  TemporaryDirectory folder;
  std::string path = folder / "a";
  write_file(path, "old");
  pid_t child = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{1 << 16, 1 << 16};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file(path, std::string(1 << 20, 'x'));
    } catch (const IOError& error) {
      return std::string_view(error.what()).find("File too large") != std::string_view::npos ? 0 : 2;
    }
    return 1;
  });
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.count(), 1u);
}

// A child saves in a loop and is killed at a random moment. A file is whole if it is `size` times one letter.
TEST(AtomicFile, IsOldOrNewWhenKilled) {
  TemporaryDirectory folder;
  std::string path = folder / "weights";
  constexpr size_t kBytes = 300'000;
  write_file(path, std::string(kBytes, 'a'));
  std::mt19937 random(1);
  int changed = 0, interrupted = 0;
  for (int round = 0; round < 100; ++round) {
    char before = read_file(path)[0];
    pid_t child = in_child([&] {
      for (int i = 0;; ++i) {
        AtomicFile file(path);
        std::string piece(kBytes / 10, static_cast<char>('a' + (round + i) % 26));
        for (int part = 0; part < 10; ++part) file.write(piece);
        file.commit();
      }
      return 0;
    });
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 10'000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    std::string found = read_file(path);
    ASSERT_EQ(found.size(), kBytes);
    ASSERT_EQ(found.find_first_not_of(found[0]), std::string::npos);
    changed += found[0] != before;
    interrupted += folder.count() > 1;
    for (const auto& entry : fs::directory_iterator(folder.path()))
      if (entry.path() != path) fs::remove(entry.path());
  }
  EXPECT_GT(changed, 0);      // else the children were killed before they saved anything,
  EXPECT_GT(interrupted, 0);  // or never in the middle of it
}

}  // namespace
}  // namespace lamina
