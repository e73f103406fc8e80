#pragma once
// What models that were trained on ImageNet expect of images, and what their predictions mean.
#include "api/applications/model_function.h"
#include "backends/ops/public/operand.h"

namespace lamina::applications {

// Images (height, width, 3) or (batch, height, width, 3) with values from 0 to 255, or with channels in front, as a
// model expects them:
//   "caffe"  BGR, less the mean of each channel over ImageNet
//   "tf"     from -1 to 1
//   "torch"  from 0 to 1, then normalised by each channel's mean and deviation over ImageNet
//   ""       as they are
// Integers become floatx. data_format "" is the global setting. ValueError for other modes and formats.
Tensor preprocess_input(const Tensor& images, const std::string& mode = "caffe", std::string data_format = "");

struct Prediction {
  std::string id;    // of WordNet: "n02504458"
  std::string name;  // "African_elephant"
  int64_t index;     // of the class
  float score;
};
// The most likely classes of each sample of (samples, 1000) predictions, the likeliest first. The classes' names are
// read from the file at `index_path`, or from imagenet_class_index.json in models_folder().
std::vector<std::vector<Prediction>> decode_predictions(const Tensor& predictions, int64_t top = 5,
                                                        std::string index_path = "");

const PublishedFile& class_index();                              // the file of the classes' names
void check_predictions(const Tensor& predictions, int64_t top);  // ValueError for another shape, or top below 1

}  // namespace lamina::applications
