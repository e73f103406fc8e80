#pragma once
// Attention with several heads: what MultiHeadAttention and GroupQueryAttention share. Inputs are projected to heads,
// attend, and are projected back; `query`, `value` and `key` (the value where it is left out) come as arguments of
// their own.
#include "layers/attention/scores.h"

namespace lamina {

struct HeadAttentionArgs {
  double dropout = 0;
  bool use_bias = true;
  Value sliding_window, flash_attention;
  InitializerRef kernel_initializer, bias_initializer;
  RegularizerRef kernel_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, bias_constraint;
  bool use_gate = false;
  Value seed;
  void first_fields(Fields& f);
  void middle_fields(Fields& f);
  void last_fields(Fields& f);
};

// What MultiHeadAttention and GroupQueryAttention share: projections to heads, attention, and the projection back.
class HeadAttention : public Layer {
 public:
  bool call_takes_training() const override { return true; }
  std::vector<std::string> call_arguments() const override { return {"query", "value", "key"}; }
  std::vector<std::string> call_extras() const override {
    return {"query_mask", "value_mask", "key_mask", "attention_mask", "return_attention_scores", "use_causal_mask"};
  }
  Value call(const List& inputs, const CallContext& c) override;
  bool requires_blocks() const;  // flash_attention=True
  // The query's.
  Value compute_mask(const Value&, const Value& mask) override { return mask; }

  // The heads attend, where the mask allows and, if causal, no key comes after its query: query (B, T..., N, D), key
  // (B, S..., K, D), value (B, S..., K, V) -> (B, T..., N, V).
  struct Attended {
    Tensor out, scores;  // scores only where asked for
  };
  virtual Attended attend(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, bool causal,
                          bool training, bool want_scores) = 0;

 protected:
  explicit HeadAttention(LayerArgs base) : Layer(std::move(base)) { supports_masking_ = true; }
  void check_common() const;
  virtual const HeadAttentionArgs& common() const = 0;
  // In blocks; positions on one axis.
  static Attended attend_in_blocks(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                                   bool causal, double scale);
  // The plain way in einsums, where scores are wanted or dropped, or positions have several axes. axes: those that
  // attend.
  Attended attend_plainly(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, bool causal,
                          const std::vector<int>& axes, double scale, bool training);

  struct Shapes {
    Shape query, value, key;
  };
  Shapes shapes_from(const BuildShapes& shapes) const;  // TypeError without a value
  // An EinsumDense with this layer's initializers and so on, built for `input`.
  LayerPtr projection(const std::string& attribute, const std::string& name, const std::string& equation,
                      const Value& output_shape, const std::string& bias_axes, const Shape& input,
                      const char* activation = nullptr);
  // Softmax and Dropout, as Keras lists them among the sublayers.
  void make_score_layers(const Value& softmax_axis);
  // Projections that were quantized after they were made have policies of their own: a config without these would make
  // projections into which no file of their weights fits. Sets a map of the policies, if there are any.
  void write_projection_policies(Dict& config) const;

  LayerPtr query_, key_, gate_, value_, output_;

 private:
  [[noreturn]] void fail_without_value() const;
  LayerPtr dropout_;
  Tensor combined_mask(const List& inputs, const CallContext& c, bool causal) const;
};

// A class of these with an argument struct.
template <class A>
class HeadAttentionWith : public Configured<HeadAttention, A> {
 public:
  HeadAttentionWith(const A& a, LayerArgs base) : Configured<HeadAttention, A>(a, std::move(base)) {
    if (!this->args.kernel_initializer) this->args.kernel_initializer = "glorot_uniform";
    if (!this->args.bias_initializer) this->args.bias_initializer = "zeros";
    this->check_common();
  }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    write_fields(config, this->args);
    config.set("activity_regularizer", to_value(this->activity_regularizer()));
    this->write_projection_policies(config);
    return config;
  }
  bool set_argument(const std::string& name, const Value& value) override {
    if (!set_field(this->class_name(), name, value, [this](Fields& f) { this->args.fields(f); })) return false;
    this->note_change();
    return true;
  }

 protected:
  const HeadAttentionArgs& common() const override { return this->args; }
};

}  // namespace lamina
