// What is told of ops and classes: the text of help(), and the list from which stubs and pages are made.
#include <pybind11/stl.h>

#include "api/applications/model_function.h"
#include "backends/core/object.h"
#include "backends/ops/public/documentation.h"
#include "bindings/convert.h"

namespace lamina::bindings {

static py::dict to_dict(const Documentation& of, const char* kind = nullptr) {
  py::list arguments;
  for (const ArgumentDocumentation& a : of.arguments) {
    py::dict argument;
    argument["name"] = a.name;
    argument["default"] = a.default_value;
    argument["required"] = a.required;
    argument["variadic"] = a.variadic;
    argument["doc"] = a.doc;
    std::string type = a.type;
    if (!type.empty()) py::detail::clean_type_id(type);
    argument["type"] = type;
    arguments.append(argument);
  }
  py::dict out;
  out["kind"] = kind                                    ? kind
                : of.kind == Documentation::Kind::op    ? "op"
                : of.kind == Documentation::Kind::layer ? "layer"
                                                        : "object";
  out["name"] = of.name;
  out["module"] = of.module;
  out["summary"] = of.summary;
  out["arguments"] = arguments;
  for (const auto& [key, text] : {std::pair{"returns", of.doc.returns},
                                  {"call", of.doc.call},
                                  {"input", of.doc.input},
                                  {"output", of.doc.output},
                                  {"raises", of.doc.raises},
                                  {"source", of.doc.source},
                                  {"example", of.doc.example}})
    out[key] = text;
  return out;
}

void bind_descriptions(py::module_& m) {
  m.def(
      "documentation",
      [] {
        py::list out;
        for (const Documentation& of : all_documentation()) out.append(to_dict(of));
        for (const auto* model : applications::model_functions()) out.append(to_dict(describe(*model), "model"));
        return out;
      },
      "What is told of each op, class and model function, as dicts.");
  m.def(
      "class_docstring",
      [](const std::string& name, const std::string& module) {
        const ClassInfo* info = find_class(name, module);
        return info ? docstring(describe(*info)) : std::string();
      },
      py::arg("name"), py::arg("module"), "The text of help() for a registered class.");
}

}  // namespace lamina::bindings
