#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/quantization/quantizable.h"

namespace lamina {

namespace {

struct EmbeddingArgs {
  Value input_dim = 0, output_dim = 0;
  InitializerRef embeddings_initializer;
  RegularizerRef embeddings_regularizer;
  ConstraintRef embeddings_constraint;
  bool mask_zero = false;
  Value weights, lora_rank, lora_alpha;
  QuantizationConfigRef quantization_config;
  void fields(Fields& f) {
    table(f);
    regularized(f);
    others(f);
  }

 protected:
  void table(Fields& f) {
    f("input_dim", input_dim, "Number of rows: the largest index plus 1.").required();
    f("output_dim", output_dim, "Size of a row.").required();
  }
  void regularized(Fields& f) {
    f("embeddings_initializer", embeddings_initializer, "Initializer of the rows.").shown("uniform");
    f("embeddings_regularizer", embeddings_regularizer, "Penalty on the rows.");
    f("embeddings_constraint", embeddings_constraint, "Projection after each update.");
    f("mask_zero", mask_zero, "Whether index 0 is padding: the output then carries a mask.");
  }
  void others(Fields& f) {
    f("weights", weights, "A first value for the rows.").hidden();
    f("lora_rank", lora_rank, kLoraRank).hidden();
    f("lora_alpha", lora_alpha, kLoraAlpha).hidden();
    f("quantization_config", quantization_config, kQuantizationConfig);
  }
};

struct ReversibleEmbeddingArgs : EmbeddingArgs {
  bool tie_weights = true;
  Value reverse_dtype, logit_soft_cap;
  void fields(Fields& f) {
    table(f);
    f("tie_weights", tie_weights, "Whether the projection back uses the transposed rows, and no weights of its own.");
    regularized(f);
    f("reverse_dtype", reverse_dtype, "Dtype of the projection back; the layer's compute dtype where None.");
    f("logit_soft_cap", logit_soft_cap, "Bounds what the projection back gives: c tanh(x / c).");
    others(f);
  }
};

// Rows of a table by index: (batch, ...) of ints -> (batch, ..., output_dim).
template <class Args>
class EmbeddingTable : public LayerWith<Args>, public QuantizableLayer {
 public:
  explicit EmbeddingTable(Args a, LayerArgs base) : LayerWith<Args>(std::move(a), std::move(base)) {
    rows_ = positive("input_dim", this->args.input_dim), width_ = positive("output_dim", this->args.output_dim);
    if (!this->args.embeddings_initializer) this->args.embeddings_initializer = "uniform";
    check_lora(this->args.lora_rank, this->args.lora_alpha);
    this->supports_masking_ = this->args.mask_zero;
    this->set_autocast(false);
  }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes&) override {
    if (!this->build_quantized())
      embeddings_ = this->add_weight("embeddings", {rows_, width_},
                                     {.initializer = this->args.embeddings_initializer,
                                      .regularizer = this->args.embeddings_regularizer,
                                      .constraint = this->args.embeddings_constraint});
    this->start_lora(this->args.lora_rank, {});
  }
  LoraTarget lora_target() override {
    return {*this,
            embeddings_,
            {rows_, width_},
            "lora_embeddings",
            "embedding",
            this->args.embeddings_regularizer,
            this->args.embeddings_constraint};
  }
  // A scale a row: there are more rows than columns.
  std::vector<QuantizedWeight> quantized_weights() override {
    return {{.name = "embeddings",
             .variable = &embeddings_,
             .shape = {rows_, width_},
             .shared = {1},
             .layout = {0},
             .grouped = 1}};
  }
  QuantizationConfigRef& quantization_config() override { return this->args.quantization_config; }
  Dict get_config() const override {
    Dict config = LayerWith<Args>::get_config();
    if (!config.contains("activity_regularizer")) config.set("activity_regularizer", Value());
    this->write_lora(config, this->args.lora_rank, this->args.lora_alpha);
    return config;
  }
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor index = is_int(x.dtype()) && x.dtype() != DType::uint64 ? x : prim::cast(x, DType::int32);
    if (this->quantized()) return this->rows(index);
    Tensor out = ops::take(this->adapted(embeddings_), index, 0);
    return prim::cast(out, this->compute_dtype());
  }
  Value compute_mask(const Value& inputs, const Value&) override {
    if (!this->args.mask_zero || !inputs.is_tensor()) return {};
    return ops::not_equal(inputs.as_tensor(), 0);
  }

 protected:
  void start() {  // when the class is whole
    const Value first = this->args.weights;
    if (first.is_none()) return;
    this->build_from(BuildShapes(Dict{}));
    Value w = first.is_sequence() && first.as_list().size() == 1 ? first.as_list()[0] : first;
    embeddings_.assign(value_to<Operand>(w).value());
  }
  int64_t rows_ = 0, width_ = 0;
  Variable embeddings_;

 private:
  static int64_t positive(const char* name, const Value& v) {
    if (!v.is_int() || v.as_int() <= 0)
      throw ValueError("`", name, "` must be a positive integer. Received: ", name, "=", v.repr());
    return v.as_int();
  }
};

class EmbeddingLayer final : public EmbeddingTable<EmbeddingArgs> {
 public:
  explicit EmbeddingLayer(EmbeddingArgs a = {}, LayerArgs base = {}) : EmbeddingTable(std::move(a), std::move(base)) {
    start();
  }
  std::string class_name() const override { return "Embedding"; }
};

// With reverse=True, from rows back to scores of all indices: (batch, ..., output_dim) -> (batch, ..., input_dim).
class ReversibleEmbedding final : public EmbeddingTable<ReversibleEmbeddingArgs> {
 public:
  explicit ReversibleEmbedding(ReversibleEmbeddingArgs a = {}, LayerArgs base = {})
      : EmbeddingTable(std::move(a), std::move(base)) {
    start();
  }
  std::string class_name() const override { return "ReversibleEmbedding"; }
  std::vector<std::string> call_extras() const override { return {"reverse"}; }
  void build(const BuildShapes& shapes) override {
    EmbeddingTable::build(shapes);
    if (!args.tie_weights && !quantized())
      reverse_embeddings_ =
          add_weight("reverse_embeddings", {width_, rows_}, {.initializer = args.embeddings_initializer});
  }
  std::vector<QuantizedWeight> quantized_weights() override {
    std::vector<QuantizedWeight> weights = EmbeddingTable::quantized_weights();
    if (!args.tie_weights)
      weights.push_back({.name = "reverse_embeddings",
                         .variable = &reverse_embeddings_,
                         .shape = {width_, rows_},
                         .shared = {0},
                         .layout = {1},
                         .packed = 0,
                         .byte_zeros = false});
    return weights;
  }
  Tensor call(const Tensor& x, const CallContext& c) override {
    const Value* reverse = c.kwargs.find("reverse");
    if (!reverse || reverse->is_none() || !reverse->as_bool()) {
      Tensor out = EmbeddingTable::call(x, c);
      if (Value mask = EmbeddingTable::compute_mask(x, {}); mask.is_tensor()) out.set_mask(mask.as_tensor());
      return out;
    }
    return capped(quantized() ? quantized_logits(x) : logits_of(x));
  }
  Value compute_mask(const Value&, const Value&) override { return {}; }  // call() knows whether there is one

 protected:
  QuantizerRef default_inputs_quantizer(const std::string&) const override { return abs_max_quantizer(); }

 private:
  Tensor logits_of(const Tensor& x) {
    const DType dtype = args.reverse_dtype.is_none() ? compute_dtype() : parse_dtype(args.reverse_dtype.as_string());
    Tensor kernel = args.tie_weights ? prim::transpose(adapted(embeddings_), {1, 0}) : reverse_embeddings_.value();
    return ops::matmul(prim::cast(x, dtype), prim::cast(kernel, dtype));
  }
  // LoRA is for the rows alone.
  Tensor quantized_logits(const Tensor& x) {
    static const QuantizedProduct tied = QuantizedProduct::einsum("...d,nd->...n", "...n,nd->...d", {-1}, {}),
                                  own = QuantizedProduct::last_axis();
    return args.tie_weights ? product(x, 0, tied, false, false) : product(x, 1, own, false, false);
  }
  Tensor capped(const Tensor& logits) const {
    if (args.logit_soft_cap.is_none()) return logits;
    const double cap = args.logit_soft_cap.as_number();
    return prim::multiply(ops::tanh(prim::multiply(logits, 1 / cap)), cap);
  }
  Variable reverse_embeddings_;
};

LAMINA_LAYER(EmbeddingLayer, "Embedding", "Turns indices into rows of a trained table.",
             Doc{.call = "inputs: A tensor of integers below `input_dim`.",
                 .input = "Any.",
                 .output = "The input's shape with an axis of size `output_dim` added.",
                 .example = R"py(
>>> keras.layers.Embedding(10, 4)(keras.ops.array([[1, 2, 3]])).shape
(1, 3, 4))py"});
LAMINA_LAYER(ReversibleEmbedding, "ReversibleEmbedding",
             "Turns indices into rows of a trained table and, called with reverse=True, rows into scores of indices "
             "(Press and Wolf, 2016).",
             Doc{.call = "inputs: A tensor of integers below `input_dim`, or with `reverse` a tensor (..., "
                         "output_dim).\nreverse: Whether to give scores for all entries in place of the vectors.",
                 .input = "Any.",
                 .output = "The input's shape with an axis of size `output_dim` added; with `reverse` the last axis "
                           "has the size `input_dim`.",
                 .example = R"py(
>>> layer = keras.layers.ReversibleEmbedding(10, 4)
>>> layer(layer(keras.ops.array([[1, 2]])), reverse=True).shape
(1, 2, 10))py"});

}  // namespace
}  // namespace lamina
