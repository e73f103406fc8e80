#pragma once
#include "api/metrics/metric.h"

namespace lamina {

// Thresholds of a metric: None (`otherwise`), a number or a list of them, each in 0..1. ValueError otherwise.
std::vector<double> parse_thresholds(const Value& given, double otherwise);
// Whether they cut 0..1 into equal parts (three at least).
bool evenly_spaced(const std::vector<double>& thresholds);

// Counts of predictions above each threshold against labels; undefined variables are not counted. Variables have shape
// (thresholds), or (thresholds, labels) with multi_label.
struct ConfusionCounts {
  Variable true_positives, false_positives, true_negatives, false_negatives;
};
// What update_confusion() counts.
struct ConfusionOptions {
  std::vector<double> thresholds;
  bool even = false;  // evenly_spaced(thresholds), up to an epsilon at the ends
  std::optional<int64_t> top_k, class_id;
  bool multi_label = false;
  Tensor label_weights;  // (labels), or undefined
};
// y_true and y_pred of one shape (or differing by an axis of size 1); weights broadcast against them.
void update_confusion(const ConfusionCounts& counts, const Value& y_true, const Value& y_pred,
                      const Value& sample_weight, const ConfusionOptions& options);

}  // namespace lamina
