#include "layers/dtype_policy.h"

#include <algorithm>
#include <charconv>
#include <regex>

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

const std::vector<std::string>& quantization_modes() {
  static const std::vector<std::string> modes = {"int8", "float8", "int4", "gptq", "awq"};
  return modes;
}
std::string quantization_modes_text() { return text("('", join(quantization_modes(), "', '"), "')"); }

// ---- quantized ----

void QuantizedDTypePolicy::Args::fields(Fields& f) {
  f("mode", mode, "How weights are kept: \"int8\", and so on.").required();
  f("source_name", source_name, "The policy whose dtypes are meant; the global one where None.");
}

QuantizedDTypePolicy::QuantizedDTypePolicy(const std::string& mode, const std::string& full_mode,
                                           const Value& source_name)
    : mode_(mode), full_mode_(full_mode) {
  const DTypePolicy source(source_name.is_none() ? global_dtype_policy()->name() : source_name.as_string());
  source_ = source.name();
  compute_ = source.compute_dtype(), variable_ = source.variable_dtype();
  name_ = text(full_mode, "_from_", source_);
  const auto& modes = quantization_modes();
  if (std::find(modes.begin(), modes.end(), mode) == modes.end())
    throw ValueError("Invalid quantization mode. Expected one of ", quantization_modes_text(),
                     ". Received: mode=", mode);
  if (compute_ == DType::float16 && mode == "int8")
    throw ValueError("Quantization mode='int8' doesn't work well with compute_dtype='float16'.");
}

Dict QuantizedDTypePolicy::config_of_global() const { return {{"mode", full_mode_}, {"source_name", Value()}}; }

void QuantizedFloat8DTypePolicy::Args::fields(Fields& f) {
  QuantizedDTypePolicy::Args::fields(f);
  f("amax_history_length", amax_history_length, "Steps whose greatest values are remembered.");
}
QuantizedFloat8DTypePolicy::QuantizedFloat8DTypePolicy(const Args& args) : QuantizedDTypePolicy(args) {
  if (!args.amax_history_length.is_int())
    throw TypeError("`amax_history_length` must be an integer. Received: amax_history_length=",
                    args.amax_history_length.repr());
  length_ = args.amax_history_length.as_int();
}
Dict QuantizedFloat8DTypePolicy::get_config() const {
  Dict config = QuantizedDTypePolicy::get_config();
  config.set("amax_history_length", length_);
  return config;
}
Dict QuantizedFloat8DTypePolicy::config_of_global() const {
  Dict config = QuantizedDTypePolicy::config_of_global();
  config.set("amax_history_length", length_);
  return config;
}

struct GroupedDTypePolicy::Format {
  const char *mode, *text, *class_name, *size;
  std::vector<int64_t> bits;  // that may be given; none are in the mode where it is empty
};
const GroupedDTypePolicy::Format GroupedDTypePolicy::kInt4{
    "int4", "'int4/<block_size>'", "Int4DTypePolicy", "block_size", {}};
const GroupedDTypePolicy::Format GroupedDTypePolicy::kGptq{
    "gptq", "'gptq/<weight_bits>/<group_size>'", "GPTQDTypePolicy", "group_size", {2, 3, 4, 8}};
const GroupedDTypePolicy::Format GroupedDTypePolicy::kAwq{
    "awq", "'awq/<weight_bits>/<group_size>'", "AWQDTypePolicy", "group_size", {4}};

GroupedDTypePolicy::GroupedDTypePolicy(const Format& format, const QuantizedDTypePolicy::Args& args)
    : QuantizedDTypePolicy(args.mode.substr(0, args.mode.find('/')), args.mode, args.source_name) {
  std::vector<std::string> parts;
  for (size_t from = 0;;) {
    const size_t slash = args.mode.find('/', from);
    parts.push_back(args.mode.substr(from, slash == std::string::npos ? slash : slash - from));
    if (slash == std::string::npos) break;
    from = slash + 1;
  }
  const std::string invalid = text("Invalid mode for ", format.class_name, ". ");
  const std::string expected = text("Expected format ", format.text, ", but got '", args.mode, "'.");
  if (parts[0] != format.mode || parts.size() != (format.bits.empty() ? 2u : 3u)) throw ValueError(invalid, expected);
  std::vector<int64_t> numbers;
  for (size_t i = 1; i < parts.size(); ++i) {
    int64_t number = 0;
    const char* end = parts[i].data() + parts[i].size();
    const auto [stop, error] = std::from_chars(parts[i].data(), end, number);
    if (error != std::errc() || stop != end)
      throw ValueError(invalid, "What follows the mode must be integers. ", expected);
    numbers.push_back(number);
  }
  group_ = numbers.back();
  if (!format.bits.empty()) {
    bits_ = numbers[0];
    if (std::find(format.bits.begin(), format.bits.end(), bits_) == format.bits.end())
      throw ValueError("Invalid weight_bits in mode. Supported values are ", format.bits, ", but got ", bits_,
                       " from '", args.mode, "'.");
  }
  if (group_ < -1 || group_ == 0)
    throw ValueError("Invalid ", format.size, " in mode. Supported values are -1 (one scale per channel) or a ",
                     "positive integer, but got ", group_, " from '", args.mode, "'.");
}

// ---- maps ----

void DTypePolicyMap::Args::fields(Fields& f) {
  f("default_policy", default_policy, "The policy of layers that no key matches; the global one where None.");
  f("policy_map", policy_map, "A dict of policies by paths, or by regular expressions that match all of a path.");
}

DTypePolicyMap::DTypePolicyMap(const Args& args) : given_(args.default_policy) {
  default_ = get_dtype_policy(given_);
  if (dynamic_cast<DTypePolicyMap*>(default_.get())) throw ValueError("`default_policy` cannot be a `DTypePolicyMap`.");
  if (args.policy_map.is_none()) return;
  if (!args.policy_map.is_dict())
    throw TypeError("If specified, `policy_map` must be a dict. Received: policy_map=", args.policy_map.repr());
  for (const auto& [key, policy] : args.policy_map.as_dict()) set(key, get_dtype_policy(policy));
}

DTypePolicyPtr DTypePolicyMap::find(const std::string& path) const {
  if (const Value* exact = entries_.find(path)) return exact->object_as<DTypePolicy>();
  std::vector<std::string> matching;
  for (const auto& [key, policy] : entries_)
    if (!path.empty() && std::regex_match(path, std::regex(key))) matching.push_back(key);
  if (matching.size() > 1)
    throw ValueError("Path '", path, "' matches multiple dtype policy specification keys: ['", join(matching, "', '"),
                     "']. Please make sure each path only matches at most one key of the ", "DTypePolicyMap.");
  return matching.empty() ? default_ : entries_.at(matching[0]).object_as<DTypePolicy>();
}

void DTypePolicyMap::set(const std::string& key, DTypePolicyPtr policy) {
  if (const Value* old = entries_.find(key))
    throw ValueError(key, " already exist in the DTypePolicyMap with value ", old->repr(),
                     ". Please make sure to not use duplicated keys.");
  entries_.set(key, Value(ObjectPtr(std::move(policy))));
}

void DTypePolicyMap::erase(const std::string& key) {
  if (!entries_.contains(key)) throw KeyError("The DTypePolicyMap has no key '", key, "'.");
  entries_.erase(key);
}

Dict DTypePolicyMap::get_config() const {
  Dict map;
  for (const auto& [key, value] : entries_) {
    const auto policy = value.object_as<DTypePolicy>();
    Value config = serialize_object(policy);
    // Where the default is left to the global policy, the others are too.
    if (given_.is_none()) config.as_dict().set("config", policy->config_of_global());
    map.set(key, std::move(config));
  }
  return {{"default_policy", serialize_value(given_)}, {"policy_map", map}};
}

std::string DTypePolicyMap::repr() const {
  std::vector<std::string> items;
  for (const auto& [key, policy] : entries_)
    items.push_back(text("('", key, "', '", policy.object_as<DTypePolicy>()->name(), "')"));
  return text("<DTypePolicyMap default_policy=", default_->name(), ", mapping=[", join(items, ", "), "]>");
}

// ---- by name ----

namespace {
DTypePolicyPtr& global_policy() {
  static DTypePolicyPtr policy;
  return policy;
}

bool quantized_name(const std::string& name) {
  const auto& modes = quantization_modes();
  return std::any_of(modes.begin(), modes.end(), [&](const std::string& mode) { return name.starts_with(mode); });
}

// "int8_from_float32".
DTypePolicyPtr quantized_by_name(const std::string& name) {
  constexpr std::string_view kFrom = "_from_";
  const size_t at = name.find(kFrom);
  if (at == std::string::npos || name.find(kFrom, at + 1) != std::string::npos)
    throw ValueError(
        "Cannot convert `policy` into a valid pair (`mode`, `source_name`) to instantiate `QuantizedDTypePolicy`. "
        "Received: policy=",
        name);
  const QuantizedDTypePolicy::Args args{name.substr(0, at), Value(name.substr(at + kFrom.size()))};
  if (name.starts_with("int4") && args.mode.find('/') != std::string::npos)
    return std::make_shared<Int4DTypePolicy>(args);
  if (name.starts_with("gptq")) return std::make_shared<GPTQDTypePolicy>(args);
  if (name.starts_with("awq")) return std::make_shared<AWQDTypePolicy>(args);
  if (name.starts_with("float8"))
    return std::make_shared<QuantizedFloat8DTypePolicy>(QuantizedFloat8DTypePolicy::Args{args});
  return std::make_shared<QuantizedDTypePolicy>(args);
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
  if (v.is_string()) {
    const std::string& name = v.as_string();
    return quantized_name(name) ? quantized_by_name(name) : std::make_shared<DTypePolicy>(name);
  }
  if (is_serialized_object(v)) {
    const Dict& given = v.as_dict();
    const Value& name = given.at("class_name");
    const bool known = name.is_string() && find_class(name.as_string(), DTypePolicy::kModule);
    const Dict& config = given.at("config").as_dict();
    if (!known && config.contains("name"))  // what older files call it
      return get_dtype_policy(config.at("name"));
    if (auto policy = std::dynamic_pointer_cast<DTypePolicy>(get_object(v, DTypePolicy::kModule))) return policy;
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
    info.aliases = {"FloatDTypePolicy"};
    info.doc = "The dtypes a layer computes in and keeps its variables in.";
    info.description = {.raises = "ValueError: if the name is unknown.", .example = R"py(
>>> keras.dtype_policies.DTypePolicy("mixed_bfloat16").compute_dtype
'bfloat16')py"};
    info.make = [](const Dict& config) -> ObjectPtr {
      const Value& name = config.at("name");
      return std::make_shared<DTypePolicy>(name.is_none() ? global_dtype_policy()->name() : name.as_string());
    };
    info.fields = [] {
      return std::vector<FieldInfo>{{"name", Value(), true, "A dtype, or \"mixed_float16\" / \"mixed_bfloat16\"."}};
    };
    register_class(std::move(info));
  }
} dtype_policy_registration;

LAMINA_CLASS(QuantizedDTypePolicy, "keras.dtype_policies", "The dtypes of another policy, with quantized weights.",
             Doc{.raises = "ValueError: if the mode is unknown, or int8 is asked for with float16.", .example = R"py(
>>> keras.dtype_policies.QuantizedDTypePolicy("int8", "float32").name
'int8_from_float32')py"});
LAMINA_CLASS(QuantizedFloat8DTypePolicy, "keras.dtype_policies", "The dtypes of another policy, for float8 training.",
             Doc{.raises = "TypeError: if `amax_history_length` is no integer.", .example = R"py(
>>> keras.dtype_policies.QuantizedFloat8DTypePolicy("float8", "float32").amax_history_length
1024)py"});
LAMINA_CLASS(Int4DTypePolicy, "keras.dtype_policies",
             "The dtypes of another policy, with weights of 4 bits and a scale per group of them.",
             Doc{.raises = "ValueError: if the mode is not \"int4/\" and -1 or a positive size.", .example = R"py(
>>> keras.dtype_policies.Int4DTypePolicy("int4/64", "float32").block_size
64)py"});
LAMINA_CLASS(GPTQDTypePolicy, "keras.dtype_policies",
             "The dtypes of another policy, with weights that GPTQ quantized (Frantar et al., 2022).",
             Doc{.raises = "ValueError: if the mode is not \"gptq/\" with bits and a group size.", .example = R"py(
>>> keras.dtype_policies.GPTQDTypePolicy("gptq/4/64", "float32").weight_bits
4)py"});
LAMINA_CLASS(AWQDTypePolicy, "keras.dtype_policies",
             "The dtypes of another policy, with weights that AWQ quantized (Lin et al., 2023).",
             Doc{.raises = "ValueError: if the mode is not \"awq/4/\" with a group size.", .example = R"py(
>>> keras.dtype_policies.AWQDTypePolicy("awq/4/64", "float32").group_size
64)py"});
LAMINA_CLASS(DTypePolicyMap, "keras.dtype_policies", "Policies by layers' paths.",
             Doc{.raises = "ValueError: if `default_policy` is a map. TypeError: if `policy_map` is no dict.",
                 .example = R"py(
>>> full, half = keras.dtype_policies.DTypePolicy("float32"), keras.dtype_policies.DTypePolicy("bfloat16")
>>> policies = keras.dtype_policies.DTypePolicyMap(full, {"encoder/.*": half})
>>> policies["encoder/dense"].name
'bfloat16')py"});
}  // namespace

}  // namespace lamina
