// NASNet: two kinds of cells, found by search; each sees the results of the two cells before it.
#include "api/applications/architecture.h"

namespace lamina::applications {

void NASNetArgs::fields(Fields& f) {
  f("input_shape", input_shape, about::input_shape);
  f("include_top", include_top, about::include_top);
  f("weights", weights, about::weights);
  f("input_tensor", input_tensor, about::input_tensor);
  f("pooling", pooling, about::pooling);
  f("classes", classes, about::classes);
  f("classifier_activation", classifier_activation, about::classifier_activation);
  f("name", name, about::model_name);
}

namespace {

const ModuleRegistration modules({"nasnet"}, "tf");

struct Variant {
  const char* published;
  int64_t size;     // of images
  int64_t filters;  // of the first cells
  int cells;        // between two reductions
  int64_t stem_filters;
  bool skips_reduction;
  const char *origin, *hash, *hash_of_features;
};

// The result of a cell, and what the next one sees beside it.
struct Pair {
  Tensor now, before;
};

Tensor normalized(const Tensor& x, const std::string& name) {
  return layer("BatchNormalization", x, name, {{"axis", channel_axis(-1)}, {"momentum", 0.9997}, {"epsilon", 1e-3}});
}
Tensor pointwise(const Tensor& x, int64_t filters, const std::string& name) {
  return conv(x, filters, 1, name,
              {{"strides", 1}, {"padding", "same"}, {"use_bias", false}, {"kernel_initializer", "he_normal"}});
}
Tensor pooled(const char* kind, const Tensor& x, int64_t stride, const char* padding, const std::string& name) {
  return layer(kind, x, name, {{"pool_size", 3}, {"strides", stride}, {"padding", padding}});
}
Tensor average(const Tensor& x, const std::string& name) { return pooled("AveragePooling2D", x, 1, "same", name); }

// Two separable convolutions, the first one with that stride.
Tensor separable_block(const Tensor& input, int64_t filters, int64_t kernel, int64_t stride, const std::string& id) {
  const NameScope scope("separable_conv_block_" + id);
  Tensor x = activation(input, "relu");
  if (stride == 2) x = zero_padding(x, correct_pad(x, kernel), "separable_conv_1_pad_" + id);
  x = layer("SeparableConv2D", x, "separable_conv_1_" + id,
            {{"filters", filters},
             {"kernel_size", kernel},
             {"strides", stride},
             {"padding", stride == 2 ? "valid" : "same"},
             {"use_bias", false}});
  x = activation(normalized(x, "separable_conv_1_bn_" + id), "relu");
  x = layer("SeparableConv2D", x, "separable_conv_2_" + id,
            {{"filters", filters}, {"kernel_size", kernel}, {"padding", "same"}, {"use_bias", false}});
  return normalized(x, "separable_conv_2_bn_" + id);
}

// Every second place of x, from the first or from the second on.
Tensor halved(const Tensor& x, int64_t filters, int which, const std::string& id) {
  Tensor y = x;
  if (which == 2) {
    y = zero_padding(x, paddings(0, 1, 0, 1));
    y = layer("Cropping2D", y, "", {{"cropping", paddings(1, 0, 1, 0)}});
  }
  y = layer("AveragePooling2D", y, text("adjust_avg_pool_", which, "_", id),
            {{"pool_size", 1}, {"strides", 2}, {"padding", "valid"}});
  return pointwise(y, filters / 2, text("adjust_conv_", which, "_", id));
}

// The earlier result, of the size and with the filters that this cell works with.
Tensor adjusted(const Pair& given, int64_t filters, const std::string& id) {
  const NameScope scope("adjust_block");
  if (!given.before.defined()) return given.now;
  const Tensor& p = given.before;
  if (rows_of(p).height != rows_of(given.now).height) {
    const NameScope inner("adjust_reduction_block_" + id);
    const Tensor x = activation(p, "relu", "adjust_relu_1_" + id);
    const Tensor first = halved(x, filters, 1, id), second = halved(x, filters, 2, id);
    return normalized(concatenate({first, second}, channel_axis(-1)), "adjust_bn_" + id);
  }
  if (channels_of(p) == filters) return p;
  const NameScope inner("adjust_projection_block_" + id);
  const Tensor x = pointwise(activation(p, "relu"), filters, "adjust_conv_projection_" + id);
  return normalized(x, "adjust_bn_" + id);
}

Pair normal_cell(const Pair& given, int64_t filters, const std::string& id) {
  const NameScope scope("normal_A_block_" + id);
  const Tensor p = adjusted(given, filters, id);
  Tensor h = pointwise(activation(given.now, "relu"), filters, "normal_conv_1_" + id);
  h = normalized(h, "normal_bn_1_" + id);
  Branches results{p};
  {
    const NameScope block("block_1");
    const Tensor left = separable_block(h, filters, 5, 1, "normal_left1_" + id);
    const Tensor right = separable_block(p, filters, 3, 1, "normal_right1_" + id);
    results.push_back(add({left, right}, "normal_add_1_" + id));
  }
  {
    const NameScope block("block_2");
    const Tensor left = separable_block(p, filters, 5, 1, "normal_left2_" + id);
    const Tensor right = separable_block(p, filters, 3, 1, "normal_right2_" + id);
    results.push_back(add({left, right}, "normal_add_2_" + id));
  }
  results.push_back(add({average(h, "normal_left3_" + id), p}, "normal_add_3_" + id));
  const Tensor left = average(p, "normal_left4_" + id), right = average(p, "normal_right4_" + id);
  results.push_back(add({left, right}, "normal_add_4_" + id));
  {
    const NameScope block("block_5");
    results.push_back(add({separable_block(h, filters, 3, 1, "normal_left5_" + id), h}, "normal_add_5_" + id));
  }
  return {concatenate(results, channel_axis(-1), "normal_concat_" + id), given.now};
}

Pair reduction_cell(const Pair& given, int64_t filters, const std::string& id) {
  const NameScope scope("reduction_A_block_" + id);
  const Tensor p = adjusted(given, filters, id);
  Tensor h = pointwise(activation(given.now, "relu"), filters, "reduction_conv_1_" + id);
  h = normalized(h, "reduction_bn_1_" + id);
  const Tensor padded = zero_padding(h, correct_pad(h, 3), "reduction_pad_1_" + id);
  Tensor x1, x2, x3, x5;
  {
    const NameScope block("block_1");
    const Tensor left = separable_block(h, filters, 5, 2, "reduction_left1_" + id);
    const Tensor right = separable_block(p, filters, 7, 2, "reduction_right1_" + id);
    x1 = add({left, right}, "reduction_add_1_" + id);
  }
  {
    const NameScope block("block_2");
    const Tensor left = pooled("MaxPooling2D", padded, 2, "valid", "reduction_left2_" + id);
    const Tensor right = separable_block(p, filters, 7, 2, "reduction_right2_" + id);
    x2 = add({left, right}, "reduction_add_2_" + id);
  }
  {
    const NameScope block("block_3");
    const Tensor left = pooled("AveragePooling2D", padded, 2, "valid", "reduction_left3_" + id);
    const Tensor right = separable_block(p, filters, 5, 2, "reduction_right3_" + id);
    x3 = add({left, right}, "reduction_add3_" + id);
  }
  const Tensor x4 = add({x2, average(x1, "reduction_left4_" + id)});
  {
    const NameScope block("block_5");
    const Tensor left = separable_block(x1, filters, 3, 1, "reduction_left4_" + id);
    const Tensor right = pooled("MaxPooling2D", padded, 2, "valid", "reduction_right5_" + id);
    x5 = add({left, right}, "reduction_add4_" + id);
  }
  return {concatenate({x2, x3, x4, x5}, channel_axis(-1), "reduction_concat_" + id), given.now};
}

Tensor cells(const Tensor& stem, const Variant& v) {
  Pair pair{stem, {}};
  pair = reduction_cell(pair, v.filters / 4, "stem_1");
  pair = reduction_cell(pair, v.filters / 2, "stem_2");
  int64_t filters = v.filters;
  for (int group = 0; group < 3; ++group, filters *= 2) {
    if (group > 0) {
      const Pair reduced = reduction_cell(pair, filters, text("reduce_", group * v.cells));
      pair = {reduced.now, v.skips_reduction ? pair.before : reduced.before};
    }
    for (int i = 0; i < v.cells; ++i)
      pair = normal_cell(pair, filters, text(group * v.cells + i + (group > 0 ? 1 : 0)));
  }
  return activation(pair.now, "relu");
}

Built nasnet(const Variant& variant, const ModelArgs& args) {
  refuse_channels_first("NASNet");
  check_arguments(args);
  if (wants_imagenet(args) && args.input_shape && !args.input_shape->known())
    throw ValueError(
        "When specifying the input shape of a NASNet and loading `ImageNet` weights, the input_shape argument must be "
        "static (no None entries). Got: `input_shape=",
        *args.input_shape, "`.");
  const Tensor input = image_input(args, image_shape(args, {variant.size, 32}));
  Tensor x = conv(input, variant.stem_filters, 3, "stem_conv1",
                  {{"strides", 2}, {"padding", "valid"}, {"use_bias", false}, {"kernel_initializer", "he_normal"}});
  x = cells(normalized(x, "stem_bn1"), variant);
  x = args.include_top ? classify(layer("GlobalAveragePooling2D", x), args) : pool(x, args);
  const char* suffix = args.include_top ? "" : "_no_top";
  const char* suffix_there = args.include_top ? "" : "-no-top";
  return finish(
      args, input, x,
      {text(variant.published, suffix, ".h5"), text(kPublished, "nasnet/", variant.origin, suffix_there, ".h5"),
       args.include_top ? variant.hash : variant.hash_of_features});
}

constexpr Doc about_nasnet{
    .returns = about::model_returns,
    .raises = about::model_raises,
    .source = "Zoph et al., \"Learning Transferable Architectures for Scalable Image Recognition\" (2018)."};

}  // namespace

const ModelFunction<NASNetArgs> NASNetMobile("NASNetMobile", {"nasnet"}, "NASNet for small devices.", "nasnet_mobile",
                                             about_nasnet, [](const NASNetArgs& own) {
                                               ModelArgs args = common(own);
                                               if (!args.include_top && !args.input_shape)
                                                 args.input_shape = Shape{224, 224, 3};
                                               return nasnet({"nasnet_mobile", 224, 44, 4, 32, false, "NASNet-mobile",
                                                              "020fb642bf7360b370c678b08e0adf61",
                                                              "1ed92395b5b598bdda52abe5c0dbfd63"},
                                                             args);
                                             });
const ModelFunction<NASNetArgs> NASNetLarge("NASNetLarge", {"nasnet"}, "NASNet for images of 331 x 331.",
                                            "nasnet_large", about_nasnet, [](const NASNetArgs& own) {
                                              return nasnet({"nasnet_large", 331, 168, 6, 96, true, "NASNet-large",
                                                             "11577c9a518f0070763c2b964a382f17",
                                                             "d81d89dc07e6e56530c4e77faddd61b5"},
                                                            common(own));
                                            });

}  // namespace lamina::applications
