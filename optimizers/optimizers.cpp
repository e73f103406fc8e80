// SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam. Formulas as in Keras; each step reads every slot once.
#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {

namespace {

using namespace prim;

// An optimizer class with its own arguments A (which hold the common ones as `base` and their own learning rate).
template <class A>
class OptimizerWith : public Optimizer {
 public:
  using Args = A;
  OptimizerWith(A a, const char* name) : Optimizer(named(a.base, name)), args(std::move(a)) {}
  Dict get_config() const override {
    Dict own, config = Optimizer::get_config();
    write_fields(own, [this](Fields& f) { const_cast<A&>(args).own(f); });
    for (const auto& [key, v] : own) config.set(key, v);
    return config;
  }
  A args;

 protected:
  // The moving average m + (x - m) * (1 - beta).
  static Tensor follow(const Variable& m, const Tensor& x, double beta) {
    Tensor now = m.value();
    Tensor next = add(now, multiply(subtract(x, now), 1 - beta));
    m.assign(next);
    return next;
  }
  static void step_down(const Variable& v, const Tensor& delta) { v.assign(subtract(v.value(), delta)); }
  Tensor step_count(DType dtype) const { return add(cast(iterations().value(), dtype), 1.0); }
  static Tensor power_of(double base, const Tensor& exponent) { return power(full({}, base, exponent.dtype()), exponent); }

 private:
  static OptimizerArgs named(OptimizerArgs base, const char* name) {
    if (base.name.empty()) base.name = name;
    return base;
  }
};

struct RateArgs {
  OptimizerArgs base;
  void rate(Fields& f) { f("learning_rate", base.learning_rate, "A number or a schedule."); }
  void common(Fields& f) { base.fields(f); }
};

struct SGDArgs : RateArgs {
  double momentum = 0;
  bool nesterov = false;
  SGDArgs() { base.learning_rate = 0.01; }
  void own(Fields& f) {
    f("momentum", momentum, "In [0, 1]: 0 is plain gradient descent.");
    f("nesterov", nesterov, "Whether to use Nesterov momentum.");
  }
  void fields(Fields& f) { rate(f), own(f), common(f); }
};
class SGD final : public OptimizerWith<SGDArgs> {
 public:
  explicit SGD(SGDArgs a = {}) : OptimizerWith(std::move(a), "SGD") {
    if (args.momentum < 0 || args.momentum > 1) throw ValueError("`momentum` must be a float between [0, 1]. Received: momentum=", args.momentum);
  }
  std::string class_name() const override { return "SGD"; }
  void build_slots(const Variables& trainable) override {
    if (args.momentum != 0)
      for (const Variable& v : trainable) momentums_.push_back(add_variable_from_reference(v, "momentum"));
  }
  void update_step(const Tensor& g, const Variable& v, const Tensor& learning_rate) override {
    Tensor step = multiply(g, cast(learning_rate, v.dtype()));
    if (args.momentum == 0) return step_down(v, step);
    const Variable& m = momentums_[index_of(v)];
    Tensor velocity = subtract(multiply(m.value(), args.momentum), step);
    m.assign(velocity);
    v.assign(add(v.value(), args.nesterov ? subtract(multiply(velocity, args.momentum), step) : velocity));
  }

 private:
  Variables momentums_;
};
LAMINA_CLASS(SGD, "keras.optimizers", "Gradient descent, with momentum if asked.", {"sgd", "gradient_descent"});

struct RMSpropArgs : RateArgs {
  double rho = 0.9, momentum = 0, epsilon = 1e-7;
  bool centered = false;
  void own(Fields& f) {
    f("rho", rho, "Decay of the mean square.");
    f("momentum", momentum, "Momentum.");
    f("epsilon", epsilon, "Keeps the denominator off zero.");
    f("centered", centered, "Whether to divide by the variance instead of the mean square.");
  }
  void fields(Fields& f) { rate(f), own(f), common(f); }
};
class RMSprop final : public OptimizerWith<RMSpropArgs> {
 public:
  explicit RMSprop(RMSpropArgs a = {}) : OptimizerWith(std::move(a), "rmsprop") {}
  std::string class_name() const override { return "RMSprop"; }
  void build_slots(const Variables& trainable) override {
    for (const Variable& v : trainable) squares_.push_back(add_variable_from_reference(v, "velocity"));
    if (args.momentum > 0)
      for (const Variable& v : trainable) momentums_.push_back(add_variable_from_reference(v, "momentum"));
    if (args.centered)
      for (const Variable& v : trainable) means_.push_back(add_variable_from_reference(v, "average_gradient"));
  }
  void update_step(const Tensor& g, const Variable& v, const Tensor& learning_rate) override {
    size_t i = index_of(v);
    Tensor square_mean = add(multiply(squares_[i].value(), args.rho), multiply(square(g), 1 - args.rho));
    squares_[i].assign(square_mean);
    Tensor denominator = square_mean;
    if (args.centered) {
      Tensor mean = add(multiply(means_[i].value(), args.rho), multiply(g, 1 - args.rho));
      means_[i].assign(mean);
      denominator = subtract(denominator, square(mean));
    }
    Tensor step = multiply(multiply(g, cast(learning_rate, v.dtype())), unary(Unary::rsqrt, add(denominator, args.epsilon)));
    if (args.momentum > 0) {
      Tensor velocity = add(multiply(momentums_[i].value(), args.momentum), step);
      momentums_[i].assign(velocity);
      return step_down(v, velocity);
    }
    step_down(v, step);
  }

 private:
  Variables squares_, momentums_, means_;
};
LAMINA_CLASS(RMSprop, "keras.optimizers", "Gradients divided by a moving average of their size (Hinton, 2012).", {"rmsprop"});

struct AdamArgs : RateArgs {
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  bool amsgrad = false;
  void own(Fields& f) {
    f("beta_1", beta_1, "Decay of the first moment.");
    f("beta_2", beta_2, "Decay of the second moment.");
    f("epsilon", epsilon, "Keeps the denominator off zero.");
    f("amsgrad", amsgrad, "Whether to use the largest second moment so far.");
  }
  void fields(Fields& f) { rate(f), own(f), common(f); }
};
template <class Args>
class AdamFamily : public OptimizerWith<Args> {
 public:
  using OptimizerWith<Args>::OptimizerWith;
  void build_slots(const Variables& trainable) override {
    for (const Variable& v : trainable) {
      first_.push_back(this->add_variable_from_reference(v, "momentum"));
      second_.push_back(this->add_variable_from_reference(v, "velocity"));
    }
    if (this->args.amsgrad)
      for (const Variable& v : trainable) largest_.push_back(this->add_variable_from_reference(v, "velocity_hat"));
  }
  void update_step(const Tensor& g, const Variable& v, const Tensor& learning_rate) override {
    const Args& a = this->args;
    size_t i = this->index_of(v);
    Tensor t = this->step_count(v.dtype());
    Tensor alpha = multiply(cast(learning_rate, v.dtype()), divide(sqrt(rsub(1.0, this->power_of(a.beta_2, t))), rsub(1.0, this->power_of(a.beta_1, t))));
    Tensor m = this->follow(first_[i], g, a.beta_1);
    Tensor s = this->follow(second_[i], square(g), a.beta_2);
    if (a.amsgrad) {
      s = maximum(largest_[i].value(), s);
      largest_[i].assign(s);
    }
    this->step_down(v, divide(multiply(m, alpha), add(sqrt(s), a.epsilon)));
  }

 private:
  Variables first_, second_, largest_;
};
class Adam final : public AdamFamily<AdamArgs> {
 public:
  explicit Adam(AdamArgs a = {}) : AdamFamily(std::move(a), "adam") {}
  std::string class_name() const override { return "Adam"; }
};
LAMINA_CLASS(Adam, "keras.optimizers", "Adaptive moment estimation (Kingma and Ba, 2014).", {"adam"});

struct AdamWArgs : RateArgs {
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  bool amsgrad = false;
  AdamWArgs() { base.weight_decay = 0.004; }
  void own(Fields& f) {
    f("beta_1", beta_1, "Decay of the first moment.");
    f("beta_2", beta_2, "Decay of the second moment.");
    f("epsilon", epsilon, "Keeps the denominator off zero.");
    f("amsgrad", amsgrad, "Whether to use the largest second moment so far.");
  }
  void fields(Fields& f) {
    rate(f);
    f("weight_decay", base.weight_decay, "Decoupled weight decay.");
    own(f), common(f);
  }
};
class AdamW final : public AdamFamily<AdamWArgs> {
 public:
  explicit AdamW(AdamWArgs a = {}) : AdamFamily(std::move(a), "adamw") {
    if (!args.base.weight_decay) throw ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None");
  }
  std::string class_name() const override { return "AdamW"; }
};
LAMINA_CLASS(AdamW, "keras.optimizers", "Adam with decoupled weight decay (Loshchilov and Hutter, 2019).", {"adamw"});

struct AdagradArgs : RateArgs {
  double initial_accumulator_value = 0.1, epsilon = 1e-7;
  void own(Fields& f) {
    f("initial_accumulator_value", initial_accumulator_value, "First value of the sums of squares.");
    f("epsilon", epsilon, "Keeps the denominator off zero.");
  }
  void fields(Fields& f) { rate(f), own(f), common(f); }
};
class Adagrad final : public OptimizerWith<AdagradArgs> {
 public:
  explicit Adagrad(AdagradArgs a = {}) : OptimizerWith(std::move(a), "adagrad") {}
  std::string class_name() const override { return "Adagrad"; }
  void build_slots(const Variables& trainable) override {
    for (const Variable& v : trainable) sums_.push_back(add_variable_from_reference(v, "accumulator", args.initial_accumulator_value));
  }
  void update_step(const Tensor& g, const Variable& v, const Tensor& learning_rate) override {
    const Variable& slot = sums_[index_of(v)];
    Tensor sum = add(slot.value(), square(g));
    slot.assign(sum);
    step_down(v, multiply(multiply(g, cast(learning_rate, v.dtype())), unary(Unary::rsqrt, add(sum, args.epsilon))));
  }

 private:
  Variables sums_;
};
LAMINA_CLASS(Adagrad, "keras.optimizers", "Gradients divided by the root of their summed squares (Duchi et al., 2011).", {"adagrad"});

struct AdadeltaArgs : RateArgs {
  double rho = 0.95, epsilon = 1e-7;
  void own(Fields& f) {
    f("rho", rho, "Decay of the averages.");
    f("epsilon", epsilon, "Keeps the denominator off zero.");
  }
  void fields(Fields& f) { rate(f), own(f), common(f); }
};
class Adadelta final : public OptimizerWith<AdadeltaArgs> {
 public:
  explicit Adadelta(AdadeltaArgs a = {}) : OptimizerWith(std::move(a), "adadelta") {}
  std::string class_name() const override { return "Adadelta"; }
  void build_slots(const Variables& trainable) override {
    for (const Variable& v : trainable) gradients_.push_back(add_variable_from_reference(v, "accumulated_grad"));
    for (const Variable& v : trainable) deltas_.push_back(add_variable_from_reference(v, "accumulated_delta_var"));
  }
  void update_step(const Tensor& g, const Variable& v, const Tensor& learning_rate) override {
    size_t i = index_of(v);
    Tensor squares = add(multiply(gradients_[i].value(), args.rho), multiply(square(g), 1 - args.rho));
    gradients_[i].assign(squares);
    Tensor before = deltas_[i].value();
    Tensor delta = negative(divide(multiply(sqrt(add(before, args.epsilon)), g), sqrt(add(squares, args.epsilon))));
    deltas_[i].assign(add(multiply(before, args.rho), multiply(square(delta), 1 - args.rho)));
    v.assign(add(v.value(), multiply(delta, cast(learning_rate, v.dtype()))));
  }

 private:
  Variables gradients_, deltas_;
};
LAMINA_CLASS(Adadelta, "keras.optimizers", "Steps sized by past steps and gradients (Zeiler, 2012).", {"adadelta"});

struct AdamaxArgs : RateArgs {
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  void own(Fields& f) {
    f("beta_1", beta_1, "Decay of the first moment.");
    f("beta_2", beta_2, "Decay of the weighted infinity norm.");
    f("epsilon", epsilon, "Keeps the denominator off zero.");
  }
  void fields(Fields& f) { rate(f), own(f), common(f); }
};
class Adamax final : public OptimizerWith<AdamaxArgs> {
 public:
  explicit Adamax(AdamaxArgs a = {}) : OptimizerWith(std::move(a), "adamax") {}
  std::string class_name() const override { return "Adamax"; }
  void build_slots(const Variables& trainable) override {
    for (const Variable& v : trainable) {
      first_.push_back(add_variable_from_reference(v, "momentum"));
      norms_.push_back(add_variable_from_reference(v, "norm"));
    }
  }
  void update_step(const Tensor& g, const Variable& v, const Tensor& learning_rate) override {
    size_t i = index_of(v);
    Tensor correction = rsub(1.0, power_of(args.beta_1, step_count(v.dtype())));
    Tensor m = follow(first_[i], g, args.beta_1);
    Tensor u = maximum(multiply(norms_[i].value(), args.beta_2), unary(Unary::abs, g));
    norms_[i].assign(u);
    step_down(v, divide(multiply(m, cast(learning_rate, v.dtype())), multiply(add(u, args.epsilon), correction)));
  }

 private:
  Variables first_, norms_;
};
LAMINA_CLASS(Adamax, "keras.optimizers", "Adam with the infinity norm (Kingma and Ba, 2014).", {"adamax"});

struct NadamArgs : RateArgs {
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  void own(Fields& f) {
    f("beta_1", beta_1, "Decay of the first moment.");
    f("beta_2", beta_2, "Decay of the second moment.");
    f("epsilon", epsilon, "Keeps the denominator off zero.");
  }
  void fields(Fields& f) { rate(f), own(f), common(f); }
};
class Nadam final : public OptimizerWith<NadamArgs> {
 public:
  explicit Nadam(NadamArgs a = {}) : OptimizerWith(std::move(a), "nadam") {}
  std::string class_name() const override { return "Nadam"; }
  void build_slots(const Variables& trainable) override {
    for (const Variable& v : trainable) {
      first_.push_back(add_variable_from_reference(v, "momentum"));
      second_.push_back(add_variable_from_reference(v, "velocity"));
    }
    product_ = add_variable({}, "product", trainable.empty() ? DType::float32 : trainable[0].dtype(), 1);
  }
  void update_step(const Tensor& g, const Variable& v, const Tensor& learning_rate) override {
    size_t i = index_of(v);
    Tensor t = step_count(v.dtype()), next = add(t, 1.0);
    auto schedule = [&](const Tensor& at) { return multiply(rsub(1.0, multiply(power_of(0.96, at), 0.5)), args.beta_1); };
    Tensor u_t = schedule(t), u_next = schedule(next);
    // The product of schedules moves on once a step: with the first variable.
    if (v.same(trainable_[0])) product_.assign(multiply(product_.value(), cast(u_t, product_.dtype())));
    Tensor u_product = cast(product_.value(), v.dtype()), u_product_next = multiply(u_product, u_next);
    Tensor m = follow(first_[i], g, args.beta_1);
    Tensor s = follow(second_[i], square(g), args.beta_2);
    Tensor m_hat = add(divide(multiply(m, u_next), rsub(1.0, u_product_next)), divide(multiply(g, rsub(1.0, u_t)), rsub(1.0, u_product)));
    Tensor s_hat = divide(s, rsub(1.0, power_of(args.beta_2, t)));
    step_down(v, divide(multiply(m_hat, cast(learning_rate, v.dtype())), add(sqrt(s_hat), args.epsilon)));
  }

 private:
  Variables first_, second_;
  Variable product_;
};
LAMINA_CLASS(Nadam, "keras.optimizers", "Adam with Nesterov momentum (Dozat, 2016).", {"nadam"});

}  // namespace
}  // namespace lamina
