#include "backends/ops/public/random.h"

#include "backends/core/settings.h"
#include "backends/ops/public/support.h"
#include "backends/ops/random/random_mask.h"
#include "backends/ops/random/seed_generator.h"

namespace lamina::random {

#define RANDOM "keras.src.random.random."  // none of these has an operation class

namespace {

using namespace prim;
using ops::compare;
using ops::constant;

DType float_dtype(const std::optional<DType>& dtype, const char* op) {
  DType t = dtype.value_or(settings().floatx());
  if (!is_float(t))
    throw ValueError("`keras.random.", op, "` requires a floating point `dtype`. Received: dtype=", t, " ");
  return t;
}
Tensor moved(const Tensor& z, double mean, double stddev) {
  Tensor out = stddev == 1 ? z : multiply(z, stddev);
  return mean == 0 ? out : add(out, mean);
}
// A seed of a shape-only computation (symbolic inputs) is not drawn: that would move its generator.
Tensor seed_for(const Value& seed, bool shape_only = false) {
  return shape_only ? Tensor::spec_only({2}, DType::uint32) : draw_seed(seed);
}

Tensor normal_impl(const Shape& shape, double mean, double stddev, const std::optional<DType>& dtype,
                   const Value& seed) {
  return moved(random_normal(seed_for(seed, !shape.known()), shape, float_dtype(dtype, "normal")), mean, stddev);
}
// The inverse of the normal distribution function on the part between two deviations.
Tensor truncated_normal_impl(const Shape& shape, double mean, double stddev, const std::optional<DType>& dtype,
                             const Value& seed) {
  DType type = float_dtype(dtype, "truncated_normal"), compute = type == DType::float64 ? type : DType::float32;
  constexpr double edge = 0.9544997361036416;  // erf(2 / sqrt 2)
  Tensor u = add(multiply(random_uniform(seed_for(seed, !shape.known()), shape, compute), 2 * edge), -edge);
  Tensor z = multiply(unary(Unary::erfinv, u), 1.4142135623730951);
  z = minimum(maximum(z, constant(-2, compute)), constant(2, compute));
  return cast(moved(z, mean, stddev), type);
}

Tensor next_below(double limit, DType type) {
  return binary(Binary::nextafter, constant(limit, type), constant(-INFINITY, type));
}

Tensor randint_of(const Tensor& seed, const Shape& shape, const Operand& minval, const Operand& maxval, DType dtype) {
  if (is_float(dtype) || dtype == DType::boolean)
    throw ValueError("`keras.random.randint` requires an integer `dtype`. Received: dtype=", dtype, " ");
  // In 64 bits, so that a range up to 2^32 fits; the bias of the remainder is below 2^-31 of the range.
  Tensor low = minval.as(DType::int64),
         width = maximum(subtract(maxval.as(DType::int64), low), constant(1, DType::int64));
  Tensor high_bits = cast(random_bits(seed, shape, 1), DType::int64),
         low_bits = cast(random_bits(seed, shape, 2), DType::int64);
  Tensor wide =
      add(multiply(binary(Binary::right_shift, high_bits, constant(1, DType::int64)), 4294967296.0), low_bits);
  return cast(add(low, binary(Binary::mod, wide, width)), dtype);
}
Tensor uniform_impl(const Shape& shape, const Operand& minval, const Operand& maxval, const std::optional<DType>& dtype,
                    const Value& seed) {
  DType type = float_dtype(dtype, "uniform");
  Tensor u = random_uniform(seed_for(seed, !shape.known()), shape, type);
  if (minval.is_scalar() && maxval.is_scalar()) {
    if (minval.number() == 0 && maxval.number() == 1 && size_of(type) > 2) return u;
    // Rounding (to half types already that of u) may carry the product up to maxval itself, which is not in the range.
    Tensor out = moved(u, minval.number(), maxval.number() - minval.number());
    return maxval.number() > minval.number() ? minimum(out, next_below(maxval.number(), type)) : out;
  }
  Tensor low = minval.as(type);
  return add(multiply(u, subtract(maxval.as(type), low)), low);
}
Tensor randint_impl(const Shape& shape, const Operand& minval, const Operand& maxval, DType dtype, const Value& seed) {
  return randint_of(seed_for(seed, !shape.known()), shape, minval, maxval, dtype);
}

// The largest of log p plus Gumbel noise is distributed as p.
Tensor categorical_impl(const Operand& logits, int64_t num_samples, DType dtype, const Value& seed) {
  Tensor x = ops::as_float(logits);
  if (x.rank() != 2)
    throw ValueError("`logits` should be a 2D tensor with shape [batch_size, num_classes]. Received: logits.shape=",
                     x.shape());
  if (is_float(dtype))
    throw ValueError("`keras.random.categorical` requires an integer `dtype`. Received: dtype=", dtype, " ");
  Shape out{x.shape()[0], num_samples};
  if (!x.shape().known()) return Tensor::spec_only(out, dtype);
  Tensor u = random_uniform(seed_for(seed, x.shape_only()), {x.shape()[0], num_samples, x.shape()[1]}, DType::float32);
  Tensor gumbel = negative(log(negative(log(maximum(u, constant(1e-30, DType::float32))))));
  return cast(arg_reduce(true, add(gumbel, prim::expand_dims(cast(x, DType::float32), 1)), 2), dtype);
}

Tensor dropout_impl(const Operand& inputs, double rate, const std::optional<Shape>& noise_shape, const Value& seed) {
  Tensor x = inputs.value();
  if (rate < 0 || rate > 1) throw ValueError("`rate` must be between 0 and 1, received ", rate, ".");
  if (rate == 0) return x;
  if (rate == 1) return full(x.shape(), 0, x.dtype());
  Shape noise = noise_shape.value_or(x.shape());
  if (noise.rank() != x.rank())
    throw ValueError("`noise_shape` must have one entry an axis of the inputs (", x.shape(), "), received ", noise,
                     ".");
  for (int i = 0; i < noise.rank(); ++i)
    if (noise[i] < 0) noise[i] = x.shape()[i];
  if (!noise.known() || x.shape_only()) return Tensor::spec_only(x.shape(), x.dtype());
  Tensor keep = random_mask(draw_seed(seed), noise, rate);
  return where(keep, multiply(x, 1 / (1 - rate)), constant(0, x.dtype()));
}

Tensor shuffle_impl(const Operand& x, int axis, const Value& seed) {
  Tensor t = x.value();
  int a = normalize_axis(axis, t.rank());
  if (t.shape_only()) return t;
  // Two words of bits a position make ties (which would favour the earlier place) vanishingly rare.
  Tensor s = draw_seed(seed), order = sort_last(random_bits(s, {t.shape()[a]}, 1)).indices;
  order = gather(order, sort_last(random_bits(s, {t.shape()[a]}, 2)).indices, 0);
  return gather(t, order, a);
}

Tensor shaped(const Operand& x, const Shape& shape) { return broadcast_to(x.as(DType::float32), shape); }

Tensor gamma_impl(const Shape& shape, const Operand& alpha, const std::optional<DType>& dtype, const Value& seed) {
  DType type = float_dtype(dtype, "gamma");
  if (!shape.known()) return Tensor::spec_only(shape, type);
  return cast(random_gamma(draw_seed(seed), shaped(alpha, shape)), type);
}
// Of two gamma variables, the share of the first.
Tensor beta_impl(const Shape& shape, const Operand& alpha, const Operand& beta, const std::optional<DType>& dtype,
                 const Value& seed) {
  DType type = float_dtype(dtype, "beta");
  if (!shape.known()) return Tensor::spec_only(shape, type);
  Tensor s = draw_seed(seed), a = random_gamma(s, shaped(alpha, shape), 1), b = random_gamma(s, shaped(beta, shape), 2);
  return cast(divide(a, add(a, b)), type);
}
Tensor binomial_impl(const Shape& shape, const Operand& counts, const Operand& probabilities,
                     const std::optional<DType>& dtype, const Value& seed) {
  DType type = float_dtype(dtype, "binomial");
  if (!shape.known()) return Tensor::spec_only(shape, type);
  return cast(random_binomial(draw_seed(seed), shaped(counts, shape), shaped(probabilities, shape)), type);
}

const OpArgument kDtype("dtype", Value(), about::dtype), kSeed("seed", Value(), about::seed);
const auto normal_op = public_op("random.normal", RANDOM, "Normally distributed numbers.", normal_impl,
                                 {{"shape", required, about::shape},
                                  {"mean", 0.0, "The mean."},
                                  {"stddev", 1.0, "The standard deviation."},
                                  kDtype,
                                  kSeed},
                                 {.returns = about::created, .example = R"py(
>>> keras.random.normal((2, 3), seed=1).shape
(2, 3))py"});
const auto truncated_normal_op =
    public_op("random.truncated_normal", RANDOM, "Normally distributed numbers within two deviations of the mean.",
              truncated_normal_impl,
              {{"shape", required, about::shape},
               {"mean", 0.0, "The mean."},
               {"stddev", 1.0, "The standard deviation, before the ends are cut."},
               kDtype,
               kSeed},
              {.returns = about::created, .example = R"py(
>>> keras.random.truncated_normal((2, 3), seed=1).shape
(2, 3))py"});
const auto uniform_op =
    public_op("random.uniform", RANDOM, "Evenly distributed numbers: minval <= x < maxval.", uniform_impl,
              {{"shape", required, about::shape},
               {"minval", 0.0, "The lowest number."},
               {"maxval", 1.0, "The end of the interval, itself left out."},
               kDtype,
               kSeed},
              {.returns = about::created, .example = R"py(
>>> keras.random.uniform((2, 3), seed=1).shape
(2, 3))py"});
const auto randint_op =
    public_op("random.randint", RANDOM, "Evenly distributed integers: minval <= x < maxval.", randint_impl,
              {{"shape", required, about::shape},
               {"minval", required, "The lowest number."},
               {"maxval", required, "The end of the interval, itself left out."},
               {"dtype", "int32", "An integer dtype."},
               kSeed},
              {.returns = about::created, .raises = "ValueError: if `dtype` is no integer dtype.", .example = R"py(
>>> keras.random.randint((2, 3), 0, 10, seed=1).shape
(2, 3))py"});
const auto categorical_op = public_op(
    "random.categorical", RANDOM, "Classes drawn with probabilities softmax(logits): (batch, num_samples).",
    categorical_impl,
    {{"logits", required, "Scores (batch, classes)."},
     {"num_samples", required, "How many to draw for each row."},
     {"dtype", "int32", "An integer dtype."},
     kSeed},
    {.returns = "A tensor (batch, num_samples).", .raises = "ValueError: if `logits` is no matrix.", .example = R"py(
>>> keras.random.categorical(keras.ops.array([[0.0, 0.0]]), 5, seed=1).shape
(1, 5))py"});
const auto dropout_op =
    public_op("random.dropout", RANDOM, "A share `rate` of the elements set to 0, the others scaled by 1 / (1 - rate).",
              dropout_impl,
              {{"inputs", required, about::tensor},
               {"rate", required, "The share to drop, 0 to 1."},
               {"noise_shape", Value(),
                "The shape of the draw, with 1 for axes that are dropped together; None takes that of `inputs`."},
               kSeed},
              {.returns = "A tensor of the shape and dtype of `inputs`.",
               .raises = "ValueError: if `rate` is not between 0 and 1.",
               .source = "Srivastava et al., \"Dropout\" (2014).",
               .example = R"py(
>>> keras.random.dropout(keras.ops.ones((2, 3)), 0.5, seed=1).shape
(2, 3))py"});
const auto shuffle_op = public_op("random.shuffle", RANDOM, "The slices along `axis` in random order.", shuffle_impl,
                                  {{"x", required, about::tensor}, {"axis", 0, about::axis}, kSeed},
                                  {.returns = about::same, .example = R"py(
>>> keras.random.shuffle(keras.ops.arange(5), seed=1).shape
(5,))py"});
const auto gamma_op = public_op(
    "random.gamma", RANDOM, "Numbers from the gamma distribution with shape parameter alpha and scale 1.", gamma_impl,
    {{"shape", required, about::shape},
     {"alpha", required, "The shape parameter, a positive number or a tensor that broadcasts."},
     kDtype,
     kSeed},
    {.returns = about::created, .example = R"py(
>>> keras.random.gamma((2, 3), 2.0, seed=1).shape
(2, 3))py"});
const auto beta_op =
    public_op("random.beta", RANDOM, "Numbers from the beta distribution.", beta_impl,
              {{"shape", required, about::shape},
               {"alpha", required, "The first parameter, a positive number or a tensor that broadcasts."},
               {"beta", required, "The second parameter, a positive number or a tensor that broadcasts."},
               kDtype,
               kSeed},
              {.returns = about::created, .example = R"py(
>>> keras.random.beta((2, 3), 1.0, 2.0, seed=1).shape
(2, 3))py"});
const auto binomial_op =
    public_op("random.binomial", RANDOM, "Numbers of successes in `counts` trials.", binomial_impl,
              {{"shape", required, about::shape},
               {"counts", required, "The numbers of trials, a number or a tensor that broadcasts."},
               {"probabilities", required, "The probability of success, a number or a tensor that broadcasts."},
               kDtype,
               kSeed},
              {.returns = about::created, .example = R"py(
>>> keras.random.binomial((2, 3), 10.0, 0.5, seed=1).shape
(2, 3))py"});

}  // namespace

Tensor normal(const Shape& shape, double mean, double stddev, const std::optional<DType>& dtype, const Value& seed) {
  return normal_op(shape, mean, stddev, dtype, seed);
}
Tensor truncated_normal(const Shape& shape, double mean, double stddev, const std::optional<DType>& dtype,
                        const Value& seed) {
  return truncated_normal_op(shape, mean, stddev, dtype, seed);
}
Tensor uniform(const Shape& shape, const Operand& minval, const Operand& maxval, const std::optional<DType>& dtype,
               const Value& seed) {
  return uniform_op(shape, minval, maxval, dtype, seed);
}
Tensor randint(const Shape& shape, const Operand& minval, const Operand& maxval, DType dtype, const Value& seed) {
  return randint_op(shape, minval, maxval, dtype, seed);
}
Tensor categorical(const Operand& logits, int64_t num_samples, DType dtype, const Value& seed) {
  return categorical_op(logits, num_samples, dtype, seed);
}
Tensor dropout(const Operand& inputs, double rate, const std::optional<Shape>& noise_shape, const Value& seed) {
  return dropout_op(inputs, rate, noise_shape, seed);
}
Tensor shuffle(const Operand& x, int axis, const Value& seed) { return shuffle_op(x, axis, seed); }
Tensor gamma(const Shape& shape, const Operand& alpha, const std::optional<DType>& dtype, const Value& seed) {
  return gamma_op(shape, alpha, dtype, seed);
}
Tensor beta(const Shape& shape, const Operand& alpha, const Operand& beta, const std::optional<DType>& dtype,
            const Value& seed) {
  return beta_op(shape, alpha, beta, dtype, seed);
}
Tensor binomial(const Shape& shape, const Operand& counts, const Operand& probabilities,
                const std::optional<DType>& dtype, const Value& seed) {
  return binomial_op(shape, counts, probabilities, dtype, seed);
}

}  // namespace lamina::random
