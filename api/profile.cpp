#include "api/profile.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "serialization/formats/atomic_file.h"
#include "serialization/formats/json/json.h"
#include "serialization/formats/json/utf8.h"

namespace lamina {

namespace {

using Kind = KernelLabel::Kind;
double seconds(const ProfileEvent& e) { return static_cast<double>(e.end - e.start) * 1e-9; }

// LAMINA_PROFILE: on from the start, written when the process ends.
struct WholeProgram {
  WholeProgram() {
    const char* path = std::getenv("LAMINA_PROFILE");
    if (!path || !*path) return;
    static std::string target;
    target = path;
    start_profiling();
    std::atexit([] {
      if (!profiling()) return;
      try {
        Profile(stop_profiling()).write(target);
      } catch (const std::exception& e) { std::fprintf(stderr, "LAMINA_PROFILE: %s\n", e.what()); }
    });
  }
} whole_program;

}  // namespace

std::vector<Profile::Row> Profile::rows() const {
  std::map<const KernelLabel*, Row> by_label;
  double total = 0;
  for (const ProfileEvent& e : events_) {
    if (e.label->kind != Kind::kernel) continue;
    Row& row = by_label[e.label];
    row.label = e.label;
    ++row.calls;
    row.seconds += seconds(e);
    total += seconds(e);
  }
  std::vector<Row> out;
  for (auto& [label, row] : by_label) {
    row.share = total > 0 ? row.seconds / total : 0;
    out.push_back(row);
  }
  std::sort(out.begin(), out.end(), [](const Row& a, const Row& b) {
    return a.seconds != b.seconds ? a.seconds > b.seconds : a.label->signature < b.label->signature;
  });
  return out;
}

double Profile::seconds_of(Kind kind) const {
  double sum = 0;
  for (const ProfileEvent& e : events_)
    if (e.label->kind == kind) sum += seconds(e);
  return sum;
}

std::string Profile::table(size_t most) const {
  char line[256];
  std::snprintf(line, sizeof line, "%8s %10s %6s %9s %9s %8s  %s\n", "calls", "ms", "share", "us/call", "GFLOP/s",
                "GB/s", "primitive, kernel, signature");
  std::string out = line;
  const std::vector<Row> all = rows();
  for (size_t i = 0; i < std::min(most, all.size()); ++i) {
    const Row& r = all[i];
    const double rate = r.seconds > 0 ? static_cast<double>(r.calls) / r.seconds * 1e-9 : 0;
    std::snprintf(line, sizeof line, "%8lld %10.3f %5.1f%% %9.2f %9.2f %8.2f  ", static_cast<long long>(r.calls),
                  r.seconds * 1e3, r.share * 100, r.seconds / static_cast<double>(r.calls) * 1e6, r.label->flops * rate,
                  r.label->bytes * rate);
    out += line + r.label->op + " [" + r.label->kernel + "] " + r.label->signature + "\n";
  }
  if (all.size() > most) out += "... and " + std::to_string(all.size() - most) + " more\n";
  std::snprintf(line, sizeof line, "%.3f ms in kernels, %.3f ms in compiled functions, %.3f ms waiting for data\n",
                kernel_seconds() * 1e3, function_seconds() * 1e3, data_seconds() * 1e3);
  return out + line;
}

std::string Profile::trace() const {
  List list;
  const int64_t origin = events_.empty() ? 0 : events_.front().start;
  for (const ProfileEvent& e : events_) {
    const KernelLabel& l = *e.label;
    const char* const kind = l.kind == Kind::kernel ? "kernel" : l.kind == Kind::function ? "function" : "data";
    Dict event{{"name", valid_utf8(l.op)},
               {"cat", kind},
               {"ph", "X"},
               {"ts", static_cast<double>(e.start - origin) * 1e-3},
               {"dur", static_cast<double>(e.end - e.start) * 1e-3},
               {"pid", 1},
               {"tid", static_cast<int64_t>(e.thread)}};
    if (l.kind == Kind::kernel) {
      const double time = std::max<double>(1, static_cast<double>(e.end - e.start));
      Dict args{{"kernel", l.kernel}, {"signature", l.signature}, {"GB/s", l.bytes / time}};
      if (l.flops > 0) args.set("GFLOP/s", l.flops / time);
      event.set("args", std::move(args));
    }
    list.push_back(std::move(event));
  }
  return to_json(Dict{{"displayTimeUnit", "ns"}, {"traceEvents", std::move(list)}});
}

void Profile::write(const std::string& path) const { write_file(path, trace()); }

Profile profiled(const std::function<void()>& body) {
  start_profiling();
  try {
    body();
  } catch (...) {
    stop_profiling();
    throw;
  }
  return Profile(stop_profiling());
}

}  // namespace lamina
