#pragma once
// Where the time of a program goes, kernel by kernel, on both engines:
//
//   Profile profile = profiled([&] { model->fit(x, y); });
//   std::puts(profile.table().c_str());     // a row a kernel and signature: calls, ms, share, GFLOP/s, GB/s
//   profile.write("trace.json");            // for chrome://tracing, Perfetto or Speedscope
//
// LAMINA_PROFILE=trace.json profiles a whole program and writes the trace when it ends.
#include <functional>
#include <string>
#include <vector>

#include "backends/core/profiler.h"

namespace lamina {

class Profile {
 public:
  Profile() = default;
  explicit Profile(std::vector<ProfileEvent> events) : events_(std::move(events)) {}

  struct Row {
    const KernelLabel* label;
    int64_t calls = 0;
    double seconds = 0;  // all calls
    double share = 0;    // of the time spent in kernels
  };
  std::vector<Row> rows() const;                                                   // kernels only, the longest first
  double kernel_seconds() const { return seconds_of(KernelLabel::Kind::kernel); }  // in kernels, added up over threads
  double function_seconds() const {
    return seconds_of(KernelLabel::Kind::function);
  }  // in compiled functions, kernels included
  double data_seconds() const {
    return seconds_of(KernelLabel::Kind::data);
  }                                           // of loops that wait for their next batch
  std::string table(size_t most = 30) const;  // the longest rows, as text
  std::string trace() const;                  // Chrome's trace event format: JSON
  void write(const std::string& path) const;  // trace(), whole or not at all; IOError
  const std::vector<ProfileEvent>& events() const { return events_; }

 private:
  double seconds_of(KernelLabel::Kind kind) const;
  std::vector<ProfileEvent> events_;
};

// Runs `body` under the profiler. RuntimeError if a profile is being recorded already; what `body` throws passes
// through.
Profile profiled(const std::function<void()>& body);

}  // namespace lamina
