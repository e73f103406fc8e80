#include "layers/constraints/constraint.h"
#include "layers/initializers/initializer.h"
#include "layers/regularizers/regularizer.h"
#include "support/data.h"

namespace lamina {
namespace {

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};
Moments moments(const Tensor& x) {
  Moments m;
  for (int64_t i = 0; i < x.size(); ++i) m.mean += x.at(i) / static_cast<double>(x.size());
  for (int64_t i = 0; i < x.size(); ++i) {
    m.deviation += (x.at(i) - m.mean) * (x.at(i) - m.mean) / static_cast<double>(x.size());
    m.largest = std::max(m.largest, std::abs(x.at(i)));
  }
  m.deviation = std::sqrt(m.deviation);
  return m;
}

TEST(Initializer, Distributions) {
  struct Case {
    const char* name;
    double deviation;  // for a kernel (3, 100, 200): fan_in 300, fan_out 600
    double largest;
  };
  const Shape shape{3, 100, 200};
  const double cut = 2 / .87962566103423978;  // truncated normal: two deviations of the uncut one
  for (const Case& c :
       std::initializer_list<Case>{{"GlorotUniform", std::sqrt(2.0 / 900), std::sqrt(6.0 / 900)},
                                   {"GlorotNormal", std::sqrt(2.0 / 900), cut * std::sqrt(2.0 / 900)},
                                   {"HeUniform", std::sqrt(2.0 / 300), std::sqrt(6.0 / 300)},
                                   {"HeNormal", std::sqrt(2.0 / 300), cut * std::sqrt(2.0 / 300)},
                                   {"LecunUniform", std::sqrt(1.0 / 300), std::sqrt(3.0 / 300)},
                                   {"LecunNormal", std::sqrt(1.0 / 300), cut * std::sqrt(1.0 / 300)},
                                   {"VarianceScaling", std::sqrt(1.0 / 300), cut * std::sqrt(1.0 / 300)},
                                   {"RandomUniform", 0.1 / std::sqrt(12.0), 0.05},
                                   {"RandomNormal", 0.05, 1},
                                   {"TruncatedNormal", 0.05 * .87962566103423978, 0.1}}) {
    SCOPED_TRACE(c.name);
    InitializerRef initializer = InitializerRef::make(c.name, {{"seed", 7}});
    Tensor x = (*initializer)(shape);
    Moments m = moments(x);
    EXPECT_NEAR(m.mean, 0, 4 * c.deviation / std::sqrt(60000.0));
    EXPECT_NEAR(m.deviation, c.deviation, 0.02 * c.deviation);
    EXPECT_LE(m.largest, c.largest * (1 + 1e-6));
    EXPECT_EQ((*initializer)(shape).to_vector<float>(), x.to_vector<float>());  // an int seed: the same each time
    EXPECT_EQ((*initializer)({4}, DType::float16).dtype(), DType::float16);
    Value config = serialize_object(InitializerRef::make(c.name).pointer());
    EXPECT_TRUE(config.as_dict().at("config").as_dict().at("seed").is_none());
    EXPECT_NE((*InitializerRef::make(c.name))(shape).to_vector<float>(),
              (*InitializerRef::make(c.name))(shape).to_vector<float>());
  }
  EXPECT_THROW(InitializerRef::make("VarianceScaling", {{"scale", 0.0}}), Error);
  EXPECT_THROW(InitializerRef::make("VarianceScaling", {{"mode", "fan"}}), Error);
}

TEST(Initializer, Fixed) {
  EXPECT_THAT((*InitializerRef("ones"))({2}).to_vector<float>(), ::testing::ElementsAre(1, 1));
  EXPECT_THAT((*InitializerRef::make("Constant", {{"value", 2.5}}))({2}, DType::float64).to_vector<double>(),
              ::testing::ElementsAre(2.5, 2.5));
  EXPECT_THAT((*InitializerRef::make("Identity", {{"gain", 2.0}}))({2, 3}).to_vector<float>(),
              ::testing::ElementsAre(2, 0, 0, 0, 2, 0));
  EXPECT_THROW((*InitializerRef("identity"))({2}), ValueError);
}

TEST(Initializer, ConstantTensor) {
  InitializerRef initializer = InitializerRef::make("Constant", {{"value", Tensor::of<float>({1, 2})}});
  Value config = serialize_object(initializer.pointer());
  EXPECT_THAT((*InitializerRef::from(config))({2, 2}).to_vector<float>(), ::testing::ElementsAre(1, 2, 1, 2));
  EXPECT_EQ(serialize_object(InitializerRef::from(config).pointer()).repr(), config.repr());
}

TEST(Initializer, FourierKernels) {  // Keras 3.15.1's values
  const double h = std::sqrt(0.5), third = 1.0 / 3;
  struct Case {
    Dict config;
    std::vector<double> expected;  // (4, 1, 3)
  };
  for (const Case& c : std::initializer_list<Case>{
           {{{"side", "real"}, {"window", "hann"}, {"scaling", "density"}}, {0, 0, 0, h, 0, -h, h, -h, h, 0, 0, 0}},
           {{{"side", "imag"}, {"window", "tukey"}, {"scaling", "spectrum"}, {"periodic", true}},
            {0, 0, 0, 0, -third, 0, 0, 0, 0, 0, third, 0}},
           {{{"side", "real"}, {"window", List{1, 2, 3, 4}}, {"scaling", Value()}},
            {1, 1, 1, 2, 0, -2, 3, -3, 3, 4, 0, -4}},
           {{{"side", "imag"}, {"window", Value()}}, {0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0}}}) {
    InitializerRef initializer = InitializerRef::make("STFT", c.config);
    Tensor x = (*initializer)({4, 1, 3}, DType::float64);
    for (int64_t i = 0; i < 12; ++i)
      EXPECT_NEAR(x.at(i), c.expected[static_cast<size_t>(i)], 1e-7) << Value(c.config).repr() << " element " << i;
    Value config = serialize_object(initializer.pointer());
    EXPECT_EQ(serialize_object(InitializerRef::from(config).pointer()).repr(), config.repr());
  }
  EXPECT_THROW(InitializerRef::make("STFT", {{"side", "imaginary"}}), Error);
  EXPECT_THROW(InitializerRef::make("STFT", {{"window", "unknown"}}), Error);
  EXPECT_THROW(InitializerRef::make("STFT", {{"scaling", "l2"}}), Error);
  EXPECT_THROW((*InitializerRef::make("STFT", {{"window", List{1, 2}}}))({4, 1, 3}), ValueError);
}

TEST(Initializer, OrthogonalColumns) {
  for (Shape shape : {Shape{20, 6}, Shape{6, 20}, Shape{2, 5, 4}}) {
    Tensor q = (*InitializerRef::make("Orthogonal", {{"seed", 3}}))(shape, DType::float64);
    int64_t columns = shape.back(), rows = q.size() / columns;
    Tensor m = prim::reshape(q, {rows, columns});
    Tensor products = rows >= columns ? prim::matmul(m, m, true, false) : prim::matmul(m, m, false, true);
    for (int64_t i = 0; i < products.size(); ++i)
      EXPECT_NEAR(products.at(i), i % (products.shape()[0] + 1) == 0 ? 1 : 0, 1e-12);
  }
}

TEST(Regularizer, Values) {
  Tensor x = Tensor::of<float>({1, -2, 3, -4}, {2, 2});
  EXPECT_FLOAT_EQ((*RegularizerRef::make("L1", {{"l1", 0.1}}))(x).item(), 1);
  EXPECT_FLOAT_EQ((*RegularizerRef::make("L2", {{"l2", 0.1}}))(x).item(), 3);
  EXPECT_FLOAT_EQ((*RegularizerRef::make("L1L2", {{"l1", 0.1}, {"l2", 0.1}}))(x).item(), 4);
  EXPECT_FLOAT_EQ((*RegularizerRef("l2"))(x).item(), 0.3f);
  // The cosine of the rows (1, -2) and (3, -4) is 11 / sqrt(125).
  EXPECT_NEAR((*RegularizerRef::make("OrthogonalRegularizer", {{"factor", 1.0}}))(x).item(), 11 / std::sqrt(125.0),
              1e-5);
  EXPECT_THROW(RegularizerRef::make("L1", {{"l1", -1.0}}), Error);
}

TEST(Callables, AreRegularizersAndConstraints) {
  ObjectPtr twice =
      make_callable("twice", [](List args, Dict) -> Value { return prim::multiply(args[0].as_tensor(), 2); });
  Tensor x = Tensor::of<float>({1, -2});
  EXPECT_THAT((*ConstraintRef::from(Value(twice)))(x).to_vector<float>(), ::testing::ElementsAre(2, -4));
  EXPECT_THAT((*RegularizerRef::from(Value(twice)))(x).to_vector<float>(), ::testing::ElementsAre(2, -4));
  EXPECT_EQ(ConstraintRef::from(Value(twice))->class_name(), "function");
  EXPECT_THROW(ConstraintRef::from(Value(InitializerRef("ones").pointer())), TypeError);
}

TEST(Constraint, Values) {
  Tensor w = Tensor::of<float>({3, 0.3f, 4, 0.4f}, {2, 2});  // columns of length 5 and 0.5
  auto columns = [&](const ConstraintRef& c) { return (*c)(w).to_vector<float>(); };
  using ::testing::FloatNear;
  EXPECT_THAT(columns(ConstraintRef("max_norm")),
              ::testing::ElementsAre(FloatNear(1.2f, 1e-5f), FloatNear(0.3f, 1e-5f), FloatNear(1.6f, 1e-5f),
                                     FloatNear(0.4f, 1e-5f)));
  EXPECT_THAT(columns(ConstraintRef("unit_norm")),
              ::testing::ElementsAre(FloatNear(0.6f, 1e-5f), FloatNear(0.6f, 1e-5f), FloatNear(0.8f, 1e-5f),
                                     FloatNear(0.8f, 1e-5f)));
  EXPECT_THAT(columns(ConstraintRef::make("MinMaxNorm", {{"min_value", 1.0}, {"max_value", 2.0}, {"rate", 0.5}})),
              ::testing::ElementsAre(FloatNear(2.1f, 1e-5f), FloatNear(0.45f, 1e-5f), FloatNear(2.8f, 1e-5f),
                                     FloatNear(0.6f, 1e-5f)));
  EXPECT_THAT((*ConstraintRef("non_neg"))(Tensor::of<float>({-1, 2})).to_vector<float>(), ::testing::ElementsAre(0, 2));
}

}  // namespace
}  // namespace lamina
