#pragma once
// Kernels of one call, timed in turn over several rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "backends/core/kernel.h"

namespace lamina {

inline Tensor noise(const Shape& shape) {
  Tensor t = Tensor::empty(shape, DType::float32);
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data<float>()[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return t;
}

// Prints the best time and GFLOP/s of every named kernel that accepts the call with one output; with a + behind the
// name, of its second input prepared.
inline void print_kernels(const std::vector<std::string>& names, const Primitive& op, const Tensor& a, const Tensor& b,
                          const TensorSpec& result, double flops) {
  const std::vector<TensorSpec> in = {a.spec(), b.spec()}, out = {result};
  Tensor y = Tensor::empty(result.shape, result.dtype);
  struct Row {
    std::string name;
    BoundKernel::Run run;
    BufferPtr scratch, prepared;
    double best = 1e9;
  };
  std::vector<Row> rows;
  for (const std::string& name : names) {
    BoundKernel kernel = bind_kernel_named(Device::cpu, name, {op, in, out, {}, 2});
    if (!kernel.run) continue;
    BufferPtr scratch = allocate(std::max<size_t>(64, kernel.scratch_bytes)), prepared;
    rows.push_back({name, kernel.run, scratch, nullptr});
    if (!kernel.preparation || kernel.preparation->input != 1) continue;
    prepared = allocate(kernel.preparation->bytes);
    kernel.preparation->make(b.raw(), prepared->data());
    rows.push_back({name + "+", kernel.preparation->run, scratch, prepared});
  }
  void* to[] = {y.mutable_raw()};
  for (int round = 0; round < 6; ++round)
    for (Row& row : rows) {
      const void* from[] = {a.raw(), row.prepared ? row.prepared->data() : b.raw()};
      row.run(from, to, row.scratch->data());
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(15);
      for (auto start = std::chrono::steady_clock::now(); start < until;) {
        row.run(from, to, row.scratch->data());
        const auto end = std::chrono::steady_clock::now();
        row.best = std::min(row.best, std::chrono::duration<double>(end - start).count());
        start = end;
      }
    }
  for (const Row& row : rows)
    std::printf("  %s %8.1f us %6.1f", row.name.c_str(), row.best * 1e6, 1e-9 * flops / row.best);
  std::printf("\n");
}

}  // namespace lamina
