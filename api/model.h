#pragma once
// Model: layers that are trained together. Three ways to make one: from symbolic inputs and outputs (functional), as a
// Sequential stack, or as a subclass with its own call(). fit/evaluate/predict run one step function, written once over
// the engine interface (step.cpp).
#include <atomic>
#include <mutex>
#include "api/callbacks/callback.h"
#include "api/compile.h"
#include "api/data/data_source.h"
#include "api/functional.h"
#include "api/training_state.h"

#include "backends/graph/function.h"

namespace lamina {

class EpochReader;
class History;

struct CompileArgs {
  Value optimizer = "rmsprop";  // a name, a config or an Optimizer
  Value loss{};                 // None, or one loss / a list / a dict over the outputs
  Value loss_weights{};
  Value metrics{}, weighted_metrics{};
  bool run_eagerly = false;
  int64_t steps_per_execution = 1;
  Value jit_compile = "auto";
  bool auto_scale_loss = true;
  void fields(Fields& f);
};

// Arguments of fit(), with Keras' names and defaults.
struct FitArgs {
  std::optional<int64_t> batch_size{};
  int64_t epochs = 1;
  Value verbose = "auto";
  std::vector<CallbackPtr> callbacks{};
  double validation_split = 0;
  std::shared_ptr<DataSource> validation{};  // validation_data
  bool shuffle = true;
  Dict class_weight{};  // class index as text -> weight
  int64_t initial_epoch = 0;
  std::optional<int64_t> steps_per_epoch{}, validation_steps{}, validation_batch_size{};
  Value validation_freq = 1;  // validate every so many epochs, or a list: after these epochs, from 1
  bool keep_history = true;   // off where a callback of the binding keeps it: fit() returns null
};

// Arguments of evaluate() and predict().
struct EvaluateArgs {
  std::optional<int64_t> batch_size{}, steps{};
  Value verbose = "auto";
  std::vector<CallbackPtr> callbacks{};
};

// Arguments of summary().
struct SummaryOptions {
  int64_t line_length = 0;          // columns; 0 is the summary's own choice, of at most
  int64_t most_columns = 0;         // so many, if not 0
  std::vector<double> positions{};  // where each cell ends: shares of the line up to 1, or columns
  bool expand_nested = false, show_trainable = false;
  std::vector<std::string> layer_range{};  // names of the first and last layer, or regular expressions; empty is all
};

// A layer that is trained: what the head of this file says. Predictions may run in several threads at once; training,
// compile() and whatever changes layers want a thread to themselves.
class Model : public Layer {
 public:
  explicit Model(LayerArgs args = {});                      // to be subclassed
  Model(Value inputs, Value outputs, LayerArgs args = {});  // functional
  ~Model() override;

  std::string class_name() const override { return graph_ ? "Functional" : "Model"; }
  std::string module() const override { return graph_ ? "keras.src.models.functional" : "keras"; }
  std::string registered_name() const override { return graph_ ? "Functional" : ""; }
  Dict get_config() const override;
  Value call(const List& inputs, const CallContext& context) override;
  using Layer::call;
  Value compute_mask(const Value&, const Value&) override { return {}; }
  std::vector<LayerPtr> sublayers() const override;
  Value get_build_config() const override;
  bool computes_anew() const override { return false; }
  void extend_serialized(Dict& out) const override;
  void finish_deserialize(const Dict& serialized) override;
  bool call_takes_training() const override { return true; }
  bool call_takes_mask() const override { return true; }

  Value named_inputs() const override;
  bool is_functional() const { return graph_ != nullptr; }
  const FunctionalGraph* graph() const { return graph_.get(); }
  void set_graph(Value inputs, Value outputs);  // makes (or remakes) it functional
  std::vector<LayerPtr> layers() const { return sublayers(); }
  LayerPtr get_layer(const std::string& name) const;  // ValueError listing the names
  LayerPtr get_layer(int index) const;
  std::vector<std::string> output_names() const;
  std::string summary(const SummaryOptions& options = {}) const;  // ValueError for options that do not fit the model

  // --- training ---
  void compile(CompileArgs args);
  void compile_from_config(const Dict& config);
  Value get_compile_config() const;  // None if not compiled
  bool compiled() const { return compiled_; }
  std::shared_ptr<History> fit(std::shared_ptr<DataSource> data, FitArgs args);
  std::shared_ptr<History> fit(const Value& x, const Value& y, FitArgs args = {}, const Value& sample_weight = {});
  Dict evaluate(std::shared_ptr<DataSource> data, EvaluateArgs args = {});
  Dict evaluate(const Value& x, const Value& y, EvaluateArgs args = {}, const Value& sample_weight = {});
  Value predict(std::shared_ptr<DataSource> data, EvaluateArgs args = {});
  Value predict(const Value& x, EvaluateArgs args = {});
  Dict train_on_batch(const Value& x, const Value& y = {}, const Value& sample_weight = {},
                      const Dict& class_weight = {});
  Dict test_on_batch(const Value& x, const Value& y = {}, const Value& sample_weight = {});
  Value predict_on_batch(const Value& x);
  // One step on a batch (x, y, sample_weight); overridable. Return logs.
  virtual Dict train_step(const Value& x, const Value& y, const Value& sample_weight);
  virtual Dict test_step(const Value& x, const Value& y, const Value& sample_weight);
  virtual Value predict_step(const Value& x);
  virtual Tensor compute_loss(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight,
                              bool training);
  virtual Dict compute_metrics(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight);
  Tensor loss_of(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight,
                 bool training);  // through overrides
  Dict metrics_of(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight);
  Dict get_metrics_result();
  void reset_metrics();
  // In Keras' order: the loss, those of compile() as one, losses of several outputs, those that are attributes.
  std::vector<MetricPtr> metrics() const;
  std::vector<MetricPtr> single_metrics() const;  // the same, with those of compile() one by one
  std::vector<std::string> metrics_names() const;

  const std::shared_ptr<Optimizer>& optimizer() const { return optimizer_; }
  void set_optimizer(std::shared_ptr<Optimizer> o);
  const std::shared_ptr<CompileLoss>& compile_loss() const { return compile_loss_; }
  const std::shared_ptr<Metric>& loss_tracker() const { return loss_tracker_; }
  const Value& compile_arguments_loss() const { return compile_args_.loss; }
  bool run_eagerly() const { return compile_args_.run_eagerly; }
  // What can change between two compile().
  void set_run_eagerly(bool on);
  int64_t steps_per_execution() const { return compile_args_.steps_per_execution; }
  void set_steps_per_execution(int64_t batches);  // ValueError below 1
  const Value& jit_compile() const { return compile_args_.jit_compile; }
  void set_jit_compile(Value on) { compile_args_.jit_compile = std::move(on); }
  // Within fit(): where it stands (training_state.h), and a stamp that changes with it. RuntimeError elsewhere.
  Dict training_state() const;
  TrainingStamp training_stamp() const;
  // The fit() under way, or the next one, goes on from there. ValueError or KeyError then if the state is damaged.
  void resume(Dict state) { resumed_ = std::move(state); }
  bool stop_training = false, stop_evaluating = false,
       stop_predicting = false;  // for callbacks: end the loop after this batch

  // Forgets compiled step functions: after layers, trainable flags or the optimizer changed.
  void invalidate_functions();
  // The models whose compile() was given this optimizer, loss or metric forget their compiled steps.
  static void object_changed(const Object& object);
  // Compiled graphs of train, test and predict steps, as text.
  std::string dump() const;
  // Metrics the user keeps on a subclass.
  void track_metric(const MetricPtr& metric);

 private:
  struct Step;
  enum class StepKind { train, test, predict, call };
  bool shortcut(const List& args, const Dict& kwargs, Value& result) override;
  Tensor lone(const Tensor& x) override;
  bool loses_masks() const override { return false; }  // its layers hand them on, or lose them and say so
  bool calls_compiled() const;
  Value run_step(StepKind kind, const Value& data);
  Tensor run_lone(StepKind kind, const Tensor& x);  // undefined where there is no such step
  void forget_steps();                              // under steps_mutex_
  Value step_body(StepKind kind, const Value& data);
  void require_compiled(const char* method) const;
  std::shared_ptr<History> fit_loop(DataSource& data, const FitArgs& args);
  void finish_training(const FitArgs& args);
  std::optional<Dict> evaluate_loop(EpochReader& reader, CallbackList& callbacks);  // nothing if there was no batch
  Dict on_batch(StepKind kind, const Batch& batch);
  Dict logs_of_step(StepKind kind, const Batch& batch);
  template <class F>
  auto beside_training(F f);
  bool trains_with(const Object& object) const;
  const Variables& trained();  // what train_step() updates

  std::unique_ptr<FunctionalGraph> graph_;
  bool compiled_ = false;
  const TrainingLoop* loop_ = nullptr;  // of the fit() under way
  std::optional<Dict> resumed_;         // a state that fit() is to go on from
  bool fitting_ = false;                // within fit(), so that a callback's evaluate() can tell
  std::optional<Variables>
      trained_;  // the trainable weights at the first training step after compile(), which stay the trained ones
  CompileArgs compile_args_;
  std::shared_ptr<Optimizer> optimizer_;
  std::shared_ptr<CompileLoss> compile_loss_;
  std::shared_ptr<CompileMetrics> compile_metrics_;
  MetricPtr loss_tracker_;
  std::vector<MetricPtr> tracked_metrics_;
  mutable std::mutex steps_mutex_;
  std::vector<std::shared_ptr<Step>> steps_;
  std::shared_ptr<Arenas> arenas_;       // the working memory that the steps share
  std::shared_ptr<Step> lone_steps_[4];  // a kind: the step that takes one tensor and gives one, once it has been run
  struct RecentStep {                    // what a thread ran last of lone_steps_
    std::shared_ptr<Step> step;
    uint64_t layers = 0, forgotten = 0;  // layer_changes() and steps_forgotten_ at that time
  };
  Lanes<RecentStep> recent_step_;
  std::atomic<uint64_t> steps_forgotten_{0};  // how often
  uint64_t steps_as_of_ = 0;                  // layer_changes() that the steps know
  uint64_t steps_stamp_ = 0;                  // stamp() of the layers that they were made from
  std::atomic<bool> call_compiles_{true};
  bool users_code_ = false;  // a layer's Python code may look at values
  bool any_needs_values();   // see Layer::needs_values
  uint64_t state_stamp_ = 0;
};
using ModelPtr = std::shared_ptr<Model>;

}  // namespace lamina
