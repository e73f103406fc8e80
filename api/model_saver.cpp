#include "api/model_saver.h"

#include "backends/core/error.h"

namespace lamina {

namespace {
ModelSaver& current() {
  static ModelSaver saver{};
  return saver;
}
}  // namespace

void set_model_saver(const ModelSaver& saver) { current() = saver; }

const ModelSaver& model_saver() {
  if (!current().model)
    throw RuntimeError("this program was linked without serialization/models, which saves and loads models.");
  return current();
}

}  // namespace lamina
