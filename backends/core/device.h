#pragma once
// Where memory lies and kernels run: the host ("cpu"), a GPU ("cuda:1"), or "emulated", which the tests bring: a device
// in this process' memory whose addresses the processor cannot read. Every device but the host is a library that is
// loaded when it is asked for, and has a driver; work on it is done in the order in which it was asked for, and what
// reads its results on the host waits for them.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lamina {

enum class DeviceKind : uint8_t { cpu, cuda, emulated };
// "cpu", "cuda" ...
std::string_view name_of(DeviceKind kind);

// Where memory lies and ops run: the n-th device of a kind.
struct Device {
  DeviceKind kind = DeviceKind::cpu;
  uint8_t index = 0;
  bool is_host() const { return kind == DeviceKind::cpu; }
  friend bool operator==(const Device&, const Device&) = default;
  static const Device cpu;
};
inline constexpr Device Device::cpu{};
void append_text(std::string& out, Device device);  // cpu, cuda:0
// "cpu", "cuda", "gpu", "cuda:1", "emulated" (and "emulated:1"); ValueError naming the choices. Says nothing of whether
// there is such a device.
Device parse_device(std::string_view name);

// Work that a device has kept and does again, all of it at one call.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

// A device's memory. Calls may come from several threads. What fails on the device is a RuntimeError, at the latest in
// the next download() or synchronize().
class DeviceDriver {
 public:
  virtual ~DeviceDriver() = default;
  virtual void* allocate(size_t bytes) = 0;  // 256-byte aligned; MemoryError if there is none left
  virtual void release(void* memory,
                       size_t bytes) noexcept = 0;  // may still be in use by work that was asked for before
  virtual void upload(void* to, const void* from, size_t bytes) = 0;    // `from` may change as soon as it returns
  virtual void download(void* to, const void* from, size_t bytes) = 0;  // done when it returns
  virtual void copy(void* to, const void* from, size_t bytes) = 0;      // between places of its own
  virtual void synchronize() = 0;                                       // all work asked for is done
  // Keeps what `work` asks for on this thread instead of doing it. Null if the device cannot: then nothing has been
  // done. `work` must not wait for the device, copy from or to the host, or take memory. What other threads ask for
  // meanwhile is not touched.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& work) = 0;
  virtual std::string describe() const = 0;  // for people: the name of the hardware
};

// Opened on first use. UnsupportedError if this build or this machine has no such device, saying which of both.
DeviceDriver& driver_of(Device device);

// `open` makes the driver of the device of that index, or throws.
struct DriverRegistration {
  DriverRegistration(DeviceKind kind, DeviceDriver* (*open)(int index));
};

}  // namespace lamina
