// Attention and AdditiveAttention: single-head attention over a list [query, value] or [query, value, key].
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/attention/scores.h"
#include "layers/seed_source.h"

namespace lamina {

namespace {

// query (..., T, D), value (..., S, V), key (..., S, D) or the value itself -> (..., T, V); masks (..., T) and (...,
// S).
template <class Args>
class ListAttention : public LayerWith<Args>, public ScoreFunction {
 public:
  explicit ListAttention(Args a, LayerArgs base) : LayerWith<Args>(std::move(a), std::move(base)) {
    this->supports_masking_ = true;
    if (this->args.dropout > 0) source_ = make_seed_source(*this, this->args.seed);
  }
  bool call_takes_training() const override { return true; }
  bool call_takes_mask() const override { return true; }
  std::vector<std::string> call_extras() const override { return {"return_attention_scores", "use_causal_mask"}; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    const Value& given = shapes.first();
    if (!given.is_sequence() || is_shape(given)) check_inputs(given, Value());
    check_count(given.as_list().size());
    build_for(given.as_list()[0].as_shape());
  }
  Value call(const List& inputs, const CallContext& c) override {
    check_inputs(inputs[0], c.mask);
    const List& parts = inputs[0].as_list();
    Tensor query = parts[0].as_tensor(), value = parts[1].as_tensor(),
           key = parts.size() > 2 ? parts[2].as_tensor() : value;
    const bool causal = flag(c, "use_causal_mask"), want_scores = flag(c, "return_attention_scores");
    Tensor query_mask = mask_at(c.mask, 0), value_mask = mask_at(c.mask, 1);
    Tensor scores =
        this->overrides(Method::calculate_scores)
            ? this->user_class->call(Method::calculate_scores, {}, {{"query", query}, {"key", key}}).as_tensor()
            : scores_of(query, key);
    if (query.shape_only()) {
      Tensor out = prim::cast(ops::matmul(scores, value), this->compute_dtype());
      return want_scores ? Value::tuple({out, prim::cast(scores, this->compute_dtype())}) : Value(out);
    }
    Tensor visible = value_mask;
    if (causal) {
      Tensor past = past_of(scores.shape().at(-2), scores.shape().at(-1));
      if (value_mask.defined())
        visible = ops::logical_and(prim::expand_dims(value_mask, value_mask.rank() - 1), past);
      else
        visible = past;
    }
    if (visible.defined()) {
      Tensor hidden = ops::logical_not(visible);
      if (hidden.rank() == 2) hidden = prim::expand_dims(hidden, 1);
      scores = ops::where(hidden, prim::add(scores, scores.dtype() == DType::float16 ? -65504.0 : -1e9), scores);
    }
    Tensor weights = ops::softmax(scores), used = weights;
    if (c.training && this->args.dropout > 0) used = random::dropout(weights, this->args.dropout, {}, source_);
    Tensor out = ops::matmul(used, value);
    if (query_mask.defined())
      out = ops::where(prim::expand_dims(prim::cast(query_mask, DType::boolean), query_mask.rank()), out,
                       prim::full({}, 0, out.dtype()));
    return want_scores ? Value::tuple({out, used}) : Value(out);
  }
  Value compute_mask(const Value& inputs, const Value& mask) override {
    check_inputs(inputs, mask);
    if (!mask.is_list() || mask.as_list()[0].is_none()) return {};
    return mask.as_list()[0];
  }

 protected:
  virtual void build_for(const Shape& query) = 0;
  // query (..., T, 1, D) + key (..., 1, S, D).
  static Tensor outer_sum(const Tensor& query, const Tensor& key) {
    return ops::add(prim::expand_dims(query, query.rank() - 1), prim::expand_dims(key, key.rank() - 2));
  }
  static Tensor sum_last(const Tensor& x) { return prim::reduce(Reduce::sum, x, {x.rank() - 1}, false); }

 private:
  static bool flag(const CallContext& c, const char* name) {
    const Value* v = c.kwargs.find(name);
    return v && !v->is_none() && v->as_bool();
  }
  static Tensor mask_at(const Value& mask, size_t i) {
    return mask.is_list() && mask.as_list()[i].is_tensor() ? mask.as_list()[i].as_tensor() : Tensor();
  }
  void check_count(size_t n) const {
    if (n < 2 || n > 3)
      throw ValueError(this->class_name(),
                       " layer accepts inputs list of length 2 or 3, namely [query, value] or [query, value, key]. "
                       "Received length: ",
                       n, ".");
  }
  void check_inputs(const Value& inputs, const Value& mask) const {
    if (!inputs.is_list())
      throw ValueError(
          this->class_name(),
          " layer must be called on a list of inputs, namely [query, value] or [query, value, key]. Received: inputs=",
          inputs.repr(), ".");
    check_count(inputs.as_list().size());
    if (mask.is_none()) return;
    if (!mask.is_list())
      throw ValueError(this->class_name(),
                       " layer mask must be a list, namely [query_mask, value_mask]. Received: mask=", mask.repr(),
                       ".");
    if (mask.as_list().size() < 2 || mask.as_list().size() > 3)
      throw ValueError(this->class_name(),
                       " layer accepts mask list of length 2 or 3. Received: inputs=", inputs.repr(),
                       ", mask=", mask.repr(), ".");
  }
  Value source_;
};

struct AttentionArgs {
  bool use_scale = false;
  std::string score_mode = "dot";
  double dropout = 0;
  Value seed;
  void fields(Fields& f) {
    f("use_scale", use_scale, "Whether to train a factor of the scores.");
    f("score_mode", score_mode, "\"dot\": query . key; \"concat\": sum(tanh(query + key)).");
    f("dropout", dropout, "Share of the weights to drop in training.");
    f("seed", seed, "An int or a SeedGenerator, for dropout.");
  }
};
class AttentionLayer final : public ListAttention<AttentionArgs> {
 public:
  explicit AttentionLayer(AttentionArgs a = {}, LayerArgs base = {}) : ListAttention(std::move(a), std::move(base)) {
    if (args.score_mode != "dot" && args.score_mode != "concat")
      throw ValueError(
          "Invalid value for argument score_mode. Expected one of {'dot', 'concat'}. Received: score_mode=",
          args.score_mode);
  }
  std::string class_name() const override { return "Attention"; }
  Tensor scores_of(const Tensor& query, const Tensor& key) const override {
    if (args.score_mode == "dot") {
      Tensor scores = ops::matmul(query, ops::swapaxes(key, -2, -1));
      return args.use_scale ? ops::multiply(scores, scale_.value()) : scores;
    }
    Tensor sum = outer_sum(query, key);
    if (args.use_scale) sum = ops::multiply(scale_.value(), sum);
    return ops::multiply(concat_.value(), sum_last(ops::tanh(sum)));
  }

 protected:
  void build_for(const Shape&) override {
    if (args.use_scale) scale_ = add_weight("scale", {}, {.initializer = "ones"});
    if (args.score_mode == "concat") concat_ = add_weight("concat_score_weight", {}, {.initializer = "ones"});
  }

 private:
  Variable scale_, concat_;
};
LAMINA_LAYER(
    AttentionLayer, "Attention", "Dot-product attention (Luong et al., 2015).",
    Doc{.call = "inputs: A list of queries (batch, queries, size), values (batch, keys, size) and, where they differ "
                "from the values, keys.\nmask: A list of the masks of queries and values.\nreturn_attention_scores: "
                "Whether to give the scores too.\nuse_causal_mask: Whether queries see no later keys.\ntraining: "
                "Whether the layer runs in training mode.",
        .input = "A list of tensors (batch, queries, size) and (batch, keys, size).",
        .output = "A tensor (batch, queries, size); with scores also (batch, queries, keys).",
        .source = "Luong et al., \"Effective Approaches to Attention-based Neural Machine Translation\" (2015).",
        .example = R"py(
>>> keras.layers.Attention()([keras.ops.ones((1, 2, 4)), keras.ops.ones((1, 3, 4))]).shape
(1, 2, 4))py"});

struct AdditiveAttentionArgs {
  bool use_scale = true;
  double dropout = 0;
  Value seed;
  void fields(Fields& f) {
    f("use_scale", use_scale, "Whether to train a factor for each feature.");
    f("dropout", dropout, "Share of the weights to drop in training.");
    f("seed", seed, "An int or a SeedGenerator, for dropout.");
  }
};
class AdditiveAttentionLayer final : public ListAttention<AdditiveAttentionArgs> {
 public:
  explicit AdditiveAttentionLayer(AdditiveAttentionArgs a = {}, LayerArgs base = {})
      : ListAttention(std::move(a), std::move(base)) {}
  std::string class_name() const override { return "AdditiveAttention"; }
  Tensor scores_of(const Tensor& query, const Tensor& key) const override {
    Tensor bent = ops::tanh(outer_sum(query, key));
    return sum_last(args.use_scale ? ops::multiply(scale_.value(), bent) : bent);
  }

 protected:
  void build_for(const Shape& query) override {
    if (args.use_scale) scale_ = add_weight("scale", {query.back()}, {.initializer = "glorot_uniform"});
  }

 private:
  Variable scale_;
};
LAMINA_LAYER(
    AdditiveAttentionLayer, "AdditiveAttention", "Additive attention (Bahdanau et al., 2014).",
    Doc{.call = "inputs: A list of queries (batch, queries, size), values (batch, keys, size) and, where they differ "
                "from the values, keys.\nmask: A list of the masks of queries and values.\nreturn_attention_scores: "
                "Whether to give the scores too.\nuse_causal_mask: Whether queries see no later keys.\ntraining: "
                "Whether the layer runs in training mode.",
        .input = "A list of tensors (batch, queries, size) and (batch, keys, size).",
        .output = "A tensor (batch, queries, size); with scores also (batch, queries, keys).",
        .source = "Bahdanau et al., \"Neural Machine Translation by Jointly Learning to Align and Translate\" (2015).",
        .example = R"py(
>>> keras.layers.AdditiveAttention()([keras.ops.ones((1, 2, 4)), keras.ops.ones((1, 3, 4))]).shape
(1, 2, 4))py"});

}  // namespace
}  // namespace lamina
