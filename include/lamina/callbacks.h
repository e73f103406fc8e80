#pragma once
// Keras' callbacks for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "api/callbacks/callback.h"
#include "api/named.h"

namespace lamina::callbacks {

// Saves a training as it goes on; the same fit(), run again after an interruption, goes on from there.
// Raises: ValueError: if the model is not built when training begins, or for a `save_freq` that is none. OSError: if a
// backup cannot be written or read.
// Source: Keras, and beyond it the position in the epoch, the order of shuffled data, seeds, metrics and what other
// callbacks have counted: a training that was killed ends with the bits of one that was not. What users' own callbacks
// keep is not saved.
struct BackupAndRestoreArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "BackupAndRestore";
  RequiredArgument<std::string> backup_dir;  // A folder for this training's backup alone.
  Value save_freq = "epoch";  // 'epoch', or a number of batches.
  bool double_checkpoint = false;  // Whether to keep the backup before the last one, too.
  bool delete_checkpoint = true;  // Whether the backup is deleted when training ends.
  template <class F>
  void each(const F& f) const {
    f("backup_dir", backup_dir);
    f("save_freq", save_freq);
    f("double_checkpoint", double_checkpoint);
    f("delete_checkpoint", delete_checkpoint);
  }
};
using BackupAndRestore = Named<lamina::Callback, BackupAndRestoreArgs>;

// Writes each epoch's logs as a line of a CSV file.
struct CSVLoggerArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "CSVLogger";
  RequiredArgument<std::string> filename;  // The file to write.
  std::string separator = ",";  // Between the columns.
  bool append = false;  // Whether to go on with a file that exists.
  template <class F>
  void each(const F& f) const {
    f("filename", filename);
    f("separator", separator);
    f("append", append);
  }
};
using CSVLogger = Named<lamina::Callback, CSVLoggerArgs>;

// Stops training when a log has not improved for `patience` epochs.
struct EarlyStoppingArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "EarlyStopping";
  std::string monitor = "val_loss";  // The log to watch.
  double min_delta = 0.0;  // Smaller changes are no improvement.
  int64_t patience = 0;  // Epochs without improvement before training stops.
  int64_t verbose = 0;  // 1 prints when it acts.
  std::string mode = "auto";  // 'min', 'max' or 'auto'.
  std::optional<double> baseline{};  // A value that must be beaten for the epochs to count as improvements.
  bool restore_best_weights = false;  // Whether to end with the weights of the best epoch.
  int64_t start_from_epoch = 0;  // Epochs before it are not watched.
  template <class F>
  void each(const F& f) const {
    f("monitor", monitor);
    f("min_delta", min_delta);
    f("patience", patience);
    f("verbose", verbose);
    f("mode", mode);
    f("baseline", baseline);
    f("restore_best_weights", restore_best_weights);
    f("start_from_epoch", start_from_epoch);
  }
};
using EarlyStopping = Named<lamina::Callback, EarlyStoppingArgs>;

// Calls functions at the events of training.
struct LambdaCallbackArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "LambdaCallback";
  Value on_epoch_begin{};  // f(epoch, logs)
  Value on_epoch_end{};  // f(epoch, logs)
  Value on_train_begin{};  // f(logs)
  Value on_train_end{};  // f(logs)
  Value on_train_batch_begin{};  // f(batch, logs)
  Value on_train_batch_end{};  // f(batch, logs)
  Value on_test_begin{};  // f(logs)
  Value on_test_end{};  // f(logs)
  Value on_test_batch_begin{};  // f(batch, logs)
  Value on_test_batch_end{};  // f(batch, logs)
  Value on_predict_begin{};  // f(logs)
  Value on_predict_end{};  // f(logs)
  Value on_predict_batch_begin{};  // f(batch, logs)
  Value on_predict_batch_end{};  // f(batch, logs)
  template <class F>
  void each(const F& f) const {
    f("on_epoch_begin", on_epoch_begin);
    f("on_epoch_end", on_epoch_end);
    f("on_train_begin", on_train_begin);
    f("on_train_end", on_train_end);
    f("on_train_batch_begin", on_train_batch_begin);
    f("on_train_batch_end", on_train_batch_end);
    f("on_test_begin", on_test_begin);
    f("on_test_end", on_test_end);
    f("on_test_batch_begin", on_test_batch_begin);
    f("on_test_batch_end", on_test_batch_end);
    f("on_predict_begin", on_predict_begin);
    f("on_predict_end", on_predict_end);
    f("on_predict_batch_begin", on_predict_batch_begin);
    f("on_predict_batch_end", on_predict_batch_end);
  }
};
using LambdaCallback = Named<lamina::Callback, LambdaCallbackArgs>;

// Sets the learning rate at the start of each epoch.
// Raises: ValueError: while training, if the schedule's result is no float.
struct LearningRateSchedulerArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "LearningRateScheduler";
  RequiredArgument<Value> schedule;  // f(epoch, learning_rate) or f(epoch): the epoch's learning rate.
  int64_t verbose = 0;  // 1 prints each change.
  template <class F>
  void each(const F& f) const {
    f("schedule", schedule);
    f("verbose", verbose);
  }
};
using LearningRateScheduler = Named<lamina::Callback, LearningRateSchedulerArgs>;

// Saves the model or its weights each epoch, every so many batches, or when a log improves.
// Raises: ValueError: if the path has not the ending of its kind of file, or `save_freq` is unknown.
struct ModelCheckpointArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "ModelCheckpoint";
  // Where to save; may name {epoch} and logs: 'model-{epoch:02d}-{val_loss:.2f}.keras'.
  RequiredArgument<std::string> filepath;
  std::string monitor = "val_loss";  // The log to watch.
  int64_t verbose = 0;  // 1 prints each save.
  bool save_best_only = false;  // Whether to save only when the log improves.
  bool save_weights_only = false;  // Whether to save weights ('.weights.h5') instead of the model ('.keras', or '.h5').
  std::string mode = "auto";  // 'min', 'max' or 'auto'.
  Value save_freq = "epoch";  // 'epoch', or a number of batches.
  std::optional<double> initial_value_threshold{};  // The log's best value so far.
  template <class F>
  void each(const F& f) const {
    f("filepath", filepath);
    f("monitor", monitor);
    f("verbose", verbose);
    f("save_best_only", save_best_only);
    f("save_weights_only", save_weights_only);
    f("mode", mode);
    f("save_freq", save_freq);
    f("initial_value_threshold", initial_value_threshold);
  }
};
using ModelCheckpoint = Named<lamina::Callback, ModelCheckpointArgs>;

// Multiplies the learning rate by `factor` when a log has not improved for `patience` epochs.
// Raises: ValueError: if `factor` is 1 or more.
struct ReduceLROnPlateauArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "ReduceLROnPlateau";
  std::string monitor = "val_loss";  // The log to watch.
  double factor = 0.1;  // What the learning rate is multiplied by, below 1.
  int64_t patience = 10;  // Epochs without improvement before it is.
  int64_t verbose = 0;  // 1 prints each change.
  std::string mode = "auto";  // 'min', 'max' or 'auto'.
  double min_delta = 0.0001;  // Smaller changes are no improvement.
  int64_t cooldown = 0;  // Epochs after a change that are not counted.
  double min_lr = 0.0;  // The least learning rate.
  template <class F>
  void each(const F& f) const {
    f("monitor", monitor);
    f("factor", factor);
    f("patience", patience);
    f("verbose", verbose);
    f("mode", mode);
    f("min_delta", min_delta);
    f("cooldown", cooldown);
    f("min_lr", min_lr);
  }
};
using ReduceLROnPlateau = Named<lamina::Callback, ReduceLROnPlateauArgs>;

// Evaluates and predicts with the optimizer's moving averages of the weights in their place.
// Raises: ValueError: if the optimizer has not `use_ema=True`.
struct SwapEMAWeightsArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "SwapEMAWeights";
  // Whether the averages are in the model from the end of an epoch to the start of the next one, for the callbacks
  // behind this one (such as ModelCheckpoint).
  bool swap_on_epoch = false;
  template <class F>
  void each(const F& f) const {
    f("swap_on_epoch", swap_on_epoch);
  }
};
using SwapEMAWeights = Named<lamina::Callback, SwapEMAWeightsArgs>;

// Writes event files for TensorBoard; TensorFlow is not needed.
// Raises: ValueError: for an `update_freq`, `profile_batch` or `embeddings_metadata` that is none. OSError: if the
// files cannot be written.
struct TensorBoardArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "TensorBoard";
  std::string log_dir = "logs";  // The folder of the event files: below it `train` and `validation`.
  int64_t histogram_freq = 0;  // Epochs between histograms of all weights; 0 for none.
  bool write_graph = true;  // Whether to write the model's layers as a graph.
  bool write_images = false;  // Whether weights are written as images beside their histograms.
  bool write_steps_per_second = false;  // Whether to write how many steps a second takes.
  Value update_freq = "epoch";  // 'epoch', 'batch', or a number of batches between two values of losses and metrics.
  // A batch, or a pair of the first and the last one, whose kernels are profiled; 0 for none. Batches count from 1.
  Value profile_batch = 0;
  int64_t embeddings_freq = 0;  // Epochs between tables of all Embedding layers; 0 for none.
  // A file with a line per row of the Embedding layers, or a dict of such files by the layer's name.
  Value embeddings_metadata{};
  template <class F>
  void each(const F& f) const {
    f("log_dir", log_dir);
    f("histogram_freq", histogram_freq);
    f("write_graph", write_graph);
    f("write_images", write_images);
    f("write_steps_per_second", write_steps_per_second);
    f("update_freq", update_freq);
    f("profile_batch", profile_batch);
    f("embeddings_freq", embeddings_freq);
    f("embeddings_metadata", embeddings_metadata);
  }
};
using TensorBoard = Named<lamina::Callback, TensorBoardArgs>;

// Stops training when the loss is not finite.
struct TerminateOnNaNArgs {
  static constexpr const char* kModule = "keras.callbacks";
  static constexpr const char* kName = "TerminateOnNaN";
  bool raise_error = false;  // Whether to raise a RuntimeError instead of stopping.
  template <class F>
  void each(const F& f) const {
    f("raise_error", raise_error);
  }
};
using TerminateOnNaN = Named<lamina::Callback, TerminateOnNaNArgs>;

}  // namespace lamina::callbacks
