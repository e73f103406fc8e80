#pragma once
// Loss classes around a loss function, and what such functions share.
#include "backends/ops/public/support.h"
#include "losses/loss.h"

namespace lamina {

// The arguments of every loss class. A class lists them among its own, in Keras' order.
struct LossArgs {
  Value reduction = "sum_over_batch_size";
  std::string name;
  Value dtype;
};

// The arguments that all losses have.
inline void loss_fields(Fields& f, LossArgs& base) {
  f("reduction", base.reduction,
    "How the values become one: 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'sum' or None.");
  f("name", base.name, "The loss's name.");
  f("dtype", base.dtype, "The dtype to compute in; None is the global floatx.").hidden();
}

// A = { own arguments...; LossArgs base; fields(f); }
template <class A>
class LossWith : public Configured<Loss, A> {
 public:
  explicit LossWith(const A& a)
      : Configured<Loss, A>(a, a.base.name, a.base.reduction.is_none() ? "" : a.base.reduction.as_string(),
                            a.base.dtype) {
    this->args.base.name = this->name_;
  }
  Tensor call(const Value& y_true, const Value& y_pred) override {
    return values(value_to<Operand>(y_true).value(), value_to<Operand>(y_pred).value());
  }
  virtual Tensor values(const Tensor& y_true, const Tensor& y_pred) = 0;
  void attributes(Fields& f) override {
    Loss::attributes(f);
    this->args.fields(f);
  }
};

// A loss class without arguments of its own.
template <class Name>
struct PlainLossArgs {
  LossArgs base{"sum_over_batch_size", Name::value, {}};
  void fields(Fields& f) { loss_fields(f, base); }
};
// LAMINA_PLAIN_LOSS(MeanSquaredError, "mean_squared_error", function, "doc", {"mse"}): its class from its function.
#define LAMINA_PLAIN_LOSS(T, NAME, FUNCTION, ...)                        \
  struct T##Name {                                                       \
    static constexpr const char* value = NAME;                           \
  };                                                                     \
  class T final : public LossWith<PlainLossArgs<T##Name>> {              \
   public:                                                               \
    using LossWith::LossWith;                                            \
    std::string class_name() const override { return #T; }               \
    Tensor values(const Tensor& y_true, const Tensor& y_pred) override { \
      Tensor t = y_true, p = y_pred;                                     \
      squeeze_or_expand_to_same_rank(t, p);                              \
      return FUNCTION(t, p);                                             \
    }                                                                    \
  };                                                                     \
  LAMINA_CLASS(T, "keras.losses", __VA_ARGS__)

// y_pred in floating point, y_true in its dtype; ranks matched unless told otherwise.
struct LossPair {
  Tensor y_true, y_pred;
};
// Both in one floating dtype; a last axis of size 1 that only one has is dropped, as Keras does.
inline LossPair loss_pair(const Operand& y_true, const Operand& y_pred, bool match_ranks = true) {
  Tensor p = ops::as_float(y_pred), t = y_true.as(p.dtype());
  if (match_ranks) squeeze_or_expand_to_same_rank(t, p);
  return {t, p};
}
// Like Keras, losses take their mean over the last axis (which must exist).
inline Tensor mean_over(const Tensor& x, int axis = -1) {
  int a = normalize_axis(axis, x.rank());
  return prim::multiply(prim::sum(x, {a}), 1 / ops::count_of(x.shape(), {a}));
}
// y_true moved by `smoothing` towards evenly distributed classes.
inline Tensor smooth_labels(const Tensor& y_true, double smoothing, double classes) {
  return smoothing == 0 ? y_true : prim::add(prim::multiply(y_true, 1 - smoothing), smoothing / classes);
}

#define LAMINA_LOSSES "keras.src.losses.losses."

}  // namespace lamina
