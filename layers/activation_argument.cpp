#include "layers/activation_argument.h"

namespace lamina {

namespace {
// Names that Keras has besides the op's own.
std::string canonical(const std::string& name) {
  static const std::map<std::string, std::string> names = {
      {"swish", "silu"}, {"hard_swish", "hard_silu"}, {"exponential", "exp"}};
  auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

// What Keras 1 and 2 called hard_sigmoid. Keras 3 has no function for it, but takes a model: files hold one of this
// name that computes the same.
constexpr const char* kOldHardSigmoid = "hard_sigmoid_keras2";
Value old_hard_sigmoid() {
  auto layer = [](const char* name, Dict config) -> Value {
    return Dict{{"module", "keras.layers"}, {"class_name", name}, {"config", config}, {"registered_name", Value()}};
  };
  List layers{layer("Rescaling", {{"name", "rescaling"}, {"scale", 0.2}, {"offset", 0.5}}),
              layer("ReLU", {{"name", "re_lu"}, {"max_value", 1.0}})};
  return Dict{{"module", "keras"},
              {"class_name", "Sequential"},
              {"config", Dict{{"name", kOldHardSigmoid}, {"trainable", true}, {"layers", layers}}},
              {"registered_name", Value()}};
}
bool is_old_hard_sigmoid(const Value& v) {
  const Value* kind = v.is_dict() ? v.as_dict().find("class_name") : nullptr;
  const Value* config = kind && *kind == Value("Sequential") ? v.as_dict().find("config") : nullptr;
  const Value* name = config && config->is_dict() ? config->as_dict().find("name") : nullptr;
  return name && *name == Value(kOldHardSigmoid);
}
}  // namespace

Activation Activation::from(const Value& v) {
  Activation out;
  if (v.is_none() || (v.is_string() && v.as_string() == "linear")) return out;
  if (v.is_dict() && v.as_dict().contains("config") && v.as_dict().at("config").is_string() &&
      v.as_dict().at("config").as_string() == "linear")
    return out;
  if (is_old_hard_sigmoid(v)) return from(kOldHardSigmoid);
  ObjectPtr f;
  if (v.is_string()) {
    const std::string& given = v.as_string();
    const std::string name = given == "exponential" ? given : canonical(given);  // as files hold it
    // Keras' activation of a name where it differs from the op (gelu is exact), else the op.
    for (const std::string& candidate : {"activations." + name, canonical(name)})
      if (const OpInfo* op = f ? nullptr : find_op(candidate))
        f = make_callable(name, [op](List args, Dict kwargs) {
          auto bound = bind_arguments(*op, std::move(args), kwargs);
          return call_op(*op, bound);
        });
    if (!f && custom_resolver())
      f = custom_resolver()(Dict{{"class_name", name}, {"config", Dict{}}, {"module", Value()}, {"bare", true}});
    if (!f) {
      std::vector<std::string> known;
      for (const OpInfo* op : all_ops()) known.push_back(op->name);
      std::string near = nearest_name(name, known);
      throw ValueError("Could not interpret activation function identifier: '", name, "'.",
                       near.empty() ? "" : text(" Did you mean '", near, "'?"));
    }
  } else {
    f = get_object(v, "keras.layers");
  }
  if (auto callable = std::dynamic_pointer_cast<Callable>(f)) {
    if (callable->function_name() == "linear" && callable->registered_name().empty()) return out;
    out.function_ = f;
  } else if (std::dynamic_pointer_cast<Layer>(f)) {
    out.function_ = f;
  } else {
    throw ValueError("Could not interpret activation function identifier: ", v.repr(),
                     ". Expected a name such as \"relu\", or a callable.");
  }
  return out;
}

Tensor Activation::operator()(const Tensor& x) const {
  if (!function_) return x;
  return remat_activation([&] {
    if (auto layer = std::dynamic_pointer_cast<Layer>(function_)) return (*layer)(x);
    return std::static_pointer_cast<Callable>(function_)->call({x}).as_tensor();
  });
}

Value Activation::serialized() const {
  if (!function_) return "linear";
  if (auto f = std::dynamic_pointer_cast<Callable>(function_); f && f->function_name() == kOldHardSigmoid)
    return old_hard_sigmoid();
  if (auto f = std::dynamic_pointer_cast<Callable>(function_);
      f && f->registered_name().empty() &&
      (find_op("activations." + f->function_name()) || find_op(canonical(f->function_name()))))
    return f->function_name() == "exp" ? Value("exponential") : Value(f->function_name());
  return serialize_object(function_);
}

void from_value(const Value& v, Activation& out) { out = Activation::from(v); }
Value to_value(const Activation& a) { return a.serialized(); }

}  // namespace lamina
