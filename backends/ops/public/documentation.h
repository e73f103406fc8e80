#pragma once
// All that is told of ops and classes, in one list: stubs and documentation pages are made from it.
#include "backends/core/description.h"

namespace lamina {

std::vector<Documentation> all_documentation();  // ops, then classes; each sorted by name

}  // namespace lamina
