#pragma once
#include "serialization/objects/object_config.h"

namespace lamina {

class DTypePolicy;
using DTypePolicyPtr = std::shared_ptr<DTypePolicy>;

// Which dtype a layer computes in and which it keeps its variables in: "float32", "mixed_float16", "mixed_bfloat16",
// ...
class DTypePolicy : public Object {
 public:
  static constexpr std::string_view kModule = "keras.dtype_policies";
  static constexpr std::string_view kKind = "a dtype policy";
  explicit DTypePolicy(const std::string& name);  // ValueError if it is neither a dtype nor a mixed policy
  virtual std::string name() const { return name_; }
  virtual DType compute_dtype() const { return compute_; }
  virtual DType variable_dtype() const { return variable_; }
  // How weights are kept: one of quantization_modes(), or "" where they are not quantized.
  virtual std::string quantization_mode() const { return {}; }
  // What holds for a layer of this path: the policy itself, unless it is a map. Empty: a layer that has no path yet.
  virtual const DTypePolicy& at(const std::string&) const { return *this; }
  std::string class_name() const override { return "DTypePolicy"; }
  std::string module() const override { return "keras"; }
  Dict get_config() const override { return {{"name", name()}}; }
  // The same config with the global policy's dtypes, whichever that is when it is read.
  virtual Dict config_of_global() const { return {{"name", Value()}}; }
  std::string repr() const override { return text("<", class_name(), " \"", name(), "\">"); }
  static std::shared_ptr<DTypePolicy> adapt(const ObjectPtr&) { return nullptr; }

 protected:
  DTypePolicy() = default;
  std::string name_;
  DType compute_ = DType::float32, variable_ = DType::float32;
};

// "int8", "float8", "int4", "gptq", "awq".
const std::vector<std::string>& quantization_modes();
// "('int8', 'float8', 'int4', 'gptq', 'awq')", for errors.
std::string quantization_modes_text();

// The dtypes of the policy `source_name`, with quantized weights. ValueError for an unknown mode, and for int8 with
// float16.
class QuantizedDTypePolicy : public DTypePolicy {
 public:
  struct Args {
    std::string mode;
    Value source_name;  // None: the global policy
    void fields(Fields& f);
  };
  explicit QuantizedDTypePolicy(const Args& args) : QuantizedDTypePolicy(args.mode, args.mode, args.source_name) {}
  std::string quantization_mode() const override { return mode_; }
  const std::string& source_name() const { return source_; }
  std::string class_name() const override { return "QuantizedDTypePolicy"; }
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override { return {{"mode", full_mode_}, {"source_name", source_}}; }
  Dict config_of_global() const override;

 protected:
  // full_mode: with what follows the mode, "int4/128".
  QuantizedDTypePolicy(const std::string& mode, const std::string& full_mode, const Value& source_name);

 private:
  std::string mode_, full_mode_, source_;
};

// float8 training, whose scales follow from the greatest values of so many last steps.
class QuantizedFloat8DTypePolicy final : public QuantizedDTypePolicy {
 public:
  struct Args : QuantizedDTypePolicy::Args {
    Value amax_history_length = 1024;
    void fields(Fields& f);
  };
  explicit QuantizedFloat8DTypePolicy(const Args& args);  // TypeError unless the length is an integer
  int64_t amax_history_length() const { return length_; }
  std::string class_name() const override { return "QuantizedFloat8DTypePolicy"; }
  Dict get_config() const override;
  Dict config_of_global() const override;

 private:
  int64_t length_;
};

// Weights with one scale a group of so many values along the summed axis; -1: one a column. The mode holds the numbers:
// "int4/<block_size>", "gptq/<weight_bits>/<group_size>", "awq/<weight_bits>/<group_size>". ValueError for others.
class GroupedDTypePolicy : public QuantizedDTypePolicy {
 public:
  int64_t weight_bits() const { return bits_; }
  int64_t group_size() const { return group_; }

 protected:
  struct Format;
  GroupedDTypePolicy(const Format& format, const QuantizedDTypePolicy::Args& args);
  static const Format kInt4, kGptq, kAwq;

 private:
  int64_t bits_ = 4, group_ = -1;
};
// "int4/128_from_float32": weights of 4 bits, in groups of 128 (-1: one scale per column).
class Int4DTypePolicy final : public GroupedDTypePolicy {
 public:
  explicit Int4DTypePolicy(const Args& args) : GroupedDTypePolicy(kInt4, args) {}
  std::string class_name() const override { return "Int4DTypePolicy"; }
};
// "gptq/4/128_from_float32": weights of 4 bits in groups of 128, found by GPTQ.
class GPTQDTypePolicy final : public GroupedDTypePolicy {
 public:
  explicit GPTQDTypePolicy(const Args& args) : GroupedDTypePolicy(kGptq, args) {}
  std::string class_name() const override { return "GPTQDTypePolicy"; }
};
// "awq/4/128_from_float32": weights of 4 bits in groups of 128, found by AWQ.
class AWQDTypePolicy final : public GroupedDTypePolicy {
 public:
  explicit AWQDTypePolicy(const Args& args) : GroupedDTypePolicy(kAwq, args) {}
  std::string class_name() const override { return "AWQDTypePolicy"; }
};

// Policies by layers' paths: a key is a path, or a regular expression that matches all of one.
class DTypePolicyMap final : public DTypePolicy {
 public:
  struct Args {
    Value default_policy;  // None: the global policy
    Value policy_map;      // path or pattern -> policy
    void fields(Fields& f);
  };
  explicit DTypePolicyMap(const Args& args);  // ValueError if the default is a map, TypeError if policy_map is no dict
  std::string name() const override { return "map_" + default_->name(); }
  DType compute_dtype() const override { return default_->compute_dtype(); }
  DType variable_dtype() const override { return default_->variable_dtype(); }
  std::string quantization_mode() const override { return default_->quantization_mode(); }
  // ValueError if several patterns match.
  const DTypePolicy& at(const std::string& path) const override { return *find(path); }
  DTypePolicyPtr find(const std::string& path) const;
  void set(const std::string& key, DTypePolicyPtr policy);  // ValueError for a key that is there already
  void erase(const std::string& key);                       // KeyError if absent
  const Dict& entries() const { return entries_; }
  const DTypePolicyPtr& default_policy() const { return default_; }
  std::string class_name() const override { return "DTypePolicyMap"; }
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override;
  std::string repr() const override;

 private:
  Value given_;  // the default as it was given
  DTypePolicyPtr default_;
  Dict entries_;
};

// What layers made without a dtype get; one per process.
DTypePolicyPtr global_dtype_policy();
void set_global_dtype_policy(DTypePolicyPtr policy);
// None: the global policy. A name ("int8_from_float32", too), a config or a policy: that one.
DTypePolicyPtr get_dtype_policy(const Value& v);

}  // namespace lamina
