// The loss classes over the loss functions.
#include "losses/functions.h"
#include "losses/loss.h"

namespace lamina {

namespace {

struct CommonArgs {
  std::string reduction = "sum_over_batch_size", name;
  Value dtype;
  void common(Fields& f) {
    f("reduction", reduction, "\"sum\", \"sum_over_batch_size\", \"mean\", \"mean_with_sample_weight\" or None.");
    f("name", name, "Name of the loss.");
    f("dtype", dtype, "Dtype to compute in.");
  }
};

template <class A>
class LossWith : public Loss {
 public:
  using Args = A;
  LossWith(A a, const char* default_name) : Loss(a.name.empty() ? default_name : a.name, a.reduction, a.dtype), args(std::move(a)) { args.name = name_; }
  Dict get_config() const override {
    Dict own;
    write_fields(own, [this](Fields& f) { const_cast<A&>(args).fields(f); });
    Dict config = Loss::get_config();
    for (const auto& [key, v] : own)
      if (key != "name" && key != "reduction" && key != "dtype") config.set(key, v);
    return config;
  }
  A args;
};

struct PlainArgs : CommonArgs {
  void fields(Fields& f) { common(f); }
};
#define LAMINA_PLAIN_LOSS(CLASS, NAME, DOC, ...)                                                                     \
  class CLASS final : public LossWith<PlainArgs> {                                                                   \
   public:                                                                                                           \
    explicit CLASS(PlainArgs a = {}) : LossWith(std::move(a), #NAME) {}                                              \
    std::string class_name() const override { return #CLASS; }                                                       \
    Tensor call(const Value& t, const Value& p) override { return losses::NAME(value_to<Operand>(t), value_to<Operand>(p)); } \
  };                                                                                                                 \
  LAMINA_CLASS(CLASS, "keras.losses", DOC, {__VA_ARGS__});
LAMINA_PLAIN_LOSS(MeanSquaredError, mean_squared_error, "Mean of squared errors.", "mean_squared_error", "mse", "MSE")
LAMINA_PLAIN_LOSS(MeanAbsoluteError, mean_absolute_error, "Mean of absolute errors.", "mean_absolute_error", "mae", "MAE")
LAMINA_PLAIN_LOSS(MeanAbsolutePercentageError, mean_absolute_percentage_error, "Mean of absolute errors in percent.", "mean_absolute_percentage_error", "mape", "MAPE")
LAMINA_PLAIN_LOSS(MeanSquaredLogarithmicError, mean_squared_logarithmic_error, "Mean of squared errors of log(1 + y).", "mean_squared_logarithmic_error", "msle", "MSLE")
LAMINA_PLAIN_LOSS(LogCosh, log_cosh, "Mean of log(cosh(error)).", "log_cosh", "logcosh")
LAMINA_PLAIN_LOSS(Poisson, poisson, "Poisson loss.", "poisson")
LAMINA_PLAIN_LOSS(KLDivergence, kl_divergence, "Kullback-Leibler divergence.", "kl_divergence", "kullback_leibler_divergence", "kld", "KLD")
LAMINA_PLAIN_LOSS(Hinge, hinge, "Hinge loss.", "hinge")
LAMINA_PLAIN_LOSS(SquaredHinge, squared_hinge, "Squared hinge loss.", "squared_hinge")
LAMINA_PLAIN_LOSS(CategoricalHinge, categorical_hinge, "Categorical hinge loss.", "categorical_hinge")

struct HuberArgs : CommonArgs {
  double delta = 1;
  void fields(Fields& f) {
    f("delta", delta, "Where the loss turns from quadratic to linear.");
    common(f);
  }
};
class Huber final : public LossWith<HuberArgs> {
 public:
  explicit Huber(HuberArgs a = {}) : LossWith(std::move(a), "huber_loss") {}
  std::string class_name() const override { return "Huber"; }
  Tensor call(const Value& t, const Value& p) override { return losses::huber(value_to<Operand>(t), value_to<Operand>(p), args.delta); }
};
LAMINA_CLASS(Huber, "keras.losses", "Quadratic for small errors, linear for large ones.", {"huber", "huber_loss"});

struct CosineSimilarityArgs : CommonArgs {
  Value axis = -1;
  void fields(Fields& f) {
    f("axis", axis, "Axis of the vectors.");
    common(f);
  }
};
class CosineSimilarity final : public LossWith<CosineSimilarityArgs> {
 public:
  explicit CosineSimilarity(CosineSimilarityArgs a = {}) : LossWith(std::move(a), "cosine_similarity") {}
  std::string class_name() const override { return "CosineSimilarity"; }
  Tensor call(const Value& t, const Value& p) override { return losses::cosine_similarity(value_to<Operand>(t), value_to<Operand>(p), args.axis); }
};
LAMINA_CLASS(CosineSimilarity, "keras.losses", "Minus the cosine similarity.", {"cosine_similarity"});

struct CrossentropyArgs : CommonArgs {
  bool from_logits = false;
  double label_smoothing = 0;
  int axis = -1;
  void fields(Fields& f) {
    f("from_logits", from_logits, "Whether y_pred holds logits rather than probabilities.");
    f("label_smoothing", label_smoothing, "In [0, 1]: how far labels are drawn to the uniform distribution.");
    f("axis", axis, "Axis of the classes.");
    common(f);
  }
};
class BinaryCrossentropy final : public LossWith<CrossentropyArgs> {
 public:
  explicit BinaryCrossentropy(CrossentropyArgs a = {}) : LossWith(std::move(a), "binary_crossentropy") {}
  std::string class_name() const override { return "BinaryCrossentropy"; }
  Tensor call(const Value& t, const Value& p) override { return losses::binary_crossentropy(value_to<Operand>(t), value_to<Operand>(p), args.from_logits, args.label_smoothing, args.axis); }
};
LAMINA_CLASS(BinaryCrossentropy, "keras.losses", "Cross entropy of two classes.", {"binary_crossentropy", "bce", "BCE"});

class CategoricalCrossentropy final : public LossWith<CrossentropyArgs> {
 public:
  explicit CategoricalCrossentropy(CrossentropyArgs a = {}) : LossWith(std::move(a), "categorical_crossentropy") {}
  std::string class_name() const override { return "CategoricalCrossentropy"; }
  Tensor call(const Value& t, const Value& p) override { return losses::categorical_crossentropy(value_to<Operand>(t), value_to<Operand>(p), args.from_logits, args.label_smoothing, args.axis); }
};
LAMINA_CLASS(CategoricalCrossentropy, "keras.losses", "Cross entropy with one-hot labels.", {"categorical_crossentropy"});

struct SparseCrossentropyArgs : CommonArgs {
  bool from_logits = false;
  std::optional<int64_t> ignore_class;
  int axis = -1;
  void fields(Fields& f) {
    f("from_logits", from_logits, "Whether y_pred holds logits rather than probabilities.");
    f("ignore_class", ignore_class, "A label that does not count.");
    common(f);
    f("axis", axis, "Axis of the classes.");
  }
};
class SparseCategoricalCrossentropy final : public LossWith<SparseCrossentropyArgs> {
 public:
  explicit SparseCategoricalCrossentropy(SparseCrossentropyArgs a = {}) : LossWith(std::move(a), "sparse_categorical_crossentropy") {}
  std::string class_name() const override { return "SparseCategoricalCrossentropy"; }
  Tensor call(const Value& t, const Value& p) override {
    return losses::sparse_categorical_crossentropy(value_to<Operand>(t), value_to<Operand>(p), args.from_logits, args.ignore_class, args.axis);
  }
};
LAMINA_CLASS(SparseCategoricalCrossentropy, "keras.losses", "Cross entropy with integer labels.", {"sparse_categorical_crossentropy"});

}  // namespace
}  // namespace lamina
