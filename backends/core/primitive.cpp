#include "backends/core/primitive.h"

#include <algorithm>

namespace lamina {

const std::string& Primitive::key() const {
  if (key_.empty()) {
    Attributes list;
    attributes(list);
    key_ = list.str().empty() ? std::string(name()) : text(name(), "{", list.str(), "}");
  }
  return key_;
}

size_t Primitive::hash() const {
  if (!hash_) hash_ = std::hash<std::string>{}(key()) | 1;
  return hash_;
}

std::vector<TensorSpec> infer_checked(const Primitive& op, std::span<const TensorSpec> inputs) {
  auto strings = [](const TensorSpec& s) { return s.dtype == DType::string; };
  if (op.takes_strings()) return op.infer(inputs);
  if (std::any_of(inputs.begin(), inputs.end(), strings)) refuse_strings();
  std::vector<TensorSpec> outputs = op.infer(inputs);
  if (std::any_of(outputs.begin(), outputs.end(), strings)) refuse_strings();
  return outputs;
}

}  // namespace lamina
