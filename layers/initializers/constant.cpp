// Initializers without random numbers: Zeros, Ones, Constant, Identity.
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "layers/initializers/initializer.h"

namespace lamina {

namespace {

DType or_floatx(std::optional<DType> dtype) { return dtype.value_or(settings().floatx()); }

struct NoArgs {
  void fields(Fields&) {}
};
class Zeros final : public Config<Initializer, NoArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "Zeros"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override { return prim::full(shape, 0, or_floatx(dtype)); }
};
LAMINA_CLASS(Zeros, "keras.initializers", "All zeros.", {"zeros"});

class Ones final : public Config<Initializer, NoArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "Ones"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override { return prim::full(shape, 1, or_floatx(dtype)); }
};
LAMINA_CLASS(Ones, "keras.initializers", "All ones.", {"ones"});

struct ConstantArgs {
  Value value = 0.0;
  void fields(Fields& f) { f("value", value, "A number, or an array of the variable's shape."); }
};
class Constant final : public Config<Initializer, ConstantArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "Constant"; }
  Dict get_config() const override { return {{"value", serialize_value(args.value)}}; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    Value v = is_serialized_object(args.value) ? deserialize_value(args.value) : args.value;
    Tensor t = value_to<Operand>(v).as(or_floatx(dtype));
    return prim::broadcast_to(t, shape);
  }
};
LAMINA_CLASS(Constant, "keras.initializers", "All elements one value.", {"constant"});

struct IdentityArgs {
  double gain = 1;
  void fields(Fields& f) { f("gain", gain, "Factor of the identity matrix."); }
};
class Identity final : public Config<Initializer, IdentityArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "Identity"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    if (shape.rank() != 2) throw ValueError("Identity matrix initializer can only be used for 2D matrices. Received: shape=", shape, " of rank ", shape.rank(), ".");
    Tensor row = prim::reshape(prim::iota(shape[0], DType::int32), {shape[0], 1});
    Tensor column = prim::reshape(prim::iota(shape[1], DType::int32), {1, shape[1]});
    return prim::multiply(prim::cast(prim::binary(Binary::equal, row, column), or_floatx(dtype)), args.gain);
  }
};
LAMINA_CLASS(Identity, "keras.initializers", "The identity matrix.", {"identity", "IdentityInitializer"});

}  // namespace
}  // namespace lamina
