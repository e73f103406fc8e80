// Runs sub-functions on a device's plain memory. Nothing is allocated a round: carries move between the result's memory
// and the scratch. The host asks a device for one round after another, and waits for it where a condition decides.
#include "backends/core/device_copy.h"
#include "backends/core/kernel.h"
#include "backends/ops/control/control.h"

namespace lamina {

namespace {

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
constexpr size_t kAlignment = 16;  // bytes

template <class T>
T read(Device device, const void* from) {
  T value;
  if (device.is_host())
    std::memcpy(&value, from, sizeof value);
  else
    driver_of(device).download(&value, from, sizeof value);
  return value;
}

BoundKernel bind_switch(const SwitchOp& op, const KernelRequest& r) {
  struct Branch {
    SubFunction::Run run;
    size_t first;
  };
  std::vector<Branch> branches;
  size_t first = 1;
  for (const SubFunctionPtr& b : op.branches) {
    branches.push_back({b->bind(r.device).run, first});
    first += b->inputs().size();
  }
  BoundKernel k;
  k.recordable = false;
  k.run = [branches = std::move(branches), device = r.device](const void* const* in, void* const* out, void*) {
    const int64_t last = static_cast<int64_t>(branches.size()) - 1;
    const Branch& taken = branches[static_cast<size_t>(std::clamp<int64_t>(read<int32_t>(device, in[0]), 0, last))];
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

// Room for pointer lists: on the host in the scratch, so that a run allocates nothing.
class Lists {
 public:
  Lists(Device device, void* scratch, size_t bytes)
      : own_(device.is_host() ? 0 : bytes / sizeof(void*)),
        at_(device.is_host() ? static_cast<char*>(scratch) : reinterpret_cast<char*>(own_.data())) {}
  template <class T>
  T* take(size_t count) {
    T* out = reinterpret_cast<T*>(at_);
    at_ += aligned(count * sizeof(T));
    return out;
  }

 private:
  std::vector<void*> own_;
  char* at_;
};

BoundKernel bind_while(const WhileOp& op, const KernelRequest& r) {
  const size_t n = static_cast<size_t>(op.variables), to_condition = op.condition->inputs().size(),
               to_body = op.body->inputs().size();
  Carries carries(r.inputs.subspan(0, n));
  BoundKernel k;
  const size_t lists = aligned(to_condition * 8) + aligned(to_body * 8) + aligned(n * 8);
  k.scratch_bytes = carries.scratch + 64 + lists;
  k.recordable = false;
  k.run = [=, condition = op.condition->bind(r.device).run, body = op.body->bind(r.device).run, most = op.most,
           device = r.device](const void* const* in, void* const* out, void* scratch) {
    void* go = static_cast<char*>(scratch) + carries.scratch;
    Lists room(device, static_cast<char*>(scratch) + carries.scratch + 64, lists);
    const void** asked = room.take<const void*>(to_condition);
    const void** given = room.take<const void*>(to_body);
    void** next = room.take<void*>(n);
    for (size_t i = n; i < to_condition; ++i) asked[i] = in[i];
    for (size_t i = n; i < to_body; ++i) given[i] = in[to_condition - n + i];
    for (size_t i = 0; i < n; ++i) given[i] = asked[i] = in[i];
    void* answer[] = {go};
    bool in_result = false;
    for (int64_t round = 0; most < 0 || round < most; ++round) {
      condition(asked, answer);
      if (!read<bool>(device, go)) break;
      in_result = !in_result;
      for (size_t i = 0; i < n; ++i) next[i] = in_result ? out[i] : static_cast<char*>(scratch) + carries.offsets[i];
      body(given, next);
      for (size_t i = 0; i < n; ++i) given[i] = asked[i] = next[i];
    }
    if (!in_result)
      for (size_t i = 0; i < n; ++i) copy_within(device, out[i], given[i], carries.bytes[i]);
  };
  return k;
}

BoundKernel bind_scan(const ScanOp& op, const KernelRequest& r) {
  const size_t n = static_cast<size_t>(op.carries), m = static_cast<size_t>(op.rows), inputs = r.inputs.size(),
               results = op.body->outputs().size();
  Carries carries(r.inputs.subspan(0, n));
  std::vector<size_t> row(inputs + r.outputs.size());  // bytes a round of each scanned input and output
  for (size_t i = n; i < n + m; ++i) row[i] = bytes_of(op.body->inputs()[i]);
  for (size_t i = n; i < results; ++i) row[inputs + i] = bytes_of(op.body->outputs()[i]);
  BoundKernel k;
  const size_t lists = aligned(inputs * 8) + aligned(results * 8);
  const SubFunction::Bound bound = op.body->bind(r.device);
  k.scratch_bytes = carries.scratch + lists;
  // A device's kernels may count on the alignment of whole tensors: rows that would lack it come and go through a place
  // of their own.
  std::vector<size_t> place(row.size(), 0);
  for (size_t i = 0; i < row.size(); ++i)
    if (!r.device.is_host() && row[i] % kAlignment) {
      place[i] = k.scratch_bytes;
      k.scratch_bytes += aligned(row[i]);
    }
  k.recordable = bound.recordable;
  k.run = [=, body = bound.run, length = op.length, reverse = op.reverse, saving = op.saving, device = r.device](
              const void* const* in, void* const* out, void* scratch) {
    Lists room(device, static_cast<char*>(scratch) + carries.scratch, lists);
    const void** from = room.take<const void*>(inputs);
    void** to = room.take<void*>(results);
    for (size_t i = 0; i < inputs; ++i) from[i] = in[i];
    for (int64_t round = 0; round < length; ++round) {
      const size_t t = static_cast<size_t>(reverse ? length - 1 - round : round);
      const bool last_place = (length - round) % 2 == 1;  // the last round writes the results
      if (saving)
        for (size_t i = 0; i < n; ++i)
          copy_within(device, static_cast<char*>(out[results + i]) + t * carries.bytes[i], from[i], carries.bytes[i]);
      for (size_t i = 0; i < n; ++i) to[i] = last_place ? out[i] : static_cast<char*>(scratch) + carries.offsets[i];
      auto placed = [&](size_t i) { return static_cast<char*>(scratch) + place[i]; };
      auto taken = [&](size_t i) { return static_cast<const char*>(in[i]) + t * row[i]; };
      auto given = [&](size_t i) { return static_cast<char*>(out[i]) + t * row[inputs + i]; };
      for (size_t i = n; i < n + m; ++i) {
        from[i] = place[i] ? placed(i) : taken(i);
        if (place[i]) copy_within(device, placed(i), taken(i), row[i]);
      }
      for (size_t i = n; i < results; ++i) to[i] = place[inputs + i] ? placed(inputs + i) : given(i);
      body(from, to);
      for (size_t i = n; i < results; ++i)
        if (place[inputs + i]) copy_within(device, given(i), placed(inputs + i), row[inputs + i]);
      for (size_t i = 0; i < n; ++i) from[i] = to[i];
    }
    if (length == 0)
      for (size_t i = 0; i < n; ++i) copy_within(device, out[i], in[i], carries.bytes[i]);
  };
  return k;
}

#define LAMINA_ON_EVERY_DEVICE(PRIMITIVE, BIND)              \
  LAMINA_KERNEL(cpu, PRIMITIVE, "subfunctions", 100, BIND);  \
  LAMINA_KERNEL(cuda, PRIMITIVE, "subfunctions", 100, BIND); \
  LAMINA_KERNEL(emulated, PRIMITIVE, "subfunctions", 100, BIND)

LAMINA_ON_EVERY_DEVICE("Switch", bind_switch);
LAMINA_ON_EVERY_DEVICE("While", bind_while);
LAMINA_ON_EVERY_DEVICE("Scan", bind_scan);

}  // namespace
}  // namespace lamina
