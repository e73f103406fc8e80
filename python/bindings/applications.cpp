// keras.applications: model functions as Python makes them from their descriptions, and what goes with them.
#include "api/applications/applications.h"

#include <pybind11/stl.h>

#include "bindings/convert.h"

namespace lamina::bindings {

namespace {

py::tuple to_tuple(const applications::PublishedFile& f) { return py::make_tuple(f.name, f.origin, f.hash); }

const applications::ModelFunctionInfo& function_named(const std::string& name) {
  if (const auto* info = applications::find_model_function(name)) return *info;
  throw ValueError("There is no model function '", name, "'.");
}

}  // namespace

void bind_applications(py::module_& m) {
  m.def(
      "model_function_names",
      [](const std::string& module) {
        std::vector<std::string> out;
        for (const auto* info : applications::model_functions())
          if (module.empty() || std::find(info->modules.begin(), info->modules.end(), module) != info->modules.end())
            out.push_back(info->name);
        return out;
      },
      py::arg("module"), "The model functions in a module of keras.applications; all of them for \"\".");
  m.def(
      "model_function",
      [](const std::string& name) {
        const auto& info = function_named(name);
        py::list arguments;
        for (const FieldInfo& f : info.fields) arguments.append(py::make_tuple(f.name, to_python(f.default_value)));
        return py::make_tuple(arguments, docstring(applications::describe(info)));
      },
      "(name, default) of each argument of a model function, and its docstring.");
  m.def(
      "build_model",
      [](const std::string& name, const py::dict& arguments) {
        applications::Built built = function_named(name).make(to_value(arguments).as_dict());
        py::object file = py::none();
        if (built.imagenet) file = to_tuple(*built.imagenet);
        return py::make_tuple(object_to_python(built.model), file);
      },
      "The model of a function, and (name, address, hash) of the weights that it is still to get, or None.");
  m.def(
      "preprocessing_mode",
      [](const std::string& module) -> std::optional<std::string> {
        const auto* info = applications::find_module(module);
        return info ? std::optional(info->preprocessing) : std::nullopt;
      },
      "What preprocess_input() of a module of keras.applications does.");
  m.def("preprocess_input", [](py::handle images, const std::string& mode, const std::string& data_format) {
    return to_python(applications::preprocess_input(value_to<Operand>(to_value(images)).value(), mode, data_format));
  });
  m.def(
      "decode_predictions",
      [](py::handle predictions, int64_t top, const py::function& fetch) {
        const Tensor scores = value_to<Operand>(to_value(predictions)).value();
        applications::check_predictions(scores, top);
        const auto path = fetch(*to_tuple(applications::class_index())).cast<std::string>();
        py::list out;
        for (const auto& sample : applications::decode_predictions(scores, top, path)) {
          py::list row;
          for (const auto& p : sample) row.append(py::make_tuple(p.id, p.name, p.index));
          out.append(row);
        }
        return out;
      },
      "(id, name, index) of the likeliest classes of each sample; fetch(name, address, hash) gives the path of a "
      "published file.");
}

}  // namespace lamina::bindings
