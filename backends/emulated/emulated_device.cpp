// A device for tests: its memory is this process' own, but at addresses that no processor maps, so that code which reads a device's
// memory from the host ends at once. It has no kernels; all of them go through the host.
#include <cstring>

#include "backends/core/device.h"
#include "backends/core/pooled.h"

namespace lamina {

namespace {

// Bit 55 belongs to no process' addresses, neither on x86-64 nor on AArch64.
constexpr uintptr_t kElsewhere = uintptr_t{1} << 55;
char* real(const void* memory) { return reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(memory) - kElsewhere); }

class EmulatedDriver final : public DeviceDriver {
 public:
  void* allocate(size_t bytes) override { return static_cast<char*>(take_block(bytes)) + kElsewhere; }
  void release(void* memory, size_t bytes) noexcept override { give_block(real(memory), bytes); }
  void upload(void* to, const void* from, size_t bytes) override { std::memcpy(real(to), from, bytes); }
  void download(void* to, const void* from, size_t bytes) override { std::memcpy(to, real(from), bytes); }
  void synchronize() override {}
  std::string describe() const override { return "emulated on the host"; }
};

const DriverRegistration registered(DeviceKind::emulated, [](int) -> DeviceDriver* { return new EmulatedDriver; });

}  // namespace

}  // namespace lamina
