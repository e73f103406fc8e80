#pragma once
// Kernels made of several others, which run one after the other.
#include "backends/core/kernel.h"

namespace lamina {

class KernelChain {
 public:
  explicit KernelChain(Device device) : device_(device) {}

  // Where a step reads or writes: an input or an output of the whole, or memory between the steps.
  struct Place {
    enum class Of : uint8_t { input, output, between } of;
    size_t at;
  };
  static Place input(size_t i) { return {Place::Of::input, i}; }
  static Place output(size_t i) { return {Place::Of::output, i}; }
  Place between(size_t bytes);  // 256-byte aligned
  Place between(const TensorSpec& spec) { return between(bytes_of(spec)); }

  void add(BoundKernel kernel, std::vector<Place> inputs, std::vector<Place> outputs);
  // The device's kernel for an op over inputs of these shapes and dtypes.
  void add(const Op& op, const std::vector<TensorSpec>& specs, std::vector<Place> inputs, std::vector<Place> outputs);
  BoundKernel finish() &&;

 private:
  struct Step {
    BoundKernel::Run run;
    std::vector<Place> inputs, outputs;
  };
  Device device_;
  std::vector<Step> steps_;
  size_t between_ = 0, most_scratch_ = 0;
  bool recordable_ = true;
};

// A kernel of other ops' kernels, for every kind of device.
#define LAMINA_KERNEL_ON_ALL(PRIMITIVE, NAME, RANK, BIND) \
  LAMINA_KERNEL(cpu, PRIMITIVE, NAME, RANK, BIND);        \
  LAMINA_KERNEL(cuda, PRIMITIVE, NAME, RANK, BIND);       \
  LAMINA_KERNEL(emulated, PRIMITIVE, NAME, RANK, BIND)

}  // namespace lamina
