#pragma once
// Loss: (y_true, y_pred) -> one value a sample (call), then weighted and reduced to a scalar. Masks of y_pred count as
// weights, as in Keras.
#include "serialization/objects/object_config.h"

namespace lamina {

// How a loss' values become one. ValueError for unknown names.
struct Reduction {
  std::string name;
};
// From the names that Keras takes; ValueError for another.
void from_value(const Value& v, Reduction& out);
Value to_value(const Reduction& r);

// The base of losses: values per sample, weights, and a reduction to what is minimised.
class Loss : public Object {
 public:
  static constexpr std::string_view kModule = "keras.losses";
  static constexpr std::string_view kKind = "a loss";

  // reduction: "sum", "sum_over_batch_size", "mean", "mean_with_sample_weight" or "none" ("" too); ValueError
  // otherwise.
  Loss(std::string name, std::string reduction, const Value& dtype = {});

  // Loss values before reduction: y_true's and y_pred's shape less the last axis, unless the class says otherwise.
  virtual Tensor call(const Value& y_true, const Value& y_pred) = 0;
  // Scalar (unless reduction is none). sample_weight broadcasts against call()'s result. A user's class may have a
  // __call__ of its own in its place.
  Tensor operator()(const Value& y_true, const Value& y_pred, const Tensor& sample_weight = {});
  // The same, past such a __call__.
  Tensor weighted(const Value& y_true, const Value& y_pred, const Tensor& sample_weight = {});

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  const std::string& reduction() const { return reduction_.name; }
  DType dtype() const { return dtype_; }
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override;  // name, reduction
  void attributes(Fields& f) override;
  // A function f(y_true, y_pred) as a loss.
  static std::shared_ptr<Loss> adapt(const ObjectPtr& object);

 protected:
  std::string name_;
  Reduction reduction_;
  DType dtype_;
};
using LossRef = Ref<Loss>;

// Weights (may be undefined) and a mask (may be undefined) applied, then reduced. For losses and compiled functions.
Tensor reduce_weighted(Tensor values, Tensor sample_weight, const Tensor& mask, const std::string& reduction,
                       DType dtype);
// Weights (may be undefined; one axis is one per sample) times the mask (may be undefined). With the reductions "mean"
// and "sum_over_batch_size" the mask is scaled so that a mean over all elements is one over those kept.
Tensor apply_mask(const Tensor& sample_weight, const Tensor& mask, DType dtype, const std::string& reduction);
// Weights of one axis, one per sample, with further axes of size 1 up to `rank`: a broadcast would take them for the
// last axis.
Tensor weights_by_sample(const Tensor& weights, int rank);
// y_true or y_pred loses a trailing axis of size 1, or gains one, so that ranks agree (Keras' rule).
void squeeze_or_expand_to_same_rank(Tensor& a, Tensor& b, bool expand_rank_1 = true);

}  // namespace lamina
