#pragma once
#include "serialization/objects/object_config.h"

namespace lamina {

// Which dtype a layer computes in and which it keeps its variables in: "float32", "mixed_float16", "mixed_bfloat16",
// ...
class DTypePolicy : public Object {
 public:
  static constexpr std::string_view kModule = "keras.dtype_policies";
  static constexpr std::string_view kKind = "a dtype policy";
  explicit DTypePolicy(const std::string& name);  // ValueError if it is neither a dtype nor a mixed policy
  const std::string& name() const { return name_; }
  DType compute_dtype() const { return compute_; }
  DType variable_dtype() const { return variable_; }
  std::string class_name() const override { return "DTypePolicy"; }
  std::string module() const override { return "keras"; }
  Dict get_config() const override { return {{"name", name_}}; }
  std::string repr() const override { return text("<DTypePolicy \"", name_, "\">"); }
  static std::shared_ptr<DTypePolicy> adapt(const ObjectPtr&) { return nullptr; }

 private:
  std::string name_;
  DType compute_, variable_;
};
using DTypePolicyPtr = std::shared_ptr<DTypePolicy>;

DTypePolicyPtr global_dtype_policy();
void set_global_dtype_policy(DTypePolicyPtr policy);
// None: the global policy. A name, a config or a policy: that one.
DTypePolicyPtr get_dtype_policy(const Value& v);

}  // namespace lamina
