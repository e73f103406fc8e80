// AWQ: scales of inputs, which are found by trying.
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/quantization/calibration.h"

namespace lamina {

namespace {

constexpr int64_t kBits = 4;

// The matrix (outputs, inputs) in integers, as floating-point numbers, and what they stand for.
struct Rounded {
  Tensor integers, values;
  QuantizationParameters by;
};

Rounded rounded(const Tensor& x, int64_t group_size, const Tensor& group_of) {
  Rounded out;
  out.by = quantization_parameters(x, {.bits = kBits, .per_channel = true, .group_size = group_size});
  const Tensor scale = prim::gather(out.by.scale, group_of, 1), zero = prim::gather(out.by.zero, group_of, 1);
  out.integers = quantized_with(x, scale, zero, out.by.most);
  out.values = ops::multiply(ops::subtract(out.integers, prim::cast(zero, scale.dtype())), scale);
  return out;
}

// The group of each input.
Tensor groups_of(int64_t inputs, int64_t group_size) {
  std::vector<int32_t> groups;
  for (int64_t i = 0; i < inputs; ++i) groups.push_back(static_cast<int32_t>(group_size > 0 ? i / group_size : 0));
  return Tensor::of(groups);
}

}  // namespace

Tensor awq_scales(const Tensor& kernel, const Tensor& magnitudes, int64_t grid_points, int64_t group_size) {
  const Tensor weights = prim::transpose(kernel, {1, 0});
  Tensor most = prim::cast(magnitudes, DType::float32);
  most = ops::where(ops::less(most, 1e-8), ops::ones_like(most), most);
  const Tensor group_of = groups_of(kernel.shape()[0], group_size), importance = ops::square(most);
  Tensor best;
  float least = 0;
  for (int64_t i = 0; i <= grid_points; ++i) {
    const double ratio = static_cast<double>(i) / static_cast<double>(grid_points);
    Tensor scales = i == 0 ? ops::ones_like(most) : ops::power(most, ratio);
    scales = ops::maximum(scales, 1e-4);
    const Tensor middle = ops::sqrt(ops::multiply(ops::max(scales), ops::min(scales)));
    scales = ops::divide(scales, ops::maximum(middle, 1e-8));
    const Tensor again = ops::divide(rounded(ops::multiply(weights, scales), group_size, group_of).values, scales);
    const Tensor loss = ops::mean(ops::multiply(ops::square(ops::subtract(weights, again)), importance));
    const float error = prim::cast(loss, DType::float32).data<float>()[0];
    if (best.defined() && !(error < least)) continue;
    best = scales, least = error;
  }
  return best;
}

CalibratedMatrix awq_quantize(const Tensor& kernel, const Tensor& magnitudes, int64_t grid_points, int64_t group_size) {
  const Tensor scales = awq_scales(kernel, magnitudes, grid_points, group_size);
  const Tensor group_of = groups_of(kernel.shape()[0], group_size);
  const Rounded made = rounded(ops::multiply(prim::transpose(kernel, {1, 0}), scales), group_size, group_of);
  return {prim::cast(made.integers, DType::uint8), made.by.scale, made.by.zero, prim::cast(group_of, DType::float32),
          scales};
}

namespace {

class AwqCalibration final : public Calibration {
 public:
  AwqCalibration(int64_t features, const AWQArgs& args)
      : Calibration(features, prim::full({features}, 0, DType::float32)), args_(args) {}
  CalibratedMatrix quantize(const Tensor& kernel) const override {
    return awq_quantize(kernel, statistics_, args_.num_grid_points, args_.group_size);
  }

 private:
  Tensor updated(const Tensor& x) const override {
    return prim::maximum(statistics_, prim::reduce(Reduce::max, prim::unary(Unary::abs, x), {0}, false));
  }
  const AWQArgs args_;
};

}  // namespace

void AWQArgs::fields(Fields& f) {
  fields_before(f);
  f("sequence_length", sequence_length, "Tokens of a sample.");
  f("group_size", group_size, "Weights that share a scale; -1 for one per channel.");
  f("num_grid_points", num_grid_points, "Powers of the inputs' magnitudes that are tried as scales, beside 0.");
  fields_after(f);
}

AWQConfig::AWQConfig(const Args& a) : CalibratedConfigWith(a) {
  if (args.weight_bits != kBits)
    throw ValueError("AWQ only supports 4-bit quantization. Received weight_bits=", args.weight_bits, ".");
  if (args.num_grid_points <= 0)
    throw ValueError("num_grid_points must be a positive integer. Received: num_grid_points=", args.num_grid_points);
}

std::unique_ptr<Calibration> AWQConfig::calibration(int64_t features) const {
  return std::make_unique<AwqCalibration>(features, args);
}

namespace {

LAMINA_CLASS(AWQConfig, "keras.quantizers", "Weights of 4 bits, by AWQ (Lin et al., 2023).", {"awq_config"},
             Doc{.raises = "ValueError: for numbers out of range.", .example = R"py(
>>> keras.quantizers.AWQConfig(None, None, group_size=64).dtype_policy_string()
'awq/4/64')py"});

}  // namespace
}  // namespace lamina
