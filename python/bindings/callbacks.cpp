// Callbacks: built-in ones by name, users' own through their classes.
#include <pybind11/stl.h>

#include "api/callbacks/callback.h"
#include "api/model.h"
#include "bindings/kinds.h"

namespace lamina::bindings {

namespace {
class UserCallback final : public User<Callback> {};

// Logs that the callback added or changed (the learning rate) are written back into the caller's dict.
template <class Event>
void with_logs(py::handle logs, Event event) {
  Dict d = logs.is_none() ? Dict{} : to_value(logs).as_dict();
  const Dict before = d;
  event(d);
  if (!py::isinstance<py::dict>(logs)) return;
  auto dict = py::reinterpret_borrow<py::dict>(logs);
  for (const auto& [key, v] : d)
    if (const Value* old = before.find(key); !old || !(*old == v)) dict[py::str(key)] = to_python(v);
}
Method event_named(const std::string& name) {
  auto event = method_named(name);
  if (!event) throw ValueError("There is no callback event '", name, "'.");
  return *event;
}
}  // namespace

void bind_callbacks(py::module_& m) {
  py::class_<Callback, Object, std::shared_ptr<Callback>> callback(m, "CallbackCore");
  add_constructors<Callback>(callback, "keras.callbacks", [](const Dict&) { return std::make_shared<UserCallback>(); });
  callback
      .def("_event", [](Callback& c, const std::string& method, int64_t index,
                        py::handle logs) { with_logs(logs, [&](Dict& d) { c.event(event_named(method), index, d); }); })
      .def("_event", [](Callback& c, const std::string& method,
                        py::handle logs) { with_logs(logs, [&](Dict& d) { c.event(event_named(method), d); }); })
      .def("_set_params",
           [](Callback& c, py::handle params) { c.set_params(params.is_none() ? Dict{} : to_value(params).as_dict()); })
      .def("_set_model",
           [](Callback& c, py::handle model) {
             auto target = model.is_none() ? nullptr : to_value(model).object_as<Model>();
             c.set_model(target.get());
           })
      .def("_model",
           [](const Callback& c) -> py::object { return c.model() ? object_to_python(c.model()->self()) : py::none(); })
      .def("_params", [](const Callback& c) { return to_python(Value(c.params())); })
      .def("_method", [](Callback& c, const std::string& name, py::args arguments) {
        return to_python(c.method(name, to_list(arguments)));
      });
  // A value that C++ only hands on, to come back as the same Python object.
  m.def("carried", [](py::object o) { return ObjectBox{std::make_shared<Foreign>(std::move(o))}; });
  m.def("ascii_text", &ascii_text);
}

}  // namespace lamina::bindings
