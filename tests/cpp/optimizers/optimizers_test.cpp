// Every optimizer against Keras: three steps from fixed values with fixed gradients, on both engines. The expected
// values and slot names are Keras 3.15.1's (JAX backend).
#include "backends/graph/function.h"
#include "optimizers/optimizer.h"
#include "support/data.h"

namespace lamina {
namespace {

struct Case {
  const char* name;
  Dict config;
  std::vector<float> expected;  // the matrix, then the vector
  std::vector<std::string> slots;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {"SGD",
       {{"learning_rate", 0.1}},
       {0.9400001, -2.12, 3.18, 0.26, 0.55, -1.36, -0.08333334, 0.3833334, -0.3916667},
       {}},
      {"SGD",
       {{"learning_rate", 0.1}, {"momentum", 0.9}},
       {0.9049, -2.1902, 3.2853, 0.1196, 0.7255, -1.5706, -0.2993333, 0.5993333, -0.4996667},
       {"dense_w_momentum", "dense_b_momentum"}},
      {"SGD",
       {{"learning_rate", 0.1}, {"momentum", 0.9}, {"nesterov", true}},
       {0.85441, -2.29118, 3.43677, -0.08236006, 0.97795, -1.87354, -0.4427333, 0.7427333, -0.5713667},
       {"dense_w_momentum", "dense_b_momentum"}},
      {"Adam",
       {{"learning_rate", 0.1}},
       {0.7076889, -2.292314, 3.292315, 0.207685, 0.5423152, -1.292315, -0.1805311, 0.4805311, -0.5805303},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity"}},
      {"Adam",
       {{"learning_rate", 0.1}, {"amsgrad", true}},
       {0.7076889, -2.292314, 3.292315, 0.207685, 0.5423152, -1.292315, -0.1805311, 0.4805311, -0.5805303},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity", "dense_w_velocity_hat",
        "dense_b_velocity_hat"}},
      {"AdamW",
       {{"learning_rate", 0.1}},
       {0.7066081, -2.289796, 3.288597, 0.2072038, 0.5418968, -1.290997, -0.1805338, 0.4801739, -0.5800532},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity"}},
      {"RMSprop",
       {{"learning_rate", 0.1}},
       {0.1390137, -2.861001, 3.861004, -0.3610048, 1.111005, -1.861005, -0.4621307, 0.7621307, -0.8621299},
       {"dense_w_velocity", "dense_b_velocity"}},
      {"RMSprop",
       {{"learning_rate", 0.1}, {"momentum", 0.9}, {"centered", true}},
       {-0.7958587, -3.795903, 4.795911, -1.295914, 2.045915, -2.795916, -1.2225, 1.5225, -1.622498},
       {"dense_w_velocity", "dense_b_velocity", "dense_w_momentum", "dense_b_momentum", "dense_w_average_gradient",
        "dense_b_average_gradient"}},
      {"Adagrad",
       {{"learning_rate", 0.1}},
       {0.8569719, -2.200337, 3.226903, 0.2587797, 0.4996387, -1.254917, -0.06595577, 0.3659558, -0.4485584},
       {"dense_w_accumulator", "dense_b_accumulator"}},
      {"Adadelta",
       {{"learning_rate", 0.1}},
       {0.9994624, -2.000538, 3.000538, 0.4994624, 0.2505376, -1.000538, 0.09970246, 0.2002975, -0.3002976},
       {"dense_w_accumulated_grad", "dense_w_accumulated_delta_var", "dense_b_accumulated_grad",
        "dense_b_accumulated_delta_var"}},
      {"Adamax",
       {{"learning_rate", 0.1}},
       {0.7546808, -2.245319, 3.245319, 0.2546806, 0.4953194, -1.245319, -0.1326702, 0.4326703, -0.5326703},
       {"dense_w_momentum", "dense_w_norm", "dense_b_momentum", "dense_b_norm"}},
      {"Nadam",
       {{"learning_rate", 0.1}},
       {0.7067677, -2.293232, 3.293232, 0.2067675, 0.5432324, -1.293233, -0.09928907, 0.3992891, -0.4992891},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity", "variable"}},
      {"Ftrl",
       {{"learning_rate", 0.1},
        {"l1_regularization_strength", 0.01},
        {"l2_regularization_strength", 0.02},
        {"beta", 0.1}},
       {-0.07697211, -0.4089186, 0.8604493, -0.05727025, 0.3233573, -0.6950715, -0.08721917, 0.2778617, -0.2444221},
       {"dense_w_accumulator", "dense_w_linear", "dense_b_accumulator", "dense_b_linear"}},
      {"Lion",
       {{"learning_rate", 0.1}},
       {0.6999999, -2.3, 3.3, 0.2, 0.55, -1.3, -0.2, 0.5, -0.6},
       {"dense_w_momentum", "dense_b_momentum"}},
      {"Lamb",
       {{"learning_rate", 0.1}},
       {0.4937083, -2.506292, 3.506292, -0.006291926, 0.7562919, -1.506292, 0.030792, 0.269208, -0.369208},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity"}},
      {"Adafactor",
       {{"learning_rate", 0.1}},
       {0.6784878, -2.492326, 3.592839, -0.04837318, 0.7748216, -1.505575, 0.05013324, 0.2498668, -0.3498668},
       {"w", "w", "dense_w_velocity", "b", "b", "dense_b_velocity"}},
      {"Muon",
       {{"learning_rate", 0.1}},
       {0.9452993, -2.020296, 3.040172, 0.4507675, 0.2894143, -1.042566, -0.1805338, 0.4801739, -0.5800532},
       {"dense_w_momentum", "dense_b_momentum", "dense_b_velocity"}},
      {"Muon",
       {{"learning_rate", 0.1}, {"nesterov", false}, {"rms_rate", Value()}, {"weight_decay", Value()}},
       {0.8454937, -2.065541, 3.126405, 0.3595533, 0.3646907, -1.126392, -0.1805338, 0.4801739, -0.5800532},
       {"dense_w_momentum", "dense_b_momentum", "dense_b_velocity"}},
      {"Muon",
       {{"learning_rate", 0.1}, {"exclude_layers", List{"dense"}}, {"adam_lr_ratio", 0.5}},
       {0.8527042, -2.143698, 3.142499, 0.353302, 0.3957985, -1.144899, -0.04032685, 0.339967, -0.4398466},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity"}},
      {"Muon",
       {{"learning_rate", 0.1},
        {"adam_weight_decay", Value()},
        {"weight_decay", 0.5},
        {"momentum", 0.5},
        {"ns_steps", 3}},
       {0.8036133, -1.735659, 2.613483, 0.3835373, 0.249128, -0.8951186, -0.1805311, 0.4805311, -0.5805303},
       {"dense_w_momentum", "dense_b_momentum", "dense_b_velocity"}},
      {"ScheduleFreeAdamW",
       {{"learning_rate", 0.1}},
       {0.7559362, -2.244064, 3.244064, 0.2559363, 0.4940637, -1.244064, -0.06407979, 0.3640798, -0.4640798},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity"}},
      {"ScheduleFreeAdamW",
       {{"learning_rate", 0.1}, {"beta_1", 0.8}, {"warmup_steps", 2}, {"weight_decay", 0.1}},
       {0.7835026, -2.186597, 3.176631, 0.2884858, 0.4540391, -1.196564, -0.01973383, 0.3167438, -0.4157472},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity"}},
      {"SGD",
       {{"learning_rate", 0.1}, {"clipnorm", 0.5}},
       {0.9842758, -2.031448, 3.047173, 0.4371029, 0.3286214, -1.094346, -7.450581e-09, 0.3, -0.3500001},
       {}},
      {"SGD",
       {{"learning_rate", 0.1}, {"global_clipnorm", 0.5}},
       {0.987146, -2.025708, 3.038562, 0.448584, 0.3142699, -1.077124, 0.05394078, 0.2460592, -0.3230296},
       {}},
      {"SGD",
       {{"learning_rate", 0.1}, {"clipvalue", 0.3}},
       {0.9400001, -2.08, 3.09, 0.41, 0.34, -1.09, 0.009999998, 0.29, -0.3716667},
       {}},
      {"Adam",
       {{"learning_rate", 0.1}, {"weight_decay", 0.1}},
       {0.680943, -2.229957, 3.200256, 0.1957897, 0.5319349, -1.259659, -0.180579, 0.4716688, -0.5686978},
       {"dense_w_momentum", "dense_w_velocity", "dense_b_momentum", "dense_b_velocity"}},
      {"SGD",
       {{"learning_rate", 0.1}, {"use_ema", true}, {"ema_momentum", 0.5}, {"ema_overwrite_frequency", 2}},
       {0.95, -2.1, 3.15, 0.3, 0.5, -1.3, -0.05833334, 0.3583333, -0.3791667},
       {"dense_w_average", "dense_b_average"}},
      {"Adam",
       {{"learning_rate", 0.1}, {"gradient_accumulation_steps", 2}},
       {0.9000028, -2.099998, 3.099999, 0.4000012, 0.3499989, -1.099999, 1.087785e-06, 0.2999989, -0.3999985},
       {"dense_w_gradient_accumulator", "dense_b_gradient_accumulator", "dense_w_momentum", "dense_w_velocity",
        "dense_b_momentum", "dense_b_velocity"}},
      {"SGD",
       {{"learning_rate", 0.1}, {"loss_scale_factor", 4.0}},
       {0.985, -2.03, 3.045, 0.44, 0.325, -1.09, 0.05416667, 0.2458334, -0.3229167},
       {}},
  };
  return list;
}

struct Outcome {
  std::vector<float> values;
  std::vector<std::string> slots;
};

Outcome run(const Case& c, Function::Mode mode) {
  Variable w(Tensor::of<float>({1, -2, 3, 0.5, 0.25, -1}, {2, 3}), {.name = "w"}),
      b(Tensor::of<float>({0.1f, 0.2f, -0.3f}), {.name = "b"});
  w.state().path = "dense/w";
  b.state().path = "dense/b";
  OptimizerRef optimizer = OptimizerRef::make(c.name, c.config);
  Function step(
      [&](std::span<const Tensor> g) -> Tensors {
        optimizer->apply({g[0], g[1]}, {w, b});
        return {};
      },
      "step", mode);
  for (int k = 1; k <= 3; ++k) {
    Tensor gw = prim::multiply(Tensor::of<float>({0.1f, 0.2f, -0.3f, 0.4f, -0.5f, 0.6f}, {2, 3}), k);
    step({gw, prim::multiply(Tensor::of<float>({1, -1, 0.5}), 1.0 / k)});
  }
  EXPECT_EQ(optimizer->iterations().value().item(), 3);
  Outcome out{w.value().to_vector<float>(), {}};
  for (float x : b.value().to_vector<float>()) out.values.push_back(x);
  for (size_t i = 2; i < optimizer->variables().size(); ++i) {
    const std::string& path = optimizer->variables()[i].path();
    out.slots.push_back(path.substr(path.find('/') + 1));
  }
  return out;
}

class AgainstKeras : public ::testing::TestWithParam<Function::Mode> {};

TEST_P(AgainstKeras, ThreeSteps) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(text(c.name, " ", Value(c.config).repr()));
    Outcome got = run(c, GetParam());
    EXPECT_EQ(got.slots, c.slots);
    ASSERT_EQ(got.values.size(), c.expected.size());
    for (size_t i = 0; i < c.expected.size(); ++i) EXPECT_NEAR(got.values[i], c.expected[i], 2e-5) << "element " << i;
  }
}
INSTANTIATE_TEST_SUITE_P(Engines, AgainstKeras, ::testing::Values(Function::Mode::eager, Function::Mode::graph));

TEST(Optimizer, ConfigRoundTrip) {
  for (const Case& c : cases()) {
    OptimizerRef first = OptimizerRef::make(c.name, c.config);
    Value config = serialize_object(first.pointer());
    OptimizerRef second = OptimizerRef::from(config);
    EXPECT_EQ(serialize_object(second.pointer()).repr(), config.repr());
  }
}

TEST(Optimizer, LearningRateMayBeAScheduleOrSet) {
  OptimizerRef fixed = OptimizerRef::make("SGD", {{"learning_rate", 0.5}});
  fixed->set_learning_rate(0.25);
  EXPECT_FLOAT_EQ(fixed->learning_rate().item(), 0.25f);
  EXPECT_EQ(fixed->variables().size(), 2u);
  Dict schedule{{"module", "keras.optimizers.schedules"},
                {"class_name", "InverseTimeDecay"},
                {"registered_name", Value()},
                {"config", Dict{{"initial_learning_rate", 1.0}, {"decay_steps", 1}, {"decay_rate", 1.0}}}};
  OptimizerRef falling = OptimizerRef::make("SGD", {{"learning_rate", schedule}});
  EXPECT_TRUE(falling->has_schedule());
  EXPECT_EQ(falling->variables().size(), 1u);
  Variable w(Tensor::of<float>({0}));
  for (int i = 0; i < 3; ++i) falling->apply({Tensor::of<float>({1})}, {w});
  EXPECT_FLOAT_EQ(w.value().item(), -(1.0f + 1.0f / 2 + 1.0f / 3));
  EXPECT_THROW(falling->set_learning_rate(0.1), TypeError);
}

TEST(Optimizer, Refuses) {
  EXPECT_THROW(OptimizerRef::make("SGD", {{"learning_rate", "fast"}}), Error);
  EXPECT_THROW(OptimizerRef::make("SGD", {{"clipnorm", 1.0}, {"clipvalue", 1.0}}), Error);
  EXPECT_THROW(OptimizerRef::make("SGD", {{"gradient_accumulation_steps", 1}}), Error);
  OptimizerRef o = OptimizerRef::make("SGD");
  Variable known(Tensor::of<float>({1})), unknown(Tensor::of<float>({1}));
  EXPECT_THROW(o->apply({Tensor()}, {known}), ValueError);
  EXPECT_THROW(o->apply({Tensor::of<float>({1})}, {unknown}), ValueError);
}

TEST(Optimizer, ArgumentsByName) {
  OptimizerRef o = OptimizerRef::make("SGD", {{"learning_rate", 1.0}, {"clipnorm", 4.0}});
  EXPECT_EQ(o->arguments().at("clipnorm").as_number(), 4);
  o->set_argument("clipnorm", 0.5);
  EXPECT_NEAR(o->clip_gradients({Tensor::of<float>({3, 4})})[0].at(0), 0.3, 1e-6);
  EXPECT_EQ(o->get_config().at("clipnorm").as_number(), 0.5);
  EXPECT_THROW(o->set_argument("clipvalue", 1.0), ValueError);  // together with clipnorm
  EXPECT_THROW(o->set_argument("clip", 1.0), TypeError);
  Variable w(Tensor::of<float>({1}));
  o->build({w});
  EXPECT_THROW(o->set_argument("use_ema", true), ValueError);
}

TEST(Optimizer, ExcludesFromWeightDecay) {
  OptimizerRef o = OptimizerRef::make("AdamW", {{"learning_rate", 0.1}, {"weight_decay", 0.5}});
  Variable kernel(Tensor::of<float>({1}), {.name = "kernel"}), bias(Tensor::of<float>({1}), {.name = "bias"});
  o->exclude_from_weight_decay({}, {"bias"});
  Tensor none = Tensor::of<float>({0});
  o->apply({none, none}, {kernel, bias});
  EXPECT_FLOAT_EQ(kernel.value().item(), 0.95f);
  EXPECT_FLOAT_EQ(bias.value().item(), 1);
}

}  // namespace
}  // namespace lamina
