#pragma once
// Callback: told where training stands. Logs are dicts of numbers; a callback may set model().stop_training.
#include "backends/core/object.h"

namespace lamina {

class Model;

class Callback : public Object {
 public:
  static constexpr std::string_view kModule = "keras.callbacks";
  virtual void on_train_begin(Dict&) {}
  virtual void on_train_end(Dict&) {}
  virtual void on_epoch_begin(int64_t epoch, Dict&) {}
  virtual void on_epoch_end(int64_t epoch, Dict& logs) {}
  virtual void on_train_batch_begin(int64_t batch, Dict&) {}
  virtual void on_train_batch_end(int64_t batch, Dict& logs) {}
  virtual void on_test_begin(Dict&) {}
  virtual void on_test_end(Dict& logs) {}
  virtual void on_test_batch_begin(int64_t batch, Dict&) {}
  virtual void on_test_batch_end(int64_t batch, Dict& logs) {}
  virtual void on_predict_begin(Dict&) {}
  virtual void on_predict_end(Dict&) {}
  virtual void on_predict_batch_begin(int64_t batch, Dict&) {}
  virtual void on_predict_batch_end(int64_t batch, Dict& logs) {}
  // After all callbacks were told of the end of an epoch, or of a batch of training.
  virtual void settled() {}
  // What it counts from epoch to epoch: a backup of the training holds it.
  virtual void state(Fields&) {}
  // Whether batch events matter: if no callback needs them, steps run without waiting for their logs.
  virtual bool needs_batches() const { return false; }

  // Calls the method of that event: on_epoch_begin, on_train_batch_end, ... with an index; on_train_begin, ... without
  // one.
  void event(Method event, int64_t index, Dict& logs);
  void event(Method event, Dict& logs);
  // A further public method of the class: "get_monitor_value", "in_cooldown". AttributeError if it has none of this
  // name.
  virtual Value method(std::string_view name, const List& arguments);

  virtual void set_model(Model* model) { model_ = model; }
  virtual void set_params(const Dict& params) { params_ = params; }
  Model* model() const { return model_; }
  const Dict& params() const { return params_; }
  std::string class_name() const override { return "Callback"; }
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override { return {}; }

 protected:
  Model* model_ = nullptr;  // set for the length of one fit/evaluate/predict
  Dict params_;
};
using CallbackPtr = std::shared_ptr<Callback>;

// Calls each callback in order, users' overrides included. A log that a callback adds is seen by those after it.
class CallbackList {
 public:
  CallbackList(std::vector<CallbackPtr> callbacks, Model& model, const Dict& params);
  void epoch(Method event, int64_t index, Dict& logs);  // on_epoch_begin, on_train_batch_end, ...
  void phase(Method event, Dict& logs);                 // on_train_begin, ...
  void settled();
  bool needs_batches() const;
  const std::vector<CallbackPtr>& all() const { return callbacks_; }

 private:
  std::vector<CallbackPtr> callbacks_;
};

// Losses and metrics of each epoch: {"loss": [...], "val_loss": [...]}.
class History final : public Callback {
 public:
  void on_train_begin(Dict&) override { epochs.clear(); }
  void on_epoch_end(int64_t epoch, Dict& logs) override;
  std::string class_name() const override { return "History"; }
  std::vector<int64_t> epochs;
  Dict history;
};

// Keras' progress bar. verbose 1 redraws a line, 2 prints one line an epoch.
class ProgbarLogger final : public Callback {
 public:
  explicit ProgbarLogger(int verbose = 1);
  void set_params(const Dict& params) override;  // as verbose as fit() and its kin
  void attributes(Fields& f) override;
  ~ProgbarLogger() override;
  std::string class_name() const override { return "ProgbarLogger"; }
  bool needs_batches() const override { return true; }
  void on_train_begin(Dict&) override;
  void on_test_begin(Dict&) override;
  void on_predict_begin(Dict&) override;
  void on_epoch_begin(int64_t epoch, Dict&) override;
  void on_epoch_end(int64_t epoch, Dict& logs) override;
  void on_train_batch_end(int64_t batch, Dict& logs) override;
  void on_test_batch_end(int64_t batch, Dict& logs) override;
  void on_test_end(Dict& logs) override;
  void on_predict_batch_end(int64_t batch, Dict& logs) override;
  void on_predict_end(Dict&) override;

 private:
  struct Bar;
  void start();
  void draw(int64_t current, const Dict& logs, bool final);
  void finish(const Dict& logs);
  int verbose_;
  bool called_in_fit_ = false;
  std::unique_ptr<Bar> bar_;
  int64_t seen_ = 0, epochs_ = 1;
  std::optional<int64_t> target_;  // batches per epoch, if known
};

// Where progress bars and summaries go; bindings point it at sys.stdout. The standard output gets ASCII where the
// environment's locale is not UTF-8.
void set_print_function(std::function<void(const std::string&)> f);
void print_text(const std::string& s);
// Lines, boxes and dots as ASCII characters of the same width; other characters as '?'.
std::string ascii_text(const std::string& utf8);

}  // namespace lamina
