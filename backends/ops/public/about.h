#pragma once
// Texts that many descriptions of ops share.

namespace lamina::about {

inline constexpr const char* tensor = "A tensor, or what can be made one: a number, an array, nested lists of numbers.";
inline constexpr const char* first = "The first operand: a tensor, or what can be made one.";
inline constexpr const char* second = "The second operand: a tensor, or what can be made one.";
inline constexpr const char* axis = "The axis; negative ones count from the end.";
inline constexpr const char* reduced_axes = "The axis or the axes to reduce; None takes all.";
inline constexpr const char* flat_axis = "The axis; None takes the flattened tensor.";
inline constexpr const char* keepdims = "Whether the reduced axes stay, with size 1.";
inline constexpr const char* dtype = "The dtype of the result; None is `keras.config.floatx()`.";
inline constexpr const char* like_dtype = "The dtype of the result; None takes that of `x`.";
inline constexpr const char* kept_dtype = "The dtype of the result; None follows from the operands.";
inline constexpr const char* data_format =
    "\"channels_last\" or \"channels_first\"; None is `keras.config.image_data_format()`.";
inline constexpr const char* seed = "An integer, a `SeedGenerator`, or None for another draw at each call.";
inline constexpr const char* shape = "The shape of the result.";
inline constexpr const char* spatial =
    "A tensor (batch, sizes..., channels), or (batch, channels, sizes...) with \"channels_first\".";
inline constexpr const char* strides = "The step along each spatial axis: a number, or one per axis.";
inline constexpr const char* pool_strides =
    "The step along each spatial axis: a number, or one per axis; None takes the window's sizes.";
inline constexpr const char* pool_size = "The window's sizes: a number, or one a spatial axis.";
inline constexpr const char* output_size = "The spatial sizes of the result: a number, or one per axis.";
inline constexpr const char* padding =
    "\"valid\" keeps to places inside; \"same\" pads so that steps of 1 keep the sizes.";
inline constexpr const char* dilation = "The distance between the kernel's elements: a number, or one per axis.";
inline constexpr const char* from_logits = "Whether the predictions are scores before the sigmoid or the softmax.";
inline constexpr const char* label_smoothing = "0 to 1: how far labels are moved towards even ones.";
inline constexpr const char* predicted = "The predictions: probabilities, or scores with `from_logits`.";
inline constexpr const char* y_true = "The labels.";
inline constexpr const char* y_pred = "The predictions, of the labels' shape.";
inline constexpr const char* epsilon = "Added to the variance, against division by 0.";
inline constexpr const char* default_epsilon =
    "Added to the variance, against division by 0; None is `keras.config.epsilon()`.";
inline constexpr const char* same = "A tensor of the shape and dtype of the operand.";
inline constexpr const char* floating =
    "A tensor of the operand's shape in its dtype; `keras.config.floatx()` for integers and bools.";
inline constexpr const char* promoted =
    "A tensor of the shape that both broadcast to, in the dtype that both promote to.";
inline constexpr const char* promoted_floating =
    "A tensor of the shape that both broadcast to, in the floating dtype that both promote to.";
inline constexpr const char* bools = "A bool tensor of the operand's shape.";
inline constexpr const char* promoted_bools = "A bool tensor of the shape that both broadcast to.";
inline constexpr const char* promoted_integers =
    "An integer tensor of the shape that both broadcast to, in the dtype that both promote to.";
inline constexpr const char* reduced =
    "A tensor without the reduced axes (of size 1 with `keepdims`), in the dtype of the operand.";
inline constexpr const char* reduced_floating =
    "A floating tensor without the reduced axes (of size 1 with `keepdims`).";
inline constexpr const char* reduced_bools = "A bool tensor without the reduced axes (of size 1 with `keepdims`).";
inline constexpr const char* created = "A tensor of that shape and dtype.";
inline constexpr const char* like = "A tensor of the shape of `x`.";
inline constexpr const char* windows = "A tensor with a place for each window, in the order of the input's axes.";
inline constexpr const char* rows = "A tensor without the last axis.";
inline constexpr const char* segments = "A tensor of a row a segment, in the dtype of `data`.";

}  // namespace lamina::about
