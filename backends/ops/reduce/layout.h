#pragma once
// What the kernels of Reduce share, on all devices.
#include <algorithm>
#include <limits>
#include <vector>

#include "backends/core/wrapping.h"
#include "backends/ops/reduce/reduce.h"

namespace lamina {

// The shape as runs of kept and reduced axes, neighbours of one sort merged.
struct ReduceLayout {
  struct Run {
    int64_t size, stride;
    bool reduced;
  };
  std::vector<Run> runs;  // outermost first; strides in elements of the input
  int64_t kept = 1, reduced = 1;
};

// How a reduction of `axes` walks through x: neighbouring axes of one kind are one.
inline ReduceLayout reduce_layout(const Shape& x, const std::vector<int>& axes) {
  ReduceLayout l;
  int64_t stride = x.elements();
  for (int i = 0; i < x.rank(); ++i) {
    stride = x[i] ? stride / x[i] : 0;
    bool reduced = std::binary_search(axes.begin(), axes.end(), i);
    (reduced ? l.reduced : l.kept) *= x[i];
    if (x[i] == 1) continue;
    if (!l.runs.empty() && l.runs.back().reduced == reduced) {
      l.runs.back().size *= x[i];
      l.runs.back().stride = stride;
    } else {
      l.runs.push_back({x[i], stride, reduced});
    }
  }
  return l;
}

// On GPUs: a thread an output where neighbouring outputs read neighbouring inputs, else a block. Few outputs of many
// inputs go to blocks, however their inputs lie: threads alone would leave most of the GPU idle.
inline bool reduces_by_column(const ReduceLayout& l) {
  return !l.runs.empty() && !l.runs.back().reduced && (l.reduced < 256 || l.kept >= 16384);
}

// A: what sums are kept in.
template <class A>
constexpr A reduce_start(Reduce kind) {
  using Limits = std::numeric_limits<A>;
  switch (kind) {
    case Reduce::sum:
    case Reduce::any: return A(0);
    case Reduce::prod:
    case Reduce::all: return A(1);
    case Reduce::max: return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    default: return Limits::has_infinity ? Limits::infinity() : Limits::max();
  }
}

// One more element of a reduction.
template <class A>
constexpr void reduce_fold(Reduce kind, A& acc, A v) {
  switch (kind) {
    case Reduce::sum: acc = wrapping_add(acc, v); break;
    case Reduce::prod: acc = wrapping_multiply(acc, v); break;
    case Reduce::max: acc = (v > acc || v != v) ? v : acc; break;
    case Reduce::min: acc = (v < acc || v != v) ? v : acc; break;
    case Reduce::any: acc = static_cast<A>((acc != A(0)) | (v != A(0))); break;
    case Reduce::all: acc = static_cast<A>((acc != A(0)) & (v != A(0))); break;
  }
}

}  // namespace lamina
