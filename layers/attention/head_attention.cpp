#include "layers/attention/head_attention.h"

#include "serialization/objects/object_config.h"

namespace lamina {

void HeadAttentionArgs::first_fields(Fields& f) {
  f("dropout", dropout, "Share of the attention weights to drop in training.");
  f("use_bias", use_bias, "Whether the projections add a bias.");
}
void HeadAttentionArgs::middle_fields(Fields& f) {
  f("sliding_window", sliding_window, "Queries see keys less than this many positions away; None for all.");
  f("flash_attention", flash_attention,
    "True requires attention in blocks, which excludes dropout and returned scores; it is used anyway where it can be.")
      .hidden();
}
void HeadAttentionArgs::last_fields(Fields& f) {
  f("kernel_initializer", kernel_initializer, "Initializer of the projections' kernels.").shown("glorot_uniform");
  f("bias_initializer", bias_initializer, "Initializer of the projections' biases.").shown("zeros");
  f("kernel_regularizer", kernel_regularizer, "Penalty on the kernels.");
  f("bias_regularizer", bias_regularizer, "Penalty on the biases.");
  f("kernel_constraint", kernel_constraint, "Projection of the kernels after each update.");
  f("bias_constraint", bias_constraint, "Projection of the biases after each update.");
  f("use_gate", use_gate, "Whether to multiply the heads' outputs by a sigmoid of the query.");
  f("seed", seed, "An int or a SeedGenerator, for dropout.");
}

namespace {
bool is_true(const Value& v) { return !v.is_none() && v.as_bool(); }
bool flag(const CallContext& c, const char* name) {
  const Value* v = c.kwargs.find(name);
  return v && is_true(*v);
}
// Masks are this layer's business: its projections, which have no use for one, are told that there is none.
Tensor project_unmasked(const LayerPtr& projection, const Tensor& x) {
  return projection->invoke({Value(x)}, {{"mask", Value()}}).as_tensor();
}
}  // namespace

bool HeadAttention::requires_blocks() const { return is_true(common().flash_attention); }

void HeadAttention::check_common() const {
  const HeadAttentionArgs& a = common();
  if (!a.sliding_window.is_none() && (!a.sliding_window.is_int() || a.sliding_window.as_int() <= 0))
    throw ValueError("`sliding_window` must be `None` or a positive integer. Received: sliding_window=",
                     a.sliding_window.repr());
  if (requires_blocks() && a.dropout > 0)
    throw ValueError(
        "Dropout is not supported when flash attention is enabled. Please set dropout to 0.0 to use flash attention.");
}

LayerPtr HeadAttention::projection(const std::string& attribute, const std::string& name, const std::string& equation,
                                   const Value& output_shape, const std::string& bias_axes, const Shape& input,
                                   const char* activation) {
  const HeadAttentionArgs& a = common();
  Dict config{{"name", name}, {"equation", equation}, {"output_shape", output_shape}};
  if (a.use_bias) config.set("bias_axes", bias_axes);
  if (activation) config.set("activation", activation);
  config.set("dtype", Value(ObjectPtr(dtype_policy())));  // a map is one for all
  // Copies: every projection draws values of its own.
  config.set("kernel_initializer", to_value(a.kernel_initializer));
  config.set("bias_initializer", to_value(a.bias_initializer));
  config.set("kernel_regularizer", Value(a.kernel_regularizer.pointer()));
  config.set("bias_regularizer", Value(a.bias_regularizer.pointer()));
  config.set("activity_regularizer", Value(activity_regularizer().pointer()));
  config.set("kernel_constraint", Value(a.kernel_constraint.pointer()));
  config.set("bias_constraint", Value(a.bias_constraint.pointer()));
  auto layer = std::dynamic_pointer_cast<Layer>(get_object(
      Value(Dict{
          {"module", "keras.layers"}, {"class_name", "EinsumDense"}, {"config", config}, {"registered_name", Value()}}),
      "keras.layers"));
  add_layer(attribute, layer);
  NameScope scope(this->name(), this);  // a call of build() by the user opens none
  layer->build_from(BuildShapes(Dict{{"inputs", Value(input)}}));
  return layer;
}

void HeadAttention::write_projection_policies(Dict& config) const {
  const auto* map = dynamic_cast<const DTypePolicyMap*>(dtype_policy().get());
  if (map || !quantization_mode().empty()) return;  // it says so already
  Dict policies;
  for (const LayerPtr& projection : {query_, key_, value_, output_, gate_})
    if (projection && !projection->quantization_mode().empty())  // by its name, wherever the layer stands
      policies.set(".*/" + projection->name(), Value(ObjectPtr(projection->dtype_policy())));
  if (policies.empty()) return;
  const auto all = std::make_shared<DTypePolicyMap>(
      DTypePolicyMap::Args{.default_policy = Value(ObjectPtr(dtype_policy())), .policy_map = Value(policies)});
  config.set("dtype", serialize_object(all));
}

void HeadAttention::make_score_layers(const Value& softmax_axis) {
  auto make = [&](const char* class_name, Dict config) {
    config.set("dtype", Value(ObjectPtr(dtype_policy())));  // a map is one for all
    return std::dynamic_pointer_cast<Layer>(get_object(
        Value(Dict{
            {"module", "keras.layers"}, {"class_name", class_name}, {"config", config}, {"registered_name", Value()}}),
        "keras.layers"));
  };
  add_layer("_softmax", make("Softmax", {{"axis", softmax_axis}}));
  dropout_ = add_layer("_dropout_layer", make("Dropout", {{"rate", common().dropout}, {"seed", common().seed}}));
}

// Which keys a query sees, (B, T, S), from the masks of query, key and value, causality and the window, and the
// caller's attention_mask, of any shape that broadcasts to (B, N, T, S) with the heads possibly left out. Undefined:
// all.
Tensor HeadAttention::combined_mask(const List& inputs, const CallContext& c, bool causal) const {
  const Tensor &query = inputs[0].as_tensor(), &value = inputs[1].as_tensor();
  auto given = [&](const char* name, size_t input) {
    const Value* v = c.kwargs.find(name);
    if (v && v->is_tensor()) return v->as_tensor();
    return input < inputs.size() && inputs[input].is_tensor() ? inputs[input].as_tensor().mask() : Tensor();
  };
  Tensor all;
  auto restrict_to = [&](const Tensor& mask) {
    all = all.defined() ? ops::logical_and(all, mask) : ops::cast(mask, DType::boolean);
  };
  if (Tensor m = given("query_mask", 0); m.defined())
    restrict_to(prim::expand_dims(prim::cast(m, DType::boolean), m.rank()));
  if (Tensor m = given("value_mask", 1); m.defined())
    restrict_to(prim::expand_dims(prim::cast(m, DType::boolean), m.rank() - 1));
  if (Tensor m = given("key_mask", 2); m.defined())
    restrict_to(prim::expand_dims(prim::cast(m, DType::boolean), m.rank() - 1));
  if (causal) restrict_to(past_of(query.shape()[1], value.shape()[1]));
  if (!common().sliding_window.is_none())
    restrict_to(window_of(query.shape()[1], value.shape()[1], common().sliding_window.as_int()));
  if (const Value* v = c.kwargs.find("attention_mask"); v && v->is_tensor()) restrict_to(v->as_tensor());
  return all;
}

void HeadAttention::fail_without_value() const {
  throw TypeError("The ", describe(), " needs the arguments `query` and `value`: layer(query, value).");
}

HeadAttention::Shapes HeadAttention::shapes_from(const BuildShapes& shapes) const {
  if (!shapes.all().contains("value")) fail_without_value();
  return {shapes.of("query"), shapes.of("value"), shapes.of(shapes.all().contains("key") ? "key" : "value")};
}

Value HeadAttention::call(const List& inputs, const CallContext& c) {
  if (inputs.size() < 2 || !inputs[1].is_tensor()) fail_without_value();
  const Tensor &query = inputs[0].as_tensor(), &value = inputs[1].as_tensor();
  Tensor key = inputs.size() > 2 && inputs[2].is_tensor() ? inputs[2].as_tensor() : value;
  const bool want_scores = flag(c, "return_attention_scores"), causal = flag(c, "use_causal_mask");
  if (want_scores && requires_blocks())
    throw ValueError(
        "Returning attention scores is not supported when flash attention is enabled. Please disable flash attention "
        "to access attention scores.");
  // Causality alone is the kernel's own business: blocks beyond the diagonal are left out.
  Tensor mask;
  bool causal_alone = false;
  const bool own = !overrides(Method::compute_attention);
  if (query.shape().known() && value.shape().known()) {
    mask = combined_mask(inputs, c, false);
    causal_alone = causal && !mask.defined() && own;
    if (causal && !causal_alone) mask = combined_mask(inputs, c, true);
  }
  Tensor gate = gate_ ? project_unmasked(gate_, query) : Tensor();
  Tensor q = project_unmasked(query_, query), k = project_unmasked(key_, key), v = project_unmasked(value_, value);
  Attended found;
  if (own) {
    found = attend(q, k, v, mask, causal_alone, c.training, want_scores);
  } else {
    const Value made = user_class->call(
        Method::compute_attention, {q, k, v},
        {{"attention_mask", mask}, {"training", c.training}, {"return_attention_scores", want_scores}});
    found.out = made.as_list().at(0).as_tensor();
    if (made.as_list().at(1).is_tensor()) found.scores = made.as_list()[1].as_tensor();
  }
  if (gate.defined()) found.out = ops::multiply(found.out, gate);
  Tensor out = (*output_)(found.out);
  return want_scores ? Value::tuple({out, found.scores}) : Value(out);
}

HeadAttention::Attended HeadAttention::attend_in_blocks(const Tensor& query, const Tensor& key, const Tensor& value,
                                                        const Tensor& mask, bool causal, double scale) {
  std::optional<Operand> given;
  if (mask.defined()) {  // heads stand before the last two axes
    Tensor wide = mask;
    while (wide.rank() < 4) wide = prim::expand_dims(wide, std::max(0, wide.rank() - 2));
    given = wide;
  }
  return {ops::dot_product_attention(query, key, value, {}, given, scale, causal), {}};
}

HeadAttention::Attended HeadAttention::attend_plainly(const Tensor& query, const Tensor& key, const Tensor& value,
                                                      const Tensor& mask, bool causal, const std::vector<int>& axes,
                                                      double scale, bool training) {
  // Letters: a... for the query's axes, A... for the key's axes that attend.
  const int rank = query.rank();
  std::string target, source, scores, attended;
  for (int i = 0; i < rank; ++i) {
    const bool attends = std::find(axes.begin(), axes.end(), i) != axes.end();
    target += static_cast<char>('a' + i);
    source += static_cast<char>((attends ? 'A' : 'a') + i);
    if (!attends && i != rank - 1) scores += target.back();
  }
  for (int a : axes) scores += target[static_cast<size_t>(a)];
  for (int a : axes) scores += source[static_cast<size_t>(a)];
  attended = scores + "," + source + "->" + target;
  Tensor logits =
      ops::einsum(source + "," + target + "->" + scores, {Operand(key), Operand(ops::multiply(query, scale))});
  Tensor visible = mask;
  if (causal && query.shape().known() && key.shape().known()) {
    Tensor past = past_of(query.shape()[1], key.shape()[1]);
    visible = mask.defined() ? ops::logical_and(mask, past) : past;
  }
  if (visible.defined()) {
    const int at = visible.rank() - static_cast<int>(axes.size()) * 2;
    while (visible.rank() < logits.rank()) visible = prim::expand_dims(visible, std::max(0, at));
    logits =
        ops::where(visible, logits, prim::full({}, logits.dtype() == DType::float16 ? -30000.0 : -1e9, logits.dtype()));
  }
  std::vector<int> last;
  for (int i = logits.rank() - static_cast<int>(axes.size()); i < logits.rank(); ++i) last.push_back(i);
  Tensor weights = ops::softmax(logits, last);
  if (visible.defined()) weights = ops::where(visible, weights, prim::full({}, 0, weights.dtype()));
  Tensor used = common().dropout > 0 ? (*dropout_)(weights, training) : weights;
  return {ops::einsum(attended, {Operand(used), Operand(value)}), weights};
}

}  // namespace lamina
