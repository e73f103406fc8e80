#include "backends/core/device.h"

#include <dlfcn.h>

#include <filesystem>
#include <map>
#include <mutex>

#include "backends/core/error.h"

namespace lamina {

namespace {

struct Drivers {
  std::recursive_mutex mutex;  // opening one may load a library that registers more
  std::map<DeviceKind, DeviceDriver* (*)(int)> open;
  std::map<std::pair<DeviceKind, int>, DeviceDriver*>
      opened;  // as long as the process: buffers may outlive main's statics
};
Drivers& drivers() {
  static auto* instance = new Drivers;
  return *instance;
}

// A device other than the host is a library beside this one. Loading it registers its driver and its kernels.
void load_library(DeviceKind kind) {
  Dl_info here;
  if (!dladdr(reinterpret_cast<const void*>(&load_library), &here)) return;
  const std::filesystem::path path =
      std::filesystem::canonical(here.dli_fname).parent_path() / text("liblamina_", name_of(kind), ".so.0");
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return;
  if (!dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL))
    throw UnsupportedError("the device \"", name_of(kind), "\" cannot be loaded: ", dlerror(),
                           kind == DeviceKind::cuda ? ". Install CUDA's libraries, or use \"cpu\"." : ".");
}

}  // namespace

std::string_view name_of(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::cpu: return "cpu";
    case DeviceKind::cuda: return "cuda";
    case DeviceKind::emulated: break;
  }
  return "emulated";
}

void append_text(std::string& out, Device device) {
  out += name_of(device.kind);
  if (device.kind == DeviceKind::cuda || device.index) out += text(':', int{device.index});
}

Device parse_device(std::string_view name) {
  const auto colon = name.find(':');
  std::string_view kind = name.substr(0, colon), index = colon == std::string_view::npos ? "0" : name.substr(colon + 1);
  if (kind == "gpu") kind = "cuda";
  for (DeviceKind k : {DeviceKind::cpu, DeviceKind::cuda, DeviceKind::emulated}) {
    const bool number =
        !index.empty() && index.size() <= 2 && index.find_first_not_of("0123456789") == std::string_view::npos;
    if (kind != name_of(k) || !number) continue;
    const int value = std::stoi(std::string(index));
    if (k != DeviceKind::cpu || value == 0) return {k, static_cast<uint8_t>(value)};
  }
  throw ValueError("Unknown device '", name, "'. Expected 'cpu', 'cuda', or 'cuda:1' and so on.");
}

DriverRegistration::DriverRegistration(DeviceKind kind, DeviceDriver* (*open)(int)) { drivers().open[kind] = open; }

DeviceDriver& driver_of(Device device) {
  Drivers& all = drivers();
  std::lock_guard<std::recursive_mutex> lock(all.mutex);
  DeviceDriver*& driver = all.opened[{device.kind, device.index}];
  if (!driver) {
    if (!all.open.contains(device.kind)) load_library(device.kind);
    auto open = all.open.find(device.kind);
    if (open == all.open.end())
      throw UnsupportedError(
          device.kind == DeviceKind::cuda
              ? "this build has no CUDA device. Build with -DLAMINA_CUDA=ON, or use \"cpu\"."
              : "the emulated device belongs to the tests of Lamina and is not installed. Use \"cpu\" or \"cuda\".");
    driver = open->second(device.index);
  }
  return *driver;
}

}  // namespace lamina
