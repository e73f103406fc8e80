#pragma once
// Keras' dtype policies for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "layers/dtype_policy.h"
#include "api/named.h"

namespace lamina::dtype_policies {

// The dtypes of another policy, with weights that AWQ quantized (Lin et al., 2023).
// Raises: ValueError: if the mode is not "awq/4/" with a group size.
struct AWQDTypePolicyArgs {
  static constexpr const char* kModule = "keras.dtype_policies";
  static constexpr const char* kName = "AWQDTypePolicy";
  RequiredArgument<std::string> mode;  // How weights are kept: "int8", and so on.
  Value source_name{};  // The policy whose dtypes are meant; the global one where None.
  template <class F>
  void each(const F& f) const {
    f("mode", mode);
    f("source_name", source_name);
  }
};
using AWQDTypePolicy = Named<lamina::DTypePolicy, AWQDTypePolicyArgs>;

// The dtypes a layer computes in and keeps its variables in.
// Raises: ValueError: if the name is unknown.
struct DTypePolicyArgs {
  static constexpr const char* kModule = "keras.dtype_policies";
  static constexpr const char* kName = "DTypePolicy";
  RequiredArgument<Value> name;  // A dtype, or "mixed_float16" / "mixed_bfloat16".
  template <class F>
  void each(const F& f) const {
    f("name", name);
  }
};
using DTypePolicy = Named<lamina::DTypePolicy, DTypePolicyArgs>;

// Policies by layers' paths.
// Raises: ValueError: if `default_policy` is a map. TypeError: if `policy_map` is no dict.
struct DTypePolicyMapArgs {
  static constexpr const char* kModule = "keras.dtype_policies";
  static constexpr const char* kName = "DTypePolicyMap";
  Value default_policy{};  // The policy of layers that no key matches; the global one where None.
  Value policy_map{};  // A dict of policies by paths, or by regular expressions that match all of a path.
  template <class F>
  void each(const F& f) const {
    f("default_policy", default_policy);
    f("policy_map", policy_map);
  }
};
using DTypePolicyMap = Named<lamina::DTypePolicy, DTypePolicyMapArgs>;

// The dtypes of another policy, with weights that GPTQ quantized (Frantar et al., 2022).
// Raises: ValueError: if the mode is not "gptq/" with bits and a group size.
struct GPTQDTypePolicyArgs {
  static constexpr const char* kModule = "keras.dtype_policies";
  static constexpr const char* kName = "GPTQDTypePolicy";
  RequiredArgument<std::string> mode;  // How weights are kept: "int8", and so on.
  Value source_name{};  // The policy whose dtypes are meant; the global one where None.
  template <class F>
  void each(const F& f) const {
    f("mode", mode);
    f("source_name", source_name);
  }
};
using GPTQDTypePolicy = Named<lamina::DTypePolicy, GPTQDTypePolicyArgs>;

// The dtypes of another policy, with weights of 4 bits and a scale per group of them.
// Raises: ValueError: if the mode is not "int4/" and -1 or a positive size.
struct Int4DTypePolicyArgs {
  static constexpr const char* kModule = "keras.dtype_policies";
  static constexpr const char* kName = "Int4DTypePolicy";
  RequiredArgument<std::string> mode;  // How weights are kept: "int8", and so on.
  Value source_name{};  // The policy whose dtypes are meant; the global one where None.
  template <class F>
  void each(const F& f) const {
    f("mode", mode);
    f("source_name", source_name);
  }
};
using Int4DTypePolicy = Named<lamina::DTypePolicy, Int4DTypePolicyArgs>;

// The dtypes of another policy, with quantized weights.
// Raises: ValueError: if the mode is unknown, or int8 is asked for with float16.
struct QuantizedDTypePolicyArgs {
  static constexpr const char* kModule = "keras.dtype_policies";
  static constexpr const char* kName = "QuantizedDTypePolicy";
  RequiredArgument<std::string> mode;  // How weights are kept: "int8", and so on.
  Value source_name{};  // The policy whose dtypes are meant; the global one where None.
  template <class F>
  void each(const F& f) const {
    f("mode", mode);
    f("source_name", source_name);
  }
};
using QuantizedDTypePolicy = Named<lamina::DTypePolicy, QuantizedDTypePolicyArgs>;

// The dtypes of another policy, for float8 training.
// Raises: TypeError: if `amax_history_length` is no integer.
struct QuantizedFloat8DTypePolicyArgs {
  static constexpr const char* kModule = "keras.dtype_policies";
  static constexpr const char* kName = "QuantizedFloat8DTypePolicy";
  RequiredArgument<std::string> mode;  // How weights are kept: "int8", and so on.
  Value source_name{};  // The policy whose dtypes are meant; the global one where None.
  Value amax_history_length = 1024;  // Steps whose greatest values are remembered.
  template <class F>
  void each(const F& f) const {
    f("mode", mode);
    f("source_name", source_name);
    f("amax_history_length", amax_history_length);
  }
};
using QuantizedFloat8DTypePolicy = Named<lamina::DTypePolicy, QuantizedFloat8DTypePolicyArgs>;

using FloatDTypePolicy = DTypePolicy;
}  // namespace lamina::dtype_policies
