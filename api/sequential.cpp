#include "api/sequential.h"

#include "backends/core/engine.h"
#include "layers/built_for.h"
#include "layers/core/input_layer.h"

namespace lamina {

namespace {
std::shared_ptr<InputLayer> as_input(const LayerPtr& l) { return std::dynamic_pointer_cast<InputLayer>(l); }

// The batch shape that a layer's arguments give its input, if any.
std::optional<Shape> declared_input(const Layer& l) {
  const LayerArgs& a = l.layer_args();
  if (!a.batch_shape.is_none()) return a.batch_shape.as_shape();
  if (a.input_shape.is_none()) return {};
  Shape s = a.input_shape.as_shape();
  s.insert(0, Shape::kUnknown);
  return s;
}
}  // namespace

Sequential::Sequential(LayerArgs args) : Model(std::move(args)) {
  if (this->name().empty() && !user_class) set_name(auto_name("sequential"));
}

Sequential::Sequential(std::vector<LayerPtr> layers, LayerArgs args) : Sequential(std::move(args)) {
  for (auto& l : layers) add(std::move(l), false);
  maybe_rebuild();
}

std::vector<LayerPtr> Sequential::stack_without_input() const {
  std::vector<LayerPtr> out;
  for (const LayerPtr& l : stack_)
    if (!as_input(l)) out.push_back(l);
  return out;
}

void Sequential::add(LayerPtr layer, bool rebuild) {
  if (!layer) throw ValueError("Only instances of `keras.Layer` can be added to a Sequential model. Received: None.");
  if (stack_.empty() && !as_input(layer)) {
    std::optional<Shape> shape = declared_input(*layer);
    std::optional<DType> dtype;
    if (auto model = std::dynamic_pointer_cast<Model>(layer); !shape && model && model->is_functional()) {
      Tensors in = flatten_tensors(model->graph()->inputs());
      if (in.size() == 1) shape = in[0].shape(), dtype = in[0].dtype();
    }
    if (shape) {
      InputLayerArgs args;
      args.batch_shape = Value(*shape);
      if (dtype) args.dtype = name_of(*dtype);
      LayerArgs base;
      base.name = auto_name("input_layer");
      stack_.push_back(std::make_shared<InputLayer>(std::move(args), std::move(base)));
    }
  } else if (as_input(layer) && !stack_.empty()) {
    throw ValueError("Sequential model '", name(),
                     "' has already been configured to use input shape. You cannot add a different Input layer to it.");
  }
  if (layer->name().empty()) layer->set_name(auto_name(snake_case(layer->public_class_name())));
  check_name(*layer);
  stack_.push_back(std::move(layer));
  if (rebuild)
    maybe_rebuild();
  else
    set_built(false);
}

void Sequential::check_name(const Layer& layer) {
  const auto [at, fresh] = named_.try_emplace(layer.name(), &layer);
  if (!fresh && at->second != &layer)  // the same layer may work in several places
    throw ValueError(
        "All layers added to a Sequential model should have unique names. Name '", layer.name(),
        "' is already the name of a layer in this model. Update the `name` argument to pass a unique name.");
}

// Of all layers: some may have other names than when they came.
void Sequential::check_names() {
  named_.clear();
  for (const LayerPtr& l : stack_) check_name(*l);
}

void Sequential::pop(bool rebuild) {
  if (stack_without_input().empty())
    throw IndexError("There are no layers to pop from the Sequential model '", name(), "'.");
  stack_.pop_back();
  check_names();
  set_built(false);
  if (rebuild) maybe_rebuild();
}

void Sequential::maybe_rebuild() {
  set_built(false);
  invalidate_functions();
  if (stack_.size() < 2) return;
  if (auto input = as_input(stack_[0])) build_stack(input->batch_shape(), input->input_dtype());
}

void Sequential::build_stack(const Shape& batch_shape, std::optional<DType> dtype) {
  if (stack_.empty())
    throw ValueError("Sequential model '", name(),
                     "' cannot be built because it has no layers. Call `model.add(layer)`.");
  if (name_.empty()) set_name(auto_name("sequential"));
  std::shared_ptr<InputLayer> input = as_input(stack_[0]);
  if (!input) {
    InputLayerArgs args;
    args.batch_shape = Value(batch_shape);
    if (dtype) args.dtype = name_of(*dtype);
    LayerArgs base;
    base.name = auto_name("input_layer");
    input = std::make_shared<InputLayer>(std::move(args), std::move(base));
    stack_.insert(stack_.begin(), input);
  } else if (!(input->batch_shape() == batch_shape)) {
    throw ValueError("Sequential model '", name(), "' has already been configured to use input shape ",
                     input->batch_shape(), ". You cannot build it with input_shape ", batch_shape, ".");
  }
  check_names();
  NameScope scope(name_, static_cast<Layer*>(this));
  EagerScope eager;
  Tensor start = input->record({}, {}, Tensor::spec_only(input->batch_shape(), input->input_dtype())).as_tensor();
  start.notes().name = input->name();
  Value x = start;
  for (size_t i = 1; i < stack_.size(); ++i) x = stack_[i]->invoke({x});
  set_graph(start, x);
}

void Sequential::build(const BuildShapes& shapes) {
  if (is_functional() && built()) return;
  if (stack_.empty())
    throw ValueError("Sequential model '", name(),
                     "' cannot be built because it has no layers. Call `model.add(layer)`.");
  if (shapes.empty() || !shapes.single())
    return;  // a list or a dict of inputs, which the first layer takes: its call builds it
  const bool strings = BuiltFor::dtype() == DType::string;
  build_stack(shapes.shape(), strings ? std::optional(DType::string) : std::nullopt);
}

Value Sequential::call(const List& inputs, const CallContext& context) {
  if (is_functional()) return Model::call(inputs, context);
  // Inputs that a graph cannot state (several, or without fixed rank): the layers one by one.
  Value x = inputs[0], mask = context.mask;
  for (const LayerPtr& l : stack_without_input()) {
    Dict kwargs;
    if (!mask.is_none() && l->call_takes_mask()) kwargs.set("mask", mask);
    x = l->invoke({x}, std::move(kwargs));
    mask = {};  // from here on tensors carry their own
  }
  return x;
}

Dict Sequential::get_config() const {
  List entries;
  for (const LayerPtr& l : stack_) entries.push_back(serialize_object(l));
  Dict config{
      {"name", name()}, {"trainable", trainable()}, {"dtype", serialize_object(dtype_policy())}, {"layers", entries}};
  if (is_functional())
    config.set("build_input_shape", serialize_value(Value(flatten_tensors(graph()->inputs())[0].shape())));
  return config;
}

Value Sequential::get_build_config() const {
  if (!is_functional()) return {};
  return Dict{{"input_shape", Value(flatten_tensors(graph()->inputs())[0].shape())}};
}

namespace {
struct SequentialRegistration {
  SequentialRegistration() {
    ClassInfo info;
    info.name = "Sequential";
    info.module = "keras.models";
    info.base = "Layer";
    info.doc = "A stack of layers.";
    info.make = [](const Dict& config) -> ObjectPtr {
      const Value *name = config.find("name"), *layers = config.find("layers");
      if (!name || !layers)
        throw ValueError(
            "A Sequential model configuration must be a dictionary containing the 'name' and 'layers' keys. Received: "
            "config=",
            Value(config).repr());
      LayerArgs args;
      if (name->is_string()) args.name = name->as_string();
      if (const Value* dtype = config.find("dtype")) args.dtype = *dtype;
      auto model = std::make_shared<Sequential>(args);
      for (const Value& entry : layers->as_list()) {
        auto layer = std::dynamic_pointer_cast<Layer>(get_object(entry, "keras.layers"));
        if (!layer)
          throw ValueError("The config of the Sequential model names something that is not a layer: ", entry.repr(),
                           ".");
        model->add(layer, false);
      }
      const Value* shape = config.find("build_input_shape");
      bool has_input = !model->stack().empty() && as_input(model->stack()[0]);
      if (has_input || (shape && is_shape(*shape))) {
        Shape at = has_input ? as_input(model->stack()[0])->batch_shape() : shape->as_shape();
        model->build_from(BuildShapes(Dict{{"inputs", Value(at)}}));
      }
      if (const Value* t = config.find("trainable"); t && t->is_bool() && !t->as_bool()) model->set_trainable(false);
      return model;
    };
    register_class(std::move(info));
  }
} sequential_registration;
}  // namespace

}  // namespace lamina
