#include "backends/ops/public/documentation.h"

#include "backends/ops/public/public_op.h"

namespace lamina {

std::vector<Documentation> all_documentation() {
  std::vector<Documentation> out;
  for (const OpInfo* op : all_ops()) out.push_back(describe(*op));
  for (const ClassInfo* info : registered_classes()) out.push_back(describe(*info));
  return out;
}

}  // namespace lamina
