// The one elementwise kernel: a program is cut into steps over blocks that fit the first-level cache. Temporaries live
// in a few reused slots; inputs are read and outputs written where they are.
#include "backends/cpu/thread_pool.h"
#include "backends/ops/elementwise/block.h"
#include "backends/ops/elementwise/feed.h"
#include "backends/ops/elementwise/program.h"

namespace lamina {

namespace {

constexpr size_t kCacheBytes = 24 * 1024;  // what a block's inputs, temporaries and outputs may take of the 32 KB L1
constexpr int64_t kLeastBlock = 256, kMostBlock = 2048;
constexpr int64_t kTaskWork = 1 << 14;  // element steps worth a task of their own

struct Entry {
  BlockFn run = nullptr;
  bool scalar_a = false, scalar_b = false, scalar_c = false;  // operands that it takes as one value
};

// The block function for an instruction, given which operands are one repeated value. Null if there is none.
Entry entry_of(const Instruction& i, bool a, bool b, bool c) {
  const BlockTable& table = block_table();
  const int from = static_cast<int>(i.from), to = static_cast<int>(i.to);
  switch (i.code) {
    case Instruction::Code::unary: return {table.unary[i.kind][from]};
    case Instruction::Code::cast: return {table.cast[from][to]};
    case Instruction::Code::binary:
      if (b && !a && table.binary_right[i.kind][from]) return {table.binary_right[i.kind][from], false, true, false};
      if (a && !b && table.binary_left[i.kind][from]) return {table.binary_left[i.kind][from], true, false, false};
      return {table.binary[i.kind][from]};
    case Instruction::Code::where:
      if (c && !b) return {table.where_right[to], false, false, true};
      if (b && !c) return {table.where_left[to], false, true, false};
      return {table.where[to]};
  }
  return {};
}

int64_t weight(const Instruction& i) {  // element steps, relative to an addition
  if (i.code == Instruction::Code::unary) {
    auto kind = static_cast<Unary>(i.kind);
    if (kind <= Unary::square || kind == Unary::relu || is_predicate(kind)) return 1;
    if (kind <= Unary::reciprocal) return 4;
    return i.from == DType::float32 ? 10 : 40;
  }
  if (i.code == Instruction::Code::binary) {
    auto kind = static_cast<Binary>(i.kind);
    if (kind == Binary::divide) return 3;
    if (kind == Binary::floor_divide || kind == Binary::mod || kind == Binary::fmod || kind == Binary::power) return 40;
    if (kind == Binary::atan2 || kind == Binary::hypot) return 40;
  }
  return 1;
}

// Where a register's block is.
struct Register {
  enum class Kind : uint8_t { input, value, slot, output } kind = Kind::slot;  // value: one repeated value
  bool filled = false;  // value: a step needs it as a whole block, at `offset`
  int index = 0;        // input or output number
  size_t element = 4;
  size_t offset = 0;               // of its block in the thread's workspace
  const void* constant = nullptr;  // value: an immediate
};

struct Step {
  BlockFn run;
  int a, b, c, out;
  bool scalar_a, scalar_b, scalar_c;
};

struct Plan {
  Shape shape;
  int64_t count = 0, block = kMostBlock, task = 0;
  int inputs = 0;
  std::vector<Immediate> immediates;
  std::vector<Feed> feeds;
  std::vector<Register> registers;
  std::vector<Step> steps;
  std::vector<std::pair<int, int>> copies;  // (register, output): inputs and constants passed on, second copies
  size_t blocks = 0;                        // workspace bytes for blocks; register pointers follow

  void range(const void* const* in, void* const* out, int64_t begin, int64_t end) const;
  void run(const void* const* in, void* const* out) const {
    if (count <= task) {
      if (count) range(in, out, 0, count);
      return;
    }
    parallel_for((count + task - 1) / task,
                 [&](int64_t t) { range(in, out, t * task, std::min(count, (t + 1) * task)); });
  }
};

// One per thread, grown to the largest program that it has run.
char* workspace(size_t bytes) {
  thread_local std::unique_ptr<char[]> memory;
  thread_local size_t size = 0;
  thread_local char* aligned = nullptr;
  if (bytes > size) {
    size = std::max<size_t>(bytes, 32 * 1024);
    memory.reset(new char[size + 64]);
    aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(memory.get()) + 63) & ~uintptr_t{63});
  }
  return aligned;
}

void Plan::range(const void* const* in, void* const* out, int64_t begin, int64_t end) const {
  const size_t count_of = registers.size();
  char* base = workspace(blocks + 2 * count_of * sizeof(char*));
  char** whole = reinterpret_cast<char**>(base + blocks);  // each register's block
  char** single = whole + count_of;                        // values: the one element
  const int64_t most = std::min(block, end - begin);
  for (size_t r = 0; r < count_of; ++r) {
    const Register& reg = registers[r];
    whole[r] = base + reg.offset;
    if (reg.kind != Register::Kind::value) continue;
    single[r] = static_cast<char*>(const_cast<void*>(reg.constant ? reg.constant : in[reg.index]));
    if (reg.filled) block_table().fill(single[r], static_cast<int64_t>(reg.element), whole[r], most);
  }
  for (int64_t start = begin; start < end; start += block) {
    const int64_t n = std::min(block, end - start);
    for (int i = 0; i < inputs; ++i)
      if (registers[i].kind == Register::Kind::input)
        whole[i] = const_cast<char*>(feed_block(feeds[i], shape, in[i], base + registers[i].offset, start, n));
    for (const Step& s : steps) {
      const Register& to = registers[s.out];
      if (to.kind == Register::Kind::output) whole[s.out] = static_cast<char*>(out[to.index]) + start * to.element;
      s.run(s.scalar_a ? single[s.a] : whole[s.a],
            s.b < 0      ? nullptr
            : s.scalar_b ? single[s.b]
                         : whole[s.b],
            s.c < 0      ? nullptr
            : s.scalar_c ? single[s.c]
                         : whole[s.c],
            whole[s.out], n);
    }
    for (auto [r, o] : copies) {
      char* to = static_cast<char*>(out[o]) + start * registers[r].element;
      if (to != whole[r]) std::memcpy(to, whole[r], n * registers[r].element);
    }
  }
}

// Gives every register a place: outputs directly, temporaries in slots that are free again after their last reader.
void place(Plan& plan, const ElementwiseProgram& program) {
  const int first = program.first_result(), total = first + static_cast<int>(program.code.size());
  std::vector<int> last(total, -1);
  for (const Step& s : plan.steps)
    for (int r : {s.a, s.b, s.c})
      if (r >= 0) last[r] = s.out;
  for (auto [r, o] : plan.copies) last[r] = total;
  struct Slot {
    size_t element;
    int free_after;
  };
  std::vector<Slot> slots;
  std::vector<int> slot_of(total, -1);
  size_t streams = 0;
  for (int r = 0; r < total; ++r) {
    Register& reg = plan.registers[r];
    streams += reg.kind == Register::Kind::output ? reg.element : 0;
    bool input_block = reg.kind == Register::Kind::input;
    if (input_block && plan.feeds[r].kind == Feed::Kind::contiguous) streams += reg.element, input_block = false;
    if (!input_block && !reg.filled && reg.kind != Register::Kind::slot) continue;
    if (r >= first)  // an operand's slot may be taken over by the result: block functions allow it for equal sizes
      for (size_t s = 0; s < slots.size() && slot_of[r] < 0; ++s)
        if (slots[s].element == reg.element && slots[s].free_after <= r) slot_of[r] = static_cast<int>(s);
    if (slot_of[r] < 0) {
      slot_of[r] = static_cast<int>(slots.size());
      slots.push_back({reg.element, 0});
    }
    slots[slot_of[r]].free_after = r < first ? total + 1 : std::max(last[r], r + 1);
  }
  size_t bytes = streams;
  for (const Slot& s : slots) bytes += s.element;
  plan.block = kMostBlock;
  while (plan.block > kLeastBlock && bytes * static_cast<size_t>(plan.block) > kCacheBytes) plan.block /= 2;
  std::vector<size_t> offset;
  for (const Slot& s : slots) {
    offset.push_back(plan.blocks);
    plan.blocks += (static_cast<size_t>(plan.block) * s.element + 63) / 64 * 64;
  }
  for (int r = 0; r < total; ++r)
    if (slot_of[r] >= 0) plan.registers[r].offset = offset[slot_of[r]];
}

// Which outputs may take over which inputs' memory: an input of the output's size, read for the last time by the step
// that writes the output, or before it.
std::vector<std::pair<int, int>> sharing_of(const Plan& plan, const ElementwiseProgram& program) {
  std::vector<int> last(plan.registers.size(), -1),
      written(program.outputs.size(), static_cast<int>(plan.registers.size()));
  for (const Step& s : plan.steps)
    for (int r : {s.a, s.b, s.c})
      if (r >= 0) last[r] = s.out;
  for (auto [r, o] : plan.copies) last[r] = static_cast<int>(plan.registers.size());
  for (const Step& s : plan.steps)
    if (plan.registers[s.out].kind == Register::Kind::output) written[plan.registers[s.out].index] = s.out;
  std::vector<std::pair<int, int>> out;
  for (int i = 0; i < plan.inputs; ++i) {
    if (plan.feeds[i].kind != Feed::Kind::contiguous) continue;
    for (size_t o = 0; o < program.outputs.size(); ++o) {
      // A copied output is written at the end of a block, in the order of the list: only its own source may be shared.
      bool copied = written[o] == static_cast<int>(plan.registers.size());
      if (copied ? program.outputs[o] == i
                 : last[i] <= written[o] && plan.feeds[i].size == plan.registers[written[o]].element)
        out.emplace_back(i, static_cast<int>(o));
    }
  }
  return out;
}

}  // namespace

bool supported(const Instruction& i) { return entry_of(i, false, false, false).run != nullptr; }

BoundKernel bind_elementwise(const ElementwiseProgram& program, std::span<const TensorSpec> inputs, const Shape& shape,
                             std::span<const DType>) {
  auto plan = std::make_shared<Plan>();
  plan->shape = shape;
  plan->count = shape.elements();
  plan->inputs = program.inputs;
  plan->immediates = program.immediates;
  const int first = program.first_result();
  plan->registers.resize(first + program.code.size());
  for (int i = 0; i < program.inputs; ++i) {
    plan->feeds.push_back(make_feed(inputs[i], shape));
    Register& r = plan->registers[i];
    r.kind = plan->feeds[i].kind == Feed::Kind::scalar ? Register::Kind::value : Register::Kind::input;
    r.index = i;
    r.element = plan->feeds[i].size;
  }
  for (size_t k = 0; k < plan->immediates.size(); ++k) {
    Register& r = plan->registers[program.inputs + k];
    r.kind = Register::Kind::value;
    r.element = size_of(plan->immediates[k].dtype);
    r.constant = &plan->immediates[k].bits;
  }
  int64_t work = 2;
  auto is_value = [&](int r) { return r >= 0 && plan->registers[r].kind == Register::Kind::value; };
  for (size_t k = 0; k < program.code.size(); ++k) {
    const Instruction& i = program.code[k];
    Entry e = entry_of(i, is_value(i.a), is_value(i.b), is_value(i.c));
    if (!e.run) return {};
    const int out = first + static_cast<int>(k);
    plan->registers[out].element = size_of(i.to);
    plan->steps.push_back({e.run, i.a, i.b, i.c, out, e.scalar_a, e.scalar_b, e.scalar_c});
    if (is_value(i.a) && !e.scalar_a) plan->registers[i.a].filled = true;
    if (is_value(i.b) && !e.scalar_b) plan->registers[i.b].filled = true;
    if (is_value(i.c) && !e.scalar_c) plan->registers[i.c].filled = true;
    work += weight(i);
  }
  for (size_t o = 0; o < program.outputs.size(); ++o) {
    const int r = program.outputs[o];
    Register& reg = plan->registers[r];
    if (r >= first && reg.kind == Register::Kind::slot) {
      reg.kind = Register::Kind::output;
      reg.index = static_cast<int>(o);
    } else {
      plan->copies.emplace_back(r, static_cast<int>(o));
      if (is_value(r)) reg.filled = true;
    }
  }
  place(*plan, program);
  plan->task = std::max<int64_t>(1, kTaskWork / work / plan->block) * plan->block;
  BoundKernel kernel;
  kernel.sharing = sharing_of(*plan, program);
  const Step* only =
      plan->steps.size() == 1 && plan->copies.empty() && plan->count <= plan->task ? &plan->steps[0] : nullptr;
  bool plain = only != nullptr;
  for (int i = 0; plain && i < program.inputs; ++i) {
    bool scalar =
        (only->a == i && only->scalar_a) || (only->b == i && only->scalar_b) || (only->c == i && only->scalar_c);
    plain &= plan->feeds[i].kind == Feed::Kind::contiguous || scalar;
  }
  if (plain && plan->immediates.empty()) {  // one small op, operands as they are: nothing to interpret
    kernel.run = [f = only->run, a = only->a, b = only->b, c = only->c, n = plan->count](const void* const* in,
                                                                                         void* const* out, void*) {
      f(in[a], b < 0 ? nullptr : in[b], c < 0 ? nullptr : in[c], out[0], n);
    };
  } else {
    kernel.run = [plan](const void* const* in, void* const* out, void*) { plan->run(in, out); };
  }
  return kernel;
}

}  // namespace lamina
