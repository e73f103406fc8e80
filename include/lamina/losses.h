#pragma once
// Keras' losses for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "losses/loss.h"
#include "api/named.h"

namespace lamina::losses {

// Cross entropy of independent yes-or-no labels.
struct BinaryCrossentropyArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "BinaryCrossentropy";
  bool from_logits = false;  // Whether y_pred is before the sigmoid.
  double label_smoothing = 0.0;  // 0 to 1: how far labels are moved towards 1/2.
  int64_t axis = -1;  // The axis to average over.
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "binary_crossentropy";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("from_logits", from_logits);
    f("label_smoothing", label_smoothing);
    f("axis", axis);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using BinaryCrossentropy = Named<lamina::Loss, BinaryCrossentropyArgs>;

// Binary cross entropy in which easy examples count less.
// Source: Lin et al., "Focal Loss for Dense Object Detection" (2017).
struct BinaryFocalCrossentropyArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "BinaryFocalCrossentropy";
  bool apply_class_balancing = false;  // Whether class 1 weighs alpha and class 0 weighs 1 - alpha.
  double alpha = 0.25;  // The weight of class 1.
  double gamma = 2.0;  // How much less easy examples count.
  bool from_logits = false;  // Whether y_pred is before the sigmoid.
  double label_smoothing = 0.0;  // 0 to 1: how far labels are moved towards 1/2.
  int64_t axis = -1;  // The axis to average over.
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "binary_focal_crossentropy";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("apply_class_balancing", apply_class_balancing);
    f("alpha", alpha);
    f("gamma", gamma);
    f("from_logits", from_logits);
    f("label_smoothing", label_smoothing);
    f("axis", axis);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using BinaryFocalCrossentropy = Named<lamina::Loss, BinaryFocalCrossentropyArgs>;

// Connectionist temporal classification (Graves et al., 2006): labels without known times.
// Source: Graves et al., "Connectionist Temporal Classification" (2006).
struct CTCArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "CTC";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "ctc";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using CTC = Named<lamina::Loss, CTCArgs>;

// Cross entropy of one-hot (or soft) labels.
struct CategoricalCrossentropyArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "CategoricalCrossentropy";
  bool from_logits = false;  // Whether y_pred is before the softmax.
  double label_smoothing = 0.0;  // 0 to 1: how far labels are moved towards even ones.
  int64_t axis = -1;  // The axis of the classes.
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "categorical_crossentropy";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("from_logits", from_logits);
    f("label_smoothing", label_smoothing);
    f("axis", axis);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using CategoricalCrossentropy = Named<lamina::Loss, CategoricalCrossentropyArgs>;

// Categorical cross entropy in which easy examples count less.
// Source: Lin et al., "Focal Loss for Dense Object Detection" (2017).
struct CategoricalFocalCrossentropyArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "CategoricalFocalCrossentropy";
  Value alpha = 0.25;  // The weight of each class, or of all.
  double gamma = 2.0;  // How much less easy examples count.
  bool from_logits = false;  // Whether y_pred is before the softmax.
  double label_smoothing = 0.0;  // 0 to 1: how far labels are moved towards even ones.
  int64_t axis = -1;  // The axis of the classes.
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "categorical_focal_crossentropy";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("alpha", alpha);
    f("gamma", gamma);
    f("from_logits", from_logits);
    f("label_smoothing", label_smoothing);
    f("axis", axis);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using CategoricalFocalCrossentropy = Named<lamina::Loss, CategoricalFocalCrossentropyArgs>;

// A cross entropy that bears wrong labels (Zhang and Sabuncu, 2018).
// Raises: ValueError: if q is not between 0 and 1.
// Source: Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels"
// (2018).
struct CategoricalGeneralizedCrossEntropyArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "CategoricalGeneralizedCrossEntropy";
  double q = 0.5;  // 0 to 1: from the cross entropy (near 0) to the mean absolute error (near 1).
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "categorical_generalized_cross_entropy";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("q", q);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using CategoricalGeneralizedCrossEntropy = Named<lamina::Loss, CategoricalGeneralizedCrossEntropyArgs>;

// How much the right class's score lacks of leading by 1.
struct CategoricalHingeArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "CategoricalHinge";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "categorical_hinge";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using CategoricalHinge = Named<lamina::Loss, CategoricalHingeArgs>;

// Small distances within a label, large ones between labels (Sun et al., 2020), for embeddings of length 1.
// Source: Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization" (2020).
struct CircleArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "Circle";
  double gamma = 80.0;  // The scale of scores.
  double margin = 0.4;  // The distance from which on pairs of one label weigh more and others less.
  bool remove_diagonal = true;  // Whether a sample is no pair with itself.
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "circle";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("gamma", gamma);
    f("margin", margin);
    f("remove_diagonal", remove_diagonal);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using Circle = Named<lamina::Loss, CircleArgs>;

// -1 for vectors of one direction, 1 for opposite ones.
struct CosineSimilarityArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "CosineSimilarity";
  int64_t axis = -1;  // The axis of the vectors.
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "cosine_similarity";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("axis", axis);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using CosineSimilarity = Named<lamina::Loss, CosineSimilarityArgs>;

// One minus the Dice coefficient.
// Source: Milletari et al., "V-Net" (2016).
struct DiceArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "Dice";
  Value reduction = "sum_over_batch_size";  // How the values become one.
  std::string name = "dice";  // The loss's name.
  Sizes axis{};  // The axes that make up a set; None is all.
  Value dtype{};  // The dtype to compute in.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("axis", axis);
    f("dtype", dtype);
  }
};
using Dice = Named<lamina::Loss, DiceArgs>;

// How far predictions are from the right side of the margin.
struct HingeArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "Hinge";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "hinge";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using Hinge = Named<lamina::Loss, HingeArgs>;

// Squared for small errors, absolute for large ones (Huber, 1964).
// Source: Huber, "Robust Estimation of a Location Parameter" (1964).
struct HuberArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "Huber";
  double delta = 1.0;  // Where the loss turns from quadratic to linear.
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "huber_loss";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("delta", delta);
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using Huber = Named<lamina::Loss, HuberArgs>;

// The Kullback-Leibler divergence of distributions.
// Source: Kullback and Leibler, "On Information and Sufficiency" (1951).
struct KLDivergenceArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "KLDivergence";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "kl_divergence";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using KLDivergence = Named<lamina::Loss, KLDivergenceArgs>;

// The logarithm of the hyperbolic cosine of the difference.
struct LogCoshArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "LogCosh";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "log_cosh";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using LogCosh = Named<lamina::Loss, LogCoshArgs>;

// The mean of absolute differences.
struct MeanAbsoluteErrorArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "MeanAbsoluteError";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "mean_absolute_error";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanAbsoluteError = Named<lamina::Loss, MeanAbsoluteErrorArgs>;

// The mean absolute difference as a percentage of the label.
struct MeanAbsolutePercentageErrorArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "MeanAbsolutePercentageError";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "mean_absolute_percentage_error";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanAbsolutePercentageError = Named<lamina::Loss, MeanAbsolutePercentageErrorArgs>;

// The mean of squared differences.
struct MeanSquaredErrorArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "MeanSquaredError";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "mean_squared_error";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanSquaredError = Named<lamina::Loss, MeanSquaredErrorArgs>;

// The mean squared difference of logarithms.
struct MeanSquaredLogarithmicErrorArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "MeanSquaredLogarithmicError";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "mean_squared_logarithmic_error";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using MeanSquaredLogarithmicError = Named<lamina::Loss, MeanSquaredLogarithmicErrorArgs>;

// The negative log likelihood of counts, up to a constant.
struct PoissonArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "Poisson";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "poisson";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using Poisson = Named<lamina::Loss, PoissonArgs>;

// Cross entropy of integer labels.
struct SparseCategoricalCrossentropyArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "SparseCategoricalCrossentropy";
  bool from_logits = false;  // Whether y_pred is before the softmax.
  std::optional<int64_t> ignore_class{};  // A class number whose entries do not count (such as -1 or 255 for 'void').
  Value reduction = "sum_over_batch_size";  // How the values become one.
  int64_t axis = -1;  // The axis of the classes.
  std::string name = "sparse_categorical_crossentropy";  // The loss's name.
  Value dtype{};  // The dtype to compute in.
  template <class F>
  void each(const F& f) const {
    f("from_logits", from_logits);
    f("ignore_class", ignore_class);
    f("reduction", reduction);
    f("axis", axis);
    f("name", name);
    f("dtype", dtype);
  }
};
using SparseCategoricalCrossentropy = Named<lamina::Loss, SparseCategoricalCrossentropyArgs>;

// The hinge loss squared.
struct SquaredHingeArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "SquaredHinge";
  // How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.
  Value reduction = "sum_over_batch_size";
  std::string name = "squared_hinge";  // The loss's name.
  Value dtype{};  // The dtype to compute in; None is the global floatx.
  template <class F>
  void each(const F& f) const {
    f("reduction", reduction);
    f("name", name);
    f("dtype", dtype);
  }
};
using SquaredHinge = Named<lamina::Loss, SquaredHingeArgs>;

// One minus the Tversky index (Salehi et al., 2017).
// Source: Salehi et al., "Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep Networks"
// (2017).
struct TverskyArgs {
  static constexpr const char* kModule = "keras.losses";
  static constexpr const char* kName = "Tversky";
  double alpha = 0.5;  // The weight of labels not predicted.
  double beta = 0.5;  // The weight of predictions that are no labels.
  Value reduction = "sum_over_batch_size";  // How the values become one.
  std::string name = "tversky";  // The loss's name.
  Sizes axis{};  // The axes that make up a set; None is all.
  Value dtype{};  // The dtype to compute in.
  template <class F>
  void each(const F& f) const {
    f("alpha", alpha);
    f("beta", beta);
    f("reduction", reduction);
    f("name", name);
    f("axis", axis);
    f("dtype", dtype);
  }
};
using Tversky = Named<lamina::Loss, TverskyArgs>;

}  // namespace lamina::losses
