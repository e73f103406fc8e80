#include "layers/attention/head_attention.h"

namespace lamina {

namespace {

struct GroupedQueryAttentionArgs : HeadAttentionArgs {
  int64_t head_dim = 1, num_query_heads = 1, num_key_value_heads = 1;
  void fields(Fields& f) {
    f("head_dim", head_dim, "Size of a head.").required();
    f("num_query_heads", num_query_heads, "Number of heads of the query.").required();
    f("num_key_value_heads", num_key_value_heads,
      "Number of heads of key and value: each serves several heads of the query.")
        .required();
    first_fields(f);
    middle_fields(f);
    last_fields(f);
  }
};

// Attention whose query heads share key and value heads (Ainslie et al., 2023). query (B, T, M), value (B, S, M), key
// (B, S, M'')
// -> (B, T, M).
class GroupedQueryAttentionLayer final : public HeadAttentionWith<GroupedQueryAttentionArgs> {
 public:
  explicit GroupedQueryAttentionLayer(GroupedQueryAttentionArgs a = {}, LayerArgs base = {})
      : HeadAttentionWith(std::move(a), std::move(base)) {
    for (auto [name, size] : {std::pair{"head_dim", args.head_dim},
                              {"num_query_heads", args.num_query_heads},
                              {"num_key_value_heads", args.num_key_value_heads}})
      if (size <= 0) throw ValueError("`", name, "` must be a positive integer. Received: ", name, "=", size);
    if (args.num_query_heads % args.num_key_value_heads)
      throw ValueError("`num_query_heads` must be divisible by `num_key_value_heads`. Received: num_query_heads=",
                       args.num_query_heads, ", num_key_value_heads=", args.num_key_value_heads);
  }
  std::string class_name() const override { return "GroupQueryAttention"; }
  using Layer::build;
  void build(const BuildShapes& shapes) override {
    const auto [query, value, key] = shapes_from(shapes);
    auto heads = [&](int64_t n) { return Value::tuple({Value(), n, args.head_dim}); };
    query_ = projection("_query_dense", "query", "bqm,muh->bquh", heads(args.num_query_heads), "uh", query);
    key_ = projection("_key_dense", "key", "bkm,mvh->bkvh", heads(args.num_key_value_heads), "vh", key);
    if (args.use_gate)
      gate_ = projection("_gate_dense", "gate", "bqm,muh->bquh", heads(args.num_query_heads), "uh", query, "sigmoid");
    value_ = projection("_value_dense", "value", "bkm,mvh->bkvh", heads(args.num_key_value_heads), "vh", value);
    make_score_layers(-1);
    output_ = projection("_output_dense", "attention_output", "bquh,uhm->bqm", Value::tuple({Value(), query.back()}),
                         "m", {Shape::kUnknown, Shape::kUnknown, args.num_query_heads, args.head_dim});
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    const auto [query, value, key] = shapes_from(shapes);
    if (query.back() != value.back())
      throw ValueError("The last dimension of `query_shape` and `value_shape` must be equal, but are ", query.back(),
                       ", ", value.back(), ". Received: query_shape=", query, ", value_shape=", value);
    if (value.rank() != key.rank() || value[1] != key[1])
      throw ValueError(
          "All dimensions of `value` and `key`, except the last one, must be equal. Received: value_shape=", value,
          " and key_shape=", key);
    return Value(query);
  }

  Attended attend(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, bool causal,
                  bool training, bool want_scores) override {
    const double scale = 1 / std::sqrt(static_cast<double>(args.head_dim));
    if (args.dropout > 0 || want_scores) {
      const int64_t repeats = query.shape()[2] / key.shape()[2];
      return attend_plainly(query, spread(key, repeats), spread(value, repeats), mask, causal, {1}, scale, training);
    }
    return attend_in_blocks(query, key, value, mask, causal, scale);
  }

 private:
  // Each head `repeats` times.
  static Tensor spread(const Tensor& t, int64_t repeats) {
    if (repeats == 1) return t;
    Shape out = t.shape(), wide = out;
    out[2] *= repeats;
    if (!out.known()) return Tensor::spec_only(out, t.dtype());
    wide.insert(3, repeats);
    return prim::reshape(prim::broadcast_to(prim::expand_dims(t, 3), wide), out);
  }
};
LAMINA_LAYER(GroupedQueryAttentionLayer, "GroupQueryAttention",
             "Attention whose query heads share key and value heads.", {"GroupedQueryAttention"},
             Doc{.call = about::attention_call,
                 .input = "A query (batch, queries, features), a value and a key (batch, keys, features).",
                 .output = "A tensor (batch, queries, features); with scores also (batch, heads, queries, keys).",
                 .raises = "ValueError: if the key-value heads do not divide the query heads.",
                 .source = "Ainslie et al., \"GQA: Training Generalized Multi-Query Transformer Models from Multi-Head "
                           "Checkpoints\" (2023).",
                 .example = R"py(
>>> layer = keras.layers.GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
>>> layer(keras.ops.ones((1, 3, 8)), keras.ops.ones((1, 5, 8))).shape
(1, 3, 8))py"});

}  // namespace
}  // namespace lamina
