#include "backends/core/primitive.h"

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

}  // namespace lamina
