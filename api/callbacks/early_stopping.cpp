#include "api/callbacks/monitor.h"
#include "api/model.h"
#include "backends/core/warning.h"

namespace lamina {
namespace {

struct EarlyStoppingArgs : MonitorArgs {
  int64_t patience = 0;
  int verbose = 0;
  std::optional<double> baseline;
  bool restore_best_weights = false;
  int64_t start_from_epoch = 0;
  void fields(Fields& f) {
    f("monitor", monitor, "The log to watch.");
    f("min_delta", min_delta, "Smaller changes are no improvement.").shown(0);
    f("patience", patience, "Epochs without improvement before training stops.");
    f("verbose", verbose, "1 prints when it acts.");
    f("mode", mode, "'min', 'max' or 'auto'.");
    f("baseline", baseline, "A value that must be beaten for the epochs to count as improvements.");
    f("restore_best_weights", restore_best_weights, "Whether to end with the weights of the best epoch.");
    f("start_from_epoch", start_from_epoch, "Epochs before it are not watched.");
  }
};

class EarlyStopping final : public Config<MonitorCallback, EarlyStoppingArgs> {
 public:
  explicit EarlyStopping(EarlyStoppingArgs a) : Config(std::move(a)) { check_mode(); }
  std::string class_name() const override { return "EarlyStopping"; }
  MonitorArgs& watched() override { return args; }
  void attributes(Fields& f) override {
    Config::attributes(f);
    f("wait", wait_, "Epochs since the last improvement.");
    f("stopped_epoch", stopped_epoch_, "The epoch that ended training; 0 if none did.");
    f("best_epoch", best_epoch_);
    f("best_weights", best_weights_);
  }
  void on_train_begin(Dict&) override {
    wait_ = stopped_epoch_ = best_epoch_ = 0;
    best_.reset();
    best_weights_.reset();
  }
  void on_epoch_end(int64_t epoch, Dict& logs) override {
    resolve();
    const std::optional<double> current = monitor_value(logs);
    if (!current || epoch < args.start_from_epoch) return;
    if (args.restore_best_weights && !best_weights_) keep(epoch);  // if no epoch ever improves
    ++wait_;
    if (improves(*current, best_)) {
      best_ = current;
      best_epoch_ = epoch;
      if (args.restore_best_weights) keep(epoch);
      if (!args.baseline || improves(*current, args.baseline)) wait_ = 0;
      return;
    }
    if (wait_ >= args.patience && epoch > 0) {
      stopped_epoch_ = epoch;
      model_of(*this).stop_training = true;
    }
  }
  void on_train_end(Dict&) override {
    if (stopped_epoch_ > 0 && args.verbose > 0) print_text(text("Epoch ", stopped_epoch_ + 1, ": early stopping\n"));
    if (!args.restore_best_weights || !best_weights_) return;
    if (args.verbose > 0)
      print_text(text("Restoring model weights from the end of the best epoch: ", best_epoch_ + 1, ".\n"));
    model_of(*this).set_weights(*best_weights_);
  }
  Value method(std::string_view name, const List& arguments) override {
    if (name != "get_monitor_value") return Config::method(name, arguments);
    const Dict none, &logs = arguments[0].is_none() ? none : arguments[0].as_dict();
    const std::optional<double> current = read(logs);
    if (!current)
      warn(text("Early stopping conditioned on metric `", args.monitor,
                "` which is not available. Available metrics are: ", join(log_names(logs), ",")));
    return current;
  }

 private:
  std::optional<double> monitor_value(const Dict& logs) {
    const Value v = overrides(Method::get_monitor_value) ? user_class->call(Method::get_monitor_value, {logs}, {})
                                                         : method("get_monitor_value", {logs});
    return v.is_none() ? std::nullopt : std::optional(v.as_number());
  }
  void keep(int64_t epoch) {
    best_weights_ = model_of(*this).get_weights();
    best_epoch_ = epoch;
  }
  int64_t wait_ = 0, stopped_epoch_ = 0, best_epoch_ = 0;
  std::optional<Tensors> best_weights_;
};
LAMINA_CLASS(EarlyStopping, "keras.callbacks", "Stops training when a log has not improved for `patience` epochs.",
             Doc{.example = R"py(
>>> callback = keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e9, patience=1)
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
>>> len(history.epoch)
2)py"});

}  // namespace
}  // namespace lamina
