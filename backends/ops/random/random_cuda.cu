// Philox on GPUs: the CPU's bits, of normal numbers in float64 to rounding.
#include "backends/cuda/kernel.cuh"
#include "backends/ops/random/philox.h"
#include "backends/ops/random/random.h"
#include "backends/ops/random/random_mask.h"

namespace lamina::gpu {

namespace {

#define LAMINA_MATH __device__ inline
#include "backends/ops/elementwise/vector_math.h"
#undef LAMINA_MATH

// Number i of a draw is word i % 64 / 16 of block i % 16 of group i / 64.
__device__ inline PhiloxBlock block_of(const uint32_t* seed, uint32_t stream, int64_t i) {
  return philox_block({seed[0], seed[1], stream}, static_cast<uint64_t>(i / kPhiloxGroup * 16 + i % 16), 0);
}

__global__ void bits(const uint32_t* seed, uint32_t stream, uint32_t* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) y[i] = block_of(seed, stream, i).word[i % kPhiloxGroup / 16];
}

__global__ void uniform(const uint32_t* seed, uint32_t stream, float* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step())
    y[i] = static_cast<float>(static_cast<int32_t>(block_of(seed, stream, i).word[i % kPhiloxGroup / 16] >> 8)) *
           5.9604644775390625e-8f;
}

__global__ void mask(const uint32_t* seed, uint32_t stream, uint32_t least, bool* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step())
    y[i] = block_of(seed, stream, i).word[i % kPhiloxGroup / 16] >> 8 >= least;
}

// Words 0 and 1 of a block make two numbers, 2 and 3 two more (philox_simd.cpp).
__global__ void normal(const uint32_t* seed, uint32_t stream, float* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const PhiloxBlock b = block_of(seed, stream, i);
    const int64_t word = i % kPhiloxGroup / 16;
    const uint32_t size = word < 2 ? b.word[0] : b.word[2], turn = word < 2 ? b.word[1] : b.word[3];
    const float u = (static_cast<float>(static_cast<int32_t>(size >> 1)) + 1.0f) * 4.656612873077393e-10f;
    const float angle = static_cast<float>(static_cast<int32_t>(turn >> 8)) * 3.7450704e-7f;
    const float square = -2.0f * fast_log(u);
    y[i] = sqrtf(square > 0.0f ? square : 0.0f) * fast_sincos(angle, word % 2 == 0);
  }
}

__global__ void doubles(const uint32_t* seed, uint32_t stream, double* y, int64_t n, bool normal) {
  for (int64_t i = first(); i < n; i += step()) {
    const PhiloxBlock b = philox_block({seed[0], seed[1], stream}, static_cast<uint64_t>(i / 2), 1);
    const double u = philox_unit(b.word[0], b.word[1]), v = philox_unit(b.word[2], b.word[3]);
    if (!normal)
      y[i] = i % 2 ? v : u;
    else
      y[i] = sqrt(-2 * log(u)) * (i % 2 ? sin(6.283185307179586 * v) : cos(6.283185307179586 * v));
  }
}

BoundKernel bind_random(const RandomOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [kind = op.kind, dtype = op.dtype, stream = op.stream, n = op.shape.elements(), queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    const auto* seed = static_cast<const uint32_t*>(in[0]);
    if (kind == RandomOp::Kind::bits)
      queue.elements(bits, n, seed, stream, static_cast<uint32_t*>(out[0]), n);
    else if (dtype == DType::float64)
      queue.elements(doubles, n, seed, stream, static_cast<double*>(out[0]), n, kind == RandomOp::Kind::normal);
    else
      queue.elements(kind == RandomOp::Kind::uniform ? uniform : normal, n, seed, stream, static_cast<float*>(out[0]),
                     n);
  };
  return k;
}

BoundKernel bind_mask(const RandomMaskOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [least = random_mask_least(op.rate), stream = op.stream, n = op.shape.elements(), queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    queue.elements(mask, n, static_cast<const uint32_t*>(in[0]), stream, least, static_cast<bool*>(out[0]), n);
  };
  return k;
}

LAMINA_GPU_KERNEL("Random", "philox", 20, bind_random);
LAMINA_GPU_KERNEL("RandomMask", "philox", 20, bind_mask);

}  // namespace
}  // namespace lamina::gpu
