#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct MaskingArgs {
  double mask_value = 0;
  void fields(Fields& f) { f("mask_value", mask_value, "Timesteps whose features all equal this are masked."); }
};
class MaskingLayer final : public LayerWith<MaskingArgs> {
 public:
  explicit MaskingLayer(MaskingArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "Masking"; }
  using Layer::call;
  Tensor kept(const Tensor& x) const {
    Tensor differs = prim::binary(Binary::not_equal, x, prim::full({}, args.mask_value, x.dtype()));
    return prim::reduce(Reduce::any, differs, {x.rank() - 1}, true);
  }
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor keep = kept(x);
    Tensor out = prim::multiply(x, prim::cast(keep, x.dtype()));
    out.set_mask(prim::squeeze(keep, -1));
    return out;
  }
  Value compute_mask(const Value& inputs, const Value&) override {
    if (!inputs.is_tensor()) return {};
    return ops::any(ops::not_equal(inputs.as_tensor(), args.mask_value), Axes{{-1}});  // recorded, if symbolic
  }
};
LAMINA_LAYER(MaskingLayer, "Masking", "Masks timesteps whose features all equal a value.",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, features).",
                 .output = "That of the input.",
                 .example = R"py(
>>> layer = keras.layers.Masking(mask_value=0.0)
>>> layer.compute_mask(keras.ops.array([[[1.0], [0.0]]]))
<Tensor shape=(1, 2), dtype=bool, values=[[ True False]]>)py"});

}  // namespace
}  // namespace lamina
