// A device for tests: its memory is this process' own, but at addresses that no processor maps, so that code which reads a device's
// memory from the host ends at once. It has no kernels of its own: they go through the host, but where tests bring some.
#include <cstring>

#include "backends/core/device.h"
#include "backends/core/pooled.h"
#include "backends/emulated/addresses.h"

namespace lamina::emulated {

namespace {

class EmulatedDriver final : public DeviceDriver {
 public:
  void* allocate(size_t bytes) override { return static_cast<char*>(take_block(bytes)) + kElsewhere; }
  void release(void* memory, size_t bytes) noexcept override { give_block(host_address(memory), bytes); }
  void upload(void* to, const void* from, size_t bytes) override { std::memcpy(host_address(to), from, bytes); }
  void download(void* to, const void* from, size_t bytes) override { std::memcpy(to, host_address(from), bytes); }
  void synchronize() override {}
  std::string describe() const override { return "emulated on the host"; }
};

const DriverRegistration registered(DeviceKind::emulated, [](int) -> DeviceDriver* { return new EmulatedDriver; });

}  // namespace

}  // namespace lamina::emulated
