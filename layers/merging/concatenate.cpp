#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/merging/masks.h"

namespace lamina {

namespace {

struct ConcatenateArgs {
  int axis = -1;
  void fields(Fields& f) { f("axis", axis, "Axis to concatenate along."); }
};
class ConcatenateLayer final : public LayerWith<ConcatenateArgs> {
 public:
  explicit ConcatenateLayer(ConcatenateArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    supports_masking_ = true;
  }
  std::string class_name() const override { return "Concatenate"; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    if (shapes.empty() || is_shape(shapes.first()) || shapes.shapes().empty())
      throw ValueError("A `Concatenate` layer should be called on a list of at least 1 input. Received: input_shape=",
                       shapes.empty() ? std::string("None") : shapes.first().repr());
    auto all = shapes.shapes();
    for (const Shape& s : all) {
      bool fits = s.rank() == all[0].rank();
      int axis = args.axis < 0 ? args.axis + s.rank() : args.axis;
      for (int i = 0; fits && i < s.rank(); ++i) fits = i == axis || s[i] == all[0][i] || s[i] < 0 || all[0][i] < 0;
      if (!fits)
        throw ValueError(
            "A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. Received: "
            "input_shape=",
            shapes.first().repr());
    }
  }
  Tensor call(const Tensors& xs, const CallContext&) override {
    std::vector<Operand> list(xs.begin(), xs.end());
    return ops::concatenate(list, args.axis);
  }
  Value compute_mask(const Value& inputs, const Value& mask) override {
    if (mask.is_none()) return {};
    const List& given = masks_of(inputs, mask);
    if (flatten_tensors(mask).empty()) return {};
    std::vector<Operand> masks;  // of every element; public ops, which symbolic tensors record
    for (size_t i = 0; i < given.size(); ++i) {
      const Tensor t = value_to<Operand>(inputs.as_list()[i]).value();
      if (!given[i].is_tensor()) {
        masks.push_back(ops::ones_like(t, DType::boolean));
        continue;
      }
      Tensor m = bool_mask(given[i].as_tensor());
      while (m.rank() < t.rank()) m = ops::expand_dims(m, m.rank());
      masks.push_back(ops::logical_or(m, ops::zeros_like(t, DType::boolean)));
    }
    return ops::any(ops::concatenate(masks, args.axis), Axes{{-1}});
  }
};
LAMINA_LAYER(ConcatenateLayer, "Concatenate", "Inputs one after the other along an axis.",
             Doc{.call = about::merged,
                 .input = "Tensors that agree in all axes but `axis`.",
                 .output = "A tensor with the sizes along `axis` added up.",
                 .raises = "ValueError: if the inputs are no list, or their shapes do not fit.",
                 .example = R"py(
>>> keras.layers.Concatenate()([keras.ops.array([[1.0]]), keras.ops.array([[2.0]])])
<Tensor shape=(1, 2), dtype=float32, values=[[1. 2.]]>)py"});

}  // namespace
}  // namespace lamina
