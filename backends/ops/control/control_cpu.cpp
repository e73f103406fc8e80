// Runs sub-functions on plain memory. Nothing is allocated a round: carries move between the result's memory and the scratch.
#include <cstring>

#include "backends/core/kernel.h"
#include "backends/ops/control/control.h"

namespace lamina {

namespace {

size_t bytes_of(const TensorSpec& s) { return static_cast<size_t>(s.shape.elements()) * size_of(s.dtype); }
size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

BoundKernel bind_switch(const KernelRequest& r) {
  const auto& op = static_cast<const SwitchOp&>(r.op);
  struct Branch {
    SubFunction::Run run;
    size_t first;
  };
  std::vector<Branch> branches;
  size_t first = 1;
  for (const SubFunctionPtr& b : op.branches) {
    branches.push_back({b->bind(), first});
    first += b->inputs().size();
  }
  BoundKernel k;
  k.run = [branches = std::move(branches)](const void* const* in, void* const* out, void*) {
    const int64_t last = static_cast<int64_t>(branches.size()) - 1;
    const Branch& taken = branches[static_cast<size_t>(std::clamp<int64_t>(*static_cast<const int32_t*>(in[0]), 0, last))];
    taken.run(in + taken.first, out);
  };
  return k;
}

// Where loop variables stand: round k reads what round k-1 wrote. Each has the result's memory and a second place.
struct Carries {
  std::vector<size_t> bytes, offsets;
  size_t scratch = 0;
  explicit Carries(std::span<const TensorSpec> specs) {
    for (const TensorSpec& s : specs) {
      bytes.push_back(bytes_of(s));
      offsets.push_back(scratch);
      scratch += aligned(bytes.back());
    }
  }
};

// Pointer lists kept in the scratch, so that a run allocates nothing.
template <class T>
T* take(char*& at, size_t count) {
  T* out = reinterpret_cast<T*>(at);
  at += aligned(count * sizeof(T));
  return out;
}

BoundKernel bind_while(const KernelRequest& r) {
  const auto& op = static_cast<const WhileOp&>(r.op);
  const size_t n = static_cast<size_t>(op.variables), to_condition = op.condition->inputs().size(), to_body = op.body->inputs().size();
  Carries carries(r.inputs.subspan(0, n));
  BoundKernel k;
  k.scratch_bytes = carries.scratch + 64 + aligned(to_condition * 8) + aligned(to_body * 8) + aligned(n * 8);
  k.run = [=, condition = op.condition->bind(), body = op.body->bind(), most = op.most](const void* const* in, void* const* out, void* scratch) {
    char* at = static_cast<char*>(scratch) + carries.scratch;
    bool* go = take<bool>(at, 1);
    const void** asked = take<const void*>(at, to_condition);
    const void** given = take<const void*>(at, to_body);
    void** next = take<void*>(at, n);
    for (size_t i = n; i < to_condition; ++i) asked[i] = in[i];
    for (size_t i = n; i < to_body; ++i) given[i] = in[to_condition - n + i];
    for (size_t i = 0; i < n; ++i) given[i] = asked[i] = in[i];
    void* answer[] = {go};
    bool in_result = false;
    for (int64_t round = 0; most < 0 || round < most; ++round) {
      condition(asked, answer);
      if (!*go) break;
      in_result = !in_result;
      for (size_t i = 0; i < n; ++i) next[i] = in_result ? out[i] : static_cast<char*>(scratch) + carries.offsets[i];
      body(given, next);
      for (size_t i = 0; i < n; ++i) given[i] = asked[i] = next[i];
    }
    if (!in_result)
      for (size_t i = 0; i < n; ++i) std::memcpy(out[i], given[i], carries.bytes[i]);
  };
  return k;
}

BoundKernel bind_scan(const KernelRequest& r) {
  const auto& op = static_cast<const ScanOp&>(r.op);
  const size_t n = static_cast<size_t>(op.carries), m = static_cast<size_t>(op.rows), inputs = r.inputs.size(), results = op.body->outputs().size();
  Carries carries(r.inputs.subspan(0, n));
  std::vector<size_t> row(inputs + r.outputs.size());  // bytes a round of each scanned input and output
  for (size_t i = n; i < n + m; ++i) row[i] = bytes_of(op.body->inputs()[i]);
  for (size_t i = n; i < results; ++i) row[inputs + i] = bytes_of(op.body->outputs()[i]);
  BoundKernel k;
  k.scratch_bytes = carries.scratch + aligned(inputs * 8) + aligned(results * 8);
  k.run = [=, body = op.body->bind(), length = op.length, reverse = op.reverse, saving = op.saving](const void* const* in, void* const* out, void* scratch) {
    char* at = static_cast<char*>(scratch) + carries.scratch;
    const void** from = take<const void*>(at, inputs);
    void** to = take<void*>(at, results);
    for (size_t i = 0; i < inputs; ++i) from[i] = in[i];
    for (int64_t round = 0; round < length; ++round) {
      const size_t t = static_cast<size_t>(reverse ? length - 1 - round : round);
      const bool last_place = (length - round) % 2 == 1;  // the last round writes the results
      if (saving)
        for (size_t i = 0; i < n; ++i) std::memcpy(static_cast<char*>(out[results + i]) + t * carries.bytes[i], from[i], carries.bytes[i]);
      for (size_t i = 0; i < n; ++i) to[i] = last_place ? out[i] : static_cast<char*>(scratch) + carries.offsets[i];
      for (size_t i = n; i < n + m; ++i) from[i] = static_cast<const char*>(in[i]) + t * row[i];
      for (size_t i = n; i < results; ++i) to[i] = static_cast<char*>(out[i]) + t * row[inputs + i];
      body(from, to);
      for (size_t i = 0; i < n; ++i) from[i] = to[i];
    }
    if (length == 0)
      for (size_t i = 0; i < n; ++i) std::memcpy(out[i], in[i], carries.bytes[i]);
  };
  return k;
}

LAMINA_KERNEL(cpu, "Switch", "subfunctions", 100, bind_switch);
LAMINA_KERNEL(cpu, "While", "subfunctions", 100, bind_while);
LAMINA_KERNEL(cpu, "Scan", "subfunctions", 100, bind_scan);

}  // namespace
}  // namespace lamina
