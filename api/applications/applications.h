#pragma once
// keras.applications: known image classifiers. They are built layer by layer as Keras builds them, with its names, so
// that its files of weights fit.
//
//   ModelPtr model = applications::ResNet50({.include_top = false, .weights = "resnet50.weights.h5"});
//   Tensor x = applications::preprocess_input(images, "caffe");
#include "api/applications/imagenet.h"
#include "api/applications/model_function.h"

namespace lamina::applications {

struct ModelArgs {
  bool include_top = true;
  std::optional<std::string> weights = "imagenet";  // or a path; none (or "" in C++) for random ones
  Value input_tensor{};
  std::optional<Shape> input_shape{};
  std::optional<std::string> pooling{};  // "avg" or "max"
  int64_t classes = 1000;
  Value classifier_activation = "softmax";
  std::optional<std::string> name{};
  void fields(Fields& f);
};

// Arguments of the ConvNeXt models, with Keras' names and defaults.
struct ConvNeXtArgs {
  bool include_top = true;
  bool include_preprocessing = true;
  std::optional<std::string> weights = "imagenet";
  Value input_tensor{};
  std::optional<Shape> input_shape{};
  std::optional<std::string> pooling{};
  int64_t classes = 1000;
  Value classifier_activation = "softmax";
  std::optional<std::string> name{};
  void fields(Fields& f);
};

// Arguments of the EfficientNetV2 models, with Keras' names and defaults.
struct EfficientNetV2Args {
  bool include_top = true;
  std::optional<std::string> weights = "imagenet";
  Value input_tensor{};
  std::optional<Shape> input_shape{};
  std::optional<std::string> pooling{};
  int64_t classes = 1000;
  Value classifier_activation = "softmax";
  bool include_preprocessing = true;
  std::optional<std::string> name{};
  void fields(Fields& f);
};

// Arguments of MobileNet, with Keras' names and defaults.
struct MobileNetArgs {
  std::optional<Shape> input_shape{};
  double alpha = 1;
  int64_t depth_multiplier = 1;
  double dropout = 1e-3;
  bool include_top = true;
  std::optional<std::string> weights = "imagenet";
  Value input_tensor{};
  std::optional<std::string> pooling{};
  int64_t classes = 1000;
  Value classifier_activation = "softmax";
  std::optional<std::string> name{};  // none makes one of alpha and the image's height
  void fields(Fields& f);
};

// Arguments of MobileNetV2, with Keras' names and defaults.
struct MobileNetV2Args {
  std::optional<Shape> input_shape{};
  double alpha = 1;
  bool include_top = true;
  std::optional<std::string> weights = "imagenet";
  Value input_tensor{};
  std::optional<std::string> pooling{};
  int64_t classes = 1000;
  Value classifier_activation = "softmax";
  std::optional<std::string> name{};
  void fields(Fields& f);
};

// Arguments of MobileNetV3Small and MobileNetV3Large, with Keras' names and defaults.
struct MobileNetV3Args {
  std::optional<Shape> input_shape{};
  double alpha = 1;
  bool minimalistic = false;
  bool include_top = true;
  std::optional<std::string> weights = "imagenet";
  Value input_tensor{};
  int64_t classes = 1000;
  std::optional<std::string> pooling{};
  double dropout_rate = 0.2;
  Value classifier_activation = "softmax";
  bool include_preprocessing = true;
  std::optional<std::string> name{};
  void fields(Fields& f);
};

// Arguments of NASNetMobile and NASNetLarge, with Keras' names and defaults.
struct NASNetArgs {
  std::optional<Shape> input_shape{};
  bool include_top = true;
  std::optional<std::string> weights = "imagenet";
  Value input_tensor{};
  std::optional<std::string> pooling{};
  int64_t classes = 1000;
  Value classifier_activation = "softmax";
  std::optional<std::string> name{};
  void fields(Fields& f);
};

extern const ModelFunction<ConvNeXtArgs> ConvNeXtTiny, ConvNeXtSmall, ConvNeXtBase, ConvNeXtLarge, ConvNeXtXLarge;
extern const ModelFunction<ModelArgs> DenseNet121, DenseNet169, DenseNet201;
extern const ModelFunction<ModelArgs> EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetB3, EfficientNetB4,
    EfficientNetB5, EfficientNetB6, EfficientNetB7;
extern const ModelFunction<EfficientNetV2Args> EfficientNetV2B0, EfficientNetV2B1, EfficientNetV2B2, EfficientNetV2B3,
    EfficientNetV2S, EfficientNetV2M, EfficientNetV2L;
extern const ModelFunction<ModelArgs> InceptionResNetV2, InceptionV3;
extern const ModelFunction<MobileNetArgs> MobileNet;
extern const ModelFunction<MobileNetV2Args> MobileNetV2;
extern const ModelFunction<MobileNetV3Args> MobileNetV3Small, MobileNetV3Large;
extern const ModelFunction<NASNetArgs> NASNetMobile, NASNetLarge;
extern const ModelFunction<ModelArgs> ResNet50, ResNet101, ResNet152, ResNet50V2, ResNet101V2, ResNet152V2;
extern const ModelFunction<ModelArgs> VGG16, VGG19;
extern const ModelFunction<ModelArgs> Xception;

}  // namespace lamina::applications
