#pragma once
// What compile() makes of its loss and metrics arguments: losses and metrics matched with the outputs by structure or
// name, by Keras' rules.
#include "api/metrics/metric.h"
#include "losses/loss.h"
#include "optimizers/optimizer.h"

namespace lamina {

class CompileLoss {
 public:
  // loss: one loss for all outputs, or a structure of them over the outputs; a list of losses at a place gives several
  // losses there. weights: None, a number or the same structure of numbers, tensors and functions that give one at
  // each step. output_names: of the flat outputs; empty if unknown.
  CompileLoss(Value loss, Value weights, std::vector<std::string> output_names);
  // The weighted sum of the losses, a scalar. ValueError or KeyError if losses, targets and outputs do not fit.
  Tensor operator()(const Value& y_true, const Value& y_pred, const Value& sample_weight);
  std::vector<MetricPtr> metrics() const;  // a tracker a loss, if there are several
  bool uses(const Object& loss) const;

 private:
  struct Entry {
    std::vector<Value> path;  // in the outputs: dict keys and indices
    std::shared_ptr<Loss> loss;
    Value weight;  // None, a number, a tensor, or a function without arguments that is asked at each step
    MetricPtr tracker;
    std::string name;
  };
  Value targets_like(const Value& y_true, const Value& y_pred) const;
  void build(const Value& y_true, const Value& y_pred);
  void build_nested(const Value& y_true, const Value& y_pred, const Value& loss, const Value& weights,
                    const Value& names, std::vector<Value> path);
  Value loss_, weights_;
  std::vector<std::string> output_names_;
  bool built_ = false;
  std::vector<Entry> entries_;
};

// The metrics that compile() was given, matched with the model's outputs, as one metric whose result is a dict. Built
// by the first update, which knows the outputs.
class CompileMetrics final : public Metric {
 public:
  CompileMetrics(Value metrics, Value weighted, std::vector<std::string> output_names);
  void update_all(const Value& y_true, const Value& y_pred, const Value& sample_weight);
  Dict results();
  std::vector<MetricPtr> metrics() const;  // those inside; none before it is built

  std::string class_name() const override { return "CompileMetrics"; }
  std::string module() const override { return "keras.src.trainers.compile_utils"; }
  void update_state(List args, Dict kwargs) override;
  Value result() override { return results(); }
  void reset_state() override;
  Variables variables() const override;
  Variables all_variables() const override;
  Value attribute(std::string_view name) const override;
  bool built() const { return built_; }

 private:
  struct Entry {
    size_t output;  // among the flat outputs
    MetricPtr metric;
    std::string output_name;  // "" with a single output
    bool weighted;
  };
  void build(const Value& y_true, const Value& y_pred);
  void build_set(const Value& given, bool weighted, const Value& y_true, const Value& y_pred);
  void add(const Value& given, bool weighted, size_t output, const Value& y_true, const Value& y_pred,
           const std::string& name);
  std::vector<Value> flat(const Value& y) const;
  Value metrics_, weighted_;
  std::vector<std::string> output_names_, order_;  // order_: keys of flat dict outputs, in the order of the metrics
  bool built_ = false;
  std::vector<Entry> entries_;
};

// A loss for the outputs: "crossentropy" and "ce" are chosen by the shapes.
std::shared_ptr<Loss> get_loss(const Value& identifier, const Value& y_true, const Value& y_pred);
// A metric: "accuracy" and "acc" are chosen by the shapes; a name or function names the metric's log.
MetricPtr get_metric(const Value& identifier, const Value& y_true, const Value& y_pred);
MetricPtr make_mean(const std::string& name);

}  // namespace lamina
