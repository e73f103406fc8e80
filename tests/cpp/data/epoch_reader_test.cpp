#include "api/data/epoch_reader.h"

#include <gtest/gtest.h>

#include <thread>

#include "backends/core/interrupt.h"
#include "backends/core/warning.h"
#include "support/data.h"

namespace lamina {
namespace {

// Batches 0, 1, ... of one number; says how many there are if `known`, and starts over if `again`.
class Numbers final : public DataSource {
 public:
  Numbers(int64_t count, bool known, bool again) : count_(count), known_(known), again_(again) {}
  void begin_pass(int64_t) override {
    ++passes;
    if (again_) at_ = 0;
  }
  std::optional<Batch> next() override {
    if (at_ == count_) return std::nullopt;
    return Batch{Value(at_++), {}, {}, 1};
  }
  void end_pass() override { ++ends; }
  std::optional<int64_t> batches() const override { return known_ ? std::optional(count_) : std::nullopt; }
  void on_epoch_begin() override { ++epochs; }
  int64_t passes = 0, ends = 0, epochs = 0;

 private:
  int64_t count_, at_ = 0;
  bool known_, again_;
};

struct Read {
  std::vector<std::vector<int64_t>> epochs;
  int warnings = 0;
};
Read read(DataSource& source, std::optional<int64_t> steps, int64_t epochs) {
  static int warned;
  warned = 0;
  set_warning_function([](const std::string&) { ++warned; });
  EpochReader reader(source, steps);
  Read out;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    reader.begin(epoch);
    out.epochs.emplace_back();
    while (auto batch = reader.next()) out.epochs.back().push_back(batch->x.as_int());
    EXPECT_EQ(reader.empty(), out.epochs.back().empty());
    reader.end();
  }
  set_warning_function(nullptr);
  out.warnings = warned;
  return out;
}
using Epochs = std::vector<std::vector<int64_t>>;

TEST(EpochReader, ReadsAPassAnEpoch) {
  for (bool known : {true, false}) {
    Numbers source(2, known, true);
    Read got = read(source, {}, 2);
    EXPECT_EQ(got.epochs, (Epochs{{0, 1}, {0, 1}}));
    EXPECT_EQ(got.warnings, 0);
    EXPECT_EQ(source.passes, 2);
    EXPECT_EQ(source.ends, 2);
  }
}

TEST(EpochReader, CutsPassesIntoEpochs) {
  Numbers source(4, true, true);
  Read got = read(source, 2, 3);
  EXPECT_EQ(got.epochs, (Epochs{{0, 1}, {2, 3}, {0, 1}}));
  EXPECT_EQ(got.warnings, 0);
  EXPECT_EQ(source.passes, 2);
  EXPECT_EQ(source.epochs, 3);
}

TEST(EpochReader, WarnsOfPassesThatEndWithinAnEpoch) {
  for (bool known : {true, false}) {
    Numbers source(4, known, true);
    Read got = read(source, 3, 3);
    EXPECT_EQ(got.epochs, (Epochs{{0, 1, 2}, {3}, {0, 1, 2}}));
    EXPECT_EQ(got.warnings, 1);
  }
  Numbers once(3, false, false);
  Read got = read(once, 2, 3);
  EXPECT_EQ(got.epochs, (Epochs{{0, 1}, {2}, {}}));
  EXPECT_EQ(got.warnings, 2);
}

TEST(Interrupt, IsAskedAtOnceAndThenNowAndThen) {
  static int asked;
  asked = 0;
  set_interrupt_check([] { ++asked; });
  std::thread([] {
    for (int i = 0; i < 1000; ++i) check_interrupt();
  }).join();
  EXPECT_GE(asked, 1);
  EXPECT_LT(asked, 1000);
  set_interrupt_check([] { throw RuntimeError("stop"); });
  std::string message;
  std::thread([&] {
    try {
      check_interrupt();
    } catch (const Error& e) { message = e.what(); }
  }).join();
  EXPECT_EQ(message, "stop");
  set_interrupt_check(nullptr);
}

}  // namespace
}  // namespace lamina
