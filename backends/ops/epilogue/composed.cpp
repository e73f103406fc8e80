#include "backends/ops/epilogue/composed.h"

#include "backends/cpu/thread_pool.h"

namespace lamina {

BoundKernel then_epilogue(BoundKernel plain, const Epilogue& epilogue, const Shape& result) {
  const int64_t channels = result.back(), rows = channels ? result.elements() / channels : 0;
  const int64_t unit = std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, channels));
  BoundKernel k;
  k.scratch_bytes = plain.scratch_bytes;
  auto then_finish = [=](BoundKernel::Run run) -> BoundKernel::Run {
    return [=, run = std::move(run)](const void* const* in, void* const* out, void* scratch) {
      run(in, out, scratch);
      parallel_for((rows + unit - 1) / unit, [&](int64_t t) {
        epilogue.of(in).finish(static_cast<float*>(out[0]), t * unit * channels, std::min(unit, rows - t * unit),
                               channels);
      });
    };
  };
  k.run = then_finish(std::move(plain.run));
  if (plain.preparation) {
    k.preparation = std::move(plain.preparation);
    k.preparation->run = then_finish(std::move(k.preparation->run));
  }
  return k;
}

}  // namespace lamina
