// What the process has set stays as it was: OpenMP's threads, the rounding mode, the signal mask.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <cfenv>
#include <clocale>

#include "backends/core/kernel.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina {
namespace {

// Of the OpenMP runtime that the process has loaded, or -1.
int openmp_threads() {
  auto f = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  return f ? f() : -1;
}
void set_openmp_threads(int n) {
  if (auto f = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) f(n);
}

TEST(ProcessState, KernelsLeaveItAlone) {
  set_openmp_threads(3);
  const int threads = openmp_threads(), rounding = std::fegetround();
  const std::string locale = std::setlocale(LC_ALL, nullptr);
  sigset_t before, after;
  sigemptyset(&before);
  sigemptyset(&after);
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  // Every kernel of products and convolutions, oneDNN's among them where it is built in.
  for (const KernelInfo& info : registered_kernels()) {
    if (info.device != DeviceKind::cpu) continue;
    if (info.primitive == "MatMul") {
      const MatMulOp op(false, false);
      const Tensor a = testing::ramp({96, 64}), b = testing::ramp({64, 80});
      const std::vector<TensorSpec> in = {a.spec(), b.spec()}, out = {{{96, 80}, DType::float32}};
      BoundKernel k = bind_kernel_named(Device::cpu, info.name, {op, in, out, {}});
      if (!k.run) continue;
      Tensor y = Tensor::empty(out[0].shape, DType::float32);
      const void* from[] = {a.raw(), b.raw()};
      void* to[] = {y.mutable_raw()};
      BufferPtr scratch = allocate(std::max<size_t>(64, k.scratch_bytes));
      k.run(from, to, scratch->data());
      EXPECT_EQ(openmp_threads(), threads) << info.primitive << " " << info.name;
    } else if (info.primitive == "Convolution") {
      const Tensor x = testing::ramp({2, 12, 12, 16}), w = testing::ramp({3, 3, 16, 32});
      const ConvolutionOp op(Window{.strides = {1, 1}, .low = {1, 1}, .high = {1, 1}, .dilation = {1, 1}}, 1);
      const std::vector<TensorSpec> in = {x.spec(), w.spec()}, out = {{{2, 12, 12, 32}, DType::float32}};
      BoundKernel k = bind_kernel_named(Device::cpu, info.name, {op, in, out, {}});
      EXPECT_EQ(openmp_threads(), threads) << info.primitive << " " << info.name << ", when bound";
      if (!k.run) continue;
      Tensor y = Tensor::empty(out[0].shape, DType::float32);
      const void* from[] = {x.raw(), w.raw()};
      void* to[] = {y.mutable_raw()};
      BufferPtr scratch = allocate(std::max<size_t>(64, k.scratch_bytes));
      k.run(from, to, scratch->data());
      EXPECT_EQ(openmp_threads(), threads) << info.primitive << " " << info.name;
    }
  }
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (int signal = 1; signal < NSIG; ++signal)
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
  EXPECT_EQ(std::fegetround(), rounding);
  EXPECT_EQ(std::setlocale(LC_ALL, nullptr), locale);
}

}  // namespace
}  // namespace lamina
