// Learning rates along half a cosine wave (Loshchilov and Hutter, 2016), once or with restarts.
#include <numbers>

#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

void check_steps(const Value& steps, const char* name) {
  if (!(steps.as_number() > 0))
    throw ValueError("Argument `", name, "` must be > 0. Received: ", name, "=", steps.repr());
}
// (1 + cos(pi p)) / 2
Tensor half_wave(const Tensor& p) { return multiply(add(unary(Unary::cos, multiply(p, std::numbers::pi)), 1.0), 0.5); }

struct CosineDecayArgs {
  Value initial_learning_rate, decay_steps, alpha = 0.0;
  std::string name = "CosineDecay";
  Value warmup_target, warmup_steps = 0;
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "The rate at step 0.").required();
    f("decay_steps", decay_steps, "The steps of the fall.").required();
    f("alpha", alpha, "The share of the rate that is left at the end.");
    f("name", name, "The schedule's name.");
    f("warmup_target", warmup_target, "The rate to rise to first, on a straight line; None for no warm-up.");
    f("warmup_steps", warmup_steps, "The steps of the rise.");
  }
};
class CosineDecay final : public Config<LearningRateSchedule, CosineDecayArgs> {
 public:
  explicit CosineDecay(CosineDecayArgs a) : Config(std::move(a)) { check_steps(args.decay_steps, "decay_steps"); }
  std::string class_name() const override { return "CosineDecay"; }
  Tensor operator()(const Tensor& given) override {
    DType type = settings().floatx();
    Tensor step = cast(given, type);
    double first = args.initial_learning_rate.as_number(), steps = args.decay_steps.as_number();
    if (args.warmup_target.is_none()) return fall(minimum(step, full({}, steps, type)), first);
    double target = args.warmup_target.as_number(), warmup = args.warmup_steps.as_number();
    step = minimum(step, full({}, steps + warmup, type));
    Tensor rise = add(multiply(step, warmup > 0 ? (target - first) / warmup : 0), first);
    return where(binary(Binary::less, step, full({}, warmup, type)), rise, fall(add(step, -warmup), target));
  }

 private:
  Tensor fall(const Tensor& step, double from) const {
    double alpha = args.alpha.as_number();
    Tensor p = divide(step, full({}, args.decay_steps.as_number(), step.dtype()));
    return multiply(add(multiply(half_wave(p), 1 - alpha), alpha), from);
  }
};
LAMINA_CLASS(CosineDecay, "keras.optimizers.schedules",
             "Falls along half a cosine wave, after a warm-up if one is given.",
             Doc{.source = "Loshchilov and Hutter, \"SGDR: Stochastic Gradient Descent with Warm Restarts\" (2017).",
                 .example = R"py(
>>> schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=100)
>>> schedule(50)
<Tensor shape=(), dtype=float32, values=0.049999997>)py"});

struct CosineDecayRestartsArgs {
  Value initial_learning_rate, first_decay_steps, t_mul = 2.0, m_mul = 1.0, alpha = 0.0;
  std::string name = "SGDRDecay";
  void fields(Fields& f) {
    f("initial_learning_rate", initial_learning_rate, "The rate at step 0.").required();
    f("first_decay_steps", first_decay_steps, "The steps of the first fall.").required();
    f("t_mul", t_mul, "How much longer each fall is than the one before.");
    f("m_mul", m_mul, "The height of each restart relative to the one before.");
    f("alpha", alpha, "The share of the rate that is left at the end of a fall.");
    f("name", name, "The schedule's name.");
  }
};
class CosineDecayRestarts final : public Config<LearningRateSchedule, CosineDecayRestartsArgs> {
 public:
  explicit CosineDecayRestarts(CosineDecayRestartsArgs a) : Config(std::move(a)) {
    check_steps(args.first_decay_steps, "first_decay_steps");
  }
  std::string class_name() const override { return "CosineDecayRestarts"; }
  Tensor operator()(const Tensor& given) override {
    DType type = settings().floatx();
    double t = args.t_mul.as_number(), alpha = args.alpha.as_number();
    Tensor done = divide(cast(given, type), full({}, args.first_decay_steps.as_number(), type)), restarts;
    if (t == 1) {
      restarts = unary(Unary::floor, done);
      done = subtract(done, restarts);
    } else {
      restarts = unary(Unary::floor, divide(log(add(multiply(done, t - 1), 1.0)), full({}, std::log(t), type)));
      Tensor scale = power(full({}, t, type), restarts);
      Tensor before = multiply(rsub(1, scale), 1 / (1 - t));  // the length of the falls that are over
      done = divide(subtract(done, before), scale);
    }
    Tensor height = multiply(power(full({}, args.m_mul.as_number(), type), restarts), half_wave(done));
    return multiply(add(multiply(height, 1 - alpha), alpha), args.initial_learning_rate.as_number());
  }
};
LAMINA_CLASS(CosineDecayRestarts, "keras.optimizers.schedules",
             "Half cosine waves one after the other, each t_mul times longer and m_mul times as high.",
             Doc{.source = "Loshchilov and Hutter, \"SGDR: Stochastic Gradient Descent with Warm Restarts\" (2017).",
                 .example = R"py(
>>> schedule = keras.optimizers.schedules.CosineDecayRestarts(0.1, first_decay_steps=100)
>>> schedule(100)
<Tensor shape=(), dtype=float32, values=0.1>)py"});

}  // namespace
}  // namespace lamina
