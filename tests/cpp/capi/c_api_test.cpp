// The C interface against the C++ one, and its errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lamina/c_api.h>

#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "serialization/models/model_io.h"

namespace lamina {
namespace {

std::string data(const std::string& name) { return std::string(LAMINA_TEST_DATA) + "/" + name; }

struct Free {
  void operator()(lamina_tensor* t) const { lamina_tensor_free(t); }
  void operator()(lamina_model* m) const { lamina_model_free(m); }
  void operator()(lamina_logs* l) const { lamina_logs_free(l); }
};
using TensorHandle = std::unique_ptr<lamina_tensor, Free>;
using ModelHandle = std::unique_ptr<lamina_model, Free>;
using LogsHandle = std::unique_ptr<lamina_logs, Free>;

void check(lamina_status status) { ASSERT_EQ(status, LAMINA_OK) << lamina_last_error(); }

TensorHandle tensor(const std::vector<float>& values, const std::vector<int64_t>& sizes) {
  lamina_tensor* out = nullptr;
  check(lamina_tensor_create(LAMINA_FLOAT32, sizes.data(), sizes.size(), values.data(), values.size() * sizeof(float),
                             &out));
  return TensorHandle(out);
}

std::vector<float> floats(const lamina_tensor* t) {
  const auto* from = static_cast<const float*>(lamina_tensor_data(t));
  return {from, from + lamina_tensor_elements(t)};
}

ModelHandle loaded(const std::string& name, int32_t compile = 1) {
  lamina_model* out = nullptr;
  check(lamina_model_load(data(name).c_str(), compile, &out));
  return ModelHandle(out);
}

// A model of two dense layers on four numbers, with weights that follow from the seed.
ModelHandle regressor() {
  lamina_model* out = nullptr;
  check(lamina_set_seed(7));
  check(lamina_model_from_json(
      R"({"module": "keras", "class_name": "Sequential", "config": {"name": "regressor", "layers": [
        {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 4], "dtype": "float32", "name": "numbers"}},
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 8, "activation": "tanh", "name": "hidden"}},
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "name": "out"}}]}})",
      &out));
  return ModelHandle(out);
}

// 32 samples of a sum.
std::pair<TensorHandle, TensorHandle> sums() {
  std::vector<float> x, y;
  for (int i = 0; i < 32; ++i) {
    float sum = 0;
    for (int j = 0; j < 4; ++j) x.push_back(std::sin(static_cast<float>(7 * i + 3 * j))), sum += x.back();
    y.push_back(sum);
  }
  return {tensor(x, {32, 4}), tensor(y, {32, 1})};
}

class CApi : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { check(lamina_set_engine(GetParam())); }
  void TearDown() override { check(lamina_set_engine("graph")); }
};
INSTANTIATE_TEST_SUITE_P(Engines, CApi, ::testing::Values("graph", "eager"));

TEST_P(CApi, PredictsAsTheCppInterfaceDoes) {
  for (const char* name : {"functional.keras", "sequential.keras", "functional.h5"}) {
    const ModelHandle model = loaded(name);
    const ModelPtr same = load_model(data(name));
    std::vector<TensorHandle> inputs;
    std::vector<const lamina_tensor*> given;
    List leaves;
    for (size_t i = 0; i < lamina_model_input_count(model.get()); ++i) {
      lamina_tensor_info info;
      check(lamina_model_input_info(model.get(), i, &info));
      std::vector<int64_t> sizes(info.sizes, info.sizes + info.rank);
      ASSERT_EQ(sizes.at(0), -1);
      sizes[0] = 3;
      std::vector<float> values(static_cast<size_t>(Shape(sizes).elements()));
      for (size_t j = 0; j < values.size(); ++j) values[j] = std::cos(static_cast<float>(j));
      inputs.push_back(tensor(values, sizes));
      given.push_back(inputs.back().get());
      leaves.push_back(Tensor::of(values, Shape(sizes)));
    }
    const Tensors expected = flatten_tensors(same->predict_on_batch(leaves.size() == 1 ? leaves[0] : Value(leaves)));
    ASSERT_EQ(lamina_model_output_count(model.get()), expected.size());
    for (int64_t batch_size : {0, 2}) {
      std::vector<lamina_tensor*> outputs(expected.size());
      check(lamina_model_predict(model.get(), given.data(), given.size(), batch_size, outputs.data(), outputs.size()));
      for (size_t i = 0; i < outputs.size(); ++i) {
        const TensorHandle output(outputs[i]);
        EXPECT_EQ(std::vector<int64_t>(lamina_tensor_sizes(output.get()),
                                       lamina_tensor_sizes(output.get()) + lamina_tensor_rank(output.get())),
                  expected[i].shape().vec());
        const std::vector<float> got = floats(output.get()), wanted = expected[i].to_vector<float>();
        for (size_t j = 0; j < got.size(); ++j) EXPECT_NEAR(got[j], wanted[j], 1e-6f) << name;
      }
    }
  }
}

TEST_P(CApi, TrainsAndSaves) {
  const ModelHandle model = regressor();
  const auto [x, y] = sums();
  const lamina_tensor *inputs = x.get(), *targets = y.get();
  check(lamina_model_compile(
      model.get(),
      R"({"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.05}}, "loss": "mse", "metrics": ["mae"]})"));
  lamina_logs* logs = nullptr;
  check(lamina_model_train_on_batch(model.get(), &inputs, 1, &targets, 1, nullptr, &logs));
  const double first = lamina_logs_value(logs, "loss");
  lamina_logs_free(logs);
  lamina_tensor_info before, after;
  check(lamina_model_input_info(model.get(), 0, &before));
  int epochs = 0;
  const auto count = [](void* context, int64_t epoch, const lamina_logs* of_epoch) {
    EXPECT_EQ(epoch, *static_cast<int*>(context));
    EXPECT_GT(lamina_logs_value(of_epoch, "mae"), 0);
    return ++*static_cast<int*>(context) == 30 ? 1 : 0;
  };
  check(lamina_model_fit(model.get(), &inputs, 1, &targets, 1, R"({"epochs": 1000, "batch_size": 8})", count, &epochs,
                         &logs));
  EXPECT_EQ(epochs, 30);
  check(lamina_model_input_info(model.get(), 0, &after));
  EXPECT_EQ(before.name, after.name);  // the same memory: pointers live as long as the model
  EXPECT_EQ(before.sizes, after.sizes);
  size_t values = 0;
  ASSERT_NE(lamina_logs_values(logs, 0, &values), nullptr);
  EXPECT_EQ(values, 30u);
  LogsHandle history(logs);
  check(lamina_model_evaluate(model.get(), &inputs, 1, &targets, 1, 0, &logs));
  const LogsHandle evaluated(logs);
  EXPECT_LT(lamina_logs_value(logs, "loss"), first / 20);

  const std::string path = (std::filesystem::temp_directory_path() / "lamina_c_api.keras").string();
  check(lamina_model_save(model.get(), path.c_str(), 1));
  EXPECT_EQ(lamina_model_save(model.get(), path.c_str(), 0), LAMINA_IO_ERROR);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  lamina_model* again = nullptr;
  check(lamina_model_load_from_memory(bytes.data(), bytes.size(), 1, &again));
  const ModelHandle same(again);
  check(lamina_model_evaluate(again, &inputs, 1, &targets, 1, 0, &logs));
  const LogsHandle second(logs);
  EXPECT_DOUBLE_EQ(lamina_logs_value(evaluated.get(), "loss"), lamina_logs_value(logs, "loss"));
  std::filesystem::remove(path);
}

TEST_P(CApi, CallbacksAndValidationComeFromJson) {
  const ModelHandle model = regressor();
  const auto [x, y] = sums();
  const lamina_tensor *inputs = x.get(), *targets = y.get();
  check(lamina_model_compile(model.get(),
                             R"({"optimizer": "sgd", "loss": {"class_name": "MeanSquaredError", "config": {}}})"));
  lamina_logs* logs = nullptr;
  check(lamina_model_fit(model.get(), &inputs, 1, &targets, 1,
                         R"({"epochs": 50, "validation_split": 0.25, "callbacks": [{"class_name": "EarlyStopping",
                             "config": {"monitor": "val_loss", "min_delta": 1000, "patience": 2}}]})",
                         nullptr, nullptr, &logs));
  const LogsHandle history(logs);
  size_t epochs = 0;
  lamina_logs_values(logs, 0, &epochs);
  EXPECT_EQ(epochs, 3u);
  EXPECT_FALSE(std::isnan(lamina_logs_value(logs, "val_loss")));
  EXPECT_TRUE(std::isnan(lamina_logs_value(logs, "nothing")));
  EXPECT_EQ(lamina_logs_name(logs, 99), nullptr);
}

TEST(CApiWeights, AreReadAndSet) {
  const ModelHandle model = regressor();
  ASSERT_EQ(lamina_model_weight_count(model.get()), 4u);
  char* path = nullptr;
  check(lamina_model_weight_path(model.get(), 2, &path));
  EXPECT_STREQ(path, "regressor/out/kernel");
  lamina_free(path);
  const TensorHandle zeros = tensor(std::vector<float>(8), {8, 1}), three = tensor({3}, {1});
  check(lamina_model_set_weight(model.get(), 2, zeros.get()));
  check(lamina_model_set_weight(model.get(), 3, three.get()));
  EXPECT_EQ(lamina_model_set_weight(model.get(), 3, zeros.get()), LAMINA_VALUE_ERROR);
  lamina_tensor* bias = nullptr;
  check(lamina_model_weight(model.get(), 3, &bias));
  EXPECT_EQ(floats(TensorHandle(bias).get()), std::vector<float>{3});
  const auto [x, y] = sums();
  const lamina_tensor* inputs = x.get();
  lamina_tensor* out = nullptr;
  check(lamina_model_predict(model.get(), &inputs, 1, 0, &out, 1));
  EXPECT_EQ(floats(TensorHandle(out).get()), std::vector<float>(32, 3));
}

TEST(CApiOps, TakeTensorsAndJson) {
  const TensorHandle a = tensor({1, 2, 3, 4}, {2, 2}), b = tensor({5, 6}, {1, 2});
  const lamina_tensor* both[] = {a.get(), b.get()};
  lamina_tensor* out[2] = {};
  size_t count = 0;
  check(lamina_op("matmul", std::array{b.get(), a.get()}.data(), 2, nullptr, out, 2, &count));
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(floats(TensorHandle(out[0]).get()), (std::vector<float>{23, 34}));
  check(lamina_op("concatenate", both, 2, R"({"xs": [{"tensor": 0}, {"tensor": 1}], "axis": 0})", out, 1, nullptr));
  EXPECT_EQ(floats(TensorHandle(out[0]).get()), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  check(lamina_op("split", both, 1, R"({"indices_or_sections": 2, "axis": 1})", out, 2, &count));
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(floats(TensorHandle(out[0]).get()), (std::vector<float>{1, 3}));
  EXPECT_EQ(floats(TensorHandle(out[1]).get()), (std::vector<float>{2, 4}));

  EXPECT_EQ(lamina_op("split", both, 1, R"({"indices_or_sections": 2, "axis": 1})", out, 1, &count),
            LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_op("matmull", both, 2, nullptr, out, 1, &count), LAMINA_ATTRIBUTE_ERROR);
  EXPECT_THAT(lamina_last_error(), ::testing::HasSubstr("'matmul'"));
  EXPECT_EQ(lamina_op("matmul", both, 2, R"({"axes": 1})", out, 1, &count), LAMINA_TYPE_ERROR);
  EXPECT_EQ(lamina_op("sum", both, 1, "[1]", out, 1, &count), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_op("sum", both, 1, "{", out, 1, &count), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_op("concatenate", both, 2, R"({"xs": [{"tensor": 2}]})", out, 1, nullptr), LAMINA_INDEX_ERROR);
  size_t names = 0;
  while (lamina_op_name(names)) ++names;
  EXPECT_GT(names, 300u);
}

TEST(CApiTensors, HoldEveryDtype) {
  for (lamina_dtype dtype = LAMINA_BOOL; dtype < LAMINA_STRING; ++dtype) {
    const size_t bytes = size_of(static_cast<DType>(dtype)) * 2;
    std::vector<unsigned char> zeros(bytes);
    const int64_t two = 2;
    lamina_tensor* t = nullptr;
    check(lamina_tensor_create(dtype, &two, 1, zeros.data(), bytes, &t));
    const TensorHandle handle(t);
    EXPECT_EQ(lamina_tensor_dtype(t), dtype);
    EXPECT_EQ(lamina_tensor_bytes(t), bytes);
    EXPECT_EQ(std::memcmp(lamina_tensor_data(t), zeros.data(), bytes), 0);
  }
  const int64_t sizes[] = {2, 0};
  lamina_tensor* empty = nullptr;
  check(lamina_tensor_create(LAMINA_FLOAT32, sizes, 2, nullptr, 0, &empty));
  EXPECT_EQ(lamina_tensor_elements(empty), 0);
  lamina_tensor_free(empty);
  lamina_tensor* number = nullptr;
  const float one = 1;
  check(lamina_tensor_create(LAMINA_FLOAT32, nullptr, 0, &one, sizeof one, &number));
  EXPECT_EQ(lamina_tensor_rank(number), 0u);
  EXPECT_EQ(lamina_tensor_elements(number), 1);
  lamina_tensor_free(number);
}

TEST(CApiTensors, HoldStrings) {
  const char* texts[] = {"one", "", "drei \xC3\xA4"};
  const int64_t three = 3;
  lamina_tensor* t = nullptr;
  check(lamina_tensor_of_strings(&three, 1, texts, 3, &t));
  const TensorHandle handle(t);
  EXPECT_EQ(lamina_tensor_data(t), nullptr);
  const char* text = nullptr;
  size_t length = 0;
  check(lamina_tensor_string(t, 2, &text, &length));
  EXPECT_EQ(std::string(text, length), texts[2]);
  EXPECT_EQ(lamina_tensor_string(t, 3, &text, &length), LAMINA_INDEX_ERROR);
  EXPECT_EQ(lamina_tensor_of_strings(&three, 1, texts, 2, &t), LAMINA_VALUE_ERROR);
}

TEST(CApiTensors, WrapTheCallersMemoryAndReleaseItOnce) {
  int released = 0;
  const auto release = [](void* context) { ++*static_cast<int*>(context); };
  float memory[] = {1, 2, 3, 4};
  const int64_t sizes[] = {2, 2}, wrong[] = {3};
  lamina_tensor *t = nullptr, *view = nullptr;
  EXPECT_EQ(lamina_tensor_wrap(LAMINA_FLOAT32, wrong, 1, memory, sizeof memory, release, &released, &t),
            LAMINA_VALUE_ERROR);
  EXPECT_EQ(released, 0);
  check(lamina_tensor_wrap(LAMINA_FLOAT32, sizes, 2, memory, sizeof memory, release, &released, &t));
  EXPECT_EQ(lamina_tensor_data(t), memory);
  check(lamina_op("reshape", std::array<const lamina_tensor*, 1>{t}.data(), 1, R"({"newshape": [4]})", &view, 1,
                  nullptr));
  lamina_tensor_free(t);
  EXPECT_EQ(floats(view), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(memory[0], 1);
  lamina_tensor_free(view);
  EXPECT_EQ(released, 1);
}

TEST(CApiErrors, AreToldAndEndNothing) {
  lamina_model* model = nullptr;
  lamina_tensor* t = nullptr;
  const int64_t sizes[] = {int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_EQ(lamina_model_load("/nowhere/at/all.keras", 1, &model), LAMINA_VALUE_ERROR);
  EXPECT_THAT(lamina_last_error(), ::testing::HasSubstr("/nowhere/at/all.keras"));
  EXPECT_EQ(lamina_model_load(nullptr, 1, &model), LAMINA_VALUE_ERROR);
  EXPECT_THAT(lamina_last_error(), ::testing::HasSubstr("`path`"));
  EXPECT_EQ(lamina_model_load_from_memory("PK", 2, 1, &model), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_model_from_json("{}", &model), LAMINA_VALUE_ERROR);
  EXPECT_EQ(model, nullptr);
  EXPECT_EQ(lamina_tensor_create(99, nullptr, 0, nullptr, 0, &t), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_tensor_create(LAMINA_FLOAT32, sizes, 2, &t, 4, &t), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_tensor_create(LAMINA_FLOAT32, nullptr, 0, nullptr, 4, &t), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_tensor_create(LAMINA_FLOAT32, sizes, 2000, &t, 4, &t), LAMINA_VALUE_ERROR);
  EXPECT_EQ(t, nullptr);
  EXPECT_EQ(lamina_set_engine("static"), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_set_threads(-1), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_set_device("quantum"), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_model_predict(nullptr, nullptr, 0, 0, nullptr, 0), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_model_weight_count(nullptr), 0u);
  EXPECT_EQ(lamina_model_input_count(nullptr), 0u);
  lamina_model_free(nullptr), lamina_tensor_free(nullptr), lamina_logs_free(nullptr), lamina_free(nullptr);

  const ModelHandle good = regressor();
  const auto [x, y] = sums();
  const lamina_tensor *inputs[] = {x.get(), x.get()}, *targets = y.get(), *nothing = nullptr;
  lamina_tensor* out = nullptr;
  EXPECT_EQ(lamina_model_predict(good.get(), inputs, 2, 0, &out, 1), LAMINA_VALUE_ERROR);
  EXPECT_THAT(lamina_last_error(), ::testing::HasSubstr("'regressor' has 1 inputs, received 2"));
  EXPECT_EQ(lamina_model_predict(good.get(), inputs, 1, 0, &out, 0), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_model_predict(good.get(), inputs, 1, -1, &out, 1), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_model_predict(good.get(), &nothing, 1, 0, &out, 1), LAMINA_VALUE_ERROR);
  EXPECT_EQ(lamina_model_predict(good.get(), &targets, 1, 0, &out, 1), LAMINA_VALUE_ERROR);  // (32, 1) for (None, 4)
  EXPECT_EQ(out, nullptr);
  EXPECT_EQ(lamina_model_train_on_batch(good.get(), inputs, 1, &targets, 1, nullptr, nullptr), LAMINA_VALUE_ERROR);
  EXPECT_THAT(lamina_last_error(), ::testing::HasSubstr("compile()"));
  EXPECT_EQ(lamina_model_compile(good.get(), R"({"optimiser": "sgd"})"), LAMINA_TYPE_ERROR);
  EXPECT_THAT(lamina_last_error(), ::testing::HasSubstr("optimizer"));
  EXPECT_EQ(lamina_model_compile(good.get(), R"({"optimizer": "sgdd"})"), LAMINA_VALUE_ERROR);
  check(lamina_model_compile(good.get(), R"({"loss": "mse"})"));
  EXPECT_EQ(lamina_model_fit(good.get(), inputs, 1, &targets, 1, R"({"epoch": 2})", nullptr, nullptr, nullptr),
            LAMINA_TYPE_ERROR);
  EXPECT_EQ(lamina_model_fit(good.get(), inputs, 1, &targets, 1,
                             R"({"callbacks": [{"class_name": "Dense", "config": {}}]})", nullptr, nullptr, nullptr),
            LAMINA_TYPE_ERROR);
  lamina_tensor_info info;
  EXPECT_EQ(lamina_model_input_info(good.get(), 1, &info), LAMINA_INDEX_ERROR);
  check(lamina_model_input_info(good.get(), 0, &info));
  EXPECT_STREQ(info.name, "numbers");
  EXPECT_EQ(info.dtype, LAMINA_FLOAT32);
  EXPECT_STREQ(lamina_status_name(LAMINA_IO_ERROR), "io");
  EXPECT_STREQ(lamina_status_name(77), "unknown");
}

TEST(CApiErrors, BelongToTheThread) {
  lamina_model* model = nullptr;
  EXPECT_EQ(lamina_model_load("/first.keras", 1, &model), LAMINA_VALUE_ERROR);
  std::thread([] {
    EXPECT_STREQ(lamina_last_error(), "");
    lamina_model* other = nullptr;
    EXPECT_EQ(lamina_model_load("/second.keras", 1, &other), LAMINA_VALUE_ERROR);
  }).join();
  EXPECT_THAT(lamina_last_error(), ::testing::HasSubstr("/first.keras"));
}

TEST(CApiThreads, PredictWithOneModel) {
  const ModelHandle model = regressor();
  const auto [x, y] = sums();
  const auto predict = [&model, input = static_cast<const lamina_tensor*>(x.get())] {
    lamina_tensor* out = nullptr;
    EXPECT_EQ(lamina_model_predict(model.get(), &input, 1, 0, &out, 1), LAMINA_OK);
    return floats(TensorHandle(out).get());
  };
  const std::vector<float> expected = predict();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) EXPECT_EQ(predict(), expected);
    });
  for (std::thread& t : threads) t.join();
}

TEST(CApiWarnings, GoWhereTheyAreAsked) {
  std::string heard;
  check(lamina_set_warning_function(
      [](void* context, const char* message) { *static_cast<std::string*>(context) += message; }, &heard));
  const ModelHandle model = regressor();
  const std::string path = (std::filesystem::temp_directory_path() / "lamina_c_api.h5").string();
  check(lamina_model_save(model.get(), path.c_str(), 1));  // a legacy format
  check(lamina_set_warning_function(nullptr, nullptr));
  EXPECT_THAT(heard, ::testing::HasSubstr("legacy"));
  std::filesystem::remove(path);
}

TEST(CApiVersion, IsTheHeaders) {
  EXPECT_EQ(lamina_c_api_version(), LAMINA_C_API_VERSION);
  EXPECT_STRNE(lamina_version(), "");
}

}  // namespace
}  // namespace lamina
