#pragma once
#include <functional>
#include <string>

#include "backends/core/text.h"

namespace lamina {

// Something the user should know that is no error. Printed to the standard error stream, unless a binding takes
// warnings over (Python: warnings.warn).
void warn(const std::string& message);
using WarningFunction = std::function<void(const std::string&)>;
void set_warning_function(WarningFunction f);  // null: the standard error stream

}  // namespace lamina
