#include "api/applications/squeeze.h"

namespace lamina::applications {

namespace {

Dict variance_scaling(double scale, const char* distribution) {
  return {{"class_name", "VarianceScaling"},
          {"config", Dict{{"scale", scale}, {"mode", "fan_out"}, {"distribution", distribution}}}};
}

}  // namespace

Dict conv_initializer() { return variance_scaling(2.0, "truncated_normal"); }
Dict dense_initializer() { return variance_scaling(1.0 / 3.0, "uniform"); }

Tensor squeeze_and_excite(const Tensor& x, int64_t squeezed, const std::string& prefix) {
  const int64_t channels = channels_of(x);
  Tensor se = layer("GlobalAveragePooling2D", x, prefix + "se_squeeze");
  const Value shape = channel_axis(3) == 1 ? Value::tuple({channels, 1, 1}) : Value::tuple({1, 1, channels});
  se = layer("Reshape", se, prefix + "se_reshape", {{"target_shape", shape}});
  se = conv(se, squeezed, 1, prefix + "se_reduce",
            {{"padding", "same"}, {"activation", "swish"}, {"kernel_initializer", conv_initializer()}});
  se = conv(se, channels, 1, prefix + "se_expand",
            {{"padding", "same"}, {"activation", "sigmoid"}, {"kernel_initializer", conv_initializer()}});
  return layer("Multiply", Value(Branches{x, se}), prefix + "se_excite");
}

Tensor with_shortcut(Tensor x, const Tensor& input, double drop_rate, const std::string& prefix) {
  if (drop_rate > 0)
    x = layer("Dropout", x, prefix + "drop", {{"rate", drop_rate}, {"noise_shape", Value::tuple({Value(), 1, 1, 1})}});
  return add({x, input}, prefix + "add");
}

Tensor efficient_top(Tensor x, const ModelArgs& args, double dropout_rate, Dict classifier) {
  if (!args.include_top) return pool(x, args, "avg_pool", "max_pool");
  x = layer("GlobalAveragePooling2D", x, "avg_pool");
  if (dropout_rate > 0) x = layer("Dropout", x, "top_dropout", {{"rate", dropout_rate}});
  return classify(x, args, std::move(classifier));
}

}  // namespace lamina::applications
