#include "backends/core/object.h"

#include <map>

#include "backends/core/error.h"

namespace lamina {

namespace {
struct Registry {
  std::map<std::string, std::vector<std::unique_ptr<ClassInfo>>, std::less<>> by_name;
  std::map<std::string, std::vector<const ClassInfo*>, std::less<>> by_alias;
};
Registry& registry() {
  static Registry instance;
  return instance;
}
ClassResolver& resolver() {
  static ClassResolver instance;
  return instance;
}

class FunctionObject final : public Callable {
 public:
  FunctionObject(std::string name, std::function<Value(List, Dict)> f)
      : name_(std::move(name)), function_(std::move(f)) {}
  Value call(List args, Dict kwargs) override { return function_(std::move(args), std::move(kwargs)); }
  std::string function_name() const override { return name_; }

 private:
  std::string name_;
  std::function<Value(List, Dict)> function_;
};
}  // namespace

Object::~Object() = default;
ObjectPtr Object::self() { return self_hook ? self_hook() : shared_from_this(); }
std::string Object::repr() const { return text("<", class_name(), ">"); }
std::string Object::module() const {
  const ClassInfo* info = find_class(class_name());
  return info ? info->module : "";
}

ObjectPtr make_callable(std::string name, std::function<Value(List, Dict)> function) {
  return std::make_shared<FunctionObject>(std::move(name), std::move(function));
}

void register_class(ClassInfo info) {
  auto owned = std::make_unique<ClassInfo>(std::move(info));
  for (const auto& alias : owned->aliases) registry().by_alias[alias].push_back(owned.get());
  auto& list = registry().by_name[owned->name];
  for (const auto& other : list)
    if (other->module == owned->module)
      throw ValueError("The class ", owned->module, ".", owned->name, " is registered twice.");
  list.push_back(std::move(owned));
}

const ClassInfo* find_class(std::string_view name, std::string_view module) {
  auto fits = [&](const ClassInfo& info) {
    return module.empty() || info.module == module || info.module.starts_with(std::string(module) + ".");
  };
  if (auto found = registry().by_name.find(name); found != registry().by_name.end())
    for (const auto& info : found->second)
      if (fits(*info)) return info.get();
  if (auto found = registry().by_alias.find(name); found != registry().by_alias.end())
    for (const ClassInfo* info : found->second)
      if (fits(*info)) return info;
  return nullptr;
}

std::vector<const ClassInfo*> registered_classes(std::string_view module) {
  std::vector<const ClassInfo*> out;
  for (const auto& [name, list] : registry().by_name)
    for (const auto& info : list)
      if (module.empty() || info->module == module || info->module.starts_with(std::string(module) + "."))
        out.push_back(info.get());
  return out;
}

Documentation describe(const ClassInfo& info) {
  Documentation out;
  out.kind = info.base == "Layer" ? Documentation::Kind::layer : Documentation::Kind::object;
  out.name = info.name;
  out.module = info.module;
  out.summary = info.doc;
  out.doc = info.description;
  if (!info.fields) return out;
  for (const FieldInfo& f : info.fields())
    out.arguments.push_back(
        {f.name, f.required ? "" : f.default_value.repr(), f.required, false, f.doc, f.type ? f.type->name() : ""});
  return out;
}

void set_custom_resolver(ClassResolver r) { resolver() = std::move(r); }
const ClassResolver& custom_resolver() { return resolver(); }

}  // namespace lamina
