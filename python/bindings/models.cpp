#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include "api/cloning.h"
#include "api/config.h"
#include "api/drawing/model_drawing.h"
#include "api/quantize.h"
#include "api/sequential.h"
#include "backends/core/interrupt.h"
#include "backends/core/warning.h"
#include "bindings/user_class.h"
#include "serialization/models/model_io.h"

namespace lamina::bindings {

std::shared_ptr<Layer> layer_from_class(const std::string& class_name, const std::string& module, const Dict& config);

namespace {

class UserModel final : public Model {
 public:
  using Model::Model;
  std::string class_name() const override { return user_class ? user_class->class_name() : Model::class_name(); }
};

// A user's subclass of Sequential or Functional keeps the behaviour of its base; only names come from the user's class.

// The C++ objects of a list of Python ones. TypeError for anything that is none.
std::vector<ObjectPtr> objects_in(py::handle list) {
  std::vector<ObjectPtr> out;
  for (py::handle item : list) {
    const Value v = to_value(item);
    if (!v.is_object())
      throw TypeError("`objects_to_skip` must hold layers, optimizers or other objects that files store, received ",
                      v.repr(), ".");
    out.push_back(v.as_object());
  }
  return out;
}

// Batches from a Python object: begin(epoch), next_batch() -> (x, y, sample_weight) or None, end_pass(),
// on_epoch_begin() and on_epoch_end(); `batches` is a pass' number of batches or None.
class PySource final : public DataSource {
 public:
  explicit PySource(py::object source) : source_(std::move(source)) {}
  ~PySource() override {
    py::gil_scoped_acquire gil;
    source_ = py::object();
  }
  void begin_pass(int64_t epoch) override { call("begin", epoch); }
  std::optional<Batch> next() override {
    py::gil_scoped_acquire gil;
    py::object item = source_.attr("next_batch")();
    if (item.is_none()) return std::nullopt;
    auto t = item.cast<py::tuple>();
    Batch b{to_value(t[0]), to_value(t[1]), to_value(t[2]), 0};
    for (const Tensor& x : flatten_tensors(b.x)) {
      b.size = x.rank() ? x.shape()[0] : 1;
      break;
    }
    return b;
  }
  void end_pass() override { call("end_pass"); }
  void on_epoch_begin() override { call("on_epoch_begin"); }
  void on_epoch_end() override { call("on_epoch_end"); }
  Value state() const override {
    py::gil_scoped_acquire gil;
    return to_value(source_.attr("state")());
  }
  void restore(const Value& state, bool within_pass) override {
    py::gil_scoped_acquire gil;
    source_.attr("restore")(to_python(state), within_pass);
  }
  std::optional<int64_t> batches() const override {
    py::gil_scoped_acquire gil;
    return source_.attr("batches").cast<std::optional<int64_t>>();
  }

 private:
  template <class... Args>
  void call(const char* method, Args... args) {
    py::gil_scoped_acquire gil;
    source_.attr(method)(args...);
  }
  py::object source_;
};

std::shared_ptr<DataSource> source_of(py::handle data) { return data.cast<std::shared_ptr<DataSource>>(); }

std::vector<CallbackPtr> callbacks_of(py::handle list) {
  std::vector<CallbackPtr> out;
  for (py::handle c : list) {
    auto callback = to_value(c).object_as<Callback>();
    if (!callback)
      throw TypeError("`callbacks` must hold Callback instances, received ", py::repr(c).cast<std::string>(), ".");
    out.push_back(callback);
  }
  return out;
}

template <class T>
std::optional<T> optional(py::handle h) {
  if (h.is_none()) return {};
  return to_value(h).as_int();
}

// Functions take their inputs as they are, and have no training.
void bind_function_graph(py::module_& m) {
  py::class_<FunctionalGraph>(m, "FunctionGraph")
      .def(py::init([](py::handle inputs, py::handle outputs) {
        return FunctionalGraph(to_value(inputs), to_value(outputs), FunctionalGraph::Inputs::as_given);
      }))
      .def("operations",
           [](const FunctionalGraph& g) {
             py::list out;
             for (const auto& op : g.map().operations) out.append(object_to_python(op));
             return out;
           })
      .def("run",
           [](const FunctionalGraph& g, py::handle inputs) {
             return to_python(g.rerun(to_value(inputs), [](Node& n, List args, Dict kwargs) {
               return n.operation->run_node(std::move(args), std::move(kwargs));
             }));
           })
      .def("infer", [](const FunctionalGraph& g, py::handle inputs) {
        const Value specs = strip_symbolic(to_value(inputs));
        return to_python(g.rerun(specs, [](Node& n, List args, Dict kwargs) {
          auto layer = std::dynamic_pointer_cast<Layer>(n.operation);
          return strip_symbolic(layer ? layer->compute_output_spec(std::move(args), std::move(kwargs))
                                      : n.operation->run_node(std::move(args), std::move(kwargs)));
        }));
      });
}

}  // namespace

void bind_models(py::module_& m) {
  bind_function_graph(m);
  py::class_<DataSource, std::shared_ptr<DataSource>>(m, "DataSource")
      .def_property_readonly("batches", [](const DataSource& s) { return s.batches(); });
  m.def("array_source",
        [](py::handle x, py::handle y, py::handle w, int64_t batch_size, bool shuffle, bool within_batches,
           py::handle class_weight) -> std::shared_ptr<DataSource> {
          ArrayData::Options o{batch_size, shuffle, within_batches,
                               class_weight.is_none() ? Dict{} : to_value(class_weight).as_dict()};
          return std::make_shared<ArrayData>(to_value(x), to_value(y), to_value(w), std::move(o));
        });
  m.def("split_arrays", [](py::handle x, py::handle y, py::handle w, double fraction) {
    auto [a, b] = ArrayData::split(to_value(x), to_value(y), to_value(w), fraction);
    return py::make_tuple(py::make_tuple(to_python(a.x), to_python(a.y), to_python(a.sample_weight)),
                          py::make_tuple(to_python(b.x), to_python(b.y), to_python(b.sample_weight)));
  });
  m.def("python_source",
        [](py::object source) -> std::shared_ptr<DataSource> { return std::make_shared<PySource>(std::move(source)); });
  m.def("class_weights_to_sample_weights", [](py::handle y, py::handle weights) {
    return to_python(class_weights_to_sample_weights(to_value(y).as_tensor(), to_value(weights).as_dict()));
  });

  py::class_<Model, Layer, std::shared_ptr<Model>> model(m, "ModelCore");
  model.def(py::init([](const ObjectBox& box) { return std::dynamic_pointer_cast<Model>(box.pointer); }))
      .def(py::init([](const std::string& class_name, const std::string& module, py::dict config) {
        return std::dynamic_pointer_cast<Model>(layer_from_class(class_name, module, to_value(config).as_dict()));
      }))
      .def(py::init([](py::none, py::dict config) {
        Dict own = to_value(config).as_dict();
        LayerArgs args = LayerArgs::take(own);
        if (!own.empty()) throw ValueError("Unrecognized keyword arguments passed to Model: ", Value(own).repr());
        return std::shared_ptr<Model>(std::make_shared<UserModel>(std::move(args)));
      }))
      .def("_set_graph",
           [](Model& x, py::handle inputs, py::handle outputs) { x.set_graph(to_value(inputs), to_value(outputs)); })
      .def_property_readonly("_is_functional", &Model::is_functional)
      .def("_draw",
           [](const Model& x, py::dict given) {
             DrawingOptions o;
             const Dict options = to_value(given).as_dict();
             o.show_shapes = options.at("show_shapes").as_bool(), o.show_dtype = options.at("show_dtype").as_bool();
             o.show_layer_names = options.at("show_layer_names").as_bool();
             o.rankdir = options.at("rankdir").as_string(), o.splines = options.at("splines").as_string();
             o.expand_nested = options.at("expand_nested").as_bool(), o.framed = options.at("framed").as_bool();
             o.dpi = options.at("dpi").as_int();
             o.show_layer_activations = options.at("show_layer_activations").as_bool();
             o.show_trainable = options.at("show_trainable").as_bool();
             const Drawing drawing = draw(x, o);
             return std::pair(to_dot(drawing), to_svg(drawing));
           })
      .def("_graph_inputs", [](const Model& x) { return x.graph() ? to_python(x.graph()->inputs()) : py::none(); })
      .def("_graph_outputs", [](const Model& x) { return x.graph() ? to_python(x.graph()->outputs()) : py::none(); })
      .def("_clone_graph",
           [](const Model& x, py::handle inputs, py::object clone, py::object call) {
             CloneFunction cloned;
             CallFunction called;
             if (!clone.is_none())
               cloned = [&](const std::shared_ptr<Operation>& op) {
                 auto made = to_value(clone(object_to_python(op))).object_as<Operation>();
                 if (!made) throw ValueError("`clone_function` must return a layer; for ", op->repr(), " it did not.");
                 return made;
               };
             if (!call.is_none())
               called = [&](const std::shared_ptr<Operation>& op, List args, Dict kwargs) {
                 py::dict named;
                 for (const auto& [key, v] : kwargs) named[py::str(key)] = to_python(v);
                 py::list positional;
                 for (const Value& v : args) positional.append(to_python(v));
                 return to_value(call(object_to_python(op), *positional, **named));
               };
             return to_python(clone_graph(x, to_value(inputs), cloned, called));
           })
      .def_property_readonly("_operations",
                             [](const Model& x) {
                               py::list out;
                               if (x.graph())
                                 for (const auto& op : x.graph()->map().operations) out.append(object_to_python(op));
                               return out;
                             })
      .def("_output_names", &Model::output_names)
      .def("_summary",
           [](const Model& x, int64_t line_length, int64_t most_columns, std::vector<double> positions, bool nested,
              bool trainable, std::vector<std::string> range) {
             return x.summary({line_length, most_columns, std::move(positions), nested, trainable, std::move(range)});
           })
      .def("_compile",
           [](Model& x, py::handle config) {
             CompileArgs args;
             Dict d = to_value(config).as_dict();
             read_fields("compile", d, [&](Fields& f) { args.fields(f); });
             x.compile(std::move(args));
           })
      .def("_compile_from_config",
           [](Model& x, py::handle config) { x.compile_from_config(to_value(config).as_dict()); })
      .def("_compile_config", [](const Model& x) { return to_python(serialize_value(x.get_compile_config())); })
      .def_property_readonly("compiled", &Model::compiled)
      .def_property("run_eagerly", &Model::run_eagerly, &Model::set_run_eagerly)
      .def_property("steps_per_execution", &Model::steps_per_execution, &Model::set_steps_per_execution)
      .def_property_readonly("_loss_argument", [](const Model& x) { return to_python(x.compile_arguments_loss()); })
      .def_property(
          "_jit_compile", [](const Model& x) { return to_python(x.jit_compile()); },
          [](Model& x, py::handle v) { x.set_jit_compile(to_value(v)); })
      .def_property(
          "stop_evaluating", [](const Model& x) { return x.stop_evaluating; },
          [](Model& x, bool v) { x.stop_evaluating = v; })
      .def_property(
          "stop_predicting", [](const Model& x) { return x.stop_predicting; },
          [](Model& x, bool v) { x.stop_predicting = v; })
      .def_property(
          "stop_training", [](const Model& x) { return x.stop_training; },
          [](Model& x, bool v) { x.stop_training = v; })
      .def_property(
          "_optimizer", [](const Model& x) { return object_to_python(x.optimizer()); },
          [](Model& x, py::handle optimizer) { x.set_optimizer(OptimizerRef::from(to_value(optimizer)).pointer()); })
      .def_property_readonly("_loss_tracker", [](const Model& x) { return object_to_python(x.loss_tracker()); })
      .def("_fit",
           [](Model& x, py::handle source, py::dict o, py::handle callbacks, py::handle validation) {
             FitArgs args;
             args.epochs = to_value(o["epochs"]).as_int();
             args.verbose = to_value(o["verbose"]);
             args.initial_epoch = to_value(o["initial_epoch"]).as_int();
             args.steps_per_epoch = optional<int64_t>(o["steps_per_epoch"]);
             args.validation_steps = optional<int64_t>(o["validation_steps"]);
             args.validation_freq = to_value(o["validation_freq"]);
             args.callbacks = callbacks_of(callbacks);
             args.keep_history = false;  // Python's own History is among the callbacks
             auto data = source_of(source);
             if (!validation.is_none()) args.validation = source_of(validation);
             py::gil_scoped_release release;
             x.fit(std::move(data), std::move(args));
           })
      .def("_evaluate",
           [](Model& x, py::handle source, py::handle steps, py::handle verbose, py::handle callbacks) {
             EvaluateArgs args;
             args.steps = optional<int64_t>(steps);
             args.verbose = to_value(verbose);
             args.callbacks = callbacks_of(callbacks);
             auto data = source_of(source);
             Dict logs;
             {
               py::gil_scoped_release release;
               logs = x.evaluate(std::move(data), std::move(args));
             }
             return to_python(Value(logs));
           })
      .def("_predict",
           [](Model& x, py::handle source, py::handle steps, py::handle verbose, py::handle callbacks) {
             EvaluateArgs args;
             args.steps = optional<int64_t>(steps);
             args.verbose = to_value(verbose);
             args.callbacks = callbacks_of(callbacks);
             auto data = source_of(source);
             Value out;
             {
               py::gil_scoped_release release;
               out = x.predict(std::move(data), std::move(args));
             }
             return result_to_python(std::move(out));
           })
      .def("_train_on_batch",
           [](Model& x, py::handle a, py::handle y, py::handle w, py::handle cw) {
             Value va = to_value(a), vy = to_value(y), vw = to_value(w);
             Dict weights = cw.is_none() ? Dict{} : to_value(cw).as_dict(), logs;
             {
               py::gil_scoped_release release;
               logs = x.train_on_batch(va, vy, vw, weights);
             }
             return to_python(Value(logs));
           })
      .def("_test_on_batch",
           [](Model& x, py::handle a, py::handle y, py::handle w) {
             Value va = to_value(a), vy = to_value(y), vw = to_value(w);
             Dict logs;
             {
               py::gil_scoped_release release;
               logs = x.test_on_batch(va, vy, vw);
             }
             return to_python(Value(logs));
           })
      .def("_predict_on_batch",
           [](Model& x, py::handle a) {
             Value va = shared_value(a), out;
             {
               py::gil_scoped_release release;
               out = x.predict_on_batch(va);
             }
             return result_to_python(std::move(out));
           })
      .def("_train_step",
           [](Model& x, py::handle a, py::handle y, py::handle w) {
             return to_python(Value(x.train_step(to_value(a), to_value(y), to_value(w))));
           })
      .def("_test_step",
           [](Model& x, py::handle a, py::handle y, py::handle w) {
             return to_python(Value(x.test_step(to_value(a), to_value(y), to_value(w))));
           })
      .def("_predict_step", [](Model& x, py::handle a) { return to_python(x.predict_step(to_value(a))); })
      .def("_compute_loss",
           [](Model& x, py::handle a, py::handle y, py::handle p, py::handle w, bool training) {
             return to_python(x.compute_loss(to_value(a), to_value(y), to_value(p), to_value(w), training));
           })
      .def("_compute_metrics",
           [](Model& x, py::handle a, py::handle y, py::handle p, py::handle w) {
             return to_python(Value(x.compute_metrics(to_value(a), to_value(y), to_value(p), to_value(w))));
           })
      .def("_metrics_result", [](Model& x) { return to_python(Value(x.get_metrics_result())); })
      .def("_reset_metrics",
           [](Model& x) {
             for (const MetricPtr& metric : x.metrics()) metric->reset();
           })
      .def("_metrics",
           [](const Model& x) {
             py::list out;
             for (const MetricPtr& metric : x.metrics()) out.append(object_to_python(metric));
             return out;
           })
      .def("_track_metric", [](Model& x, py::handle metric) { x.track_metric(to_value(metric).object_as<Metric>()); })
      .def("_quantize_layers",
           [](Model& x, py::handle mode, py::handle config, py::object filter, bool type_check, bool all_layers) {
             QuantizeOptions options{.type_check = type_check, .all_layers = all_layers};
             if (!filter.is_none())
               options.filter = [&](const LayerPtr& layer) {
                 return py::bool_(filter(object_to_python(layer))).cast<bool>();
               };
             quantize(x, to_value(mode), to_value(config), options);
           })
      .def("_quantize_calibrated",
           [](Model& x, py::handle config, py::handle before, py::handle blocks, py::handle tokens, int64_t offset,
              py::object filter, bool type_check) {
             const auto layers = [](py::handle list, const char* name) {
               std::vector<LayerPtr> out;
               for (py::handle item : list) {
                 out.push_back(to_value(item).object_as<Layer>());
                 if (!out.back())
                   throw TypeError("'", name,
                                   "' must be a list of layers. Received in it: ", py::repr(item).cast<std::string>());
               }
               return out;
             };
             const auto given = to_value(config).object_as<CalibratedConfig>();
             const Tensor all = value_to<Tensor>(to_value(tokens));
             const int32_t* first = all.data<int32_t>();
             quantize_calibrated(
                 x, given, {layers(before, "pre_block_layers"), layers(blocks, "sequential_blocks")},
                 calibration_samples({first, first + all.size()}, *given, offset),
                 [&](const LayerPtr& layer) { return py::bool_(filter(object_to_python(layer))).cast<bool>(); },
                 type_check);
           })
      .def("_invalidate", &Model::invalidate_functions)
      .def("dump", &Model::dump, "The compiled graphs of this model's steps, as text.")
      .def("_get_layer_by_name",
           [](const Model& x, const std::string& name) { return object_to_python(x.get_layer(name)); })
      .def("_get_layer_by_index", [](const Model& x, int index) { return object_to_python(x.get_layer(index)); });

  py::class_<Sequential, Model, std::shared_ptr<Sequential>> sequential(m, "SequentialCore");
  sequential.def(py::init([](const ObjectBox& box) { return std::dynamic_pointer_cast<Sequential>(box.pointer); }))
      .def(py::init([](py::none, py::dict config) {
        Dict own = to_value(config).as_dict();
        return std::make_shared<Sequential>(LayerArgs::take(own));
      }))
      .def("_add",
           [](Sequential& s, py::handle layer, bool rebuild) {
             auto l = to_value(layer).object_as<Layer>();
             if (!l)
               throw ValueError("Only instances of `keras.Layer` can be added to a Sequential model. Received: ",
                                py::repr(layer).cast<std::string>(), " (of type ",
                                py::str(py::type::of(layer)).cast<std::string>(), ")");
             s.add(l, rebuild);
           })
      .def("_pop", &Sequential::pop)
      .def("_rebuild", &Sequential::maybe_rebuild)
      .def("_stack", [](const Sequential& s) {
        py::list out;
        for (const LayerPtr& l : s.stack()) out.append(object_to_python(l));
        return out;
      });
  m.def("new_progbar_logger", [] { return ObjectBox{std::make_shared<ProgbarLogger>()}; });
  m.def("save_layer", [](const Layer& x, const std::string& path) { save_layer(x, path); });
  m.def("save_model", [](const Model& x, const std::string& path, bool overwrite, bool zipped, bool include_optimizer) {
    save_model(x, path, SaveOptions{overwrite, zipped, include_optimizer});
  });
  m.def("save_weights", [](const Model& x, const std::string& path, bool overwrite,
                           std::optional<double> max_shard_size, py::handle objects_to_skip) {
    save_weights(x, path, overwrite, max_shard_size, objects_in(objects_to_skip));
  });
  m.def("load_weights", [](Model& x, const std::string& path, bool skip, bool by_name, py::handle objects_to_skip) {
    load_weights(x, path, LoadWeightsOptions{skip, by_name, objects_in(objects_to_skip)});
  });
  m.def("load_model",
        [](const std::string& path, bool compile) { return object_to_python(load_layer(path, compile)); });
  m.def("model_to_json", [](const Model& x) { return model_to_json(x); });
  m.def("model_from_json", [](const std::string& json) { return object_to_python(model_from_json(json)); });
  m.def("set_warning_function", [](py::object f) {
    static py::object* held = new py::object;
    *held = f;
    set_warning_function([](const std::string& s) {
      py::gil_scoped_acquire gil;
      (*held)(s);  // raises where the user turned warnings into errors
    });
  });
  set_interrupt_check([] {
    py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  });
  m.def("max_epochs", &max_epochs);
  m.def("set_max_epochs", &set_max_epochs);
  m.def("max_steps_per_epoch", &max_steps_per_epoch);
  m.def("set_max_steps_per_epoch", &set_max_steps_per_epoch);
  m.def("set_print_function", [](py::object f) {
    static py::object* held = new py::object;
    *held = f;
    set_print_function([](const std::string& s) {
      py::gil_scoped_acquire gil;
      (*held)(s);
    });
  });
}

}  // namespace lamina::bindings
