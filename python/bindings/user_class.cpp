#include "bindings/user_class.h"

#include "backends/core/stack.h"

namespace lamina::bindings {

Value Link::call(Method method, List args, Dict kwargs) {
  check_stack("A call");
  py::gil_scoped_acquire gil;
  py::object me = py::reinterpret_borrow<py::object>(self);
  py::tuple positional(args.size());
  for (size_t i = 0; i < args.size(); ++i) positional[i] = to_python(args[i]);
  py::dict named;
  for (const auto& [key, v] : kwargs) named[py::str(key)] = to_python(v);
  const std::string name(name_of(method));
  // Methods whose arguments depend on the user's signature go through an adapter of the Python class.
  py::object adapter = py::getattr(me, ("_hook_" + name).c_str(), py::none());
  py::object result = adapter.is_none() ? me.attr(name.c_str())(*positional, **named) : adapter(*positional, **named);
  return to_value(result);
}

std::vector<std::string> Link::arguments(Method method) const {
  py::gil_scoped_acquire gil;  // which also guards the cache
  if (auto found = arguments_.find(method); found != arguments_.end()) return found->second;
  py::object list =
      py::module_::import("lamina._core.user_classes")
          .attr("argument_names")(py::reinterpret_borrow<py::object>(self).attr(std::string(name_of(method)).c_str()));
  std::vector<std::string> out;
  for (py::handle item : list) out.push_back(item.cast<std::string>());
  return arguments_[method] = out;
}

void attach(py::object self, py::object user, bool owned_by_python) {
  Object& object = self.cast<Object&>();
  auto link = std::make_shared<Link>();
  link->self = self.ptr();
  if (!user.is_none()) {
    auto t = user.cast<py::tuple>();
    link->user_class = t[0].cast<std::string>();
    link->user_module = t[1].is_none() ? "" : t[1].cast<std::string>();
    link->user_registered = t[2].is_none() ? "" : t[2].cast<std::string>();
    for (py::handle m : t[3])
      if (auto method = method_named(m.cast<std::string>())) link->overridden.set(static_cast<size_t>(*method));
    object.user_class = link.get();
  }
  if (owned_by_python) {
    Object* raw = &object;
    Link* l = link.get();  // lives in the object's attachment
    object.self_hook = [raw, l]() -> ObjectPtr {
      return l->self ? owning_pointer(l->self, raw) : raw->shared_from_this();
    };
  }
  object.attachment = link;
  // When the wrapper's dict goes, the wrapper is going: the object must not look for it any more.
  auto* anchor = new std::shared_ptr<Link>(link);
  py::capsule capsule(anchor, [](void* p) {
    auto* held = static_cast<std::shared_ptr<Link>*>(p);
    (*held)->self = nullptr;
    delete held;
  });
  py::object dict = self.attr("__dict__");
  dict["_anchor"] = capsule;
}

bool override_method(py::object self, const std::string& name) {
  const auto method = method_named(name);
  Object& object = self.cast<Object&>();
  auto* link = static_cast<Link*>(object.attachment.get());
  if (!method || !link) return false;
  if (!object.user_class) {  // files name it as before
    link->user_class = object.class_name();
    link->user_module = object.module();
    link->user_registered = object.registered_name();
    object.user_class = link;
  }
  link->override_method(*method);
  return true;
}

}  // namespace lamina::bindings
