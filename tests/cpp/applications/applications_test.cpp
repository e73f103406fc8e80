// keras.applications from C++. That the models are Keras' is tested in tests/python, where Keras is.
#include "api/applications/applications.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "serialization/models/model_io.h"
#include "support/data.h"

namespace lamina {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const Shape kSmall{32, 32, 3};

// Keras' home for these tests.
class Applications : public ::testing::Test {
 protected:
  void SetUp() override {
    home_ = std::filesystem::temp_directory_path() / ("lamina_applications_" + std::to_string(getpid()));
    std::filesystem::create_directories(home_ / "models");
    setenv("KERAS_HOME", home_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("KERAS_HOME");
    std::filesystem::remove_all(home_);
  }
  std::string message_of(const std::function<void()>& f) {
    try {
      f();
    } catch (const Error& e) { return e.what(); }
    return "";
  }
  std::filesystem::path home_;
};

TEST_F(Applications, AreBuiltByName) {
  ModelPtr model =
      applications::ResNet50({.include_top = false, .weights = "", .input_shape = kSmall, .pooling = "avg"});
  EXPECT_EQ(model->name(), "resnet50");
  EXPECT_EQ(model->predict(Value(testing::ramp({2, 32, 32, 3})), {.verbose = 0}).as_tensor().shape(), (Shape{2, 2048}));
  ModelPtr tiny = applications::MobileNet(
      {.input_shape = kSmall, .alpha = 0.25, .weights = std::nullopt, .classes = 7, .name = "tiny"});
  EXPECT_EQ(tiny->name(), "tiny");
  EXPECT_EQ(tiny->predict(Value(testing::ramp({1, 32, 32, 3})), {.verbose = 0}).as_tensor().shape(), (Shape{1, 7}));
}

TEST_F(Applications, TakeWeightsOfAPath) {
  const applications::MobileNetV2Args args{.input_shape = kSmall, .alpha = 0.35, .weights = "", .classes = 5};
  ModelPtr model = applications::MobileNetV2(args);
  auto again = args;
  again.weights = (home_ / "m.weights.h5").string();
  save_weights(*model, *again.weights);
  const Tensor x = testing::ramp({2, 32, 32, 3});
  const Tensor expected = model->predict(Value(x), {.verbose = 0}).as_tensor();
  const Tensor got = applications::MobileNetV2(again)->predict(Value(x), {.verbose = 0}).as_tensor();
  for (int64_t i = 0; i < expected.shape().elements(); ++i)
    EXPECT_EQ(got.data<float>()[i], expected.data<float>()[i]) << i;
}

TEST_F(Applications, TakePublishedWeightsFromKerasCache) {
  const applications::MobileNetArgs args{.input_shape = Shape{128, 128, 3}, .alpha = 0.25, .include_top = false};
  const std::string path = (home_ / "models" / "mobilenet_2_5_128_tf_no_top.h5").string();
  EXPECT_EQ(applications::models_folder(), (home_ / "models").string());
  EXPECT_THAT(message_of([&] { applications::MobileNet(args); }),
              AllOf(HasSubstr(path), HasSubstr("https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
                                               "mobilenet_2_5_128_tf_no_top.h5")));
  auto random = args;
  random.weights = "";
  ModelPtr model = applications::MobileNet(random);
  save_model(*model, path);
  ModelPtr loaded = applications::MobileNet(args);
  ASSERT_EQ(loaded->weights().size(), model->weights().size());
  for (size_t i = 0; i < model->weights().size(); ++i)
    EXPECT_EQ(loaded->weights()[i].value().data<float>()[0], model->weights()[i].value().data<float>()[0]);
}

TEST_F(Applications, SayWhatIsWrong) {
  EXPECT_THAT(message_of([] { applications::VGG16({.weights = "nowhere.h5"}); }), HasSubstr("nowhere.h5"));
  EXPECT_THAT(message_of([] {
                applications::VGG16({.weights = "", .input_shape = Shape{16, 16, 3}});
              }),
              HasSubstr("at least 32x32"));
  EXPECT_THAT(message_of([] { applications::VGG16({.weights = "", .input_shape = Shape{16}}); }),
              HasSubstr("three integers"));
  EXPECT_THAT(message_of([] {
                applications::find_model_function("VGG16")->make({{"wieghts", Value()}});
              }),
              HasSubstr("weights"));
}

TEST_F(Applications, AreDescribed) {
  EXPECT_EQ(applications::model_functions().size(), 40u);
  for (const auto* info : applications::model_functions()) {
    const Documentation told = applications::describe(*info);
    EXPECT_FALSE(told.summary.empty()) << info->name;
    for (const ArgumentDocumentation& a : told.arguments) EXPECT_FALSE(a.doc.empty()) << info->name << " " << a.name;
    for (const std::string& module : info->modules) EXPECT_TRUE(applications::find_module(module)) << module;
  }
}

TEST_F(Applications, PreprocessImages) {
  const Tensor images = testing::ramp({1, 2, 2, 3});
  const float* x = images.data<float>();
  const Tensor caffe = applications::preprocess_input(images), tf = applications::preprocess_input(images, "tf");
  const Tensor torch = applications::preprocess_input(images, "torch");
  EXPECT_FLOAT_EQ(caffe.data<float>()[0], x[2] - 103.939f);
  EXPECT_FLOAT_EQ(caffe.data<float>()[2], x[0] - 123.68f);
  EXPECT_FLOAT_EQ(tf.data<float>()[4], x[4] / 127.5f - 1);
  EXPECT_FLOAT_EQ(torch.data<float>()[1], (x[1] / 255 - 0.456f) / 0.224f);
  EXPECT_THROW(applications::preprocess_input(images, "other"), Error);
  EXPECT_THROW(applications::preprocess_input(images, "caffe", "channels_first"), Error);
}

TEST_F(Applications, NameTheClassesOfPredictions) {
  Tensor scores = testing::ramp({2, 1000});
  EXPECT_THAT(message_of([&] { applications::decode_predictions(scores); }),
              AllOf(HasSubstr("imagenet_class_index.json"), HasSubstr("https://")));
  std::ofstream file(home_ / "models" / "imagenet_class_index.json");
  file << "{";
  for (int i = 0; i < 1000; ++i) file << (i ? ", " : "") << '"' << i << "\": [\"n" << i << "\", \"class " << i << "\"]";
  file << "}";
  file.close();
  const auto named = applications::decode_predictions(scores, 3);
  ASSERT_EQ(named.size(), 2u);
  ASSERT_EQ(named[1].size(), 3u);
  const auto& best = named[1][0];
  EXPECT_EQ(best.id, "n" + std::to_string(best.index));
  EXPECT_EQ(best.name, "class " + std::to_string(best.index));
  EXPECT_EQ(best.score, scores.data<float>()[1000 + best.index]);
  EXPECT_GE(best.score, named[1][1].score);
  EXPECT_THROW(applications::decode_predictions(testing::ramp({2, 10})), Error);
}

}  // namespace
}  // namespace lamina
