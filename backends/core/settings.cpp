#include "backends/core/settings.h"

#include <mutex>

namespace lamina {

namespace detail {
thread_local std::optional<Device> device_here;
}

namespace {

enum class Load { none, done };
std::atomic<Load> state{Load::none};
std::mutex load_mutex;
thread_local bool loading = false;
void (*load)() = nullptr;

Settings& instance() {
  static Settings settings;
  return settings;
}

}  // namespace

void set_settings_loader(void (*loader)()) { load = loader; }

Settings& settings() {
  if (state.load(std::memory_order_acquire) == Load::done || loading) return instance();
  std::lock_guard<std::mutex> lock(load_mutex);
  if (state.load() == Load::done) return instance();
  if (!load) return instance();  // static initialisers run before the loader is installed
  loading = true;
  try {
    load();
  } catch (...) {
    loading = false;
    throw;
  }
  loading = false;
  state = Load::done;
  return instance();
}

}  // namespace lamina
