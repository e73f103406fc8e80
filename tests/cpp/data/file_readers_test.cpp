#include "api/data/dataset/file_readers.h"

#include <fstream>

#include <gtest/gtest.h>
#include "serialization/file_support.h"
#include "serialization/formats/images/picture.h"

namespace lamina::testing {
namespace {

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
std::string little(uint64_t v, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>(v >> (8 * i));
  return out;
}
// One channel of 16 bits.
std::string wav(const std::vector<int16_t>& samples) {
  std::string data;
  for (int16_t s : samples) data += little(static_cast<uint16_t>(s), 2);
  const std::string format =
      little(1, 2) + little(1, 2) + little(8000, 4) + little(16000, 4) + little(2, 2) + little(16, 2);
  const std::string chunks = "WAVEfmt " + little(format.size(), 4) + format + "data" + little(data.size(), 4) + data;
  return "RIFF" + little(chunks.size(), 4) + chunks;
}
Dataset numbers(int64_t count) {
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back(static_cast<int32_t>(10 + i));
  return Dataset::zip({Dataset::range(0, count), Dataset::from_slices(Tensor::of(labels))});
}

TEST(FileReaders, ImagesOnWorkers) {
  const TemporaryDirectory folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 7; ++i) {
    images::Picture p = images::empty_picture("RGB", 4 + i, 6);
    std::fill_n(p.pixels.mutable_data<uint8_t>(), p.pixels.size(), static_cast<uint8_t>(20 * i));
    try {
      paths.push_back(folder / (std::to_string(i) + ".png"));
      write(paths.back(), images::encode(p, "png"));
    } catch (const UnsupportedError&) { GTEST_SKIP() << "without libpng"; }
  }
  const Dataset images = numbers(7).map(image_reader(paths, {.height = 5, .width = 3}), 3).batch(4);
  auto pass = images.iterate(0);
  int64_t seen = 0;
  while (auto batch = pass->next()) {
    const Tensor x = batch->as_list()[0].as_tensor(), y = batch->as_list()[1].as_tensor();
    EXPECT_EQ(x.dtype(), DType::float32);
    EXPECT_EQ(x.shape(), (Shape{y.shape()[0], 5, 3, 3}));
    for (int64_t i = 0; i < y.size(); ++i, ++seen) {
      EXPECT_EQ(y.at(i), 10 + static_cast<double>(seen));
      EXPECT_NEAR(x.at(i * 45 + 7), 20 * static_cast<double>(seen), 1e-4);
    }
  }
  EXPECT_EQ(seen, 7);
}

TEST(FileReaders, SoundsOfTheirOwnLengthsAndOfOne) {
  const TemporaryDirectory folder;
  const std::string a = folder / "a.wav", b = folder / "b.wav";
  write(a, wav({16384, -32768, 0})), write(b, wav({1, 2, 3, 4, 5}));
  auto pass = Dataset::range(0, 2).map(sound_reader({a, b}, {})).padded_batch(2).iterate(0);
  const Tensor both = pass->next()->as_tensor();
  EXPECT_EQ(both.shape(), (Shape{2, 5, 1}));
  EXPECT_EQ(both.at(0), 0.5);
  EXPECT_EQ(both.at(1), -1);
  EXPECT_EQ(both.at(4), 0);
  EXPECT_EQ(both.at(9), 5.0 / 32768);
  const Tensor cut = Dataset::range(0, 2).map(sound_reader({a, b}, {.samples = 2})).batch(2).first().as_tensor();
  EXPECT_EQ(cut.shape(), (Shape{2, 2, 1}));
}

TEST(FileReaders, WhatIsRefused) {
  const TemporaryDirectory folder;
  const std::string text = folder / "text.png";
  write(text, "text");
  EXPECT_THROW(image_reader({text}, {.height = 0}), ValueError);
  EXPECT_THROW(image_reader({text}, {.channels = 2}), ValueError);
  EXPECT_THROW(image_reader({text}, {.interpolation = "cubic"}), ValueError);
  EXPECT_THROW(image_reader({text}, {.crop_to_aspect_ratio = true, .pad_to_aspect_ratio = true}), ValueError);
  EXPECT_THROW(sound_reader({text}, {.rate = 0}), ValueError);
  auto first = [](Dataset::Function f, int64_t from) {
    return Dataset::range(from, from + 1).map(std::move(f)).first();
  };
  EXPECT_THROW(first(image_reader({text}, {}), 0), ValueError);
  EXPECT_THROW(first(sound_reader({text}, {}), 0), ValueError);
  EXPECT_THROW(first(image_reader({folder / "none.png"}, {}), 0), IOError);
  EXPECT_THROW(first(image_reader({text}, {}), 1), IndexError);
}

}  // namespace
}  // namespace lamina::testing
