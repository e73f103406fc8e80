#include "backends/cpu/thread_pool.h"
#include "backends/ops/elementwise/block.h"
#include "backends/ops/elementwise/program.h"

namespace lamina {

namespace {

constexpr int64_t kBlock = 1024;          // elements: a handful of float registers stay in the 32 KB L1
constexpr int64_t kTask = 16 * kBlock;    // elements a thread takes at once

// How one input meets the output's index space.
struct Feed {
  enum class Kind { contiguous, scalar, periodic, general } kind = Kind::contiguous;
  int64_t period = 1;            // periodic: the input repeats every `period` elements (bias rows)
  std::vector<int64_t> strides;  // general: element stride an output axis
  size_t size = 4;
};

Feed make_feed(const TensorSpec& in, const Shape& out) {
  Feed feed;
  feed.size = size_of(in.dtype);
  int64_t count = in.shape.elements();
  if (in.shape.elements() == out.elements()) return feed;
  if (count == 1) {
    feed.kind = Feed::Kind::scalar;
    return feed;
  }
  int offset = out.rank() - in.shape.rank();
  int first = 0;  // leading axes of size 1 are broadcast
  while (first < in.shape.rank() && in.shape[first] == 1) ++first;
  bool trailing = true;
  for (int i = first; i < in.shape.rank(); ++i) trailing &= in.shape[i] == out[i + offset];
  if (trailing) {
    feed.kind = Feed::Kind::periodic;
    feed.period = count;
    return feed;
  }
  feed.kind = Feed::Kind::general;
  feed.strides.assign(out.rank(), 0);
  int64_t stride = 1;
  for (int i = in.shape.rank(); i-- > 0;) {
    if (in.shape[i] != 1) feed.strides[i + offset] = stride;
    stride *= in.shape[i];
  }
  return feed;
}

void gather_general(const Feed& feed, const Shape& shape, const char* from, char* to, int64_t begin, int64_t n) {
  const auto& fill = block_table().fill;
  int last = shape.rank() - 1;
  int64_t index[Shape::kMaxRank], rest = begin, at = 0;
  for (int i = last; i >= 0; --i) {
    index[i] = rest % shape[i];
    rest /= shape[i];
    at += index[i] * feed.strides[i];
  }
  while (n > 0) {
    int64_t run = std::min(n, shape[last] - index[last]);
    if (feed.strides[last] == 0) fill(from + at * feed.size, feed.size, to, run);
    else if (feed.strides[last] == 1) std::memcpy(to, from + at * feed.size, run * feed.size);
    else
      for (int64_t i = 0; i < run; ++i) std::memcpy(to + i * feed.size, from + (at + i * feed.strides[last]) * feed.size, feed.size);
    to += run * feed.size;
    n -= run;
    at += run * feed.strides[last];
    index[last] += run;
    for (int i = last; i > 0 && index[i] == shape[i]; --i) {
      at += feed.strides[i - 1] - index[i] * feed.strides[i];
      index[i] = 0;
      ++index[i - 1];
    }
  }
}

void gather_periodic(const Feed& feed, const char* from, char* to, int64_t begin, int64_t n) {
  int64_t at = begin % feed.period;
  while (n > 0) {
    int64_t run = std::min(n, feed.period - at);
    std::memcpy(to, from + at * feed.size, run * feed.size);
    to += run * feed.size;
    n -= run;
    at = 0;
  }
}

struct Step {
  BlockFn run;
  int a, b, c, out;      // registers
  int output = -1;       // final output written directly, or -1
};

struct Plan {
  Shape shape;
  int64_t count;
  int inputs;
  std::vector<Feed> feeds;
  std::vector<Step> steps;
  std::vector<std::pair<int, int>> copies;  // (register, output): inputs or second copies passed through
  std::vector<size_t> element;              // bytes an element, a register
  std::vector<size_t> output_element;
  std::vector<size_t> place;                // byte offset of each register's block in thread scratch
  size_t scratch = 0;

  void range(const void* const* in, void* const* out, int64_t begin, int64_t end) const {
    alignas(64) char local[24 * 1024];
    std::unique_ptr<char[]> heap;
    char* blocks = local;
    if (scratch > sizeof local) {
      heap.reset(new char[scratch + 64]);
      blocks = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(heap.get()) + 63) & ~uintptr_t{63});
    }
    const size_t registers = element.size();
    char* at[64];
    std::unique_ptr<char*[]> more;
    char** reg = at;
    if (registers > 64) more.reset(new char*[registers]), reg = more.get();
    for (int i = 0; i < inputs; ++i)
      if (feeds[i].kind == Feed::Kind::scalar) {
        reg[i] = blocks + place[i];
        block_table().fill(in[i], feeds[i].size, reg[i], std::min(kBlock, end - begin));
      }
    for (int64_t start = begin; start < end; start += kBlock) {
      int64_t n = std::min(kBlock, end - start);
      for (int i = 0; i < inputs; ++i) {
        const Feed& feed = feeds[i];
        char* base = static_cast<char*>(const_cast<void*>(in[i]));
        if (feed.kind == Feed::Kind::contiguous) {
          reg[i] = base + start * feed.size;
        } else if (feed.kind == Feed::Kind::periodic) {
          int64_t phase = start % feed.period;
          if (phase + n <= feed.period) {
            reg[i] = base + phase * feed.size;
          } else {
            gather_periodic(feed, base, reg[i] = blocks + place[i], start, n);
          }
        } else if (feed.kind == Feed::Kind::general) {
          gather_general(feed, shape, base, reg[i] = blocks + place[i], start, n);
        }
      }
      for (const Step& s : steps) {
        reg[s.out] = s.output >= 0 ? static_cast<char*>(out[s.output]) + start * element[s.out] : blocks + place[s.out];
        s.run(reg[s.a], s.b >= 0 ? reg[s.b] : nullptr, s.c >= 0 ? reg[s.c] : nullptr, reg[s.out], n);
      }
      for (auto [r, o] : copies) std::memcpy(static_cast<char*>(out[o]) + start * element[r], reg[r], n * element[r]);
    }
  }
};

}  // namespace

BoundKernel bind_elementwise(const ElementwiseProgram& program, std::span<const TensorSpec> inputs, const Shape& shape, std::span<const DType> output_types) {
  auto plan = std::make_shared<Plan>();
  plan->shape = shape;
  plan->count = shape.elements();
  plan->inputs = program.inputs;
  const BlockTable& table = block_table();
  size_t offset = 0;
  auto reserve = [&](size_t element) {
    plan->element.push_back(element);
    plan->place.push_back(offset);
    offset += (kBlock * element + 63) / 64 * 64;
  };
  for (int i = 0; i < program.inputs; ++i) {
    plan->feeds.push_back(make_feed(inputs[i], shape));
    // Inputs of the output's size need no block of their own.
    bool block = plan->feeds.back().kind != Feed::Kind::contiguous;
    plan->element.push_back(plan->feeds.back().size);
    plan->place.push_back(offset);
    if (block) offset += (kBlock * plan->feeds.back().size + 63) / 64 * 64;
  }
  for (size_t k = 0; k < program.code.size(); ++k) {
    const Instruction& i = program.code[k];
    int from = static_cast<int>(i.from), to = static_cast<int>(i.to);
    BlockFn f = nullptr;
    switch (i.code) {
      case Instruction::Code::unary: f = table.unary[i.kind][from]; break;
      case Instruction::Code::binary: f = table.binary[i.kind][from]; break;
      case Instruction::Code::where: f = table.where[to]; break;
      case Instruction::Code::cast: f = table.cast[from][to]; break;
    }
    if (!f) return {};
    reserve(size_of(i.to));
    plan->steps.push_back({f, i.a, i.b, i.c, program.inputs + static_cast<int>(k)});
  }
  std::vector<bool> direct(plan->element.size());
  for (size_t o = 0; o < program.outputs.size(); ++o) {
    int r = program.outputs[o];
    if (r >= program.inputs && !direct[r]) {
      plan->steps[r - program.inputs].output = static_cast<int>(o);
      direct[r] = true;
    } else {
      plan->copies.emplace_back(r, static_cast<int>(o));
    }
  }
  plan->scratch = offset;
  BoundKernel kernel;
  // In a longer program an output written early could overwrite an input that a later instruction still reads.
  kernel.in_place = program.code.size() == 1;
  kernel.run = [plan](const void* const* in, void* const* out, void*) {
    if (plan->count <= kTask) {
      if (plan->count) plan->range(in, out, 0, plan->count);
      return;
    }
    parallel_for((plan->count + kTask - 1) / kTask, [&](int64_t t) { plan->range(in, out, t * kTask, std::min(plan->count, (t + 1) * kTask)); });
  };
  return kernel;
}

}  // namespace lamina
