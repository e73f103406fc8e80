#pragma once
// Where a symbolic tensor comes from.
#include "layers/operation.h"

namespace lamina {

inline const NodePtr& node_of(const Tensor& t) {
  static const NodePtr none;
  return t.find_notes() ? t.find_notes()->history : none;
}
inline int index_of(const Tensor& t) { return t.find_notes()->history_index; }

}  // namespace lamina
