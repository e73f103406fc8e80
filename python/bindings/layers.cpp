#include <pybind11/stl.h>

#include "api/model.h"
#include "bindings/user_class.h"
#include "layers/absolute_path.h"
#include "layers/attention/head_attention.h"
#include "layers/core/input_layer.h"
#include "layers/core/lambda.h"
#include "layers/layer.h"
#include "layers/preprocessing/normalization.h"
#include "layers/quantization/quantizable.h"

namespace lamina::bindings {

namespace {

class UserLayer final : public Layer {
 public:
  using Layer::call;
  using Layer::Layer;
  std::string class_name() const override { return user_class ? user_class->class_name() : "Layer"; }
  std::string module() const override { return user_class ? user_class->module() : "keras.layers"; }
  std::string registered_name() const override { return user_class ? user_class->registered_name() : ""; }
  Value call(const List& inputs, const CallContext&) override {
    if (!overrides(Method::call))
      throw UnsupportedError("Layer ", public_class_name(), " does not have a `call` method implemented.");
    return inputs.empty() ? Value() : inputs[0];
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    if (!overrides(Method::call) && !overrides(Method::compute_output_spec))
      throw UnsupportedError("Layer ", public_class_name(),
                             " does not have a `compute_output_shape` method implemented.");
    return Layer::compute_output_shape(shapes);
  }
};

class UserOperation final : public Operation {
 public:
  std::string class_name() const override { return user_class ? user_class->class_name() : "Operation"; }
  std::string module() const override { return user_class ? user_class->module() : ""; }
  std::string registered_name() const override { return user_class ? user_class->registered_name() : ""; }
  Dict get_config() const override { return {{"name", name()}}; }
  Value run_node(List args, Dict kwargs) override {
    return user_class->call(Method::call_operator, std::move(args), std::move(kwargs));
  }
};

BuildShapes shapes_from(py::handle shapes) {
  Dict d;
  for (auto item : shapes.cast<py::dict>()) d.set(item.first.cast<std::string>(), to_value(item.second));
  return BuildShapes(std::move(d));
}

py::list variable_list(const Variables& variables) {
  py::list out;
  for (const Variable& v : variables) out.append(variable_to_python(v));
  return out;
}
py::list layer_list(const std::vector<LayerPtr>& layers) {
  py::list out;
  for (const LayerPtr& l : layers) out.append(object_to_python(l));
  return out;
}

// Plain numbers and strings go by keyword, so that a functional model can tell its inputs.
void require_tensors(const Layer& layer, const Value& v) {
  if (v.is_sequence()) {
    for (const Value& item : v.as_list()) require_tensors(layer, item);
  } else if (v.is_dict()) {
    for (const auto& [key, item] : v.as_dict()) require_tensors(layer, item);
  } else if (v.is_number() || v.is_string()) {
    throw ValueError(
        "Only input tensors may be passed as positional arguments. The following argument value should be passed as a "
        "keyword argument: ",
        v.repr(), " (of type ", v.kind_name(), ") in the call of ", layer.describe(), ".");
  }
}

py::object optional_int(const std::optional<int>& v) { return v ? py::object(py::int_(*v)) : py::object(py::none()); }

}  // namespace

std::shared_ptr<Layer> layer_from_class(const std::string& class_name, const std::string& module, const Dict& config) {
  const ClassInfo* info = find_class(class_name, module);
  if (!info) throw ValueError("There is no class ", module, ".", class_name, ".");
  return std::dynamic_pointer_cast<Layer>(info->make(config));
}

void bind_layers(py::module_& m) {
  py::class_<Operation, Object, std::shared_ptr<Operation>> operation(m, "OperationCore");
  operation.def(py::init([](const ObjectBox& box) { return std::dynamic_pointer_cast<Operation>(box.pointer); }))
      .def(py::init([](py::none, py::dict config) {
        auto op = std::make_shared<UserOperation>();
        Dict d = to_value(config).as_dict();
        if (const Value* n = d.find("name"); n && n->is_string()) op->set_name(n->as_string());
        return std::shared_ptr<Operation>(op);
      }))
      .def_property("name", &Operation::name, &Operation::set_name)
      .def("_record",
           [](Operation& op, py::args args, py::kwargs kwargs) {
             List a = to_list(args);
             Value result = a.back();
             a.pop_back();
             return to_python(op.record(std::move(a), to_dict(kwargs), strip_symbolic(result)));
           })
      .def("_run_node", [](Operation& op, py::args args,
                           py::kwargs kwargs) { return to_python(op.run_node(to_list(args), to_dict(kwargs))); })
      .def("_node_count", [](const Operation& op) { return op.inbound_nodes.size(); })
      .def("_node",
           [](const Operation& op, int index) {
             NodePtr n = op.node(index);
             py::list outputs;
             for (size_t i = 0; i < n->specs.size(); ++i) {
               Tensor t = Tensor::spec_only(n->specs[i].shape, n->specs[i].dtype);
               t.notes().symbolic = true;
               t.notes().history = n;
               t.notes().history_index = static_cast<int>(i);
               outputs.append(to_python(t));
             }
             return py::make_tuple(to_python(Value(n->args)), to_python(Value(n->kwargs)), outputs,
                                   py::cast(n->input_tensors().size()));
           })
      .def("_node_inputs", [](const Operation& op, int index) {
        py::list out;
        for (const Tensor& t : op.node(index)->input_tensors()) out.append(to_python(t));
        return out;
      });

  py::class_<Layer, Operation, std::shared_ptr<Layer>> layer(m, "LayerCore");
  layer.def(py::init([](const ObjectBox& box) { return std::dynamic_pointer_cast<Layer>(box.pointer); }))
      .def(py::init([](const std::string& class_name, const std::string& module, py::dict config) {
        return layer_from_class(class_name, module, to_value(config).as_dict());
      }))
      .def(py::init([](py::none, py::dict config) {
        Dict own = to_value(config).as_dict();
        LayerArgs args = LayerArgs::take(own);
        if (!own.empty()) throw ValueError("Unrecognized keyword arguments passed to Layer: ", Value(own).repr());
        return std::shared_ptr<Layer>(std::make_shared<UserLayer>(std::move(args)));
      }))
      .def("_invoke",
           [](Layer& l, py::args args, py::kwargs kwargs) {
             List given = to_list(args);
             if (!l.takes_plain_data())
               for (const Value& v : given) require_tensors(l, v);
             Dict named = to_dict(kwargs);
             if (!dynamic_cast<Model*>(&l)) return to_python(l.invoke(std::move(given), std::move(named)));
             Value out;
             {
               py::gil_scoped_release release;  // threads may call models at once
               out = l.invoke(std::move(given), std::move(named));
             }
             return to_python(out);
           })
      .def("_call", [](Layer& l, py::args args,
                       py::kwargs kwargs) { return to_python(l.call_base(to_list(args), to_dict(kwargs))); })
      .def("_call_arguments",
           [](const Layer& l) {
             std::vector<std::string> names = l.call_arguments();
             for (auto& e : l.call_extras()) names.push_back(e);
             if (l.call_takes_mask()) names.push_back("mask");
             if (l.call_takes_training()) names.push_back("training");
             return names;
           })
      .def("_build", [](Layer& l, py::handle shapes) { l.build(shapes_from(shapes)); })
      .def("_build_from", [](Layer& l, py::handle shapes) { l.build_from(shapes_from(shapes)); })
      .def("_input_arguments", [](const Layer& l) { return l.call_arguments(); })
      .def("_compute_output_spec",
           [](Layer& l, py::args args, py::kwargs kwargs) {
             return to_python(l.compute_output_spec(to_list(args), to_dict(kwargs)));
           })
      .def("_compute_output_shape",
           [](Layer& l, py::handle shapes) { return to_python(l.compute_output_shape(shapes_from(shapes))); })
      .def("_compute_mask", [](Layer& l, py::handle inputs,
                               py::handle mask) { return to_python(l.compute_mask(to_value(inputs), to_value(mask))); })
      .def("_add_weight",
           [](Layer& l, py::handle name, py::handle shape, py::handle initializer, py::handle dtype, bool trainable,
              bool autocast, py::handle regularizer, py::handle constraint, const std::string& aggregation,
              bool overwrite_with_gradient) {
             Layer::WeightOptions o;
             if (!initializer.is_none()) o.initializer = InitializerRef::from(to_value(initializer));
             if (!dtype.is_none()) o.dtype = parse_dtype(to_value(dtype).as_string());
             o.trainable = trainable;
             o.autocast = autocast;
             if (!regularizer.is_none()) o.regularizer = RegularizerRef::from(to_value(regularizer));
             if (!constraint.is_none()) o.constraint = ConstraintRef::from(to_value(constraint));
             o.aggregation = aggregation;
             o.overwrite_with_gradient = overwrite_with_gradient;
             return variable_to_python(l.add_weight(name.is_none() ? "" : name.cast<std::string>(),
                                                    shape.is_none() ? Shape{} : to_value(shape).as_shape(), o));
           })
      .def("_untrack_own_variable", &Layer::untrack_variable)
      .def("_set_argument",
           [](Layer& l, const std::string& name, py::handle value) { return l.set_argument(name, to_value(value)); })
      .def_property("_locked", &Layer::locked, &Layer::set_locked)
      .def("_track_variable", [](Layer& l, const Variable& v) { l.track_variable(v); })
      .def("_track", [](Layer& l, const std::string& name, py::handle value) { l.track(name, to_value(value)); })
      .def("_untrack", &Layer::untrack)
      .def("_weights", [](const Layer& l) { return variable_list(l.weights()); })
      .def("_trainable_weights", [](const Layer& l) { return variable_list(l.trainable_weights()); })
      .def("_non_trainable_weights", [](const Layer& l) { return variable_list(l.non_trainable_weights()); })
      .def("_all_variables", [](const Layer& l) { return variable_list(l.variables()); })
      .def_property_readonly("_trainable_variables", [](const Layer& l) { return variable_list(l.own_trainable()); })
      .def_property_readonly("_non_trainable_variables",
                             [](const Layer& l) { return variable_list(l.own_non_trainable()); })
      .def("_own_variables",
           [](const Layer& l) {
             Variables all = l.own_trainable();
             for (const Variable& v : l.own_non_trainable()) all.push_back(v);
             return variable_list(all);
           })
      .def("_sublayers", [](const Layer& l) { return layer_list(l.sublayers()); })
      .def("_flatten", [](Layer& l, bool include_self,
                          bool recursive) { return layer_list(l.flatten_layers(include_self, recursive)); })
      .def("_seeds",
           [](const Layer& l) {
             py::list out;
             for (const auto& [generator, state] : l.seed_generators()) out.append(object_to_python(generator));
             return out;
           })
      .def(
          "_track_seed_generator",
          [](Layer& l, py::handle g, const Variable& state) { l.track_seed_generator(to_value(g).as_object(), state); })
      // What subclasses of attention layers may override, as Keras' own code has it.
      .def("_attend",
           [](Layer& l, py::handle query, py::handle key, py::handle value, py::handle mask, bool training, bool scores,
              bool causal) {
             auto tensor = [](py::handle h) { return value_to<Tensor>(to_value(h)); };
             auto made = dynamic_cast<HeadAttention&>(l).attend(tensor(query), tensor(key), tensor(value),
                                                                mask.is_none() ? Tensor() : tensor(mask), causal,
                                                                training, scores);
             return py::make_tuple(to_python(made.out), to_python(Value(made.scores)));
           })
      .def("_scores_of",
           [](Layer& l, py::handle query, py::handle key) {
             return to_python(
                 dynamic_cast<ScoreFunction&>(l).scores_of(to_value(query).as_tensor(), to_value(key).as_tensor()));
           })
      // Quantization
      .def("_quantize", [](Layer& l, py::handle mode, py::handle config,
                           bool type_check) { l.quantize(to_value(mode), to_value(config), type_check); })
      .def("_computed_anew",
           [](const Layer& l, const py::function& f) {
             return to_python(l.computed_anew([&] { return to_value(f()); }));
           })
      .def("_quantized_build", &Layer::quantized_build)
      .def("_quantized_call",
           [](Layer& l, py::args args, py::kwargs kwargs) {
             l.require_quantized_call();
             return to_python(l.call_base(to_list(args), to_dict(kwargs)));
           })
      .def_property_readonly("quantization_mode",
                             [](const Layer& l) {
                               const std::string mode = l.quantization_mode();
                               return mode.empty() ? py::object(py::none()) : py::object(py::str(mode));
                             })
      .def(
          "_quantization_config",
          [](Layer& l) { return object_to_python(dynamic_cast<QuantizableLayer&>(l).quantization_config().pointer()); })
      .def("_inputs_quantizer",
           [](Layer& l) { return object_to_python(dynamic_cast<QuantizableLayer&>(l).inputs_quantizer().pointer()); })
      .def("_calibrated", [](Layer& l) { return dynamic_cast<QuantizableLayer&>(l).calibrated(); })
      .def("_calibrated_variable",
           [](Layer& l, const std::string& name) {
             const Variable v = dynamic_cast<QuantizableLayer&>(l).calibrated_variable(name);
             return v.defined() ? variable_to_python(v) : py::object(py::none());
           })
      .def("_begin_calibration", [](Layer& l) { return dynamic_cast<QuantizableLayer&>(l).begin_calibration(); })
      .def("_finish_calibration",
           [](Layer& l, const Calibration& c) { dynamic_cast<QuantizableLayer&>(l).finish_calibration(c); })
      // LoRA
      .def("_enable_lora",
           [](Layer& l, py::handle rank, py::handle alpha, py::handle a, py::handle b) {
             auto initializer = [](py::handle h) {
               return h.is_none() ? InitializerRef() : InitializerRef::from(to_value(h));
             };
             dynamic_cast<LoraLayer&>(l).enable_lora(to_value(rank), to_value(alpha), initializer(a), initializer(b));
           })
      .def("_lora_enabled", [](const Layer& l) { return dynamic_cast<const LoraLayer&>(l).lora_enabled(); })
      .def("_adapted_kernel",
           [](Layer& l) {
             auto& lora = dynamic_cast<LoraLayer&>(l);
             auto* own = dynamic_cast<QuantizableLayer*>(&l);
             return lora.lora_enabled() || l.quantization_mode() == "int4" || (own && own->calibrated())
                        ? to_python(lora.adapted_kernel())
                        : variable_to_python(lora.lora_target().kernel);
           })
      .def("_lora_kernel",
           [](Layer& l) {
             const Variable kernel = dynamic_cast<LoraLayer&>(l).lora_target().kernel;
             if (!kernel.defined())
               throw py::attribute_error(text("The floating-point weight of ", l.describe(), " has been quantized."));
             return variable_to_python(kernel);
           })
      .def("_clear_lora",
           [](Layer& l) {
             if (auto* lora = dynamic_cast<LoraLayer*>(&l)) lora->clear_lora();
           })
      .def("_stored_values", [](Layer& l) { return to_python(to_value(stored_values(l))); })
      .def("_stored_variables", [](Layer& l) { return variable_list(stored_variables(l)); })
      .def("_flash", [](const Layer& l) { return dynamic_cast<const HeadAttention&>(l).requires_blocks(); })
      .def("count_params", &Layer::count_params)
      .def("_set_weights",
           [](Layer& l, py::handle values) {
             Tensors list;
             for (py::handle v : values) list.push_back(value_to<Operand>(to_value(v)).value());
             l.set_weights(list);
           })
      .def("_add_loss",
           [](Layer& l, py::handle loss) {
             l.add_loss(
                 map_structure(to_value(loss), [](const Value& v) -> Value { return value_to<Operand>(v).value(); }));
           })
      .def("_losses",
           [](Layer& l) {
             py::list out;
             for (const Tensor& t : l.losses()) out.append(to_python(t));
             return out;
           })
      .def("_clear_losses", &Layer::clear_losses)
      .def_property("trainable", &Layer::trainable, &Layer::set_trainable)
      .def_property("built", &Layer::built, &Layer::set_built)
      .def_property("autocast", &Layer::autocast, &Layer::set_autocast)
      .def_property("supports_masking", &Layer::supports_masking, &Layer::set_supports_masking)
      .def_property(
          "dtype_policy", [](const Layer& l) { return object_to_python(l.dtype_policy()); },
          [](Layer& l, py::handle p) { l.set_dtype_policy(get_dtype_policy(to_value(p))); })
      .def_property(
          "activity_regularizer", [](const Layer& l) { return object_to_python(l.activity_regularizer().pointer()); },
          [](Layer& l, py::handle r) { l.set_activity_regularizer(RegularizerRef::from(to_value(r))); })
      .def_property_readonly("compute_dtype", [](const Layer& l) { return std::string(name_of(l.compute_dtype())); })
      .def_property_readonly("variable_dtype", [](const Layer& l) { return std::string(name_of(l.variable_dtype())); })
      .def_property_readonly("path", &Layer::path)
      .def("_input_specs",
           [](Layer& l) {
             py::list out;
             for (const InputSpec& s : l.input_spec()) {
               py::dict axes;
               for (auto [axis, size] : s.axes)
                 axes[py::int_(axis)] = size < 0 ? py::object(py::none()) : py::object(py::int_(size));
               out.append(py::make_tuple(
                   s.dtype ? py::object(py::str(std::string(name_of(*s.dtype)))) : py::object(py::none()),
                   s.shape ? to_python(Value(*s.shape)) : py::object(py::none()), optional_int(s.ndim),
                   optional_int(s.max_ndim), optional_int(s.min_ndim), axes, s.allow_last_axis_squeeze, s.name,
                   s.optional));
             }
             return out;
           })
      .def("_set_input_specs",
           [](Layer& l, py::handle list) {
             std::vector<InputSpec> specs;
             for (py::handle item : list) {
               auto t = item.cast<py::tuple>();
               InputSpec s;
               if (!t[0].is_none()) s.dtype = parse_dtype(to_value(t[0]).as_string());
               if (!t[1].is_none()) s.shape = to_value(t[1]).as_shape();
               if (!t[2].is_none()) s.ndim = t[2].cast<int>();
               if (!t[3].is_none()) s.max_ndim = t[3].cast<int>();
               if (!t[4].is_none()) s.min_ndim = t[4].cast<int>();
               if (!t[5].is_none())
                 for (auto e : t[5].cast<py::dict>())
                   s.axes[e.first.cast<int>()] = e.second.is_none() ? Shape::kUnknown : e.second.cast<int64_t>();
               s.allow_last_axis_squeeze = t[6].cast<bool>();
               if (!t[7].is_none()) s.name = t[7].cast<std::string>();
               s.optional = t[8].cast<bool>();
               specs.push_back(std::move(s));
             }
             l.input_spec() = std::move(specs);
           })
      .def("_build_config", [](const Layer& l) { return to_python(l.get_build_config()); })
      .def("_build_from_config", [](Layer& l, py::handle config) { l.build_from_config(to_value(config).as_dict()); });

  py::class_<NameScope, std::unique_ptr<NameScope>>(m, "NameScope");
  m.def("new_name_scope", [](const std::string& name) { return std::make_unique<NameScope>(name); });
  m.def("current_path", &NameScope::current);
  py::class_<AbsolutePath, std::unique_ptr<AbsolutePath>>(m, "AbsolutePath").def(py::init<std::string>());
  py::class_<AutocastScope, std::unique_ptr<AutocastScope>>(m, "AutocastScopeCore");
  m.def("new_autocast_scope", [](py::handle dtype) {
    return std::make_unique<AutocastScope>(
        dtype.is_none() ? std::nullopt : std::optional<DType>(parse_dtype(to_value(dtype).as_string())));
  });
  m.def("auto_name", &auto_name);
  m.def("reset_names", &reset_names);
  m.def("snake_case", [](const std::string& s) { return snake_case(s); });
  m.def("make_input", [](py::handle config) {
    Dict own = to_value(config).as_dict();
    InputLayerArgs args;
    LayerArgs base;
    if (const Value* n = own.find("name"); n && n->is_string()) base.name = n->as_string();
    own.erase("name");
    read_fields("Input", own, [&](Fields& f) { args.fields(f); });
    return to_python(InputLayer::make(std::move(args), std::move(base)));
  });
  m.def("adapt_normalization", [](Layer& l, py::handle batches) {
    Tensors data;
    for (py::handle batch : batches) data.push_back(value_to<Operand>(to_value(batch)).value());
    dynamic_cast<NormalizationLayer&>(l).adapt(data);
  });
  m.def("normalization_statistic", [](Layer& l, const std::string& name) -> py::object {
    auto& normalization = dynamic_cast<NormalizationLayer&>(l);
    Tensor t = name == "mean" ? normalization.mean() : normalization.variance();
    return t.defined() ? to_python(Value(t)) : py::none();
  });
  m.def("lambda_function", [](Layer& l) { return to_python(dynamic_cast<FunctionHolder&>(l).function()); });
  m.def("input_layer_output", [](Layer& l) { return to_python(dynamic_cast<InputLayer&>(l).output()); });
  m.def("input_layer_shape", [](Layer& l) { return to_python(Value(dynamic_cast<InputLayer&>(l).batch_shape())); });
}

}  // namespace lamina::bindings
