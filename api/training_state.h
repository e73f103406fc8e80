#pragma once
// Where a training stands: what a later run needs beside the weights to go on to the same bits.
#include "api/data/data_source.h"

namespace lamina {

class CallbackList;
class EpochReader;
class Model;

// Changes with every variable and with what a callback has counted.
struct TrainingStamp {
  uint64_t changes = 0;
  List counted;
  bool operator==(const TrainingStamp&) const = default;
};

// A running fit(), as Model::training_state() sees it.
struct TrainingLoop {
  EpochReader& reader;
  CallbackList& callbacks;
  int64_t epoch = 0;    // the one under way, or the next one
  int64_t batches = 0;  // of it that were trained on
  Dict logs;            // of the last of them
};

// A dict of plain values, tensors and lists of them:
//   "epoch", "batch"    the next batch: its epoch, and how many of that epoch's are behind it
//   "reader"            which pass over the data, and how far into it
//   "seeds"             where shuffles and the random functions without a seed go on
//   "metrics"           the values of the model's metrics, empty between two epochs
//   "logs"              what they said last
//   "callbacks"         what the callbacks have counted
Dict capture_training_state(const Model& model, const TrainingLoop& loop);
TrainingStamp training_stamp(const Model& model, const TrainingLoop& loop);

// The parts that are the callbacks' and the reader's; fit() sees to the epoch and the metrics. Callbacks that are not
// the ones that were saved keep their state. ValueError if the state is damaged.
void restore_training_state(const Dict& state, TrainingLoop& loop);
// After the metrics of the epoch under way were reset. `next` is the batch to come: metrics are made that wait for the
// shapes of a first one. Metrics that are others than when the state was saved start anew.
void restore_metrics(const Dict& state, Model& model, const Batch& next);

}  // namespace lamina
