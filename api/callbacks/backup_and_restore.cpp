#include <filesystem>

#include "api/callbacks/monitor.h"
#include "api/model.h"
#include "api/model_saver.h"
#include "backends/core/warning.h"
#include "serialization/objects/object_config.h"

namespace lamina {
namespace {

namespace fs = std::filesystem;

struct BackupAndRestoreArgs {
  std::string backup_dir;
  Value save_freq = "epoch";
  bool double_checkpoint = false, delete_checkpoint = true;
  void fields(Fields& f) {
    f("backup_dir", backup_dir, "A folder for this training's backup alone.").required();
    f("save_freq", save_freq, "'epoch', or a number of batches.");
    f("double_checkpoint", double_checkpoint, "Whether to keep the backup before the last one, too.");
    f("delete_checkpoint", delete_checkpoint, "Whether the backup is deleted when training ends.");
  }
};

class BackupAndRestore final : public Config<Callback, BackupAndRestoreArgs> {
 public:
  explicit BackupAndRestore(BackupAndRestoreArgs a) : Config(std::move(a)) {
    if (args.backup_dir.empty()) throw ValueError("Empty `backup_dir` argument passed");
    const Value& f = args.save_freq;
    if (!(f.is_string() && f.as_string() == "epoch") && !f.is_int() && !f.is_bool())
      throw ValueError("Invalid value for argument `save_freq`. Received: save_freq=", f.repr(),
                       ". Expected either 'epoch' or an integer value.");
    if (f.is_int() && f.as_int() < 1)
      throw ValueError("Invalid value for argument `save_freq`. Received: save_freq=", f.repr(),
                       ". A number of batches must be at least 1.");
  }
  std::string class_name() const override { return "BackupAndRestore"; }
  void attributes(Fields& f) override { args.fields(f); }

  void state(Fields& f) override {
    f("seen", seen_);
    f("last_batch", last_batch_);
  }
  bool needs_batches() const override { return args.save_freq.is_int(); }

  void on_train_begin(Dict&) override {
    seen_ = 0, last_batch_ = -1, saved_ = {};
    Model& model = model_of(*this);
    if (!model.built())
      throw ValueError("To use the BackupAndRestore callback, your model must be built before you call `fit()`. Model ",
                       model.describe(), " is unbuilt. You can build it beforehand by calling it on a batch of data.");
    if (!fs::exists(weights()) && fs::exists(previous(weights())))  // killed while the last one was to be written
      return model_saver().restore(model, previous(weights()), previous(metadata()));
    if (!fs::exists(weights()) && !fs::exists(metadata())) return;
    try {
      model_saver().restore(model, weights(), metadata());
    } catch (const Error& error) {
      if (!fs::exists(previous(weights()))) throw;
      warn(text("The backup '", weights(), "' cannot be read, and training goes on from the one before. ",
                error.what()));
      model_saver().restore(model, previous(weights()), previous(metadata()));
    }
  }
  void on_train_batch_end(int64_t batch, Dict&) override {
    if (!args.save_freq.is_int()) return;
    seen_ += batch <= last_batch_ ? batch + 1 : batch - last_batch_;
    last_batch_ = batch;
    if (seen_ < args.save_freq.as_int()) return;
    seen_ = 0;
    save();
  }
  void on_epoch_end(int64_t, Dict&) override {
    last_batch_ = -1;
    if (args.save_freq.is_string()) save();
  }
  // Callbacks behind this one may have counted since, or changed a learning rate.
  void settled() override {
    if (saved_ && *saved_ != model_of(*this).training_stamp()) save();
    saved_ = {};
  }
  void on_train_end(Dict&) override {
    if (!args.delete_checkpoint) return;
    std::error_code ignored;  // what cannot be deleted stays
    for (const std::string& path : {weights(), metadata()})
      fs::remove(path, ignored), fs::remove(previous(path), ignored);
    fs::remove(args.backup_dir, ignored);  // stays if others have put files there
  }

 private:
  std::string weights() const { return (fs::path(args.backup_dir) / "latest.weights.h5").string(); }
  std::string metadata() const { return (fs::path(args.backup_dir) / "training_metadata.json").string(); }
  static std::string previous(const std::string& path) { return path + ".bkp"; }

  void save() {
    const Model& model = model_of(*this);
    std::error_code error;
    fs::create_directories(args.backup_dir, error);
    if (error) throw IOError("The folder of backups '", args.backup_dir, "' can not be made: ", error.message());
    if (args.double_checkpoint && !saved_)
      for (const std::string& path : {weights(), metadata()})
        if (fs::exists(path)) fs::rename(path, previous(path));
    saved_ = model.training_stamp();
    model_saver().backup(model, weights(), metadata());
  }

  int64_t seen_ = 0, last_batch_ = -1;
  std::optional<TrainingStamp> saved_;  // the stamp of what was saved in the event under way
};
LAMINA_CLASS(
    BackupAndRestore, "keras.callbacks",
    "Saves a training as it goes on; the same fit(), run again after an interruption, goes on from there.",
    Doc{.raises = "ValueError: if the model is not built when training begins, or for a `save_freq` that is none.\n"
                  "OSError: if a backup cannot be written or read.",
        .source = "Keras, and beyond it the position in the epoch, the order of shuffled data, seeds, metrics and "
                  "what other callbacks have counted: a training that was killed ends with the bits of one that "
                  "was not. What users' own callbacks keep is not saved.",
        .example = R"py(
>>> import os, tempfile
>>> folder = os.path.join(tempfile.mkdtemp(), "backup")
>>> x, y = np.arange(20.0).reshape(10, 2) / 20, np.ones(10)
>>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
>>> model.compile("sgd", "mse")
>>> class Interrupting(keras.callbacks.Callback):
...     def on_epoch_begin(self, epoch, logs=None):
...         if epoch == 4:
...             raise RuntimeError("interrupted")
>>> try:
...     model.fit(x, y, epochs=10, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(folder), Interrupting()])
... except RuntimeError:
...     pass
>>> history = model.fit(x, y, epochs=10, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(folder)])
>>> len(history.history["loss"])
6)py"});

}  // namespace
}  // namespace lamina
