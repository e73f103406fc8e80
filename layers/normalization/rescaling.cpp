#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"
#include "serialization/objects/object_config.h"

namespace lamina {

namespace {

struct RescalingArgs {
  Value scale, offset = 0.0;
  void fields(Fields& f) {
    f("scale", scale, "Factor.").required();
    f("offset", offset, "Added afterwards.");
  }
};
class RescalingLayer final : public LayerWith<RescalingArgs> {
 public:
  explicit RescalingLayer(RescalingArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    args.scale = deserialize_value(args.scale), args.offset = deserialize_value(args.offset);
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "Rescaling"; }
  Dict get_config() const override {
    Dict config = LayerWith::get_config();
    for (const char* name : {"scale", "offset"}) config.set(name, plain(config.at(name)));
    return config;
  }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor y = prim::cast(x, compute_dtype()), scale = value_to<Operand>(args.scale).as(compute_dtype());
    if (!settings().channels_last() && scale.rank() > 0 && scale.rank() < 3) {
      Shape of_planes = scale.shape();  // the first axis of images is that of channels
      while (of_planes.rank() < 3) of_planes.push_back(1);
      scale = prim::reshape(scale, of_planes);
    }
    y = prim::multiply(y, scale);
    return prim::add(y, value_to<Operand>(args.offset).as(compute_dtype()));
  }

 private:
  // An array as files hold it; one number as a number.
  static Value plain(const Value& v) {
    if (!v.is_tensor()) return v;
    if (v.as_tensor().rank() == 0) return v.as_tensor().item();
    Dict d = serialize_value(v).as_dict();
    d.set("class_name", "__numpy__");
    return d;
  }
};
LAMINA_LAYER(RescalingLayer, "Rescaling", "x * scale + offset.",
             Doc{.call = about::inputs, .input = "Any.", .output = "That of the input.", .example = R"py(
>>> keras.layers.Rescaling(1 / 255)(keras.ops.array([0.0, 255.0]))
<Tensor shape=(2,), dtype=float32, values=[0. 1.]>)py"});

}  // namespace
}  // namespace lamina
