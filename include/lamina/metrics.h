#pragma once
// Keras' metrics for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "api/metrics/metric.h"
#include "api/named.h"

namespace lamina::metrics {

// The area under the ROC, precision-recall or precision-recall-gain curve.
// Raises: ValueError: if `num_thresholds` is below 2, or `curve` or `summation_method` is unknown.
// Source: Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves" (2006).
struct AUCArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "AUC";
  std::optional<int64_t> num_thresholds = 200;  // How many thresholds the curve has.
  std::string curve = "ROC";  // 'ROC', 'PR' or 'PRGAIN'.
  std::string summation_method = "interpolation";  // 'interpolation', 'minoring' or 'majoring'.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  Value thresholds{};  // Thresholds of your own in 0..1; the ends are added.
  bool multi_label = false;  // Whether to average the areas of the labels.
  std::optional<int64_t> num_labels{};  // The number of labels, to make the state at once.
  Value label_weights{};  // A weight a label.
  bool from_logits = false;  // Whether y_pred is before the sigmoid.
  template <class F>
  void each(const F& f) const {
    f("num_thresholds", num_thresholds);
    f("curve", curve);
    f("summation_method", summation_method);
    f("name", name);
    f("dtype", dtype);
    f("thresholds", thresholds);
    f("multi_label", multi_label);
    f("num_labels", num_labels);
    f("label_weights", label_weights);
    f("from_logits", from_logits);
  }
};
using AUC = Named<lamina::Metric, AUCArgs>;

// How often predictions equal labels.
struct AccuracyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "Accuracy";
  std::optional<std::string> name = "accuracy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using Accuracy = Named<lamina::Metric, AccuracyArgs>;

// How often predictions match binary labels.
struct BinaryAccuracyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "BinaryAccuracy";
  std::optional<std::string> name = "binary_accuracy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  double threshold = 0.5;  // Predictions above it count as 1.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
    f("threshold", threshold);
  }
};
using BinaryAccuracy = Named<lamina::Metric, BinaryAccuracyArgs>;

// The cross entropy of yes-or-no labels.
struct BinaryCrossentropyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "BinaryCrossentropy";
  std::optional<std::string> name = "binary_crossentropy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  bool from_logits = false;  // Whether y_pred is before the sigmoid.
  Value label_smoothing = 0;  // 0 to 1: how far labels are moved towards 1/2.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
    f("from_logits", from_logits);
    f("label_smoothing", label_smoothing);
  }
};
using BinaryCrossentropy = Named<lamina::Metric, BinaryCrossentropyArgs>;

// Intersection over union of two classes told apart by a threshold.
struct BinaryIoUArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "BinaryIoU";
  Sizes target_class_ids = {0, 1};  // The classes whose mean is the result.
  double threshold = 0.5;  // From it on a prediction is class 1.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype of the counts.
  template <class F>
  void each(const F& f) const {
    f("target_class_ids", target_class_ids);
    f("threshold", threshold);
    f("name", name);
    f("dtype", dtype);
  }
};
using BinaryIoU = Named<lamina::Metric, BinaryIoUArgs>;

// How often the highest score is that of the one-hot label.
struct CategoricalAccuracyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "CategoricalAccuracy";
  std::optional<std::string> name = "categorical_accuracy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using CategoricalAccuracy = Named<lamina::Metric, CategoricalAccuracyArgs>;

// The cross entropy of one-hot labels.
struct CategoricalCrossentropyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "CategoricalCrossentropy";
  std::optional<std::string> name = "categorical_crossentropy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  bool from_logits = false;  // Whether y_pred is before the softmax.
  Value label_smoothing = 0;  // 0 to 1: how far labels are moved towards even ones.
  int64_t axis = -1;  // The axis of the classes.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
    f("from_logits", from_logits);
    f("label_smoothing", label_smoothing);
    f("axis", axis);
  }
};
using CategoricalCrossentropy = Named<lamina::Metric, CategoricalCrossentropyArgs>;

// The mean categorical hinge loss.
struct CategoricalHingeArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "CategoricalHinge";
  std::optional<std::string> name = "categorical_hinge";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using CategoricalHinge = Named<lamina::Metric, CategoricalHingeArgs>;

// The mean concordance correlation (Lin, 1989).
// Source: Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility" (1989).
struct ConcordanceCorrelationArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "ConcordanceCorrelation";
  std::optional<std::string> name = "concordance_correlation";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  int64_t axis = -1;  // The axis of the vectors.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
    f("axis", axis);
  }
};
using ConcordanceCorrelation = Named<lamina::Metric, ConcordanceCorrelationArgs>;

// The mean cosine of the angle between labels and predictions.
struct CosineSimilarityArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "CosineSimilarity";
  std::optional<std::string> name = "cosine_similarity";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  int64_t axis = -1;  // The axis of the vectors.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
    f("axis", axis);
  }
};
using CosineSimilarity = Named<lamina::Metric, CosineSimilarityArgs>;

// The harmonic mean of precision and recall.
// Raises: ValueError: if `average` is unknown or the threshold is not between 0 and 1.
// Source: van Rijsbergen, "Information Retrieval" (1979).
struct F1ScoreArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "F1Score";
  Value average{};  // None (a score per class), 'micro', 'macro' or 'weighted'.
  Value threshold{};  // Above it a class is predicted; None takes the highest score.
  std::optional<std::string> name = "f1_score";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("average", average);
    f("threshold", threshold);
    f("name", name);
    f("dtype", dtype);
  }
};
using F1Score = Named<lamina::Metric, F1ScoreArgs>;

// (1 + beta^2) precision recall / (beta^2 precision + recall), a class or averaged.
// Raises: ValueError: if `average` is unknown, `beta` is not positive or the threshold is not between 0 and 1.
// Source: van Rijsbergen, "Information Retrieval" (1979).
struct FBetaScoreArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "FBetaScore";
  Value average{};  // None (a score per class), 'micro', 'macro' or 'weighted'.
  Value beta = 1.0;  // How many times recall counts as much as precision.
  Value threshold{};  // Above it a class is predicted; None takes the highest score.
  std::optional<std::string> name = "fbeta_score";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("average", average);
    f("beta", beta);
    f("threshold", threshold);
    f("name", name);
    f("dtype", dtype);
  }
};
using FBetaScore = Named<lamina::Metric, FBetaScoreArgs>;

// How many labels 1 are predicted as 0.
struct FalseNegativesArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "FalseNegatives";
  Value thresholds{};  // A number or several in 0..1, above which a prediction counts as 1; None is 0.5.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("thresholds", thresholds);
    f("name", name);
    f("dtype", dtype);
  }
};
using FalseNegatives = Named<lamina::Metric, FalseNegativesArgs>;

// How many labels 0 are predicted as 1.
struct FalsePositivesArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "FalsePositives";
  Value thresholds{};  // A number or several in 0..1, above which a prediction counts as 1; None is 0.5.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("thresholds", thresholds);
    f("name", name);
    f("dtype", dtype);
  }
};
using FalsePositives = Named<lamina::Metric, FalsePositivesArgs>;

// The mean hinge loss.
struct HingeArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "Hinge";
  std::optional<std::string> name = "hinge";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using Hinge = Named<lamina::Metric, HingeArgs>;

// Intersection over union, the mean of the target classes.
// Raises: ValueError: if a class of `target_class_ids` is not below `num_classes`.
struct IoUArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "IoU";
  RequiredArgument<int64_t> num_classes;  // The number of classes.
  RequiredArgument<Sizes> target_class_ids;  // The classes whose mean is the result.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype of the counts.
  std::optional<int64_t> ignore_class{};  // A class whose labels do not count.
  bool sparse_y_true = true;  // Whether labels are class numbers (else one-hot).
  bool sparse_y_pred = true;  // Whether predictions are class numbers (else scores).
  int64_t axis = -1;  // The axis of one-hot labels and scores.
  template <class F>
  void each(const F& f) const {
    f("num_classes", num_classes);
    f("target_class_ids", target_class_ids);
    f("name", name);
    f("dtype", dtype);
    f("ignore_class", ignore_class);
    f("sparse_y_true", sparse_y_true);
    f("sparse_y_pred", sparse_y_pred);
    f("axis", axis);
  }
};
using IoU = Named<lamina::Metric, IoUArgs>;

// The Kullback-Leibler divergence of distributions.
struct KLDivergenceArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "KLDivergence";
  std::optional<std::string> name = "kl_divergence";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using KLDivergence = Named<lamina::Metric, KLDivergenceArgs>;

// The mean of log(cosh(difference)).
struct LogCoshErrorArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "LogCoshError";
  std::optional<std::string> name = "logcosh";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using LogCoshError = Named<lamina::Metric, LogCoshErrorArgs>;

// The weighted mean of the given values.
struct MeanArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "Mean";
  std::optional<std::string> name = "mean";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using Mean = Named<lamina::Metric, MeanArgs>;

// The mean of absolute differences.
struct MeanAbsoluteErrorArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "MeanAbsoluteError";
  std::optional<std::string> name = "mean_absolute_error";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanAbsoluteError = Named<lamina::Metric, MeanAbsoluteErrorArgs>;

// The mean absolute difference as a percentage of the label.
struct MeanAbsolutePercentageErrorArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "MeanAbsolutePercentageError";
  std::optional<std::string> name = "mean_absolute_percentage_error";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanAbsolutePercentageError = Named<lamina::Metric, MeanAbsolutePercentageErrorArgs>;

// Intersection over union, the mean of all classes.
struct MeanIoUArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "MeanIoU";
  RequiredArgument<int64_t> num_classes;  // The number of classes.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype of the counts.
  std::optional<int64_t> ignore_class{};  // A class whose labels do not count.
  bool sparse_y_true = true;  // Whether labels are class numbers (else one-hot).
  bool sparse_y_pred = true;  // Whether predictions are class numbers (else scores).
  int64_t axis = -1;  // The axis of one-hot labels and scores.
  template <class F>
  void each(const F& f) const {
    f("num_classes", num_classes);
    f("name", name);
    f("dtype", dtype);
    f("ignore_class", ignore_class);
    f("sparse_y_true", sparse_y_true);
    f("sparse_y_pred", sparse_y_pred);
    f("axis", axis);
  }
};
using MeanIoU = Named<lamina::Metric, MeanIoUArgs>;

// The mean of a function of y_true and y_pred.
struct MeanMetricWrapperArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "MeanMetricWrapper";
  RequiredArgument<Value> fn;  // f(y_true, y_pred, **kwargs): one value a sample.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("fn", fn);
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanMetricWrapper = Named<lamina::Metric, MeanMetricWrapperArgs>;

// The mean of squared differences.
struct MeanSquaredErrorArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "MeanSquaredError";
  std::optional<std::string> name = "mean_squared_error";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanSquaredError = Named<lamina::Metric, MeanSquaredErrorArgs>;

// The mean squared difference of logarithms.
struct MeanSquaredLogarithmicErrorArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "MeanSquaredLogarithmicError";
  std::optional<std::string> name = "mean_squared_logarithmic_error";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanSquaredLogarithmicError = Named<lamina::Metric, MeanSquaredLogarithmicErrorArgs>;

// Intersection over union of one-hot labels.
// Raises: ValueError: if a class of `target_class_ids` is not below `num_classes`.
struct OneHotIoUArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "OneHotIoU";
  RequiredArgument<int64_t> num_classes;  // The number of classes.
  RequiredArgument<Sizes> target_class_ids;  // The classes whose mean is the result.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype of the counts.
  std::optional<int64_t> ignore_class{};  // A class whose labels do not count.
  bool sparse_y_pred = false;  // Whether predictions are class numbers (else scores).
  int64_t axis = -1;  // The axis of one-hot labels and scores.
  template <class F>
  void each(const F& f) const {
    f("num_classes", num_classes);
    f("target_class_ids", target_class_ids);
    f("name", name);
    f("dtype", dtype);
    f("ignore_class", ignore_class);
    f("sparse_y_pred", sparse_y_pred);
    f("axis", axis);
  }
};
using OneHotIoU = Named<lamina::Metric, OneHotIoUArgs>;

// Intersection over union of one-hot labels, the mean of all classes.
struct OneHotMeanIoUArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "OneHotMeanIoU";
  RequiredArgument<int64_t> num_classes;  // The number of classes.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype of the counts.
  std::optional<int64_t> ignore_class{};  // A class whose labels do not count.
  bool sparse_y_pred = false;  // Whether predictions are class numbers (else scores).
  int64_t axis = -1;  // The axis of one-hot labels and scores.
  template <class F>
  void each(const F& f) const {
    f("num_classes", num_classes);
    f("name", name);
    f("dtype", dtype);
    f("ignore_class", ignore_class);
    f("sparse_y_pred", sparse_y_pred);
    f("axis", axis);
  }
};
using OneHotMeanIoU = Named<lamina::Metric, OneHotMeanIoUArgs>;

// The mean Pearson correlation.
struct PearsonCorrelationArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "PearsonCorrelation";
  std::optional<std::string> name = "pearson_correlation";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  int64_t axis = -1;  // The axis of the vectors.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
    f("axis", axis);
  }
};
using PearsonCorrelation = Named<lamina::Metric, PearsonCorrelationArgs>;

// The mean of y_pred - y_true log y_pred.
struct PoissonArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "Poisson";
  std::optional<std::string> name = "poisson";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using Poisson = Named<lamina::Metric, PoissonArgs>;

// The share of predictions 1 that are right.
// Raises: ValueError: if a threshold is not between 0 and 1.
struct PrecisionArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "Precision";
  // A number or several in 0..1, above which a prediction counts as 1; None is 0.5 (or, with top_k, any score).
  Value thresholds{};
  std::optional<int64_t> top_k{};  // Only the k highest scores of a row count as predicted.
  std::optional<int64_t> class_id{};  // Only this class counts.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("thresholds", thresholds);
    f("top_k", top_k);
    f("class_id", class_id);
    f("name", name);
    f("dtype", dtype);
  }
};
using Precision = Named<lamina::Metric, PrecisionArgs>;

// The best precision where the recall is high enough.
// Raises: ValueError: if `recall` is not between 0 and 1 or `num_thresholds` is not positive.
struct PrecisionAtRecallArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "PrecisionAtRecall";
  RequiredArgument<double> recall;  // The least that is asked of the other rate, 0..1.
  int64_t num_thresholds = 200;  // How many thresholds are tried.
  std::optional<int64_t> class_id{};  // Only this class counts.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("recall", recall);
    f("num_thresholds", num_thresholds);
    f("class_id", class_id);
    f("name", name);
    f("dtype", dtype);
  }
};
using PrecisionAtRecall = Named<lamina::Metric, PrecisionAtRecallArgs>;

// The share of the labels' variance that predictions explain.
// Raises: ValueError: if `class_aggregation` is unknown or `num_regressors` is negative.
// Source: Draper and Smith, "Applied Regression Analysis" (1966).
struct R2ScoreArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "R2Score";
  // 'uniform_average', 'variance_weighted_average' or None (a score an output).
  Value class_aggregation = "uniform_average";
  int64_t num_regressors = 0;  // The number of inputs, for the adjusted score; 0 for the plain one.
  std::optional<std::string> name = "r2_score";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("class_aggregation", class_aggregation);
    f("num_regressors", num_regressors);
    f("name", name);
    f("dtype", dtype);
  }
};
using R2Score = Named<lamina::Metric, R2ScoreArgs>;

// The share of labels 1 that are found.
// Raises: ValueError: if a threshold is not between 0 and 1.
struct RecallArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "Recall";
  // A number or several in 0..1, above which a prediction counts as 1; None is 0.5 (or, with top_k, any score).
  Value thresholds{};
  std::optional<int64_t> top_k{};  // Only the k highest scores of a row count as predicted.
  std::optional<int64_t> class_id{};  // Only this class counts.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("thresholds", thresholds);
    f("top_k", top_k);
    f("class_id", class_id);
    f("name", name);
    f("dtype", dtype);
  }
};
using Recall = Named<lamina::Metric, RecallArgs>;

// The best recall where the precision is high enough.
// Raises: ValueError: if `precision` is not between 0 and 1 or `num_thresholds` is not positive.
struct RecallAtPrecisionArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "RecallAtPrecision";
  RequiredArgument<double> precision;  // The least that is asked of the other rate, 0..1.
  int64_t num_thresholds = 200;  // How many thresholds are tried.
  std::optional<int64_t> class_id{};  // Only this class counts.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("precision", precision);
    f("num_thresholds", num_thresholds);
    f("class_id", class_id);
    f("name", name);
    f("dtype", dtype);
  }
};
using RecallAtPrecision = Named<lamina::Metric, RecallAtPrecisionArgs>;

// The root of the mean squared difference.
struct RootMeanSquaredErrorArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "RootMeanSquaredError";
  std::optional<std::string> name = "root_mean_squared_error";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using RootMeanSquaredError = Named<lamina::Metric, RootMeanSquaredErrorArgs>;

// The best sensitivity where the specificity is high enough.
// Raises: ValueError: if `specificity` is not between 0 and 1 or `num_thresholds` is not positive.
struct SensitivityAtSpecificityArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "SensitivityAtSpecificity";
  RequiredArgument<double> specificity;  // The least that is asked of the other rate, 0..1.
  int64_t num_thresholds = 200;  // How many thresholds are tried.
  std::optional<int64_t> class_id{};  // Only this class counts.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("specificity", specificity);
    f("num_thresholds", num_thresholds);
    f("class_id", class_id);
    f("name", name);
    f("dtype", dtype);
  }
};
using SensitivityAtSpecificity = Named<lamina::Metric, SensitivityAtSpecificityArgs>;

// How often the highest score is that of the integer label.
struct SparseCategoricalAccuracyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "SparseCategoricalAccuracy";
  std::optional<std::string> name = "sparse_categorical_accuracy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using SparseCategoricalAccuracy = Named<lamina::Metric, SparseCategoricalAccuracyArgs>;

// The cross entropy of integer labels.
struct SparseCategoricalCrossentropyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "SparseCategoricalCrossentropy";
  std::optional<std::string> name = "sparse_categorical_crossentropy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  bool from_logits = false;  // Whether y_pred is before the softmax.
  std::optional<int64_t> ignore_class{};  // A class number whose entries count as 0.
  int64_t axis = -1;  // The axis of the classes.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
    f("from_logits", from_logits);
    f("ignore_class", ignore_class);
    f("axis", axis);
  }
};
using SparseCategoricalCrossentropy = Named<lamina::Metric, SparseCategoricalCrossentropyArgs>;

// How often the integer label is among the k highest scores.
struct SparseTopKCategoricalAccuracyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "SparseTopKCategoricalAccuracy";
  int64_t k = 5;  // How many of the highest scores count.
  std::optional<std::string> name = "sparse_top_k_categorical_accuracy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  bool from_sorted_ids = false;  // Whether y_pred holds classes, best first, instead of scores.
  template <class F>
  void each(const F& f) const {
    f("k", k);
    f("name", name);
    f("dtype", dtype);
    f("from_sorted_ids", from_sorted_ids);
  }
};
using SparseTopKCategoricalAccuracy = Named<lamina::Metric, SparseTopKCategoricalAccuracyArgs>;

// The best specificity where the sensitivity is high enough.
// Raises: ValueError: if `sensitivity` is not between 0 and 1 or `num_thresholds` is not positive.
struct SpecificityAtSensitivityArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "SpecificityAtSensitivity";
  RequiredArgument<double> sensitivity;  // The least that is asked of the other rate, 0..1.
  int64_t num_thresholds = 200;  // How many thresholds are tried.
  std::optional<int64_t> class_id{};  // Only this class counts.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("sensitivity", sensitivity);
    f("num_thresholds", num_thresholds);
    f("class_id", class_id);
    f("name", name);
    f("dtype", dtype);
  }
};
using SpecificityAtSensitivity = Named<lamina::Metric, SpecificityAtSensitivityArgs>;

// The mean squared hinge loss.
struct SquaredHingeArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "SquaredHinge";
  std::optional<std::string> name = "squared_hinge";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using SquaredHinge = Named<lamina::Metric, SquaredHingeArgs>;

// The weighted sum of the given values.
struct SumArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "Sum";
  std::optional<std::string> name = "sum";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("name", name);
    f("dtype", dtype);
  }
};
using Sum = Named<lamina::Metric, SumArgs>;

// How often the one-hot label is among the k highest scores.
struct TopKCategoricalAccuracyArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "TopKCategoricalAccuracy";
  int64_t k = 5;  // How many of the highest scores count.
  std::optional<std::string> name = "top_k_categorical_accuracy";  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("k", k);
    f("name", name);
    f("dtype", dtype);
  }
};
using TopKCategoricalAccuracy = Named<lamina::Metric, TopKCategoricalAccuracyArgs>;

// How many labels 0 are predicted as 0.
struct TrueNegativesArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "TrueNegatives";
  Value thresholds{};  // A number or several in 0..1, above which a prediction counts as 1; None is 0.5.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("thresholds", thresholds);
    f("name", name);
    f("dtype", dtype);
  }
};
using TrueNegatives = Named<lamina::Metric, TrueNegativesArgs>;

// How many labels 1 are predicted as 1.
struct TruePositivesArgs {
  static constexpr const char* kModule = "keras.metrics";
  static constexpr const char* kName = "TruePositives";
  Value thresholds{};  // A number or several in 0..1, above which a prediction counts as 1; None is 0.5.
  std::optional<std::string> name{};  // The metric's name in logs.
  Value dtype{};  // The dtype to accumulate in.
  template <class F>
  void each(const F& f) const {
    f("thresholds", thresholds);
    f("name", name);
    f("dtype", dtype);
  }
};
using TruePositives = Named<lamina::Metric, TruePositivesArgs>;

}  // namespace lamina::metrics
