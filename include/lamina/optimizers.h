#pragma once
// Keras' optimizers and learning-rate schedules for C++ (named.h). Written by scripts/generate-cpp-types.
// clang-format off
#include <cmath>

#include "optimizers/optimizer.h"
#include "api/named.h"

namespace lamina::optimizers::schedules {

// Falls along half a cosine wave, after a warm-up if one is given.
// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).
struct CosineDecayArgs {
  static constexpr const char* kModule = "keras.optimizers.schedules";
  static constexpr const char* kName = "CosineDecay";
  RequiredArgument<Value> initial_learning_rate;  // The rate at step 0.
  RequiredArgument<Value> decay_steps;  // The steps of the fall.
  Value alpha = 0.0;  // The share of the rate that is left at the end.
  std::string name = "CosineDecay";  // The schedule's name.
  Value warmup_target{};  // The rate to rise to first, on a straight line; None for no warm-up.
  Value warmup_steps = 0;  // The steps of the rise.
  template <class F>
  void each(const F& f) const {
    f("initial_learning_rate", initial_learning_rate);
    f("decay_steps", decay_steps);
    f("alpha", alpha);
    f("name", name);
    f("warmup_target", warmup_target);
    f("warmup_steps", warmup_steps);
  }
};
using CosineDecay = Named<lamina::LearningRateSchedule, CosineDecayArgs>;

// Half cosine waves one after the other, each t_mul times longer and m_mul times as high.
// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).
struct CosineDecayRestartsArgs {
  static constexpr const char* kModule = "keras.optimizers.schedules";
  static constexpr const char* kName = "CosineDecayRestarts";
  RequiredArgument<Value> initial_learning_rate;  // The rate at step 0.
  RequiredArgument<Value> first_decay_steps;  // The steps of the first fall.
  Value t_mul = 2.0;  // How much longer each fall is than the one before.
  Value m_mul = 1.0;  // The height of each restart relative to the one before.
  Value alpha = 0.0;  // The share of the rate that is left at the end of a fall.
  std::string name = "SGDRDecay";  // The schedule's name.
  template <class F>
  void each(const F& f) const {
    f("initial_learning_rate", initial_learning_rate);
    f("first_decay_steps", first_decay_steps);
    f("t_mul", t_mul);
    f("m_mul", m_mul);
    f("alpha", alpha);
    f("name", name);
  }
};
using CosineDecayRestarts = Named<lamina::LearningRateSchedule, CosineDecayRestartsArgs>;

// initial_learning_rate * decay_rate^(step / decay_steps).
// Raises: ValueError: if `decay_steps` is not positive.
struct ExponentialDecayArgs {
  static constexpr const char* kModule = "keras.optimizers.schedules";
  static constexpr const char* kName = "ExponentialDecay";
  RequiredArgument<Value> initial_learning_rate;  // The rate at step 0.
  RequiredArgument<Value> decay_steps;  // The steps of one unit of decay.
  RequiredArgument<Value> decay_rate;  // How much the rate falls in decay_steps.
  bool staircase = false;  // Whether it falls only at multiples of decay_steps.
  std::string name = "ExponentialDecay";  // The schedule's name.
  template <class F>
  void each(const F& f) const {
    f("initial_learning_rate", initial_learning_rate);
    f("decay_steps", decay_steps);
    f("decay_rate", decay_rate);
    f("staircase", staircase);
    f("name", name);
  }
};
using ExponentialDecay = Named<lamina::LearningRateSchedule, ExponentialDecayArgs>;

// initial_learning_rate / (1 + decay_rate * step / decay_steps).
// Raises: ValueError: if `decay_steps` is not positive.
struct InverseTimeDecayArgs {
  static constexpr const char* kModule = "keras.optimizers.schedules";
  static constexpr const char* kName = "InverseTimeDecay";
  RequiredArgument<Value> initial_learning_rate;  // The rate at step 0.
  RequiredArgument<Value> decay_steps;  // The steps of one unit of decay.
  RequiredArgument<Value> decay_rate;  // How much the rate falls in decay_steps.
  bool staircase = false;  // Whether it falls only at multiples of decay_steps.
  std::string name = "InverseTimeDecay";  // The schedule's name.
  template <class F>
  void each(const F& f) const {
    f("initial_learning_rate", initial_learning_rate);
    f("decay_steps", decay_steps);
    f("decay_rate", decay_rate);
    f("staircase", staircase);
    f("name", name);
  }
};
using InverseTimeDecay = Named<lamina::LearningRateSchedule, InverseTimeDecayArgs>;

// One rate up to each boundary.
// Raises: ValueError: if there is not one value more than boundaries.
struct PiecewiseConstantDecayArgs {
  static constexpr const char* kModule = "keras.optimizers.schedules";
  static constexpr const char* kName = "PiecewiseConstantDecay";
  RequiredArgument<List> boundaries;  // Rising steps: each is the last of its value.
  RequiredArgument<List> values;  // The rates between them, one more than boundaries.
  std::string name = "PiecewiseConstant";  // The schedule's name.
  template <class F>
  void each(const F& f) const {
    f("boundaries", boundaries);
    f("values", values);
    f("name", name);
  }
};
using PiecewiseConstantDecay = Named<lamina::LearningRateSchedule, PiecewiseConstantDecayArgs>;

// From the initial rate to the end rate along (1 - step / decay_steps)^power.
// Raises: ValueError: if `decay_steps` is not positive.
struct PolynomialDecayArgs {
  static constexpr const char* kModule = "keras.optimizers.schedules";
  static constexpr const char* kName = "PolynomialDecay";
  RequiredArgument<Value> initial_learning_rate;  // The rate at step 0.
  RequiredArgument<Value> decay_steps;  // The step at which the end is reached.
  Value end_learning_rate = 0.0001;  // The rate there and after.
  Value power = 1.0;  // 1 falls on a straight line.
  bool cycle = false;  // Whether to rise again and fall over ever longer times.
  std::string name = "PolynomialDecay";  // The schedule's name.
  template <class F>
  void each(const F& f) const {
    f("initial_learning_rate", initial_learning_rate);
    f("decay_steps", decay_steps);
    f("end_learning_rate", end_learning_rate);
    f("power", power);
    f("cycle", cycle);
    f("name", name);
  }
};
using PolynomialDecay = Named<lamina::LearningRateSchedule, PolynomialDecayArgs>;

}  // namespace lamina::optimizers::schedules

namespace lamina::optimizers {

// Steps in the ratio of averaged updates to averaged gradients (Zeiler, 2012).
// Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012).
struct AdadeltaArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Adadelta";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double rho = 0.95;  // Decay of the averages.
  double epsilon = 1e-07;  // Added under the roots, against division by 0.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("rho", rho);
    f("epsilon", epsilon);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Adadelta = Named<lamina::Optimizer, AdadeltaArgs>;

// Adaptive steps from row and column means of squared gradients (Shazeer and Stern, 2018).
// Source: Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (2018).
struct AdafactorArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Adafactor";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double beta_2_decay = -0.8;  // Power of the step by which averages slow down.
  double epsilon_1 = 1e-30;  // Added to squared gradients, against division by 0.
  double epsilon_2 = 0.001;  // The smallest size of a variable that scales its steps.
  double clip_threshold = 1.0;  // The largest root mean square of an update.
  bool relative_step = true;  // Whether the rate is at most 1 / sqrt(step).
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("beta_2_decay", beta_2_decay);
    f("epsilon_1", epsilon_1);
    f("epsilon_2", epsilon_2);
    f("clip_threshold", clip_threshold);
    f("relative_step", relative_step);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Adafactor = Named<lamina::Optimizer, AdafactorArgs>;

// Steps divided by the root of the sum of squared gradients (Duchi et al., 2011).
// Source: Duchi et al., "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011).
struct AdagradArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Adagrad";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double initial_accumulator_value = 0.1;  // Where the sum of squares starts.
  double epsilon = 1e-07;  // Added under the root, against division by 0.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("initial_accumulator_value", initial_accumulator_value);
    f("epsilon", epsilon);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Adagrad = Named<lamina::Optimizer, AdagradArgs>;

// Steps scaled by averages of gradients and their squares (Kingma and Ba, 2014).
// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015); with `amsgrad` Reddi et al. (2018).
struct AdamArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Adam";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double beta_1 = 0.9;  // Decay of the average of gradients.
  double beta_2 = 0.999;  // Decay of the average of squared gradients.
  double epsilon = 1e-07;  // Added to the root, against division by 0.
  bool amsgrad = false;  // Whether to divide by the largest average so far (Reddi et al., 2018).
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("beta_1", beta_1);
    f("beta_2", beta_2);
    f("epsilon", epsilon);
    f("amsgrad", amsgrad);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Adam = Named<lamina::Optimizer, AdamArgs>;

// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
// Raises: ValueError: if `weight_decay` is None.
// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019).
struct AdamWArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "AdamW";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> weight_decay = 0.004;
  double beta_1 = 0.9;  // Decay of the average of gradients.
  double beta_2 = 0.999;  // Decay of the average of squared gradients.
  double epsilon = 1e-07;  // Added to the root, against division by 0.
  bool amsgrad = false;  // Whether to divide by the largest average so far.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("weight_decay", weight_decay);
    f("beta_1", beta_1);
    f("beta_2", beta_2);
    f("epsilon", epsilon);
    f("amsgrad", amsgrad);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using AdamW = Named<lamina::Optimizer, AdamWArgs>;

// Adam with the largest gradient in place of the mean square (Kingma and Ba, 2014).
// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), section 7.1.
struct AdamaxArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Adamax";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double beta_1 = 0.9;  // Decay of the average of gradients.
  double beta_2 = 0.999;  // Decay of the average (or maximum) of their size.
  double epsilon = 1e-07;  // Added to the divisor, against division by 0.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("beta_1", beta_1);
    f("beta_2", beta_2);
    f("epsilon", epsilon);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Adamax = Named<lamina::Optimizer, AdamaxArgs>;

// Follow the regularized leader (McMahan et al., 2013), for sparse linear models.
// Raises: ValueError: if a coefficient is negative or `learning_rate_power` positive.
// Source: McMahan et al., "Ad Click Prediction: a View from the Trenches" (2013).
struct FtrlArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Ftrl";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double learning_rate_power = -0.5;  // At most 0: how the rate falls with the sum of squares.
  double initial_accumulator_value = 0.1;  // Where the sum of squares starts.
  double l1_regularization_strength = 0.0;  // Pull of small weights to 0.
  double l2_regularization_strength = 0.0;  // Pull of all weights towards 0.
  double l2_shrinkage_regularization_strength = 0.0;  // The same, as a part of gradients.
  double beta = 0.0;  // The beta of the paper.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("learning_rate_power", learning_rate_power);
    f("initial_accumulator_value", initial_accumulator_value);
    f("l1_regularization_strength", l1_regularization_strength);
    f("l2_regularization_strength", l2_regularization_strength);
    f("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength);
    f("beta", beta);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Ftrl = Named<lamina::Optimizer, FtrlArgs>;

// Adam with steps in proportion to each variable's norm (You et al., 2019).
// Source: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (2020).
struct LambArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Lamb";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double beta_1 = 0.9;  // Decay of the average of gradients.
  double beta_2 = 0.999;  // Decay of the average (or maximum) of their size.
  double epsilon = 1e-07;  // Added to the divisor, against division by 0.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("beta_1", beta_1);
    f("beta_2", beta_2);
    f("epsilon", epsilon);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Lamb = Named<lamina::Optimizer, LambArgs>;

// Steps of one size in the direction of averaged gradients (Chen et al., 2023).
// Raises: ValueError: if `beta_1` is not above 0 and at most 1.
// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023).
struct LionArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Lion";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double beta_1 = 0.9;  // The average's share in the direction of a step.
  double beta_2 = 0.99;  // Decay of the average of gradients.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("beta_1", beta_1);
    f("beta_2", beta_2);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Lion = Named<lamina::Optimizer, LionArgs>;

// Wraps an optimizer and scales the loss, so that float16 gradients do not underflow. The scale adapts: steps with
// infinite or NaN gradients are skipped and halve it.
// Raises: ValueError: if `inner_optimizer` is no optimizer.
// Source: Micikevicius et al., "Mixed Precision Training" (2018).
struct LossScaleOptimizerArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "LossScaleOptimizer";
  RequiredArgument<OptimizerRef> inner_optimizer;  // The optimizer to wrap.
  double initial_scale = 32768.0;  // The first scale. Rather too high: it falls faster than it rises.
  int64_t dynamic_growth_steps = 2000;  // The scale doubles after so many finite steps.
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("inner_optimizer", inner_optimizer);
    f("initial_scale", initial_scale);
    f("dynamic_growth_steps", dynamic_growth_steps);
    f("name", name);
  }
};
using LossScaleOptimizer = Named<lamina::Optimizer, LossScaleOptimizerArgs>;

// Several optimizers, each for its own variables.
// Raises: ValueError: if a variable has no optimizer.
struct MultiOptimizerArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "MultiOptimizer";
  RequiredArgument<Value> optimizer_map;  // An OptimizerMap, or a function that gives a variable's optimizer.
  // The loss is multiplied and gradients are divided by it, in place of the optimizers' own factors.
  std::optional<double> loss_scale_factor{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("optimizer_map", optimizer_map);
    f("loss_scale_factor", loss_scale_factor);
    f("name", name);
  }
};
using MultiOptimizer = Named<lamina::Optimizer, MultiOptimizerArgs>;

// Orthogonal updates of matrices; AdamW for other variables, embeddings and excluded layers.
// Source: Jordan et al., "Muon: An Optimizer for Hidden Layers in Neural Networks" (2024).
struct MuonArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Muon";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double adam_beta_1 = 0.9;  // Adam's decay of the average of gradients.
  double adam_beta_2 = 0.999;  // Adam's decay of the average of squared gradients.
  std::optional<double> adam_weight_decay = 0.004;  // The weight decay of variables that Adam updates.
  double epsilon = 1e-07;  // Added to Adam's root, against division by 0.
  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> weight_decay = 0.004;
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  // Patterns (regular expressions) of variables' paths that Adam updates.
  std::optional<std::vector<std::string>> exclude_layers{};
  bool exclude_embeddings = true;  // Whether Adam updates embeddings.
  double muon_a = 3.4445;  // The factor of x in a Newton-Schulz step.
  double muon_b = -4.775;  // The factor of x^3.
  double muon_c = 2.0315;  // The factor of x^5.
  double adam_lr_ratio = 1.0;  // Adam's learning rate as a share of the learning rate.
  double momentum = 0.95;  // Decay of the average of gradients that is made orthogonal.
  int64_t ns_steps = 5;  // Newton-Schulz steps.
  bool nesterov = true;  // Whether to look one momentum step ahead.
  // The root mean square of updates, as a share of the learning rate; None leaves them orthogonal.
  std::optional<double> rms_rate = 0.2;
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("adam_beta_1", adam_beta_1);
    f("adam_beta_2", adam_beta_2);
    f("adam_weight_decay", adam_weight_decay);
    f("epsilon", epsilon);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
    f("exclude_layers", exclude_layers);
    f("exclude_embeddings", exclude_embeddings);
    f("muon_a", muon_a);
    f("muon_b", muon_b);
    f("muon_c", muon_c);
    f("adam_lr_ratio", adam_lr_ratio);
    f("momentum", momentum);
    f("ns_steps", ns_steps);
    f("nesterov", nesterov);
    f("rms_rate", rms_rate);
  }
};
using Muon = Named<lamina::Optimizer, MuonArgs>;

// Adam with Nesterov momentum (Dozat, 2015).
// Source: Dozat, "Incorporating Nesterov Momentum into Adam" (2016).
struct NadamArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "Nadam";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double beta_1 = 0.9;  // Decay of the average of gradients.
  double beta_2 = 0.999;  // Decay of the average (or maximum) of their size.
  double epsilon = 1e-07;  // Added to the divisor, against division by 0.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("beta_1", beta_1);
    f("beta_2", beta_2);
    f("epsilon", epsilon);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using Nadam = Named<lamina::Optimizer, NadamArgs>;

// Optimizers by variables' paths, for MultiOptimizer.
// Raises: TypeError: if the default is no optimizer.
struct OptimizerMapArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "OptimizerMap";
  RequiredArgument<OptimizerRef> default_optimizer;  // For variables that no key matches.
  Dict optimizer_map{};  // Optimizers by path or by pattern of paths.
  template <class F>
  void each(const F& f) const {
    f("default_optimizer", default_optimizer);
    f("optimizer_map", optimizer_map);
  }
};
using OptimizerMap = Named<lamina::Optimizer, OptimizerMapArgs>;

// Steps divided by the root of the mean square of gradients (Tieleman and Hinton, 2012).
// Source: Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5 (2012).
struct RMSpropArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "RMSprop";
  Value learning_rate = 0.001;  // A number, a schedule or a callable.
  double rho = 0.9;  // Decay of the average of squared gradients.
  double momentum = 0.0;  // How much of the last update stays in the next.
  double epsilon = 1e-07;  // Added under the root, against division by 0.
  bool centered = false;  // Whether to divide by the variance instead of the mean square.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("rho", rho);
    f("momentum", momentum);
    f("epsilon", epsilon);
    f("centered", centered);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using RMSprop = Named<lamina::Optimizer, RMSpropArgs>;

// Gradient descent, with momentum if given: m = momentum * m - learning_rate * g; w = w + m.
// Raises: ValueError: if `momentum` is not between 0 and 1.
// Source: Sutskever et al., "On the Importance of Initialization and Momentum in Deep Learning" (2013).
struct SGDArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "SGD";
  Value learning_rate = 0.01;  // A number, a schedule or a callable.
  double momentum = 0.0;  // 0 to 1: how much of the last update stays in the next.
  bool nesterov = false;  // Whether to look one momentum step ahead (Sutskever et al., 2013).
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("momentum", momentum);
    f("nesterov", nesterov);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using SGD = Named<lamina::Optimizer, SGDArgs>;

// AdamW over averaged iterates, without a learning-rate schedule (Defazio et al., 2024, arXiv:2405.15682).
// Source: Defazio et al., "The Road Less Scheduled" (2024).
struct ScheduleFreeAdamWArgs {
  static constexpr const char* kModule = "keras.optimizers";
  static constexpr const char* kName = "ScheduleFreeAdamW";
  Value learning_rate = 0.0025;  // A number, a schedule or a callable.
  double beta_1 = 0.9;  // Where the weights lie between the iterate (0) and its average (1).
  double beta_2 = 0.999;  // Decay of the average of squared gradients.
  double epsilon = 1e-08;  // Added to the root, against division by 0.
  int64_t warmup_steps = 0;  // Steps over which the learning rate rises from 0.
  std::optional<double> weight_decay{};  // Share of a variable, times the learning rate, taken off before each update.
  std::optional<double> clipnorm{};  // The largest norm of each gradient.
  std::optional<double> clipvalue{};  // The largest absolute value of gradients' elements.
  std::optional<double> global_clipnorm{};  // The largest norm of all gradients together.
  // Keep an exponential moving average of the variables, which replaces them at the end of training.
  bool use_ema = false;
  double ema_momentum = 0.99;  // The share of the old average in the new.
  std::optional<int64_t> ema_overwrite_frequency{};  // Replace the variables by their averages every so many steps.
  std::optional<double> loss_scale_factor{};  // The loss is multiplied and gradients are divided by it.
  // Update once in so many steps, with the mean of their gradients.
  std::optional<int64_t> gradient_accumulation_steps{};
  std::optional<std::string> name{};  // The optimizer's name.
  template <class F>
  void each(const F& f) const {
    f("learning_rate", learning_rate);
    f("beta_1", beta_1);
    f("beta_2", beta_2);
    f("epsilon", epsilon);
    f("warmup_steps", warmup_steps);
    f("weight_decay", weight_decay);
    f("clipnorm", clipnorm);
    f("clipvalue", clipvalue);
    f("global_clipnorm", global_clipnorm);
    f("use_ema", use_ema);
    f("ema_momentum", ema_momentum);
    f("ema_overwrite_frequency", ema_overwrite_frequency);
    f("loss_scale_factor", loss_scale_factor);
    f("gradient_accumulation_steps", gradient_accumulation_steps);
    f("name", name);
  }
};
using ScheduleFreeAdamW = Named<lamina::Optimizer, ScheduleFreeAdamWArgs>;

}  // namespace lamina::optimizers
