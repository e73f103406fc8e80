// bench_products [m k n ta tb ...]: GFLOP/s of every kernel of the matrix product, in turn over several rounds. Shapes
// of models without arguments.
#include <cstdlib>

#include "backends/ops/matmul/matmul.h"
#include "bench/cpp/kernels.h"

using namespace lamina;

namespace {

struct Case {
  int64_t m, k, n;
  bool ta, tb;
  int64_t batch = 1;
};

void measure(const Case& c) {
  const Tensor a = noise(c.ta ? Shape{c.batch, c.k, c.m} : Shape{c.batch, c.m, c.k}),
               b = noise(c.tb ? Shape{c.batch, c.n, c.k} : Shape{c.batch, c.k, c.n});
  std::printf("%4lld x %5lld x %5lld x %5lld %s%s", static_cast<long long>(c.batch), static_cast<long long>(c.m),
              static_cast<long long>(c.k), static_cast<long long>(c.n), c.ta ? "T" : "N", c.tb ? "T" : "N");
  print_kernels({"vector", "unpacked_any", "packed_any", "onednn", "eigen"}, MatMulOp(c.ta, c.tb), a, b,
                {Shape{c.batch, c.m, c.n}, DType::float32},
                2.0 * static_cast<double>(c.batch * c.m) * static_cast<double>(c.k * c.n));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 6)
    return measure({std::atoll(argv[1]), std::atoll(argv[2]), std::atoll(argv[3]), std::atoi(argv[4]) != 0,
                    std::atoi(argv[5]) != 0, argc > 6 ? std::atoll(argv[6]) : 1}),
           0;
  for (const Case& c : std::vector<Case>{
           {128, 784, 512, false, false},     {128, 512, 512, false, false},    {784, 128, 512, true, false},
           {512, 128, 512, true, false},      {128, 512, 512, false, true},     {128, 512, 10, false, false},
           {512, 128, 10, true, false},       {128, 10, 512, false, true},      {32, 500, 50, false, false},
           {32, 50, 500, false, false},       {500, 32, 50, true, false},       {32, 500, 50, false, true},
           {128, 350, 256, false, false},     {128, 256, 128, false, false},    {3200, 64, 256, false, false},
           {3200, 256, 64, false, false},     {64, 3200, 256, true, false},     {3200, 64, 64, false, false},
           {1, 784, 512, false, false},       {4, 784, 512, false, false},      {32, 128, 512, false, false},
           {2560, 128, 512, false, false},    {128, 2560, 512, true, false},    {100, 16, 100, false, true, 128},
           {100, 100, 16, false, false, 128}, {1024, 1024, 1024, false, false}, {2048, 2048, 2048, false, false}})
    measure(c);
}
