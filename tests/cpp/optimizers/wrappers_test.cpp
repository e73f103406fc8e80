// LossScaleOptimizer and MultiOptimizer on both engines.
#include <limits>

#include "backends/graph/function.h"
#include "optimizers/loss_scale_optimizer.h"
#include "optimizers/multi_optimizer.h"
#include "support/data.h"

namespace lamina {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

constexpr float kInf = std::numeric_limits<float>::infinity();

std::shared_ptr<LossScaleOptimizer> loss_scale(OptimizerRef inner, double scale, int64_t growth) {
  LossScaleOptimizer::Args args;
  args.inner_optimizer = std::move(inner);
  args.initial_scale = scale;
  args.dynamic_growth_steps = growth;
  return std::make_shared<LossScaleOptimizer>(std::move(args));
}

Variable variable(std::vector<float> values, const char* path) {
  Variable v(Tensor::of<float>(values), {.name = "w"});
  v.state().path = path;
  return v;
}

class Wrappers : public ::testing::TestWithParam<Function::Mode> {};
INSTANTIATE_TEST_SUITE_P(Engines, Wrappers, ::testing::Values(Function::Mode::eager, Function::Mode::graph));

TEST_P(Wrappers, LossScaleSkipsStepsThatAreNotFinite) {
  Variable w = variable({1, 2}, "w");
  OptimizerRef inner =
      OptimizerRef::make("SGD", {{"learning_rate", 1.0}, {"momentum", 0.5}, {"loss_scale_factor", 100.0}});
  auto optimizer = loss_scale(inner, 8, 2);
  EXPECT_TRUE(inner->arguments().at("loss_scale_factor").is_none());
  EXPECT_FLOAT_EQ(optimizer->scale_loss(Tensor::scalar(3.0f)).item(), 24);  // before build()
  optimizer->build({w});
  Function step(
      [&](std::span<const Tensor> g) -> Tensors {
        Tensor scaled = optimizer->scale_loss(Tensor::scalar(1.0f));
        optimizer->apply({g[0]}, {w});
        return {scaled};
      },
      "step", GetParam());
  auto run = [&](float a, float b) { return step({Tensor::of<float>({a, b})})[0].item(); };
  EXPECT_FLOAT_EQ(run(8, 16), 8);  // gradients 1 and 2
  EXPECT_THAT(w.value().to_vector<float>(), ElementsAre(0, 0));
  EXPECT_FLOAT_EQ(optimizer->step_counter().value().item(), 1);
  EXPECT_FLOAT_EQ(run(1, kInf), 8);
  EXPECT_THAT(w.value().to_vector<float>(), ElementsAre(0, 0));
  EXPECT_EQ(optimizer->iterations().value().item(), 1);  // the skipped step does not count
  EXPECT_FLOAT_EQ(optimizer->step_counter().value().item(), 0);
  EXPECT_FLOAT_EQ(run(std::nanf(""), 1), 4);
  EXPECT_FLOAT_EQ(run(2, 4), 2);  // gradients 1 and 2; the momentum is that of the first step
  EXPECT_THAT(w.value().to_vector<float>(), ElementsAre(FloatEq(-1.5f), FloatEq(-3)));
  EXPECT_FLOAT_EQ(run(0, 0), 2);
  EXPECT_FLOAT_EQ(run(0, 0), 4);  // two finite steps have doubled it
  EXPECT_EQ(optimizer->iterations().value().item(), 4);
}

TEST(LossScale, VariablesAndConfig) {
  Variable w = variable({1}, "w");
  auto optimizer = loss_scale(OptimizerRef::make("SGD", {{"momentum", 0.5}}), 8, 2);
  optimizer->apply({Tensor::of<float>({8})}, {w});
  std::vector<std::string> names;
  for (const Variable& v : optimizer->variables()) names.push_back(v.name());
  EXPECT_THAT(names, ElementsAre("iteration", "learning_rate", "step_counter", "dynamic_scale", "iteration",
                                 "learning_rate", "w_momentum"));
  optimizer->set_learning_rate(0.25);
  EXPECT_FLOAT_EQ(optimizer->inner_optimizer()->learning_rate().item(), 0.25f);
  Value config = serialize_object(optimizer);
  EXPECT_EQ(serialize_object(OptimizerRef::from(config).pointer()).repr(), config.repr());
  EXPECT_THROW(OptimizerRef::make("LossScaleOptimizer", {{"inner_optimizer", "sgd"}, {"clipnorm", 1.0}}), Error);
  EXPECT_THROW(OptimizerRef::make("LossScaleOptimizer", {{"inner_optimizer", "sgd"}, {"dynamic", false}}), Error);
  EXPECT_NO_THROW(OptimizerRef::make("LossScaleOptimizer",
                                     {{"inner_optimizer", "sgd"}, {"clipnorm", Value()}, {"ema_momentum", 0.99}}));
}

struct Parts {
  OptimizerRef first = OptimizerRef::make("SGD", {{"learning_rate", 0.1}}),
               second = OptimizerRef::make("SGD", {{"learning_rate", 1.0}, {"loss_scale_factor", 7.0}}),
               otherwise = OptimizerRef::make("SGD", {{"learning_rate", 0.0}});
  std::shared_ptr<OptimizerMap> map() const {
    OptimizerMap::Args args;
    args.default_optimizer = otherwise;
    args.optimizer_map = {{"a/.*", Value(first.pointer())}, {"b/w", Value(second.pointer())}};
    return std::make_shared<OptimizerMap>(std::move(args));
  }
  std::shared_ptr<MultiOptimizer> multi(std::optional<double> scale = {}) const {
    MultiOptimizer::Args args;
    args.optimizer_map = Value(map());
    args.loss_scale_factor = scale;
    return std::make_shared<MultiOptimizer>(std::move(args));
  }
};

TEST_P(Wrappers, MultiOptimizerGivesEachItsVariables) {
  Parts parts;
  auto multi = parts.multi(2.0);
  Variable a = variable({2}, "a/w"), b = variable({3}, "b/w"), c = variable({4}, "c/w");
  Function step(
      [&](std::span<const Tensor> g) -> Tensors {
        multi->apply({g[0], g[1], g[2]}, {a, b, c});
        return {};
      },
      "step", GetParam());
  for (int i = 0; i < 2; ++i)
    step({Tensor::of<float>({2}), Tensor::of<float>({2}), Tensor::of<float>({2})});  // gradients of 1
  EXPECT_FLOAT_EQ(a.value().item(), 1.8f);
  EXPECT_FLOAT_EQ(b.value().item(), 1);
  EXPECT_FLOAT_EQ(c.value().item(), 4);
  EXPECT_EQ(multi->iterations().value().item(), 2);
  for (const auto& o : multi->wrapped()) EXPECT_EQ(o->iterations().value().item(), 2);
  EXPECT_FLOAT_EQ(multi->scale_loss(Tensor::scalar(3.0f)).item(), 6);
  EXPECT_EQ(multi->place_of(c), 2u);
}

TEST(Multi, MapMatchesWholePaths) {
  Parts parts;
  auto map = parts.map();
  EXPECT_EQ(map->find("a/kernel"), parts.first.pointer());
  EXPECT_EQ(map->find("b/w"), parts.second.pointer());
  EXPECT_EQ(map->find("x/a/kernel"), parts.otherwise.pointer());
  map->set(".*/kernel", parts.second.pointer());
  EXPECT_THROW(map->find("a/kernel"), ValueError);
  EXPECT_THROW(map->set("b/w", parts.first.pointer()), ValueError);
  EXPECT_THROW(map->set("d", parts.multi()), ValueError);
  map->erase(".*/kernel");
  EXPECT_THROW(map->erase(".*/kernel"), KeyError);
}

TEST(Multi, ConfigFunctionsAndRefusals) {
  Parts parts;
  auto multi = parts.multi();
  Value config = serialize_object(multi);
  EXPECT_EQ(serialize_object(OptimizerRef::from(config).pointer()).repr(), config.repr());
  EXPECT_THROW(multi->learning_rate(), AttributeError);
  EXPECT_THROW(multi->set_learning_rate(0.1), AttributeError);
  EXPECT_EQ(optimizers_with_rates(*multi).size(), 3u);

  MultiOptimizer::Args args;
  args.optimizer_map = Value(
      select_by([&](const Variable& v) { return v.path() == "a" ? parts.first.pointer() : parts.second.pointer(); }));
  MultiOptimizer chosen(args);
  Variable a = variable({1}, "a"), b = variable({1}, "b");
  chosen.apply({Tensor::of<float>({1}), Tensor::of<float>({1})}, {a, b});
  EXPECT_FLOAT_EQ(a.value().item(), 0.9f);
  EXPECT_FLOAT_EQ(b.value().item(), 0);
  EXPECT_THROW(chosen.apply({Tensor::of<float>({1})}), ValueError);

  args.optimizer_map = Value(
      select_by([&](const Variable&) { return std::static_pointer_cast<Optimizer>(loss_scale(parts.first, 1, 1)); }));
  MultiOptimizer nested(args);
  EXPECT_THROW(nested.build({a}), ValueError);
  args.optimizer_map = Value(parts.first.pointer());
  MultiOptimizer none(args);
  EXPECT_THROW(none.build({a}), TypeError);
}

}  // namespace
}  // namespace lamina
