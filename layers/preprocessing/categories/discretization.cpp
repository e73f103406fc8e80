#include "layers/preprocessing/categories/discretization.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/preprocessing/categories/encode.h"

namespace lamina {

void DiscretizationArgs::fields(Fields& f) {
  f("bin_boundaries", bin_boundaries, "The boundaries between bins, in rising order, instead of adapt().");
  f("num_bins", num_bins, "How many bins adapt() is to find boundaries for.");
  f("epsilon", epsilon, "How far quantiles may be off; a smaller one keeps more of the data.");
  f("output_mode", output_mode,
    "\"int\" gives bins; \"one_hot\" a vector for each input; \"multi_hot\" one for the inputs of a sample together; "
    "\"count\" how often each bin is there.");
  f("sparse", sparse, about::sparse);
}

namespace {

using Summary = DiscretizationLayer::Summary;

float rounded(double x) { return static_cast<float>(x); }  // summaries are kept in float32, as Keras keeps them

// numpy.interp: straight lines between points, their ends beyond.
double interpolated(double x, const std::vector<double>& xs, const std::vector<double>& ys) {
  const auto above = std::upper_bound(xs.begin(), xs.end(), x);
  if (above == xs.begin()) return ys.front();
  const auto j = static_cast<size_t>(above - xs.begin()) - 1;
  if (j + 1 == xs.size() || xs[j] == x) return ys[j];
  return (ys[j + 1] - ys[j]) / (xs[j + 1] - xs[j]) * (x - xs[j]) + ys[j];
}

// Values at equal steps through the sorted data, about 1 / epsilon of them.
Summary summarized(std::vector<double> values, double epsilon) {
  std::sort(values.begin(), values.end(), [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; });
  const double step = std::max(static_cast<double>(values.size()) / (1.0 / epsilon), 1.0);
  Summary out;
  for (auto i = static_cast<size_t>(step - 1); i < values.size(); i += static_cast<size_t>(step)) {
    out.values.push_back(values[i]);
    out.weights.push_back(rounded(step));
  }
  return out;
}

Summary compressed(const Summary& s, double epsilon) {
  const size_t n = s.values.size();
  if (static_cast<double>(n) * epsilon < 1) return s;
  std::vector<double> sums(n), shares(n);
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sums[i] = sum += static_cast<float>(s.weights[i]);
  for (size_t i = 0; i < n; ++i) shares[i] = static_cast<float>(sums[i]) / sum;
  Summary out;
  double before = 0;
  const auto bins = static_cast<size_t>(std::ceil(1 / epsilon));
  for (size_t i = 0; i < bins; ++i) {
    const double share = epsilon + static_cast<double>(i) * epsilon, here = interpolated(share, shares, sums);
    out.values.push_back(rounded(interpolated(share, shares, s.values)));
    out.weights.push_back(rounded(here - before));
    before = here;
  }
  return out;
}

Summary merged(const Summary& a, const Summary& b, double epsilon) {
  std::vector<std::pair<double, double>> all;
  for (const Summary* s : {&a, &b})
    for (size_t i = 0; i < s->values.size(); ++i) all.emplace_back(s->values[i], s->weights[i]);
  std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) {
    return std::isnan(y.first) ? !std::isnan(x.first) : x.first < y.first;
  });
  Summary out;
  for (const auto& [value, weight] : all) out.values.push_back(value), out.weights.push_back(weight);
  return compressed(out, epsilon);
}

// Keras' takes a name and a dtype alone.
LayerArgs name_and_dtype(LayerArgs base) {
  LayerArgs out;
  out.name = std::move(base.name);
  out.dtype = std::move(base.dtype);
  return out;
}

}  // namespace

DiscretizationLayer::DiscretizationLayer(DiscretizationArgs a, LayerArgs base)
    : LayerWith(std::move(a), name_and_dtype(std::move(base))) {
  if (args.sparse && args.output_mode == "int")
    throw ValueError(
        "`sparse=True` may only be used if `output_mode` is `'one_hot'`, `'multi_hot'`, or `'count'`. "
        "Received: sparse=True and output_mode=int");
  refuse_sparse(args.sparse, "Discretization");
  args.output_mode = checked_output_mode(args.output_mode, {"int", "one_hot", "multi_hot", "count"}, "Discretization");
  if (!args.num_bins.is_none() &&
      (!args.num_bins.is_int() || args.num_bins.as_int() < 0 || args.num_bins.as_int() > (int64_t{1} << 30)))
    throw ValueError("`num_bins` must be greater than or equal to 0. Received: `num_bins=", args.num_bins.repr(), "`");
  if (!(args.epsilon > 1e-9 && args.epsilon <= 1))
    throw ValueError("`epsilon` must be between 0 and 1. Received: epsilon=", args.epsilon);
  // A config has both once boundaries were learned.
  if (!args.num_bins.is_none() && !args.bin_boundaries.is_none() && !reading_config())
    throw ValueError("Both `num_bins` and `bin_boundaries` should not be set. Received: `num_bins=",
                     args.num_bins.repr(), "` and `bin_boundaries=", args.bin_boundaries.repr(), "`");
  if (args.num_bins.is_none() && args.bin_boundaries.is_none())
    throw ValueError("You need to set either `num_bins` or `bin_boundaries`.");
  set_bin_boundaries(args.bin_boundaries);
}

void DiscretizationLayer::set_bin_boundaries(const Value& boundaries) {
  Value plain = boundaries.is_tensor() ? to_value(value_to<std::vector<double>>(boundaries)) : boundaries;
  if (!plain.is_none()) {
    if (!plain.is_sequence())
      throw ValueError("`bin_boundaries` must be a list of numbers. Received: bin_boundaries=", boundaries.repr());
    for (const Value& b : plain.as_list())
      if (!b.is_number())
        throw ValueError("`bin_boundaries` must be a list of numbers. Received: bin_boundaries=", boundaries.repr());
  }
  args.bin_boundaries = std::move(plain);
  note_change();
}

Dict DiscretizationLayer::get_config() const {
  return {{"bin_boundaries", args.bin_boundaries}, {"num_bins", args.num_bins}, {"epsilon", args.epsilon},
          {"output_mode", args.output_mode},       {"sparse", args.sparse},     {"name", name()},
          {"dtype", name_of(variable_dtype())}};
}

Value DiscretizationLayer::plain_input(const Value& v) const { return plain_data(v); }

int64_t DiscretizationLayer::depth() const {
  return args.bin_boundaries.is_none() ? args.num_bins.as_int()
                                       : static_cast<int64_t>(args.bin_boundaries.as_list().size()) + 1;
}

Tensor DiscretizationLayer::call(const Tensor& x, const CallContext&) {
  if (args.bin_boundaries.is_none()) {
    if (!x.shape_only())
      throw ValueError(
          "You need to either pass the `bin_boundaries` argument at construction time or call `adapt(dataset)` before "
          "you can start using the `Discretization` layer.");
    return encode_categories(Tensor::spec_only(x.shape(), DType::int32), args.output_mode, depth(), output_dtype());
  }
  const Tensor boundaries = Tensor::of(value_to<std::vector<double>>(args.bin_boundaries));
  const DType wide = x.dtype() == DType::float64 ? DType::float64 : DType::float32;
  const Tensor bins = ops::digitize(prim::cast(x, wide), prim::cast(boundaries, wide));
  return encode_categories(bins, args.output_mode, depth(), output_dtype());
}

Value DiscretizationLayer::compute_output_shape(const BuildShapes& shapes) {
  Shape out = shapes.shape();
  if (args.output_mode == "int") return Value(out);
  if (args.output_mode == "one_hot") {
    if (out.rank() > 1 && out.back() == 1) out.erase(out.rank() - 1);
  } else {
    out.erase(out.rank() > 1 ? 1 : 0);
  }
  out.push_back(depth());
  return Value(out);
}

void DiscretizationLayer::reset_state() {
  if (learns()) summary_ = {};
}

void DiscretizationLayer::update_state(const Tensor& data) {
  EagerScope eager;
  const std::vector<float> values = prim::cast(data, DType::float32).to_vector<float>();
  summary_ = merged(summarized({values.begin(), values.end()}, args.epsilon), summary_, args.epsilon);
}

void DiscretizationLayer::finalize_state() {
  if (!learns()) return;
  const int64_t bins = args.num_bins.as_int();
  if (bins == 0) throw ValueError("adapt() finds boundaries between `num_bins` bins. Received: num_bins=0");
  Summary found = compressed(summary_, 1.0 / static_cast<double>(bins));
  if (!found.values.empty()) found.values.pop_back();
  set_bin_boundaries(to_value(found.values));
}

void DiscretizationLayer::adapt(const Tensors& batches) {
  if (!learns())
    throw ValueError(
        "Cannot adapt a Discretization layer that has been initialized with `bin_boundaries`, use `num_bins` instead.");
  reset_state();
  for (const Tensor& batch : batches) update_state(batch);
  finalize_state();
}

// Files of earlier versions of Keras hold what was learned, as the one variable.
void DiscretizationLayer::load_named_values(const Dict& values) {
  const Value* stored = values.size() == 1 ? values.find("0") : nullptr;
  if (!stored || stored->as_tensor().rank() != 2 || stored->as_tensor().shape()[0] != 2) return;
  const Tensor& t = stored->as_tensor();
  const int64_t n = t.shape()[1];
  summary_ = {};
  for (int64_t i = 0; i < n; ++i) summary_.values.push_back(t.at(i)), summary_.weights.push_back(t.at(n + i));
}

LAMINA_LAYER(
    DiscretizationLayer, "Discretization", "Numbers to the bins that they fall into.",
    Doc{.call = "inputs: Numbers: a tensor, an array or nested lists.",
        .input = "Any.",
        .output = "That of the input with \"int\". Encodings have the number of bins as last axis: behind those of "
                  "the input (in place of a last one of size 1) with \"one_hot\", else in place of the second, "
                  "or of the only one.",
        .raises = "ValueError: if neither or both of `bin_boundaries` and `num_bins` are given, or it is called "
                  "before boundaries are known.",
        .example = R"py(
>>> layer = keras.layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0])
>>> layer(np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]]))
<Tensor shape=(2, 4), dtype=int32, values=[[0 2 3 1]
 [1 3 2 1]]>)py"});

}  // namespace lamina
