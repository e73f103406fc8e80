// Everything with a config but layers and models: initializers, regularizers, constraints, losses, metrics, optimizers,
// schedules, policies, callbacks. One Python base a kind; a user's subclass makes a User<Kind> object whose virtual
// methods ask the user's class.
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include "api/metrics/metric.h"
#include "api/model.h"
#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "backends/ops/random/seed_generator.h"
#include "bindings/kinds.h"
#include "layers/constraints/constraint.h"
#include "layers/dtype_policy.h"
#include "layers/initializers/initializer.h"
#include "layers/layer.h"
#include "layers/quantization/calibration.h"
#include "layers/regularizers/regularizer.h"
#include "losses/loss.h"
#include "optimizers/loss_scale_optimizer.h"
#include "optimizers/multi_optimizer.h"
#include "optimizers/muon.h"
#include "serialization/objects/function_as_object.h"

namespace lamina::bindings {

namespace {

[[noreturn]] void not_overridden(const Object& o, const char* method) {
  throw UnsupportedError("The class ", o.public_class_name(), " must define ", method, "().");
}

Variables variables_from(py::handle list) {
  Variables out;
  for (py::handle v : list) out.push_back(v.cast<const Variable&>());
  return out;
}

class UserInitializer final : public User<Initializer> {
 public:
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    if (!overrides(Method::call_operator)) not_overridden(*this, "__call__");
    Value v =
        user_class->call(Method::call_operator, {Value(shape)}, {{"dtype", dtype ? Value(name_of(*dtype)) : Value()}});
    return value_to<Operand>(v).value();
  }
};
class UserRegularizer final : public User<Regularizer> {
 public:
  Tensor operator()(const Tensor& x) const override {
    if (!overrides(Method::call_operator)) not_overridden(*this, "__call__");
    return value_to<Operand>(user_class->call(Method::call_operator, {x}, {})).value();
  }
};
class UserConstraint final : public User<Constraint> {
 public:
  Tensor operator()(const Tensor& w) const override {
    if (!overrides(Method::call_operator)) return w;
    return value_to<Operand>(user_class->call(Method::call_operator, {w}, {})).value();
  }
};
class UserLoss final : public User<Loss> {
 public:
  UserLoss(const Dict& config)
      : User<Loss>(config.contains("name") && config.at("name").is_string() ? config.at("name").as_string() : "",
                   config.contains("reduction") && config.at("reduction").is_string()
                       ? config.at("reduction").as_string()
                   : config.contains("reduction") ? "none"
                                                  : "sum_over_batch_size",
                   config.contains("dtype") ? config.at("dtype") : Value()) {}
  Tensor call(const Value& y_true, const Value& y_pred) override {
    if (!overrides(Method::call)) not_overridden(*this, "call");
    return value_to<Operand>(user_class->call(Method::call, {y_true, y_pred}, {})).value();
  }
};
class UserMetric final : public User<Metric> {
 public:
  UserMetric(const Dict& config)
      : User<Metric>(config.contains("name") && config.at("name").is_string() ? config.at("name").as_string() : "",
                     config.contains("dtype") ? config.at("dtype") : Value()) {}
  void update_state(List args, Dict kwargs) override {
    if (!overrides(Method::update_state)) not_overridden(*this, "update_state");
    user_class->call(Method::update_state, std::move(args), std::move(kwargs));
  }
  Value result() override {
    if (!overrides(Method::result)) not_overridden(*this, "result");
    return user_class->call(Method::result, {}, {});
  }
  Variables all_variables() const override {
    auto* link = static_cast<const Link*>(user_class);
    if (!link || !link->self) return variables();
    py::gil_scoped_acquire gil;
    return variables_from(py::handle(link->self).attr("variables"));
  }
};
class UserOptimizer final : public User<Optimizer> {
 public:
  using User<Optimizer>::User;
  void update_step(const Tensor&, const Variable&, const Tensor&) override { not_overridden(*this, "update_step"); }
};
// A Python function of a variable that gives its optimizer.
class FunctionSelector final : public OptimizerSelector, public FunctionAsObject {
 public:
  explicit FunctionSelector(std::shared_ptr<PyCallable> f) : function_(std::move(f)) {}
  std::shared_ptr<Optimizer> select(const Variable& variable) override {
    py::gil_scoped_acquire gil;
    Value made = to_value(function_->function(variable_to_python(variable)));
    return made.object_as<Optimizer>();
  }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }
  ObjectPtr held_function() const override { return function_; }

 private:
  std::shared_ptr<PyCallable> function_;
};
class UserSchedule final : public User<LearningRateSchedule> {
 public:
  Tensor operator()(const Tensor& step) override {
    if (!overrides(Method::call_operator)) not_overridden(*this, "__call__");
    return value_to<Operand>(user_class->call(Method::call_operator, {step}, {})).as(DType::float32);
  }
};

class UserQuantizer final : public User<Quantizer> {
 public:
  ops::Quantized operator()(const Tensor& x, const Axes& axes) const override {
    if (!overrides(Method::call_operator)) not_overridden(*this, "__call__");
    Dict named;
    if (axes) named.set("axis", lamina::to_value(axes));
    const Value made = user_class->call(Method::call_operator, {x}, std::move(named));
    if (!made.is_sequence() || made.as_list().size() != 2)
      throw TypeError("__call__() of the quantizer ", public_class_name(),
                      " must give a pair (values, scale). Received: ", made.repr());
    return {value_to<Operand>(made.as_list()[0]).value(), value_to<Operand>(made.as_list()[1]).value()};
  }
  std::string output_dtype() const override {
    if (!user_class) return "int8";
    py::gil_scoped_acquire gil;
    return py::str(py::handle(static_cast<const Link*>(user_class)->self).attr("output_dtype")).cast<std::string>();
  }
};
// A user's config says what Python's attributes of it say.
class UserQuantizationConfig final : public User<QuantizationConfig> {
 public:
  std::string mode() const override {
    if (!user_class) not_overridden(*this, "mode");
    py::gil_scoped_acquire gil;
    return py::str(self().attr("mode")).cast<std::string>();
  }
  QuantizerRef weight_quantizer() const override { return quantizer("weight_quantizer"); }
  QuantizerRef activation_quantizer() const override { return quantizer("activation_quantizer"); }

 private:
  py::handle self() const { return static_cast<const Link*>(user_class)->self; }
  QuantizerRef quantizer(const char* name) const {
    if (!user_class) return {};
    py::gil_scoped_acquire gil;
    return QuantizerRef::from(to_value(self().attr(name)));
  }
};

Tensor operand(py::handle h) { return value_to<Operand>(to_value(h)).value(); }

py::list variable_list(const Variables& variables) {
  py::list out;
  for (const Variable& v : variables) out.append(variable_to_python(v));
  return out;
}

py::list optional_variable_list(const Variables& variables) {  // None for undefined ones
  py::list out;
  for (const Variable& v : variables) out.append(v.defined() ? variable_to_python(v) : py::object(py::none()));
  return out;
}

Tensors gradients_from(py::handle list) {
  Tensors out;
  for (py::handle item : list) out.push_back(item.is_none() ? Tensor() : operand(item));
  return out;
}

py::list optimizer_list(const std::vector<std::shared_ptr<Optimizer>>& optimizers) {
  py::list out;
  for (const auto& o : optimizers) out.append(object_to_python(o));
  return out;
}

py::object wrapper_of(const Object& o) {
  auto* link = static_cast<Link*>(o.attachment.get());
  if (!link || !link->self) throw RuntimeError("The Python object of ", o.public_class_name(), " is gone.");
  return py::reinterpret_borrow<py::object>(link->self);
}

void bind_optimizer_methods(py::class_<Optimizer, Object, std::shared_ptr<Optimizer>>& optimizer) {
  optimizer.def("_build", [](Optimizer& o, py::handle variables) { o.build(variables_from(variables)); })
      .def("_override",
           [](Optimizer& o, bool build, bool update_step) {  // a user's class has these methods
             Optimizer* raw = &o;
             if (build)
               o.overrides.build = [raw](const Variables& variables) {
                 py::gil_scoped_acquire gil;
                 wrapper_of(*raw).attr("build")(variable_list(variables));
               };
             if (update_step)
               o.overrides.update_step = [raw](const Tensor& g, const Variable& v, const Tensor& rate) {
                 py::gil_scoped_acquire gil;
                 wrapper_of(*raw).attr("update_step")(to_python(g), variable_to_python(v), to_python(rate));
               };
           })
      .def("_apply",
           [](Optimizer& o, py::handle grads, py::object variables) {
             o.apply(gradients_from(grads), variables.is_none() ? Variables{} : variables_from(variables));
           })
      .def("_update_step",
           [](Optimizer& o, py::handle g, py::handle v, py::handle lr) {
             const Variable& variable = v.cast<const Variable&>();
             o.update_step(prim::cast(operand(g), variable.dtype()), variable,
                           prim::cast(operand(lr), variable.dtype()));
           })
      .def("_scale_loss", [](Optimizer& o, py::handle loss) { return to_python(o.scale_loss(operand(loss))); })
      .def("_finalize",
           [](Optimizer& o, py::handle variables) { o.finalize_variable_values(variables_from(variables)); })
      .def("_learning_rate_value",
           [](const Optimizer& o) {
             Variable v = o.learning_rate_variable();
             return v.defined() ? variable_to_python(v) : to_python(o.learning_rate());
           })
      .def("_set_learning_rate", [](Optimizer& o, py::handle v) { o.set_learning_rate(to_value(v)); })
      .def("_iterations_variable", [](const Optimizer& o) { return variable_to_python(o.iterations()); })
      .def("_variables", [](const Optimizer& o) { return variable_list(o.variables()); })
      .def("_trainables", [](const Optimizer& o) { return variable_list(o.trainable()); })
      .def("_averages", [](const Optimizer& o) { return optional_variable_list(o.averages()); })
      .def("_accumulators", [](const Optimizer& o) { return optional_variable_list(o.accumulators()); })
      .def("_track_variable", [](Optimizer& o, const Variable& v) { o.track_variable(v); })
      .def("_argument", [](const Optimizer& o, const std::string& name) { return to_python(o.arguments().at(name)); })
      .def("_set_argument",
           [](Optimizer& o, const std::string& name, py::handle v) {
             o.set_argument(name, to_value(v));
             Model::object_changed(o);
           })
      .def("_clip",
           [](const Optimizer& o, py::handle grads) {
             py::list out;
             for (const Tensor& g : o.clip_gradients(gradients_from(grads))) out.append(to_python(g));
             return out;
           })
      .def("_decay", [](Optimizer& o, py::handle variables) { o.apply_weight_decay(variables_from(variables)); })
      .def("_decays", [](const Optimizer& o, const Variable& v) { return o.uses_weight_decay(v); })
      .def("_index_of", [](const Optimizer& o, const Variable& v) { return o.index_of(v); })
      .def("_wrapped", [](const Optimizer& o) { return optimizer_list(o.wrapped()); })
      .def(
          "exclude_from_weight_decay",
          [](Optimizer& o, py::object variables, py::object names) {
            o.exclude_from_weight_decay(
                variables.is_none() ? Variables{} : variables_from(variables),
                names.is_none() ? std::vector<std::string>{} : names.cast<std::vector<std::string>>());
          },
          py::arg("var_list") = py::none(), py::arg("var_names") = py::none())
      .def_property("built", &Optimizer::built, [](Optimizer&, bool) {})
      .def_property("name", &Optimizer::name, &Optimizer::set_name);
}

// What LossScaleOptimizer, MultiOptimizer and Muon have beside.
void bind_optimizer_wrappers(py::module_& m) {
  m.def("loss_scale_variables", [](Optimizer& o) {  // (step counter, scale), or None before build()
    auto& scaled = dynamic_cast<LossScaleOptimizer&>(o);
    if (!scaled.built()) return py::object(py::none());
    return py::object(
        py::make_tuple(variable_to_python(scaled.step_counter()), variable_to_python(scaled.dynamic_scale())));
  });
  m.def("multi_optimizer_map",
        [](Optimizer& o) { return to_python(dynamic_cast<MultiOptimizer&>(o).optimizer_map()); });
  m.def("multi_optimizer_place",
        [](Optimizer& o, const Variable& v) { return dynamic_cast<MultiOptimizer&>(o).place_of(v); });
  m.def("muon_uses_adam", [](Optimizer& o, const Variable& v) { return dynamic_cast<Muon&>(o).uses_adam(v); });
  m.def("muon_orthogonalize", [](Optimizer& o, py::handle x, int64_t steps) {
    return to_python(dynamic_cast<Muon&>(o).orthogonalize(operand(x), steps));
  });
  m.def("muon_adjust", [](Optimizer& o, py::handle x) { return to_python(dynamic_cast<Muon&>(o).adjust(operand(x))); });

  py::class_<OptimizerSelector, Object, std::shared_ptr<OptimizerSelector>> selector(m, "OptimizerSelectorCore");
  py::class_<OptimizerMap, OptimizerSelector, std::shared_ptr<OptimizerMap>> map(m, "OptimizerMapCore");
  map.def(py::init([](const ObjectBox& box) { return unbox<OptimizerMap>(box); }))
      .def(py::init([](py::handle optimizer, py::dict entries) {
        OptimizerMap::Args args;
        args.default_optimizer = OptimizerRef(to_value(optimizer).object_as<Optimizer>());
        args.optimizer_map = to_value(entries).as_dict();
        return std::make_shared<OptimizerMap>(std::move(args));
      }))
      .def("_find", [](const OptimizerMap& x, const std::string& path) { return object_to_python(x.find(path)); })
      .def("_set", [](OptimizerMap& x, const std::string& key,
                      py::handle optimizer) { x.set(key, to_value(optimizer).object_as<Optimizer>()); })
      .def("_erase", &OptimizerMap::erase)
      .def("_entries", [](const OptimizerMap& x) { return to_python(Value(x.entries())); })
      .def("_replace", [](OptimizerMap& x, py::handle entries) { x.replace_entries(to_value(entries).as_dict()); })
      .def("_default", [](const OptimizerMap& x) { return object_to_python(x.default_optimizer()); });
  set_selector_maker([](const ObjectPtr& object) -> std::shared_ptr<OptimizerSelector> {
    auto f = std::dynamic_pointer_cast<PyCallable>(object);
    return f ? std::make_shared<FunctionSelector>(std::move(f)) : nullptr;
  });
}

}  // namespace

void bind_objects(py::module_& m) {
  py::class_<ObjectBox>(m, "ObjectBox");
  py::class_<Object, std::shared_ptr<Object>> object(m, "Object", py::dynamic_attr());
  object.def("_get_config", [](const Object& o) { return to_python(Value(o.get_config())); })
      .def("_class_name", [](const Object& o) { return o.class_name(); })
      .def("_get_attribute",
           [](const Object& o, const std::string& name) {  // (whether there is one, its value)
             const std::optional<Value> v = attribute_of(o, name);
             return py::make_tuple(v.has_value(), v ? to_python(*v) : py::none());
           })
      .def("_has_attribute", [](const Object& o, const std::string& name) { return attribute_of(o, name).has_value(); })
      .def("_set_attribute",
           [](Object& o, const std::string& name, py::handle value) {
             if (!set_attribute(o, name, to_value(value))) return false;
             Model::object_changed(o);
             return true;
           })
      .def("_module_name", [](const Object& o) { return o.module(); })
      .def("_registered_name", [](const Object& o) { return o.registered_name(); });
  m.def("attach", &attach);
  m.def("override_method", &override_method);

  py::class_<DTypePolicy, Object, std::shared_ptr<DTypePolicy>> policy(m, "DTypePolicyCore");
  policy.def(py::init([](const ObjectBox& box) { return unbox<DTypePolicy>(box); }))
      .def(py::init([](const std::string& name) { return std::make_shared<DTypePolicy>(name); }))
      .def(py::init([](const std::string& class_name, py::dict config) {
        return std::dynamic_pointer_cast<DTypePolicy>(
            make_registered(class_name, "keras.dtype_policies", to_value(config).as_dict()));
      }))
      .def_property_readonly("name", &DTypePolicy::name)
      .def_property_readonly("compute_dtype",
                             [](const DTypePolicy& p) { return std::string(name_of(p.compute_dtype())); })
      .def_property_readonly("variable_dtype",
                             [](const DTypePolicy& p) { return std::string(name_of(p.variable_dtype())); })
      .def_property_readonly("quantization_mode",
                             [](const DTypePolicy& p) {
                               const std::string mode = p.quantization_mode();
                               return mode.empty() ? py::object(py::none()) : py::object(py::str(mode));
                             })
      .def("_repr", &DTypePolicy::repr);
  m.def("source_name_of",
        [](const DTypePolicy& p) { return dynamic_cast<const QuantizedDTypePolicy&>(p).source_name(); });
  m.def("weight_bits_of",
        [](const DTypePolicy& p) { return dynamic_cast<const GroupedDTypePolicy&>(p).weight_bits(); });
  m.def("group_size_of", [](const DTypePolicy& p) { return dynamic_cast<const GroupedDTypePolicy&>(p).group_size(); });
  m.def("amax_history_length_of",
        [](const DTypePolicy& p) { return dynamic_cast<const QuantizedFloat8DTypePolicy&>(p).amax_history_length(); });
  m.def("policy_map_find", [](const DTypePolicy& p, const std::string& path) {
    return object_to_python(dynamic_cast<const DTypePolicyMap&>(p).find(path));
  });
  m.def("policy_map_set", [](DTypePolicy& p, const std::string& key, py::handle policy) {
    dynamic_cast<DTypePolicyMap&>(p).set(key, get_dtype_policy(to_value(policy)));
  });
  m.def("policy_map_erase",
        [](DTypePolicy& p, const std::string& key) { dynamic_cast<DTypePolicyMap&>(p).erase(key); });
  m.def("policy_map_entries",
        [](const DTypePolicy& p) { return to_python(Value(dynamic_cast<const DTypePolicyMap&>(p).entries())); });
  m.def("policy_map_default",
        [](const DTypePolicy& p) { return object_to_python(dynamic_cast<const DTypePolicyMap&>(p).default_policy()); });

  py::class_<Quantizer, Object, std::shared_ptr<Quantizer>> quantizer(m, "QuantizerCore");
  add_constructors<Quantizer>(quantizer, "keras.quantizers",
                              [](const Dict&) { return std::make_shared<UserQuantizer>(); });
  quantizer.def("_call", [](const Quantizer& q, py::handle x, py::handle axis) {
    const ops::Quantized made = q(operand(x), value_to<Axes>(to_value(axis)));
    return py::make_tuple(to_python(made.values), to_python(made.scale));
  });
  py::class_<QuantizationConfig, Object, std::shared_ptr<QuantizationConfig>> config(m, "QuantizationConfigCore");
  add_constructors<QuantizationConfig>(config, "keras.quantizers",
                                       [](const Dict&) { return std::make_shared<UserQuantizationConfig>(); });
  config.def("_mode", &QuantizationConfig::mode).def("_policy_mode", &QuantizationConfig::policy_mode);
  config.def("_calibration", [](const QuantizationConfig& c, int64_t features) {
    return dynamic_cast<const CalibratedConfig&>(c).calibration(features);
  });
  py::class_<Calibration>(m, "Calibration", "What GPTQ or AWQ knows of the inputs of one layer.")
      .def("observe", [](Calibration& c, py::handle x) { c.observe(operand(x)); })
      .def("quantize",
           [](const Calibration& c, py::handle kernel) {
             EagerScope eager;
             const CalibratedMatrix made = c.quantize(operand(kernel));
             return py::make_tuple(to_python(made.values), to_python(made.scale), to_python(made.zero),
                                   to_python(made.groups), to_python(Value(made.input_scales)));
           })
      .def_property_readonly("samples", &Calibration::samples)
      .def_property(
          "statistics", [](const Calibration& c) { return to_python(c.statistics()); },
          [](Calibration& c, py::handle x) { c.set_statistics(operand(x)); });
  m.def("global_dtype_policy", [] { return object_to_python(global_dtype_policy()); });
  m.def("set_global_dtype_policy",
        [](py::handle p) { set_global_dtype_policy(p.is_none() ? nullptr : get_dtype_policy(to_value(p))); });
  m.def("get_dtype_policy", [](py::handle p) { return object_to_python(get_dtype_policy(to_value(p))); });

  py::class_<Initializer, Object, std::shared_ptr<Initializer>> initializer(m, "InitializerCore");
  add_constructors<Initializer>(initializer, "keras.initializers",
                                [](const Dict&) { return std::make_shared<UserInitializer>(); });
  initializer.def("_call", [](const Initializer& i, py::handle shape, py::handle dtype) {
    EagerScope eager;
    std::optional<DType> type;
    if (!dtype.is_none()) type = parse_dtype(to_value(dtype).as_string());
    return to_python(i(to_value(shape).as_shape(), type));
  });

  py::class_<Regularizer, Object, std::shared_ptr<Regularizer>> regularizer(m, "RegularizerCore");
  add_constructors<Regularizer>(regularizer, "keras.regularizers",
                                [](const Dict&) { return std::make_shared<UserRegularizer>(); });
  regularizer.def("_call", [](const Regularizer& r, py::handle x) { return to_python(r(operand(x))); });

  py::class_<Constraint, Object, std::shared_ptr<Constraint>> constraint(m, "ConstraintCore");
  add_constructors<Constraint>(constraint, "keras.constraints",
                               [](const Dict&) { return std::make_shared<UserConstraint>(); });
  constraint.def("_call", [](const Constraint& c, py::handle w) { return to_python(c(operand(w))); });

  py::class_<Loss, Object, std::shared_ptr<Loss>> loss(m, "LossCore");
  add_constructors<Loss>(loss, "keras.losses", [](const Dict& config) { return std::make_shared<UserLoss>(config); });
  loss.def("_apply",
           [](Loss& l, py::handle y_true, py::handle y_pred, py::handle weight) {
             return to_python(
                 l.weighted(to_value(y_true), to_value(y_pred), weight.is_none() ? Tensor() : operand(weight)));
           })
      .def("_call", [](Loss& l, py::handle y_true,
                       py::handle y_pred) { return to_python(l.call(to_value(y_true), to_value(y_pred))); })
      .def_property("name", &Loss::name, &Loss::set_name)
      .def_property_readonly("_reduction",
                             [](const Loss& l) -> py::object {
                               return l.reduction().empty() ? py::object(py::none())
                                                            : py::object(py::str(l.reduction()));
                             })
      .def_property_readonly("dtype", [](const Loss& l) { return std::string(name_of(l.dtype())); });

  m.def(
      "squeeze_or_expand_to_same_rank",
      [](py::handle a, py::handle b, bool expand_rank_1) {
        Tensor x = operand(a), y = operand(b);
        squeeze_or_expand_to_same_rank(x, y, expand_rank_1);
        return py::make_tuple(to_python(x), to_python(y));
      },
      py::arg("x1"), py::arg("x2"), py::arg("expand_rank_1") = true);

  py::class_<Metric, Object, std::shared_ptr<Metric>> metric(m, "MetricCore");
  add_constructors<Metric>(metric, "keras.metrics",
                           [](const Dict& config) { return std::make_shared<UserMetric>(config); });
  metric
      .def("_update_state",
           [](Metric& x, py::args args, py::kwargs kwargs) { x.update_state(to_list(args), to_dict(kwargs)); })
      .def("_result", [](Metric& x) { return to_python(x.result()); })
      .def("_reset_state", [](Metric& x) { x.reset_state(); })
      .def("_build", [](Metric& x, py::handle y_true,
                        py::handle y_pred) { x.build(to_value(y_true).as_shape(), to_value(y_pred).as_shape()); })
      .def("_attribute", [](const Metric& x, const std::string& name) { return to_python(x.attribute(name)); })
      .def("_add_variable",
           [](Metric& x, const std::string& name, py::handle shape, py::handle initializer, py::handle dtype) {
             return variable_to_python(
                 x.add_variable(name, to_value(shape).as_shape(), to_value(initializer), to_value(dtype)));
           })
      .def("_variables", [](const Metric& x) { return variable_list(x.variables()); })
      .def_property("name", &Metric::name,
                    [](Metric& x, const std::string& name) {
                      x.set_name(name);
                      Model::object_changed(x);  // steps give logs by name
                    })
      .def_property_readonly("dtype", [](const Metric& x) { return std::string(name_of(x.dtype())); });

  py::class_<LearningRateSchedule, Object, std::shared_ptr<LearningRateSchedule>> schedule(m,
                                                                                           "LearningRateScheduleCore");
  add_constructors<LearningRateSchedule>(schedule, "keras.optimizers.schedules",
                                         [](const Dict&) { return std::make_shared<UserSchedule>(); });
  schedule.def("_call", [](LearningRateSchedule& s, py::handle step) { return to_python(s(operand(step))); });

  py::class_<Optimizer, Object, std::shared_ptr<Optimizer>> optimizer(m, "OptimizerCore");
  add_constructors<Optimizer>(optimizer, "keras.optimizers", [](const Dict& config) {
    OptimizerArgs args;
    read_fields("Optimizer", config, [&](Fields& f) {
      f("learning_rate", args.learning_rate);
      args.fields(f);
    });
    return std::make_shared<UserOptimizer>(args);
  });
  bind_optimizer_methods(optimizer);
  bind_optimizer_wrappers(m);

  py::class_<SeedGenerator, Object, std::shared_ptr<SeedGenerator>> seed(m, "SeedGeneratorCore");
  seed.def(py::init([](const ObjectBox& box) { return unbox<SeedGenerator>(box); }))
      .def(py::init([](std::optional<int64_t> value) { return std::make_shared<SeedGenerator>(value); }))
      .def("_seed_state", [](const SeedGenerator& g) { return variable_to_python(g.state()); })
      .def("_next", [](SeedGenerator& g) { return to_python(g.next()); });
  m.def("set_random_seed", &set_random_seed);
  m.def("make_default_seed", &make_default_seed);
  m.def("global_seed_generator", [] { return object_to_python(global_seed_generator()); });
  m.def("draw_seed", [](py::handle seed) { return to_python(draw_seed(to_value(seed))); });

  bind_callbacks(m);

  // --- classes and configs ---
  m.def("class_names", [](const std::string& module) {
    std::vector<std::string> out;
    for (const ClassInfo* info : registered_classes(module)) out.push_back(info->name);
    return out;
  });
  m.def("class_info", [](const std::string& name, const std::string& module) -> py::object {
    const ClassInfo* info = find_class(name, module);
    if (!info) return py::none();
    py::list fields;
    if (info->fields)
      for (const FieldInfo& f : info->fields())
        fields.append(py::make_tuple(f.name, to_python(f.default_value), f.required, f.doc));
    return py::make_tuple(info->name, info->module, info->doc, fields, info->base);
  });
  m.def("serialize_object", [](py::handle o) { return to_python(serialize_object(to_value(o).as_object())); });
  m.def("serialize_value", [](py::handle o) { return to_python(serialize_value(to_value(o))); });
  m.def("get_object", [](py::handle identifier, const std::string& module) {
    return object_to_python(get_object(to_value(identifier), module));
  });
  m.def("deserialize_value", [](py::handle v) { return to_python(deserialize_value(to_value(v))); });
  m.def("set_custom_resolver", [](py::object resolve, py::object class_of) {
    static py::object* resolver = new py::object;
    static py::object* finder = new py::object;
    *resolver = resolve;
    *finder = class_of;
    set_custom_resolver([](const Dict& d) -> ObjectPtr {
      py::gil_scoped_acquire gil;
      // A model's config holds those of all its layers: the class is asked for by its names alone.
      const Value* config = d.find("config");
      if (config && config->is_dict() && !d.find("bare")) {
        Dict names;
        for (const auto& [key, value] : d)
          if (value.is_string() || value.is_none()) names[key] = value;
        if (names.find("class_name") && !names.at("class_name").as_string().starts_with("__lambda__") &&
            (*finder)(to_python(Value(names))).is_none())
          return nullptr;
      }
      py::object made = (*resolver)(to_python(Value(d)));
      if (made.is_none()) return nullptr;
      Value v = to_value(made);
      return v.is_string() ? function_named(v.as_string()) : v.as_object();  // an op comes as its name
    });
  });
}

}  // namespace lamina::bindings
