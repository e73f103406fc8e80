#pragma once
// Elementwise programs as CUDA C++: the text of one kernel, which NVRTC compiles. The text depends on the instructions,
// the dtypes and how inputs meet the outputs' shape, not on sizes or constants, so that few kernels serve many
// signatures.
#include <optional>
#include <string>
#include <vector>

#include "backends/ops/elementwise/feed.h"
#include "backends/ops/elementwise/program.h"
#include "backends/ops/reduce/fused_reduce.h"

namespace lamina::cuda {

inline constexpr int kWalkAxes = 8;
struct Walk {  // as in elementwise_math.inc
  int axes;
  int64_t size[kWalkAxes], stride[kWalkAxes];
};

// What stands before every kernel.
const char* elementwise_math();

// The arguments of a program's inputs, pointers and, by their feeds, periods or walks, then its immediates.
template <class Add>
void add_operands(Add&& add, const void* const* in, const std::vector<Feed>& feeds, const std::vector<Walk>& walks,
                  const std::vector<Immediate>& immediates) {
  for (size_t i = 0; i < feeds.size(); ++i) {
    add(in + i);
    if (feeds[i].kind == Feed::Kind::periodic) add(&feeds[i].period);
    if (feeds[i].kind == Feed::Kind::general) add(&walks[i]);
  }
  for (const Immediate& i : immediates) add(&i.bits);
}

// A program over one signature.
struct ElementwisePlan {
  int64_t n = 0;
  std::string text;  // of `extern "C" __global__ void kernel(...)`, without elementwise_math()
  std::vector<Feed> feeds;
  std::vector<Walk> walks;  // by input; used where the feed is general
  std::vector<Immediate> immediates;
  std::vector<std::pair<int, int>>
      sharing;  // as BoundKernel::sharing: a thread reads all that it needs at an index before it writes there

  // The kernel's arguments as pointers to each, as cudaLaunchKernel() takes them: n; each input's pointer and, by its
  // feed, its period or Walk; the immediates; the outputs' pointers.
  template <class F>
  void with_arguments(const void* const* in, void* const* out, size_t outputs, F&& f) const {
    std::vector<void*> arguments = {const_cast<int64_t*>(&n)};
    auto add = [&](const void* a) { arguments.push_back(const_cast<void*>(a)); };
    add_operands(add, in, feeds, walks, immediates);
    for (size_t o = 0; o < outputs; ++o) add(out + o);
    f(arguments.data());
  }
};

// A program whose one result is reduced, over one signature: as above but for what leads the kernel's arguments, kept,
// reduced, the walks over kept and reduced axes and the value to start with; there is one output.
struct ReductionPlan {
  int64_t kept = 0, reduced = 0;
  Walk keep{}, over{};
  uint64_t start = 0;
  bool by_column = false;  // a thread an output, else a block
  std::string text;
  std::vector<Feed> feeds;
  std::vector<Walk> walks;
  std::vector<Immediate> immediates;

  template <class F>
  void with_arguments(const void* const* in, void* const* out, F&& f) const {
    std::vector<void*> arguments;
    auto add = [&](const void* a) { arguments.push_back(const_cast<void*>(a)); };
    for (const void* a :
         {static_cast<const void*>(&kept), static_cast<const void*>(&reduced), static_cast<const void*>(&keep),
          static_cast<const void*>(&over), static_cast<const void*>(&start)})
      add(a);
    add_operands(add, in, feeds, walks, immediates);
    add(out);
    f(arguments.data());
  }
};

// nullopt, with the reason in r.declined, where an input is walked along too many axes.
std::optional<ElementwisePlan> plan_elementwise(const KernelRequest& r, const ElementwiseProgram& program,
                                                const Shape& shape);
std::optional<ReductionPlan> plan_reduction(const KernelRequest& r, const FusedReduceOp& op);

}  // namespace lamina::cuda
