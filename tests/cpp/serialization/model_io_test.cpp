// Whole models from the golden files, without Python.
#include "serialization/models/model_io.h"

#include <cmath>
#include <sstream>

#include "api/quantize.h"
#include "api/sequential.h"
#include "backends/ops/public/operand.h"
#include "file_support.h"
#include "serialization/formats/hdf5/hdf5_store.h"

namespace lamina {
namespace {

using testing::HasSubstr;

void expect_same_weights(const Model& a, const Model& b) {
  Tensors x = a.get_weights(), y = b.get_weights();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(x[i].shape(), y[i].shape());
    for (int64_t k = 0; k < x[i].size(); ++k) ASSERT_EQ(x[i].at(k), y[i].at(k)) << "weight " << i;
  }
}

TEST(Models, AreTheSameFromBothOfKerasFormats) {
  for (const char* name : {"sequential", "functional"}) {
    SCOPED_TRACE(name);
    ModelPtr now = load_model(data_file(text(name, ".keras"))),
             legacy = load_model(data_file(text(name, ".h5")), false);
    EXPECT_EQ(now->layers().size(), legacy->layers().size());
    expect_same_weights(*now, *legacy);
  }
}

TEST(Models, GoThroughEveryFormat) {
  TemporaryDirectory folder;
  ModelPtr model = load_model(data_file("sequential.keras"));
  for (const char* name : {"m.keras", "m.h5", "m.hdf5"}) {
    save_model(*model, folder / name);
    expect_same_weights(*model, *load_model(folder / name));
  }
  save_model(*model, folder / "directory", SaveOptions{true, false, true});
  expect_same_weights(*model, *load_model(folder / "directory"));
  ModelPtr other = load_model(folder / "m.keras");
  Tensors zeros;
  for (const Tensor& t : other->get_weights())
    zeros.push_back(Tensor::of(std::vector<float>(static_cast<size_t>(t.size()), 0.f), t.shape()));
  save_weights(*model, folder / "w.weights.h5");
  save_weights(*model, folder / "s.weights.json", true, 50.0 / (1 << 30));
  for (const char* name : {"w.weights.h5", "s.weights.json", "m.keras", "m.h5"}) {
    other->set_weights(zeros);
    load_weights(*other, folder / name);
    expect_same_weights(*model, *other);
  }
}

TEST(Models, ComeFromMemoryAndStreams) {
  for (const char* file : {"sequential.keras", "sequential.h5"}) {
    SCOPED_TRACE(file);
    const std::string bytes = read_file(data_file(file));
    const ModelPtr model = load_model(data_file(file));
    expect_same_weights(*model, *load_model_from_bytes(bytes));
    std::istringstream stream(bytes);
    const ModelPtr streamed = load_model(stream);
    expect_same_weights(*model, *streamed);
    EXPECT_EQ(streamed->compiled(), model->compiled());
    for (size_t keep : {size_t{0}, size_t{1}, size_t{100}, bytes.size() / 2, bytes.size() - 1})
      EXPECT_THROW(load_model_from_bytes(bytes.substr(0, keep)), Error) << keep;
  }
  try {
    load_model_from_bytes("PK, but no archive", true, "resource 7");
    FAIL();
  } catch (const ValueError& e) { EXPECT_THAT(e.what(), HasSubstr("resource 7")); }
}

// Models that Keras quantized: what they give, and that they stay the same through files of ours.
TEST(Models, AreQuantizedAsKerasLeftThem) {
  const Dict expected = parse_json(read_file(data_file("quantized.json"))).as_dict();
  const Tensor x = tensor_from_list(expected.at("x"), DType::int32);
  TemporaryDirectory folder;
  for (const char* mode : {"int8", "int4"}) {
    SCOPED_TRACE(mode);
    ModelPtr model = load_model(data_file(text("quantized_", mode, ".keras")));
    EXPECT_EQ(model->layers()[1]->quantization_mode(), mode);
    const Tensor y = model->predict(Value(x), {.verbose = 0}).as_tensor();
    const Tensor theirs = tensor_from_list(expected.at(mode));
    for (int64_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y.at(i), theirs.at(i), 1e-5);
    save_model(*model, folder / "m.keras");
    ModelPtr again = load_model(folder / "m.keras");
    expect_same_weights(*model, *again);
    const Tensor same = again->predict(Value(x), {.verbose = 0}).as_tensor();
    for (int64_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.at(i), same.at(i));
  }
}

// A float model, quantized by C++, loads as a quantized one.
TEST(Models, AreQuantizedHere) {
  TemporaryDirectory folder;
  ModelPtr model = load_model(data_file("sequential.keras"));
  quantize(*model, "int8", {}, {.filter = [](const LayerPtr& layer) { return layer->class_name() == "Dense"; }});
  EXPECT_EQ(model->layers()[0]->quantization_mode(), "int8");
  save_model(*model, folder / "m.keras");
  expect_same_weights(*model, *load_model(folder / "m.keras"));
  EXPECT_ERROR(ValueError, model->layers()[0]->quantize("int8"), HasSubstr("is already quantized"));
}

// Layers beyond Keras': convolutions and recurrences become int8 where all layers are meant, and load so.
TEST(Models, OfConvolutionsAndRecurrencesAreQuantizedHere) {
  TemporaryDirectory folder;
  const auto made = [](const char* cls, Dict config) {
    return std::dynamic_pointer_cast<Layer>(get_object(
        Value(Dict{{"module", "keras.layers"}, {"class_name", cls}, {"config", config}, {"registered_name", Value()}}),
        "keras.layers"));
  };
  auto model = std::make_shared<Sequential>(std::vector<LayerPtr>{
      made("InputLayer", {{"batch_shape", Value::tuple({Value(), 8, 8, 3})}}),
      made("Conv2D", {{"filters", 6}, {"kernel_size", 3}, {"name", "conv"}}),
      made("DepthwiseConv2D", {{"kernel_size", 3}, {"name", "depthwise"}}),
      made("Reshape", {{"target_shape", Value::tuple({16, 6})}, {"name", "rows"}}),
      made("LSTM", {{"units", 5}, {"name", "lstm"}}), made("Dense", {{"units", 4}, {"name", "logits"}})});
  const Tensor x = Tensor::empty({3, 8, 8, 3}, DType::float32);
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data<float>()[i] = std::sin(static_cast<float>(i) * 0.7f);
  const Tensor before = model->predict(Value(x), {.verbose = 0}).as_tensor();
  EXPECT_ERROR(ValueError, quantize(*model, "int4", {}, {.all_layers = true}), HasSubstr("`all_layers` is for"));
  quantize(*model, "int8", {}, {.all_layers = true});
  for (const char* name : {"conv", "depthwise", "lstm", "logits"})
    EXPECT_EQ(model->get_layer(name)->quantization_mode(), "int8") << name;
  EXPECT_EQ(model->get_layer("rows")->quantization_mode(), "");
  const Tensor y = model->predict(Value(x), {.verbose = 0}).as_tensor();
  save_model(*model, folder / "m.keras");
  ModelPtr again = load_model(folder / "m.keras");
  expect_same_weights(*model, *again);
  const Tensor same = again->predict(Value(x), {.verbose = 0}).as_tensor();
  double apart = 0;
  for (int64_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(y.at(i), same.at(i));
    EXPECT_NEAR(y.at(i), before.at(i), 0.05);
    apart = std::max(apart, std::abs(y.at(i) - before.at(i)));
  }
  EXPECT_GT(apart, 0);
}

TEST(Models, NamesWhatDoesNotFit) {
  TemporaryDirectory folder;
  ModelPtr model = load_model(data_file("sequential.keras"));
  EXPECT_ERROR(ValueError, load_weights(*model, data_file("functional.weights.h5")),
               HasSubstr("objects could not be loaded"), HasSubstr("expected"));
  EXPECT_ERROR(ValueError, load_weights(*model, data_file("functional.h5")), HasSubstr("Layer count mismatch"));
  EXPECT_ERROR(ValueError, load_model(folder / "none.keras"), HasSubstr("File not found"));
  EXPECT_ERROR(IOError, load_model(folder / "none.h5"), HasSubstr("No such file"));
  EXPECT_ERROR(ValueError, load_model(folder / "none.onnx"), HasSubstr("File format not supported"),
               HasSubstr("There is no such file"));
  EXPECT_ERROR(ValueError, save_model(*model, folder / "m.pb"), HasSubstr("Invalid filepath extension"));
  EXPECT_EQ(folder.count(), 0u);
}

}  // namespace
}  // namespace lamina
