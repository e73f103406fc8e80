// Learning-rate schedules: functions of the step count, in ops.
#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {

namespace {

using namespace prim;
Tensor real(const Tensor& step) { return cast(step, DType::float32); }
Tensor number(double v) { return full({}, v, DType::float32); }
void positive(double v, const char* name) {
  if (v <= 0) throw ValueError("Argument `", name, "` must be > 0. Received: ", name, "=", v);
}

struct DecayArgs {
  double initial_learning_rate = 0, decay_steps = 0, decay_rate = 0;
  bool staircase = false;
  std::string name = "";
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "Rate at step 0.").required();
    f("decay_steps", decay_steps, "Steps of one decay.").required();
    f("decay_rate", decay_rate, "Factor of one decay.").required();
    f("staircase", staircase, "Whether to decay at whole intervals only.");
    f("name", name, "Name.");
  }
  Tensor progress(const Tensor& step) const {
    Tensor p = multiply(real(step), 1.0 / decay_steps);
    return staircase ? unary(Unary::floor, p) : p;
  }
};
class ExponentialDecay final : public Config<LearningRateSchedule, DecayArgs> {
 public:
  explicit ExponentialDecay(DecayArgs a = {}) : Config(std::move(a)) {
    positive(args.decay_steps, "decay_steps");
    if (args.name.empty()) args.name = "ExponentialDecay";
  }
  std::string class_name() const override { return "ExponentialDecay"; }
  Tensor operator()(const Tensor& step) override { return multiply(prim::power(number(args.decay_rate), args.progress(step)), args.initial_learning_rate); }
};
class InverseTimeDecay final : public Config<LearningRateSchedule, DecayArgs> {
 public:
  explicit InverseTimeDecay(DecayArgs a = {}) : Config(std::move(a)) {
    positive(args.decay_steps, "decay_steps");
    if (args.name.empty()) args.name = "InverseTimeDecay";
  }
  std::string class_name() const override { return "InverseTimeDecay"; }
  Tensor operator()(const Tensor& step) override { return divide(number(args.initial_learning_rate), add(multiply(args.progress(step), args.decay_rate), 1.0)); }
};

struct PiecewiseArgs {
  std::vector<double> boundaries, values;
  std::string name = "PiecewiseConstant";
  void fields(Fields& f) {
    f("boundaries", boundaries, "Steps at which the rate changes, increasing.").required();
    f("values", values, "Rates between them: one more than boundaries.").required();
    f("name", name, "Name.");
  }
};
class PiecewiseConstantDecay final : public Config<LearningRateSchedule, PiecewiseArgs> {
 public:
  explicit PiecewiseConstantDecay(PiecewiseArgs a = {}) : Config(std::move(a)) {
    if (args.boundaries.size() + 1 != args.values.size())
      throw ValueError("The length of boundaries should be 1 less than the length of values. Received: boundaries=", args.boundaries, " of length ", args.boundaries.size(), ", and values=", args.values, " of length ", args.values.size(), ".");
  }
  std::string class_name() const override { return "PiecewiseConstantDecay"; }
  Tensor operator()(const Tensor& step) override {
    Tensor s = real(step), out = number(args.values.back());
    for (size_t i = args.boundaries.size(); i-- > 0;) out = where(binary(Binary::less_equal, s, number(args.boundaries[i])), number(args.values[i]), out);
    return out;
  }
};

struct PolynomialArgs {
  double initial_learning_rate = 0, decay_steps = 0, end_learning_rate = 0.0001, power = 1;
  bool cycle = false;
  std::string name = "PolynomialDecay";
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "Rate at step 0.").required();
    f("decay_steps", decay_steps, "Steps until the end rate.").required();
    f("end_learning_rate", end_learning_rate, "Rate at the end.");
    f("power", power, "Power of the polynomial.");
    f("cycle", cycle, "Whether to start over with longer and longer periods.");
    f("name", name, "Name.");
  }
};
class PolynomialDecay final : public Config<LearningRateSchedule, PolynomialArgs> {
 public:
  explicit PolynomialDecay(PolynomialArgs a = {}) : Config(std::move(a)) { positive(args.decay_steps, "decay_steps"); }
  std::string class_name() const override { return "PolynomialDecay"; }
  Tensor operator()(const Tensor& step) override {
    Tensor s = real(step), steps = number(args.decay_steps);
    if (args.cycle) {
      Tensor periods = unary(Unary::ceil, divide(s, steps));
      steps = multiply(steps, maximum(periods, number(1)));
    } else {
      s = minimum(s, steps);
    }
    Tensor rest = prim::power(rsub(1.0, divide(s, steps)), number(args.power));
    return add(multiply(rest, args.initial_learning_rate - args.end_learning_rate), args.end_learning_rate);
  }
};

struct CosineArgs {
  double initial_learning_rate = 0, decay_steps = 0, alpha = 0;
  std::string name = "CosineDecay";
  std::optional<double> warmup_target;
  double warmup_steps = 0;
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "Rate at step 0.").required();
    f("decay_steps", decay_steps, "Steps of the decay.").required();
    f("alpha", alpha, "Lowest rate, as a share of the highest.");
    f("name", name, "Name.");
    f("warmup_target", warmup_target, "Rate to warm up to first.");
    f("warmup_steps", warmup_steps, "Steps of the warm-up.");
  }
};
// Loshchilov and Hutter, 2016.
class CosineDecay final : public Config<LearningRateSchedule, CosineArgs> {
 public:
  explicit CosineDecay(CosineArgs a = {}) : Config(std::move(a)) { positive(args.decay_steps, "decay_steps"); }
  std::string class_name() const override { return "CosineDecay"; }
  Tensor operator()(const Tensor& step) override {
    double from = args.warmup_target.value_or(args.initial_learning_rate);
    Tensor s = real(step);
    Tensor after = args.warmup_target ? add(s, -args.warmup_steps) : s;
    Tensor done = multiply(minimum(after, number(args.decay_steps)), 1.0 / args.decay_steps);
    Tensor cosine = multiply(add(unary(Unary::cos, multiply(done, M_PI)), 1.0), 0.5);
    Tensor decayed = multiply(add(multiply(cosine, 1 - args.alpha), args.alpha), from);
    if (!args.warmup_target) return decayed;
    Tensor warm = add(multiply(s, (from - args.initial_learning_rate) / std::max(1.0, args.warmup_steps)), args.initial_learning_rate);
    return where(binary(Binary::less, s, number(args.warmup_steps)), warm, decayed);
  }
};

struct RestartsArgs {
  double initial_learning_rate = 0, first_decay_steps = 0, t_mul = 2, m_mul = 1, alpha = 0;
  std::string name = "SGDRDecay";
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "Rate at step 0.").required();
    f("first_decay_steps", first_decay_steps, "Steps of the first period.").required();
    f("t_mul", t_mul, "Factor of each period's length.");
    f("m_mul", m_mul, "Factor of each period's first rate.");
    f("alpha", alpha, "Lowest rate, as a share of the highest.");
    f("name", name, "Name.");
  }
};
class CosineDecayRestarts final : public Config<LearningRateSchedule, RestartsArgs> {
 public:
  explicit CosineDecayRestarts(RestartsArgs a = {}) : Config(std::move(a)) { positive(args.first_decay_steps, "first_decay_steps"); }
  std::string class_name() const override { return "CosineDecayRestarts"; }
  Tensor operator()(const Tensor& step) override {
    Tensor done = multiply(real(step), 1.0 / args.first_decay_steps), restart, part;
    if (args.t_mul == 1) {
      restart = unary(Unary::floor, done);
      part = subtract(done, restart);
    } else {
      restart = unary(Unary::floor, multiply(log(rsub(1.0, multiply(done, 1 - args.t_mul))), 1 / std::log(args.t_mul)));
      Tensor scale = prim::power(number(args.t_mul), restart);
      Tensor begin = multiply(rsub(1.0, scale), 1 / (1 - args.t_mul));
      part = divide(subtract(done, begin), scale);
    }
    Tensor cosine = multiply(add(unary(Unary::cos, multiply(part, M_PI)), 1.0), 0.5);
    Tensor decayed = add(multiply(multiply(cosine, prim::power(number(args.m_mul), restart)), 1 - args.alpha), args.alpha);
    return multiply(decayed, args.initial_learning_rate);
  }
};

LAMINA_CLASS(ExponentialDecay, "keras.optimizers.schedules", "initial * decay_rate ^ (step / decay_steps).");
LAMINA_CLASS(InverseTimeDecay, "keras.optimizers.schedules", "initial / (1 + decay_rate * step / decay_steps).");
LAMINA_CLASS(PiecewiseConstantDecay, "keras.optimizers.schedules", "Constant between boundaries.");
LAMINA_CLASS(PolynomialDecay, "keras.optimizers.schedules", "Polynomial from the initial to the end rate.");
LAMINA_CLASS(CosineDecay, "keras.optimizers.schedules", "Half a cosine, after an optional warm-up.");
LAMINA_CLASS(CosineDecayRestarts, "keras.optimizers.schedules", "Cosine decay with warm restarts.");

}  // namespace
}  // namespace lamina
