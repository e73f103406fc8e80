// Initializers without chance: zeros, ones, a constant, the identity.
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "layers/initializers/initializer.h"

namespace lamina {
namespace {

DType dtype_or_default(std::optional<DType> dtype) { return dtype.value_or(settings().floatx()); }

struct NoArgs {
  void fields(Fields&) {}
};

class Zeros final : public Config<Initializer, NoArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "Zeros"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    return prim::full(shape, 0, dtype_or_default(dtype));
  }
};
LAMINA_CLASS(Zeros, "keras.initializers", "All zeros.", {"zeros", "zero"}, Doc{.example = R"py(
>>> keras.initializers.Zeros()((2,))
<Tensor shape=(2,), dtype=float32, values=[0. 0.]>)py"});

class Ones final : public Config<Initializer, NoArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "Ones"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    return prim::full(shape, 1, dtype_or_default(dtype));
  }
};
LAMINA_CLASS(Ones, "keras.initializers", "All ones.", {"ones", "one"}, Doc{.example = R"py(
>>> keras.initializers.Ones()((2,))
<Tensor shape=(2,), dtype=float32, values=[1. 1.]>)py"});

struct ConstantArgs {
  Value value = 0.0;
  void fields(Fields& f) { f("value", value, "A number, or a tensor or nested list that broadcasts to the shape."); }
};
class Constant final : public Config<Initializer, ConstantArgs> {
 public:
  explicit Constant(ConstantArgs a) : Config(std::move(a)) { args.value = deserialize_value(args.value); }
  std::string class_name() const override { return "Constant"; }
  Dict get_config() const override { return {{"value", serialize_value(args.value)}}; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    DType type = dtype_or_default(dtype);
    if (args.value.is_number()) return prim::full(shape, args.value.as_number(), type);
    return prim::broadcast_to(value_to<Operand>(args.value).as(type), shape);
  }
};
LAMINA_CLASS(Constant, "keras.initializers", "One value everywhere.", {"constant"}, Doc{.example = R"py(
>>> keras.initializers.Constant(3.0)((2,))
<Tensor shape=(2,), dtype=float32, values=[3. 3.]>)py"});

struct IdentityArgs {
  double gain = 1;
  void fields(Fields& f) { f("gain", gain, "The value on the diagonal."); }
};
class Identity final : public Config<Initializer, IdentityArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "Identity"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    if (shape.rank() != 2)
      throw ValueError("Identity matrix initializer can only be used for 2D matrices. Received: shape=", shape,
                       " of rank ", shape.rank(), ".");
    Tensor rows = prim::expand_dims(prim::iota(shape[0], DType::int32), 1),
           columns = prim::iota(shape[1], DType::int32);
    DType type = dtype_or_default(dtype);
    return prim::multiply(prim::cast(prim::binary(Binary::equal, rows, columns), type), args.gain);
  }
};
LAMINA_CLASS(Identity, "keras.initializers", "The identity matrix times `gain`; only for two axes.",
             {"identity", "IdentityInitializer"},
             Doc{.raises = "ValueError: if the shape has not two axes.", .example = R"py(
>>> keras.initializers.Identity()((2, 2))
<Tensor shape=(2, 2), dtype=float32, values=[[1. 0.]
 [0. 1.]]>)py"});

}  // namespace
}  // namespace lamina
