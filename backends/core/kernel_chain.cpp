#include "backends/core/kernel_chain.h"

#include <algorithm>

namespace lamina {

KernelChain::Place KernelChain::between(size_t bytes) {
  const size_t at = between_;
  between_ += (bytes + 255) / 256 * 256;
  return {Place::Of::between, at};
}

void KernelChain::add(BoundKernel kernel, std::vector<Place> inputs, std::vector<Place> outputs) {
  most_scratch_ = std::max(most_scratch_, kernel.scratch_bytes);
  recordable_ &= kernel.recordable;
  steps_.push_back({std::move(kernel.run), std::move(inputs), std::move(outputs)});
}

void KernelChain::add(const Op& op, const std::vector<TensorSpec>& specs, std::vector<Place> inputs,
                      std::vector<Place> outputs) {
  BoundKernel k = bind_kernel(device_, {*op, specs, op->infer(specs), {}});
  k.run = [op, run = std::move(k.run)](const void* const* in, void* const* out, void* scratch) {
    run(in, out, scratch);
  };  // the op lives as long
  add(std::move(k), std::move(inputs), std::move(outputs));
}

BoundKernel KernelChain::finish() && {
  BoundKernel k;
  k.scratch_bytes = between_ + most_scratch_;
  k.recordable = recordable_;
  k.run = [steps = std::move(steps_), between = between_](const void* const* in, void* const* out, void* scratch) {
    char* memory = static_cast<char*>(scratch);
    std::vector<const void*> from;
    std::vector<void*> to;
    for (const Step& step : steps) {
      from.clear(), to.clear();
      for (const Place& p : step.inputs)
        from.push_back(p.of == Place::Of::input ? in[p.at] : p.of == Place::Of::output ? out[p.at] : memory + p.at);
      for (const Place& p : step.outputs) to.push_back(p.of == Place::Of::output ? out[p.at] : memory + p.at);
      step.run(from.data(), to.data(), memory + between);
    }
  };
  return k;
}

}  // namespace lamina
