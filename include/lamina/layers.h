#pragma once
// Keras' layers for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "layers/quantization/quantizer.h"
#include "api/named.h"

namespace lamina::layers {

// Applies an activation function.
// Input: Any.
// Output: That of the input.
struct ActivationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Activation";
  RequiredArgument<Value> activation;  // Function to apply.
  template <class F>
  void each(const F& f) const {
    f("activation", activation);
  }
};
using Activation = NamedLayer<ActivationArgs>;

// A penalty on its input.
// Input: Any.
// Output: That of the input.
struct ActivityRegularizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ActivityRegularization";
  double l1 = 0.0;  // Factor of sum(|x|).
  double l2 = 0.0;  // Factor of sum(x^2).
  template <class F>
  void each(const F& f) const {
    f("l1", l1);
    f("l2", l2);
  }
};
using ActivityRegularization = NamedLayer<ActivityRegularizationArgs>;

// Means over one spatial axis, to a given output size.
// Input: A tensor (batch, steps, channels), or (batch, channels, steps) with "channels_first".
// Output: The input's shape with the sizes asked for in place of its own.
struct AdaptiveAveragePooling1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AdaptiveAveragePooling1D";
  RequiredArgument<Value> output_size;  // Size of the output, one integer or one per spatial axis.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("output_size", output_size);
    f("data_format", data_format);
  }
};
using AdaptiveAveragePooling1D = NamedLayer<AdaptiveAveragePooling1DArgs>;

// Means over two spatial axes, to a given output size.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: The input's shape with the sizes asked for in place of its own.
struct AdaptiveAveragePooling2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AdaptiveAveragePooling2D";
  RequiredArgument<Value> output_size;  // Size of the output, one integer or one per spatial axis.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("output_size", output_size);
    f("data_format", data_format);
  }
};
using AdaptiveAveragePooling2D = NamedLayer<AdaptiveAveragePooling2DArgs>;

// Means over three spatial axes, to a given output size.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: The input's shape with the sizes asked for in place of its own.
struct AdaptiveAveragePooling3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AdaptiveAveragePooling3D";
  RequiredArgument<Value> output_size;  // Size of the output, one integer or one per spatial axis.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("output_size", output_size);
    f("data_format", data_format);
  }
};
using AdaptiveAveragePooling3D = NamedLayer<AdaptiveAveragePooling3DArgs>;

// Maxima over one spatial axis, to a given output size.
// Input: A tensor (batch, steps, channels), or (batch, channels, steps) with "channels_first".
// Output: The input's shape with the sizes asked for in place of its own.
struct AdaptiveMaxPooling1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AdaptiveMaxPooling1D";
  RequiredArgument<Value> output_size;  // Size of the output, one integer or one per spatial axis.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("output_size", output_size);
    f("data_format", data_format);
  }
};
using AdaptiveMaxPooling1D = NamedLayer<AdaptiveMaxPooling1DArgs>;

// Maxima over two spatial axes, to a given output size.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: The input's shape with the sizes asked for in place of its own.
struct AdaptiveMaxPooling2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AdaptiveMaxPooling2D";
  RequiredArgument<Value> output_size;  // Size of the output, one integer or one per spatial axis.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("output_size", output_size);
    f("data_format", data_format);
  }
};
using AdaptiveMaxPooling2D = NamedLayer<AdaptiveMaxPooling2DArgs>;

// Maxima over three spatial axes, to a given output size.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: The input's shape with the sizes asked for in place of its own.
struct AdaptiveMaxPooling3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AdaptiveMaxPooling3D";
  RequiredArgument<Value> output_size;  // Size of the output, one integer or one per spatial axis.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("output_size", output_size);
    f("data_format", data_format);
  }
};
using AdaptiveMaxPooling3D = NamedLayer<AdaptiveMaxPooling3DArgs>;

// Sum of the inputs.
// Input: A list of tensors whose shapes broadcast.
// Output: The shape that the inputs broadcast to.
// Raises: ValueError: if the inputs are no list, or their shapes do not broadcast.
struct AddArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Add";
  template <class F>
  void each(const F&) const {}
};
using Add = NamedLayer<AddArgs>;

// Additive attention (Bahdanau et al., 2014).
// Input: A list of tensors (batch, queries, size) and (batch, keys, size).
// Output: A tensor (batch, queries, size); with scores also (batch, queries, keys).
// Source: Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate" (2015).
struct AdditiveAttentionArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AdditiveAttention";
  bool use_scale = true;  // Whether to train a factor for each feature.
  double dropout = 0.0;  // Share of the weights to drop in training.
  Value seed{};  // An int or a SeedGenerator, for dropout.
  template <class F>
  void each(const F& f) const {
    f("use_scale", use_scale);
    f("dropout", dropout);
    f("seed", seed);
  }
};
using AdditiveAttention = NamedLayer<AdditiveAttentionArgs>;

// Dropout that keeps mean and variance, for selu.
// Input: Any.
// Output: That of the input.
// Raises: ValueError: if `rate` is not between 0 and 1.
// Source: Klambauer et al., "Self-Normalizing Neural Networks" (2017).
struct AlphaDropoutArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AlphaDropout";
  RequiredArgument<double> rate;  // Share of the inputs to drop, in [0, 1].
  Value noise_shape{};  // Shape of the mask, broadcast over the input; None entries take the input's size.
  Value seed{};  // An int or a SeedGenerator.
  template <class F>
  void each(const F& f) const {
    f("rate", rate);
    f("noise_shape", noise_shape);
    f("seed", seed);
  }
};
using AlphaDropout = NamedLayer<AlphaDropoutArgs>;

// Dot-product attention (Luong et al., 2015).
// Input: A list of tensors (batch, queries, size) and (batch, keys, size).
// Output: A tensor (batch, queries, size); with scores also (batch, queries, keys).
// Source: Luong et al., "Effective Approaches to Attention-based Neural Machine Translation" (2015).
struct AttentionArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Attention";
  bool use_scale = false;  // Whether to train a factor of the scores.
  std::string score_mode = "dot";  // "dot": query . key; "concat": sum(tanh(query + key)).
  double dropout = 0.0;  // Share of the weights to drop in training.
  Value seed{};  // An int or a SeedGenerator, for dropout.
  template <class F>
  void each(const F& f) const {
    f("use_scale", use_scale);
    f("score_mode", score_mode);
    f("dropout", dropout);
    f("seed", seed);
  }
};
using Attention = NamedLayer<AttentionArgs>;

// Mixes images with differently changed copies of themselves.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1, or a count or `alpha` is not positive.
// Source: Hendrycks, Mu, Cubuk, Zoph, Gilmer and Lakshminarayanan 2019, AugMix.
struct AugMixArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AugMix";
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  int64_t num_chains = 3;  // How many changed images are mixed.
  int64_t chain_depth = 3;  // How many changes are made to each at most.
  Value factor = 0.3;  // How strong they are, in 0..1: f for (0, f), or two numbers.
  double alpha = 1.0;  // Of the distributions of weights: large ones mix evenly.
  bool all_ops = true;  // Whether changes of brightness, colour, contrast and sharpness are among them.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("value_range", value_range);
    f("num_chains", num_chains);
    f("chain_depth", chain_depth);
    f("factor", factor);
    f("alpha", alpha);
    f("all_ops", all_ops);
    f("interpolation", interpolation);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using AugMix = NamedLayer<AugMixArgs>;

// Stretches the values of each channel to the whole range.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `value_range` is not two numbers.
// Source: Keras.
struct AutoContrastArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AutoContrast";
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("value_range", value_range);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using AutoContrast = NamedLayer<AutoContrastArgs>;

// Mean of the inputs.
// Input: A list of tensors whose shapes broadcast.
// Output: The shape that the inputs broadcast to.
// Raises: ValueError: if the inputs are no list, or their shapes do not broadcast.
struct AverageArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Average";
  template <class F>
  void each(const F&) const {}
};
using Average = NamedLayer<AverageArgs>;

// The means of windows over one spatial axis.
// Input: A tensor (batch, steps, channels), or (batch, channels, steps) with "channels_first".
// Output: A tensor with a place for each window, in the order of the input's axes.
struct AveragePooling1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AveragePooling1D";
  RequiredArgument<Sizes> pool_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides{};  // Steps of the window; None: its size.
  // "valid" (none) or "same" (ceil(size / stride) windows, whose places outside do not count).
  std::string padding = "valid";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("pool_size", pool_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
  }
};
using AveragePooling1D = NamedLayer<AveragePooling1DArgs>;

// The means of windows over two spatial axes.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor with a place for each window, in the order of the input's axes.
struct AveragePooling2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AveragePooling2D";
  RequiredArgument<Sizes> pool_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides{};  // Steps of the window; None: its size.
  // "valid" (none) or "same" (ceil(size / stride) windows, whose places outside do not count).
  std::string padding = "valid";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("pool_size", pool_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
  }
};
using AveragePooling2D = NamedLayer<AveragePooling2DArgs>;

// The means of windows over three spatial axes.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor with a place for each window, in the order of the input's axes.
struct AveragePooling3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "AveragePooling3D";
  RequiredArgument<Sizes> pool_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides{};  // Steps of the window; None: its size.
  // "valid" (none) or "same" (ceil(size / stride) windows, whose places outside do not count).
  std::string padding = "valid";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("pool_size", pool_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
  }
};
using AveragePooling3D = NamedLayer<AveragePooling3DArgs>;

// Normalises features over the batch.
// Input: Any, with a known size along `axis`.
// Output: That of the input.
// Source: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
// Shift" (2015).
struct BatchNormalizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "BatchNormalization";
  int64_t axis = -1;  // Axis of the features.
  double momentum = 0.99;  // Momentum of the moving averages.
  double epsilon = 0.001;  // Added to the variance.
  bool center = true;  // Whether to add beta.
  bool scale = true;  // Whether to multiply by gamma.
  InitializerRef beta_initializer = "zeros";  // Initializer of beta.
  InitializerRef gamma_initializer = "ones";  // Initializer of gamma.
  InitializerRef moving_mean_initializer = "zeros";  // Initializer of the moving mean.
  InitializerRef moving_variance_initializer = "ones";  // Initializer of the moving variance.
  RegularizerRef beta_regularizer{};  // Penalty on beta.
  RegularizerRef gamma_regularizer{};  // Penalty on gamma.
  ConstraintRef beta_constraint{};  // Projection of beta.
  ConstraintRef gamma_constraint{};  // Projection of gamma.
  bool renorm = false;  // Whether to correct the batch's statistics towards the moving ones.
  Value renorm_clipping{};  // Bounds of the correction: a dict of 'rmax', 'rmin' and 'dmax'.
  double renorm_momentum = 0.99;  // Momentum of the correction's moving averages.
  bool synchronized = false;  // Statistics over several devices. There is one: must be False.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
    f("momentum", momentum);
    f("epsilon", epsilon);
    f("center", center);
    f("scale", scale);
    f("beta_initializer", beta_initializer);
    f("gamma_initializer", gamma_initializer);
    f("moving_mean_initializer", moving_mean_initializer);
    f("moving_variance_initializer", moving_variance_initializer);
    f("beta_regularizer", beta_regularizer);
    f("gamma_regularizer", gamma_regularizer);
    f("beta_constraint", beta_constraint);
    f("gamma_constraint", gamma_constraint);
    f("renorm", renorm);
    f("renorm_clipping", renorm_clipping);
    f("renorm_momentum", renorm_momentum);
    f("synchronized", synchronized);
  }
};
using BatchNormalization = NamedLayer<BatchNormalizationArgs>;

// A recurrence layer in both directions.
// Input: A tensor (batch, time, features).
// Output: The outputs of both directions merged as `merge_mode` says: "concat" doubles the last axis.
// Raises: ValueError: if `merge_mode` is unknown. TypeError: if the layer is not recurrent.
// Source: Schuster and Paliwal, "Bidirectional Recurrent Neural Networks" (1997).
struct BidirectionalArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Bidirectional";
  RequiredArgument<Value> layer;  // A recurrence layer; a fresh one like it goes forwards.
  // How the two outputs become one: 'sum', 'mul', 'ave', 'concat', or None for both.
  std::optional<std::string> merge_mode = "concat";
  Value weights{};  // Not used; must be None.
  Value backward_layer{};  // The layer that goes backwards; without it one like `layer`.
  template <class F>
  void each(const F& f) const {
    f("layer", layer);
    f("merge_mode", merge_mode);
    f("weights", weights);
    f("backward_layer", backward_layer);
  }
};
using Bidirectional = NamedLayer<BidirectionalArgs>;

// Integers as vectors with a place for each category.
// Input: (batch,) or (batch, categories of a sample).
// Output: (batch, num_tokens); with "one_hot" a last axis of size `num_tokens` behind those of the input, in place of
// one of size 1.
// Raises: ValueError: if `num_tokens` is not positive, or weights are given with another mode than "count".
struct CategoryEncodingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "CategoryEncoding";
  Value num_tokens{};  // How many categories there are: inputs lie below it.
  // "one_hot" gives a vector for each input; "multi_hot" one for the inputs of a sample together; "count" how often
  // each category is there.
  std::string output_mode = "multi_hot";
  bool sparse = false;  // Not supported; must be False.
  template <class F>
  void each(const F& f) const {
    f("num_tokens", num_tokens);
    f("output_mode", output_mode);
    f("sparse", sparse);
  }
};
using CategoryEncoding = NamedLayer<CategoryEncodingArgs>;

// The middle of images.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: The input's shape with the height and width asked for.
// Raises: ValueError: if a size is not positive.
// Source: Keras.
struct CenterCropArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "CenterCrop";
  RequiredArgument<int64_t> height;  // Height of the results.
  RequiredArgument<int64_t> width;  // Width of the results.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("height", height);
    f("width", width);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using CenterCrop = NamedLayer<CenterCropArgs>;

// Inputs one after the other along an axis.
// Input: Tensors that agree in all axes but `axis`.
// Output: A tensor with the sizes along `axis` added up.
// Raises: ValueError: if the inputs are no list, or their shapes do not fit.
struct ConcatenateArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Concatenate";
  int64_t axis = -1;  // Axis to concatenate along.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
  }
};
using Concatenate = NamedLayer<ConcatenateArgs>;

// Equalizes the histogram of each part of images by itself, with a limit to what is amplified.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `tile_grid_size` is not two positive integers.
// Source: Zuiderveld 1994, Contrast Limited Adaptive Histogram Equalization.
struct ContrastLimitedAdaptiveHistogramEqualizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ContrastLimitedAdaptiveHistogramEqualization";
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  double clip_limit = 4.0;  // How often, of what is even, a value of a tile counts at most; 0 is no limit.
  Value tile_grid_size = Value::tuple({8, 8});  // In how many tiles the height and the width are cut.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("value_range", value_range);
    f("clip_limit", clip_limit);
    f("tile_grid_size", tile_grid_size);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using ContrastLimitedAdaptiveHistogramEqualization = NamedLayer<ContrastLimitedAdaptiveHistogramEqualizationArgs>;

// A convolution over one axis, such as time.
// Input: A tensor (batch, steps, channels).
// Output: A tensor (batch, steps, filters).
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
struct Conv1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Conv1D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = 1;  // Steps of the window.
  std::string padding = "valid";  // "valid", "same" or "causal" (the output never depends on later inputs).
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window.
  int64_t groups = 1;  // Groups of channels that are convolved apart.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.
  Value lora_rank{};
  Value lora_alpha{};  // That product is scaled by lora_alpha / lora_rank; lora_rank where None.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("groups", groups);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("lora_rank", lora_rank);
    f("lora_alpha", lora_alpha);
    f("quantization_config", quantization_config);
  }
};
using Conv1D = NamedLayer<Conv1DArgs>;

// A transposed convolution over one axis.
// Input: A tensor (batch, steps, channels).
// Output: A tensor (batch, steps, filters).
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
// Source: Zeiler et al., "Deconvolutional Networks" (2010).
struct Conv1DTransposeArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Conv1DTranspose";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = 1;  // How many times as large the output is.
  std::string padding = "valid";  // "valid" (all places that a window reaches) or "same" (size * stride places).
  // Places added behind the output, below the strides; None: as many as the padding's name says.
  Sizes output_padding{};
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("output_padding", output_padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("quantization_config", quantization_config);
  }
};
using Conv1DTranspose = NamedLayer<Conv1DTransposeArgs>;

// A convolution over two axes, such as an image's.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor (batch, rows, columns, filters), in the order of the input's axes.
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
struct Conv2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Conv2D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = {1, 1};  // Steps of the window.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places).
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = {1, 1};  // Steps between the places of the window.
  int64_t groups = 1;  // Groups of channels that are convolved apart.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.
  Value lora_rank{};
  Value lora_alpha{};  // That product is scaled by lora_alpha / lora_rank; lora_rank where None.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("groups", groups);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("lora_rank", lora_rank);
    f("lora_alpha", lora_alpha);
    f("quantization_config", quantization_config);
  }
};
using Conv2D = NamedLayer<Conv2DArgs>;

// A transposed convolution over two axes.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor (batch, rows, columns, filters), in the order of the input's axes.
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
// Source: Zeiler et al., "Deconvolutional Networks" (2010).
struct Conv2DTransposeArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Conv2DTranspose";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = {1, 1};  // How many times as large the output is.
  std::string padding = "valid";  // "valid" (all places that a window reaches) or "same" (size * stride places).
  // Places added behind the output, below the strides; None: as many as the padding's name says.
  Sizes output_padding{};
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = {1, 1};  // Steps between the places of the window.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("output_padding", output_padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("quantization_config", quantization_config);
  }
};
using Conv2DTranspose = NamedLayer<Conv2DTransposeArgs>;

// A convolution over three axes, such as a volume's.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor (batch, depth, rows, columns, filters), in the order of the input's axes.
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
struct Conv3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Conv3D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = {1, 1, 1};  // Steps of the window.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places).
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = {1, 1, 1};  // Steps between the places of the window.
  int64_t groups = 1;  // Groups of channels that are convolved apart.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.
  Value lora_rank{};
  Value lora_alpha{};  // That product is scaled by lora_alpha / lora_rank; lora_rank where None.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("groups", groups);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("lora_rank", lora_rank);
    f("lora_alpha", lora_alpha);
    f("quantization_config", quantization_config);
  }
};
using Conv3D = NamedLayer<Conv3DArgs>;

// A transposed convolution over three axes.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor (batch, depth, rows, columns, filters), in the order of the input's axes.
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
// Source: Zeiler et al., "Deconvolutional Networks" (2010).
struct Conv3DTransposeArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Conv3DTranspose";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = {1, 1, 1};  // How many times as large the output is.
  std::string padding = "valid";  // "valid" (all places that a window reaches) or "same" (size * stride places).
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  // Places added behind the output, below the strides; None: as many as the padding's name says.
  Sizes output_padding{};
  Sizes dilation_rate = {1, 1, 1};  // Steps between the places of the window.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("output_padding", output_padding);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("quantization_config", quantization_config);
  }
};
using Conv3DTranspose = NamedLayer<Conv3DTransposeArgs>;

// An LSTM over sequences of rows, such as several sensors' over time.
// Input: A tensor (batch, time, steps, channels).
// Output: A tensor (batch, steps, filters); with `return_sequences` (batch, time, steps, filters). `return_state` adds
// the two states.
// Source: Shi et al., "Convolutional LSTM Network" (2015).
struct ConvLSTM1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ConvLSTM1D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output and of the states.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = 1;  // Steps of the window over the inputs.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places), of the inputs' convolution.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window over the inputs.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  bool unit_forget_bias = true;  // Whether the forget gate's bias starts at 1.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  bool return_sequences = false;  // Whether to give the output of every step rather than that of the last.
  bool return_state = false;  // Whether to give the last states too.
  bool go_backwards = false;  // Whether to begin with the last step; outputs stand in the order of the steps taken.
  bool stateful = false;  // Whether a batch goes on from the states with which the one before ended.
  // Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.
  bool unroll = false;
  // Whether masked steps give zeros rather than the output before, where all outputs are returned.
  bool zero_output_for_mask = false;
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("unit_forget_bias", unit_forget_bias);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("return_sequences", return_sequences);
    f("return_state", return_state);
    f("go_backwards", go_backwards);
    f("stateful", stateful);
    f("unroll", unroll);
    f("zero_output_for_mask", zero_output_for_mask);
  }
};
using ConvLSTM1D = NamedLayer<ConvLSTM1DArgs>;

// An LSTM over sequences of images, such as a video's.
// Input: A tensor (batch, time, rows, columns, channels).
// Output: A tensor (batch, rows, columns, filters); with `return_sequences` (batch, time, rows, columns, filters).
// `return_state` adds the two states.
// Source: Shi et al., "Convolutional LSTM Network" (2015).
struct ConvLSTM2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ConvLSTM2D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output and of the states.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = 1;  // Steps of the window over the inputs.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places), of the inputs' convolution.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window over the inputs.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  bool unit_forget_bias = true;  // Whether the forget gate's bias starts at 1.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  bool return_sequences = false;  // Whether to give the output of every step rather than that of the last.
  bool return_state = false;  // Whether to give the last states too.
  bool go_backwards = false;  // Whether to begin with the last step; outputs stand in the order of the steps taken.
  bool stateful = false;  // Whether a batch goes on from the states with which the one before ended.
  // Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.
  bool unroll = false;
  // Whether masked steps give zeros rather than the output before, where all outputs are returned.
  bool zero_output_for_mask = false;
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("unit_forget_bias", unit_forget_bias);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("return_sequences", return_sequences);
    f("return_state", return_state);
    f("go_backwards", go_backwards);
    f("stateful", stateful);
    f("unroll", unroll);
    f("zero_output_for_mask", zero_output_for_mask);
  }
};
using ConvLSTM2D = NamedLayer<ConvLSTM2DArgs>;

// An LSTM over sequences of volumes.
// Input: A tensor (batch, time, depth, rows, columns, channels).
// Output: A tensor (batch, depth, rows, columns, filters); with `return_sequences` an axis of time after the batch.
// `return_state` adds the two states.
// Source: Shi et al., "Convolutional LSTM Network" (2015).
struct ConvLSTM3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ConvLSTM3D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output and of the states.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = 1;  // Steps of the window over the inputs.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places), of the inputs' convolution.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window over the inputs.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  bool unit_forget_bias = true;  // Whether the forget gate's bias starts at 1.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  bool return_sequences = false;  // Whether to give the output of every step rather than that of the last.
  bool return_state = false;  // Whether to give the last states too.
  bool go_backwards = false;  // Whether to begin with the last step; outputs stand in the order of the steps taken.
  bool stateful = false;  // Whether a batch goes on from the states with which the one before ended.
  // Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.
  bool unroll = false;
  // Whether masked steps give zeros rather than the output before, where all outputs are returned.
  bool zero_output_for_mask = false;
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("unit_forget_bias", unit_forget_bias);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("return_sequences", return_sequences);
    f("return_state", return_state);
    f("go_backwards", go_backwards);
    f("stateful", stateful);
    f("unroll", unroll);
    f("zero_output_for_mask", zero_output_for_mask);
  }
};
using ConvLSTM3D = NamedLayer<ConvLSTM3DArgs>;

// One step of a ConvLSTM.
// Input: A tensor (batch, ..., channels) of one step.
// Output: A tensor (batch, ..., filters) and the list of the two new states.
// Source: Shi et al., "Convolutional LSTM Network" (2015).
struct ConvLSTMCellArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ConvLSTMCell";
  RequiredArgument<int64_t> rank;  // Number of spatial axes.
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output and of the states.
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = 1;  // Steps of the window over the inputs.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places), of the inputs' convolution.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window over the inputs.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  bool unit_forget_bias = true;  // Whether the forget gate's bias starts at 1.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  template <class F>
  void each(const F& f) const {
    f("rank", rank);
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("unit_forget_bias", unit_forget_bias);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
  }
};
using ConvLSTMCell = NamedLayer<ConvLSTMCellArgs>;

// Cuts steps off both ends of a sequence.
// Input: A tensor (batch, steps, channels).
// Output: A tensor with fewer steps.
// Raises: ValueError: if nothing would be left.
struct Cropping1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Cropping1D";
  Value cropping = Value::tuple({1, 1});  // Steps to cut off: an int, an int an axis, or (before, after) an axis.
  template <class F>
  void each(const F& f) const {
    f("cropping", cropping);
  }
};
using Cropping1D = NamedLayer<Cropping1DArgs>;

// Cuts rows and columns off images.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor with fewer rows and columns.
// Raises: ValueError: if nothing would be left.
struct Cropping2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Cropping2D";
  // Steps to cut off: an int, an int an axis, or (before, after) an axis.
  Value cropping = Value::tuple({Value::tuple({0, 0}), Value::tuple({0, 0})});
  Value data_format{};  // "channels_last" or "channels_first".
  template <class F>
  void each(const F& f) const {
    f("cropping", cropping);
    f("data_format", data_format);
  }
};
using Cropping2D = NamedLayer<Cropping2DArgs>;

// Cuts slices off volumes.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor with smaller spatial axes.
// Raises: ValueError: if nothing would be left.
struct Cropping3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Cropping3D";
  // Steps to cut off: an int, an int an axis, or (before, after) an axis.
  Value cropping = Value::tuple({Value::tuple({1, 1}), Value::tuple({1, 1}), Value::tuple({1, 1})});
  Value data_format{};  // "channels_last" or "channels_first".
  template <class F>
  void each(const F& f) const {
    f("cropping", cropping);
    f("data_format", data_format);
  }
};
using Cropping3D = NamedLayer<Cropping3DArgs>;

// Puts a part of another image of the batch into each, and mixes their labels.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1. NotImplementedError: for bounding boxes.
// Source: Yun, Han, Oh, Chun, Choe and Yoo 2019, CutMix.
struct CutMixArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "CutMix";
  Value factor = 1.0;  // The largest alpha of the beta distribution of shares that stay, or two numbers.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using CutMix = NamedLayer<CutMixArgs>;

// A fully connected layer: activation(x @ kernel + bias).
// Input: A tensor (batch, ..., features).
// Output: A tensor (batch, ..., units).
// Raises: ValueError: if `units` is not a positive integer, or the input's last axis has no known size.
struct DenseArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Dense";
  RequiredArgument<int64_t> units;  // Size of the output's last axis.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.
  Value lora_rank{};
  Value lora_alpha{};  // That product is scaled by lora_alpha / lora_rank; lora_rank where None.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("units", units);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("lora_rank", lora_rank);
    f("lora_alpha", lora_alpha);
    f("quantization_config", quantization_config);
  }
};
using Dense = NamedLayer<DenseArgs>;

// A convolution of each channel alone, over one axis.
// Input: A tensor (batch, steps, channels).
// Output: A tensor (batch, steps, channels * depth_multiplier).
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
struct DepthwiseConv1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "DepthwiseConv1D";
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = 1;  // Steps of the window.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places).
  int64_t depth_multiplier = 1;  // Outputs of each channel.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef depthwise_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef depthwise_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef depthwise_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("depth_multiplier", depth_multiplier);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("use_bias", use_bias);
    f("depthwise_initializer", depthwise_initializer);
    f("bias_initializer", bias_initializer);
    f("depthwise_regularizer", depthwise_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("depthwise_constraint", depthwise_constraint);
    f("bias_constraint", bias_constraint);
    f("quantization_config", quantization_config);
  }
};
using DepthwiseConv1D = NamedLayer<DepthwiseConv1DArgs>;

// A convolution of each channel alone, over two axes.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor (batch, rows, columns, channels * depth_multiplier), in the order of the input's axes.
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
struct DepthwiseConv2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "DepthwiseConv2D";
  RequiredArgument<Sizes> kernel_size;  // Size of the window, one integer or one per spatial axis.
  Sizes strides = {1, 1};  // Steps of the window.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places).
  int64_t depth_multiplier = 1;  // Outputs of each channel.
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = {1, 1};  // Steps between the places of the window.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef depthwise_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef depthwise_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef depthwise_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("depth_multiplier", depth_multiplier);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("activation", activation);
    f("use_bias", use_bias);
    f("depthwise_initializer", depthwise_initializer);
    f("bias_initializer", bias_initializer);
    f("depthwise_regularizer", depthwise_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("depthwise_constraint", depthwise_constraint);
    f("bias_constraint", bias_constraint);
    f("quantization_config", quantization_config);
  }
};
using DepthwiseConv2D = NamedLayer<DepthwiseConv2DArgs>;

// Numbers to the bins that they fall into.
// Input: Any.
// Output: That of the input with "int". Encodings have the number of bins as last axis: behind those of the input (in
// place of a last one of size 1) with "one_hot", else in place of the second, or of the only one.
// Raises: ValueError: if neither or both of `bin_boundaries` and `num_bins` are given, or it is called before
// boundaries are known.
struct DiscretizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Discretization";
  Value bin_boundaries{};  // The boundaries between bins, in rising order, instead of adapt().
  Value num_bins{};  // How many bins adapt() is to find boundaries for.
  double epsilon = 0.01;  // How far quantiles may be off; a smaller one keeps more of the data.
  // "int" gives bins; "one_hot" a vector for each input; "multi_hot" one for the inputs of a sample together; "count"
  // how often each bin is there.
  std::string output_mode = "int";
  bool sparse = false;  // Not supported; must be False.
  template <class F>
  void each(const F& f) const {
    f("bin_boundaries", bin_boundaries);
    f("num_bins", num_bins);
    f("epsilon", epsilon);
    f("output_mode", output_mode);
    f("sparse", sparse);
  }
};
using Discretization = NamedLayer<DiscretizationArgs>;

// Batched dot product of two inputs along axes.
// Input: Two tensors whose sizes along `axes` agree.
// Output: A tensor (batch, ...) of the axes that are not summed; (batch, 1) where none is left.
// Raises: ValueError: if there are not two inputs or the summed sizes differ.
struct DotArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Dot";
  RequiredArgument<Value> axes;  // Axis, or a pair of axes, to contract.
  bool normalize = false;  // Whether to L2-normalise along the axis first: cosine proximity.
  template <class F>
  void each(const F& f) const {
    f("axes", axes);
    f("normalize", normalize);
  }
};
using Dot = NamedLayer<DotArgs>;

// Drops inputs at random in training.
// Input: Any.
// Output: That of the input.
// Raises: ValueError: if `rate` is not between 0 and 1.
// Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014).
struct DropoutArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Dropout";
  RequiredArgument<double> rate;  // Share of the inputs to drop, in [0, 1].
  Value noise_shape{};  // Shape of the mask, broadcast over the input; None entries take the input's size.
  Value seed{};  // An int or a SeedGenerator.
  template <class F>
  void each(const F& f) const {
    f("rate", rate);
    f("noise_shape", noise_shape);
    f("seed", seed);
  }
};
using Dropout = NamedLayer<DropoutArgs>;

// Exponential linear unit.
// Input: Any.
// Output: That of the input.
// Raises: TypeError: if `alpha` is no number.
// Source: Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear Units" (2015).
struct ELUArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ELU";
  double alpha = 1.0;  // Slope of the negative part.
  template <class F>
  void each(const F& f) const {
    f("alpha", alpha);
  }
};
using ELU = NamedLayer<ELUArgs>;

// A dense layer whose product is an einsum.
// Input: What the equation's first labels describe.
// Output: What its last labels describe; `output_shape` gives the sizes.
// Raises: ValueError: if the equation does not fit the input or `output_shape`.
struct EinsumDenseArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "EinsumDense";
  RequiredArgument<std::string> equation;  // Einsum equation of input and kernel, as "ab,bc->ac".
  RequiredArgument<Value> output_shape;  // Shape of the output without the batch; None entries are inferred.
  Value activation{};  // Function applied to the output.
  std::string bias_axes{};  // Output axes that have a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.
  Value lora_rank{};
  Value lora_alpha{};  // That product is scaled by lora_alpha / lora_rank; lora_rank where None.
  // Columns of the matrix that GPTQ packed, as files have it; the layer knows them from its kernel.
  Value gptq_unpacked_column_size{};
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("equation", equation);
    f("output_shape", output_shape);
    f("activation", activation);
    f("bias_axes", bias_axes);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("lora_rank", lora_rank);
    f("lora_alpha", lora_alpha);
    f("gptq_unpacked_column_size", gptq_unpacked_column_size);
    f("quantization_config", quantization_config);
  }
};
using EinsumDense = NamedLayer<EinsumDenseArgs>;

// Turns indices into rows of a trained table.
// Input: Any.
// Output: The input's shape with an axis of size `output_dim` added.
struct EmbeddingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Embedding";
  RequiredArgument<Value> input_dim;  // Number of rows: the largest index plus 1.
  RequiredArgument<Value> output_dim;  // Size of a row.
  InitializerRef embeddings_initializer = "uniform";  // Initializer of the rows.
  RegularizerRef embeddings_regularizer{};  // Penalty on the rows.
  ConstraintRef embeddings_constraint{};  // Projection after each update.
  bool mask_zero = false;  // Whether index 0 is padding: the output then carries a mask.
  Value weights{};  // A first value for the rows.
  // Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.
  Value lora_rank{};
  Value lora_alpha{};  // That product is scaled by lora_alpha / lora_rank; lora_rank where None.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("input_dim", input_dim);
    f("output_dim", output_dim);
    f("embeddings_initializer", embeddings_initializer);
    f("embeddings_regularizer", embeddings_regularizer);
    f("embeddings_constraint", embeddings_constraint);
    f("mask_zero", mask_zero);
    f("weights", weights);
    f("lora_rank", lora_rank);
    f("lora_alpha", lora_alpha);
    f("quantization_config", quantization_config);
  }
};
using Embedding = NamedLayer<EmbeddingArgs>;

// Spreads the values of each channel so that all are about equally frequent.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `bins` is not positive, or `value_range` is not two numbers.
// Source: Histogram equalization, with the counts of a channel over all images of a batch, as Keras.
struct EqualizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Equalization";
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  int64_t bins = 256;  // In how many parts values are counted.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("value_range", value_range);
    f("bins", bins);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using Equalization = NamedLayer<EqualizationArgs>;

// All axes but the batch into one.
// Input: A tensor (batch, ...).
// Output: A tensor (batch, elements).
struct FlattenArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Flatten";
  Value data_format{};  // "channels_last" or "channels_first".
  template <class F>
  void each(const F& f) const {
    f("data_format", data_format);
  }
};
using Flatten = NamedLayer<FlattenArgs>;

// Gated recurrent units.
// Input: A tensor (batch, time, features).
// Output: A tensor (batch, units); with `return_sequences` (batch, time, units). `return_state` adds the states.
// Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014).
struct GRUArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GRU";
  RequiredArgument<int64_t> units;  // Size of the state and of the output.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  int64_t implementation = 2;  // 1: a dropout mask for every gate; 2: one for all.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  bool return_sequences = false;  // Whether to give the output of every step rather than that of the last.
  bool return_state = false;  // Whether to give the last states too.
  bool go_backwards = false;  // Whether to begin with the last step; outputs stand in the order of the steps taken.
  bool stateful = false;  // Whether a batch goes on from the states with which the one before ended.
  // Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.
  bool unroll = false;
  // Whether masked steps give zeros rather than the output before, where all outputs are returned.
  bool zero_output_for_mask = false;
  bool reset_after = true;  // Whether the reset gate acts after the product with the state's kernel.
  Value use_cudnn = "auto";  // 'auto' lets cuDNN run it on a GPU where it can, True requires that, False forbids it.
  template <class F>
  void each(const F& f) const {
    f("units", units);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("implementation", implementation);
    f("quantization_config", quantization_config);
    f("return_sequences", return_sequences);
    f("return_state", return_state);
    f("go_backwards", go_backwards);
    f("stateful", stateful);
    f("unroll", unroll);
    f("zero_output_for_mask", zero_output_for_mask);
    f("reset_after", reset_after);
    f("use_cudnn", use_cudnn);
  }
};
using GRU = NamedLayer<GRUArgs>;

// One step of GRU.
// Input: A tensor (batch, features) of one step.
// Output: A tensor (batch, units) and the list of the new states.
// Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014).
struct GRUCellArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GRUCell";
  RequiredArgument<int64_t> units;  // Size of the state and of the output.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  bool reset_after = true;  // Whether the reset gate acts after the product with the state's kernel.
  Value seed{};  // An int or a SeedGenerator for dropout.
  int64_t implementation = 2;  // 1: a dropout mask for every gate; 2: one for all.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("units", units);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("reset_after", reset_after);
    f("seed", seed);
    f("implementation", implementation);
    f("quantization_config", quantization_config);
  }
};
using GRUCell = NamedLayer<GRUCellArgs>;

// Multiplies by Gaussian noise around 1 in training.
// Input: Any.
// Output: That of the input.
// Raises: ValueError: if `rate` is not between 0 and 1.
// Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014).
struct GaussianDropoutArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GaussianDropout";
  RequiredArgument<double> rate;  // As Dropout's rate: the noise has standard deviation sqrt(rate / (1 - rate)).
  Value seed{};  // An int or a SeedGenerator.
  template <class F>
  void each(const F& f) const {
    f("rate", rate);
    f("seed", seed);
  }
};
using GaussianDropout = NamedLayer<GaussianDropoutArgs>;

// Adds Gaussian noise in training.
// Input: Any.
// Output: That of the input.
// Raises: ValueError: if `stddev` is not between 0 and 1.
struct GaussianNoiseArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GaussianNoise";
  RequiredArgument<double> stddev;  // Standard deviation of the noise.
  Value seed{};  // An int or a SeedGenerator.
  template <class F>
  void each(const F& f) const {
    f("stddev", stddev);
    f("seed", seed);
  }
};
using GaussianNoise = NamedLayer<GaussianNoiseArgs>;

// The mean over one spatial axis.
// Input: A tensor (batch, steps, channels), or (batch, channels, steps) with "channels_first".
// Output: A tensor (batch, channels); with `keepdims` the pooled axes stay, with size 1.
struct GlobalAveragePooling1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GlobalAveragePooling1D";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  bool keepdims = false;  // Whether to keep the spatial axes, with size 1.
  template <class F>
  void each(const F& f) const {
    f("data_format", data_format);
    f("keepdims", keepdims);
  }
};
using GlobalAveragePooling1D = NamedLayer<GlobalAveragePooling1DArgs>;

// The mean over two spatial axes.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor (batch, channels); with `keepdims` the pooled axes stay, with size 1.
struct GlobalAveragePooling2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GlobalAveragePooling2D";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  bool keepdims = false;  // Whether to keep the spatial axes, with size 1.
  template <class F>
  void each(const F& f) const {
    f("data_format", data_format);
    f("keepdims", keepdims);
  }
};
using GlobalAveragePooling2D = NamedLayer<GlobalAveragePooling2DArgs>;

// The mean over three spatial axes.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor (batch, channels); with `keepdims` the pooled axes stay, with size 1.
struct GlobalAveragePooling3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GlobalAveragePooling3D";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  bool keepdims = false;  // Whether to keep the spatial axes, with size 1.
  template <class F>
  void each(const F& f) const {
    f("data_format", data_format);
    f("keepdims", keepdims);
  }
};
using GlobalAveragePooling3D = NamedLayer<GlobalAveragePooling3DArgs>;

// The maximum over one spatial axis.
// Input: A tensor (batch, steps, channels), or (batch, channels, steps) with "channels_first".
// Output: A tensor (batch, channels); with `keepdims` the pooled axes stay, with size 1.
struct GlobalMaxPooling1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GlobalMaxPooling1D";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  bool keepdims = false;  // Whether to keep the spatial axes, with size 1.
  template <class F>
  void each(const F& f) const {
    f("data_format", data_format);
    f("keepdims", keepdims);
  }
};
using GlobalMaxPooling1D = NamedLayer<GlobalMaxPooling1DArgs>;

// The maximum over two spatial axes.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor (batch, channels); with `keepdims` the pooled axes stay, with size 1.
struct GlobalMaxPooling2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GlobalMaxPooling2D";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  bool keepdims = false;  // Whether to keep the spatial axes, with size 1.
  template <class F>
  void each(const F& f) const {
    f("data_format", data_format);
    f("keepdims", keepdims);
  }
};
using GlobalMaxPooling2D = NamedLayer<GlobalMaxPooling2DArgs>;

// The maximum over three spatial axes.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor (batch, channels); with `keepdims` the pooled axes stay, with size 1.
struct GlobalMaxPooling3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GlobalMaxPooling3D";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  bool keepdims = false;  // Whether to keep the spatial axes, with size 1.
  template <class F>
  void each(const F& f) const {
    f("data_format", data_format);
    f("keepdims", keepdims);
  }
};
using GlobalMaxPooling3D = NamedLayer<GlobalMaxPooling3DArgs>;

// Normalises groups of channels of each sample.
// Input: Any, with a known size along `axis` that `groups` divides.
// Output: That of the input.
// Raises: ValueError: if the groups do not divide the axis.
// Source: Wu and He, "Group Normalization" (2018).
struct GroupNormalizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GroupNormalization";
  Value groups = 32;  // Number of groups of channels; -1 makes each channel one (instance normalisation).
  int64_t axis = -1;  // Axis of the channels.
  double epsilon = 0.001;  // Added to the variance.
  bool center = true;  // Whether to add beta.
  bool scale = true;  // Whether to multiply by gamma.
  InitializerRef beta_initializer = "zeros";  // Initializer of beta.
  InitializerRef gamma_initializer = "ones";  // Initializer of gamma.
  RegularizerRef beta_regularizer{};  // Penalty on beta.
  RegularizerRef gamma_regularizer{};  // Penalty on gamma.
  ConstraintRef beta_constraint{};  // Projection of beta.
  ConstraintRef gamma_constraint{};  // Projection of gamma.
  template <class F>
  void each(const F& f) const {
    f("groups", groups);
    f("axis", axis);
    f("epsilon", epsilon);
    f("center", center);
    f("scale", scale);
    f("beta_initializer", beta_initializer);
    f("gamma_initializer", gamma_initializer);
    f("beta_regularizer", beta_regularizer);
    f("gamma_regularizer", gamma_regularizer);
    f("beta_constraint", beta_constraint);
    f("gamma_constraint", gamma_constraint);
  }
};
using GroupNormalization = NamedLayer<GroupNormalizationArgs>;

// Attention whose query heads share key and value heads.
// Input: A query (batch, queries, features), a value and a key (batch, keys, features).
// Output: A tensor (batch, queries, features); with scores also (batch, heads, queries, keys).
// Raises: ValueError: if the key-value heads do not divide the query heads.
// Source: Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints"
// (2023).
struct GroupQueryAttentionArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "GroupQueryAttention";
  RequiredArgument<int64_t> head_dim;  // Size of a head.
  RequiredArgument<int64_t> num_query_heads;  // Number of heads of the query.
  // Number of heads of key and value: each serves several heads of the query.
  RequiredArgument<int64_t> num_key_value_heads;
  double dropout = 0.0;  // Share of the attention weights to drop in training.
  bool use_bias = true;  // Whether the projections add a bias.
  Value sliding_window{};  // Queries see keys less than this many positions away; None for all.
  // True requires attention in blocks, which excludes dropout and returned scores; it is used anyway where it can be.
  Value flash_attention{};
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the projections' kernels.
  InitializerRef bias_initializer = "zeros";  // Initializer of the projections' biases.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernels.
  RegularizerRef bias_regularizer{};  // Penalty on the biases.
  ConstraintRef kernel_constraint{};  // Projection of the kernels after each update.
  ConstraintRef bias_constraint{};  // Projection of the biases after each update.
  bool use_gate = false;  // Whether to multiply the heads' outputs by a sigmoid of the query.
  Value seed{};  // An int or a SeedGenerator, for dropout.
  template <class F>
  void each(const F& f) const {
    f("head_dim", head_dim);
    f("num_query_heads", num_query_heads);
    f("num_key_value_heads", num_key_value_heads);
    f("dropout", dropout);
    f("use_bias", use_bias);
    f("sliding_window", sliding_window);
    f("flash_attention", flash_attention);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("use_gate", use_gate);
    f("seed", seed);
  }
};
using GroupQueryAttention = NamedLayer<GroupQueryAttentionArgs>;

// Several features at once to a fixed number of bins by a hash of all.
// Input: (), (batch,) or (batch, 1) each.
// Output: That of one input with "int"; with "one_hot" a last axis of size `num_bins`, in place of one of size 1.
// Raises: ValueError: if there are fewer than two inputs, or their shapes or dtypes are others.
struct HashedCrossingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "HashedCrossing";
  RequiredArgument<Value> num_bins;  // How many bins there are.
  std::string output_mode = "int";  // "int" gives bins; "one_hot" a vector for each.
  bool sparse = false;  // Not supported; must be False.
  template <class F>
  void each(const F& f) const {
    f("num_bins", num_bins);
    f("output_mode", output_mode);
    f("sparse", sparse);
  }
};
using HashedCrossing = NamedLayer<HashedCrossingArgs>;

// Strings or integers to a fixed number of bins by their hashes.
// Input: Any.
// Output: That of the input with "int"; else its last axis gives way to one of size `num_bins`.
// Raises: ValueError: if `num_bins` is not positive, or `dtype` is no integer type with "int".
struct HashingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Hashing";
  RequiredArgument<Value> num_bins;  // How many bins there are, that of the masked value among them.
  Value mask_value{};  // What goes to bin 0, alone; None masks nothing.
  Value salt{};  // Two integers, or one for both: what SipHash, in place of FarmHash, hashes with.
  // "int" gives bins; "one_hot" a vector for each input; "multi_hot" one for the inputs of a sample together; "count"
  // how often each bin is there.
  std::string output_mode = "int";
  bool sparse = false;  // Not supported; must be False.
  template <class F>
  void each(const F& f) const {
    f("num_bins", num_bins);
    f("mask_value", mask_value);
    f("salt", salt);
    f("output_mode", output_mode);
    f("sparse", sparse);
  }
};
using Hashing = NamedLayer<HashingArgs>;

// Gives its input unchanged.
// Input: Any.
// Output: That of the input.
struct IdentityArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Identity";
  template <class F>
  void each(const F&) const {}
};
using Identity = NamedLayer<IdentityArgs>;

// Entry of a functional model.
// Input: None: the model's input.
// Output: `batch_shape`, or (batch_size, *shape).
// Raises: ValueError: if both `shape` and `batch_shape` are given, or neither.
struct InputLayerArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "InputLayer";
  Value shape{};  // Shape of one sample, without the batch; None entries are unknown sizes.
  std::optional<int64_t> batch_size{};  // Batch size, if it is fixed.
  std::string dtype{};  // Dtype of the input; floatx by default.
  bool sparse{};  // Not supported; must be False.
  bool ragged{};  // Not supported; must be False.
  Value batch_shape{};  // Shape with the batch, instead of `shape`.
  Value input_tensor{};  // An existing symbolic tensor to wrap.
  bool optional = false;  // Whether the model may be called without this input.
  template <class F>
  void each(const F& f) const {
    f("shape", shape);
    f("batch_size", batch_size);
    f("dtype", dtype);
    f("sparse", sparse);
    f("ragged", ragged);
    f("batch_shape", batch_shape);
    f("input_tensor", input_tensor);
    f("optional", optional);
  }
};
using InputLayer = NamedLayer<InputLayerArgs>;

// Integers to their indices in a vocabulary, or to encodings of them.
// Input: Any.
// Output: That of the input with "int". Encodings have the size of the vocabulary as last axis: behind those of the
// input (in place of a last one of size 1) with "one_hot", else in place of the second, or of the only one.
// Raises: ValueError: if arguments contradict each other, terms repeat, or special terms stand elsewhere than at the
// start. RuntimeError: if it is called without a vocabulary.
struct IntegerLookupArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "IntegerLookup";
  // The most indices of the vocabulary, special ones among them; None is no limit.
  std::optional<int64_t> max_tokens{};
  // How many indices there are for what the vocabulary does not hold; 0 makes it an error.
  int64_t num_oov_indices = 1;
  Value mask_token{};  // The term that is masked: index 0 with "int", nothing in encodings. None masks none.
  Value oov_token = -1;  // What unknown indices become with `invert`.
  Value vocabulary{};  // Integers, or the path of a file with one per line, instead of adapt().
  std::string vocabulary_dtype = "int64";  // Only "int64".
  Value idf_weights{};  // With "tf_idf" and `vocabulary`: a weight for each of its terms.
  bool invert = false;  // Whether indices become terms instead.
  // "int" gives indices; "one_hot" a vector for each input; "multi_hot" one for the inputs of a sample together;
  // "count" how often each is there; "tf_idf" that times the term's weight.
  std::string output_mode = "int";
  bool sparse = false;  // Not supported; must be False.
  bool pad_to_max_tokens = false;  // Whether encodings have `max_tokens` places, however many terms there are.
  // How unknown integers find one of several indices: "floormod" by their remainder, "farmhash" by their hash.
  std::string oov_method = "floormod";
  // Two integers, or one for both: what SipHash, in place of FarmHash, finds indices of unknown terms with.
  Value salt{};
  Value vocabulary_size{};  // The size of the vocabulary of the layer that the config is of.
  Value has_input_vocabulary{};  // Whether the vocabulary was given, so that adapt() is refused.
  template <class F>
  void each(const F& f) const {
    f("max_tokens", max_tokens);
    f("num_oov_indices", num_oov_indices);
    f("mask_token", mask_token);
    f("oov_token", oov_token);
    f("vocabulary", vocabulary);
    f("vocabulary_dtype", vocabulary_dtype);
    f("idf_weights", idf_weights);
    f("invert", invert);
    f("output_mode", output_mode);
    f("sparse", sparse);
    f("pad_to_max_tokens", pad_to_max_tokens);
    f("oov_method", oov_method);
    f("salt", salt);
    f("vocabulary_size", vocabulary_size);
    f("has_input_vocabulary", has_input_vocabulary);
  }
};
using IntegerLookup = NamedLayer<IntegerLookupArgs>;

// Long short-term memory.
// Input: A tensor (batch, time, features).
// Output: A tensor (batch, units); with `return_sequences` (batch, time, units). `return_state` adds the states.
// Source: Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997).
struct LSTMArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "LSTM";
  RequiredArgument<int64_t> units;  // Size of the state and of the output.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  bool unit_forget_bias = true;  // Whether the forget gate's bias starts at 1.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  int64_t implementation = 2;  // 1: a dropout mask for every gate; 2: one for all.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  bool return_sequences = false;  // Whether to give the output of every step rather than that of the last.
  bool return_state = false;  // Whether to give the last states too.
  bool go_backwards = false;  // Whether to begin with the last step; outputs stand in the order of the steps taken.
  bool stateful = false;  // Whether a batch goes on from the states with which the one before ended.
  // Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.
  bool unroll = false;
  // Whether masked steps give zeros rather than the output before, where all outputs are returned.
  bool zero_output_for_mask = false;
  Value use_cudnn = "auto";  // 'auto' lets cuDNN run it on a GPU where it can, True requires that, False forbids it.
  template <class F>
  void each(const F& f) const {
    f("units", units);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("unit_forget_bias", unit_forget_bias);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("implementation", implementation);
    f("quantization_config", quantization_config);
    f("return_sequences", return_sequences);
    f("return_state", return_state);
    f("go_backwards", go_backwards);
    f("stateful", stateful);
    f("unroll", unroll);
    f("zero_output_for_mask", zero_output_for_mask);
    f("use_cudnn", use_cudnn);
  }
};
using LSTM = NamedLayer<LSTMArgs>;

// One step of LSTM.
// Input: A tensor (batch, features) of one step.
// Output: A tensor (batch, units) and the list of the new states.
// Source: Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997).
struct LSTMCellArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "LSTMCell";
  RequiredArgument<int64_t> units;  // Size of the state and of the output.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  Value recurrent_activation = "sigmoid";  // Function of the gates.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  bool unit_forget_bias = true;  // Whether the forget gate's bias starts at 1.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  int64_t implementation = 2;  // 1: a dropout mask for every gate; 2: one for all.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("units", units);
    f("activation", activation);
    f("recurrent_activation", recurrent_activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("unit_forget_bias", unit_forget_bias);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("implementation", implementation);
    f("quantization_config", quantization_config);
  }
};
using LSTMCell = NamedLayer<LSTMCellArgs>;

// A function as a layer.
// Input: Any.
// Output: What the function gives; `output_shape` tells where it cannot be inferred.
struct LambdaArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Lambda";
  RequiredArgument<Value> function;  // A function of the inputs (and optionally mask, training).
  Value output_shape{};  // Shape of the output, if it cannot be inferred.
  Value mask{};  // None, a mask, or a function (inputs, mask) -> mask.
  Value arguments{};  // Further keyword arguments of the function.
  template <class F>
  void each(const F& f) const {
    f("function", function);
    f("output_shape", output_shape);
    f("mask", mask);
    f("arguments", arguments);
  }
};
using Lambda = NamedLayer<LambdaArgs>;

// Normalises each sample over axes.
// Input: Any, with known sizes along `axis`.
// Output: That of the input.
// Source: Ba et al., "Layer Normalization" (2016).
struct LayerNormalizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "LayerNormalization";
  Value axis = -1;  // Axis or axes to normalise over.
  double epsilon = 0.001;  // Added to the variance.
  bool center = true;  // Whether to add beta.
  bool scale = true;  // Whether to multiply by gamma.
  InitializerRef beta_initializer = "zeros";  // Initializer of beta.
  InitializerRef gamma_initializer = "ones";  // Initializer of gamma.
  RegularizerRef beta_regularizer{};  // Penalty on beta.
  RegularizerRef gamma_regularizer{};  // Penalty on gamma.
  ConstraintRef beta_constraint{};  // Projection of beta.
  ConstraintRef gamma_constraint{};  // Projection of gamma.
  bool rms_scaling = false;  // Deprecated: divides the inputs by their standard deviation without centring them.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
    f("epsilon", epsilon);
    f("center", center);
    f("scale", scale);
    f("beta_initializer", beta_initializer);
    f("gamma_initializer", gamma_initializer);
    f("beta_regularizer", beta_regularizer);
    f("gamma_regularizer", gamma_regularizer);
    f("beta_constraint", beta_constraint);
    f("gamma_constraint", gamma_constraint);
    f("rms_scaling", rms_scaling);
  }
};
using LayerNormalization = NamedLayer<LayerNormalizationArgs>;

// ReLU with a slope below zero.
// Input: Any.
// Output: That of the input.
// Raises: ValueError: if `negative_slope` is None or negative.
struct LeakyReLUArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "LeakyReLU";
  std::optional<double> negative_slope = 0.3;  // Slope below zero.
  Value alpha{};  // Keras 2's name of negative_slope.
  template <class F>
  void each(const F& f) const {
    f("negative_slope", negative_slope);
    f("alpha", alpha);
  }
};
using LeakyReLU = NamedLayer<LeakyReLUArgs>;

// Masks timesteps whose features all equal a value.
// Input: A tensor (batch, steps, features).
// Output: That of the input.
struct MaskingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Masking";
  double mask_value = 0.0;  // Timesteps whose features all equal this are masked.
  template <class F>
  void each(const F& f) const {
    f("mask_value", mask_value);
  }
};
using Masking = NamedLayer<MaskingArgs>;

// Gives each image the same number of bounding boxes.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input; its bounding boxes are as many as asked for.
// Raises: ValueError: if `max_number` is not positive.
// Source: Keras.
struct MaxNumBoundingBoxesArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "MaxNumBoundingBoxes";
  RequiredArgument<int64_t> max_number;  // How many boxes each image has afterwards.
  int64_t fill_value = -1;  // What stands for boxes that are missing.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("max_number", max_number);
    f("fill_value", fill_value);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using MaxNumBoundingBoxes = NamedLayer<MaxNumBoundingBoxesArgs>;

// The maxima of windows over one spatial axis.
// Input: A tensor (batch, steps, channels), or (batch, channels, steps) with "channels_first".
// Output: A tensor with a place for each window, in the order of the input's axes.
struct MaxPooling1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "MaxPooling1D";
  Sizes pool_size = 2;  // Size of the window, one integer or one per spatial axis.
  Sizes strides{};  // Steps of the window; None: its size.
  // "valid" (none) or "same" (ceil(size / stride) windows, whose places outside do not count).
  std::string padding = "valid";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("pool_size", pool_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
  }
};
using MaxPooling1D = NamedLayer<MaxPooling1DArgs>;

// The maxima of windows over two spatial axes.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor with a place for each window, in the order of the input's axes.
struct MaxPooling2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "MaxPooling2D";
  Sizes pool_size = {2, 2};  // Size of the window, one integer or one per spatial axis.
  Sizes strides{};  // Steps of the window; None: its size.
  // "valid" (none) or "same" (ceil(size / stride) windows, whose places outside do not count).
  std::string padding = "valid";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("pool_size", pool_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
  }
};
using MaxPooling2D = NamedLayer<MaxPooling2DArgs>;

// The maxima of windows over three spatial axes.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor with a place for each window, in the order of the input's axes.
struct MaxPooling3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "MaxPooling3D";
  Sizes pool_size = {2, 2, 2};  // Size of the window, one integer or one per spatial axis.
  Sizes strides{};  // Steps of the window; None: its size.
  // "valid" (none) or "same" (ceil(size / stride) windows, whose places outside do not count).
  std::string padding = "valid";
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  template <class F>
  void each(const F& f) const {
    f("pool_size", pool_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
  }
};
using MaxPooling3D = NamedLayer<MaxPooling3DArgs>;

// Elementwise maximum of the inputs.
// Input: A list of tensors whose shapes broadcast.
// Output: The shape that the inputs broadcast to.
// Raises: ValueError: if the inputs are no list, or their shapes do not broadcast.
struct MaximumArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Maximum";
  template <class F>
  void each(const F&) const {}
};
using Maximum = NamedLayer<MaximumArgs>;

// Sounds as their power in bands of the mel scale over time.
// Input: A tensor (samples,) or (batch, samples).
// Output: A tensor (num_mel_bins, times) or (batch, num_mel_bins, times).
// Raises: ValueError: if `fft_length` is less than `sequence_length`, or a frequency is not positive.
// Source: Stevens, Volkmann and Newman 1937 for the mel scale.
struct MelSpectrogramArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "MelSpectrogram";
  int64_t fft_length = 2048;  // The length of a transform.
  int64_t sequence_stride = 512;  // The distance between the starts of windows.
  std::optional<int64_t> sequence_length{};  // The length of a window; None takes `fft_length`.
  Value window = "hann";  // "hann", "hamming", a vector of `sequence_length` numbers, or None for ones.
  Value sampling_rate = 16000;  // Samples in a second.
  int64_t num_mel_bins = 128;  // How many bands.
  Value min_freq = 20.0;  // Where the lowest band begins, in hertz.
  Value max_freq{};  // Where the highest band ends; None is half of the sampling rate.
  bool power_to_db = true;  // Whether results are in decibels.
  double top_db = 80.0;  // How many decibels below the largest result the others are cut off.
  double mag_exp = 2.0;  // The exponent of magnitudes: 1 for them, 2 for power.
  double min_power = 1e-10;  // The least power, and the least `ref_power`.
  double ref_power = 1.0;  // The power of 0 decibels.
  template <class F>
  void each(const F& f) const {
    f("fft_length", fft_length);
    f("sequence_stride", sequence_stride);
    f("sequence_length", sequence_length);
    f("window", window);
    f("sampling_rate", sampling_rate);
    f("num_mel_bins", num_mel_bins);
    f("min_freq", min_freq);
    f("max_freq", max_freq);
    f("power_to_db", power_to_db);
    f("top_db", top_db);
    f("mag_exp", mag_exp);
    f("min_power", min_power);
    f("ref_power", ref_power);
  }
};
using MelSpectrogram = NamedLayer<MelSpectrogramArgs>;

// Elementwise minimum of the inputs.
// Input: A list of tensors whose shapes broadcast.
// Output: The shape that the inputs broadcast to.
// Raises: ValueError: if the inputs are no list, or their shapes do not broadcast.
struct MinimumArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Minimum";
  template <class F>
  void each(const F&) const {}
};
using Minimum = NamedLayer<MinimumArgs>;

// Mixes each image, and its label, with another of the batch.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `alpha` is not above 0.
// Source: Zhang, Cisse, Dauphin and Lopez-Paz 2017, mixup: Beyond Empirical Risk Minimization.
struct MixUpArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "MixUp";
  double alpha = 0.2;  // Of the beta distribution of weights: small ones leave most images nearly unmixed.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("alpha", alpha);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using MixUp = NamedLayer<MixUpArgs>;

// Attention with several heads.
// Input: A query (batch, queries..., features), a value and a key (batch, keys..., features).
// Output: A tensor (batch, queries..., features), the last size `output_shape` where it is given; with scores also
// (batch, heads, queries, keys).
// Raises: ValueError: if the shapes of key and value do not fit.
// Source: Vaswani et al., "Attention Is All You Need" (2017).
struct MultiHeadAttentionArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "MultiHeadAttention";
  RequiredArgument<Value> num_heads;  // Number of heads.
  RequiredArgument<Value> key_dim;  // Size of a head's queries and keys.
  Value value_dim{};  // Size of a head's values; None for key_dim.
  double dropout = 0.0;  // Share of the attention weights to drop in training.
  bool use_bias = true;  // Whether the projections add a bias.
  Value output_shape{};  // Sizes of the result's last axes; None for the query's last size.
  Value attention_axes{};  // Axes that attend, not counting heads; None for all but the batch and the features.
  Value sliding_window{};  // Queries see keys less than this many positions away; None for all.
  // True requires attention in blocks, which excludes dropout and returned scores; it is used anyway where it can be.
  Value flash_attention{};
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the projections' kernels.
  InitializerRef bias_initializer = "zeros";  // Initializer of the projections' biases.
  RegularizerRef kernel_regularizer{};  // Penalty on the kernels.
  RegularizerRef bias_regularizer{};  // Penalty on the biases.
  ConstraintRef kernel_constraint{};  // Projection of the kernels after each update.
  ConstraintRef bias_constraint{};  // Projection of the biases after each update.
  bool use_gate = false;  // Whether to multiply the heads' outputs by a sigmoid of the query.
  Value seed{};  // An int or a SeedGenerator, for dropout.
  template <class F>
  void each(const F& f) const {
    f("num_heads", num_heads);
    f("key_dim", key_dim);
    f("value_dim", value_dim);
    f("dropout", dropout);
    f("use_bias", use_bias);
    f("output_shape", output_shape);
    f("attention_axes", attention_axes);
    f("sliding_window", sliding_window);
    f("flash_attention", flash_attention);
    f("kernel_initializer", kernel_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("bias_constraint", bias_constraint);
    f("use_gate", use_gate);
    f("seed", seed);
  }
};
using MultiHeadAttention = NamedLayer<MultiHeadAttentionArgs>;

// Product of the inputs.
// Input: A list of tensors whose shapes broadcast.
// Output: The shape that the inputs broadcast to.
// Raises: ValueError: if the inputs are no list, or their shapes do not broadcast.
struct MultiplyArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Multiply";
  template <class F>
  void each(const F&) const {}
};
using Multiply = NamedLayer<MultiplyArgs>;

// Shifts and scales inputs to mean 0 and variance 1.
// Input: Any, with known sizes along `axis`.
// Output: That of the input.
// Raises: ValueError: if only one of `mean` and `variance` is given.
struct NormalizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Normalization";
  Value axis = -1;  // Axis or axes with statistics of their own; None for one mean and variance of all values.
  Value mean{};  // The mean, instead of adapt().
  Value variance{};  // The variance, instead of adapt().
  bool invert = false;  // Whether to undo the normalization instead.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
    f("mean", mean);
    f("variance", variance);
    f("invert", invert);
  }
};
using Normalization = NamedLayer<NormalizationArgs>;

// ReLU with trained slopes below zero.
// Input: Any, with known sizes after the batch but for shared axes.
// Output: That of the input.
// Source: He et al., "Delving Deep into Rectifiers" (2015).
struct PReLUArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "PReLU";
  InitializerRef alpha_initializer = "Zeros";  // Initializer of the slopes.
  RegularizerRef alpha_regularizer{};  // Penalty on the slopes.
  ConstraintRef alpha_constraint{};  // Projection of the slopes after each update.
  Sizes shared_axes{};  // Axes along which slopes are shared.
  template <class F>
  void each(const F& f) const {
    f("alpha_initializer", alpha_initializer);
    f("alpha_regularizer", alpha_regularizer);
    f("alpha_constraint", alpha_constraint);
    f("shared_axes", shared_axes);
  }
};
using PReLU = NamedLayer<PReLUArgs>;

// Reorders the axes of samples.
// Input: A tensor with as many axes after the batch as `dims` names.
// Output: The same axes in the new order.
// Raises: ValueError: if `dims` does not name each axis from 1 on once.
struct PermuteArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Permute";
  RequiredArgument<Sizes> dims;  // Order of the axes, from 1; the batch stays.
  template <class F>
  void each(const F& f) const {
    f("dims", dims);
  }
};
using Permute = NamedLayer<PermuteArgs>;

// Layers one after the other, as one; for what prepares data.
// Input: What the first layer takes.
// Output: What the last layer gives.
// Raises: ValueError: if `layers` is no list of layers.
// Source: Keras.
struct PipelineArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Pipeline";
  RequiredArgument<Value> layers;  // The layers, as a list or tuple; each takes the output of the one before.
  template <class F>
  void each(const F& f) const {
    f("layers", layers);
  }
};
using Pipeline = NamedLayer<PipelineArgs>;

// Divides each sample by the root of its mean square over axes.
// Input: Any, with known sizes along `axis`.
// Output: That of the input.
// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019).
struct RMSNormalizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RMSNormalization";
  Value axis = -1;  // Axis or axes to normalise over.
  double epsilon = 1e-06;  // Added to the mean square.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
    f("epsilon", epsilon);
  }
};
using RMSNormalization = NamedLayer<RMSNormalizationArgs>;

// A cell over the steps of a sequence.
// Input: A tensor (batch, time, features).
// Output: A tensor (batch, features of the cell's output); with `return_sequences` (batch, time, features).
// `return_state` adds the states.
// Raises: ValueError: if the cell has no `state_size` or no call().
struct RNNArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RNN";
  RequiredArgument<Value> cell;  // A cell, or a list of cells that are stacked.
  bool return_sequences = false;  // Whether to give the output of every step rather than that of the last.
  bool return_state = false;  // Whether to give the last states too.
  bool go_backwards = false;  // Whether to begin with the last step; outputs stand in the order of the steps taken.
  bool stateful = false;  // Whether a batch goes on from the states with which the one before ended.
  // Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.
  bool unroll = false;
  // Whether masked steps give zeros rather than the output before, where all outputs are returned.
  bool zero_output_for_mask = false;
  template <class F>
  void each(const F& f) const {
    f("cell", cell);
    f("return_sequences", return_sequences);
    f("return_state", return_state);
    f("go_backwards", go_backwards);
    f("stateful", stateful);
    f("unroll", unroll);
    f("zero_output_for_mask", zero_output_for_mask);
  }
};
using RNN = NamedLayer<RNNArgs>;

// Makes some changes to images, drawn from eleven.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1, or `num_ops` is negative.
// Source: Cubuk, Zoph, Shlens and Le 2019, RandAugment.
struct RandAugmentArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandAugment";
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  int64_t num_ops = 2;  // How many changes are made one after the other; none with 0.
  Value factor = 0.5;  // How strong they are, in 0..1: f for (0, f), or two numbers.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("value_range", value_range);
    f("num_ops", num_ops);
    f("factor", factor);
    f("interpolation", interpolation);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandAugment = NamedLayer<RandAugmentArgs>;

// Adds a random number to all of an image.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within -1 and 1, or `value_range` is not two numbers.
// Source: Keras.
struct RandomBrightnessArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomBrightness";
  RequiredArgument<Value> factor;  // How much of the range to add at most: f for (-f, f), or two numbers.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomBrightness = NamedLayer<RandomBrightnessArgs>;

// Mixes colour images with their grey ones.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within -1 and 1, or `value_range` is not two numbers.
// Source: Keras.
struct RandomColorDegenerationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomColorDegeneration";
  RequiredArgument<Value> factor;  // How much of an image becomes grey: f for (-f, f), or two numbers.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomColorDegeneration = NamedLayer<RandomColorDegenerationArgs>;

// Changes brightness, contrast, saturation and hues of images at random.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if a factor is not within the bounds of its layer.
// Source: Keras.
struct RandomColorJitterArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomColorJitter";
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value brightness_factor{};  // Of RandomBrightness; None leaves brightness.
  Value contrast_factor{};  // Of RandomContrast; None leaves contrast.
  Value saturation_factor{};  // Of RandomSaturation; None leaves saturation.
  Value hue_factor{};  // Of RandomHue; None leaves hues.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("value_range", value_range);
    f("brightness_factor", brightness_factor);
    f("contrast_factor", contrast_factor);
    f("saturation_factor", saturation_factor);
    f("hue_factor", hue_factor);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomColorJitter = NamedLayer<RandomColorJitterArgs>;

// Multiplies the distance of pixels from their channel's mean.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1, or `value_range` is not two numbers.
// Source: Keras.
struct RandomContrastArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomContrast";
  RequiredArgument<Value> factor;  // Contrast is multiplied by 1 - factor[0] to 1 + factor[1]; f stands for (0, f).
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomContrast = NamedLayer<RandomContrastArgs>;

// A part of images from a random place; in inference images as they are.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: The input's shape with the height and width asked for.
// Raises: ValueError: if a size is not positive.
// Source: Keras.
struct RandomCropArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomCrop";
  RequiredArgument<int64_t> height;  // Height of the results.
  RequiredArgument<int64_t> width;  // Width of the results.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("height", height);
    f("width", width);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomCrop = NamedLayer<RandomCropArgs>;

// Moves pixels to nearby places at random.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` or `scale` is not within 0 and 1. NotImplementedError: if a name is not known.
// Source: Simard, Steinkraus and Platt 2003, Best Practices for Convolutional Neural Networks.
struct RandomElasticTransformArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomElasticTransform";
  Value factor = 1.0;  // The probability with which an image is changed, drawn for each: f for 0 to f, or two numbers.
  Value scale = 1.0;  // How far pixels move, in 0..1: f for (0, f), or two numbers.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  std::string fill_mode = "reflect";  // What stands outside: reflect, wrap, constant, nearest or mirror.
  double fill_value = 0.0;  // The constant outside.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("scale", scale);
    f("interpolation", interpolation);
    f("fill_mode", fill_mode);
    f("fill_value", fill_value);
    f("value_range", value_range);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomElasticTransform = NamedLayer<RandomElasticTransformArgs>;

// Fills a random rectangle of images.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` or `scale` is not within 0 and 1, or `fill_value` is no colour.
// Source: Zhong, Zheng, Kang, Li and Yang 2017, Random Erasing Data Augmentation.
struct RandomErasingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomErasing";
  // The probability with which a part is erased, drawn for each image: f for 0 to f, or two numbers.
  Value factor = 1.0;
  Value scale = Value::tuple({0.02, 0.33});  // The share of the image that the part has, f for (0, f), or two numbers.
  Value fill_value{};  // What fills the part: a number, or three for the channels; None is normal noise.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("scale", scale);
    f("fill_value", fill_value);
    f("value_range", value_range);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomErasing = NamedLayer<RandomErasingArgs>;

// Flips images at random.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `mode` is not known.
// Source: Keras.
struct RandomFlipArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomFlip";
  std::string mode = "horizontal_and_vertical";  // horizontal, vertical or horizontal_and_vertical.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("mode", mode);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomFlip = NamedLayer<RandomFlipArgs>;

// Blurs some of the images.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` or `sigma` is not within 0 and 1, or `kernel_size` is not odd.
// Source: Keras.
struct RandomGaussianBlurArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomGaussianBlur";
  Value factor = 1.0;  // The probability with which an image is blurred, drawn for each: f for 0 to f, or two numbers.
  Value kernel_size = 3;  // The window's size, odd, or its width and height.
  Value sigma = 1.0;  // The largest standard deviation in pixels, up to 1, or two numbers between which it is drawn.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("kernel_size", kernel_size);
    f("sigma", sigma);
    f("value_range", value_range);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomGaussianBlur = NamedLayer<RandomGaussianBlurArgs>;

// Makes some of the colour images grey.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1.
// Source: Keras.
struct RandomGrayscaleArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomGrayscale";
  double factor = 0.5;  // The probability with which an image becomes grey.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomGrayscale = NamedLayer<RandomGrayscaleArgs>;

// Turns the hues of colour images by a random angle.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1, or images have other than 3 channels.
// Source: Keras.
struct RandomHueArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomHue";
  // Hues turn by up to factor / 2 of the circle, either way: f for (0, f), or two numbers.
  RequiredArgument<Value> factor;
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomHue = NamedLayer<RandomHueArgs>;

// Subtracts some of the images from the largest value.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1, or `value_range` is not two numbers.
// Source: Keras.
struct RandomInvertArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomInvert";
  Value factor = 1.0;  // The probability with which an image is inverted, drawn for each: f for 0 to f, or two numbers.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomInvert = NamedLayer<RandomInvertArgs>;

// Shows images from random points of view.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` or `scale` is not within 0 and 1. NotImplementedError: if the interpolation is not
// known.
// Source: Keras.
struct RandomPerspectiveArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomPerspective";
  Value factor = 1.0;  // The probability with which an image is changed, drawn for each: f for 0 to f, or two numbers.
  double scale = 1.0;  // How far corners move at most, as a share of their distance from the first one, in 0..1.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  double fill_value = 0.0;  // The value outside.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("scale", scale);
    f("interpolation", interpolation);
    f("fill_value", fill_value);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomPerspective = NamedLayer<RandomPerspectiveArgs>;

// Keeps the highest bits of colours alone.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 1 and 8, or `value_range` is not two numbers.
// Source: Keras.
struct RandomPosterizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomPosterization";
  // The bits that are kept of 8: f for 1 to f - 1, or two numbers likewise; equal ones are meant.
  RequiredArgument<Value> factor;
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomPosterization = NamedLayer<RandomPosterizationArgs>;

// Turns images by random angles.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within -1 and 1, or a name is not known.
// Source: Keras.
struct RandomRotationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomRotation";
  RequiredArgument<Value> factor;  // Turns at most: f for (-f, f) of a whole turn, or two numbers.
  std::string fill_mode = "reflect";  // What stands outside: reflect, wrap, constant or nearest.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  Value seed{};  // An int or a SeedGenerator.
  double fill_value = 0.0;  // The constant outside.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("fill_mode", fill_mode);
    f("interpolation", interpolation);
    f("seed", seed);
    f("fill_value", fill_value);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomRotation = NamedLayer<RandomRotationArgs>;

// Multiplies the saturation of colour images by a random number.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within -1 and 1, or images have other than 3 channels.
// Source: Keras.
struct RandomSaturationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomSaturation";
  RequiredArgument<Value> factor;  // Saturation is multiplied by f / (1 - f), f drawn within it: 0.5 changes nothing.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomSaturation = NamedLayer<RandomSaturationArgs>;

// Smooths or sharpens images by a random amount.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `factor` is not within 0 and 1, or `value_range` is not two numbers.
// Source: Keras.
struct RandomSharpnessArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomSharpness";
  RequiredArgument<Value> factor;  // 0 smooths, 0.5 changes nothing, 1 sharpens: f for (0, f), or two numbers.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("factor", factor);
    f("value_range", value_range);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomSharpness = NamedLayer<RandomSharpnessArgs>;

// Shears images at random.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if a factor is not within 0 and 1. NotImplementedError: if a name is not known.
// Source: Keras.
struct RandomShearArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomShear";
  Value x_factor = 0.0;  // How far rows move, as a share of their distance from the top: f for (-f, f), or two numbers.
  Value y_factor = 0.0;  // How far columns move, likewise.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  std::string fill_mode = "reflect";  // What stands outside: reflect, wrap, constant or nearest.
  double fill_value = 0.0;  // The constant outside.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value seed{};  // An int or a SeedGenerator.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("x_factor", x_factor);
    f("y_factor", y_factor);
    f("interpolation", interpolation);
    f("fill_mode", fill_mode);
    f("fill_value", fill_value);
    f("data_format", data_format);
    f("seed", seed);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomShear = NamedLayer<RandomShearArgs>;

// Moves images at random.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if a factor is not within -1 and 1, or a name is not known.
// Source: Keras.
struct RandomTranslationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomTranslation";
  RequiredArgument<Value> height_factor;  // Shares of the height to move down: f for (-f, f), or two numbers.
  RequiredArgument<Value> width_factor;  // Shares of the width to move to the right.
  std::string fill_mode = "reflect";  // What stands outside: reflect, wrap, constant or nearest.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  Value seed{};  // An int or a SeedGenerator.
  double fill_value = 0.0;  // The constant outside.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("height_factor", height_factor);
    f("width_factor", width_factor);
    f("fill_mode", fill_mode);
    f("interpolation", interpolation);
    f("seed", seed);
    f("fill_value", fill_value);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomTranslation = NamedLayer<RandomTranslationArgs>;

// Zooms into and out of images at random.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if a factor is not above -1 and up to 1, or a name is not known.
// Source: Keras.
struct RandomZoomArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RandomZoom";
  RequiredArgument<Value> height_factor;  // Heights are divided by 1 + this: f for (-f, f), or two numbers.
  Value width_factor{};  // The same of widths; None keeps the proportions.
  std::string fill_mode = "reflect";  // What stands outside: reflect, wrap, constant or nearest.
  std::string interpolation = "bilinear";  // bilinear or nearest.
  Value seed{};  // An int or a SeedGenerator.
  double fill_value = 0.0;  // The constant outside.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("height_factor", height_factor);
    f("width_factor", width_factor);
    f("fill_mode", fill_mode);
    f("interpolation", interpolation);
    f("seed", seed);
    f("fill_value", fill_value);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using RandomZoom = NamedLayer<RandomZoomArgs>;

// Rectified linear unit.
// Input: Any.
// Output: That of the input.
// Raises: ValueError: if an argument is negative or None where a number is needed.
struct ReLUArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ReLU";
  std::optional<double> max_value{};  // Largest output; None for no limit.
  std::optional<double> negative_slope = 0.0;  // Slope below the threshold.
  std::optional<double> threshold = 0.0;  // Below it the output is negative_slope * (x - threshold).
  template <class F>
  void each(const F& f) const {
    f("max_value", max_value);
    f("negative_slope", negative_slope);
    f("threshold", threshold);
  }
};
using ReLU = NamedLayer<ReLUArgs>;

// (batch, features) -> (batch, n, features).
// Input: A tensor (batch, features).
// Output: A tensor (batch, n, features).
// Raises: TypeError: if `n` is not an integer.
struct RepeatVectorArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "RepeatVector";
  RequiredArgument<Value> n;  // Number of repetitions.
  template <class F>
  void each(const F& f) const {
    f("n", n);
  }
};
using RepeatVector = NamedLayer<RepeatVectorArgs>;

// x * scale + offset.
// Input: Any.
// Output: That of the input.
struct RescalingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Rescaling";
  RequiredArgument<Value> scale;  // Factor.
  Value offset = 0.0;  // Added afterwards.
  template <class F>
  void each(const F& f) const {
    f("scale", scale);
    f("offset", offset);
  }
};
using Rescaling = NamedLayer<RescalingArgs>;

// Gives samples another shape.
// Input: A tensor (batch, ...).
// Output: A tensor (batch, *target_shape).
// Raises: ValueError: if the elements do not fit the shape.
struct ReshapeArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Reshape";
  RequiredArgument<Sizes> target_shape;  // Shape of one sample; one size may be -1.
  template <class F>
  void each(const F& f) const {
    f("target_shape", target_shape);
  }
};
using Reshape = NamedLayer<ReshapeArgs>;

// Images of another size.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: The input's shape with the height and width asked for.
// Raises: ValueError: if a size is not positive, a name is not known, or both `crop_to_aspect_ratio` and
// `pad_to_aspect_ratio` are set.
// Source: Keras.
struct ResizingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Resizing";
  RequiredArgument<int64_t> height;  // Height of the results.
  RequiredArgument<int64_t> width;  // Width of the results.
  std::string interpolation = "bilinear";  // bilinear, nearest, bicubic, lanczos3 or lanczos5.
  bool crop_to_aspect_ratio = false;  // Cuts off what does not fit the proportions of the result.
  bool pad_to_aspect_ratio = false;  // Surrounds the image to the proportions of the result.
  std::string fill_mode = "constant";  // What surrounds it: constant.
  double fill_value = 0.0;  // The constant.
  bool antialias = false;  // Averages over the pixels that one pixel of a smaller result stands for.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("height", height);
    f("width", width);
    f("interpolation", interpolation);
    f("crop_to_aspect_ratio", crop_to_aspect_ratio);
    f("pad_to_aspect_ratio", pad_to_aspect_ratio);
    f("fill_mode", fill_mode);
    f("fill_value", fill_value);
    f("antialias", antialias);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using Resizing = NamedLayer<ResizingArgs>;

// Turns indices into rows of a trained table and, called with reverse=True, rows into scores of indices (Press and
// Wolf, 2016).
// Input: Any.
// Output: The input's shape with an axis of size `output_dim` added; with `reverse` the last axis has the size
// `input_dim`.
struct ReversibleEmbeddingArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ReversibleEmbedding";
  RequiredArgument<Value> input_dim;  // Number of rows: the largest index plus 1.
  RequiredArgument<Value> output_dim;  // Size of a row.
  bool tie_weights = true;  // Whether the projection back uses the transposed rows, and no weights of its own.
  InitializerRef embeddings_initializer = "uniform";  // Initializer of the rows.
  RegularizerRef embeddings_regularizer{};  // Penalty on the rows.
  ConstraintRef embeddings_constraint{};  // Projection after each update.
  bool mask_zero = false;  // Whether index 0 is padding: the output then carries a mask.
  Value reverse_dtype{};  // Dtype of the projection back; the layer's compute dtype where None.
  Value logit_soft_cap{};  // Bounds what the projection back gives: c tanh(x / c).
  Value weights{};  // A first value for the rows.
  // Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.
  Value lora_rank{};
  Value lora_alpha{};  // That product is scaled by lora_alpha / lora_rank; lora_rank where None.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("input_dim", input_dim);
    f("output_dim", output_dim);
    f("tie_weights", tie_weights);
    f("embeddings_initializer", embeddings_initializer);
    f("embeddings_regularizer", embeddings_regularizer);
    f("embeddings_constraint", embeddings_constraint);
    f("mask_zero", mask_zero);
    f("reverse_dtype", reverse_dtype);
    f("logit_soft_cap", logit_soft_cap);
    f("weights", weights);
    f("lora_rank", lora_rank);
    f("lora_alpha", lora_alpha);
    f("quantization_config", quantization_config);
  }
};
using ReversibleEmbedding = NamedLayer<ReversibleEmbeddingArgs>;

// The Fourier transforms of windows of signals, as convolutions whose kernels can be trained.
// Input: A tensor (batch, samples, channels), or (batch, channels, samples).
// Output: A tensor (batch, times, channels * frequencies), or with an axis for each with `expand_dims`; likewise with
// channels in front.
// Raises: ValueError: if a length or a name is not one of those. TypeError: for inputs of other dtypes than float16,
// float32 and float64.
// Source: Keras.
struct STFTSpectrogramArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "STFTSpectrogram";
  // What results are: log, magnitude, psd, real, imag, angle, or stft (real and imaginary parts).
  std::string mode = "log";
  int64_t frame_length = 256;  // The length of a window.
  std::optional<int64_t> frame_step{};  // The distance between the starts of windows; None is half of `frame_length`.
  std::optional<int64_t> fft_length{};  // The length of a transform; None is the next power of 2.
  Value window = "hann";  // The name of a window as SciPy has it, its values, or None for ones.
  bool periodic = false;  // Whether the window is one period of a periodic function.
  Value scaling = "density";  // 'density' divides the window by its L2 norm, 'spectrum' by its L1 norm, None leaves it.
  std::string padding = "valid";  // valid or same.
  bool expand_dims = false;  // Whether frequencies and channels are two axes.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  template <class F>
  void each(const F& f) const {
    f("mode", mode);
    f("frame_length", frame_length);
    f("frame_step", frame_step);
    f("fft_length", fft_length);
    f("window", window);
    f("periodic", periodic);
    f("scaling", scaling);
    f("padding", padding);
    f("expand_dims", expand_dims);
    f("data_format", data_format);
  }
};
using STFTSpectrogram = NamedLayer<STFTSpectrogramArgs>;

// A depthwise convolution over one axis, then a mix of the channels.
// Input: A tensor (batch, steps, channels).
// Output: A tensor (batch, steps, filters).
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
// Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions" (2017).
struct SeparableConv1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SeparableConv1D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the depthwise window, one integer or one per spatial axis.
  Sizes strides = 1;  // Steps of the window.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places).
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = 1;  // Steps between the places of the window.
  int64_t depth_multiplier = 1;  // Outputs of each channel before they are mixed.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef depthwise_initializer = "glorot_uniform";  // Initializer of the depthwise kernel.
  InitializerRef pointwise_initializer = "glorot_uniform";  // Initializer of the pointwise kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef depthwise_regularizer{};  // Penalty on the depthwise kernel.
  RegularizerRef pointwise_regularizer{};  // Penalty on the pointwise kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef depthwise_constraint{};  // Projection of the depthwise kernel after each update.
  ConstraintRef pointwise_constraint{};  // Projection of the pointwise kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("depth_multiplier", depth_multiplier);
    f("activation", activation);
    f("use_bias", use_bias);
    f("depthwise_initializer", depthwise_initializer);
    f("pointwise_initializer", pointwise_initializer);
    f("bias_initializer", bias_initializer);
    f("depthwise_regularizer", depthwise_regularizer);
    f("pointwise_regularizer", pointwise_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("depthwise_constraint", depthwise_constraint);
    f("pointwise_constraint", pointwise_constraint);
    f("bias_constraint", bias_constraint);
    f("quantization_config", quantization_config);
  }
};
using SeparableConv1D = NamedLayer<SeparableConv1DArgs>;

// A depthwise convolution over two axes, then a mix of the channels.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor (batch, rows, columns, filters), in the order of the input's axes.
// Raises: ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing
// would be left of the input.
// Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions" (2017).
struct SeparableConv2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SeparableConv2D";
  RequiredArgument<int64_t> filters;  // Number of filters: the channels of the output.
  RequiredArgument<Sizes> kernel_size;  // Size of the depthwise window, one integer or one per spatial axis.
  Sizes strides = {1, 1};  // Steps of the window.
  std::string padding = "valid";  // "valid" (none) or "same" (ceil(size / stride) places).
  std::optional<std::string> data_format{};  // "channels_last" or "channels_first"; None: the global setting.
  Sizes dilation_rate = {1, 1};  // Steps between the places of the window.
  int64_t depth_multiplier = 1;  // Outputs of each channel before they are mixed.
  Value activation{};  // Function applied to the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef depthwise_initializer = "glorot_uniform";  // Initializer of the depthwise kernel.
  InitializerRef pointwise_initializer = "glorot_uniform";  // Initializer of the pointwise kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef depthwise_regularizer{};  // Penalty on the depthwise kernel.
  RegularizerRef pointwise_regularizer{};  // Penalty on the pointwise kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef depthwise_constraint{};  // Projection of the depthwise kernel after each update.
  ConstraintRef pointwise_constraint{};  // Projection of the pointwise kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("filters", filters);
    f("kernel_size", kernel_size);
    f("strides", strides);
    f("padding", padding);
    f("data_format", data_format);
    f("dilation_rate", dilation_rate);
    f("depth_multiplier", depth_multiplier);
    f("activation", activation);
    f("use_bias", use_bias);
    f("depthwise_initializer", depthwise_initializer);
    f("pointwise_initializer", pointwise_initializer);
    f("bias_initializer", bias_initializer);
    f("depthwise_regularizer", depthwise_regularizer);
    f("pointwise_regularizer", pointwise_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("depthwise_constraint", depthwise_constraint);
    f("pointwise_constraint", pointwise_constraint);
    f("bias_constraint", bias_constraint);
    f("quantization_config", quantization_config);
  }
};
using SeparableConv2D = NamedLayer<SeparableConv2DArgs>;

// A recurrence whose output is its state.
// Input: A tensor (batch, time, features).
// Output: A tensor (batch, units); with `return_sequences` (batch, time, units). `return_state` adds the states.
// Source: Elman, "Finding Structure in Time" (1990).
struct SimpleRNNArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SimpleRNN";
  RequiredArgument<int64_t> units;  // Size of the state and of the output.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  bool return_sequences = false;  // Whether to give the output of every step rather than that of the last.
  bool return_state = false;  // Whether to give the last states too.
  bool go_backwards = false;  // Whether to begin with the last step; outputs stand in the order of the steps taken.
  bool stateful = false;  // Whether a batch goes on from the states with which the one before ended.
  // Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.
  bool unroll = false;
  // Whether masked steps give zeros rather than the output before, where all outputs are returned.
  bool zero_output_for_mask = false;
  template <class F>
  void each(const F& f) const {
    f("units", units);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("quantization_config", quantization_config);
    f("return_sequences", return_sequences);
    f("return_state", return_state);
    f("go_backwards", go_backwards);
    f("stateful", stateful);
    f("unroll", unroll);
    f("zero_output_for_mask", zero_output_for_mask);
  }
};
using SimpleRNN = NamedLayer<SimpleRNNArgs>;

// One step of SimpleRNN: activation(x kernel + h recurrent_kernel + bias).
// Input: A tensor (batch, features) of one step.
// Output: A tensor (batch, units) and the list of the new states.
// Source: Elman, "Finding Structure in Time" (1990).
struct SimpleRNNCellArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SimpleRNNCell";
  RequiredArgument<int64_t> units;  // Size of the state and of the output.
  Value activation = "tanh";  // Function of the candidate state and of the output.
  bool use_bias = true;  // Whether to add a bias.
  InitializerRef kernel_initializer = "glorot_uniform";  // Initializer of the inputs' kernel.
  InitializerRef recurrent_initializer = "orthogonal";  // Initializer of the state's kernel.
  InitializerRef bias_initializer = "zeros";  // Initializer of the bias.
  RegularizerRef kernel_regularizer{};  // Penalty on the inputs' kernel.
  RegularizerRef recurrent_regularizer{};  // Penalty on the state's kernel.
  RegularizerRef bias_regularizer{};  // Penalty on the bias.
  ConstraintRef kernel_constraint{};  // Projection of the inputs' kernel after each update.
  ConstraintRef recurrent_constraint{};  // Projection of the state's kernel after each update.
  ConstraintRef bias_constraint{};  // Projection of the bias after each update.
  double dropout = 0.0;  // Share of the inputs to drop in training, the same at every step.
  double recurrent_dropout = 0.0;  // Share of the state to drop in training, the same at every step.
  Value seed{};  // An int or a SeedGenerator for dropout.
  // How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.
  QuantizationConfigRef quantization_config{};
  template <class F>
  void each(const F& f) const {
    f("units", units);
    f("activation", activation);
    f("use_bias", use_bias);
    f("kernel_initializer", kernel_initializer);
    f("recurrent_initializer", recurrent_initializer);
    f("bias_initializer", bias_initializer);
    f("kernel_regularizer", kernel_regularizer);
    f("recurrent_regularizer", recurrent_regularizer);
    f("bias_regularizer", bias_regularizer);
    f("kernel_constraint", kernel_constraint);
    f("recurrent_constraint", recurrent_constraint);
    f("bias_constraint", bias_constraint);
    f("dropout", dropout);
    f("recurrent_dropout", recurrent_dropout);
    f("seed", seed);
    f("quantization_config", quantization_config);
  }
};
using SimpleRNNCell = NamedLayer<SimpleRNNCellArgs>;

// exp(x) / sum(exp(x)).
// Input: Any.
// Output: That of the input.
struct SoftmaxArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Softmax";
  Value axis = -1;  // Axis or axes that sum to one.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
  }
};
using Softmax = NamedLayer<SoftmaxArgs>;

// Adds to all values, and inverts those from a threshold on.
// Input: A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows
// with "channels_first".
// Output: That of the input.
// Raises: ValueError: if a factor is not within 0 and 1, or `value_range` is not two numbers.
// Source: Keras.
struct SolarizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Solarization";
  Value addition_factor = 0.0;  // Shares of 255 to add: f for (0, f), or two numbers.
  Value threshold_factor = 0.0;  // Shares of 255 from which on values are inverted, likewise.
  Value value_range = Value::tuple({0, 255});  // The smallest and largest value of images.
  Value seed{};  // An int or a SeedGenerator.
  Value data_format{};  // channels_last or channels_first; None is the configured one.
  Value bounding_box_format{};  // Format of bounding boxes in the data.
  template <class F>
  void each(const F& f) const {
    f("addition_factor", addition_factor);
    f("threshold_factor", threshold_factor);
    f("value_range", value_range);
    f("seed", seed);
    f("data_format", data_format);
    f("bounding_box_format", bounding_box_format);
  }
};
using Solarization = NamedLayer<SolarizationArgs>;

// Drops whole channels of sequences at random in training.
// Input: A tensor (batch, steps, channels).
// Output: That of the input.
// Raises: ValueError: if `rate` is not between 0 and 1.
// Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks" (2015).
struct SpatialDropout1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SpatialDropout1D";
  RequiredArgument<double> rate;  // Share of the channels to drop, in [0, 1].
  Value seed{};  // An int or a SeedGenerator.
  template <class F>
  void each(const F& f) const {
    f("rate", rate);
    f("seed", seed);
  }
};
using SpatialDropout1D = NamedLayer<SpatialDropout1DArgs>;

// Drops whole channels of images at random in training.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `rate` is not between 0 and 1.
// Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks" (2015).
struct SpatialDropout2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SpatialDropout2D";
  RequiredArgument<double> rate;  // Share of the channels to drop, in [0, 1].
  Value data_format{};  // "channels_last" or "channels_first".
  Value seed{};  // An int or a SeedGenerator.
  template <class F>
  void each(const F& f) const {
    f("rate", rate);
    f("data_format", data_format);
    f("seed", seed);
  }
};
using SpatialDropout2D = NamedLayer<SpatialDropout2DArgs>;

// Drops whole channels of volumes at random in training.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: That of the input.
// Raises: ValueError: if `rate` is not between 0 and 1.
// Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks" (2015).
struct SpatialDropout3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SpatialDropout3D";
  RequiredArgument<double> rate;  // Share of the channels to drop, in [0, 1].
  Value data_format{};  // "channels_last" or "channels_first".
  Value seed{};  // An int or a SeedGenerator.
  template <class F>
  void each(const F& f) const {
    f("rate", rate);
    f("data_format", data_format);
    f("seed", seed);
  }
};
using SpatialDropout3D = NamedLayer<SpatialDropout3DArgs>;

// Keeps the largest singular value of a layer's kernel at 1.
// Input: That of the layer inside.
// Output: That of the layer inside.
// Raises: ValueError: if `power_iterations` is not positive or the layer has no kernel.
// Source: Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (2018).
struct SpectralNormalizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "SpectralNormalization";
  RequiredArgument<Value> layer;  // The layer whose kernel (or embeddings) is normalised.
  int64_t power_iterations = 1;  // Steps of the power iteration a call.
  template <class F>
  void each(const F& f) const {
    f("layer", layer);
    f("power_iterations", power_iterations);
  }
};
using SpectralNormalization = NamedLayer<SpectralNormalizationArgs>;

// Several cells as one: each takes the output of the one before.
// Input: A tensor (batch, features) of one step.
// Output: The output of the last cell, and the states of all.
// Raises: ValueError: if a cell has no `state_size` or no call().
struct StackedRNNCellsArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "StackedRNNCells";
  RequiredArgument<Value> cells;  // The cells, from the one that sees the inputs upwards.
  template <class F>
  void each(const F& f) const {
    f("cells", cells);
  }
};
using StackedRNNCells = NamedLayer<StackedRNNCellsArgs>;

// Strings to their indices in a vocabulary, or to encodings of them.
// Input: Any.
// Output: That of the input with "int". Encodings have the size of the vocabulary as last axis: behind those of the
// input (in place of a last one of size 1) with "one_hot", else in place of the second, or of the only one.
// Raises: ValueError: if arguments contradict each other, terms repeat, or special terms stand elsewhere than at the
// start. RuntimeError: if it is called without a vocabulary.
struct StringLookupArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "StringLookup";
  // The most indices of the vocabulary, special ones among them; None is no limit.
  std::optional<int64_t> max_tokens{};
  // How many indices there are for what the vocabulary does not hold; 0 makes it an error.
  int64_t num_oov_indices = 1;
  Value mask_token{};  // The term that is masked: index 0 with "int", nothing in encodings. None masks none.
  Value oov_token = "[UNK]";  // What unknown indices become with `invert`.
  Value vocabulary{};  // Strings, or the path of a file with one per line, instead of adapt().
  Value idf_weights{};  // With "tf_idf" and `vocabulary`: a weight for each of its terms.
  bool invert = false;  // Whether indices become terms instead.
  // "int" gives indices; "one_hot" a vector for each input; "multi_hot" one for the inputs of a sample together;
  // "count" how often each is there; "tf_idf" that times the term's weight.
  std::string output_mode = "int";
  bool pad_to_max_tokens = false;  // Whether encodings have `max_tokens` places, however many terms there are.
  bool sparse = false;  // Not supported; must be False.
  std::string encoding = "utf-8";  // The encoding of bytes that a vocabulary is given in; strings are UTF-8 within.
  // Two integers, or one for both: what SipHash, in place of FarmHash, finds indices of unknown terms with.
  Value salt{};
  // How unknown integers find one of several indices: "floormod" by their remainder, "farmhash" by their hash.
  std::string oov_method = "floormod";
  Value vocabulary_size{};  // The size of the vocabulary of the layer that the config is of.
  Value has_input_vocabulary{};  // Whether the vocabulary was given, so that adapt() is refused.
  template <class F>
  void each(const F& f) const {
    f("max_tokens", max_tokens);
    f("num_oov_indices", num_oov_indices);
    f("mask_token", mask_token);
    f("oov_token", oov_token);
    f("vocabulary", vocabulary);
    f("idf_weights", idf_weights);
    f("invert", invert);
    f("output_mode", output_mode);
    f("pad_to_max_tokens", pad_to_max_tokens);
    f("sparse", sparse);
    f("encoding", encoding);
    f("salt", salt);
    f("oov_method", oov_method);
    f("vocabulary_size", vocabulary_size);
    f("has_input_vocabulary", has_input_vocabulary);
  }
};
using StringLookup = NamedLayer<StringLookupArgs>;

// First input less the second, of which there must be two.
// Input: A list of tensors whose shapes broadcast.
// Output: The shape that the inputs broadcast to.
// Raises: ValueError: if the inputs are no list, or their shapes do not broadcast.
struct SubtractArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "Subtract";
  template <class F>
  void each(const F&) const {}
};
using Subtract = NamedLayer<SubtractArgs>;

// Texts to the indices of their tokens, or to counts of them.
// Input: (batch, 1) or (batch,); without `split` the strings of the last axis are the tokens of a text.
// Output: (batch, output_sequence_length) with "int", else (batch, the vocabulary's size).
// Raises: ValueError: if arguments contradict each other, terms repeat, or a text does not have a last axis of size 1
// where texts are split. RuntimeError: if it is called without a vocabulary.
struct TextVectorizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "TextVectorization";
  // The most indices of the vocabulary, special ones among them; None is no limit.
  std::optional<int64_t> max_tokens{};
  // What is done with a text first: "lower_and_strip_punctuation", "lower" or "strip_punctuation" (letters and
  // punctuation of ASCII), None, or a function of an array of strings.
  Value standardize = "lower_and_strip_punctuation";
  // What tokens are: "whitespace" stands between them, "character" makes each one, None leaves texts whole; or a
  // function from an array of texts to a list of their tokens each.
  Value split = "whitespace";
  Value ngrams{};  // How many neighbours make a token: up to this number, or each in a tuple of them.
  // "int" gives the indices of the tokens; "multi_hot" 1 for each that is there; "count" how often it is there;
  // "tf_idf" that times its weight.
  std::string output_mode = "int";
  // With "int": how many indices a text has, cut or filled with 0. None takes those of the longest text of a batch.
  Value output_sequence_length{};
  bool pad_to_max_tokens = false;  // Whether counts have `max_tokens` places, however many terms there are.
  Value vocabulary{};  // Strings, or the path of a file with one per line, instead of adapt().
  Value idf_weights{};  // With "tf_idf" and `vocabulary`: a weight for each of its terms.
  bool sparse = false;  // Not supported; must be False.
  bool ragged = false;  // Not supported; must be False.
  std::string encoding = "utf-8";  // The encoding of bytes that a vocabulary is given in; strings are UTF-8 within.
  Value vocabulary_size{};  // The size of the vocabulary of the layer that the config is of.
  Value has_input_vocabulary{};  // Whether the vocabulary was given, so that adapt() is refused.
  template <class F>
  void each(const F& f) const {
    f("max_tokens", max_tokens);
    f("standardize", standardize);
    f("split", split);
    f("ngrams", ngrams);
    f("output_mode", output_mode);
    f("output_sequence_length", output_sequence_length);
    f("pad_to_max_tokens", pad_to_max_tokens);
    f("vocabulary", vocabulary);
    f("idf_weights", idf_weights);
    f("sparse", sparse);
    f("ragged", ragged);
    f("encoding", encoding);
    f("vocabulary_size", vocabulary_size);
    f("has_input_vocabulary", has_input_vocabulary);
  }
};
using TextVectorization = NamedLayer<TextVectorizationArgs>;

// A layer on every step of a sequence.
// Input: A tensor (batch, time, ...), whose slices along time suit the layer inside.
// Output: A tensor (batch, time, ...) of the layer's outputs.
// Raises: ValueError: if the layer inside is none, or the input has fewer than three axes.
struct TimeDistributedArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "TimeDistributed";
  RequiredArgument<Value> layer;  // The layer for every step.
  template <class F>
  void each(const F& f) const {
    f("layer", layer);
  }
};
using TimeDistributed = NamedLayer<TimeDistributedArgs>;

// Gives each sample the norm 1.
// Input: Any.
// Output: That of the input.
struct UnitNormalizationArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "UnitNormalization";
  Value axis = -1;  // Axis or axes whose Euclidean norm becomes 1.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
  }
};
using UnitNormalization = NamedLayer<UnitNormalizationArgs>;

// Repeats each step of a sequence.
// Input: A tensor (batch, steps, channels).
// Output: A tensor (batch, steps * size, channels).
struct UpSampling1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "UpSampling1D";
  Value size = 2;  // Repetitions of each step.
  template <class F>
  void each(const F& f) const {
    f("size", size);
  }
};
using UpSampling1D = NamedLayer<UpSampling1DArgs>;

// Enlarges images by whole factors.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor with rows and columns multiplied.
struct UpSampling2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "UpSampling2D";
  Value size = Value::tuple({2, 2});  // Factors of height and width.
  Value data_format{};  // "channels_last" or "channels_first".
  std::string interpolation = "nearest";  // "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
  template <class F>
  void each(const F& f) const {
    f("size", size);
    f("data_format", data_format);
    f("interpolation", interpolation);
  }
};
using UpSampling2D = NamedLayer<UpSampling2DArgs>;

// Repeats the elements of volumes along each spatial axis.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor with its spatial axes multiplied.
struct UpSampling3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "UpSampling3D";
  Value size = Value::tuple({2, 2, 2});  // Factors of the three spatial axes.
  Value data_format{};  // "channels_last" or "channels_first".
  template <class F>
  void each(const F& f) const {
    f("size", size);
    f("data_format", data_format);
  }
};
using UpSampling3D = NamedLayer<UpSampling3DArgs>;

// Adds zeros before and after the steps of a sequence.
// Input: A tensor (batch, steps, channels).
// Output: A tensor with more steps.
struct ZeroPadding1DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ZeroPadding1D";
  Value padding = 1;  // Zeros to add: an int, an int an axis, or (before, after) an axis.
  Value data_format{};  // "channels_last" or "channels_first".
  template <class F>
  void each(const F& f) const {
    f("padding", padding);
    f("data_format", data_format);
  }
};
using ZeroPadding1D = NamedLayer<ZeroPadding1DArgs>;

// Surrounds images with zeros.
// Input: A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with "channels_first".
// Output: A tensor with more rows and columns.
struct ZeroPadding2DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ZeroPadding2D";
  Value padding = Value::tuple({1, 1});  // Zeros to add: an int, an int an axis, or (before, after) an axis.
  Value data_format{};  // "channels_last" or "channels_first".
  template <class F>
  void each(const F& f) const {
    f("padding", padding);
    f("data_format", data_format);
  }
};
using ZeroPadding2D = NamedLayer<ZeroPadding2DArgs>;

// Surrounds volumes with zeros.
// Input: A tensor (batch, depth, rows, columns, channels), or the channels second with "channels_first".
// Output: A tensor with larger spatial axes.
struct ZeroPadding3DArgs {
  static constexpr const char* kModule = "keras.layers";
  static constexpr const char* kName = "ZeroPadding3D";
  // Zeros to add: an int, an int an axis, or (before, after) an axis.
  Value padding = Value::tuple({Value::tuple({1, 1}), Value::tuple({1, 1}), Value::tuple({1, 1})});
  Value data_format{};  // "channels_last" or "channels_first".
  template <class F>
  void each(const F& f) const {
    f("padding", padding);
    f("data_format", data_format);
  }
};
using ZeroPadding3D = NamedLayer<ZeroPadding3DArgs>;

}  // namespace lamina::layers
