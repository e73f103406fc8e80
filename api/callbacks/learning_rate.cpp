// Callbacks that set the optimizer's learning rate: by a function of the epoch, or when a log stops improving.
#include "api/callbacks/monitor.h"
#include "api/model.h"
#include "backends/core/warning.h"
#include "optimizers/multi_optimizer.h"

namespace lamina {
namespace {

Optimizer& optimizer_of(const Model* model, const char* callback) {
  if (!model || !model->optimizer()) throw ValueError(callback, " needs a model that was compiled with an optimizer.");
  return *model->optimizer();
}

// The optimizers whose learning rate is set, with what tells them apart in logs and messages: "" for a single one.
struct Rated {
  Optimizer* optimizer;
  std::string name;
  std::string log() const { return name.empty() ? "learning_rate" : "learning_rate_" + name; }
  std::string prefix() const { return name.empty() ? "" : name + " "; }
};
std::vector<Rated> rated_of(const Model* model, const char* callback) {
  Optimizer& whole = optimizer_of(model, callback);
  std::vector<Rated> out;
  for (Optimizer* o : optimizers_with_rates(whole)) out.push_back({o, o == &whole ? "" : o->name()});
  return out;
}

struct LearningRateSchedulerArgs {
  Value schedule;
  int verbose = 0;
  void fields(Fields& f) {
    f("schedule", schedule, "f(epoch, learning_rate) or f(epoch): the epoch's learning rate.").required();
    f("verbose", verbose, "1 prints each change.");
  }
};
class LearningRateScheduler final : public Config<Callback, LearningRateSchedulerArgs> {
 public:
  explicit LearningRateScheduler(LearningRateSchedulerArgs a) : Config(std::move(a)) { function(); }
  std::string class_name() const override { return "LearningRateScheduler"; }
  void on_epoch_begin(int64_t epoch, Dict&) override {
    for (const Rated& rated : rated_of(model_, "LearningRateScheduler")) {
      double rate = rate_of(epoch, rated.optimizer->learning_rate().item());
      rated.optimizer->set_learning_rate(rate);
      if (args.verbose > 0)
        print_text(text("\nEpoch ", epoch + 1, ": LearningRateScheduler setting ", rated.prefix(), "learning rate to ",
                        rate, ".\n"));
    }
  }
  void on_epoch_end(int64_t, Dict& logs) override {
    for (const Rated& rated : rated_of(model_, "LearningRateScheduler"))
      logs.set(rated.log(), rated.optimizer->learning_rate().item());
  }

 private:
  double rate_of(int64_t epoch, double now) const {
    const std::shared_ptr<Callable> f = function();
    Value rate;
    try {
      rate = f->call({epoch, now});
    } catch (const Error& e) {  // a function of the epoch alone
      if (e.kind() != ErrorKind::type) throw;
      rate = f->call({epoch});
    }
    if (!rate.is_real() && !(rate.is_tensor() && is_float(rate.as_tensor().dtype())))
      throw ValueError("The output of the `schedule` function should be a float. Got: ", rate.repr());
    return rate.as_number();
  }
  std::shared_ptr<Callable> function() const {
    auto f = args.schedule.object_as<Callable>();
    if (!f)
      throw TypeError("LearningRateScheduler expects a function as `schedule`, received ", args.schedule.repr(), ".");
    return f;
  }
};
LAMINA_CLASS(LearningRateScheduler, "keras.callbacks", "Sets the learning rate at the start of each epoch.",
             Doc{.raises = "ValueError: while training, if the schedule's result is no float.", .example = R"py(
>>> callback = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
>>> history.history["learning_rate"]
[0.004999999888241291, 0.0024999999441206455, 0.0012499999720603228])py"});

struct ReduceLROnPlateauArgs : MonitorArgs {
  double factor = 0.1;
  int64_t patience = 10;
  int verbose = 0;
  int64_t cooldown = 0;
  double min_lr = 0;
  ReduceLROnPlateauArgs() { min_delta = 1e-4; }
  void fields(Fields& f) {
    f("monitor", monitor, "The log to watch.");
    f("factor", factor, "What the learning rate is multiplied by, below 1.");
    f("patience", patience, "Epochs without improvement before it is.");
    f("verbose", verbose, "1 prints each change.");
    f("mode", mode, "'min', 'max' or 'auto'.");
    f("min_delta", min_delta, "Smaller changes are no improvement.");
    f("cooldown", cooldown, "Epochs after a change that are not counted.");
    f("min_lr", min_lr, "The least learning rate.");
  }
};
class ReduceLROnPlateau final : public Config<MonitorCallback, ReduceLROnPlateauArgs> {
 public:
  explicit ReduceLROnPlateau(ReduceLROnPlateauArgs a) : Config(std::move(a)) {
    if (args.factor >= 1)
      throw ValueError("ReduceLROnPlateau does not support a factor >= 1.0. Received factor=", args.factor);
    check_mode();
  }
  std::string class_name() const override { return "ReduceLROnPlateau"; }
  MonitorArgs& watched() override { return args; }
  void attributes(Fields& f) override {
    Config::attributes(f);
    f("wait", wait_, "Epochs since the last improvement or change.");
    f("cooldown_counter", cooldown_counter_, "Epochs that are still not counted.");
  }
  void on_train_begin(Dict&) override {
    best_.reset();
    cooldown_counter_ = wait_ = 0;
  }
  void on_epoch_end(int64_t epoch, Dict& logs) override {
    resolve();
    auto optimizers = rated_of(model_, "ReduceLROnPlateau");
    for (const Rated& rated : optimizers) logs.set(rated.log(), rated.optimizer->learning_rate().item());
    std::optional<double> current = read(logs);
    if (!current) {
      warn(text("Learning rate reduction is conditioned on metric `", args.monitor,
                "` which is not available. Available metrics are: ", join(log_names(logs), ","), "."));
      return;
    }
    if (in_cooldown()) --cooldown_counter_, wait_ = 0;
    if (improves(*current, best_)) {
      best_ = current;
      wait_ = 0;
    } else if (!in_cooldown() && ++wait_ >= args.patience) {
      bool reduced = false;
      for (const Rated& rated : optimizers) reduced |= reduce(rated, epoch);
      if (reduced) cooldown_counter_ = args.cooldown, wait_ = 0;
    }
  }
  Value method(std::string_view name, const List& arguments) override {
    return name == "in_cooldown" ? Value(cooldown_counter_ > 0) : Config::method(name, arguments);
  }

 private:
  bool reduce(const Rated& rated, int64_t epoch) const {  // false at the least rate
    const double rate = rated.optimizer->learning_rate().item();
    if (rate <= static_cast<double>(static_cast<float>(args.min_lr))) return false;
    double reduced = std::max(rate * args.factor, args.min_lr);
    rated.optimizer->set_learning_rate(reduced);
    if (args.verbose > 0)
      print_text(text("\nEpoch ", epoch + 1, ": ReduceLROnPlateau reducing ", rated.prefix(), "learning rate to ",
                      reduced, ".\n"));
    return true;
  }
  bool in_cooldown() {
    return (overrides(Method::in_cooldown) ? user_class->call(Method::in_cooldown, {}, {}) : method("in_cooldown", {}))
        .as_bool();
  }
  int64_t cooldown_counter_ = 0, wait_ = 0;
};
LAMINA_CLASS(ReduceLROnPlateau, "keras.callbacks",
             "Multiplies the learning rate by `factor` when a log has not improved for `patience` epochs.",
             Doc{.raises = "ValueError: if `factor` is 1 or more.", .example = R"py(
>>> callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", min_delta=1e9, factor=0.5, patience=1)
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
>>> float(model.optimizer.learning_rate)
0.0024999999441206455)py"});

}  // namespace
}  // namespace lamina
