#pragma once
#include "api/metrics/metric.h"

namespace lamina {

// Values with their weights: axes beyond the weights' are folded (summed or averaged), weights applied, then all axes
// but the first folded. The weights (undefined if none were given) are folded alike.
struct SamplewiseValues {
  Tensor values, weights;
};
// Values and weights of one entry per sample: further axes are averaged or summed, weights broadcast as Keras' do.
SamplewiseValues reduce_to_samplewise(const Value& values, const Value& sample_weight, bool average, DType dtype);

// The weighted mean of all values since the last reset.
class MeanMetric : public Metric {
 public:
  MeanMetric(std::string name, const Value& dtype);
  void update_state(List args, Dict kwargs) override;
  Value result() override;

 protected:
  void accumulate(const Value& values, const Value& sample_weight);
  Variable total_, count_;
};

// The mean of a function of y_true and y_pred.
class FunctionMetric : public MeanMetric {
 public:
  using MeanMetric::MeanMetric;
  void update_state(List args, Dict kwargs) override;
  // One value a sample (or finer).
  virtual Tensor values(const Value& y_true, const Value& y_pred) = 0;
};

// a / b, and 0 where b is 0.
Tensor divide_no_nan(const Tensor& a, const Tensor& b);

}  // namespace lamina
