#include "layers/core/input_layer.h"

#include "backends/core/settings.h"

namespace lamina {

void InputLayerArgs::fields(Fields& f) {
  f("shape", shape, "Shape of one sample, without the batch; None entries are unknown sizes.").hidden();
  f("batch_size", batch_size, "Batch size, if it is fixed.").hidden();
  f("dtype", dtype, "Dtype of the input; floatx by default.").shown({});
  f("sparse", sparse, "Not supported; must be False.").shown({});
  f("ragged", ragged, "Not supported; must be False.").shown({});
  f("batch_shape", batch_shape, "Shape with the batch, instead of `shape`.");
  f("input_tensor", input_tensor, "An existing symbolic tensor to wrap.").hidden();
  f("optional", optional, "Whether the model may be called without this input.");
}

InputLayer::InputLayer(InputLayerArgs a, LayerArgs base) : Layer(std::move(base)), args_own_(std::move(a)) {
  if (!args_own_.input_tensor.is_none()) check_against_tensor();
  for (auto [given, name] : {std::pair{args_own_.sparse, "sparse"}, {args_own_.ragged, "ragged"}})
    if (given) throw ValueError("`", name, "=True` is not supported: inputs are dense tensors.");
  if (args_own_.input_tensor.is_tensor())
    args_own_.batch_shape = Value(args_own_.input_tensor.as_tensor().shape()), args_own_.shape = {},
    args_own_.batch_size = {};
  Value batch = !args_own_.batch_shape.is_none() ? args_own_.batch_shape : layer_args().batch_shape;
  Value sample = !args_own_.shape.is_none() ? args_own_.shape : layer_args().input_shape;
  if (!batch.is_none() && !sample.is_none())
    throw ValueError("You cannot pass both `shape` and `batch_shape` at the same time.");
  if (!batch.is_none() && args_own_.batch_size)
    throw ValueError("You cannot pass both `batch_size` and `batch_shape` at the same time.");
  for (const Value& given : {batch, sample})
    if (given.is_int())
      throw ValueError("Cannot convert '", given.repr(),
                       "' to a shape: `shape` lists the sizes of the axes of one sample. "
                       "Write `shape=(",
                       given.repr(), ",)`.");
  if (!batch.is_none()) {
    shape_ = batch.as_shape();
  } else if (!sample.is_none()) {
    shape_ = sample.as_shape();
    shape_.insert(0, args_own_.batch_size.value_or(Shape::kUnknown));
  } else {
    throw ValueError("You must pass a `shape` argument.");
  }
  Value dtype = layer_args().dtype;
  std::string given = !args_own_.dtype.empty() ? args_own_.dtype : dtype.is_string() ? dtype.as_string() : "";
  dtype_ = args_own_.input_tensor.is_tensor() && given.empty() ? args_own_.input_tensor.as_tensor().dtype()
           : given.empty()                                     ? settings().floatx()
                                                               : parse_dtype(given);
  set_dtype_policy(std::make_shared<DTypePolicy>(std::string(name_of(dtype_))));
  set_built(true);
}

Dict InputLayer::get_config() const {
  return {{"batch_shape", Value(shape_)},
          {"dtype", Value(name_of(dtype_))},
          {"sparse", false},
          {"ragged", false},
          {"name", name()},
          {"optional", args_own_.optional}};
}

Value InputLayer::call(const List& inputs, const CallContext&) { return inputs.empty() ? Value() : inputs[0]; }

void InputLayer::check_against_tensor() const {
  if (!args_own_.input_tensor.is_tensor() || !args_own_.input_tensor.as_tensor().symbolic())
    throw ValueError("Argument `input_tensor` must be a KerasTensor. Received invalid type: input_tensor=",
                     args_own_.input_tensor.repr());
  const Tensor& t = args_own_.input_tensor.as_tensor();
  auto require = [&](bool fits, const char* name) {
    if (!fits)
      throw ValueError("When providing the `input_tensor` argument, you cannot provide an incompatible `", name,
                       "` argument. The tensor has shape ", t.shape(), " and dtype ", t.dtype(), ".");
  };
  Shape sample = t.shape();
  if (sample.rank()) sample.erase(0);
  if (!args_own_.shape.is_none()) require(args_own_.shape.as_shape() == sample, "shape");
  if (args_own_.batch_size) require(t.rank() && t.shape()[0] == *args_own_.batch_size, "batch_size");
  if (!args_own_.batch_shape.is_none()) require(args_own_.batch_shape.as_shape() == t.shape(), "batch_shape");
  std::string dtype = !args_own_.dtype.empty()         ? args_own_.dtype
                      : layer_args().dtype.is_string() ? layer_args().dtype.as_string()
                                                       : "";
  if (!dtype.empty()) require(parse_dtype(dtype) == t.dtype(), "dtype");
  require(!args_own_.sparse, "sparse");
  require(!args_own_.ragged, "ragged");
}

Tensor InputLayer::output() {
  if (args_own_.input_tensor.is_tensor()) return args_own_.input_tensor.as_tensor();
  if (name().empty()) set_name(auto_name("input_layer"));
  for (const auto& weak : inbound_nodes)
    if (NodePtr n = weak.lock()) {
      Tensor t = symbolic_tensor(shape_, dtype_, name());
      t.notes().history = n;
      return t;
    }
  Tensor out = record({}, {}, Tensor::spec_only(shape_, dtype_)).as_tensor();
  out.notes().name = name();
  return out;
}

Tensor InputLayer::make(InputLayerArgs args, LayerArgs base) {
  auto layer = std::make_shared<InputLayer>(std::move(args), std::move(base));
  return layer->output();
}

Tensor Input(const Shape& sample_shape, const std::string& name, const std::string& dtype) {
  InputLayerArgs args;
  args.shape = Value(sample_shape);
  args.dtype = dtype;
  LayerArgs base;
  base.name = name;
  return InputLayer::make(std::move(args), std::move(base));
}

namespace {
struct InputLayerRegistration {
  InputLayerRegistration() {
    ClassInfo info;
    info.name = "InputLayer";
    info.module = "keras.layers";
    info.base = "Layer";
    info.doc = "Entry of a functional model.";
    info.description = {.call = "It has no arguments: an InputLayer is where a model begins, not called.",
                        .input = "None: the model's input.",
                        .output = "`batch_shape`, or (batch_size, *shape).",
                        .raises = "ValueError: if both `shape` and `batch_shape` are given, or neither.",
                        .example = R"py(
>>> keras.layers.InputLayer(shape=(3,)).batch_shape
(None, 3))py"};
    info.make = [](const Dict& config) -> ObjectPtr {
      Dict own = config;
      InputLayerArgs args;
      if (const Value* d = own.find("dtype")) {
        if (d->is_string())
          args.dtype = d->as_string();
        else if (is_serialized_object(*d))
          args.dtype = name_of(get_dtype_policy(*d)->compute_dtype());
        own.erase("dtype");
      }
      if (const Value* s = own.find("batch_input_shape")) {
        args.batch_shape = *s;
        own.erase("batch_input_shape");
      }
      if (const Value* s = own.find("batch_shape")) {
        args.batch_shape = *s;
        own.erase("batch_shape");
      }
      std::string dtype = args.dtype;
      Value batch_shape = args.batch_shape;
      LayerArgs base = LayerArgs::take(own);
      read_fields("InputLayer", own, [&](Fields& f) { args.fields(f); });
      args.dtype = dtype;
      args.batch_shape = batch_shape;
      return std::make_shared<InputLayer>(std::move(args), std::move(base));
    };
    info.fields = [] {
      InputLayerArgs args;
      return describe_fields([&](Fields& f) { args.fields(f); });
    };
    register_class(std::move(info));
  }
} input_layer_registration;
}  // namespace

}  // namespace lamina
