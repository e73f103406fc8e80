#pragma once
// Object: what can be named in a config file and made from one (layers, initializers, losses, optimizers, ...), and the
// registry of classes. A class registers itself where it is defined; there is no central list.
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/core/description.h"
#include "backends/core/user_class.h"
#include "backends/core/value.h"

namespace lamina {

class Fields;

class Object : public std::enable_shared_from_this<Object> {
 public:
  virtual ~Object();
  virtual std::string class_name() const = 0;  // "Dense"
  virtual std::string module() const;          // "keras.layers": from the registry; user classes override
  virtual std::string registered_name() const { return {}; }  // "" for built-in classes
  // The arguments that rebuild the object, in Keras' order. Never its state.
  virtual Dict get_config() const = 0;
  virtual std::string repr() const;
  // What a serialized object carries beside its config (a layer's build_config, a model's compile_config), and its use
  // when the object has been made again.
  virtual void extend_serialized(Dict&) const {}
  virtual void finish_deserialize(const Dict&) {}
  // What is read and set by name beside methods: arguments, and state such as the epochs that an EarlyStopping has
  // waited.
  virtual void attributes(Fields&) {}

  // Set by bindings on objects whose class a user derived; owned by the binding's object, which outlives it.
  UserClass* user_class = nullptr;
  // How C++ should hold this object: bindings make the pointer keep the user's object alive too.
  virtual ObjectPtr self();
  std::function<ObjectPtr()> self_hook;
  std::shared_ptr<void> attachment;  // for bindings

  bool overrides(Method method) const { return user_class && user_class->overrides(method); }
  // The user's class where there is one, else the built-in one.
  std::string public_class_name() const { return user_class ? user_class->class_name() : class_name(); }
  std::string public_module() const { return user_class ? user_class->module() : module(); }
  std::string public_registered_name() const { return user_class ? user_class->registered_name() : registered_name(); }
  Dict config() const {
    return overrides(Method::get_config) ? user_class->call(Method::get_config, {}, {}).as_dict() : get_config();
  }
};

// A function as a value: a built-in activation, a loss function, a user's callable.
class Callable : public Object {
 public:
  virtual Value call(List args, Dict kwargs = {}) = 0;
  Value operator()(List args, Dict kwargs = {}) { return call(std::move(args), std::move(kwargs)); }
  std::string class_name() const override { return "function"; }
  std::string module() const override { return "builtins"; }
  virtual std::string function_name() const = 0;
  virtual std::vector<std::string> arguments() const { return {}; }  // names of its parameters, where they can be told
  // The same for a tensor of strings: a user's function gets it in the form in which its language works on text.
  virtual Value call_on_text(const Tensor& strings) { return call({Value(strings)}); }
  Dict get_config() const override { return {{"name", function_name()}}; }
};

// A Callable from a C++ function; `name` is what a config stores.
ObjectPtr make_callable(std::string name, std::function<Value(List, Dict)> function);

// --- Arguments of a class, listed once (fields.h) -----------------------------------------------------------------
struct FieldInfo {
  std::string name;
  Value default_value;
  bool required = false;
  std::string doc;
  const std::type_info* type = nullptr;  // of the C++ member
};

// What is known of a registered class.
struct ClassInfo {
  std::string name;    // "Dense"
  std::string module;  // "keras.layers"
  std::string doc;
  std::vector<std::string> aliases;            // what get("...") also accepts
  std::function<ObjectPtr(const Dict&)> make;  // from a config; errors name the class and the key
  std::vector<FieldInfo> (*fields)() = nullptr;
  std::string base;  // the class whose fields precede: "Layer", "Loss", ...
  Doc description;   // what is told beside `doc` and the fields
};

// Called by LAMINA_CLASS and LAMINA_LAYER while the library is loaded. A second class of one name and module is a
// RuntimeError.
void register_class(ClassInfo info);
// By name or alias within a module ("" searches all). Null if absent.
const ClassInfo* find_class(std::string_view name, std::string_view module = "");
std::vector<const ClassInfo*> registered_classes(std::string_view module = "");
Documentation describe(const ClassInfo& info);

// Bindings put their resolver in front: custom classes of the user.
using ClassResolver = std::function<ObjectPtr(const Dict& serialized)>;
void set_custom_resolver(ClassResolver resolver);
const ClassResolver& custom_resolver();

}  // namespace lamina
