// Every metric against Keras, on both engines: two updates, the second with the labels reversed. The expected values
// and variable names are Keras 3.15.1's (JAX backend).
#include "api/metrics/metric.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "support/batches.h"

namespace lamina {
namespace {

using testing::batch;

struct Case {
  const char* name;
  Dict config;
  const char *y_true, *y_pred;
  std::vector<double> plain, weighted;
  std::vector<std::string> variables;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {"Accuracy", {}, "cls_t", "cls_p", {0.4166667}, {0.3333333}, {"total", "count"}},
      {"BinaryAccuracy", {}, "bin_t", "bin_p", {0.5}, {0.5}, {"total", "count"}},
      {"BinaryAccuracy", {{"threshold", 0.3}}, "b1_t", "b1_p", {0.8333333}, {0.8888889}, {"total", "count"}},
      {"CategoricalAccuracy", {}, "cat_t", "cat_p", {0.5}, {0.5}, {"total", "count"}},
      {"SparseCategoricalAccuracy", {}, "sp_t", "cat_p", {0.5}, {0.5}, {"total", "count"}},
      {"TopKCategoricalAccuracy", {{"k", 2}}, "cat_t", "cat_p", {0.75}, {0.875}, {"total", "count"}},
      {"SparseTopKCategoricalAccuracy", {{"k", 2}}, "sp_t", "cat_p", {0.75}, {0.625}, {"total", "count"}},
      {"MeanSquaredError", {}, "reg_t", "reg_p", {0.5866667}, {0.6366667}, {"total", "count"}},
      {"RootMeanSquaredError", {}, "reg_t", "reg_p", {0.7659417}, {0.797914}, {"total", "count"}},
      {"MeanAbsoluteError", {}, "reg_t", "reg_p", {0.6666667}, {0.7166667}, {"total", "count"}},
      {"MeanAbsolutePercentageError", {}, "reg_t", "reg_p", {210.6945}, {211.4583}, {"total", "count"}},
      {"MeanSquaredLogarithmicError", {}, "reg_t", "reg_p", {0.1649971}, {0.1822902}, {"total", "count"}},
      {"CosineSimilarity", {}, "reg_t", "reg_p", {0.6946448}, {0.653344}, {"total", "count"}},
      {"LogCoshError", {}, "reg_t", "reg_p", {0.2528969}, {0.2758021}, {"total", "count"}},
      {"R2Score",
       {},
       "reg_t",
       "reg_p",
       {-2.109508},
       {-3.054362},
       {"num_samples", "squared_sum", "sum", "residual", "count"}},
      {"R2Score",
       {{"class_aggregation", "variance_weighted_average"}},
       "reg_t",
       "reg_p",
       {-0.5784752},
       {-0.7130044},
       {"num_samples", "squared_sum", "sum", "residual", "count"}},
      {"PearsonCorrelation", {}, "reg_t", "reg_p", {0.2286547}, {0.08002594}, {"total", "count"}},
      {"ConcordanceCorrelation", {}, "reg_t", "reg_p", {0.18291}, {0.05835278}, {"total", "count"}},
      {"KLDivergence", {}, "dist_t", "cat_p", {0.3401197}, {0.2743425}, {"total", "count"}},
      {"Poisson", {}, "bin_t", "bin_p", {1.015111}, {1.065799}, {"total", "count"}},
      {"Hinge", {}, "bin_t", "bin_p", {1}, {1}, {"total", "count"}},
      {"SquaredHinge", {}, "bin_t", "bin_p", {1.300833}, {1.33625}, {"total", "count"}},
      {"CategoricalHinge", {}, "cat_t", "cat_p", {1.05}, {1.025}, {"total", "count"}},
      {"BinaryCrossentropy", {}, "bin_t", "bin_p", {0.9726385}, {1.057262}, {"total", "count"}},
      {"CategoricalCrossentropy",
       {{"label_smoothing", 0.1}},
       "cat_t",
       "cat_p",
       {1.185269},
       {1.077929},
       {"total", "count"}},
      {"SparseCategoricalCrossentropy",
       {{"from_logits", true}},
       "sp_t",
       "log_p",
       {1.787786},
       {1.554381},
       {"total", "count"}},
      {"TruePositives", {}, "b1_t", "b1_p", {3}, {7}, {"accumulator"}},
      {"FalsePositives", {{"thresholds", List{0.2, 0.45}}}, "b1_t", "b1_p", {4, 2}, {4, 2}, {"accumulator"}},
      {"TrueNegatives", {{"thresholds", List{0.0, 0.5, 1.0}}}, "b1_t", "b1_p", {0, 5, 6}, {0, 5, 6}, {"accumulator"}},
      {"FalseNegatives", {}, "b1_t", "b1_p", {3}, {5}, {"accumulator"}},
      {"Precision", {}, "b1_t", "b1_p", {0.75}, {0.875}, {"true_positives", "false_positives"}},
      {"Precision", {{"top_k", 2}}, "cat_t", "cat_p", {0.375}, {0.4375}, {"true_positives", "false_positives"}},
      {"Precision", {{"class_id", 1}}, "cat_t", "cat_p", {0.5}, {0.5}, {"true_positives", "false_positives"}},
      {"Recall",
       {{"thresholds", List{0.0, 0.25, 0.5, 0.75, 1.0}}},
       "b1_t",
       "b1_p",
       {1, 1, 0.5, 0.5, 0},
       {1, 1, 0.5833333, 0.5833333, 0},
       {"true_positives", "false_negatives"}},
      {"SensitivityAtSpecificity",
       {{"specificity", 0.5}},
       "b1_t",
       "b1_p",
       {1},
       {1},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"SpecificityAtSensitivity",
       {{"sensitivity", 0.6}},
       "b1_t",
       "b1_p",
       {0.6666667},
       {0.6666667},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"PrecisionAtRecall",
       {{"recall", 0.6}},
       "b1_t",
       "b1_p",
       {0.75},
       {0.8571429},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"RecallAtPrecision",
       {{"precision", 0.7}},
       "b1_t",
       "b1_p",
       {1},
       {1},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {},
       "b1_t",
       "b1_p",
       {0.8333333},
       {0.8611111},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"num_thresholds", 5}},
       "b1_t",
       "b1_p",
       {0.75},
       {0.7777777},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"curve", "PR"}},
       "b1_t",
       "b1_p",
       {0.8289903},
       {0.9244412},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"curve", "PRGAIN"}},
       "b1_t",
       "b1_p",
       {0.5833333},
       {0.5833333},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"summation_method", "majoring"}, {"num_thresholds", 7}},
       "b1_t",
       "b1_p",
       {0.9166666},
       {0.9305555},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"thresholds", List{0.3, 0.45}}},
       "b1_t",
       "b1_p",
       {0.7777777},
       {0.7777777},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"multi_label", true}},
       "bin_t",
       "bin_p",
       {0.5},
       {0.5},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"curve", "PR"}, {"multi_label", true}, {"label_weights", List{1.0, 2.0, 0.5}}},
       "bin_t",
       "bin_p",
       {0.5},
       {0.5},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"AUC",
       {{"from_logits", true}},
       "bin_t",
       "log_p",
       {0.5},
       {0.5},
       {"true_positives", "false_positives", "true_negatives", "false_negatives"}},
      {"FBetaScore",
       {{"beta", 2.0}, {"threshold", 0.45}},
       "bin_t",
       "bin_p",
       {0.5, 0.8333334, 0},
       {0.6818182, 0.8333334, 0},
       {"true_positives", "false_positives", "false_negatives", "intermediate_weights"}},
      {"F1Score",
       {{"average", "macro"}},
       "cat_t",
       "cat_p",
       {0.2222222},
       {0.2222222},
       {"true_positives", "false_positives", "false_negatives", "intermediate_weights"}},
      {"F1Score",
       {{"average", "micro"}, {"threshold", 0.35}},
       "bin_t",
       "bin_p",
       {0.5714285},
       {0.5714285},
       {"true_positives", "false_positives", "false_negatives", "intermediate_weights"}},
      {"F1Score",
       {{"average", "weighted"}},
       "cat_t",
       "cat_p",
       {0.3333333},
       {0.3333333},
       {"true_positives", "false_positives", "false_negatives", "intermediate_weights"}},
      {"IoU",
       {{"num_classes", 3}, {"target_class_ids", List{0, 2}}},
       "cls_t",
       "cls_p",
       {0.1714286},
       {0.1079545},
       {"total_confusion_matrix"}},
      {"MeanIoU",
       {{"num_classes", 3}, {"ignore_class", 0}},
       "cls_t",
       "cls_p",
       {0.2333333},
       {0.1957672},
       {"total_confusion_matrix"}},
      {"BinaryIoU", {{"threshold", 0.4}}, "b1_t", "b1_p", {0.7083334}, {0.7619048}, {"total_confusion_matrix"}},
      {"OneHotIoU",
       {{"num_classes", 3}, {"target_class_ids", List{1}}},
       "cat_t",
       "cat_p",
       {0.4999999},
       {0.4999999},
       {"total_confusion_matrix"}},
      {"OneHotMeanIoU", {{"num_classes", 3}}, "cat_t", "cat_p", {0.25}, {0.25}, {"total_confusion_matrix"}},
  };
  return list;
}

class Metrics : public ::testing::TestWithParam<Function::Mode> {};

TEST_P(Metrics, AgreeWithKeras) {
  for (const Case& c : cases())
    for (bool weighted : {false, true}) {
      SCOPED_TRACE(text(c.name, " ", Value(c.config).repr(), weighted ? " weighted" : ""));
      MetricRef metric = MetricRef::make(c.name, c.config);
      Tensor t = batch(c.y_true), p = batch(c.y_pred), w = batch(t.size() == 6 && t.rank() == 1 ? "w6" : "w2");
      Function update(
          [&](std::span<const Tensor> in) -> Tensors {
            metric->update({in[0], in[1]}, weighted ? Dict{{"sample_weight", in[2]}} : Dict{});
            return {metric->read().as_tensor()};
          },
          "update", GetParam());
      update({t, p, w});
      Tensor got = update({prim::reverse(t, {0}), p, w})[0];
      const auto& expected = weighted ? c.weighted : c.plain;
      ASSERT_EQ(got.size(), static_cast<int64_t>(expected.size()));
      for (int64_t i = 0; i < got.size(); ++i)
        EXPECT_NEAR(got.at(i), expected[static_cast<size_t>(i)],
                    2e-5 * std::max(1.0, std::abs(expected[static_cast<size_t>(i)])))
            << "element " << i;
      std::vector<std::string> names;
      for (const Variable& v : metric->variables()) names.push_back(v.name());
      EXPECT_EQ(names, c.variables);
      metric->reset();
      for (const Variable& v : metric->variables())
        for (int64_t i = 0; i < v.value().size(); ++i) EXPECT_EQ(v.value().at(i), 0);
    }
}
INSTANTIATE_TEST_SUITE_P(Engines, Metrics, ::testing::Values(Function::Mode::eager, Function::Mode::graph));

TEST(Metric, MeanAndSum) {
  MetricRef mean = MetricRef::make("Mean"), sum = MetricRef::make("Sum");
  Tensor x = Tensor::of<float>({1, 3, 5, 7});
  mean->update({x}), sum->update({x});
  EXPECT_FLOAT_EQ(mean->read().as_number(), 4);
  EXPECT_FLOAT_EQ(sum->read().as_number(), 16);
  mean->reset(), mean->update({x}, {{"sample_weight", Tensor::of<float>({1, 1, 0, 0})}});
  EXPECT_FLOAT_EQ(mean->read().as_number(), 2);
  mean->reset();
  EXPECT_EQ(mean->read().as_number(), 0);
  EXPECT_THROW(mean->update({}), TypeError);
  EXPECT_THROW(mean->update({x}, {{"weight", x}}), TypeError);
}

TEST(Metric, WrapsFunctions) {
  Dict function{{"module", "builtins"},
                {"class_name", "function"},
                {"config", "binary_crossentropy"},
                {"registered_name", "function"}};
  MetricRef wrapper = MetricRef::make("MeanMetricWrapper", {{"fn", function}, {"name", "bce"}, {"from_logits", true}});
  MetricRef metric = MetricRef::make("BinaryCrossentropy", {{"from_logits", true}});
  for (const MetricRef& m : {wrapper, metric}) m->update({batch("bin_t"), batch("log_p")});
  EXPECT_FLOAT_EQ(wrapper->read().as_number(), metric->read().as_number());
  EXPECT_EQ(wrapper->get_config().at("from_logits").repr(), "True");
}

TEST(Metric, ConfigRoundTrip) {
  for (const Case& c : cases()) {
    Value config = serialize_object(MetricRef::make(c.name, c.config).pointer());
    EXPECT_EQ(serialize_object(MetricRef::from(config).pointer()).repr(), config.repr());
  }
  EXPECT_EQ(MetricRef("mae")->name(), "mean_absolute_error");
}

TEST(Metric, ThresholdsOfAUC) {
  MetricRef auc = MetricRef::make("AUC", {{"num_thresholds", Value()}, {"thresholds", List{0.45, 0.3}}});
  Value all = auc->attribute("thresholds");
  ASSERT_EQ(all.as_list().size(), 4u);
  EXPECT_NEAR(all.as_list()[0].as_number(), 0, 1e-6);
  EXPECT_EQ(all.as_list()[1].as_number(), 0.3);
  EXPECT_EQ(auc->get_config().at("thresholds").repr(), "[0.3, 0.45]");
  EXPECT_EQ(auc->get_config().at("num_thresholds").as_int(), 4);
  EXPECT_THROW(MetricRef::make("AUC", {{"num_thresholds", Value()}}), Error);
  EXPECT_THROW(MetricRef::make("Precision", {{"thresholds", List{-1, 0.5, 2}}}), Error);
}

TEST(Metric, StateOfShapes) {
  MetricRef score = MetricRef::make("FBetaScore");
  EXPECT_THROW(score->build({2, 3, 4}, {2, 3, 4}), ValueError);
  score->build({2, 3}, {2, 3});
  EXPECT_EQ(score->variables().at(0).shape(), Shape{3});
}

}  // namespace
}  // namespace lamina
