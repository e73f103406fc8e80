#include "backends/ops/random/random.h"

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/primitives.h"
#include "backends/ops/random/philox.h"
#include "backends/ops/random/random_mask.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const PhiloxTable&, philox_table)

namespace {

void check_seed(std::span<const TensorSpec> in) {
  if (in[0].dtype != DType::uint32 || !compatible(in[0].shape, {2}))
    throw ValueError("the seed must be two uint32 numbers, received ", in[0], ".");
}

PhiloxStream stream_of(const void* seed, uint32_t stream) {
  const auto* s = static_cast<const uint32_t*>(seed);
  return {s[0], s[1], stream};
}

template <class T, class F>
void by_group(T* out, int64_t n, PhiloxStream s, F&& group_of) {
  constexpr int64_t kGroups = 64;  // a task
  parallel_for((n + kGroups * kPhiloxGroup - 1) / (kGroups * kPhiloxGroup), [&](int64_t task) {
    for (int64_t g = task * kGroups; g < (task + 1) * kGroups; ++g) {
      int64_t left = n - g * kPhiloxGroup;
      if (left <= 0) break;
      if (left >= kPhiloxGroup) {
        group_of(s, g, out + g * kPhiloxGroup);
      } else {
        T last[kPhiloxGroup];
        group_of(s, g, last);
        std::copy(last, last + left, out + g * kPhiloxGroup);
      }
    }
  });
}

void doubles(RandomOp::Kind kind, PhiloxStream s, double* out, int64_t n) {
  parallel_for((n + 2047) / 2048, [&](int64_t task) {
    for (int64_t i = task * 2048; i < std::min(n, (task + 1) * 2048); i += 2) {
      PhiloxBlock b = philox_block(s, static_cast<uint64_t>(i / 2), 1);
      double u = philox_unit(b.word[0], b.word[1]), v = philox_unit(b.word[2], b.word[3]);
      if (kind == RandomOp::Kind::normal) {
        double radius = std::sqrt(-2 * std::log(u)), angle = 6.283185307179586 * v;
        u = radius * std::cos(angle), v = radius * std::sin(angle);
      }
      out[i] = u;
      if (i + 1 < n) out[i + 1] = v;
    }
  });
}

BoundKernel bind_random(const RandomOp& op, const KernelRequest&) {
  BoundKernel k;
  k.run = [kind = op.kind, dtype = op.dtype, stream = op.stream, n = op.shape.elements()](const void* const* in,
                                                                                          void* const* out, void*) {
    PhiloxStream s = stream_of(in[0], stream);
    if (kind == RandomOp::Kind::bits)
      by_group(static_cast<uint32_t*>(out[0]), n, s, philox_table().bits);
    else if (dtype == DType::float64)
      doubles(kind, s, static_cast<double*>(out[0]), n);
    else
      by_group(static_cast<float*>(out[0]), n, s,
               kind == RandomOp::Kind::uniform ? philox_table().uniform : philox_table().normal);
  };
  return k;
}

BoundKernel bind_mask(const RandomMaskOp& op, const KernelRequest&) {
  BoundKernel k;
  k.run = [least = random_mask_least(op.rate), stream = op.stream, n = op.shape.elements()](const void* const* in,
                                                                                            void* const* out, void*) {
    by_group(static_cast<bool*>(out[0]), n, stream_of(in[0], stream),
             [least](PhiloxStream s, int64_t group, bool* to) { philox_table().at_least(s, group, least, to); });
  };
  return k;
}

// Number by number.
BoundKernel bind_mask_reference(const RandomMaskOp& op, const KernelRequest&) {
  BoundKernel k;
  k.run = [rate = static_cast<float>(op.rate), stream = op.stream, n = op.shape.elements()](const void* const* in,
                                                                                            void* const* out, void*) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t place = i % kPhiloxGroup;
      PhiloxBlock b =
          philox_block(stream_of(in[0], stream), static_cast<uint64_t>(i / kPhiloxGroup * 16 + place % 16), 0);
      static_cast<bool*>(out[0])[i] = static_cast<float>(b.word[place / 16] >> 8) * 0x1p-24f >= rate;
    }
  };
  return k;
}

// Numbers for one element, drawn as needed.
class ElementStream {
 public:
  ElementStream(PhiloxStream s, uint64_t element) : stream_(s), element_(element) {}
  double uniform() {
    if (next_ == 4) block_ = philox_block(stream_, element_, ++draws_), next_ = 0;
    next_ += 2;
    return philox_unit(block_.word[next_ - 2], block_.word[next_ - 1]);
  }
  double normal() {
    double u = uniform(), v = uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
  }

 private:
  PhiloxStream stream_;
  uint64_t element_;
  uint32_t draws_ = 0;
  PhiloxBlock block_{};
  int next_ = 4;
};

double draw_gamma(ElementStream& random, double alpha) {
  if (!(alpha > 0)) return NAN;
  if (std::isinf(alpha)) return alpha;
  double boost = 1;
  if (alpha < 1) boost = std::pow(random.uniform(), 1 / alpha), alpha += 1;
  double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x = random.normal(), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    if (std::log(random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return boost * d * v;
  }
}

// log(k!) less Stirling's k log k - k + log(2 pi k) / 2, with k + 1 for k.
double stirling_rest(double k) {
  static constexpr double small[] = {
      0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509,  0.01664469118982119,
      0.01387612882307075, 0.01189670994589177, 0.01041126526197209, 0.009255462182712733, 0.008330563433362871};
  if (k < 10) return small[static_cast<int>(k)];
  const double n = k + 1, square = n * n;
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / n;
}

// Successes of n trials of probability p <= 1/2, counted by jumping over failures: the gaps are geometric, so the work
// is n * p.
double count_hits(ElementStream& random, double n, double p) {
  if (p == 0) return 0;
  const double scale = 1 / std::log1p(-p);
  double at = 0, hits = 0;
  for (;;) {
    at += std::floor(std::log(random.uniform()) * scale) + 1;
    if (!(at <= n)) return hits;
    ++hits;
  }
}

// The same for n * p >= 10, by rejection in time that does not depend on n: Hoermann's BTRS (The generation of binomial
// random variates, 1993).
double reject_hits(ElementStream& random, double n, double p) {
  const double odds = p / (1 - p), spread = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * spread,
               a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double centre = n * p + 0.5, sure = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * spread,
               mode = std::floor((n + 1) * p);
  for (;;) {
    const double u = random.uniform() - 0.5, v = random.uniform(), edge = 0.5 - std::abs(u),
                 k = std::floor((2 * a / edge + b) * u + centre);
    if (edge >= 0.07 && v <= sure) return k;
    if (!(k >= 0 && k <= n)) continue;
    const double bound = (mode + 0.5) * std::log((mode + 1) / (odds * (n - mode + 1))) +
                         (n + 1) * std::log((n - mode + 1) / (n - k + 1)) +
                         (k + 0.5) * std::log(odds * (n - k + 1) / (k + 1)) + stirling_rest(mode) +
                         stirling_rest(n - mode) - stirling_rest(k) - stirling_rest(n - k);
    if (std::log(v * alpha / (a / (edge * edge) + b)) <= bound) return k;
  }
}

double draw_binomial(ElementStream& random, double n, double p) {
  if (!(n >= 0) || std::isinf(n) || !(p >= 0) || !(p <= 1)) return NAN;
  n = std::floor(n);
  const bool flip = p > 0.5;
  const double rare = flip ? 1 - p : p,
               hits = n * rare < 10 ? count_hits(random, n, rare) : reject_hits(random, n, rare);
  return flip ? n - hits : hits;
}

BoundKernel bind_draw(const RandomDrawOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [kind = op.kind, stream = op.stream, n = r.outputs[0].shape.elements()](const void* const* in,
                                                                                  void* const* out, void*) {
    PhiloxStream s = stream_of(in[0], stream);
    const float* a = static_cast<const float*>(in[1]);
    float* y = static_cast<float*>(out[0]);
    parallel_for((n + 255) / 256, [&](int64_t task) {
      for (int64_t i = task * 256; i < std::min(n, (task + 1) * 256); ++i) {
        ElementStream random(s, static_cast<uint64_t>(i));
        y[i] = static_cast<float>(kind == RandomDrawOp::Kind::gamma
                                      ? draw_gamma(random, a[i])
                                      : draw_binomial(random, a[i], static_cast<const float*>(in[2])[i]));
      }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Random", "philox", 100, bind_random);
LAMINA_KERNEL(cpu, "RandomDraw", "philox", 100, bind_draw);
LAMINA_KERNEL(cpu, "RandomMask", "philox", 20, bind_mask);
LAMINA_KERNEL(cpu, "RandomMask", "reference", 100, bind_mask_reference);

}  // namespace

std::vector<TensorSpec> RandomOp::infer(std::span<const TensorSpec> in) const {
  check_seed(in);
  return {{shape, dtype}};
}

std::vector<TensorSpec> RandomMaskOp::infer(std::span<const TensorSpec> in) const {
  check_seed(in);
  return {{shape, DType::boolean}};
}

std::vector<TensorSpec> RandomDrawOp::infer(std::span<const TensorSpec> in) const {
  check_seed(in);
  for (const TensorSpec& s : in.subspan(1)) {
    if (s.dtype != DType::float32) throw TypeError("parameters must be float32, received ", s.dtype, ".");
    if (!compatible(s.shape, in[1].shape))
      throw ValueError("parameters must have one shape, received ", s.shape, " and ", in[1].shape, ".");
  }
  return {in[1]};
}

namespace prim {

namespace {
Tensor draw(RandomOp::Kind kind, const Tensor& seed, const Shape& shape, DType dtype, uint32_t stream) {
  if (!shape.known()) return Tensor::spec_only(shape, dtype);
  DType in = dtype == DType::float64 || dtype == DType::uint32 ? dtype : DType::float32;
  return cast(apply1(make_op<RandomOp>(kind, shape, in, stream), {seed}), dtype);
}
}  // namespace

Tensor random_bits(const Tensor& seed, const Shape& shape, uint32_t stream) {
  return draw(RandomOp::Kind::bits, seed, shape, DType::uint32, stream);
}
Tensor random_uniform(const Tensor& seed, const Shape& shape, DType dtype, uint32_t stream) {
  return draw(RandomOp::Kind::uniform, seed, shape, dtype, stream);
}
Tensor random_normal(const Tensor& seed, const Shape& shape, DType dtype, uint32_t stream) {
  return draw(RandomOp::Kind::normal, seed, shape, dtype, stream);
}
Tensor random_mask(const Tensor& seed, const Shape& shape, double rate, uint32_t stream) {
  if (!shape.known()) return Tensor::spec_only(shape, DType::boolean);
  return apply1(make_op<RandomMaskOp>(rate, shape, stream), {seed});
}
Tensor random_gamma(const Tensor& seed, const Tensor& alpha, uint32_t stream) {
  return apply1(make_op<RandomDrawOp>(RandomDrawOp::Kind::gamma, stream), {seed, alpha});
}
Tensor random_binomial(const Tensor& seed, const Tensor& counts, const Tensor& probabilities, uint32_t stream) {
  return apply1(make_op<RandomDrawOp>(RandomDrawOp::Kind::binomial, stream), {seed, counts, probabilities});
}

}  // namespace prim
}  // namespace lamina
