#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <set>
#include <thread>

#include "file_support.h"
#include "serialization/formats/hdf5/hdf5_store.h"
#include "serialization/formats/zip/zip_archive.h"

namespace lamina {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Tensor sample(DType dtype, const Shape& shape) {
  Tensor tensor = Tensor::empty(shape, dtype);
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < tensor.size(); ++i) {
      if constexpr (std::is_same_v<T, bool>)
        tensor.mutable_data<T>()[i] = i % 3 == 0;
      else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
        tensor.mutable_data<T>()[i] = T(static_cast<float>(i) - 1.5f);
      else
        tensor.mutable_data<T>()[i] =
            static_cast<T>(is_float(dtype) ? static_cast<double>(i) - 1.5 : static_cast<double>(i));
    }
  });
  return tensor;
}

void write_everything(Hdf5Writer& writer) {
  writer.group("vars");
  writer.group("/layers/input_layer/vars");
  writer.string_attribute("layers/input_layer/vars", "name", "gr\u00f6\u00dfe");
  for (int i = 0; i < kDTypeCount; ++i)
    writer.dataset(text("layers/all/vars/", i), sample(static_cast<DType>(i), {2, 3}));
  writer.dataset("layers/all/vars/13", sample(DType::float32, {}));
  writer.dataset("layers/all/vars/14", sample(DType::float32, {0, 3}));
  writer.string_attribute("", "model_config", "{}", StringTag::ascii);
  writer.strings("layers", "names", {"a", "b\u00e9", ""});
  writer.strings("layers", "none", {});
}

void expect_everything(const Hdf5Reader& reader) {
  EXPECT_THAT(reader.keys(), ElementsAre("layers", "vars"));
  EXPECT_THAT(reader.keys("vars"), IsEmpty());
  EXPECT_EQ(reader.string_attribute("layers/input_layer/vars", "name"), "gr\u00f6\u00dfe");
  EXPECT_EQ(reader.string_attribute("", "model_config"), "{}");
  EXPECT_THAT(reader.strings("layers", "names"), ElementsAre("a", "b\u00e9", ""));
  EXPECT_THAT(reader.strings("layers", "none"), IsEmpty());
  for (int i = 0; i < kDTypeCount; ++i) {
    Tensor expected = sample(static_cast<DType>(i), {2, 3}), found = reader.read(text("layers/all/vars/", i));
    ASSERT_EQ(found.dtype(), expected.dtype());
    ASSERT_EQ(found.shape(), expected.shape());
    EXPECT_EQ(std::memcmp(found.raw(), expected.raw(), expected.bytes()), 0) << name_of(expected.dtype());
  }
  EXPECT_EQ(reader.spec("layers/all/vars/13"), (TensorSpec{{}, DType::float32}));
  EXPECT_EQ(reader.read("layers/all/vars/13").item(), -1.5);
  EXPECT_EQ(reader.read("layers/all/vars/14").shape(), (Shape{0, 3}));
}

TEST(Hdf5Writer, RoundTripsOnDisk) {
  TemporaryDirectory folder;
  std::string path = folder / "w.weights.h5";
  Hdf5Writer writer(path);
  write_everything(writer);
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.finish();
  expect_everything(Hdf5Reader(path));
  EXPECT_EQ(folder.count(), 1u);
  EXPECT_THROW(writer.group("more"), RuntimeError);
  EXPECT_THROW(writer.finish(), RuntimeError);
}

TEST(Hdf5Writer, RoundTripsInMemory) {
  Hdf5Writer writer = Hdf5Writer::in_memory("model.weights.h5");
  write_everything(writer);
  std::string bytes = writer.take_bytes();
  expect_everything(Hdf5Reader::from_memory(bytes, "model.weights.h5"));
  EXPECT_THROW(writer.take_bytes(), RuntimeError);
  EXPECT_FALSE(std::filesystem::exists("memory"));
}

// HDF5 1.8's format, whose headers have checksums; the same bytes at any time.
TEST(Hdf5Writer, WritesCheckedHeadersWithoutDates) {
  std::string bytes[2];
  for (auto& out : bytes) {
    Hdf5Writer writer = Hdf5Writer::in_memory("x");
    write_everything(writer);
    out = writer.take_bytes();
    for (std::time_t now = std::time(nullptr); std::time(nullptr) == now;)  // HDF5's dates are in seconds
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(bytes[0] == bytes[1]);
  EXPECT_EQ(bytes[0][8], 2);                                // superblock version
  EXPECT_TRUE(bytes[0].find("OHDR") != std::string::npos);  // object headers with checksums
  EXPECT_TRUE(bytes[0].find("SNOD") == std::string::npos);  // no symbol tables, which have none
}

// What golden files hold, written again, is what Keras' own file holds.
TEST(Hdf5Writer, CopiesAKerasFile) {
  Hdf5Reader from(data_file("dtypes.weights.h5"));
  Hdf5Writer writer = Hdf5Writer::in_memory("copy");
  for (const auto& path : from.datasets()) writer.dataset(path, from.read(path));
  Hdf5Reader copy = Hdf5Reader::from_memory(writer.take_bytes(), "copy");
  ASSERT_EQ(copy.datasets(), from.datasets());
  for (const auto& path : from.datasets()) {
    EXPECT_EQ(copy.spec(path), from.spec(path));
    EXPECT_EQ(std::memcmp(copy.read(path).raw(), from.read(path).raw(), from.read(path).bytes()), 0) << path;
    EXPECT_EQ(copy.attribute_names(path), from.attribute_names(path)) << path;
  }
}

// Indices several nodes deep and heaps with tables of tables.
TEST(Hdf5Writer, WritesManyObjectsIntoOneGroup) {
  constexpr int kCount = 30000;
  Hdf5Writer writer = Hdf5Writer::in_memory("many");
  for (int i = 0; i < kCount; ++i) writer.group(text("layers/a_name_of_some_length_", i));
  writer.dataset(text("layers/a_name_of_some_length_", kCount / 2, "/vars/0"), Tensor::scalar(3.0f));
  Hdf5Reader reader = Hdf5Reader::from_memory(writer.take_bytes(), "many");
  std::vector<std::string> names = reader.keys("layers");
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), static_cast<size_t>(kCount));
  for (int i = 0; i < kCount; i += 1000)
    EXPECT_EQ(reader.kind(text("layers/a_name_of_some_length_", i)), Hdf5Kind::group) << i;
  EXPECT_EQ(reader.read(text("layers/a_name_of_some_length_", kCount / 2, "/vars/0")).data<float>()[0], 3.0f);
  EXPECT_EQ(reader.kind("layers/a_name_of_some_length_"), Hdf5Kind::absent);
}

TEST(Hdf5Writer, SplitsLongLists) {
  std::vector<std::string> long_names, short_names;
  for (int i = 0; i < 1500; ++i) long_names.push_back(text("layer/", std::string(90, 'x'), i));
  for (int i = 0; i < 9000; ++i) short_names.push_back(std::to_string(i));
  Hdf5Writer writer = Hdf5Writer::in_memory("x");
  writer.group("g");
  writer.strings("g", "weight_names", long_names);
  writer.strings("g", "short", short_names);
  Hdf5Reader reader = Hdf5Reader::from_memory(writer.take_bytes(), "x");
  EXPECT_FALSE(reader.find_attribute("g", "weight_names"));
  EXPECT_TRUE(reader.find_attribute("g", "weight_names2"));
  EXPECT_EQ(reader.strings("g", "weight_names"), long_names);
  EXPECT_EQ(reader.strings("g", "short"), short_names);
}

TEST(Hdf5Writer, StoresLongStrings) {
  Hdf5Writer writer = Hdf5Writer::in_memory("x");
  std::string config(500'000, 'c');
  writer.string_attribute("", "model_config", config);
  EXPECT_EQ(Hdf5Reader::from_memory(writer.take_bytes(), "x").string_attribute("", "model_config"), config);
}

TEST(Hdf5Writer, NamesWhatItCannotWrite) {
  Hdf5Writer writer = Hdf5Writer::in_memory("w.h5");
  Tensor tensor = sample(DType::float32, {2});
  writer.dataset("a/0", tensor);
  EXPECT_ERROR(ValueError, writer.dataset("a/0", tensor), HasSubstr("'/a/0' to 'w.h5'"),
               HasSubstr("a dataset is there already"));
  EXPECT_ERROR(ValueError, writer.dataset("a", tensor), HasSubstr("a group is there already"));
  EXPECT_ERROR(ValueError, writer.dataset("a/0/b", tensor), HasSubstr("'/a/0' on the way is a dataset"));
  EXPECT_ERROR(ValueError, writer.group("a/0"), HasSubstr("a dataset is there already"));
  EXPECT_ERROR(ValueError, writer.group("a/./b"), HasSubstr("'.'"));
  EXPECT_ERROR(KeyError, writer.string_attribute("b", "name", "x"), HasSubstr("no object '/b'"),
               HasSubstr("Write that first"));
  writer.string_attribute("a", "name", "x");
  EXPECT_ERROR(ValueError, writer.string_attribute("a", "name", "x"), HasSubstr("there already"));
  EXPECT_ERROR(ValueError, writer.string_attribute("a", "nul", std::string("x\0y", 3)), HasSubstr("offset 1"));
  EXPECT_ERROR(ValueError, writer.strings("a", "long", {std::string(70'000, 'x')}), HasSubstr("at most 64512 bytes"));
  EXPECT_THROW(writer.dataset("b", Tensor::spec_only({2}, DType::float32)), RuntimeError);
  EXPECT_ERROR(RuntimeError, writer.finish(), HasSubstr("take_bytes()"));
  EXPECT_NO_THROW(writer.group("a"));
}

TEST(Hdf5Writer, LeavesTheOldFileUnlessFinished) {
  TemporaryDirectory folder;
  std::string path = folder / "w.h5";
  write_file(path, "old");
  {
    Hdf5Writer writer(path);
    write_everything(writer);
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.count(), 1u);
  EXPECT_ERROR(IOError, Hdf5Writer(folder / "missing/w.h5"), HasSubstr("No such file or directory"));
}

TEST(Hdf5Writer, LeavesTheOldFileWhenTheDiskIsFull) {
  TemporaryDirectory folder;
  std::string path = folder / "w.h5";
  write_file(path, "old");
  pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{1 << 16, 1 << 16};
    setrlimit(RLIMIT_FSIZE, &limit);
    int result = 1;
    try {
      Hdf5Writer writer(path);
      writer.dataset("big", sample(DType::float32, {1 << 20}));
      writer.finish();
    } catch (const IOError&) { result = 0; }
    _exit(result);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.count(), 1u);
}

// Leaves files for tests/python/test_serialization_files.py, which opens them with h5py and Keras.
TEST(Hdf5Writer, LeavesFilesForPython) {
  const char* folder = std::getenv("LAMINA_WRITE_TO");
  if (!folder) GTEST_SKIP() << "LAMINA_WRITE_TO names no folder";
  std::string to = folder;
  Hdf5Writer everything(to + "/everything.h5");
  write_everything(everything);
  everything.strings("vars", "weight_names", std::vector<std::string>(1500, std::string(100, 'x')));
  everything.finish();
  ArchiveReader model(data_file("sequential.keras"));
  Hdf5Reader weights = Hdf5Reader::from_memory(model.read("model.weights.h5"), "model.weights.h5");
  Hdf5Writer copy(to + "/copy.weights.h5");
  for (const char* group :
       {"vars", "layers/dense/vars", "layers/dense_1/vars", "layers/dropout/vars", "optimizer/vars"}) {
    copy.group(group);
    if (auto name = weights.find_attribute(group, "name")) copy.string_attribute(group, "name", name->as_string());
  }
  for (const auto& path : weights.datasets()) copy.dataset(path, weights.read(path));
  copy.finish();
  ArchiveWriter archive(to + "/copy.keras");
  archive.add("metadata.json", model.read("metadata.json"));
  archive.add("config.json", to_json(parse_json(model.read("config.json"))));
  archive.add_file("model.weights.h5", to + "/copy.weights.h5");
  archive.finish();
}

}  // namespace
}  // namespace lamina
