#include "backends/ops/primitives.h"
#include "optimizers/moments.h"

namespace lamina {
namespace {

using namespace prim;

struct FtrlArgs {
  static constexpr const char* kClass = "Ftrl";
  Value learning_rate = 0.001;
  double learning_rate_power = -0.5, initial_accumulator_value = 0.1, l1_regularization_strength = 0,
         l2_regularization_strength = 0, l2_shrinkage_regularization_strength = 0, beta = 0;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("learning_rate_power", learning_rate_power, "At most 0: how the rate falls with the sum of squares.");
    f("initial_accumulator_value", initial_accumulator_value, "Where the sum of squares starts.");
    f("l1_regularization_strength", l1_regularization_strength, "Pull of small weights to 0.");
    f("l2_regularization_strength", l2_regularization_strength, "Pull of all weights towards 0.");
    f("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength,
      "The same, as a part of gradients.");
    f("beta", beta, "The beta of the paper.");
    base.fields(f);
  }
};

class Ftrl final : public OptimizerWith<FtrlArgs> {
 public:
  explicit Ftrl(FtrlArgs a) : OptimizerWith(std::move(a)) {
    if (args.learning_rate_power > 0)
      throw ValueError("`learning_rate_power` needs to be negative or zero. Received: learning_rate_power=",
                       args.learning_rate_power, ".");
    auto not_negative = [](double v, const char* name) {
      if (v < 0) throw ValueError("`", name, "` needs to be positive or zero. Received: ", name, "=", v, ".");
    };
    not_negative(args.initial_accumulator_value, "initial_accumulator_value");
    not_negative(args.l1_regularization_strength, "l1_regularization_strength");
    not_negative(args.l2_regularization_strength, "l2_regularization_strength");
    not_negative(args.l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength");
  }
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    for (const Variable& v : variables) {  // both of a variable together, the order of Keras' files
      bool slots = !v.state().overwrite_with_gradient;
      accumulators_.push_back(slots ? add_variable_from_reference(v, "accumulator", args.initial_accumulator_value)
                                    : Variable());
      linears_.push_back(slots ? add_variable_from_reference(v, "linear") : Variable());
    }
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    size_t i = index_of(variable);
    const DType type = variable.dtype();
    Tensor w = variable.value(), old = accumulators_[i].value(), total = add(old, square(g));
    auto raised = [&](const Tensor& x) {
      return args.learning_rate_power == -0.5 ? sqrt(x) : power(x, full({}, -args.learning_rate_power, type));
    };
    Tensor now = raised(total), sigma = divide(subtract(now, raised(old)), learning_rate);
    Tensor used = add(g, multiply(w, 2 * args.l2_shrinkage_regularization_strength));
    Tensor linear = add(linears_[i].value(), subtract(used, multiply(sigma, w)));
    Tensor l2 = add(divide(full({}, args.beta, type), learning_rate), 2 * args.l2_regularization_strength);
    Tensor quadratic = add(divide(now, learning_rate), l2);
    double l1 = args.l1_regularization_strength;
    Tensor clipped = minimum(maximum(linear, full({}, -l1, type)), full({}, l1, type));
    accumulators_[i].assign(total);
    linears_[i].assign(linear);
    variable.assign(divide(subtract(clipped, linear), quadratic));
  }

 private:
  Variables accumulators_, linears_;
};
LAMINA_CLASS(Ftrl, "keras.optimizers",
             "Follow the regularized leader (McMahan et al., 2013), for sparse linear models.", {"ftrl"},
             Doc{.raises = "ValueError: if a coefficient is negative or `learning_rate_power` positive.",
                 .source = "McMahan et al., \"Ad Click Prediction: a View from the Trenches\" (2013).",
                 .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Ftrl(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.6031424, 1.4923235]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
