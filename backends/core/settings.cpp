#include "backends/core/settings.h"

namespace lamina {

Settings& settings() {
  static Settings instance;
  return instance;
}

}  // namespace lamina
