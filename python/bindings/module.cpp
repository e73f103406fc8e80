#include "api/config.h"
#include "api/profile.h"
#include "backends/core/engine.h"
#include "backends/core/patient_lock.h"
#include "backends/core/settings.h"
#include "backends/cpu/simd_choice.h"
#include "backends/graph/function.h"
#include "bindings/user_class.h"
#include "layers/remat.h"

namespace lamina::bindings {

namespace {

PyObject* exception_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::value: return PyExc_ValueError;
    case ErrorKind::type: return PyExc_TypeError;
    case ErrorKind::index: return PyExc_IndexError;
    case ErrorKind::key: return PyExc_KeyError;
    case ErrorKind::attribute: return PyExc_AttributeError;
    case ErrorKind::io: return PyExc_OSError;
    case ErrorKind::memory: return PyExc_MemoryError;
    case ErrorKind::unsupported: return PyExc_NotImplementedError;
    case ErrorKind::stop_iteration: return PyExc_StopIteration;
    case ErrorKind::overflow: return PyExc_OverflowError;
    case ErrorKind::recursion: return PyExc_RecursionError;
    default: return PyExc_RuntimeError;
  }
}

}  // namespace

void bind_settings(py::module_& m) {
  m.def("floatx", [] { return std::string(name_of(settings().floatx())); });
  m.def("set_floatx", [](const std::string& name) {
    DType t = parse_dtype(name);
    if (!is_float(t))
      throw ValueError("Unknown `floatx` value: ", name, ". Expected one of float16, bfloat16, float32, float64.");
    settings().set_floatx(t);
  });
  m.def("epsilon", [] { return settings().epsilon(); });
  m.def("set_epsilon", [](double v) { settings().set_epsilon(v); });
  m.def("image_data_format", [] { return settings().channels_last() ? "channels_last" : "channels_first"; });
  m.def("set_image_data_format", [](const std::string& f) {
    if (f != "channels_last" && f != "channels_first")
      throw ValueError("The `data_format` argument must be one of channels_first, channels_last. Received: ", f);
    settings().set_channels_last(f == "channels_last");
  });
  m.def("lost_masks", [] { return settings().lost_masks_fail() ? "error" : "warn"; });
  m.def("set_lost_masks", [](const std::string& what) {
    if (what != "warn" && what != "error")
      throw ValueError("`lost_masks` must be 'warn' or 'error'. Received: '", what, "'");
    settings().set_lost_masks_fail(what == "error");
  });
  m.def("device", [] { return text(settings().device()); });
  m.def("set_device", &set_device);
  m.def("engine", [] { return settings().graph_engine() ? "graph" : "eager"; });
  m.def("set_engine", [](const std::string& name) {
    if (name != "graph" && name != "eager")
      throw ValueError("The backend must be \"graph\" or \"eager\", received \"", name, "\".");
    settings().set_graph_engine(name == "graph");
  });
  m.def("instruction_set", &instruction_set);
  m.def("threads", &threads);
  m.def("set_threads", &set_threads);
  m.def("tracing", [] { return current_trace() != nullptr; });
  m.def("result_type", [](py::args types) {
    std::vector<PromotionType> list;
    for (py::handle t : types) {
      if (t.ptr() == reinterpret_cast<PyObject*>(&PyLong_Type))
        list.push_back({DType::int32, true});
      else if (t.ptr() == reinterpret_cast<PyObject*>(&PyFloat_Type))
        list.push_back({DType::float32, true});
      else if (t.is_none())
        list.push_back({settings().floatx(), false});
      else
        list.push_back({parse_dtype(to_value(t).as_string()), false});
    }
    return std::string(name_of(result_type(list.data(), list.size())));
  });
  py::class_<DeviceScope, std::unique_ptr<DeviceScope>>(m, "DeviceScope");
  m.def("new_device_scope", [](const std::string& name) { return std::make_unique<DeviceScope>(usable_device(name)); });
  py::class_<RematScope, std::unique_ptr<RematScope>>(m, "RematScope");
  m.def("new_remat_scope", [](const py::object& mode, int64_t threshold, const py::list& names) {
    std::optional<std::string> kind;
    if (!mode.is_none()) kind = mode.cast<std::string>();
    std::vector<std::string> layers;
    for (const py::handle& name : names) layers.push_back(name.cast<std::string>());
    return std::make_unique<RematScope>(RematMode{remat_kind(kind), threshold, std::move(layers)});
  });
  m.def("recompute", [](const py::function& f) {
    // Interpreter lock held: the function is the user's.
    return to_python(remat_value([&] { return to_value(f()); }));
  });
  py::class_<EagerScope, std::unique_ptr<EagerScope>>(m, "EagerScope");
  m.def("new_eager_scope", [] { return std::make_unique<EagerScope>(); });

  m.def("start_profiling", &start_profiling);
  m.def("stop_profiling", [] { return Profile(stop_profiling()); });
  py::class_<Profile>(m, "Profile")
      .def("table", &Profile::table, py::arg("most") = 30)
      .def("trace", &Profile::trace)
      .def("write", &Profile::write, py::arg("path"))
      .def("kernel_seconds", &Profile::kernel_seconds)
      .def("function_seconds", &Profile::function_seconds)
      .def("data_seconds", &Profile::data_seconds)
      .def("rows", [](const Profile& p) {
        py::list out;
        for (const Profile::Row& r : p.rows())
          out.append(py::dict(py::arg("op") = r.label->op, py::arg("kernel") = r.label->kernel,
                              py::arg("signature") = r.label->signature, py::arg("calls") = r.calls,
                              py::arg("seconds") = r.seconds, py::arg("share") = r.share,
                              py::arg("flops") = r.label->flops, py::arg("bytes") = r.label->bytes));
        return out;
      });

  py::class_<Function, std::shared_ptr<Function>>(m, "CompiledFunction")
      .def(py::init([](py::object f, const std::string& name) {
        auto held = std::make_shared<Foreign>(f);
        return std::make_shared<Function>(
            [held](std::span<const Tensor> inputs) -> Tensors {
              py::gil_scoped_acquire gil;
              py::list list;
              for (const Tensor& t : inputs) list.append(to_python(t));
              return flatten_tensors(to_value(held->object(list)));
            },
            name);
      }))
      .def("__call__",
           [](Function& f, py::handle inputs) {
             Tensors in = flatten_tensors(to_value(inputs)), out;
             {
               py::gil_scoped_release release;
               out = f(in);
             }
             py::list list;
             for (const Tensor& t : out) list.append(to_python(t));
             return list;
           })
      .def("signatures", &Function::signatures)
      .def("dump", &Function::dump);
}

void bind_applications(py::module_& m);
void bind_datasets(py::module_& m);
void bind_image_layers(py::module_& m);
void bind_images(py::module_& m);
void bind_text(py::module_& m);
void bind_weight_files(py::module_& m);

PYBIND11_MODULE(_lamina, m) {
  m.doc() = "C++ core of lamina";
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const Error& e) {
      PyErr_SetString(exception_for(e.kind()), e.what());
    } catch (const std::bad_alloc&) {  // of small things: tensors say what did not fit
      PyErr_SetString(PyExc_MemoryError, "Out of memory. Use a smaller batch or model.");
    }
  });
  set_waiting([](void (*wait)(void*), void* context) {
    if (!PyGILState_Check()) return wait(context);
    py::gil_scoped_release release;
    wait(context);
  });
  bind_settings(m);
  bind_objects(m);
  bind_tensor(m);
  bind_ops(m);
  bind_descriptions(m);
  bind_layers(m);
  bind_recurrence(m);
  bind_models(m);
  bind_applications(m);
  bind_datasets(m);
  bind_image_layers(m);
  bind_images(m);
  bind_text(m);
  bind_weight_files(m);
}

}  // namespace lamina::bindings
