#include "layers/dtype_policy.h"

#include "backends/core/settings.h"

namespace lamina {

DTypePolicy::DTypePolicy(const std::string& name) : name_(name) {
  if (name == "mixed_float16")
    compute_ = DType::float16, variable_ = DType::float32;
  else if (name == "mixed_bfloat16")
    compute_ = DType::bfloat16, variable_ = DType::float32;
  else if (auto dtype = find_dtype(name)) {
    compute_ = variable_ = *dtype;
    name_ = name_of(*dtype);
  } else {
    throw ValueError("Cannot convert '", name,
                     "' to a mixed precision DTypePolicy. Valid policies include 'mixed_float16', 'mixed_bfloat16', ",
                     "and the name of any float dtype such as 'float32'.");
  }
}

namespace {
DTypePolicyPtr& global_policy() {
  static DTypePolicyPtr policy;
  return policy;
}
}  // namespace

DTypePolicyPtr global_dtype_policy() {
  DTypePolicyPtr& p = global_policy();
  if (p) return p;
  return std::make_shared<DTypePolicy>(std::string(name_of(settings().floatx())));
}
void set_global_dtype_policy(DTypePolicyPtr policy) { global_policy() = std::move(policy); }

DTypePolicyPtr get_dtype_policy(const Value& v) {
  if (v.is_none()) return global_dtype_policy();
  if (auto p = v.object_as<DTypePolicy>()) return p;
  if (v.is_string()) return std::make_shared<DTypePolicy>(v.as_string());
  if (is_serialized_object(v)) {
    const Dict& config = v.as_dict().at("config").as_dict();
    return std::make_shared<DTypePolicy>(config.at("name").as_string());
  }
  throw TypeError(
      "Cannot interpret `dtype` argument. Expected a string or an instance of DTypePolicy. Received: dtype=", v.repr());
}

namespace {
struct DTypePolicyRegistration {
  DTypePolicyRegistration() {
    ClassInfo info;
    info.name = "DTypePolicy";
    info.module = "keras.dtype_policies";
    info.doc = "The dtypes a layer computes in and keeps its variables in.";
    info.description = {.raises = "ValueError: if the name is unknown.", .example = R"py(
>>> keras.dtype_policies.DTypePolicy("mixed_bfloat16").compute_dtype
'bfloat16')py"};
    info.make = [](const Dict& config) -> ObjectPtr {
      return std::make_shared<DTypePolicy>(config.at("name").as_string());
    };
    info.fields = [] {
      return std::vector<FieldInfo>{{"name", Value(), true, "A dtype, or \"mixed_float16\" / \"mixed_bfloat16\"."}};
    };
    register_class(std::move(info));
  }
} dtype_policy_registration;
}  // namespace

}  // namespace lamina
