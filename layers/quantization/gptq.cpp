// GPTQ: rows of a kernel are rounded one after the other, and those to come make up for the error. As in Keras the
// inverse of the Hessian says by how much, where the paper has its Cholesky factor: the inverse of what is left of the
// Hessian, without the inputs that are done. Where inputs go together closely, that makes up for too much.
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/quantization/calibration.h"

namespace lamina {

namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Doubles = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Places by falling importance, what is as important as it stands.
std::vector<int> falling(const Tensor& importance) {
  const float* given = importance.data<float>();
  std::vector<float> of(given, given + importance.size());
  for (float& v : of)
    if (!std::isfinite(v)) v = 0;
  std::vector<int> order(of.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return of[static_cast<size_t>(a)] > of[static_cast<size_t>(b)]; });
  return order;
}

// The state of the rounding: a kernel (inputs, outputs) of which the rows before some place are done.
class Rounding {
 public:
  Rounding(Rows kernel, Rows inverse, const GPTQRounding& how)
      : how_(how),
        inputs_(kernel.rows()),
        outputs_(kernel.cols()),
        inverse_(std::move(inverse)),
        buffer_(std::move(kernel)),
        integers_(inputs_, outputs_),
        scale_(outputs_),
        zero_(outputs_) {
    const int64_t size = how.range.group_size;
    group_ = size == -1 ? inputs_ : size;
    for (int64_t first = 0; first < inputs_; first += how.block) block(first, std::min(first + how.block, inputs_));
  }

  const Rows& integers() const { return integers_; }
  int64_t group_size() const { return group_; }
  Tensor scale() const { return prim::concat(scales_, 1); }
  Tensor zero() const { return prim::concat(zeros_, 1); }

 private:
  // Rows of a block see each other's errors at once, those behind it when the block is done.
  void block(int64_t first, int64_t end) {
    const int64_t size = end - first;
    Rows now = buffer_.middleRows(first, size), errors(size, outputs_);
    for (int64_t i = 0; i < size; ++i) {
      if ((first + i) % group_ == 0) start_group(first + i);
      for (int64_t o = 0; o < outputs_; ++o) {
        const float w = now(i, o), scale = scale_[o], zero = zero_[o];
        const float q = std::clamp(std::nearbyint(w / scale + zero), 0.0f, most_);
        integers_(first + i, o) = q;
        errors(i, o) = (w - scale * (q - zero)) / inverse_(first + i, first + i);
      }
      for (int64_t j = i + 1; j < size; ++j) now.row(j) -= errors.row(i) * inverse_(first + i, first + j);
    }
    if (end < inputs_)
      buffer_.bottomRows(inputs_ - end).noalias() -=
          inverse_.block(first, end, size, inputs_ - end).transpose() * errors;
  }

  // Scale and zero point of a group follow from its rows as they are where it starts, without the block's own errors.
  void start_group(int64_t first) {
    const int64_t rows = std::min(group_, inputs_ - first);
    const Tensor values = Tensor::from_bytes(buffer_.data() + first * outputs_, Shape{rows, outputs_}, DType::float32);
    const QuantizationParameters made = quantization_parameters(prim::transpose(values, {1, 0}), how_.range);
    const float* scale = made.scale.data<float>();
    const uint8_t* zero = made.zero.data<uint8_t>();
    for (int64_t o = 0; o < outputs_; ++o) scale_[o] = scale[o], zero_[o] = zero[o];
    most_ = static_cast<float>(made.most);
    scales_.push_back(made.scale);
    zeros_.push_back(made.zero);
  }

  const GPTQRounding& how_;
  const int64_t inputs_, outputs_;
  const Rows inverse_;
  Rows buffer_, integers_;
  Eigen::VectorXf scale_, zero_;  // of the present group
  float most_ = 0;
  int64_t group_ = 0;
  Tensors scales_, zeros_;
};

Rows read(const Tensor& t, const std::vector<int>& rows) {
  const Eigen::Map<const Rows> all(t.data<float>(), t.shape()[0], t.shape()[1]);
  return rows.empty() ? Rows(all) : Rows(all(rows, Eigen::all));
}

// The inverse of a Hessian that was made definite: inputs that were always 0 count as if they had been 1, and a part of
// the mean of the diagonal is added to it.
struct Damped {
  Tensor inverse, diagonal;
};
Damped damped_inverse(const Tensor& hessian, double damping) {
  const int64_t n = hessian.shape()[0];
  Rows h = read(hessian, {});
  for (int64_t i = 0; i < n; ++i)
    if (h(i, i) == 0) h(i, i) = 1;
  const float more = static_cast<float>(damping) * (h.diagonal().sum() / static_cast<float>(n));
  h.diagonal().array() += more;
  const Eigen::LLT<Doubles> factor(h.cast<double>());
  if (factor.info() != Eigen::Success)
    throw ValueError("GPTQ's Hessian of shape ", hessian.shape(), " has no inverse: the samples leave some directions ",
                     "of the inputs open. Raise `hessian_damping` (now ", damping, ") or take more samples.");
  const Rows inverse = factor.solve(Doubles::Identity(n, n)).cast<float>();
  const Eigen::VectorXf diagonal = h.diagonal();
  return {Tensor::from_bytes(inverse.data(), Shape{n, n}, DType::float32),
          Tensor::from_bytes(diagonal.data(), Shape{n}, DType::float32)};
}

}  // namespace

CalibratedMatrix gptq_quantize(const Tensor& kernel, const Tensor& inverse_hessian, const GPTQRounding& how) {
  const int64_t inputs = kernel.shape()[0], outputs = kernel.shape()[1];
  std::vector<int> order;
  if (how.order.defined()) order = falling(how.order);
  Rows inverse = read(inverse_hessian, order);
  if (!order.empty()) inverse = Rows(inverse(Eigen::all, order));
  const Rounding done(read(prim::cast(kernel, DType::float32), order), std::move(inverse), how);
  const Tensor values = Tensor::empty({outputs, inputs}, DType::uint8),
               groups = Tensor::empty({inputs}, DType::float32);
  uint8_t* to = values.mutable_data<uint8_t>();
  float* group = groups.mutable_data<float>();
  for (int64_t i = 0; i < inputs; ++i) {  // back in their places
    const int64_t at = order.empty() ? i : order[static_cast<size_t>(i)];
    group[at] = static_cast<float>(i) / static_cast<float>(done.group_size());
    for (int64_t o = 0; o < outputs; ++o) to[o * inputs + at] = static_cast<uint8_t>(done.integers()(i, o));
  }
  return {values, done.scale(), done.zero(), groups, {}};
}

namespace {

class GptqCalibration final : public Calibration {
 public:
  GptqCalibration(int64_t features, const GPTQArgs& args)
      : Calibration(features, prim::full({features, features}, 0, DType::float32)), args_(args) {}
  CalibratedMatrix quantize(const Tensor& kernel) const override {
    const Damped hessian = damped_inverse(statistics_, args_.hessian_damping);
    GPTQRounding how{.range = {args_.weight_bits, args_.symmetric, args_.per_channel, args_.group_size}};
    if (args_.activation_order) how.order = hessian.diagonal;
    return gptq_quantize(kernel, hessian.inverse, how);
  }

 private:
  Tensor updated(const Tensor& x) const override {
    const double before = static_cast<double>(samples_), now = before + static_cast<double>(x.shape()[0]);
    const Tensor product = ops::matmul(prim::transpose(x, {1, 0}), x);
    const Tensor even = prim::multiply(prim::add(product, prim::transpose(product, {1, 0})), 0.5);
    const Tensor more = prim::multiply(even, 2.0 / now);
    return samples_ == 0 ? prim::add(statistics_, more) : prim::add(prim::multiply(statistics_, before / now), more);
  }
  const GPTQArgs args_;
};

}  // namespace

void GPTQArgs::fields(Fields& f) {
  fields_before(f);
  f("per_channel", per_channel, "Whether each output has scales of its own.");
  f("sequence_length", sequence_length, "Tokens of a sample.");
  f("hessian_damping", hessian_damping, "The part of the mean of the Hessian's diagonal that is added to it, 0 to 1.");
  f("group_size", group_size, "Weights that share a scale; -1 for one per channel.");
  f("symmetric", symmetric, "Whether the range is the same on both sides of 0.");
  f("activation_order", activation_order, "Whether weights of greater inputs are rounded first.");
  fields_after(f);
}

GPTQConfig::GPTQConfig(const Args& a) : CalibratedConfigWith(a) {
  const int64_t bits = args.weight_bits;
  if (bits != 2 && bits != 3 && bits != 4 && bits != 8)
    throw ValueError("Unsupported weight_bits ", bits, ". Supported values are 2, 3, 4, and 8.");
  if (!(args.hessian_damping >= 0 && args.hessian_damping <= 1))
    throw ValueError("hessian_damping must be between 0 and 1. Received: hessian_damping=", args.hessian_damping);
}

std::unique_ptr<Calibration> GPTQConfig::calibration(int64_t features) const {
  return std::make_unique<GptqCalibration>(features, args);
}

namespace {

LAMINA_CLASS(GPTQConfig, "keras.quantizers", "Weights of 2, 3, 4 or 8 bits, by GPTQ (Frantar et al., 2022).",
             {"gptq_config"}, Doc{.raises = "ValueError: for numbers out of range.", .example = R"py(
>>> keras.quantizers.GPTQConfig(None, None, group_size=64).dtype_policy_string()
'gptq/4/64')py"});

}  // namespace
}  // namespace lamina
