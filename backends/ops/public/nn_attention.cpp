#include "backends/ops/public/nn_attention.h"

#include <cmath>

#include "backends/ops/attention/attention.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

namespace {

using namespace prim;

Tensor attention_impl(const Operand& query, const Operand& key, const Operand& value,
                      const std::optional<Operand>& bias, const std::optional<Operand>& mask,
                      const std::optional<double>& scale, bool is_causal, const std::optional<bool>&,
                      const std::optional<double>& soft_cap) {
  DType type = float_type({&query, &key, &value});
  Tensor q = query.as(type), k = key.as(type), v = value.as(type);
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4)
    throw ValueError("`dot_product_attention` only supports 4D inputs. Received: query.shape=", q.shape(),
                     ", key.shape=", k.shape(), ", value.shape=", v.shape(), ".");
  const int64_t heads = q.shape()[2], groups = k.shape()[2], depth = q.shape()[3];
  Shape out = q.shape();
  out[3] = v.shape()[3];
  if (q.shape_only() || k.shape_only() || v.shape_only()) return Tensor::spec_only(out, type);
  if (heads >= 0 && groups > 0 && heads % groups)
    throw ValueError("the number of query heads (", heads, ") must be a multiple of the number of key heads (", groups,
                     ").");
  if (!q.shape().known() || !k.shape().known() || !v.shape().known()) return Tensor::spec_only(out, type);
  const DType compute = soft_cap ? at_least_float32(type) : type;
  q = cast(q, compute), k = cast(k, compute), v = cast(v, compute);
  auto four_axes = [](const Tensor& t) {  // missing leading axes count as 1
    Shape s = t.shape();
    while (s.rank() < 4) s.insert(0, 1);
    return s == t.shape() ? t : reshape(t, s);
  };
  Tensor given_bias = bias ? four_axes(bias->as(compute)) : Tensor(),
         given_mask = mask ? four_axes(as_bool(*mask)) : Tensor();
  const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(depth)));
  if (!soft_cap) return cast(prim::attention(q, k, v, given_bias, given_mask, factor, is_causal), type);
  return cast(prim::attention_composed(q, k, v, given_bias, given_mask, factor, is_causal, soft_cap).out, type);
}
const auto attention_op =
    public_op("dot_product_attention", "keras.src.ops.nn.DotProductAttention",
              "softmax(q k^T * scale + bias) v a head, where the mask allows (Vaswani et al., 2017).", attention_impl,
              {{"query", required, "Queries (batch, queries, heads, size)."},
               {"key", required, "Keys (batch, keys, key heads, size); their heads divide those of the queries."},
               {"value", required, "Values (batch, keys, key heads, size)."},
               {"bias", Value(), "What is added to the scores; broadcasts to (batch, heads, queries, keys)."},
               {"mask", Value(), "A bool tensor: which keys each query may see; broadcasts likewise."},
               OpArgument("scale", Value(), "What the scores are multiplied with; None is 1 / sqrt(size).").in_call(),
               {"is_causal", false, "Whether queries see no later keys."},
               {"flash_attention", Value(), "True asks for a kernel that keeps no scores; None leaves the choice."},
               {"attn_logits_soft_cap", Value(), "A bound that scores approach by a tanh; None for none."}},
              {.returns = "A tensor (batch, queries, heads, size).",
               .raises = "ValueError: if an operand has not four axes or the heads do not fit.",
               .source = "Vaswani et al., \"Attention Is All You Need\" (2017).",
               .example = R"py(
>>> query, key = keras.ops.ones((1, 2, 1, 4)), keras.ops.ones((1, 3, 1, 4))
>>> keras.ops.dot_product_attention(query, key, key).shape
(1, 2, 1, 4))py"});

}  // namespace

Tensor dot_product_attention(const Operand& query, const Operand& key, const Operand& value,
                             const std::optional<Operand>& bias, const std::optional<Operand>& mask,
                             const std::optional<double>& scale, bool is_causal,
                             const std::optional<bool>& flash_attention,
                             const std::optional<double>& attn_logits_soft_cap) {
  return attention_op(query, key, value, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap);
}

}  // namespace lamina::ops
