// A convolution and a pooling over a few samples at a time, so that what lies between them stays in the cache. The
// kernels of the two run inside the tasks, each bound for as many samples.
#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/fused.h"
#include "backends/ops/convolution/tasks.h"

namespace lamina {

namespace {

constexpr int64_t kBetweenBytes = 256 << 10;  // what lies between, of a task

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
TensorSpec with_batch(TensorSpec s, int64_t batch) {
  s.shape[0] = batch;
  return s;
}

// Two kernels, one after the other, for a number of samples.
struct Pair {
  BoundKernel::Run first, second;
  std::optional<Preparation> preparation;  // of the first
  size_t scratch = 0, at = 0;              // at: where its prepared kernel stands
  void take(BoundKernel a, BoundKernel b) {
    scratch = aligned(std::max(a.scratch_bytes, b.scratch_bytes));
    first = std::move(a.run);
    second = std::move(b.run);
    preparation = std::move(a.preparation);
  }
};

// The batch in even chunks, with kernels for a full one and for the last.
struct Chunks {
  int64_t batch, size, count;
  Pair full, rest;
  Chunks(int64_t batch, const TensorSpec& between, int64_t most) : batch(batch) {
    const int64_t sample = static_cast<int64_t>(bytes_of(between)) / std::max<int64_t>(1, batch);
    size = std::clamp<int64_t>(kBetweenBytes / std::max<int64_t>(1, sample), 1, std::max<int64_t>(1, batch));
    size = std::max(size, (batch + most - 1) / most);
    count = (batch + size - 1) / size;
  }
  int64_t begin(int64_t t) const { return t * size; }
  int64_t samples(int64_t t) const { return std::min(size, batch - t * size); }
  const Pair& of(int64_t t) const { return samples(t) == size ? full : rest; }
  template <class F>
  void bind(F&& make) {  // make(pair, samples)
    make(full, size);
    if (batch % size) make(rest, batch % size);
  }
};

BoundKernel bind_pool(const FusedConvolutionPoolOp& op, const KernelRequest& r) {
  const TensorSpec between = op.convolution.infer(r.inputs)[0];
  if (between.dtype != DType::float32 || between.shape.elements() == 0) return r.decline("needs float32 and samples");
  auto c = std::make_shared<Chunks>(r.inputs[0].shape[0], between, 1 << 20);
  c->bind([&](Pair& pair, int64_t n) {
    const TensorSpec in[] = {with_batch(r.inputs[0], n), r.inputs[1], r.inputs[2]}, middle[] = {with_batch(between, n)};
    std::vector<TensorSpec> out;
    for (const TensorSpec& s : r.outputs) out.push_back(with_batch(s, n));
    pair.take(bind_kernel(Device::cpu, {op.convolution, in, middle, {}}),
              bind_kernel(Device::cpu, {op.pool, middle, out, {}}));
  });
  const int64_t batch = std::max<int64_t>(1, c->batch);
  const size_t x = bytes_of(r.inputs[0]) / batch, y = bytes_of(r.outputs[0]) / batch,
               index = r.outputs.size() > 1 ? bytes_of(r.outputs[1]) / batch : 0, middle = bytes_of(between) / batch;
  // The kernel is prepared once, not by every task; for full chunks and for the last.
  const bool prepared = c->full.preparation.has_value();
  size_t bytes = 0;
  if (prepared)
    for (Pair* pair : {&c->full, &c->rest}) {
      if (!pair->first) continue;
      if (!pair->preparation) {
        const size_t size = bytes_of(r.inputs[1]);
        pair->preparation = {.input = 1,
                             .bytes = size,
                             .make = [size](const void* w, void* to) { std::memcpy(to, w, size); },
                             .run = pair->first};
      }
      pair->at = bytes;
      bytes += aligned(pair->preparation->bytes);
    }
  auto prepare = [=](const void* w, void* to) {
    for (const Pair* pair : {&c->full, &c->rest})
      if (pair->preparation) pair->preparation->make(w, static_cast<char*>(to) + pair->at);
  };
  auto multiply = [=](const void* const* in, void* const* out, const void* w) {
    parallel_for(c->count, [&](int64_t t) {
      const Pair& pair = c->of(t);
      const size_t from = static_cast<size_t>(c->begin(t)), room = aligned(middle * static_cast<size_t>(c->samples(t)));
      char* memory = static_cast<char*>(task_scratch<1>(room + pair.scratch));
      const void* inputs[] = {static_cast<const char*>(in[0]) + from * x,
                              prepared ? static_cast<const char*>(w) + pair.at : w, in[2]};
      void* held[] = {memory};
      (prepared ? pair.preparation->run : pair.first)(inputs, held, memory + room);
      void* outputs[] = {static_cast<char*>(out[0]) + from * y,
                         index ? static_cast<char*>(out[1]) + from * index : nullptr};
      pair.second(held, outputs, memory + room);
    });
  };
  BoundKernel k;
  if (!prepared) {
    k.run = [=](const void* const* in, void* const* out, void*) { multiply(in, out, in[1]); };
    return k;
  }
  k.scratch_bytes = bytes;
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    prepare(in[1], scratch);
    multiply(in, out, scratch);
  };
  k.preparation = {
      .input = 1, .bytes = bytes, .make = prepare, .run = [=](const void* const* in, void* const* out, void*) {
        multiply(in, out, in[1]);
      }};
  return k;
}

// Every chunk has gradients of its own, which are added in order.
BoundKernel bind_weight_grad(const FusedConvolutionPoolWeightGradOp& op, const KernelRequest& r) {
  const TensorSpec between = op.scatter.infer(r.inputs.subspan(1))[0];
  if (between.dtype != DType::float32 || between.shape.elements() == 0) return r.decline("needs float32 and samples");
  const size_t w = bytes_of(r.outputs[0]), part = aligned(w) + aligned(bytes_of(r.outputs[1]));
  auto c = std::make_shared<Chunks>(r.inputs[0].shape[0], between,
                                    std::clamp<int64_t>((1 << 20) / static_cast<int64_t>(part), 4, 64));
  c->bind([&](Pair& pair, int64_t n) {
    const TensorSpec g[] = {with_batch(r.inputs[1], n), with_batch(r.inputs[2], n)},
                     middle[] = {with_batch(between, n)}, in[] = {with_batch(r.inputs[0], n), middle[0]};
    pair.take(bind_kernel(Device::cpu, {op.scatter, g, middle, {}}),
              bind_kernel(Device::cpu, {op.grad, in, r.outputs, {}}));
  });
  const int64_t batch = std::max<int64_t>(1, c->batch);
  const size_t x = bytes_of(r.inputs[0]) / batch, g = bytes_of(r.inputs[1]) / batch,
               index = bytes_of(r.inputs[2]) / batch, middle = bytes_of(between) / batch;
  BoundKernel k;
  k.scratch_bytes = part * static_cast<size_t>(c->count);
  k.run = [=, kernel = r.outputs[0].shape.elements(), filters = r.outputs[1].shape.elements()](
              const void* const* in, void* const* out, void* scratch) {
    char* sums = static_cast<char*>(scratch);
    parallel_for(c->count, [&](int64_t t) {
      const Pair& pair = c->of(t);
      const size_t from = static_cast<size_t>(c->begin(t)), room = aligned(middle * static_cast<size_t>(c->samples(t)));
      char* memory = static_cast<char*>(task_scratch<1>(room + pair.scratch));
      const void* pooled[] = {static_cast<const char*>(in[1]) + from * g,
                              static_cast<const char*>(in[2]) + from * index};
      void* held[] = {memory};
      pair.first(pooled, held, memory + room);
      const void* inputs[] = {static_cast<const char*>(in[0]) + from * x, memory};
      void* outputs[] = {sums + static_cast<size_t>(t) * part, sums + static_cast<size_t>(t) * part + aligned(w)};
      pair.second(inputs, outputs, memory + room);
    });
    const int64_t stride = static_cast<int64_t>(part / sizeof(float));
    add_parts(reinterpret_cast<const float*>(sums), c->count, stride, static_cast<float*>(out[0]), 0, kernel);
    add_parts(reinterpret_cast<const float*>(sums + aligned(w)), c->count, stride, static_cast<float*>(out[1]), 0,
              filters);
  };
  return k;
}

LAMINA_KERNEL(cpu, "FusedConvolutionPool", "chunks", 100, bind_pool);
LAMINA_KERNEL(cpu, "FusedConvolutionPoolWeightGrad", "chunks", 100, bind_weight_grad);

}  // namespace
}  // namespace lamina
