// Muon (Jordan et al., 2024, github.com/KellerJordan/Muon), with the step size of Liu et al., 2025, arXiv:2502.16982.
#include <regex>

#include "backends/ops/primitives.h"
#include "optimizers/muon.h"

namespace lamina {

using namespace prim;

void MuonArgs::fields(Fields& f) {
  f("learning_rate", learning_rate, "A number, a schedule or a callable.");
  f("adam_beta_1", adam_beta_1, "Adam's decay of the average of gradients.");
  f("adam_beta_2", adam_beta_2, "Adam's decay of the average of squared gradients.");
  f("adam_weight_decay", adam_weight_decay, "The weight decay of variables that Adam updates.");
  f("epsilon", epsilon, "Added to Adam's root, against division by 0.");
  base.fields(f);
  f("exclude_layers", exclude_layers, "Patterns (regular expressions) of variables' paths that Adam updates.");
  f("exclude_embeddings", exclude_embeddings, "Whether Adam updates embeddings.");
  f("muon_a", muon_a, "The factor of x in a Newton-Schulz step.");
  f("muon_b", muon_b, "The factor of x^3.");
  f("muon_c", muon_c, "The factor of x^5.");
  f("adam_lr_ratio", adam_lr_ratio, "Adam's learning rate as a share of the learning rate.");
  f("momentum", momentum, "Decay of the average of gradients that is made orthogonal.");
  f("ns_steps", ns_steps, "Newton-Schulz steps.");
  f("nesterov", nesterov, "Whether to look one momentum step ahead.");
  f("rms_rate", rms_rate,
    "The root mean square of updates, as a share of the learning rate; None leaves them orthogonal.");
}

bool Muon::uses_adam(const Variable& variable) const {
  if (variable.shape().rank() != 2) return true;
  std::string path = variable.path();
  for (const std::string& pattern : args.exclude_layers.value_or(std::vector<std::string>{}))
    if (std::regex_search(path, std::regex(pattern))) return true;
  std::transform(path.begin(), path.end(), path.begin(), [](unsigned char c) { return std::tolower(c); });
  return args.exclude_embeddings && path.find("embedding") != std::string::npos;
}

void Muon::build(const Variables& variables) {
  if (built_) return;
  Optimizer::build(variables);
  for (const Variable& v : variables) {
    bool slots = !v.state().overwrite_with_gradient;
    momentums_.push_back(slots ? add_variable_from_reference(v, "momentum") : Variable());
    velocities_.push_back(slots && uses_adam(v) ? add_variable_from_reference(v, "velocity") : Variable());
  }
}

void Muon::update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) {
  size_t i = index_of(variable);
  Tensor m0 = momentums_[i].value();
  if (velocities_[i].defined()) {
    Tensor step = local_step(variable.dtype());
    auto rest = [&](double beta) { return rsub(1, power(full({}, beta, step.dtype()), step)); };  // 1 - beta^step
    Tensor rate = multiply(learning_rate, args.adam_lr_ratio);
    Tensor alpha = divide(multiply(rate, sqrt(rest(args.adam_beta_2))), rest(args.adam_beta_1));
    Tensor v0 = velocities_[i].value();
    Tensor m = add(m0, multiply(subtract(g, m0), 1 - args.adam_beta_1));
    Tensor v = add(v0, multiply(subtract(square(g), v0), 1 - args.adam_beta_2));
    momentums_[i].assign(m);
    velocities_[i].assign(v);
    variable.assign(subtract(variable.value(), divide(multiply(m, alpha), add(sqrt(v), args.epsilon))));
  } else {
    Tensor m = add(multiply(m0, args.momentum), g);
    momentums_[i].assign(m);
    Tensor update = orthogonalize(args.nesterov ? add(g, multiply(m, args.momentum)) : m, args.ns_steps);
    variable.assign(subtract(variable.value(), adjust(multiply(update, learning_rate))));
  }
}

Tensor Muon::orthogonalize(const Tensor& given, int64_t steps) const {
  if (given.rank() < 2)
    throw ValueError("Expected gradient or momentum to have at least 2 dimensions. Received: shape=", given.shape());
  const int rows = given.rank() - 2, columns = given.rank() - 1;
  std::vector<int> swapped(given.rank());
  for (int i = 0; i < given.rank(); ++i) swapped[i] = i;
  std::swap(swapped[rows], swapped[columns]);
  const bool tall = given.shape()[rows] > given.shape()[columns];
  Tensor x = tall ? transpose(given, swapped) : given;
  x = divide(x, add(sqrt(reduce(Reduce::sum, square(x), {rows, columns}, true)), 1e-7));  // no singular value above 1
  for (int64_t i = 0; i < steps; ++i) {
    Tensor a = matmul(x, x, false, true);
    Tensor b = add(multiply(a, args.muon_b), multiply(matmul(a, a), args.muon_c));
    x = add(multiply(x, args.muon_a), matmul(b, x));
  }
  return tall ? transpose(x, swapped) : x;
}

Tensor Muon::adjust(const Tensor& update) const {
  if (!args.rms_rate) return update;
  return multiply(update,
                  std::sqrt(static_cast<double>(std::max(update.shape()[0], update.shape()[1]))) * *args.rms_rate);
}

std::optional<double> Muon::weight_decay_of(const Variable& variable) const {
  return uses_adam(variable) ? args.adam_weight_decay : args_.weight_decay;
}

LAMINA_CLASS(Muon, "keras.optimizers",
             "Orthogonal updates of matrices; AdamW for other variables, embeddings and excluded layers.", {"muon"},
             Doc{.source = "Jordan et al., \"Muon: An Optimizer for Hidden Layers in Neural Networks\" (2024).",
                 .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Muon(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.9856713, 2.0131288]], dtype=float32))py"});

}  // namespace lamina
