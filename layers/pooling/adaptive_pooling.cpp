// AdaptiveMaxPooling1D..3D, AdaptiveAveragePooling1D..3D.
#include "backends/ops/public/ops.h"
#include "layers/pooling/pooling.h"

namespace lamina {

namespace {

struct AdaptivePoolingArgs {
  Value output_size;
  ops::DataFormat data_format;
  void fields(Fields& f) {
    f("output_size", output_size, "Size of the output, one integer or one per spatial axis.").required();
    f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
  }
};

// The maximum or mean of as many windows as output_size says, of nearly equal sizes.
template <PoolKind kKind, int kRank>
class AdaptivePoolingLayer final : public LayerWith<AdaptivePoolingArgs> {
 public:
  explicit AdaptivePoolingLayer(AdaptivePoolingArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    const Value given = args.output_size;
    List sizes(static_cast<size_t>(kRank), given);
    if (given.is_sequence()) sizes = given.as_list();
    bool fits = sizes.size() == static_cast<size_t>(kRank);
    for (const Value& v : sizes) fits &= v.is_int();
    if (!fits && kRank == 1 && given.is_sequence())
      throw ValueError("For 1D input, `output_size` tuple must have length 1. Received: ", given.repr());
    if (!fits)
      throw TypeError("`output_size` must be an integer or ",
                      kRank == 1   ? "tuple of 1 integer"
                      : kRank == 2 ? "(height, width) tuple"
                                   : "(depth, height, width) tuple",
                      ". Received: ", given.repr(), " of type ", given.kind_name());
    for (const Value& v : sizes)
      if (v.as_int() < 1)
        throw ValueError("`output_size` must hold positive integers. Received: output_size=", given.repr());
    args.output_size = Value::tuple(sizes);
    if (args.data_format && *args.data_format != "channels_last" && *args.data_format != "channels_first")
      throw ValueError("Invalid data_format: ", *args.data_format, ". Expected 'channels_first' or 'channels_last'.");
    standardize_data_format(args.data_format);
  }
  std::string class_name() const override {
    return text("Adaptive", kKind == PoolKind::max ? "Max" : "Average", "Pooling", kRank, "D");
  }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    auto pool = kKind == PoolKind::max ? ops::adaptive_max_pool : ops::adaptive_average_pool;
    return pool(x, value_to<ops::Sizes>(args.output_size), args.data_format);
  }
};

#define LAMINA_ADAPTIVE(RANK, AXES, INPUT, SIDES, TWOS)                                                            \
  using AdaptiveMax##RANK = AdaptivePoolingLayer<PoolKind::max, RANK>;                                             \
  using AdaptiveAverage##RANK = AdaptivePoolingLayer<PoolKind::average, RANK>;                                     \
  LAMINA_LAYER(AdaptiveMax##RANK, "AdaptiveMaxPooling" #RANK "D", "Maxima over " AXES ", to a given output size.", \
               (Doc{.call = about::inputs,                                                                         \
                    .input = INPUT,                                                                                \
                    .output = about::pooled_to_size,                                                               \
                    .example = ">>> layer = keras.layers.AdaptiveMaxPooling" #RANK                                 \
                               "D(2)\n>>> layer(keras.ops.ones((1, " SIDES ", 3))).shape\n(1, " TWOS ", 3)"}));    \
  LAMINA_LAYER(AdaptiveAverage##RANK, "AdaptiveAveragePooling" #RANK "D",                                          \
               "Means over " AXES ", to a given output size.",                                                     \
               (Doc{.call = about::inputs,                                                                         \
                    .input = INPUT,                                                                                \
                    .output = about::pooled_to_size,                                                               \
                    .example = ">>> layer = keras.layers.AdaptiveAveragePooling" #RANK                             \
                               "D(2)\n>>> layer(keras.ops.ones((1, " SIDES ", 3))).shape\n(1, " TWOS ", 3)"}))
LAMINA_ADAPTIVE(1, "one spatial axis", about::sequence, "6", "2");
LAMINA_ADAPTIVE(2, "two spatial axes", about::image, "6, 5", "2, 2");
LAMINA_ADAPTIVE(3, "three spatial axes", about::volume, "6, 5, 4", "2, 2, 2");

}  // namespace
}  // namespace lamina
