#include "backends/core/profiler.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace lamina {

namespace {

struct State {
  std::mutex mutex;
  std::vector<ProfileEvent> events;
  std::unordered_map<std::string, std::unique_ptr<KernelLabel>> labels;
  uint32_t threads = 0;
};
State& state() {
  static State* instance = new State;  // threads may record while statics are destroyed
  return *instance;
}

std::map<std::string_view, Flops>& flops_table() {
  static std::map<std::string_view, Flops> instance;
  return instance;
}

double bytes_of(std::span<const TensorSpec> specs) {
  double sum = 0;
  for (const auto& s : specs) sum += static_cast<double>(s.shape.elements()) * static_cast<double>(size_of(s.dtype));
  return sum;
}

}  // namespace

namespace detail {

int64_t profile_clock() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void record_event(const KernelLabel* label, int64_t start, int64_t end) {
  State& s = state();
  std::lock_guard<std::mutex> lock(s.mutex);
  thread_local const uint32_t thread = s.threads++;
  if (profiling) s.events.push_back({label, start, end, thread});
}

}  // namespace detail

FlopsRegistration::FlopsRegistration(std::string_view primitive, Flops flops) { flops_table()[primitive] = flops; }

void start_profiling() {
  State& s = state();
  std::lock_guard<std::mutex> lock(s.mutex);
  if (detail::profiling) throw RuntimeError("A profile is being recorded already. Stop it before another one starts.");
  s.events.clear();
  detail::profiling = true;
}

std::vector<ProfileEvent> stop_profiling() {
  State& s = state();
  std::lock_guard<std::mutex> lock(s.mutex);
  detail::profiling = false;
  std::vector<ProfileEvent> events;
  events.swap(s.events);
  // What encloses others comes before them.
  std::stable_sort(events.begin(), events.end(), [](const ProfileEvent& a, const ProfileEvent& b) {
    return a.start != b.start ? a.start < b.start : a.end > b.end;
  });
  return events;
}

const KernelLabel* kernel_label(const Primitive& op, std::string_view kernel, std::span<const TensorSpec> inputs,
                                std::span<const TensorSpec> outputs) {
  KernelLabel label{
      KernelLabel::Kind::kernel,           std::string(op.name()), std::string(kernel), op.key() + " (", 0,
      bytes_of(inputs) + bytes_of(outputs)};
  for (size_t i = 0; i < inputs.size(); ++i) label.signature += text(i ? ", " : "", inputs[i]);
  label.signature += ") -> ";
  for (size_t i = 0; i < outputs.size(); ++i) label.signature += text(i ? ", " : "", outputs[i]);
  if (auto at = flops_table().find(op.name()); at != flops_table().end()) label.flops = at->second(op, inputs, outputs);
  State& s = state();
  std::lock_guard<std::mutex> lock(s.mutex);
  auto& slot = s.labels[label.kernel + '|' + label.signature];
  if (!slot) slot = std::make_unique<KernelLabel>(std::move(label));
  return slot.get();
}

namespace {
const KernelLabel* plain_label(KernelLabel::Kind kind, const std::string& key, const std::string& name) {
  State& s = state();
  std::lock_guard<std::mutex> lock(s.mutex);
  auto& slot = s.labels[key];
  if (!slot) slot = std::make_unique<KernelLabel>(KernelLabel{kind, name, "", "", 0, 0});
  return slot.get();
}
}  // namespace

const KernelLabel* function_label(const std::string& name) {
  return plain_label(KernelLabel::Kind::function, "function " + name, name);
}
const KernelLabel* data_label() { return plain_label(KernelLabel::Kind::data, "data", "next batch"); }

}  // namespace lamina
