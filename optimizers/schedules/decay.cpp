// Learning rates that fall with the step: exponential, in steps, polynomial, inverse time.
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

void check_steps(double steps, const char* name) {
  if (!(steps > 0)) throw ValueError("Argument `", name, "` must be > 0. Received: ", name, "=", steps);
}
Tensor as_rate(const Tensor& step) { return cast(step, settings().floatx()); }
// step / decay_steps, in whole numbers if `staircase`.
Tensor progress(const Tensor& step, double decay_steps, bool staircase) {
  Tensor p = multiply(as_rate(step), 1 / decay_steps);
  if (!staircase) return p;
  return unary(Unary::floor, divide(as_rate(step), full({}, decay_steps, settings().floatx())));
}

// Numbers stay ints or floats in configs, as they were given.
struct DecayArgs {
  Value initial_learning_rate, decay_steps, decay_rate;
  bool staircase = false;
  std::string name;
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "The rate at step 0.").required();
    f("decay_steps", decay_steps, "The steps of one unit of decay.").required();
    f("decay_rate", decay_rate, "How much the rate falls in decay_steps.").required();
    f("staircase", staircase, "Whether it falls only at multiples of decay_steps.");
    f("name", name, "The schedule's name.");
  }
};
struct ExponentialDecayArgs : DecayArgs {
  ExponentialDecayArgs() { name = "ExponentialDecay"; }
};
class ExponentialDecay final : public Config<LearningRateSchedule, ExponentialDecayArgs> {
 public:
  explicit ExponentialDecay(ExponentialDecayArgs a) : Config(std::move(a)) {
    check_steps(args.decay_steps.as_number(), "decay_steps");
  }
  std::string class_name() const override { return "ExponentialDecay"; }
  Tensor operator()(const Tensor& step) override {
    Tensor p = progress(step, args.decay_steps.as_number(), args.staircase);
    return multiply(power(full({}, args.decay_rate.as_number(), p.dtype()), p), args.initial_learning_rate.as_number());
  }
};
LAMINA_CLASS(ExponentialDecay, "keras.optimizers.schedules", "initial_learning_rate * decay_rate^(step / decay_steps).",
             Doc{.raises = "ValueError: if `decay_steps` is not positive.", .example = R"py(
>>> schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
>>> schedule(200)
<Tensor shape=(), dtype=float32, values=0.025>)py"});

struct InverseTimeDecayArgs : DecayArgs {
  InverseTimeDecayArgs() { name = "InverseTimeDecay"; }
};
class InverseTimeDecay final : public Config<LearningRateSchedule, InverseTimeDecayArgs> {
 public:
  explicit InverseTimeDecay(InverseTimeDecayArgs a) : Config(std::move(a)) {
    check_steps(args.decay_steps.as_number(), "decay_steps");
  }
  std::string class_name() const override { return "InverseTimeDecay"; }
  Tensor operator()(const Tensor& step) override {
    Tensor p = progress(step, args.decay_steps.as_number(), args.staircase);
    return divide(full({}, args.initial_learning_rate.as_number(), p.dtype()),
                  add(multiply(p, args.decay_rate.as_number()), 1.0));
  }
};
LAMINA_CLASS(InverseTimeDecay, "keras.optimizers.schedules",
             "initial_learning_rate / (1 + decay_rate * step / decay_steps).",
             Doc{.raises = "ValueError: if `decay_steps` is not positive.", .example = R"py(
>>> schedule = keras.optimizers.schedules.InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)
>>> schedule(100)
<Tensor shape=(), dtype=float32, values=0.05>)py"});

struct PiecewiseConstantDecayArgs {
  List boundaries, values;
  std::string name = "PiecewiseConstant";
  void fields(Fields& f) {
    f("boundaries", boundaries, "Rising steps: each is the last of its value.").required();
    f("values", values, "The rates between them, one more than boundaries.").required();
    f("name", name, "The schedule's name.");
  }
};
class PiecewiseConstantDecay final : public Config<LearningRateSchedule, PiecewiseConstantDecayArgs> {
 public:
  explicit PiecewiseConstantDecay(PiecewiseConstantDecayArgs a) : Config(std::move(a)) {
    if (args.boundaries.size() + 1 != args.values.size())
      throw ValueError("The length of boundaries should be 1 less than the length of values. Received: boundaries=",
                       Value(args.boundaries).repr(), " of length ", args.boundaries.size(),
                       ", and values=", Value(args.values).repr(), " of length ", args.values.size(), ".");
  }
  std::string class_name() const override { return "PiecewiseConstantDecay"; }
  Tensor operator()(const Tensor& step) override {
    DType type = settings().floatx();
    Tensor rate = full({}, args.values.back().as_number(), type);
    for (size_t i = args.boundaries.size(); i-- > 0;) {
      Tensor before = binary(Binary::less_equal, step, full({}, args.boundaries[i].as_number(), step.dtype()));
      rate = where(before, full({}, args.values[i].as_number(), type), rate);
    }
    return rate;
  }
};
LAMINA_CLASS(PiecewiseConstantDecay, "keras.optimizers.schedules", "One rate up to each boundary.",
             Doc{.raises = "ValueError: if there is not one value more than boundaries.", .example = R"py(
>>> schedule = keras.optimizers.schedules.PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
>>> schedule(150)
<Tensor shape=(), dtype=float32, values=0.5>)py"});

struct PolynomialDecayArgs {
  Value initial_learning_rate, decay_steps, end_learning_rate = 0.0001, power = 1.0;
  bool cycle = false;
  std::string name = "PolynomialDecay";
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "The rate at step 0.").required();
    f("decay_steps", decay_steps, "The step at which the end is reached.").required();
    f("end_learning_rate", end_learning_rate, "The rate there and after.");
    f("power", power, "1 falls on a straight line.");
    f("cycle", cycle, "Whether to rise again and fall over ever longer times.");
    f("name", name, "The schedule's name.");
  }
};
class PolynomialDecay final : public Config<LearningRateSchedule, PolynomialDecayArgs> {
 public:
  explicit PolynomialDecay(PolynomialDecayArgs a) : Config(std::move(a)) {
    check_steps(args.decay_steps.as_number(), "decay_steps");
  }
  std::string class_name() const override { return "PolynomialDecay"; }
  Tensor operator()(const Tensor& given) override {
    double first = args.initial_learning_rate.as_number(), last = args.end_learning_rate.as_number();
    Tensor step = as_rate(given), steps = full({}, args.decay_steps.as_number(), step.dtype());
    if (args.cycle) {
      Tensor none = binary(Binary::equal, step, full({}, 0, step.dtype()));
      steps = multiply(steps, where(none, full({}, 1, step.dtype()), unary(Unary::ceil, divide(step, steps))));
    } else {
      step = minimum(step, steps);
    }
    Tensor left = rsub(1, divide(step, steps));
    return add(multiply(prim::power(left, full({}, args.power.as_number(), left.dtype())), first - last), last);
  }
};
LAMINA_CLASS(PolynomialDecay, "keras.optimizers.schedules",
             "From the initial rate to the end rate along (1 - step / decay_steps)^power.",
             Doc{.raises = "ValueError: if `decay_steps` is not positive.", .example = R"py(
>>> schedule = keras.optimizers.schedules.PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0)
>>> schedule(50)
<Tensor shape=(), dtype=float32, values=0.05>)py"});

}  // namespace
}  // namespace lamina
