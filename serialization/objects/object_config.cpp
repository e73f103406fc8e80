#include "serialization/objects/object_config.h"

#include <unordered_set>

#include "backends/core/stack.h"
#include "backends/ops/public/public_op.h"
#include "serialization/objects/function_as_object.h"

namespace lamina {

Value serialize_value(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::list:
    case Value::Kind::tuple: {
      List out;
      for (const Value& item : v.as_list()) out.push_back(serialize_value(item));
      return v.with_items(std::move(out));
    }
    case Value::Kind::dict: {
      Dict out;
      for (const auto& [key, item] : v.as_dict()) out.set(key, serialize_value(item));
      return out;
    }
    case Value::Kind::object: return serialize_object(v.as_object());
    case Value::Kind::slice: {
      const SliceValue& s = v.as_slice();
      return Dict{{"class_name", "__slice__"},
                  {"config", Dict{{"start", Value(s.start)}, {"stop", Value(s.stop)}, {"step", Value(s.step)}}}};
    }
    case Value::Kind::ellipsis: return Dict{{"class_name", "__ellipsis__"}, {"config", Dict{}}};
    case Value::Kind::tensor: {
      const Tensor& t = v.as_tensor();
      int64_t flat = 0;
      std::function<Value(int)> nest = [&](int axis) -> Value {
        if (axis == t.rank()) {
          double x = t.at(flat++);
          if (t.dtype() == DType::boolean) return x != 0;
          return is_float(t.dtype()) ? Value(x) : Value(static_cast<int64_t>(x));
        }
        List items;
        for (int64_t i = 0; i < t.shape()[axis]; ++i) items.push_back(nest(axis + 1));
        return items;
      };
      return Dict{{"class_name", "__tensor__"},
                  {"config", Dict{{"value", nest(0)}, {"dtype", Value(name_of(t.dtype()))}}}};
    }
    default: return v;
  }
}

Value serialize_object(const ObjectPtr& object) {
  check_stack("The config of an object");
  if (!object) return {};
  if (auto* holder = dynamic_cast<const FunctionAsObject*>(object.get()))
    return serialize_object(holder->held_function());
  if (auto* f = dynamic_cast<Callable*>(object.get())) {
    if (f->registered_name().empty() && find_op(f->function_name())) return f->function_name();
    Dict out{{"module", "builtins"},
             {"class_name", "function"},
             {"config", f->registered_name().empty() ? f->function_name() : f->registered_name()},
             {"registered_name", "function"}};
    f->extend_serialized(out);
    return out;
  }
  Dict out{{"module", object->public_module()},
           {"class_name", object->public_class_name()},
           {"config", serialize_value(object->config())},
           {"registered_name", Value()}};
  if (out.at("module").as_string().empty()) out.set("module", Value());
  if (std::string name = object->public_registered_name(); !name.empty()) out.set("registered_name", name);
  object->extend_serialized(out);
  return out;
}

ObjectPtr function_named(const std::string& name) {
  const OpInfo* op = find_op(name);
  if (!op) return nullptr;
  return make_callable(name, [op](List args, Dict kwargs) {
    auto bound = bind_arguments(*op, std::move(args), kwargs);
    return call_op(*op, bound);
  });
}

namespace {

[[noreturn]] void unknown(const std::string& name, std::string_view module) {
  std::vector<std::string> names;
  for (const ClassInfo* info : registered_classes(module)) {
    names.push_back(info->name);
    names.insert(names.end(), info->aliases.begin(), info->aliases.end());
  }
  std::string near = nearest_name(name, names);
  throw ValueError("Could not locate '", name, "' in ", module.empty() ? "the registered classes" : std::string(module),
                   ".", near.empty() ? "" : text(" Did you mean '", near, "'?"),
                   " A class of your own must be registered before it is loaded.");
}

// A class that a config names: of the user's own, most likely.
[[noreturn]] void unknown_class(const std::string& name, const Dict& config, std::string_view module) {
  std::vector<std::string> names;
  for (const ClassInfo* info : registered_classes(module)) names.push_back(info->name);
  std::string near = nearest_name(name, names), shown = Value(config).repr();
  if (shown.size() > 2000) shown = shown.substr(0, 2000) + "...";
  throw TypeError("Could not locate class '", name,
                  "'. Make sure custom classes and functions are decorated with "
                  "`@keras.saving.register_keras_serializable()`. If they are already decorated, make sure they are "
                  "all imported so that the "
                  "decorator is run before trying to load them.",
                  near.empty() ? "" : text(" (A built-in class of a similar name is '", near, "'.)"),
                  " Full object config: ", shown);
}

// A file that gives a built-in object the registered name of another one may not mean the built-in one: it is refused.
void check_registered_name(const Dict& d, const std::string& name, std::string_view resolved) {
  const Value* given = d.find("registered_name");
  if (!given || !given->is_string() || given->as_string().empty()) return;
  if (given->as_string() == name || *given == d.at("class_name")) return;
  throw ValueError("The config gives registered_name='", given->as_string(), "', but '", resolved,
                   "' resolved to a Keras built-in, which has no such name. If it is a class or function of your own, "
                   "register it with `@keras.saving.register_keras_serializable()` before loading.");
}

// An argument of a later Keras that says nothing: None under a name that the layer does not know.
void drop_unknown_none(const ClassInfo& info, Dict& config) {
  if (info.base != "Layer" || !info.fields) return;
  std::vector<std::string> empty;
  for (const auto& [key, value] : config)
    if (value.is_none()) empty.push_back(key);
  if (empty.empty()) return;
  for (const FieldInfo& field : info.fields()) std::erase(empty, field.name);
  for (const std::string& key : empty) config.erase(key);
}

thread_local int reading = 0;  // configs, one within the other
bool (*trusted)() = nullptr;

// What the resolver of users' classes has left to the built-in ones since the outermost config began: a model names the
// same few classes thousands of times. User's code, which may register others, has not run in between.
thread_local std::unordered_set<std::string> left_to_built_in;

struct Reading {
  Reading() {
    if (++reading == 1) left_to_built_in.clear();
  }
  ~Reading() { --reading; }
};

// The object that the resolver of users' classes makes; null leaves it to the built-in ones.
ObjectPtr resolve_custom(const Dict& d) {
  const ClassResolver& custom = custom_resolver();
  if (!custom) return nullptr;
  if (reading == 0) return custom(d);  // an object made by hand
  std::string asked;
  for (const char* key : {"class_name", "module", "registered_name", "bare"}) {
    const Value* part = d.find(key);
    if (part && !part->is_none()) asked += part->is_string() ? part->as_string() : part->repr();
    asked += '\0';
  }
  const bool of_content = asked.starts_with("function") || asked.starts_with("__lambda__");  // decided by the config
  if (left_to_built_in.contains(asked)) return nullptr;
  ObjectPtr made = custom(d);
  if (made)
    left_to_built_in.clear();
  else if (!of_content)
    left_to_built_in.insert(std::move(asked));
  return made;
}

ObjectPtr deserialize_object(const Dict& d, std::string_view module) {
  check_stack("The config of an object");
  const Reading here;
  if (ObjectPtr made = resolve_custom(d)) return made;
  const std::string& name = d.at("class_name").as_string();
  const Value* where = d.find("module");
  if (name == "function" ||
      (where && where->is_string() && where->as_string() == "builtins" && d.at("config").is_string())) {
    if (!d.at("config").is_string())
      throw TypeError("Expected 'config' to be a non-null string, the function's name. Received: ",
                      d.at("config").repr());
    const std::string& f = d.at("config").as_string();
    if (function_named(f)) check_registered_name(d, f, f);
    // A loss or metric may have the name of an op (binary_crossentropy): where one is asked for, it is meant.
    if (const ClassInfo* info = module.empty() ? nullptr : find_class(f, module)) return info->make({});
    if (ObjectPtr made = function_named(f)) return made;
    unknown(f, module);
  }
  if (name.starts_with("__lambda__"))
    throw ValueError(
        "A Python lambda is stored here; it can only be loaded in Python with safe_mode=False, which runs code from "
        "the file.");
  const ClassInfo* info = nullptr;
  if (where && where->is_string())
    info = find_class(name, where->as_string().starts_with("keras.src") ? "" : where->as_string());
  if (!info) info = find_class(name, module);
  if (!info) info = find_class(name);
  if (!info) unknown_class(name, d, module);
  check_registered_name(d, name, name);
  const Value& config = d.at("config");
  if (!config.is_none() && !config.is_dict())
    throw TypeError("Expected 'config' to be a dict of the arguments of ", name, ". Received: ", config.repr());
  ObjectPtr made;
  try {
    Value plain = config.is_none() ? Value(Dict()) : deserialize_value(config);
    Dict& arguments = plain.as_dict();
    drop_unknown_none(*info, arguments);
    made = info->make(arguments);
  } catch (Error& e) {
    e.add({ErrorFrame::Kind::object, name});
    throw;
  }
  made->finish_deserialize(d);
  return made;
}

}  // namespace

bool reading_config() { return reading > 0; }
bool reading_untrusted_config() { return reading > 0 && !(trusted && trusted()); }
void set_trust_query(bool (*query)()) { trusted = query; }

Value deserialize_value(const Value& v) {
  if (v.is_sequence()) {
    List out;
    out.reserve(v.as_list().size());
    for (const Value& item : v.as_list()) out.push_back(deserialize_value(item));
    return v.with_items(std::move(out));
  }
  if (!v.is_dict()) return v;
  const Dict& d = v.as_dict();
  if (const Value* name = d.find("class_name"); name && name->is_string() && d.contains("config")) {
    const std::string& n = name->as_string();
    const Value& config = d.at("config");
    if (n == "__ellipsis__") return Ellipsis{};
    if (n == "__slice__") {
      auto part = [&](const char* key) -> std::optional<int64_t> {
        const Value& p = config.as_dict().at(key);
        return p.is_none() ? std::nullopt : std::optional<int64_t>(p.as_int());
      };
      return SliceValue{part("start"), part("stop"), part("step")};
    }
    if (n == "__tensor__" || n == "__numpy__") {
      const Value& value = config.as_dict().at("value");
      DType dtype = parse_dtype(config.as_dict().at("dtype").as_string());
      return value.is_sequence() ? tensor_from_list(value, dtype) : Tensor::scalar_of(value.as_number(), dtype);
    }
    // Objects stay configs: the field that takes them knows their kind (get_object). Keras tensors are the graph's.
    return v;
  }
  std::vector<Dict::Entry> out;
  out.reserve(d.size());
  for (const auto& [key, item] : d) out.emplace_back(key, deserialize_value(item));
  return Dict(std::move(out));
}

ObjectPtr get_object(const Value& identifier, std::string_view module) {
  if (identifier.is_none()) return nullptr;
  if (identifier.is_object()) return identifier.as_object();
  if (identifier.is_string()) {
    const std::string& name = identifier.as_string();
    if (ObjectPtr made =
            resolve_custom(Dict{{"class_name", name}, {"config", Dict{}}, {"module", Value()}, {"bare", true}}))
      return made;
    if (const ClassInfo* info = find_class(name, module)) return info->make({});
    if (ObjectPtr function = function_named(name)) return function;
    unknown(name, module);
  }
  if (identifier.is_dict()) {
    const Dict& d = identifier.as_dict();
    if (is_serialized_object(identifier)) return deserialize_object(d, module);
    throw ValueError("Expected a dictionary containing a 'config' key and a 'class_name', which describe an object of ",
                     module.empty() ? std::string_view("this library") : module, ". Received: ", identifier.repr());
  }
  throw ValueError("Could not interpret identifier: ", identifier.repr(),
                   ". Expected a name, a config dictionary or an object of ", module, ".");
}

}  // namespace lamina
