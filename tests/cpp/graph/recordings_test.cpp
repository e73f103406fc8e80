// Runs that a device records and replays.
#include "backends/graph/recordings.h"

#include "backends/core/autodiff.h"
#include "backends/core/error.h"
#include "backends/core/settings.h"
#include "backends/core/variable.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "support/data.h"
#include "tests/emulated/recording.h"

namespace lamina {
namespace {

using testing::ramp;

// A device that notes what is recorded and replayed.
class Noting final : public DeviceDriver {
 public:
  void* allocate(size_t) override { return nullptr; }
  void release(void*, size_t) noexcept override {}
  void upload(void*, const void*, size_t) override {}
  void download(void*, const void*, size_t) override {}
  void copy(void*, const void*, size_t) override {}
  void synchronize() override {}
  std::string describe() const override { return "a test"; }
  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    if (refuses) return nullptr;
    recording = true;
    work();
    recording = false;
    struct Noted final : Recording {
      explicit Noted(Noting& owner, std::string name) : owner(owner), name(std::move(name)) {}
      void replay() override { owner.done += "r" + name; }
      Noting& owner;
      std::string name;
    };
    return std::make_unique<Noted>(*this, std::exchange(recorded, ""));
  }
  Recordings::Calls calls() {
    return [this](size_t begin, size_t end) {
      (recording ? recorded : done) += std::to_string(begin) + std::to_string(end) + " ";
    };
  }
  std::string take() { return std::exchange(done, ""); }
  bool refuses = false, recording = false;
  std::string done, recorded;
};

const std::vector<Recordings::Part> kParts = {{0, 2, true}, {2, 3, false}, {3, 5, true}};

TEST(Recordings, TheSecondRunWithTheSamePointersRecords) {
  Noting device;
  Recordings recordings;
  int memory[3];
  std::vector<void*> one = {memory, memory + 1}, other = {memory, memory + 2};
  auto run = [&](const std::vector<void*>& pointers) {
    recordings.run(device, pointers, kParts, device.calls());
    return device.take();
  };
  const std::string called = "02 23 35 ", replayed = "r02 23 r35 ";
  EXPECT_EQ(run(one), called);
  EXPECT_EQ(run(other), called);
  EXPECT_EQ(run(one), replayed);
  EXPECT_EQ(run(other), replayed);
  EXPECT_EQ(run(one), replayed);
}

TEST(Recordings, RemembersTheLatestSets) {
  Noting device;
  Recordings recordings;
  char memory[Recordings::kMost + 1];
  auto run = [&](size_t i) {
    recordings.run(device, std::vector<void*>{memory + i}, kParts, device.calls());
    return device.take()[0] == 'r';
  };
  for (size_t i = 0; i < Recordings::kMost; ++i) EXPECT_FALSE(run(i));
  EXPECT_TRUE(run(0));
  EXPECT_FALSE(run(Recordings::kMost)) << "takes the place of set 1";
  EXPECT_TRUE(run(0));
  EXPECT_FALSE(run(1)) << "forgotten";
  EXPECT_TRUE(run(3));
}

TEST(Recordings, WhatADeviceRefusesIsCalled) {
  Noting device;
  device.refuses = true;
  Recordings recordings;
  int memory;
  for (int i = 0; i < 4; ++i) {
    recordings.run(device, std::vector<void*>{&memory}, kParts, device.calls());
    EXPECT_EQ(device.take(), "02 23 35 ") << i;
    device.refuses = i < 1;  // once is enough
  }
}

TEST(Recordings, AFailingCallLeavesThemUsable) {
  Noting device;
  Recordings recordings;
  int memory;
  bool fail = false;
  auto run = [&] {
    recordings.run(device, std::vector<void*>{&memory}, kParts, [&](size_t begin, size_t end) {
      if (fail && begin == 2) throw RuntimeError("a call");
      device.calls()(begin, end);
    });
    return device.take();
  };
  run(), run();
  fail = true;
  EXPECT_THROW(run(), Error);
  device.take();
  fail = false;
  EXPECT_EQ(run(), "r02 23 r35 ");
}

class OnEmulated : public ::testing::Test {
 protected:
  void SetUp() override { settings().set_device({DeviceKind::emulated, 0}); }
  void TearDown() override {
    settings().set_device(before_);
    settings().set_record_steps(true);
  }
  Device before_ = settings().device();
};

// Some steps of gradient descent on a linear layer with softmax, each with inputs of its own. Returns the losses and
// the weights.
Tensors train(Device device, int steps) {
  settings().set_device(device);
  Variable w(ramp({6, 5})), b(ramp({5}));
  Function step(
      [&](std::span<const Tensor> in) -> Tensors {
        TapeScope tape;
        Tensor y = prim::softmax(prim::add(prim::matmul(in[0], w.value()), b.value()));
        Tensor loss = prim::reduce_all(Reduce::sum, prim::square(prim::subtract(y, in[1])));
        std::vector<GradientSource> sources = {w, b};
        Tensors g = gradients(std::vector<Tensor>{loss}, sources);
        w.assign_sub(prim::multiply(g[0], 0.1));
        b.assign_sub(prim::multiply(g[1], 0.1));
        return {loss};
      },
      "step", Function::Mode::graph);
  Tensors out;
  for (int i = 0; i < steps; ++i) {
    Tensor loss = step({prim::multiply(ramp({4, 6}), 1.0 + i), prim::multiply(ramp({4, 5}), 0.5 - i)})[0];
    out.push_back(Tensor::of(loss.to_vector<float>(), loss.shape()));
  }
  for (const Variable& v : {w, b}) out.push_back(Tensor::of(v.value().to_vector<float>(), v.value().shape()));
  settings().set_device(Device::cpu);
  return out;
}

TEST_F(OnEmulated, ReplayedStepsComputeWhatCalledOnesDo) {
  constexpr int kSteps = 40;
  const Device emulated{DeviceKind::emulated, 0};
  const Tensors host = train(Device::cpu, kSteps);
  settings().set_record_steps(false);
  const int64_t before = emulated::replays;
  const Tensors called = train(emulated, kSteps);
  EXPECT_EQ(emulated::replays, before);
  settings().set_record_steps(true);
  const Tensors replayed = train(emulated, kSteps);
  EXPECT_GT(emulated::replays, before + kSteps / 2);
  ASSERT_EQ(called.size(), replayed.size());
  for (size_t i = 0; i < called.size(); ++i) {
    EXPECT_EQ(called[i].to_vector<float>(), replayed[i].to_vector<float>()) << i;
    for (int64_t j = 0; j < host[i].size(); ++j)
      EXPECT_NEAR(host[i].at(j), replayed[i].at(j), 1e-4 * (1 + std::abs(host[i].at(j)))) << i;
  }
}

// What is assigned between runs is what the next one reads, and what a user holds stays as it was.
TEST_F(OnEmulated, AssignmentsBetweenRunsAreSeen) {
  Variable w(ramp({6, 5})), u(ramp({5, 6}));
  Function::Body body = [&](std::span<const Tensor> in) -> Tensors {
    Tensor y = in[0];
    for (int i = 0; i < 3; ++i) y = prim::matmul(prim::softmax(prim::matmul(y, w.value())), u.value());
    return {y, in[0]};
  };
  Function f(body, "f", Function::Mode::graph);
  const Tensor x = ramp({3, 6});
  std::vector<Tensor> held;
  std::vector<std::vector<float>> values;
  const int64_t before = emulated::replays;
  for (int i = 0; i < 16; ++i) {
    const Tensors y = f({x}), expected = body(std::vector<Tensor>{x});
    EXPECT_EQ(y[0].to_vector<float>(), expected[0].to_vector<float>()) << i;
    EXPECT_EQ(y[1].to_vector<float>(), x.to_vector<float>()) << i;
    held.push_back(y[0]);
    values.push_back(y[0].to_vector<float>());
    if (i % 8 == 3) w.assign(prim::multiply(w.value(), -0.5));
  }
  EXPECT_GT(emulated::replays, before);
  for (size_t i = 0; i < held.size(); ++i) EXPECT_EQ(held[i].to_vector<float>(), values[i]) << i;
}

// All rounds of a scan are recorded; rows of 20 bytes go through aligned places.
TEST_F(OnEmulated, ScansAreRecordedWhole) {
  Function::Body body = [](std::span<const Tensor> in) -> Tensors {
    auto out = ops::scan(
        [&](const Value& c, const Value& row) {
          Tensor h =
              prim::softmax(prim::matmul(prim::matmul(c.as_tensor(), in[1]), prim::reshape(row.as_tensor(), {5, 1})));
          Tensor next = prim::matmul(h, prim::reshape(row.as_tensor(), {1, 5}));
          return ops::Scanned{next, prim::softmax(next)};
        },
        in[0], in[2]);
    return {prim::softmax(prim::matmul(out.carry.as_tensor(), in[1])), prim::softmax(out.ys.as_tensor()),
            prim::softmax(in[2])};
  };
  const Tensors inputs = {ramp({2, 5}), ramp({5, 5}), ramp({7, 5})};
  Function f(body, "f", Function::Mode::graph);
  settings().set_device(Device::cpu);
  const Tensors expected = body(inputs);
  settings().set_device({DeviceKind::emulated, 0});
  const int64_t before = emulated::replays;
  for (int i = 0; i < 4; ++i) {
    const Tensors y = f(inputs);
    for (size_t o = 0; o < y.size(); ++o)
      for (int64_t j = 0; j < y[o].size(); ++j) ASSERT_NEAR(y[o].at(j), expected[o].at(j), 1e-5) << i << " " << o;
  }
  EXPECT_EQ(emulated::replays, before + 3) << "one recording, replayed by all runs but the first";
}

}  // namespace
}  // namespace lamina
