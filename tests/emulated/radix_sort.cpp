// The emulated device's sort, in place of backends/cuda/radix_sort_cuda.cu.
#include "backends/cuda/radix_sort.h"

#include <algorithm>
#include <numeric>

#include "tests/emulated/cuda_on_host.h"

namespace lamina::gpu {

namespace {

template <class K>
void sort_lines(const K* keys, K* sorted_keys, const int32_t* places, int32_t* sorted_places, int64_t lines, int64_t n,
                K mask) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  for (int64_t line = 0; line < lines; ++line) {
    const int64_t start = line * n;
    std::iota(order.begin(), order.end(), start);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return (keys[a] & mask) < (keys[b] & mask); });
    for (int64_t i = 0; i < n; ++i) {
      sorted_keys[start + i] = keys[order[static_cast<size_t>(i)]];
      sorted_places[start + i] = places[order[static_cast<size_t>(i)]];
    }
  }
}

}  // namespace

RadixSort::RadixSort(Device device, int64_t lines, int64_t n, size_t key_bytes, int bits)
    : device_(device), lines_(lines), n_(n), key_bytes_(key_bytes), bits_(bits) {}

void RadixSort::operator()(const void* keys, void* sorted_keys, const int32_t* places, int32_t* sorted_places,
                           void*) const {
  auto sort = [&](auto key) {
    using K = decltype(key);
    auto here = [&](auto* p) { return emulated::host_address(p, device_.index); };
    const K mask =
        bits_ < static_cast<int>(8 * sizeof(K)) ? static_cast<K>((K{1} << bits_) - 1) : static_cast<K>(~K{0});
    emulated::do_or_keep([from = here(static_cast<const K*>(keys)), to = here(static_cast<K*>(sorted_keys)),
                          places = here(places), sorted_places = here(sorted_places), lines = lines_, n = n_,
                          mask] { sort_lines(from, to, places, sorted_places, lines, n, mask); });
  };
  if (key_bytes_ == 8)
    sort(uint64_t{});
  else
    sort(uint32_t{});
}

}  // namespace lamina::gpu
