#pragma once
// How callbacks write models, and applications read weights. Model files stand above this room: they hand themselves in
// when the library is loaded.
#include <string>

namespace lamina {

class Model;

struct ModelSaver {
  void (*model)(const Model& model, const std::string& path);    // the whole of it; overwrites
  void (*weights)(const Model& model, const std::string& path);  // its weights alone; overwrites
  void (*load_weights)(Model& model, const std::string& path);   // any of the kinds of files that there are
  std::string (*json)(const Model& model);                       // its config
  // serialization/models/training_backup.h
  void (*backup)(const Model& model, const std::string& weights, const std::string& metadata);
  void (*restore)(Model& model, const std::string& weights, const std::string& metadata);
};

// What callbacks save models with; serialization/models sets it while the library is loaded.
void set_model_saver(const ModelSaver& saver);
const ModelSaver& model_saver();

}  // namespace lamina
