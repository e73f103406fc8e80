#pragma once
// Backups of a training that is under way: a `.weights.h5` file as Keras reads it, with the rest of the training's
// state in a group of its own, so that one file holds all and appears whole or not at all. The epoch and the batch
// stand in a JSON file beside it as well, where Keras looks for them.
#include "api/model.h"

namespace lamina {

// Within fit(). IOError if a file cannot be written.
void write_training_backup(const Model& model, const std::string& weights, const std::string& metadata);
// Before the first epoch: sets the weights at once, and where fit() goes on. A backup of Keras gives the epoch alone.
// Errors as load_weights(), and ValueError for a state that is damaged.
void read_training_backup(Model& model, const std::string& weights, const std::string& metadata);

}  // namespace lamina
