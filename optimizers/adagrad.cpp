// Adagrad and Adadelta: steps divided by the root of summed or averaged squares.
#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

struct AdagradArgs {
  static constexpr const char* kClass = "Adagrad";
  Value learning_rate = 0.001;
  double initial_accumulator_value = 0.1, epsilon = 1e-7;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("initial_accumulator_value", initial_accumulator_value, "Where the sum of squares starts.");
    f("epsilon", epsilon, "Added under the root, against division by 0.");
    base.fields(f);
  }
};
class Adagrad final : public OptimizerWith<AdagradArgs> {
 public:
  using OptimizerWith::OptimizerWith;
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    accumulators_ = add_slots(variables, "accumulator", args.initial_accumulator_value);
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    const Variable& slot = accumulators_[index_of(variable)];
    Tensor total = add(slot.value(), square(g));
    slot.assign(total);
    variable.assign(subtract(variable.value(), divide(multiply(g, learning_rate), sqrt(add(total, args.epsilon)))));
  }

 private:
  Variables accumulators_;
};
LAMINA_CLASS(
    Adagrad, "keras.optimizers", "Steps divided by the root of the sum of squared gradients (Duchi et al., 2011).",
    {"adagrad"},
    Doc{.source =
            "Duchi et al., \"Adaptive Subgradient Methods for Online Learning and Stochastic Optimization\" (2011).",
        .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Adagrad(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.9046537, 2.0953462]], dtype=float32))py"});

struct AdadeltaArgs {
  static constexpr const char* kClass = "Adadelta";
  Value learning_rate = 0.001;
  double rho = 0.95, epsilon = 1e-7;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("rho", rho, "Decay of the averages.");
    f("epsilon", epsilon, "Added under the roots, against division by 0.");
    base.fields(f);
  }
};
class Adadelta final : public OptimizerWith<AdadeltaArgs> {
 public:
  using OptimizerWith::OptimizerWith;
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    for (const Variable& v : variables) {  // both of a variable together, the order of Keras' files
      bool slots = !v.state().overwrite_with_gradient;
      gradients_.push_back(slots ? add_variable_from_reference(v, "accumulated_grad") : Variable());
      updates_.push_back(slots ? add_variable_from_reference(v, "accumulated_delta_var") : Variable());
    }
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    size_t i = index_of(variable);
    auto root = [&](const Tensor& x) { return sqrt(add(x, args.epsilon)); };
    auto blend = [&](const Tensor& old, const Tensor& now) {
      return add(multiply(old, args.rho), multiply(square(now), 1 - args.rho));
    };
    Tensor mean = blend(gradients_[i].value(), g), old = updates_[i].value();
    Tensor step = divide(multiply(root(old), g), root(mean));
    gradients_[i].assign(mean);
    updates_[i].assign(blend(old, step));
    variable.assign(subtract(variable.value(), multiply(step, learning_rate)));
  }

 private:
  Variables gradients_, updates_;
};
LAMINA_CLASS(Adadelta, "keras.optimizers",
             "Steps in the ratio of averaged updates to averaged gradients (Zeiler, 2012).", {"adadelta"},
             Doc{.source = "Zeiler, \"ADADELTA: An Adaptive Learning Rate Method\" (2012).", .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Adadelta(learning_rate=1.0)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.99858576, 2.0014143 ]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
