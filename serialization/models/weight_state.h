#pragma once
// The state of a model's objects (or a layer's) to and from a file: variables, and the files that users' classes keep.
// Classes that override save_own_variables, load_own_variables, save_assets or load_assets are asked.
#include "api/model.h"
#include "serialization/models/asset_folder.h"
#include "serialization/models/weight_store.h"

namespace lamina {

// Without the objects in `skip`, and what only they lead to.
void save_variables(const Layer& model, WeightSink& sink, const std::vector<ObjectPtr>& skip = {});
// Whether any class keeps files; they are in `assets` then.
bool save_assets(const Layer& model, const AssetFolder& assets);

// Everything is checked and read before any variable changes; users' own load_own_variables run last. `assets` may be
// null. Counts and shapes that do not fit: ValueError that names the objects, with what was expected and found; with
// skip_mismatch a warning, and those objects keep their values. An optimizer whose count differs is skipped with a
// warning.
void load_state(Layer& model, WeightSource& source, const AssetFolder* assets, bool skip_mismatch,
                const std::vector<ObjectPtr>& skip = {});

}  // namespace lamina
