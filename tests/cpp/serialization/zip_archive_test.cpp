#include "serialization/formats/zip/zip_archive.h"

#include <filesystem>

#include "file_support.h"

namespace lamina {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const ArchiveReader& archive) {
  std::vector<std::string> out;
  for (const auto& entry : archive.entries()) out.push_back(entry.name);
  return out;
}

std::string hostile(const std::string& name) { return data_file("hostile/" + name); }

TEST(ArchiveReader, ReadsWhatKerasWrites) {
  ArchiveReader archive(data_file("sequential.keras"));
  EXPECT_THAT(names(archive), ElementsAre("metadata.json", "config.json", "model.weights.h5"));
  EXPECT_EQ(parse_json(archive.read("metadata.json")).as_dict().at("keras_version").as_string(),
            golden().as_dict().at("keras").as_string());
  EXPECT_EQ(archive.read("model.weights.h5").substr(0, 8), "\x89HDF\r\n\x1a\n");
  Value config = parse_json(ArchiveReader(data_file("functional.keras")).read("config.json"));
  EXPECT_EQ(config.as_dict().at("class_name").as_string(), "Functional");
}

TEST(ArchiveReader, ConfigsOfKerasAreWrittenAgainByteForByte) {
  for (const char* name : {"sequential.keras", "functional.keras"}) {
    std::string config = ArchiveReader(data_file(name)).read("config.json");
    EXPECT_EQ(to_json(parse_json(config)), config);
  }
}

TEST(ArchiveReader, ReadsOtherWaysOfPacking) {
  ArchiveReader stored(data_file("sequential.keras"));
  for (const char* name : {"deflated.keras", "streamed.keras", "zip64.keras"}) {
    ArchiveReader archive(data_file(name));
    ASSERT_EQ(names(archive), names(stored)) << name;
    for (const auto& entry : stored.entries()) EXPECT_EQ(archive.read(entry.name), stored.read(entry.name)) << name;
  }
}

TEST(ArchiveReader, ReadsAPlainDirectory) {
  TemporaryDirectory folder;
  fs::create_directories(folder / "assets/layers");
  write_file(folder / "config.json", "{}");
  write_file(folder / "assets/layers/vocabulary.txt", "a\nb");
  ArchiveReader archive(folder.path());
  EXPECT_THAT(names(archive), ElementsAre("assets/layers/vocabulary.txt", "config.json"));
  EXPECT_EQ(archive.read("assets/layers/vocabulary.txt"), "a\nb");
  EXPECT_THROW(archive.read("../" + fs::path(folder.path()).filename().string() + "/config.json"), KeyError);
  EXPECT_ERROR(ValueError, archive.read("config.json", 1), HasSubstr("at most 1 bytes; received 2"));
  fs::create_symlink("/etc/passwd", folder / "assets/x");
  EXPECT_ERROR(ValueError, ArchiveReader(folder.path()), HasSubstr("symbolic link 'assets/x'"));
}

TEST(ArchiveReader, RefusesNamesThatLeaveTheArchive) {
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("parent.zip")), HasSubstr("parent.zip"), HasSubstr("'assets/../../x'"),
               HasSubstr("leads out of the archive"));
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("absolute.zip")), HasSubstr("'/etc/x'"), HasSubstr("absolute path"));
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("backslash.zip")), HasSubstr("backslash"));
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("symlink.zip")), HasSubstr("symbolic link 'config.json'"));
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("duplicate.zip")), HasSubstr("'config.json' twice"));
}

TEST(ArchiveReader, RefusesExpansion) {
  ArchiveLimits limits;
  EXPECT_NO_THROW(ArchiveReader(hostile("bomb.zip"), limits));  // 4 MiB are no harm
  limits.free_bytes = 1 << 20;
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("bomb.zip"), limits), HasSubstr("at most 200 times"),
               HasSubstr("bytes that unpack to 4194304"));
  limits.max_expansion = 2000;
  ArchiveReader archive(hostile("bomb.zip"), limits);
  EXPECT_ERROR(ValueError, archive.read("config.json", 1000), HasSubstr("at most 1000 bytes; received 4194304"));
  limits.max_entries = 0;
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("bomb.zip"), limits), HasSubstr("at most 0 members; received 1"));
}

TEST(ArchiveReader, RefusesDamage) {
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("damaged.zip")).read("config.json"), HasSubstr("'config.json'"),
               HasSubstr("CRC"));
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("understated.zip")).read("config.json"), HasSubstr("'config.json'"));
  EXPECT_ERROR(ValueError, ArchiveReader(hostile("encrypted.zip")).read("config.json"), HasSubstr("encrypted"));
}

TEST(ArchiveReader, NamesWhatCannotBeOpened) {
  TemporaryDirectory folder;
  EXPECT_ERROR(IOError, ArchiveReader(folder / "none.keras"), HasSubstr("none.keras"), HasSubstr("No such file"));
  std::string whole = read_file(data_file("sequential.keras"));
  write_file(folder / "cut.keras", whole.substr(0, whole.size() / 2));
  EXPECT_ERROR(IOError, ArchiveReader(folder / "cut.keras"), HasSubstr("Not a zip archive"),
               HasSubstr("Expected a .keras file"));
  write_file(folder / "empty.keras", "");
  EXPECT_THROW(ArchiveReader(folder / "empty.keras").read("config.json"), Error);
  EXPECT_ERROR(IOError, ArchiveReader("/dev/zero"), HasSubstr("a device"));
}

TEST(ArchiveReader, NamesTheMembersPresent) {
  EXPECT_ERROR(KeyError, ArchiveReader(data_file("sequential.keras")).read("config.jsn"),
               HasSubstr("no member 'config.jsn'"), HasSubstr("metadata.json, config.json, model.weights.h5"));
}

// Any byte of a small archive changed: an error or the same bytes, never a crash.
TEST(ArchiveReader, SurvivesAnyChangedByte) {
  TemporaryDirectory folder;
  std::string whole = read_file(data_file("deflated.keras"));
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    AtomicFile file(folder / "changed");
    file.write(changed);
    try {
      ArchiveReader archive(file.path());
      for (const auto& entry : archive.entries()) archive.read(entry.name);
    } catch (const Error&) {}
  }
}

TEST(ArchiveWriter, RoundTrips) {
  TemporaryDirectory folder;
  std::string path = folder / "m.keras", big(300'000, 'x');
  write_file(folder / "weights", big);
  for (bool zipped : {true, false}) {
    std::string to = folder / (zipped ? "m.keras" : "m");
    ArchiveWriter writer(to, zipped);
    writer.add("metadata.json", "{}");
    writer.add("empty", "");
    writer.add_file("model.weights.h5", folder / "weights");
    writer.add("assets/gr\u00f6\u00dfe/v.txt", "a");
    EXPECT_FALSE(fs::exists(to));
    writer.finish();
    ArchiveReader reader(to);
    if (zipped) {
      EXPECT_THAT(names(reader),
                  ElementsAre("metadata.json", "empty", "model.weights.h5", "assets/gr\u00f6\u00dfe/v.txt"));
    }
    EXPECT_EQ(reader.entries().size(), 4u);
    EXPECT_EQ(reader.read("metadata.json"), "{}");
    EXPECT_EQ(reader.read("empty"), "");
    EXPECT_EQ(reader.read("model.weights.h5"), big);
    EXPECT_EQ(reader.read("assets/gr\u00f6\u00dfe/v.txt"), "a");
  }
  EXPECT_EQ(folder.count(), 3u);
}

TEST(ArchiveWriter, StoresAsKerasDoes) {
  TemporaryDirectory folder;
  for (const char* name : {"a", "b"}) {
    ArchiveWriter writer(folder / name);
    writer.add("config.json", "{\"a\": 1}");
    writer.finish();
  }
  std::string bytes = read_file(folder / "a");
  EXPECT_EQ(bytes, read_file(folder / "b"));
  EXPECT_THAT(bytes, HasSubstr("{\"a\": 1}"));                   // stored, not deflated
  EXPECT_EQ(bytes.substr(6, 2), std::string("\0\0", 2));         // no flags
  EXPECT_EQ(bytes.substr(10, 4), std::string("\0\0\x21\0", 4));  // midnight, 1980-01-01
  EXPECT_EQ(bytes.substr(28, 2), std::string("\0\0", 2));        // no extra fields
}

TEST(ArchiveWriter, ReplacesWholeOrNotAtAll) {
  TemporaryDirectory folder;
  std::string path = folder / "m.keras";
  write_file(path, "old");
  write_file(folder / "weights", "w");
  ArchiveWriter writer(path);
  writer.add_file("model.weights.h5", folder / "weights");
  fs::remove(folder / "weights");
  EXPECT_ERROR(IOError, writer.finish(), HasSubstr("m.keras"), HasSubstr("No such file"));
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(ArchiveWriter, RefusesBadNames) {
  ArchiveWriter writer("m.keras");
  writer.add("config.json", "");
  EXPECT_ERROR(ValueError, writer.add("config.json", ""), HasSubstr("added already"));
  for (const char* name : {"", "/a", "../a", "a/../b", "a\\b", "a//b", "./a", "a/", "c:x"})
    EXPECT_ERROR(ValueError, writer.add(name, ""), HasSubstr("refused because")) << name;
  EXPECT_ERROR(IOError, writer.add_file("x", "no such file"), HasSubstr("no such file"));
}

}  // namespace
}  // namespace lamina
