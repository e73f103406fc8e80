#pragma once
// What architectures are written in: layers made and called in one step, the checks and the input that they begin
// with, and the model that they end with.
#include "api/applications/applications.h"
#include "layers/about.h"

namespace lamina::applications {

// --- Arguments ------------------------------------------------------------------------------------------------------

// The arguments that all model functions have.
template <class A>
ModelArgs common(const A& a) {
  return {a.include_top, a.weights, a.input_tensor,          a.input_shape,
          a.pooling,     a.classes, a.classifier_activation, a.name};
}

// --- Before the layers ----------------------------------------------------------------------------------------------

// ValueError unless `weights` and `classes` fit each other and `pooling` is known.
void check_arguments(const ModelArgs& args);
void refuse_channels_first(const char* family);  // ValueError if that is the global setting
// The shape of an image: the one that was given, checked, or the default.
struct ImageSizes {
  int64_t usual, least;
};
// The shape of one image of a model, without the batch. ValueError for sizes or channels that the model does not
// take.
Shape image_shape(const ModelArgs& args, const ImageSizes& sizes);
// input_tensor, or a new Input of that shape.
Tensor image_input(const ModelArgs& args, const Shape& shape);
inline bool wants_imagenet(const ModelArgs& args) { return args.weights == "imagenet"; }

// The sizes of an image, in pixels.
struct Rows {
  int64_t height, width;
};
Rows rows_of(const Shape& image);    // of the shape of an image, without the batch
Rows rows_of(const Tensor& images);  // of a batch
// The size of the channels' axis, by the global data format.
int64_t channels_of(const Shape& image);  // without the batch
int64_t channels_of(const Tensor& images);
// The axis of channels: `last` with channels_last, which Keras' models call 3 or -1, else 1.
int64_t channel_axis(int64_t last);
// Whether these are the sizes of a square image, one of those.
bool square_of(const Rows& rows, std::initializer_list<int64_t> sizes);

// A width times a factor, cut to an integer. ValueError for what is no number of channels.
int64_t scaled(double width, double factor);
// The nearest multiple of 8 of at least `least`; if `never_far_below`, not below 90% of it.
int64_t round_to_8(double width, bool never_far_below = true);

// --- Layers ---------------------------------------------------------------------------------------------------------

using Branches = std::vector<Tensor>;
// The result of a new layer of that class. Without a name it gets the next one of its class.
Tensor layer(const char* class_name, const Value& inputs, const std::string& name = "", Dict config = {});

// Configs of two sizes, and of the paddings of two axes.
Value pair(int64_t first, int64_t second);
Value paddings(int64_t top, int64_t bottom, int64_t left, int64_t right);
inline Value paddings(int64_t all) { return paddings(all, all, all, all); }
// What a convolution with that kernel and steps of 2 is padded by so that it sees the places that "same" shows to a
// convolution with steps of 1.
Value correct_pad(const Tensor& images, int64_t kernel_size);

// One layer each, applied to symbolic tensors. `name` is the layer's name in Keras, which files of weights go by; ""
// numbers it.
Tensor conv(const Tensor& x, int64_t filters, Value kernel_size, const std::string& name, Dict config = {});
Tensor activation(const Tensor& x, const Value& function, const std::string& name = "");
Tensor zero_padding(const Tensor& x, Value padding, const std::string& name = "");
Tensor concatenate(const Branches& branches, int64_t axis, const std::string& name = "");
Tensor add(const Branches& branches, const std::string& name = "");

// --- After the layers -----------------------------------------------------------------------------------------------

// ValueError for an activation that weights were not trained with.
void check_classifier(const ModelArgs& args);
// The last layer of a model with include_top.
Tensor classify(const Tensor& features, const ModelArgs& args, Dict config = {});
// Features pooled as the argument says, by layers of these names.
Tensor pool(const Tensor& features, const ModelArgs& args, const std::string& average = "",
            const std::string& maximum = "");
// GlobalAveragePooling2D and classify(), or pool(); all by layers called avg_pool and max_pool.
Tensor usual_top(const Tensor& features, const ModelArgs& args);

// The model from `inputs` to `output`; weights of a path are loaded.
Built finish_from(const Value& inputs, const ModelArgs& args, const Tensor& output, PublishedFile imagenet);
// The same from the sources of input_tensor, or from `input`, which image_input() made.
Built finish(const ModelArgs& args, const Tensor& input, const Tensor& output, PublishedFile imagenet);
List source_inputs(const Tensor& tensor);

// "https://storage.googleapis.com/tensorflow/keras-applications/"
extern const char* const kPublished;

// Texts that descriptions share.
namespace about {
inline constexpr const char* include_top = "Whether the model ends with the layers that classify.";
inline constexpr const char* weights =
    "\"imagenet\" for those trained on ImageNet, the path of a file of weights, or None for random ones.";
inline constexpr const char* input_tensor = "A symbolic tensor that takes the place of the model's own input.";
inline constexpr const char* input_shape =
    "Shape of an image, without the batch; None is the size that the model was made for, or any size without "
    "`include_top`.";
inline constexpr const char* pooling =
    "What a model without `include_top` gives: \"avg\" or \"max\" of its features over the image, or None for the "
    "features at each place.";
inline constexpr const char* classes = "Number of classes; 1000 for weights that were trained on ImageNet.";
inline constexpr const char* classifier_activation =
    "Activation of the last layer of a model with `include_top`; None gives scores.";
inline constexpr const char* include_preprocessing =
    "Whether the model begins with the scaling of pixels from 0 to 255.";
inline constexpr const char* alpha = "Factor of the number of filters in each layer.";
inline constexpr const char* model_name = "Name of the model.";
inline constexpr const char* model_returns = "A functional model.";
inline constexpr const char* model_raises =
    "ValueError: if `weights` is neither \"imagenet\" nor None nor the path of a file, if `input_shape` is too small, "
    "or if `classes` or `classifier_activation` are not those of the weights.";
}  // namespace about

}  // namespace lamina::applications
