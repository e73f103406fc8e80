#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

struct AdafactorArgs {
  static constexpr const char* kClass = "Adafactor";
  Value learning_rate = 0.001;
  double beta_2_decay = -0.8, epsilon_1 = 1e-30, epsilon_2 = 1e-3, clip_threshold = 1;
  bool relative_step = true;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("beta_2_decay", beta_2_decay, "Power of the step by which averages slow down.");
    f("epsilon_1", epsilon_1, "Added to squared gradients, against division by 0.");
    f("epsilon_2", epsilon_2, "The smallest size of a variable that scales its steps.");
    f("clip_threshold", clip_threshold, "The largest root mean square of an update.");
    f("relative_step", relative_step, "Whether the rate is at most 1 / sqrt(step).");
    base.fields(f);
  }
};

Tensor mean_along(const Tensor& x, int axis, bool keep) {
  int a = normalize_axis(axis, x.rank());
  return multiply(sum(x, {a}, keep), 1.0 / static_cast<double>(std::max<int64_t>(1, x.shape()[a])));
}
Tensor root_mean_square(const Tensor& x) {
  return sqrt(multiply(reduce_all(Reduce::sum, square(x)), 1.0 / static_cast<double>(std::max<int64_t>(1, x.size()))));
}

// For matrices the mean squares are kept a row and a column; `velocity` holds their product.
class Adafactor final : public OptimizerWith<AdafactorArgs> {
 public:
  using OptimizerWith::OptimizerWith;
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    for (const Variable& v : variables) {
      bool slots = !v.state().overwrite_with_gradient;
      Shape rows = v.shape(), columns = v.shape();
      if (rows.rank() < 2)
        rows = columns = {};
      else
        rows.erase(rows.rank() - 1), columns.erase(columns.rank() - 2);
      DType type = v.shape().rank() < 2 ? settings().floatx() : v.dtype();
      rows_.push_back(slots ? add_variable(rows, v.name(), type) : Variable());
      columns_.push_back(slots ? add_variable(columns, v.name(), type) : Variable());
      velocities_.push_back(slots ? add_variable_from_reference(v, "velocity") : Variable());
    }
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    size_t i = index_of(variable);
    const DType type = variable.dtype();
    Tensor w = variable.value(), step = local_step(type);
    Tensor rate = multiply(minimum(learning_rate, unary(Unary::rsqrt, step)),
                           maximum(full({}, args.epsilon_2, type), root_mean_square(w)));
    Tensor squares = add(square(g), args.epsilon_1);
    Tensor fresh = power(step, full({}, args.beta_2_decay, type));  // the share of the new squares
    auto blend = [&](const Variable& slot, const Tensor& now) {
      Tensor next = add(multiply(slot.value(), rsub(1, fresh)), multiply(now, fresh));
      slot.assign(next);
      return next;
    };
    Tensor v;
    if (w.rank() >= 2) {
      Tensor r = blend(rows_[i], mean_along(squares, -1, false)),
             c = blend(columns_[i], mean_along(squares, -2, false));
      r = divide(r, mean_along(r, -1, true));
      v = multiply(expand_dims(r, r.rank()), expand_dims(c, c.rank() - 1));
      velocities_[i].assign(v);
    } else {
      v = blend(velocities_[i], squares);
    }
    Tensor update = divide(g, sqrt(v));
    Tensor excess = maximum(full({}, 1, type), multiply(root_mean_square(update), 1 / args.clip_threshold));
    variable.assign(subtract(w, multiply(update, divide(rate, excess))));
  }

 private:
  Variables rows_, columns_, velocities_;
};
LAMINA_CLASS(
    Adafactor, "keras.optimizers",
    "Adaptive steps from row and column means of squared gradients (Shazeer and Stern, 2018).", {"adafactor"},
    Doc{.source = "Shazeer and Stern, \"Adafactor: Adaptive Learning Rates with Sublinear Memory Cost\" (2018).",
        .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Adafactor(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.8418861, 2.158114 ]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
