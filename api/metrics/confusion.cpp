#include "api/metrics/confusion.h"

#include "backends/core/settings.h"
#include "backends/ops/public/nn.h"
#include "backends/ops/public/support.h"
#include "losses/loss.h"

namespace lamina {

using namespace prim;

std::vector<double> parse_thresholds(const Value& given, double otherwise) {
  if (given.is_none()) return {otherwise};
  List items = given.is_sequence() ? given.as_list() : List{given};
  std::vector<double> out;
  List wrong;
  for (const Value& v : items) {
    if (v.is_none() || v.as_number() < 0 || v.as_number() > 1)
      wrong.push_back(v);
    else
      out.push_back(v.as_number());
  }
  if (!wrong.empty()) throw ValueError("Threshold values must be in [0, 1]. Received: ", Value(wrong).repr());
  return out;
}

bool evenly_spaced(const std::vector<double>& t) {
  if (t.size() < 3) return false;
  for (size_t i = 0; i < t.size(); ++i) {
    double even = static_cast<double>(i) / static_cast<double>(t.size() - 1);
    if (std::abs(t[i] - even) > settings().epsilon() + 1e-5 * even) return false;
  }
  return true;
}

namespace {

constexpr double kNever = -1e10;  // a score that no threshold admits

Tensor keep_top_k(const Tensor& x, int64_t k) {
  Tensor chosen = ops::one_hot(sort_last(x, true, k).indices, x.shape().back(), -1, x.dtype());
  Tensor kept = cast(sum(chosen, {-2}), DType::boolean);
  return where(kept, x, full({}, kNever, x.dtype()));
}

// Predictions (n, L) and labels as columns: L is 1 unless the metric is multi-label. True and false labels carry
// weights.
struct Columns {
  Tensor pred, yes, no;
};

// Counted in buckets between thresholds, then summed from above. (thresholds, L) each.
Columns above_even(const Columns& c, const ConfusionOptions& o) {
  const int64_t n = static_cast<int64_t>(o.thresholds.size()), labels = c.pred.shape()[1];
  const DType type = c.pred.dtype();
  Tensor p = minimum(maximum(c.pred, full({}, 0, type)), full({}, 1, type));
  Tensor bucket = add(unary(Unary::ceil, multiply(p, static_cast<double>(n - 1))), -1.0);
  if (o.thresholds[0] < 0 || o.thresholds.back() > 1) bucket = maximum(bucket, full({}, 0, type));
  Tensor index = cast(bucket, DType::int32);
  // -1 (a score of 0) is above no threshold: it goes to a row of its own, which is cut off.
  index = where(ops::compare(Binary::less, index, 0.0), full({}, static_cast<double>(n), DType::int32), index);
  Tensor place = add(multiply(index, static_cast<double>(labels)), iota(labels, DType::int32));
  auto totals = [&](const Tensor& weights) {
    Tensor flat =
        scatter(Scatter::add, full({(n + 1) * labels}, 0, type), reshape(place, {-1}), reshape(weights, {-1}), 0);
    Tensor rows = slice_axis(reshape(flat, {n + 1, labels}), 0, 0, n);
    return cumulative(CumulativeOp::Kind::sum, rows, 0, true);
  };
  return {{}, totals(c.yes), totals(c.no)};
}

Columns above_any(const Columns& c, const ConfusionOptions& o) {
  const int64_t n = static_cast<int64_t>(o.thresholds.size());
  Tensor limits = cast(Tensor::of<double>(o.thresholds, {n, 1, 1}), c.pred.dtype());
  Tensor above = cast(binary(Binary::greater, expand_dims(c.pred, 0), limits), c.pred.dtype());
  return {{}, sum(multiply(above, expand_dims(c.yes, 0)), {1}), sum(multiply(above, expand_dims(c.no, 0)), {1})};
}

}  // namespace

void update_confusion(const ConfusionCounts& counts, const Value& y_true, const Value& y_pred,
                      const Value& sample_weight, const ConfusionOptions& o) {
  const Variable* any = &counts.true_positives;
  for (const Variable* v : {&counts.false_positives, &counts.true_negatives, &counts.false_negatives})
    if (!any->defined()) any = v;
  const DType type = any->dtype();
  Tensor p = value_to<Operand>(y_pred).as(type), t = value_to<Operand>(y_true).as(type);
  squeeze_or_expand_to_same_rank(p, t);
  if (p.shape() != t.shape())
    throw ValueError("Shapes ", p.shape(), " and ", t.shape(), " are incompatible: y_pred and y_true must agree.");
  Tensor weight;
  if (!sample_weight.is_none()) {
    Tensor given = value_to<Operand>(sample_weight).as(type);
    weight = expand_dims(given, given.rank());
    Tensor like = t;
    squeeze_or_expand_to_same_rank(like, weight, false);
  }
  if (o.top_k) p = keep_top_k(p, *o.top_k);
  if (o.class_id) {
    if (p.rank() == 1)
      throw ValueError(
          "When class_id is provided, y_pred must be a 2D array with shape (num_samples, num_classes), found shape: ",
          p.shape());
    int64_t id = *o.class_id;
    if (id < 0 || id >= p.shape().back())
      throw ValueError("class_id=", id, " is out of range: y_pred has ", p.shape().back(), " classes.");
    t = slice_axis(t, t.rank() - 1, id, id + 1), p = slice_axis(p, p.rank() - 1, id, id + 1);
  }
  Tensor w = weight.defined() ? broadcast_to(weight, p.shape()) : Tensor();
  if (o.label_weights.defined()) {
    Tensor l = broadcast_to(cast(o.label_weights, type), p.shape());
    w = w.defined() ? multiply(w, l) : l;
  }
  Shape columns{-1, o.multi_label ? p.shape().back() : 1};
  Tensor yes = cast(cast(t, DType::boolean), type), no = rsub(1, yes);
  if (w.defined()) yes = multiply(yes, w), no = multiply(no, w);
  Columns c{reshape(p, columns), reshape(yes, columns), reshape(no, columns)};
  Columns above = o.even ? above_even(c, o) : above_any(c, o);
  auto count = [&](const Variable& to, const Tensor& amount) {
    if (to.defined()) to.assign_add(reshape(amount, to.shape()));
  };
  count(counts.true_positives, above.yes);
  count(counts.false_positives, above.no);
  if (counts.false_negatives.defined()) count(counts.false_negatives, subtract(sum(c.yes, {0}, true), above.yes));
  if (counts.true_negatives.defined()) count(counts.true_negatives, subtract(sum(c.no, {0}, true), above.no));
}

}  // namespace lamina
