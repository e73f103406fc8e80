// The GPU as a device. Rows that need one are skipped where there is none, with the reason.
#include "api/config.h"
#include "backends/core/settings.h"
#include "backends/core/variable.h"
#include "backends/cuda/cuda_driver.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina {
namespace {

using testing::ramp;

// Why there is no GPU; empty if there is one.
std::string missing() {
  try {
    driver_of({DeviceKind::cuda, 0});
    return "";
  } catch (const Error& e) { return e.what(); }
}

TEST(CudaDevice, SaysWhyThereIsNone) {
  if (missing().empty()) GTEST_SKIP() << "this machine has a GPU";
  try {
    set_device("cuda");
    FAIL();
  } catch (const Error& e) {
    const std::string message = e.what();
    EXPECT_EQ(e.kind(), ErrorKind::unsupported);
    EXPECT_NE(message.find("The device 'cuda' cannot be used: "), std::string::npos) << message;
    EXPECT_NE(message.find("\"cpu\""), std::string::npos) << message;
  }
  EXPECT_TRUE(settings().device().is_host());
  EXPECT_EQ(prim::add(ramp({3}), 1.0).size(), 3);  // all goes on
}

class OnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
    before_ = settings().device();
    settings().set_device({DeviceKind::cuda, 0});
  }
  void TearDown() override { settings().set_device(before_); }
  Device before_;
};

TEST_F(OnGpu, CopiesOfAllSizesComeBack) {
  for (int64_t n : {int64_t{0}, int64_t{1}, int64_t{1000}, int64_t{1} << 20, (int64_t{5} << 20) + 3}) {
    const Tensor x = ramp({n});
    const Tensor there = Tensor::on(copy_on(settings().device(), x.node()->buffer), x.shape(), x.dtype());
    ASSERT_EQ(std::memcmp(x.raw(), there.raw(), x.bytes()), 0) << n;
  }
}

TEST_F(OnGpu, HostMemoryMayChangeAfterAnUpload) {
  std::vector<float> numbers(3 << 20, 1.0f);
  BufferPtr to = allocate(numbers.size() * sizeof(float), settings().device());
  driver_of(to->device()).upload(to->data(), numbers.data(), to->bytes());
  std::fill(numbers.begin(), numbers.end(), 2.0f);
  std::vector<float> back(numbers.size());
  driver_of(to->device()).download(back.data(), to->data(), to->bytes());
  EXPECT_EQ(std::count(back.begin(), back.end(), 1.0f), static_cast<std::ptrdiff_t>(back.size()));
}

TEST_F(OnGpu, OutOfMemoryLeavesAllAsItWas) {
  const size_t total = cuda::cuda_driver(settings().device()).memory();
  try {
    allocate(total, settings().device());
    FAIL() << total << " bytes were had";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::memory);
    EXPECT_NE(std::string(e.what()).find("Out of memory on cuda:0"), std::string::npos) << e.what();
  }
  EXPECT_NEAR(prim::reduce_all(Reduce::sum, prim::add(ramp({100}), 1.0)).item(),
              prim::reduce_all(Reduce::sum, ramp({100})).item() + 100, 1e-3);
}

TEST_F(OnGpu, ResultsAreTheCpus) {
  const Tensor x = ramp({64, 96}), w = ramp({96, 32}, 0.3);
  auto body = [](std::span<const Tensor> in) -> Tensors {
    const Tensor y = prim::unary(Unary::tanh, prim::add(prim::matmul(in[0], in[1]), 0.5));
    return {prim::softmax(y), prim::sum(y, {0})};
  };
  settings().set_device(Device::cpu);
  const Tensors want = body(std::vector<Tensor>{x, w});
  settings().set_device({DeviceKind::cuda, 0});
  for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
    const Tensors got = Function(body, "f", mode)({x, w});
    for (size_t o = 0; o < got.size(); ++o) {
      EXPECT_FALSE(got[o].node()->buffer->device().is_host());
      for (int64_t i = 0; i < got[o].size(); ++i) ASSERT_NEAR(got[o].at(i), want[o].at(i), 1e-4) << o << ", " << i;
    }
  }
}

// A loop that updates a variable, called and as CUDA Graphs: the same bits, and what is held stays.
TEST_F(OnGpu, RecordedStepsAreTheCalledOnes) {
  std::vector<std::vector<float>> ends[2];
  for (int recorded = 0; recorded < 2; ++recorded) {
    settings().set_record_steps(recorded);
    Variable w(ramp({32, 16}));
    Function step(
        [&](std::span<const Tensor> in) -> Tensors {
          const Tensor y = prim::softmax(prim::matmul(in[0], w.value()));
          w.assign_sub(prim::multiply(prim::matmul(in[0], y, true), 0.01));
          return {prim::sum(y, {0})};
        },
        "step", Function::Mode::graph);
    Tensors held;
    for (int i = 0; i < 20; ++i) held.push_back(step({prim::multiply(ramp({8, 32}), 1.0 + i)})[0]);
    for (const Tensor& t : held) ends[recorded].push_back(t.to_vector<float>());
    ends[recorded].push_back(w.value().to_vector<float>());
  }
  settings().set_record_steps(true);
  EXPECT_EQ(ends[0], ends[1]);
}

}  // namespace
}  // namespace lamina
