#pragma once
// How the emulated device's kernels are recorded: they hand their work to it.
#include <atomic>
#include <cstdint>
#include <functional>

namespace lamina::emulated {

using Work = std::function<void()>;
void do_or_keep(Work work);  // keeps it if this thread is recording

[[gnu::visibility("default")]] extern std::atomic<int64_t> replays;  // so far, of all recordings

}  // namespace lamina::emulated
