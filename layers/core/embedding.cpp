#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct EmbeddingArgs {
  Value input_dim = 0, output_dim = 0;
  InitializerRef embeddings_initializer;
  RegularizerRef embeddings_regularizer;
  ConstraintRef embeddings_constraint;
  bool mask_zero = false;
  Value weights, lora_rank, lora_alpha, quantization_config;
  void fields(Fields& f) {
    f("input_dim", input_dim, "Number of rows: the largest index plus 1.").required();
    f("output_dim", output_dim, "Size of a row.").required();
    f("embeddings_initializer", embeddings_initializer, "Initializer of the rows.");
    f("embeddings_regularizer", embeddings_regularizer, "Penalty on the rows.");
    f("embeddings_constraint", embeddings_constraint, "Projection after each update.");
    f("mask_zero", mask_zero, "Whether index 0 is padding: the output then carries a mask.");
    f("weights", weights, "A first value for the rows.").hidden();
    f("lora_rank", lora_rank, "Not supported; must be None.").hidden();
    f("lora_alpha", lora_alpha, "Not supported; must be None.").hidden();
    f("quantization_config", quantization_config, "Not supported; must be None.").hidden();
  }
};

// Rows of a table by index: (batch, ...) of ints -> (batch, ..., output_dim).
class EmbeddingLayer final : public LayerWith<EmbeddingArgs> {
 public:
  explicit EmbeddingLayer(EmbeddingArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    rows_ = positive("input_dim", args.input_dim), width_ = positive("output_dim", args.output_dim);
    if (!args.embeddings_initializer) args.embeddings_initializer = "uniform";
    supports_masking_ = args.mask_zero;
    set_autocast(false);
    Value first = args.weights;
    build_from(BuildShapes(Dict{}));
    if (!first.is_none()) {
      Value w = first.is_sequence() && first.as_list().size() == 1 ? first.as_list()[0] : first;
      embeddings_.assign(value_to<Operand>(w).value());
    }
  }
  std::string class_name() const override { return "Embedding"; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes&) override {
    embeddings_ = add_weight("embeddings", {rows_, width_}, {.initializer = args.embeddings_initializer, .regularizer = args.embeddings_regularizer, .constraint = args.embeddings_constraint});
  }
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor index = is_int(x.dtype()) && x.dtype() != DType::uint64 ? x : prim::cast(x, DType::int32);
    Tensor out = ops::take(embeddings_.value(), index, 0);
    return prim::cast(out, compute_dtype());
  }
  Value compute_mask(const Value& inputs, const Value&) override {
    if (!args.mask_zero || !inputs.is_tensor()) return {};
    return ops::not_equal(inputs.as_tensor(), 0);
  }

 private:
  static int64_t positive(const char* name, const Value& v) {
    if (!v.is_int() || v.as_int() <= 0) throw ValueError("`", name, "` must be a positive integer. Received: ", name, "=", v.repr());
    return v.as_int();
  }
  int64_t rows_ = 0, width_ = 0;
  Variable embeddings_;
};

LAMINA_LAYER(EmbeddingLayer, "Embedding", "Turns indices into rows of a trained table.");

}  // namespace
}  // namespace lamina
