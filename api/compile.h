#pragma once
// What compile() makes of its loss and metrics arguments: one loss or metric an output, matched by structure or name.
#include "api/metrics/metric.h"
#include "losses/loss.h"
#include "optimizers/optimizer.h"

namespace lamina {

class CompileLoss {
 public:
  CompileLoss(Value loss, Value weights, std::vector<std::string> output_names);
  // The weighted sum of the outputs' losses. ValueError if the losses do not fit the outputs.
  Tensor operator()(const Value& y_true, const Value& y_pred, const Value& sample_weight);
  std::vector<MetricPtr> metrics() const;  // one tracker an output, if there are several

 private:
  struct Entry {
    size_t output;   // among the flat outputs
    std::shared_ptr<Loss> loss;
    std::optional<double> weight;
    MetricPtr tracker;
    std::string name;
  };
  void build(const Value& y_true, const Value& y_pred);
  Value loss_, weights_;
  std::vector<std::string> output_names_;
  bool built_ = false;
  std::vector<Entry> entries_;
};

class CompileMetrics {
 public:
  CompileMetrics(Value metrics, Value weighted, std::vector<std::string> output_names);
  void update(const Value& y_true, const Value& y_pred, const Value& sample_weight);
  Dict result();
  void reset();
  std::vector<MetricPtr> metrics() const;
  bool built() const { return built_; }

 private:
  struct Entry {
    size_t output;
    MetricPtr metric;
    std::string name;  // of the log
    bool weighted;
  };
  void build(const Value& y_true, const Value& y_pred);
  void add(const Value& given, bool weighted, const Tensors& y_true, const Tensors& y_pred, const std::vector<std::string>& names);
  Value metrics_, weighted_;
  std::vector<std::string> output_names_;
  bool built_ = false;
  std::vector<Entry> entries_;
};

// "accuracy" by the shapes: binary, categorical or sparse categorical. Same for "crossentropy".
MetricPtr get_metric(const Value& identifier, const Tensor& y_true, const Tensor& y_pred);

}  // namespace lamina
