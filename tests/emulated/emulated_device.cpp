// A device for tests: its memory is this process' own, but at addresses that no processor maps, so that code which
// reads a device's memory from the host ends at once. Its kernels are the GPU's, compiled for the host; what has none
// goes through the host.
#include <cstring>

#include "backends/core/device.h"
#include "backends/core/error.h"
#include "backends/core/pooled.h"
#include "tests/emulated/addresses.h"
#include "tests/emulated/recording.h"

namespace lamina::emulated {

namespace {

thread_local std::vector<Work>* kept = nullptr;  // by the recording of this thread

// As on a GPU.
void refuse_while_recording(const char* what) {
  if (kept) throw RuntimeError("the emulated device cannot ", what, " while work is recorded.");
}

class EmulatedRecording final : public Recording {
 public:
  explicit EmulatedRecording(std::vector<Work> work) : work_(std::move(work)) {}
  void replay() override {
    refuse_while_recording("replay");
    for (const Work& w : work_) w();
    replays.fetch_add(1);
  }

 private:
  const std::vector<Work> work_;
};

class EmulatedDriver final : public DeviceDriver {
 public:
  explicit EmulatedDriver(int index) : index_(index) {}
  void* allocate(size_t bytes) override {
    refuse_while_recording("allocate");
    return device_address(take_block(bytes), index_);
  }
  void release(void* memory, size_t bytes) noexcept override { give_block(host_address(memory, index_), bytes); }
  void upload(void* to, const void* from, size_t bytes) override {
    refuse_while_recording("copy from the host");
    std::memcpy(host_address(to, index_), from, bytes);
  }
  void download(void* to, const void* from, size_t bytes) override {
    refuse_while_recording("copy to the host");
    std::memcpy(to, host_address(from, index_), bytes);
  }
  void copy(void* to, const void* from, size_t bytes) override {
    do_or_keep(
        [to = host_address(to, index_), from = host_address(from, index_), bytes] { std::memmove(to, from, bytes); });
  }
  void synchronize() override { refuse_while_recording("wait"); }
  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    refuse_while_recording("record");
    std::vector<Work> list;
    kept = &list;
    struct Stop {
      ~Stop() { kept = nullptr; }
    } stop;
    try {
      work();
    } catch (const std::exception&) {
      return nullptr;  // of the recording or of the work: doing it tells
    }
    return std::make_unique<EmulatedRecording>(std::move(list));
  }
  std::string describe() const override { return "emulated on the host"; }

 private:
  const int index_;
};

const DriverRegistration registered(DeviceKind::emulated,
                                    [](int index) -> DeviceDriver* { return new EmulatedDriver(index); });

}  // namespace

std::atomic<int64_t> replays{0};

void do_or_keep(Work work) {
  if (kept)
    kept->push_back(std::move(work));
  else
    work();
}

}  // namespace lamina::emulated
