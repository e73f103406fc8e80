// Learning-rate schedules against Keras 3.15.1 (JAX backend) at the steps 0, 5, 6, 10, 17 and 25.
#include "backends/graph/function.h"
#include "optimizers/optimizer.h"
#include "support/data.h"

namespace lamina {
namespace {

struct Case {
  const char* name;
  Dict config;
  std::vector<double> rates;
};

TEST(Schedule, AgreesWithKeras) {
  const std::vector<Case> cases = {
      {"ExponentialDecay",
       {{"initial_learning_rate", 0.1}, {"decay_steps", 10}, {"decay_rate", 0.5}},
       {0.1, 0.07071068, 0.06597539, 0.05, 0.03077861, 0.01767767}},
      {"ExponentialDecay",
       {{"initial_learning_rate", 0.1}, {"decay_steps", 10}, {"decay_rate", 0.5}, {"staircase", true}},
       {0.1, 0.1, 0.1, 0.05, 0.05, 0.025}},
      {"InverseTimeDecay",
       {{"initial_learning_rate", 0.1}, {"decay_steps", 10}, {"decay_rate", 0.5}},
       {0.1, 0.08, 0.07692308, 0.06666667, 0.05405406, 0.04444445}},
      {"PiecewiseConstantDecay",
       {{"boundaries", List{5, 20}}, {"values", List{1.0, 0.5, 0.1}}},
       {1, 1, 0.5, 0.5, 0.5, 0.1}},
      {"PolynomialDecay",
       {{"initial_learning_rate", 0.1}, {"decay_steps", 10}, {"end_learning_rate", 0.01}, {"power", 2.0}},
       {0.1, 0.0325, 0.0244, 0.01, 0.01, 0.01}},
      {"PolynomialDecay",
       {{"initial_learning_rate", 0.1}, {"decay_steps", 10}, {"cycle", true}},
       {0.1, 0.05005, 0.04006, 0.0001, 0.015085, 0.01675}},
      {"CosineDecay",
       {{"initial_learning_rate", 0.1}, {"decay_steps", 20}, {"alpha", 0.1}},
       {0.1, 0.08681981, 0.08145034, 0.055, 0.0149047, 0.01}},
      {"CosineDecay",
       {{"initial_learning_rate", 0.0}, {"decay_steps", 20}, {"warmup_target", 0.1}, {"warmup_steps", 7}},
       {0, 0.07142857, 0.08571429, 0.09455033, 0.05, 0.002447176}},
      {"CosineDecayRestarts",
       {{"initial_learning_rate", 0.1}, {"first_decay_steps", 8}},
       {0.1, 0.03086582, 0.01464466, 0.09619398, 0.04024548, 0.09975924}},
      {"CosineDecayRestarts",
       {{"initial_learning_rate", 0.1}, {"first_decay_steps", 8}, {"t_mul", 1.0}, {"m_mul", 0.5}, {"alpha", 0.2}},
       {0.1, 0.04469266, 0.03171573, 0.05414214, 0.0392388, 0.0296194}},
  };
  for (const Case& c : cases)
    for (Function::Mode mode : {Function::Mode::eager, Function::Mode::graph}) {
      SCOPED_TRACE(text(c.name, " ", Value(c.config).repr()));
      ScheduleRef schedule = ScheduleRef::make(c.name, c.config);
      Function f([&](std::span<const Tensor> in) -> Tensors { return {(*schedule)(in[0])}; }, "rate", mode);
      const int32_t steps[] = {0, 5, 6, 10, 17, 25};
      for (size_t i = 0; i < 6; ++i)
        EXPECT_NEAR(f({Tensor::scalar(steps[i])})[0].item(), c.rates[i], 2e-6) << "step " << steps[i];
      Value config = serialize_object(schedule.pointer());
      EXPECT_EQ(serialize_object(ScheduleRef::from(config).pointer()).repr(), config.repr());
    }
  EXPECT_THROW(ScheduleRef::make("CosineDecay", {{"initial_learning_rate", 0.1}, {"decay_steps", 0}}), Error);
  EXPECT_THROW(ScheduleRef::make("PiecewiseConstantDecay", {{"boundaries", List{1}}, {"values", List{1.0}}}), Error);
}

}  // namespace
}  // namespace lamina
