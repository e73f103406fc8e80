// Losses of the overlap of two sets (segmentation masks): 0 where they are equal, 1 where they are apart.
#include "backends/core/settings.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

Tensor sum_of(const Tensor& x, const Axes& axis) { return reduce(Reduce::sum, x, ops::axes_of(axis, x.rank()), false); }

Tensor dice_impl(const Operand& y_true, const Operand& y_pred, const Axes& axis) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  Tensor both = multiply(sum_of(multiply(t, p), axis), 2);
  return rsub(1, divide(both, add(add(sum_of(t, axis), sum_of(p, axis)), settings().epsilon())));
}
const auto dice = public_op(
    "losses.dice", LAMINA_LOSSES "dice", "1 - 2 sum(t p) / (sum t + sum p) over `axis`.", dice_impl,
    {{"y_true", required, about::y_true},
     {"y_pred", required, about::y_pred},
     {"axis", Value(), "The axes to sum over; None takes all."}},
    {.returns = "A tensor without the axes.", .source = "Milletari et al., \"V-Net\" (2016).", .example = R"py(
>>> keras.losses.dice([1.0, 0.0], [0.8, 0.2])
<Tensor shape=(), dtype=float32, values=0.19999999>)py"});
struct DiceArgs {
  Axes axis;
  LossArgs base{"sum_over_batch_size", "dice", {}};
  void fields(Fields& f) {
    f("reduction", base.reduction, "How the values become one.");
    f("name", base.name, "The loss's name.");
    f("axis", axis, "The axes that make up a set; None is all.");
    f("dtype", base.dtype, "The dtype to compute in.").hidden();
  }
};
class Dice final : public LossWith<DiceArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "Dice"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return dice(t, p, args.axis);
  }
};
LAMINA_CLASS(Dice, "keras.losses", "One minus the Dice coefficient.", {"dice"},
             Doc{.source = "Milletari et al., \"V-Net\" (2016).", .example = R"py(
>>> keras.losses.Dice()(keras.ops.array([1.0, 0.0]), keras.ops.array([0.8, 0.2]))
<Tensor shape=(), dtype=float32, values=0.19999999>)py"});

Tensor tversky_impl(const Operand& y_true, const Operand& y_pred, double alpha, double beta, const Axes& axis) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  Tensor both = sum_of(multiply(t, p), axis);
  Tensor only_true = sum_of(multiply(rsub(1, p), t), axis), only_pred = sum_of(multiply(p, rsub(1, t)), axis);
  Tensor all = add(add(add(both, multiply(only_true, alpha)), multiply(only_pred, beta)), settings().epsilon());
  return rsub(1, divide(both, all));
}
const auto tversky = public_op("losses.tversky", LAMINA_LOSSES "tversky",
                               "1 - both / (both + alpha only_true + beta only_pred) over `axis`.", tversky_impl,
                               {{"y_true", required, about::y_true},
                                {"y_pred", required, about::y_pred},
                                {"alpha", 0.5, "The weight of what only y_pred has."},
                                {"beta", 0.5, "The weight of what only y_true has."},
                                {"axis", Value(), "The axes to sum over; None takes all."}},
                               {.returns = "A tensor without the axes.",
                                .source = "Salehi et al., \"Tversky Loss Function for Image Segmentation Using 3D "
                                          "Fully Convolutional Deep Networks\" (2017).",
                                .example = R"py(
>>> keras.losses.tversky([1.0, 0.0], [0.8, 0.2])
<Tensor shape=(), dtype=float32, values=0.2000001>)py"});
struct TverskyArgs {
  double alpha = 0.5, beta = 0.5;
  Axes axis;
  LossArgs base{"sum_over_batch_size", "tversky", {}};
  void fields(Fields& f) {
    f("alpha", alpha, "The weight of labels not predicted.");
    f("beta", beta, "The weight of predictions that are no labels.");
    f("reduction", base.reduction, "How the values become one.");
    f("name", base.name, "The loss's name.");
    f("axis", axis, "The axes that make up a set; None is all.");
    f("dtype", base.dtype, "The dtype to compute in.").hidden();
  }
};
class Tversky final : public LossWith<TverskyArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "Tversky"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor t = y_true, p = y_pred;
    squeeze_or_expand_to_same_rank(t, p);
    return tversky(t, p, args.alpha, args.beta, args.axis);
  }
};
LAMINA_CLASS(Tversky, "keras.losses", "One minus the Tversky index (Salehi et al., 2017).", {"tversky"},
             Doc{.source = "Salehi et al., \"Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional "
                           "Deep Networks\" (2017).",
                 .example = R"py(
>>> keras.losses.Tversky()(keras.ops.array([1.0, 0.0]), keras.ops.array([0.8, 0.2]))
<Tensor shape=(), dtype=float32, values=0.2000001>)py"});

}  // namespace
}  // namespace lamina
