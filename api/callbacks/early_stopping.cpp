#include "api/callbacks/monitor.h"
#include "api/model.h"
#include "backends/core/warning.h"

namespace lamina {
namespace {

struct EarlyStoppingArgs {
  std::string monitor = "val_loss";
  double min_delta = 0;
  int64_t patience = 0;
  int verbose = 0;
  std::string mode = "auto";
  std::optional<double> baseline;
  bool restore_best_weights = false;
  int64_t start_from_epoch = 0;
  void fields(Fields& f) {
    f("monitor", monitor, "The log to watch.");
    f("min_delta", min_delta, "Smaller changes are no improvement.");
    f("patience", patience, "Epochs without improvement before training stops.");
    f("verbose", verbose, "1 prints when it acts.");
    f("mode", mode, "'min', 'max' or 'auto'.");
    f("baseline", baseline, "A value that must be beaten for the epochs to count as improvements.");
    f("restore_best_weights", restore_best_weights, "Whether to end with the weights of the best epoch.");
    f("start_from_epoch", start_from_epoch, "Epochs before it are not watched.");
  }
};

class EarlyStopping final : public Config<Callback, EarlyStoppingArgs> {
 public:
  explicit EarlyStopping(EarlyStoppingArgs a) : Config(std::move(a)), monitor_("EarlyStopping", args.monitor, args.mode, args.min_delta) {}
  std::string class_name() const override { return "EarlyStopping"; }
  void on_train_begin(Dict&) override {
    wait_ = stopped_epoch_ = best_epoch_ = 0;
    best_.reset();
    best_weights_.reset();
  }
  void on_epoch_end(int64_t epoch, Dict& logs) override {
    monitor_.resolve(model_);
    std::optional<double> current = monitor_.read(logs);
    if (!current)
      warn(text("Early stopping conditioned on metric `", args.monitor, "` which is not available. Available metrics are: ", join(log_names(logs), ",")));
    if (!current || epoch < args.start_from_epoch) return;
    if (args.restore_best_weights && !best_weights_) keep(epoch);  // if no epoch ever improves
    ++wait_;
    if (monitor_.improves(*current, best_)) {
      best_ = current;
      best_epoch_ = epoch;
      if (args.restore_best_weights) keep(epoch);
      if (!args.baseline || monitor_.improves(*current, args.baseline)) wait_ = 0;
      return;
    }
    if (wait_ >= args.patience && epoch > 0) {
      stopped_epoch_ = epoch;
      model_->stop_training = true;
    }
  }
  void on_train_end(Dict&) override {
    if (stopped_epoch_ > 0 && args.verbose > 0) print_text(text("Epoch ", stopped_epoch_ + 1, ": early stopping\n"));
    if (!args.restore_best_weights || !best_weights_) return;
    if (args.verbose > 0) print_text(text("Restoring model weights from the end of the best epoch: ", best_epoch_ + 1, ".\n"));
    model_->set_weights(*best_weights_);
  }

 private:
  void keep(int64_t epoch) {
    best_weights_ = model_->get_weights();
    best_epoch_ = epoch;
  }
  Monitor monitor_;
  int64_t wait_ = 0, stopped_epoch_ = 0, best_epoch_ = 0;
  std::optional<double> best_;
  std::optional<Tensors> best_weights_;
};
LAMINA_CLASS(EarlyStopping, "keras.callbacks", "Stops training when a log has not improved for `patience` epochs.");

}  // namespace
}  // namespace lamina
