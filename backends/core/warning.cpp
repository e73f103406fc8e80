#include "backends/core/warning.h"

#include <cstdio>

namespace lamina {

namespace {
WarningFunction& warning_function() {
  static WarningFunction instance;
  return instance;
}
}  // namespace

void warn(const std::string& message) {
  if (const WarningFunction& f = warning_function())
    f(message);
  else
    std::fprintf(stderr, "lamina: warning: %s\n", message.c_str());
}
void set_warning_function(WarningFunction f) { warning_function() = std::move(f); }

}  // namespace lamina
