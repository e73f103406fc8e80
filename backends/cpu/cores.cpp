#include "backends/cpu/cores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace lamina {

namespace {

int in_affinity() {
#if defined(__linux__)
  // The kernel may know more processors than a cpu_set_t holds: then the call fails, and the set is made larger.
  for (int most = CPU_SETSIZE; most <= (1 << 20); most *= 4) {
    cpu_set_t* set = CPU_ALLOC(static_cast<size_t>(most));
    if (!set) break;
    const size_t bytes = CPU_ALLOC_SIZE(static_cast<size_t>(most));
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Of a control group of version 2, as containers have one: "quota period" in microseconds, or "max period".
int in_quota(int otherwise) {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return otherwise;
  return static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, static_cast<double>(otherwise)));
}

// The first of OpenMP's list of numbers for nested levels.
int in_openmp(int otherwise) {
  const char* text = std::getenv("OMP_NUM_THREADS");
  const long number = text ? std::strtol(text, nullptr, 10) : 0;
  return number > 0 ? static_cast<int>(std::min<long>(number, otherwise)) : otherwise;
}

}  // namespace

int usable_cores() {
  static const int count = [] {
    const int bound = in_affinity();
    return in_openmp(in_quota(bound));
  }();
  return count;
}

}  // namespace lamina
