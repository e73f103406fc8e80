// Public ops as Python callables, made from their descriptions.
#include <pybind11/stl.h>

#include <unordered_map>

#include "backends/ops/public/public_op.h"
#include "bindings/user_class.h"
#include "layers/operation.h"

namespace lamina::bindings {

namespace {

struct PyOp {
  const OpInfo* info;

  py::object call(const py::args& args, const py::kwargs& kwargs) const {
    try {
      return call_on_values(args, kwargs);
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_NotImplementedError)) throw;  // TensorFlow's symbolic tensors have no array
      py::module_ graphs = py::module_::import("lamina._core.tensorflow_graphs");
      if (!graphs.attr("symbolic_inputs")(args, kwargs).cast<bool>()) throw;
      return graphs.attr("call_op_in_graph")(*this, args, kwargs);
    }
  }
  py::object call_on_values(const py::args& args, const py::kwargs& kwargs) const {
    std::vector<Value> bound = bind_arguments(*info, to_list(args), to_dict(kwargs));
    bool dtype_given = false;  // which says what an integer of any size becomes
    for (size_t i = 0; i < bound.size(); ++i) dtype_given |= info->arguments[i].name == "dtype" && !bound[i].is_none();
    if (!dtype_given) {
      for (py::handle argument : args) check_integer_size(argument);
      for (auto argument : kwargs) check_integer_size(argument.second);
    }
    return to_python(call_op(*info, bound));
  }
  py::object signature() const {
    py::module_ inspect = py::module_::import("inspect");
    py::object parameter = inspect.attr("Parameter");
    py::list parameters;
    py::object kind = parameter.attr("POSITIONAL_OR_KEYWORD");
    for (const OpArgument& a : info->arguments) {
      if (a.collects_named()) {
        parameters.append(parameter(a.name, parameter.attr("VAR_KEYWORD")));
      } else if (a.collects) {
        parameters.append(parameter(a.name, parameter.attr("VAR_POSITIONAL")));
        kind = parameter.attr("KEYWORD_ONLY");
      } else if (a.required) {
        parameters.append(parameter(a.name, kind));
      } else {
        parameters.append(parameter(a.name, kind, py::arg("default") = to_python(a.default_value)));
      }
    }
    return inspect.attr("Signature")(parameters);
  }
};

}  // namespace

// The op as a Python object that introspects like a function; one object an op, made when first asked for.
static py::object wrap_op(const OpInfo* info) {
  if (!info) return py::none();
  static auto* made = new std::unordered_map<const OpInfo*, py::object>;  // outlives the interpreter's teardown
  if (auto found = made->find(info); found != made->end()) return found->second;
  py::object op = py::cast(PyOp{info});
  op.attr("__name__") = info->name.substr(info->name.rfind('.') + 1);
  op.attr("__qualname__") = info->name;
  op.attr("__doc__") = docstring(describe(*info));
  op.attr("__module__") = "lamina.ops";
  return made->emplace(info, op).first->second;
}

void bind_ops(py::module_& m) {
  py::class_<PyOp>(m, "Op", py::dynamic_attr(), "A public op.")
      .def("__call__", &PyOp::call)
      .def_property_readonly("__signature__", &PyOp::signature)
      .def_property_readonly("class_name", [](const PyOp& op) { return op.info->class_name; })
      .def_property_readonly("class_module", [](const PyOp& op) { return op.info->module; })
      .def_property_readonly(
          "call_arguments",
          [](const PyOp& op) {
            std::vector<std::string> names;
            for (const OpArgument& a : op.info->arguments)
              if (a.call || a.collects) names.push_back(a.name);
            return names;
          },
          "The arguments that Keras' operation class takes in call(); the others go to its constructor.")
      .def_property_readonly("variadic_argument",
                             [](const PyOp& op) -> std::optional<std::string> {
                               for (const OpArgument& a : op.info->arguments)
                                 if (a.collects && !a.collects_named()) return a.name;
                               return {};
                             })
      .def("__repr__", [](const PyOp& op) { return text("<op ", op.info->name, ">"); })
      .def("__get__", [](py::object self, py::object, py::object) { return self; })
      .def("__reduce__",
           [](const PyOp& op) {
             return py::make_tuple(py::module_::import("lamina._core.ops").attr("_op"), py::make_tuple(op.info->name));
           })
      .def("_to_lamina_value", [](const PyOp& op) { return op.info->name; });
  m.def("find_op", [](const std::string& name) -> py::object { return wrap_op(find_op(name)); });
  m.def("op_names", [] {
    std::vector<std::string> out;
    for (const OpInfo* o : all_ops()) out.push_back(o->name);
    return out;
  });
  m.def("find_op_class", [](const std::string& name) -> py::object { return wrap_op(find_op_class(name)); });
}

}  // namespace lamina::bindings
