#pragma once
// How many blocks and threads kernels are started with.
#include <algorithm>
#include <cstdint>

namespace lamina::cuda {

struct Launch {
  int64_t blocks;
  int threads;
};
// Over n elements; as many threads as the GPU can hold at once suffice.
inline Launch launch_elements(int64_t n, int multiprocessors) {
  constexpr int kThreads = 256;
  return {std::min<int64_t>((n + kThreads - 1) / kThreads, multiprocessors * int64_t{8}), kThreads};
}
// A block a row, with threads for `width` elements each.
inline Launch launch_rows(int64_t count, int64_t width) {
  int threads = 32;
  while (threads < 512 && threads < width) threads *= 2;
  return {std::min<int64_t>(count, int64_t{1} << 30), threads};
}

}  // namespace lamina::cuda
