#include "backends/core/interrupt.h"

#include <chrono>
#include <utility>

namespace lamina {

namespace {
std::function<void()>& interrupt_check() {
  static auto* check = new std::function<void()>;  // bindings may ask until the process ends
  return *check;
}
}  // namespace

void set_interrupt_check(std::function<void()> check) { interrupt_check() = std::move(check); }

void check_interrupt() {
  using Clock = std::chrono::steady_clock;
  thread_local Clock::time_point next;
  const std::function<void()>& check = interrupt_check();
  if (!check) return;
  const Clock::time_point now = Clock::now();
  if (now < next) return;
  next = now + std::chrono::milliseconds(20);
  check();
}

}  // namespace lamina
