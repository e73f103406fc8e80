#pragma once
#include "optimizers/optimizer.h"

namespace lamina {

// Arguments of Muon, with Keras' names and defaults.
struct MuonArgs {
  static constexpr const char* kClass = "Muon";
  Value learning_rate = 0.001;
  double adam_beta_1 = 0.9, adam_beta_2 = 0.999;
  std::optional<double> adam_weight_decay = 0.004;
  double epsilon = 1e-7;
  OptimizerArgs base{.weight_decay = 0.004};
  std::optional<std::vector<std::string>> exclude_layers;
  bool exclude_embeddings = true;
  double muon_a = 3.4445, muon_b = -4.7750, muon_c = 2.0315;
  double adam_lr_ratio = 1, momentum = 0.95;
  int64_t ns_steps = 5;
  bool nesterov = true;
  std::optional<double> rms_rate = 0.2;
  auto slots() const { return std::pair(exclude_embeddings, exclude_layers); }
  void fields(Fields& f);
};

// Matrices: m = momentum m + g, w = w - learning_rate sqrt(max(rows, columns)) rms_rate orthogonalize(m). Others,
// embeddings and excluded layers: AdamW.
class Muon final : public OptimizerWith<MuonArgs> {
 public:
  explicit Muon(MuonArgs a) : OptimizerWith(std::move(a)) {
    if (!args.exclude_layers) args.exclude_layers.emplace();
  }
  void build(const Variables& variables) override;
  void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) override;

  bool uses_adam(const Variable& variable) const;
  // The nearest matrix with orthonormal rows (or columns), roughly: Newton-Schulz steps x = a x + b (x x') x + c (x
  // x')^2 x over the last two axes. x: (..., n, m); ValueError for fewer axes.
  Tensor orthogonalize(const Tensor& x, int64_t steps) const;
  Tensor adjust(const Tensor& update) const;  // scaled to rms_rate; update: (n, m)

 protected:
  std::optional<double> weight_decay_of(const Variable& variable) const override;

 private:
  Variables momentums_, velocities_;  // no velocity: Muon's update
};

}  // namespace lamina
