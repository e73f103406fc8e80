// Every loss against Keras, on both engines, and its gradient against central differences in float64. The expected
// values are Keras 3.15.1's (JAX backend).
#include "backends/core/autodiff.h"
#include "backends/graph/function.h"
#include "losses/loss.h"
#include "support/batches.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::batch;
constexpr double none = -1e30;  // Keras refuses the weights

struct Case {
  const char* name;
  Dict config;
  const char *y_true, *y_pred;
  double plain, weighted, summed;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {"MeanSquaredError", {}, "reg_t", "reg_p", 0.305, 0.7883334, 0.61},
      {"MeanAbsoluteError", {}, "reg_t", "reg_p", 0.4833333, 1.116667, 0.9666667},
      {"MeanAbsolutePercentageError", {}, "reg_t", "reg_p", 128.8889, 312.2222, 257.7778},
      {"MeanSquaredLogarithmicError", {}, "reg_t", "reg_p", 0.07351939, 0.1957105, 0.1470388},
      {"Huber", {{"delta", 0.4}}, "reg_t", "reg_p", 0.1183333, 0.2933333, 0.2366667},
      {"LogCosh", {}, "reg_t", "reg_p", 0.1387634, 0.3548491, 0.2775268},
      {"CosineSimilarity", {}, "reg_t", "reg_p", -0.8751717, -1.687978, -1.750343},
      {"CosineSimilarity", {{"axis", 0}}, "reg_t", "reg_p", -0.8835621, none, -2.650686},
      {"Hinge", {}, "bin_t", "bin_p", 0.8, 1.7, 1.6},
      {"SquaredHinge", {}, "bin_t", "bin_p", 0.9008334, 2.0725, 1.801667},
      {"CategoricalHinge", {}, "cat_t", "cat_p", 0.95, 2.15, 1.9},
      {"Poisson", {}, "bin_t", "bin_p", 0.6963876, 1.231508, 1.392775},
      {"KLDivergence", {}, "dist_t", "cat_p", 0.189712, 0.383038, 0.379424},
      {"BinaryCrossentropy", {}, "bin_t", "bin_p", 0.4085451, 0.7269323, 0.8170903},
      {"BinaryCrossentropy",
       {{"from_logits", true}, {"label_smoothing", 0.1}},
       "bin_t",
       "log_p",
       0.9458245,
       1.574385,
       1.891649},
      {"BinaryFocalCrossentropy",
       {{"apply_class_balancing", true}, {"gamma", 1.5}},
       "bin_t",
       "bin_p",
       0.06360421,
       0.1454512,
       0.1272084},
      {"BinaryFocalCrossentropy", {{"from_logits", true}}, "bin_t", "log_p", 0.4778412, 0.6270168, 0.9556823},
      {"CategoricalCrossentropy", {}, "cat_t", "cat_p", 0.8573992, 2.061372, 1.714798},
      {"CategoricalCrossentropy",
       {{"from_logits", true}, {"label_smoothing", 0.2}},
       "cat_t",
       "log_p",
       2.05612,
       3.030429,
       4.11224},
      {"CategoricalFocalCrossentropy", {}, "cat_t", "cat_p", 0.08395984, 0.2314465, 0.1679197},
      {"CategoricalFocalCrossentropy",
       {{"from_logits", true}, {"alpha", 0.5}},
       "cat_t",
       "log_p",
       0.907674,
       1.074484,
       1.815348},
      {"SparseCategoricalCrossentropy", {}, "sp_t", "cat_p", 1.060132, 2.66957, 2.120264},
      {"SparseCategoricalCrossentropy",
       {{"from_logits", true}, {"ignore_class", 2}},
       "sp_t",
       "log_p",
       3.504597,
       3.504597,
       3.504597},
      {"Circle", {{"gamma", 2.0}, {"margin", 0.3}}, "emb_t", "emb_p", 1.422548, none, 5.69019},
      {"Circle",
       {{"gamma", 2.0}, {"margin", 0.3}, {"remove_diagonal", false}},
       "emb_t",
       "emb_p",
       1.839231,
       none,
       7.356922},
      {"CategoricalGeneralizedCrossEntropy", {}, "sp_t", "cat_p", 0.7781897, 1.883763, 1.556379},
      {"CategoricalGeneralizedCrossEntropy", {{"q", 0.2}}, "sp_t", "cat_p", 0.9308498, 2.306952, 1.8617},
      {"CTC", {}, "seq_t", "seq_p", 2.378189, 4.786322, 4.756378},
      {"Dice", {}, "bin_t", "bin_p", 0.3103449, 0.6206897, 0.3103449},
      {"Dice", {{"axis", 1}}, "bin_t", "bin_p", 0.3066667, 0.5866667, 0.6133333},
      {"Tversky", {{"alpha", 0.3}, {"beta", 0.7}}, "bin_t", "bin_p", 0.3006993, 0.6013986, 0.3006993},
  };
  return list;
}

double close(double expected) { return 1e-5 * std::max(1.0, std::abs(expected)); }

class Losses : public ::testing::TestWithParam<Function::Mode> {};

TEST_P(Losses, AgreeWithKeras) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(text(c.name, " ", Value(c.config).repr()));
    LossRef loss = LossRef::make(c.name, c.config);
    Function f(
        [&](std::span<const Tensor> in) -> Tensors {
          return {(*loss)(in[0], in[1], in.size() > 2 ? in[2] : Tensor())};
        },
        "loss", GetParam());
    EXPECT_NEAR(f({batch(c.y_true), batch(c.y_pred)})[0].item(), c.plain, close(c.plain));
    if (c.weighted != none) {
      EXPECT_NEAR(f({batch(c.y_true), batch(c.y_pred), batch("w2")})[0].item(), c.weighted, close(c.weighted));
    }
    Dict config = c.config;
    config.set("reduction", "sum");
    EXPECT_NEAR((*LossRef::make(c.name, config))(batch(c.y_true), batch(c.y_pred)).item(), c.summed, close(c.summed));
  }
}
INSTANTIATE_TEST_SUITE_P(Engines, Losses, ::testing::Values(Function::Mode::eager, Function::Mode::graph));

TEST(Loss, GradientsAgreeWithDifferences) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(text(c.name, " ", Value(c.config).repr()));
    Dict config = c.config;
    config.set("dtype", "float64");
    LossRef loss = LossRef::make(c.name, config);
    Tensor t = prim::cast(batch(c.y_true), DType::float64), p = prim::cast(batch(c.y_pred), DType::float64);
    Tensor g;
    {
      TapeScope tape;
      Tensor value = (*loss)(t, p);
      g = gradients(std::vector<Tensor>{value}, std::vector<GradientSource>{p})[0];
    }
    for (int64_t i = 0; i < p.size(); ++i) {
      constexpr double h = 1e-5;
      auto at = [&](double shift) {
        std::vector<double> moved = p.to_vector<double>();
        moved[static_cast<size_t>(i)] += shift;
        return (*loss)(t, Tensor::of(moved, p.shape())).item();
      };
      double slope = (at(h) - at(-h)) / (2 * h);
      EXPECT_NEAR(g.at(i), slope, 1e-6 * std::max(1.0, std::abs(slope))) << "element " << i;
    }
  }
}

TEST(Loss, MasksCountAsWeights) {
  LossRef loss = LossRef::make("MeanSquaredError");
  Tensor t = Tensor::of<float>({0, 0, 0, 0}, {2, 2}), p = Tensor::of<float>({1, 1, 3, 5}, {2, 2});
  Tensor mask = prim::cast(Tensor::of<int32_t>({1, 0}), DType::boolean);
  p.set_mask(mask);
  EXPECT_FLOAT_EQ((*loss)(t, p).item(), 1);  // the mean over the row that counts
  EXPECT_FLOAT_EQ((*loss)(t, p, Tensor::of<float>({3, 7})).item(), 3);
  p.set_mask(prim::cast(Tensor::of<int32_t>({0, 0}), DType::boolean));
  EXPECT_FLOAT_EQ((*loss)(t, p).item(), 0);
  EXPECT_FLOAT_EQ((*LossRef::make("MeanSquaredError", {{"reduction", "mean_with_sample_weight"}}))(
                      t, Tensor::of<float>({1, 1, 3, 5}, {2, 2}), Tensor::of<float>({1, 3}))
                      .item(),
                  13);
}

TEST(Loss, CirclesOfOneLabelAreMasked) {
  // Two samples of one label each: no pair of other labels for the first case, no pair of one label for the second.
  Tensor p = Tensor::of<float>({0.6f, 0.8f, 1, 0}, {2, 2});
  for (std::vector<float> labels : {std::vector<float>{1, 1}, std::vector<float>{0, 1}}) {
    Tensor value, g;
    {
      TapeScope tape;
      value = (*LossRef("circle"))(Tensor::of(labels), p);
      g = gradients(std::vector<Tensor>{value}, std::vector<GradientSource>{p})[0];
    }
    EXPECT_EQ(value.item(), 0);
    EXPECT_THAT(g.to_vector<float>(), ::testing::Each(0));
  }
}

TEST(Loss, RefusesShapesAndArguments) {
  EXPECT_THROW(LossRef::make("CategoricalGeneralizedCrossEntropy", {{"q", 1.0}}), Error);
  EXPECT_THROW((*LossRef("ctc"))(batch("sp_t"), batch("seq_p")), Error);
  EXPECT_THROW((*LossRef("ctc"))(batch("seq_t"), batch("cat_p")), Error);
}

TEST(Loss, ConfigRoundTrip) {
  for (const Case& c : cases()) {
    Value config = serialize_object(LossRef::make(c.name, c.config).pointer());
    EXPECT_EQ(serialize_object(LossRef::from(config).pointer()).repr(), config.repr());
  }
  EXPECT_EQ(LossRef("mse")->name(), "mean_squared_error");
  EXPECT_THROW(LossRef::make("MeanSquaredError", {{"reduction", "all"}}), Error);
  EXPECT_THROW(LossRef("mean_sqared_error"), ValueError);
}

}  // namespace
}  // namespace lamina
