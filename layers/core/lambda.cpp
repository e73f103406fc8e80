#include "layers/core/lambda.h"

#include "backends/core/symbolic_call.h"
#include "backends/ops/public/ops.h"
#include "layers/filled_shapes.h"

namespace lamina {

namespace {

struct LambdaArgs {
  Value function, output_shape, mask, arguments;
  void fields(Fields& f) {
    f("function", function, "A function of the inputs (and optionally mask, training).").required();
    f("output_shape", output_shape, "Shape of the output, if it cannot be inferred.");
    f("mask", mask, "None, a mask, or a function (inputs, mask) -> mask.");
    f("arguments", arguments, "Further keyword arguments of the function.");
  }
};
class LambdaLayer final : public LayerWith<LambdaArgs>, public FunctionHolder {
 public:
  explicit LambdaLayer(LambdaArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (args.arguments.is_none()) args.arguments = Dict{};
    if (args.output_shape.is_list()) args.output_shape = Value::tuple(args.output_shape.as_list());  // files know lists
    function_ = function_from(args.function), mask_ = function_from(args.mask);
    output_shape_ = function_from(args.output_shape);
    supports_masking_ = !args.mask.is_none();
    set_built(true);
  }
  std::string class_name() const override { return "Lambda"; }
  Value function() const override { return args.function.is_string() ? args.function : function_; }
  Dict get_config() const override {
    Dict config = LayerWith::get_config();
    for (const char* name : {"function", "mask", "output_shape"}) {
      Value& v = config[name];
      if (v.is_object()) v = serialize_object(v.as_object());
      if (v.is_tensor()) v = serialize_value(v);
      if (v.is_string()) {  // an op by its name
        v = Dict{{"module", "builtins"}, {"class_name", "function"}, {"config", v}, {"registered_name", "function"}};
      } else if (is_serialized_object(v) && v.as_dict().at("class_name") == Value("__lambda__")) {
        // Code: here Keras names the parts that it lists elsewhere.
        const Value* listed = v.as_dict().at("config").as_dict().find("value");
        if (!listed) continue;  // from a file, named there already
        const List parts = listed->as_list();
        v = Dict{{"class_name", "__lambda__"},
                 {"config", Dict{{"code", parts[0]}, {"defaults", parts[1]}, {"closure", parts[2]}}}};
      }
    }
    return config;
  }
  bool call_takes_mask() const override { return true; }
  bool call_takes_training() const override { return true; }
  using Layer::call;
  Value call(const List& inputs, const CallContext& context) override {
    auto f = function_.object_as<Callable>();
    if (!f)
      throw ValueError("The Lambda ", describe(),
                       " holds no function. A lambda stored in a file is only loaded in Python with safe_mode=False.");
    if (SymbolicCall::current() && !args.output_shape.is_none())  // the function may not know how to tell its shape
      if (std::optional<Shape> shape = declared_shape(inputs[0])) return Tensor::spec_only(*shape, compute_dtype());
    Dict kwargs = args.arguments.as_dict();
    for (const std::string& name : f->arguments()) {
      if (name == "mask" && !context.mask.is_none()) kwargs.set(name, context.mask);
      if (name == "training") kwargs.set(name, context.training);
    }
    if (!SymbolicCall::current() || !has_unknown_size(inputs[0])) return f->call({inputs[0]}, std::move(kwargs));
    const auto call_filled = [&] {
      return with_filled_shapes([&](const auto& fill) { return f->call({fill(inputs[0])}, kwargs); });
    };
    try {
      Value result = f->call({inputs[0]}, kwargs);
      return has_no_elements(result) && !has_no_elements(inputs[0]) ? call_filled() : result;
    } catch (...) {  // it may have computed with sizes that are unknown so far
      const std::exception_ptr first = std::current_exception();
      try {
        return call_filled();
      } catch (...) { std::rethrow_exception(first); }
    }
  }
  Value compute_mask(const Value& inputs, const Value& mask) override {
    auto f = mask_.object_as<Callable>();
    return f ? f->call({inputs, mask}, {}) : mask_;
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    if (args.output_shape.is_none()) return Layer::compute_output_shape(shapes);
    if (auto f = output_shape_.object_as<Callable>()) return Value(f->call({shapes.first()}).as_shape());
    Shape out = args.output_shape.as_shape();
    out.insert(0, shapes.shape()[0]);
    return Value(out);
  }

 private:
  Value function_, mask_, output_shape_;

  // What `output_shape` says of an output that is one tensor.
  std::optional<Shape> declared_shape(const Value& input) const {
    const Tensors tensors = flatten_tensors(input);
    if (tensors.empty()) return {};
    Value out = args.output_shape;
    if (auto f = output_shape_.object_as<Callable>()) {
      List shapes;
      for (const Tensor& t : tensors) shapes.push_back(Value(t.shape()));
      if (!input.is_tensor() && !input.is_sequence()) return {};
      out = f->call({input.is_tensor() ? shapes[0] : Value(std::move(shapes))});
    }
    if (!out.is_sequence()) return {};
    for (const Value& size : out.as_list())
      if (size.is_sequence()) return {};  // several outputs
    Shape shape = out.as_shape();
    if (!output_shape_.object_as<Callable>()) shape.insert(0, tensors[0].shape()[0]);
    return shape;
  }
  // A callable, the name or config of one, or anything else as it is.
  static Value function_from(const Value& v) {
    if (is_serialized_object(v)) return get_object(v, "");
    const OpInfo* op = v.is_string() ? find_op(v.as_string()) : nullptr;
    if (!op) return v;
    return make_callable(v.as_string(), [op](List given, Dict kwargs) {
      return call_op(*op, bind_arguments(*op, std::move(given), kwargs));
    });
  }
};
LAMINA_LAYER(LambdaLayer, "Lambda", "A function as a layer.",
             Doc{.call = "inputs: What the function takes.\nmask: Handed on to the function if it has such an "
                         "argument.\ntraining: Handed on to the function if it has such an argument.",
                 .input = "Any.",
                 .output = "What the function gives; `output_shape` tells where it cannot be inferred.",
                 .example = R"py(
>>> keras.layers.Lambda(lambda x: x * 2)(keras.ops.array([1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[2. 4.]>)py"});

}  // namespace
}  // namespace lamina
