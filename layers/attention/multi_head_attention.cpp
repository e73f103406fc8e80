#include "layers/attention/head_attention.h"

namespace lamina {

namespace {

struct MultiHeadAttentionArgs : HeadAttentionArgs {
  Value num_heads = 1, key_dim = 1, value_dim, output_shape, attention_axes;
  void fields(Fields& f) {
    f("num_heads", num_heads, "Number of heads.").required();
    f("key_dim", key_dim, "Size of a head's queries and keys.").required();
    f("value_dim", value_dim, "Size of a head's values; None for key_dim.");
    first_fields(f);
    f("output_shape", output_shape, "Sizes of the result's last axes; None for the query's last size.");
    f("attention_axes", attention_axes,
      "Axes that attend, not counting heads; None for all but the batch and the features.");
    middle_fields(f);
    last_fields(f);
  }
};

// softmax(q k^T / sqrt(key_dim)) v a head, from projections of query, key and value (Vaswani et al., 2017).
// query (B, T..., M), value (B, S..., M'), key (B, S..., M'') -> (B, T..., M).
class MultiHeadAttentionLayer final : public HeadAttentionWith<MultiHeadAttentionArgs> {
 public:
  explicit MultiHeadAttentionLayer(MultiHeadAttentionArgs a = {}, LayerArgs base = {})
      : HeadAttentionWith(std::move(a), std::move(base)) {
    auto positive = [](const char* name, const Value& v, const char* expected) {
      if (!v.is_int() || v.as_int() <= 0)
        throw ValueError("Received an invalid value for argument `", name, "`, expected ", expected,
                         ". Received: ", name, "=", v.repr());
    };
    positive("num_heads", args.num_heads, "a positive integer");
    positive("key_dim", args.key_dim, "a positive integer");
    if (!args.value_dim.is_none())
      positive("value_dim", args.value_dim, "a positive integer or `None`");
    else
      args.value_dim = args.key_dim;
    if (args.output_shape.is_int()) args.output_shape = Value::tuple({args.output_shape});
    if (!args.output_shape.is_none() && !args.output_shape.is_sequence())
      throw ValueError("Invalid `output_shape`: ", args.output_shape.repr(),
                       ". When specified, the `output_shape` should be of type tuple, list, or int.");
    if (args.output_shape.is_sequence())
      args.output_shape = args.output_shape.as_list().empty() ? Value() : Value::tuple(args.output_shape.as_list());
    if (args.attention_axes.is_int()) args.attention_axes = Value::tuple({args.attention_axes});
    if (args.attention_axes.is_list()) args.attention_axes = Value::tuple(args.attention_axes.as_list());
    if (!args.attention_axes.is_none() && !args.attention_axes.is_sequence())
      throw ValueError("`attention_axes` must be an int, list, or tuple. Received: attention_axes=",
                       args.attention_axes.repr());
  }
  std::string class_name() const override { return "MultiHeadAttention"; }
  using Layer::build;
  void build(const BuildShapes& shapes) override {
    const auto [query, value, key] = shapes_from(shapes);
    check_lengths(value, key);
    const int64_t heads = args.num_heads.as_int(), key_size = args.key_dim.as_int(),
                  value_size = args.value_dim.as_int();
    query_ = project("query_dense", "query", query, heads, key_size);
    key_ = project("key_dense", "key", key, heads, key_size);
    if (args.use_gate) gate_ = project("_gate_dense", "gate", query, heads, value_size, "sigmoid");
    value_ = project("value_dense", "value", value, heads, value_size);
    if (args.attention_axes.is_none()) {
      for (int i = 1; i < query.rank() - 1; ++i) axes_.push_back(i);
    } else {
      for (int64_t a : value_to<std::vector<int64_t>>(args.attention_axes))
        axes_.push_back(static_cast<int>(a < 0 ? query.rank() + a : a));
    }
    List stored(axes_.begin(), axes_.end()), softmax_axes;
    args.attention_axes = Value::tuple(stored);
    const int scores_rank = query.rank() + static_cast<int>(axes_.size());
    for (int i = scores_rank - static_cast<int>(axes_.size()); i < scores_rank; ++i) softmax_axes.push_back(i);
    make_score_layers(Value(softmax_axes));
    // (..., heads, value size) -> (..., output)
    Shape heads_out = query;
    heads_out[query.rank() - 1] = heads;
    heads_out.push_back(value_size);
    const List sizes = args.output_shape.is_none() ? List{query.back()} : args.output_shape.as_list();
    std::string positions = letters(0, query.rank() - 1), both = letters(query.rank() - 1, 2),
                made = letters(query.rank() + 1, static_cast<int>(sizes.size()));
    List out(static_cast<size_t>(query.rank() - 2));
    out.insert(out.end(), sizes.begin(), sizes.end());
    output_ =
        projection("output_dense", "attention_output", positions + both + "," + both + made + "->" + positions + made,
                   Value::tuple(out), made, heads_out);
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    const auto [query, value, key] = shapes_from(shapes);
    check_lengths(value, key);
    Shape out = query;
    if (!args.output_shape.is_none()) {
      out.erase(out.rank() - 1);
      for (const Value& size : args.output_shape.as_list()) out.push_back(size.as_int());
    }
    return Value(out);
  }

  Attended attend(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, bool causal,
                  bool training, bool want_scores) override {
    const double scale = 1 / std::sqrt(static_cast<double>(args.key_dim.as_int()));
    if (args.dropout > 0 || want_scores || query.rank() != 4 || axes_ != std::vector{1})
      return attend_plainly(query, key, value, mask, causal, axes_, scale, training);
    return attend_in_blocks(query, key, value, mask, causal, scale);
  }

 private:
  static std::string letters(int from, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += static_cast<char>('a' + from + i);
    return out;
  }
  // (..., features) -> (..., heads, size)
  LayerPtr project(const char* attribute, const char* name, const Shape& input, int64_t heads, int64_t size,
                   const char* activation = nullptr) {
    const int free = input.rank() - 1;
    List out(static_cast<size_t>(free - 1));
    out.insert(out.end(), {Value(heads), Value(size)});
    const std::string positions = letters(0, free), features = letters(free, 1), made = letters(free + 1, 2);
    return projection(attribute, name, positions + features + "," + features + made + "->" + positions + made,
                      Value::tuple(out), made, input, activation);
  }
  static void check_lengths(const Shape& value, const Shape& key) {
    bool equal = value.rank() == key.rank();
    for (int i = 1; equal && i < value.rank() - 1; ++i) equal = value[i] == key[i];
    if (!equal)
      throw ValueError(
          "All dimensions of `value` and `key`, except the last one, must be equal. Received: value_shape=", value,
          " and key_shape=", key);
  }
  std::vector<int> axes_;
};
LAMINA_LAYER(MultiHeadAttentionLayer, "MultiHeadAttention", "Attention with several heads.",
             Doc{.call = about::attention_call,
                 .input = "A query (batch, queries..., features), a value and a key (batch, keys..., features).",
                 .output = "A tensor (batch, queries..., features), the last size `output_shape` where it is given; "
                           "with scores also (batch, heads, queries, keys).",
                 .raises = "ValueError: if the shapes of key and value do not fit.",
                 .source = "Vaswani et al., \"Attention Is All You Need\" (2017).",
                 .example = R"py(
>>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
>>> layer(keras.ops.ones((1, 3, 8)), keras.ops.ones((1, 5, 8))).shape
(1, 3, 8))py"});

}  // namespace
}  // namespace lamina
