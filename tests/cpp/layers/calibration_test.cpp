// GPTQ and AWQ without Python: their steps, and whole models in files.
#include <cmath>
#include <filesystem>

#include "api/functional.h"
#include "api/quantize.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/core/dense.h"
#include "layers/core/input_layer.h"
#include "serialization/models/model_io.h"

namespace lamina {
namespace {

constexpr int64_t kInputs = 24, kOutputs = 6;

// Numbers between -1 and 1 that look like chance.
Tensor numbers(const Shape& shape, double seed) {
  const Tensor t = Tensor::empty(shape, DType::float32);
  float* to = t.mutable_data<float>();
  for (int64_t i = 0; i < t.size(); ++i)
    to[i] = static_cast<float>(std::sin(12.9898 * static_cast<double>(i + 1) * (seed + 1.7)));
  return t;
}
Tensor identity(int64_t n) {
  const Tensor t = Tensor::empty({n, n}, DType::float32);
  for (int64_t i = 0; i < n * n; ++i) t.mutable_data<float>()[i] = i % (n + 1) == 0;
  return t;
}
// What the integers stand for, as a kernel.
Tensor kernel_of(const CalibratedMatrix& m) {
  Tensor matrix = ops::dequantize_groups(m.values, m.scale, m.zero, m.groups, -1);
  if (m.input_scales.defined()) matrix = ops::divide(matrix, m.input_scales);
  return prim::transpose(matrix, {1, 0});
}
double error(const Tensor& x, const Tensor& kernel, const Tensor& other) {
  const Tensor apart = ops::subtract(ops::matmul(x, kernel), ops::matmul(x, other));
  return ops::mean(ops::square(apart)).data<float>()[0];
}
template <class T>
void expect_equal(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  for (int64_t i = 0; i < a.size(); ++i) EXPECT_EQ(a.data<T>()[i], b.data<T>()[i]) << "at " << i;
}

TEST(Gptq, WithoutCorrectionRoundsToTheNearest) {
  const Tensor kernel = numbers({kInputs, kOutputs}, 0);
  for (int64_t bits : {2, 3, 4, 8})
    for (int64_t group : {-1, 8, 12, 100}) {
      GPTQRounding how;
      how.range.bits = bits, how.range.group_size = group, how.block = 7;
      const CalibratedMatrix made = gptq_quantize(kernel, identity(kInputs), how);
      const int64_t groups = group == -1 ? 1 : (kInputs + group - 1) / group;
      EXPECT_EQ(made.scale.shape(), (Shape{kOutputs, groups}));
      EXPECT_EQ(made.zero.dtype(), DType::uint8);
      const Tensor again = kernel_of(made);
      for (int64_t i = 0; i < kInputs; ++i)
        for (int64_t o = 0; o < kOutputs; ++o) {
          const float scale = made.scale.data<float>()[o * groups + static_cast<int64_t>(made.groups.data<float>()[i])];
          EXPECT_LE(std::abs(again.data<float>()[i * kOutputs + o] - kernel.data<float>()[i * kOutputs + o]),
                    0.51f * scale);
        }
    }
}

TEST(Gptq, MakesUpForErrors) {
  const Tensor kernel = numbers({kInputs, kOutputs}, 0);
  const Tensor z = numbers({400, kInputs}, 1), x = ops::add(z, ops::multiply(ops::roll(z, {1}, {{1}}), 0.5));
  GPTQArgs args;
  args.weight_bits = 3, args.group_size = 8;
  for (bool order : {false, true}) {
    args.activation_order = order;
    const auto calibration = GPTQConfig(args).calibration(kInputs);
    calibration->observe(x);
    EXPECT_EQ(calibration->samples(), 400);
    const double found = error(x, kernel, kernel_of(calibration->quantize(kernel)));
    calibration->set_statistics(identity(kInputs));
    EXPECT_LT(found, 0.9 * error(x, kernel, kernel_of(calibration->quantize(kernel))));
  }
}

TEST(Gptq, TheOrderOfInputsThatDoNotMeetIsNoMatter) {
  const Tensor kernel = numbers({kInputs, kOutputs}, 0);
  Tensor hessian = identity(kInputs);
  for (int64_t i = 0; i < kInputs; ++i)
    hessian.mutable_data<float>()[i * kInputs + i] = static_cast<float>(1 + i * 7 % 5);
  GPTQArgs args;
  args.group_size = -1;
  std::vector<CalibratedMatrix> made;
  for (bool order : {false, true}) {
    args.activation_order = order;
    const auto calibration = GPTQConfig(args).calibration(kInputs);
    calibration->set_statistics(hessian);
    made.push_back(calibration->quantize(kernel));
  }
  expect_equal<uint8_t>(made[0].values, made[1].values);
  expect_equal<float>(made[0].scale, made[1].scale);
}

TEST(Gptq, NeedsAnInverse) {
  GPTQArgs args;
  args.hessian_damping = 0;
  const auto calibration = GPTQConfig(args).calibration(kInputs);
  calibration->observe(prim::full({5, kInputs}, 1, DType::float32));
  EXPECT_THROW(calibration->quantize(numbers({kInputs, kOutputs}, 0)), ValueError);
  EXPECT_THROW(calibration->observe(numbers({5, kInputs + 1}, 0)), ValueError);
}

TEST(Awq, ScalesInputsThatAreGreat) {
  const Tensor kernel = numbers({kInputs, kOutputs}, 0), even = prim::full({kInputs}, 3, DType::float32);
  for (int64_t i = 0; i < kInputs; ++i) EXPECT_FLOAT_EQ(awq_scales(kernel, even, 10, 8).data<float>()[i], 1);
  Tensor x = numbers({300, kInputs}, 1);
  for (int64_t i = 0; i < x.size(); ++i)
    if (i % kInputs % 4 == 0) x.mutable_data<float>()[i] *= 30;
  AWQArgs args;
  args.group_size = 8;
  const auto calibration = AWQConfig(args).calibration(kInputs);
  calibration->observe(x);
  const CalibratedMatrix made = calibration->quantize(kernel);
  EXPECT_GT(made.input_scales.data<float>()[0], 1.5f * made.input_scales.data<float>()[1]);
  const double found = error(x, kernel, kernel_of(made));
  calibration->set_statistics(even);
  EXPECT_LT(found, 0.7 * error(x, kernel, kernel_of(calibration->quantize(kernel))));
}

TEST(Calibration, SamplesAreWindows) {
  GPTQArgs args;
  args.num_samples = 3, args.sequence_length = 4;
  const GPTQConfig config(args);
  const auto first = [&](const std::vector<int32_t>& tokens, int64_t offset) {
    std::vector<int32_t> out;
    for (const Tensor& t : calibration_samples(tokens, config, offset)) {
      EXPECT_EQ(t.shape(), (Shape{1, 4}));
      for (int64_t i = 1; i < 4; ++i)
        EXPECT_EQ(t.data<int32_t>()[i], tokens[static_cast<size_t>(t.data<int32_t>()[0] + i) % tokens.size()]);
      out.push_back(t.data<int32_t>()[0]);
    }
    return out;
  };
  std::vector<int32_t> tokens(18);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i);
  EXPECT_THAT(first(tokens, 0), ::testing::ElementsAre(0, 5, 10));
  EXPECT_THAT(first(tokens, 9), ::testing::ElementsAre(9, 14, 4));
  EXPECT_THAT(first({0, 1, 2, 3, 4}, 0), ::testing::ElementsAre(0, 4, 3));  // 15 tokens, at 0, 4 and 8
  EXPECT_THROW(calibration_samples({}, config), ValueError);
}

TEST(Calibration, ModelsAreQuantizedAndComeBackFromFiles) {
  const std::string path = std::filesystem::path(::testing::TempDir()) / "lamina_calibrated_model.keras";
  const bool before = settings().graph_engine();
  for (bool graph : {true, false})
    for (bool gptq : {true, false}) {
      settings().set_graph_engine(graph);
      const Tensor input = Input({kInputs});
      Dense first({.units = 16, .activation = "relu"}), second({.units = 12}), head({.units = 3});
      const Tensor out = head(second(first(input)));
      const auto made = std::make_shared<Model>(Value(input), Value(out));
      Model& model = *made;
      const Tensor x = numbers({40, kInputs}, 1);
      const Tensor expected = model.predict(Value(x), {.verbose = 0}).as_tensor();
      std::shared_ptr<CalibratedConfig> config;
      if (gptq)
        config = std::make_shared<GPTQConfig>();
      else
        config = std::make_shared<AWQConfig>();
      quantize_calibrated(model, config, {{}, {first, second}}, {x});
      EXPECT_EQ(settings().graph_engine(), graph);
      EXPECT_TRUE(first->calibrated() && second->calibrated());
      EXPECT_EQ(head->quantization_mode(), "");
      EXPECT_EQ(first->policy().name(), gptq ? "gptq/4/128_from_float32" : "awq/4/128_from_float32");
      const Tensor found = model.predict(Value(x), {.verbose = 0}).as_tensor();
      double apart = 0;
      for (int64_t i = 0; i < found.size(); ++i)
        apart = std::max(apart, static_cast<double>(std::abs(found.data<float>()[i] - expected.data<float>()[i])));
      EXPECT_GT(apart, 0);
      EXPECT_LT(apart, 0.3);
      save_model(model, path);
      const Tensor loaded = load_model(path)->predict(Value(x), {.verbose = 0}).as_tensor();
      expect_equal<float>(loaded, found);
      EXPECT_THROW(quantize_calibrated(model, config, {{}, {first}}, {x}), ValueError);  // once
      EXPECT_THROW(quantize_calibrated(model, config, {{}, {}}, {x}), ValueError);
    }
  settings().set_graph_engine(before);
}

}  // namespace
}  // namespace lamina
