// bench_convolutions: GFLOP/s of the plain sum of every kernel of the convolutions and their gradients, in turn over several rounds, for layers of the
// benchmark's models.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "backends/core/kernel.h"
#include "backends/ops/convolution/convolution.h"

using namespace lamina;

namespace {

struct Case {
  const char* name;
  Shape x, w;
  Window window;
  int64_t groups = 1;
};

Tensor noise(const Shape& shape) {
  Tensor t = Tensor::empty(shape, DType::float32);
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data<float>()[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return t;
}

void measure(const char* what, const Primitive& op, const Tensor& a, const Tensor& b, const TensorSpec& result, double flops) {
  const std::vector<TensorSpec> in = {a.spec(), b.spec()}, out = {result};
  Tensor y = Tensor::empty(result.shape, result.dtype);
  struct Row { std::string name; BoundKernel kernel; BufferPtr scratch; double best = 1e9; };
  std::vector<Row> rows;
  for (const KernelInfo& info : registered_kernels()) {
    if (info.primitive != op.name() || info.name == "reference" || info.name == "gemm") continue;
    BoundKernel kernel = bind_kernel_named(Device::cpu, info.name, {op, in, out, {}});
    if (!kernel.run) continue;
    BufferPtr scratch = allocate(std::max<size_t>(64, kernel.scratch_bytes));
    rows.push_back({info.name, std::move(kernel), scratch});
  }
  const void* from[] = {a.raw(), b.raw()};
  void* to[] = {y.mutable_raw()};
  for (int round = 0; round < 6; ++round)
    for (Row& row : rows) {
      row.kernel.run(from, to, row.scratch->data());
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(15);
      for (auto start = std::chrono::steady_clock::now(); start < until;) {
        row.kernel.run(from, to, row.scratch->data());
        const auto end = std::chrono::steady_clock::now();
        row.best = std::min(row.best, std::chrono::duration<double>(end - start).count());
        start = end;
      }
    }
  std::printf("  %-12s", what);
  for (const Row& row : rows) std::printf("  %s %8.1f us %6.1f", row.name.c_str(), row.best * 1e6, 1e-9 * flops / row.best);
  std::printf("\n");
}

void measure(const Case& c) {
  const ConvolutionOp forward(c.window, c.groups);
  const Tensor x = noise(c.x), w = noise(c.w);
  const std::vector<TensorSpec> in = {x.spec(), w.spec()};
  const TensorSpec y = forward.infer(in)[0];
  const Tensor g = noise(y.shape);
  std::vector<int64_t> rest, sizes;
  for (int i = 0; i < c.window.rank(); ++i) rest.push_back(c.window.rest(i, c.x[i + 1], c.w[i])), sizes.push_back(c.w[i]);
  const double flops = 2.0 * static_cast<double>(y.shape.elements()) * static_cast<double>(c.w.elements() / c.w.back());
  std::printf("%s\n", c.name);
  measure("forward", forward, x, w, y, flops);
  measure("input grad", ConvolutionInputGradOp(c.window, c.groups, rest), g, w, x.spec(), flops);
  measure("weight grad", ConvolutionWeightGradOp(c.window, c.groups, sizes), x, g, w.spec(), flops);
}

}  // namespace

int main() {
  const Window valid{{1, 1}, {0, 0}, {0, 0}, {1, 1}}, same{{1, 1}, {1, 1}, {1, 1}, {1, 1}}, half{{2, 2}, {0, 0}, {1, 1}, {1, 1}}, time{{1}, {2}, {2}, {1}};
  for (const Case& c : std::vector<Case>{
           {"cnn, first", {128, 28, 28, 1}, {3, 3, 1, 32}, valid},
           {"cnn, second", {128, 13, 13, 32}, {3, 3, 32, 64}, valid},
           {"resnet, 16 channels", {32, 32, 32, 16}, {3, 3, 16, 16}, same},
           {"resnet, to 32 channels", {32, 32, 32, 16}, {3, 3, 16, 32}, half},
           {"resnet, 64 channels", {32, 8, 8, 64}, {3, 3, 64, 64}, same},
           {"resnet, one image", {1, 32, 32, 16}, {3, 3, 16, 16}, same},
           {"conv1d, first", {64, 128, 9}, {5, 9, 64}, time},
           {"conv1d, second", {64, 128, 64}, {5, 64, 64}, time},
           {"conv1d, fourth", {64, 64, 128}, {5, 128, 128}, time},
           {"conv1d, one sample", {1, 128, 64}, {5, 64, 64}, time},
           {"autoencoder, stem", {64, 28, 28, 1}, {3, 3, 1, 32}, half},
           {"autoencoder, down", {64, 14, 14, 32}, {3, 3, 32, 64}, half},
           {"autoencoder, up", {64, 28, 28, 32}, {3, 3, 32, 64}, half},
           {"autoencoder, pixels", {64, 28, 28, 32}, {3, 3, 32, 1}, same},
           {"mobilenet, pointwise 64", {16, 16, 16, 64}, {1, 1, 64, 64}, valid},
           {"mobilenet, pointwise 256", {16, 4, 4, 256}, {1, 1, 256, 256}, valid},
           {"mobilenet, depthwise 32", {16, 32, 32, 32}, {3, 3, 1, 32}, same, 32},
           {"mobilenet, depthwise 128", {16, 8, 8, 128}, {3, 3, 1, 128}, same, 128}})
    measure(c);
}
