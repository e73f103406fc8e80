#pragma once
// Where a symbolic tensor comes from.
#include "layers/operation.h"

namespace lamina {

// The call that gave a symbolic tensor (null for none), and which of its outputs the tensor is.
inline const NodePtr& node_of(const Tensor& t) {
  static const NodePtr none;
  return t.find_notes() ? t.find_notes()->history : none;
}
inline int index_of(const Tensor& t) { return t.find_notes()->history_index; }

}  // namespace lamina
