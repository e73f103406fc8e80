#include "backends/ops/public/public_op.h"
#include "capi/handles.h"

namespace lamina::capi {
namespace {

const std::vector<const OpInfo*>& ops_in_order() {
  static const std::vector<const OpInfo*> ops = all_ops();
  return ops;
}

const OpInfo& op_named(const std::string& name) {
  if (const OpInfo* op = find_op(name)) return *op;
  std::vector<std::string> names;
  for (const OpInfo* op : ops_in_order()) names.push_back(op->name);
  const std::string nearest = nearest_name(name, names);
  throw AttributeError("There is no op '", name, "'.", nearest.empty() ? "" : " Did you mean '" + nearest + "'?");
}

// The value with each {"tensor": i} replaced by that input, which is marked as used.
Value with_tensors(const Value& v, const std::vector<Value>& inputs, std::vector<bool>& used) {
  if (v.is_dict() && v.as_dict().size() == 1 && v.as_dict().contains("tensor")) {
    const int64_t place = v.as_dict().at("tensor").as_int();
    if (place < 0 || place >= static_cast<int64_t>(inputs.size()))
      throw IndexError("{\"tensor\": ", place, "} is none of the ", inputs.size(), " inputs.");
    used[static_cast<size_t>(place)] = true;
    return inputs[static_cast<size_t>(place)];
  }
  if (v.is_list()) {
    List out;
    for (const Value& item : v.as_list()) out.push_back(with_tensors(item, inputs, used));
    return out;
  }
  if (v.is_dict()) {
    Dict out;
    for (const auto& [key, item] : v.as_dict()) out.set(key, with_tensors(item, inputs, used));
    return out;
  }
  return v;
}

}  // namespace
}  // namespace lamina::capi

using namespace lamina;
using namespace lamina::capi;

extern "C" {

lamina_status lamina_op(const char* name, const lamina_tensor* const* inputs, size_t input_count, const char* arguments,
                        lamina_tensor** outputs, size_t capacity, size_t* output_count) {
  return guarded([&] {
    const OpInfo& op = op_named(&given(name, "name"));
    if (capacity) given(outputs, "outputs");
    const std::vector<Value> tensors = tensors_of(inputs, input_count, "inputs");
    std::vector<bool> used(tensors.size());
    const Dict read = arguments_of(arguments, "the arguments of an op");
    Dict named;
    for (const auto& [key, value] : read) named.set(key, with_tensors(value, tensors, used));
    List first;
    for (size_t i = 0; i < tensors.size(); ++i)
      if (!used[i]) first.push_back(tensors[i]);
    const Value result = call_op(op, bind_arguments(op, std::move(first), named));
    List leaves = flatten(result);
    if (leaves.size() > capacity)
      throw ValueError("The op ", op.name, " gives ", leaves.size(), " results, received room for ", capacity, ".");
    std::vector<std::unique_ptr<lamina_tensor>> handles;
    for (const Value& leaf : leaves) {
      if (leaf.is_tensor())
        handles.emplace_back(tensor_handle(leaf.as_tensor()));
      else if (leaf.is_number())
        handles.emplace_back(
            tensor_handle(leaf.is_real() ? Tensor::scalar(leaf.as_number()) : Tensor::scalar(leaf.as_int())));
      else
        throw UnsupportedError("The op ", op.name, " gives ", leaf.repr(), ", which is no tensor.");
    }
    for (size_t i = 0; i < handles.size(); ++i) outputs[i] = handles[i].release();
    if (output_count) *output_count = handles.size();
  });
}

const char* lamina_op_name(size_t op) {
  const char* name = nullptr;
  guarded([&] {
    if (op < ops_in_order().size()) name = ops_in_order()[op]->name.c_str();
  });
  return name;
}

}  // extern "C"
