#include <cmath>
#include <thread>

#include "file_support.h"
#include "serialization/formats/hdf5/hdf5_store.h"
#include "serialization/formats/zip/zip_archive.h"

namespace lamina {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void expect_values(const Tensor& tensor, const List& expected) {
  ASSERT_EQ(tensor.size(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double want = expected[i].as_number(), got = tensor.at(i);
    EXPECT_TRUE(got == want || (std::isnan(got) && std::isnan(want))) << got << " " << want;
  }
}

void expect_golden(const Hdf5Reader& reader, const std::string& name) {
  const Dict& expected = golden().as_dict().at("files").as_dict().at(name).as_dict();
  EXPECT_EQ(reader.datasets().size(), expected.size());
  for (const auto& [path, value] : expected) {
    SCOPED_TRACE(text(name, path));
    TensorSpec spec{value.as_dict().at("shape").as_shape(), parse_dtype(value.as_dict().at("dtype").as_string())};
    EXPECT_EQ(reader.spec(path), spec);
    Tensor tensor = reader.read(path);
    EXPECT_EQ(tensor.shape(), spec.shape);
    EXPECT_EQ(tensor.dtype(), spec.dtype);
    expect_values(tensor, value.as_dict().at("values").as_list());
  }
}

TEST(Hdf5Reader, ReadsWhatKerasWrites) {
  ASSERT_EQ(golden().as_dict().at("files").as_dict().size(), 5u);
  for (const auto& [name, contents] : golden().as_dict().at("files").as_dict())
    expect_golden(Hdf5Reader(data_file(name)), name);
}

TEST(Hdf5Reader, ReadsFromMemory) {
  for (const char* name : {"sequential", "functional"}) {
    Hdf5Reader reader = Hdf5Reader::from_memory(ArchiveReader(data_file(text(name, ".keras"))).read("model.weights.h5"),
                                                "model.weights.h5");
    expect_golden(reader, text(name, ".weights.h5"));
    Hdf5Reader moved = std::move(reader);
    EXPECT_EQ(moved.name(), "model.weights.h5");
    EXPECT_TRUE(moved.contains("layers/dense/vars/0"));
  }
}

TEST(Hdf5Reader, ListsGroupsAndAttributes) {
  Hdf5Reader reader(data_file("sequential.weights.h5"));
  EXPECT_THAT(reader.keys(), ElementsAre("layers", "optimizer", "vars"));
  EXPECT_THAT(reader.keys("/layers/dropout/vars"), IsEmpty());
  EXPECT_THAT(reader.keys("optimizer/vars"), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_EQ(reader.string_attribute("layers/dense_1/vars", "name"), "dense_1");
  EXPECT_THAT(reader.attribute_names("layers/dense/vars"), ElementsAre("name"));
  EXPECT_EQ(reader.kind("layers/dense/vars/0"), Hdf5Kind::dataset);
  EXPECT_EQ(reader.kind("/layers/dense/"), Hdf5Kind::group);
  EXPECT_EQ(reader.kind(""), Hdf5Kind::group);
  EXPECT_EQ(reader.kind("layers/conv2d/vars/0"), Hdf5Kind::absent);
  EXPECT_EQ(reader.kind("layers/dense/vars/0/x"), Hdf5Kind::absent);
  EXPECT_THAT(reader.datasets("layers/dense"), ElementsAre("/layers/dense/vars/0", "/layers/dense/vars/1"));
}

TEST(Hdf5Reader, ReadsNamesOfLegacyFiles) {
  Hdf5Reader reader(data_file("functional.h5"));
  EXPECT_THAT(reader.strings("model_weights", "layer_names"),
              ElementsAre("features", "shared", "norm", "unbounded", "gr\u00f6\u00dfe"));
  EXPECT_THAT(reader.strings("model_weights/features", "weight_names"), IsEmpty());
  EXPECT_THAT(reader.strings("model_weights/shared", "weight_names"), ElementsAre("shared/kernel", "shared/bias"));
  EXPECT_EQ(parse_json(reader.string_attribute("/", "model_config")).as_dict().at("class_name").as_string(),
            "Functional");
  EXPECT_EQ(reader.string_attribute("/", "backend"), "jax");
}

TEST(Hdf5Reader, ReadsAllKindsOfAttributes) {
  Hdf5Reader reader(data_file("plain.h5"));
  EXPECT_EQ(reader.string_attribute("", "utf8"), "gr\u00f6\u00dfe");
  EXPECT_EQ(reader.string_attribute("", "ascii"), "plain");
  EXPECT_EQ(reader.string_attribute("", "fixed"), "padded");
  EXPECT_EQ(reader.string_attribute("", "fixed_utf8"), "gr\u00f6\u00dfe");
  EXPECT_THAT(reader.strings("", "names"), ElementsAre("a", "b\u00e9", ""));
  EXPECT_THAT(reader.strings("", "fixed_names"), ElementsAre("one", "three"));
  EXPECT_THAT(reader.strings("", "no_names"), IsEmpty());
  EXPECT_THAT(reader.strings("", "null"), IsEmpty());
  EXPECT_THAT(reader.strings("", "split"),
              ElementsAre("name_0_0", "name_0_1", "name_1_0", "name_1_1", "name_2_0", "name_2_1"));
  EXPECT_EQ(reader.find_strings("", "absent"), std::nullopt);
  EXPECT_EQ(reader.find_attribute("", "integer")->as_int(), -7);
  EXPECT_EQ(reader.find_attribute("", "real")->as_number(), 0.5);
  EXPECT_TRUE(reader.find_attribute("", "flag")->is_bool());
  EXPECT_TRUE(reader.find_attribute("", "flag")->as_bool());
  EXPECT_EQ(*reader.find_attribute("", "numbers"), Value(List{1, 2, 3}));
  EXPECT_EQ(reader.find_attribute("", "absent"), std::nullopt);
}

TEST(Hdf5Reader, NamesWhatAttributesItCannotRead) {
  Hdf5Reader reader(data_file("plain.h5"));
  EXPECT_ERROR(TypeError, reader.string_attribute("", "integer"),
               HasSubstr("Expected a string as the attribute 'integer'"), HasSubstr("received int -7"));
  EXPECT_ERROR(TypeError, reader.strings("", "numbers"), HasSubstr("list of strings"), HasSubstr("[1, 2, 3]"));
  EXPECT_ERROR(KeyError, reader.string_attribute("big_endian", "absent"), HasSubstr("'absent' at '/big_endian'"),
               HasSubstr("plain.h5"));
  EXPECT_ERROR(UnsupportedError, reader.find_attribute("", "matrix"), HasSubstr("array of 2 axes"));
  EXPECT_ERROR(UnsupportedError, reader.find_attribute("", "complex"), HasSubstr("16-byte compound"));
}

TEST(Hdf5Reader, ConvertsByteOrder) {
  Hdf5Reader reader(data_file("plain.h5"));
  EXPECT_EQ(reader.spec("big_endian/f2"), (TensorSpec{{3}, DType::float16}));
  expect_values(reader.read("big_endian/f2"), {1.5, -2, 65504});
  EXPECT_EQ(reader.read("big_endian/f4").to_vector<float>(), (std::vector<float>{1.5, -2, 3e38f}));
  EXPECT_EQ(reader.read("big_endian/f8").to_vector<double>(), (std::vector<double>{1.5, -2, 1e300}));
  EXPECT_EQ(reader.read("big_endian/i2").to_vector<int16_t>(), (std::vector<int16_t>{1, -2, 300}));
  EXPECT_EQ(reader.read("big_endian/u8").to_vector<uint64_t>(), (std::vector<uint64_t>{1, 2, UINT64_MAX}));
}

TEST(Hdf5Reader, ReadsChunksAndCompression) {
  Hdf5Reader reader(data_file("plain.h5"));
  for (const char* name : {"packed/gzip", "packed/chunks", "packed/growing"}) {
    Tensor tensor = reader.read(name);
    ASSERT_EQ(tensor.shape()[1], 30) << name;
    for (int64_t i = 0; i < tensor.size(); ++i) ASSERT_EQ(tensor.at(i), i) << name;
  }
  Tensor zeros = reader.read("packed/zeros");  // 4 MB from 4 KB is what deflate does
  EXPECT_EQ(zeros.size(), 1'000'000);
  EXPECT_EQ(zeros.at(999'999), 0);
}

TEST(Hdf5Reader, ReadsNewerStructures) {
  Hdf5Reader reader(data_file("latest.h5"));
  for (int count : {3, 12, 100}) {
    std::string group = text("links", count);
    ASSERT_EQ(reader.keys(group).size(), static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) ASSERT_EQ(reader.read(text(group, "/", i)).item(), i) << group;
  }
  EXPECT_EQ(reader.read("grö/ße").to_vector<int32_t>(), (std::vector<int32_t>{0, 1, 2}));
  ASSERT_EQ(reader.attribute_names("links3").size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(reader.string_attribute("links3", text("note", i)), text("text ", i));
  EXPECT_EQ(reader.strings("", "names").size(), 100u);
  EXPECT_EQ(reader.strings("", "names").back(), "name_99");
}

TEST(Hdf5Reader, SortsNumbersByValue) {
  EXPECT_THAT(Hdf5Reader(data_file("plain.h5")).keys("order"),
              ElementsAre("0", "01", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "x"));
}

TEST(Hdf5Reader, NamesWhatNoTensorHolds) {
  Hdf5Reader reader(data_file("plain.h5"));
  auto refuse = [&](const char* name, const char* type) {
    EXPECT_ERROR(UnsupportedError, reader.spec(name), HasSubstr(text("dataset '/", name, "' of '")),
                 HasSubstr("plain.h5"), HasSubstr(type), HasSubstr("expected integers"));
  };
  refuse("wrong/text", "variable-length string");
  refuse("wrong/complex", "8-byte compound");
  refuse("wrong/opaque", "2-byte opaque");
  refuse("wrong/float8", "1-byte opaque");
  refuse("wrong/colour", "enum");
  EXPECT_ERROR(ValueError, reader.spec("wrong/null"), HasSubstr("without values"));
  EXPECT_ERROR(ValueError, reader.spec("wrong/deep"), HasSubstr("at most 12 axes; received 13"));
}

TEST(Hdf5Reader, NamesWhatIsMissing) {
  Hdf5Reader reader(data_file("sequential.weights.h5"));
  EXPECT_ERROR(KeyError, reader.read("layers/dense_7/vars/0"), HasSubstr("'/layers/dense_7/vars/0'"),
               HasSubstr("Group '/layers' holds dense, dense_1, dropout"));
  EXPECT_ERROR(KeyError, reader.keys("layers/dense/vars/0/x"),
               HasSubstr("Dataset '/layers/dense/vars/0' holds nothing"));
  EXPECT_ERROR(ValueError, reader.read("layers/dense"), HasSubstr("Expected a dataset at '/layers/dense'"),
               HasSubstr("received a group"));
  EXPECT_ERROR(ValueError, reader.keys("layers/dense/vars/0"), HasSubstr("Expected a group"),
               HasSubstr("received a dataset"));
  EXPECT_ERROR(ValueError, reader.kind("layers/./dense"), HasSubstr("'.'"));
}

TEST(Hdf5Reader, NamesWhatCannotBeOpened) {
  TemporaryDirectory folder;
  EXPECT_ERROR(IOError, Hdf5Reader(folder / "none.h5"), HasSubstr("none.h5"), HasSubstr("No such file"));
  EXPECT_ERROR(IOError, Hdf5Reader(folder.path()), HasSubstr("a directory"));
  write_file(folder / "text.h5", "weights");
  EXPECT_ERROR(IOError, Hdf5Reader(folder / "text.h5"), HasSubstr("text.h5"), HasSubstr("file signature not found"));
  std::string whole = read_file(data_file("sequential.weights.h5"));
  write_file(folder / "cut.h5", whole.substr(0, whole.size() / 2));
  EXPECT_ERROR(IOError, Hdf5Reader(folder / "cut.h5"), HasSubstr("truncated file"), HasSubstr("incomplete"));
  EXPECT_ERROR(IOError, Hdf5Reader::from_memory(whole.substr(0, whole.size() / 2), "inner.h5"), HasSubstr("inner.h5"),
               HasSubstr("truncated file"));
  EXPECT_ERROR(IOError, Hdf5Reader::from_memory("", "inner.h5"), HasSubstr("empty"));
}

TEST(Hdf5Reader, ServesSeveralThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  Hdf5Reader shared(data_file("functional.weights.h5"));
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        Hdf5Reader own(data_file("sequential.weights.h5"));
        good += own.read("layers/dense/vars/0").size() == 6 && shared.read("layers/dense/vars/0").size() == 16;
        try {
          shared.read("absent");
        } catch (const KeyError&) { ++good; }
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 160);
}

}  // namespace
}  // namespace lamina
