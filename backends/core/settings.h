#pragma once
// Process-wide settings: the engine, the device and Keras' numeric defaults. Read once from lamina.json (see
// api/config.h); every value can be set at run time. Thread-safe to read; set them before models run.
#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "backends/core/device.h"
#include "backends/core/dtype.h"

namespace lamina {

namespace detail {
extern thread_local std::optional<Device> device_here;
}

class Settings {
 public:
  DType floatx() const { return floatx_.load(std::memory_order_relaxed); }
  void set_floatx(DType type) { floatx_ = type; }
  double epsilon() const { return epsilon_.load(std::memory_order_relaxed); }
  void set_epsilon(double value) { epsilon_ = value; }
  bool channels_last() const { return channels_last_.load(std::memory_order_relaxed); }
  void set_channels_last(bool value) { channels_last_ = value; }
  // true: functions are traced into a static graph; false: every op runs at once.
  bool graph_engine() const { return graph_engine_.load(std::memory_order_relaxed); }
  void set_graph_engine(bool value) { graph_engine_ = value; }
  // A layer that is given a mask and does not pass it on: an error instead of Keras' warning.
  bool lost_masks_fail() const { return lost_masks_fail_.load(std::memory_order_relaxed); }
  void set_lost_masks_fail(bool value) { lost_masks_fail_ = value; }
  // Where ops run and their results lie: what a DeviceScope of this thread says, else what was set. Tensors made
  // elsewhere are copied when an op needs them.
  Device device() const { return detail::device_here ? *detail::device_here : device_.load(std::memory_order_relaxed); }
  void set_device(Device device) { device_ = device; }
  // GPUs may round the operands of float32 products to 10 bits of mantissa, which is much faster.
  bool tf32() const { return tf32_.load(std::memory_order_relaxed); }
  void set_tf32(bool value) { tf32_ = value; }
  // The graph engine keeps a device's work of a run and has it done again at one call (CUDA Graphs).
  bool record_steps() const { return record_steps_.load(std::memory_order_relaxed); }
  void set_record_steps(bool value) { record_steps_ = value; }
  // Worker threads, the caller included; 0 means one a core.
  int threads() const { return threads_.load(std::memory_order_relaxed); }
  void set_threads(int count) { threads_ = count; }

 private:
  std::atomic<DType> floatx_{DType::float32};
  std::atomic<double> epsilon_{1e-7};
  std::atomic<bool> channels_last_{true};
  std::atomic<bool> graph_engine_{true};
  std::atomic<Device> device_{Device::cpu};
  std::atomic<bool> tf32_{false};
  std::atomic<bool> record_steps_{true};
  std::atomic<bool> lost_masks_fail_{false};
  std::atomic<int> threads_{0};
};

// While it lives, ops of this thread run on `device`. Scopes nest. The device must be there: see set_device() of
// api/config.h.
class DeviceScope {
 public:
  explicit DeviceScope(Device device) : before_(std::exchange(detail::device_here, device)) {}
  ~DeviceScope() { detail::device_here = before_; }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  std::optional<Device> before_;
};

// Loads the configuration file on first use, through the loader that api/config installs; what the loader throws is
// thrown here, on every use until it succeeds.
Settings& settings();
void set_settings_loader(void (*loader)());

}  // namespace lamina
