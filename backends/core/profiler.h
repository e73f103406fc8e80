#pragma once
// Times of single kernels, on both engines. Nothing is recorded until a profiler starts; then each kernel call leaves
// an event with its start and end, each run of a compiled function one around them, and each batch that a loop takes
// from its data source one. api/profile.h makes tables and traces of them.
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/core/primitive.h"

namespace lamina {

// What a kernel was bound for; shared by all events of one bound kernel.
struct KernelLabel {
  enum class Kind : uint8_t { kernel, function, data } kind = Kind::kernel;
  std::string op;         // the primitive, or the function's name
  std::string kernel;     // the candidate that ran ("onednn"); empty for what is no kernel
  std::string signature;  // attributes, inputs and outputs
  double flops = 0;       // floating-point operations of a call, 0 if its primitive does not say
  double bytes = 0;       // inputs and outputs
};

// A run of a kernel, or of a whole function.
struct ProfileEvent {
  const KernelLabel* label;
  int64_t start, end;  // nanoseconds of the steady clock
  uint32_t thread;     // threads counted from 0 in the order in which they first ran a kernel
};

namespace detail {
inline std::atomic<bool> profiling{false};
// Nanoseconds of a steady clock.
int64_t profile_clock();
// One run of a kernel, by the calling thread; only while profiling().
void record_event(const KernelLabel* label, int64_t start, int64_t end);
}  // namespace detail

// Whether a profile is being taken, by any thread.
inline bool profiling() { return detail::profiling.load(std::memory_order_relaxed); }
void start_profiling();                      // RuntimeError if it is on already
std::vector<ProfileEvent> stop_profiling();  // what was recorded since, by time

// Labels live as long as the process: one per signature that was ever profiled.
const KernelLabel* kernel_label(const Primitive& op, std::string_view kernel, std::span<const TensorSpec> inputs,
                                std::span<const TensorSpec> outputs);
const KernelLabel* function_label(const std::string& name);
const KernelLabel* data_label();  // the time until a data source has given a batch

// An event from here to the end of the scope; none where `label` is null.
class ProfileSpan {
 public:
  explicit ProfileSpan(const KernelLabel* label) : label_(label), start_(label ? detail::profile_clock() : 0) {}
  ~ProfileSpan() {
    if (label_) detail::record_event(label_, start_, detail::profile_clock());
  }
  ProfileSpan(const ProfileSpan&) = delete;
  ProfileSpan& operator=(const ProfileSpan&) = delete;

 private:
  const KernelLabel* label_;
  int64_t start_;
};

// How many floating-point operations a call of a primitive takes, registered beside it: LAMINA_FLOPS("MatMul",
// matmul_flops).
using Flops = double (*)(const Primitive& op, std::span<const TensorSpec> inputs, std::span<const TensorSpec> outputs);
// Registers a count while the library is loaded.
struct FlopsRegistration {
  FlopsRegistration(std::string_view primitive, Flops flops);
};
#define LAMINA_FLOPS_CONCAT(A, B) A##B
#define LAMINA_FLOPS_NAME(COUNTER) LAMINA_FLOPS_CONCAT(flops_registration_, COUNTER)
#define LAMINA_FLOPS(PRIMITIVE, FLOPS) \
  static const ::lamina::FlopsRegistration LAMINA_FLOPS_NAME(__COUNTER__)(PRIMITIVE, FLOPS)

}  // namespace lamina
