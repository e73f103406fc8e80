#include "backends/ops/update/update_group.h"

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"

namespace lamina {

void UpdateGroupOp::attributes(Attributes& a) const {
  for (const UpdateOp& part : parts) part.attributes(a);
}

std::vector<TensorSpec> UpdateGroupOp::infer(std::span<const TensorSpec> in) const {
  std::vector<TensorSpec> out;
  size_t at = 0;
  for (const UpdateOp& part : parts) {
    const size_t inputs = static_cast<size_t>(states_of(part.rule)) + 2;
    if (at + inputs > in.size())
      throw ValueError("expected the inputs of ", parts.size(), " updates, received ", in.size(), " inputs.");
    for (TensorSpec& spec : part.infer(in.subspan(at, inputs))) out.push_back(std::move(spec));
    at += inputs;
  }
  if (at != in.size())
    throw ValueError("expected ", at, " inputs for ", parts.size(), " updates, received ", in.size(), ".");
  return out;
}

namespace {

constexpr int64_t kTaskElements = 8 * 1024;  // some ten microseconds of Adam

BoundKernel bind_parts(const KernelRequest& r) {
  struct Part {
    BoundKernel::Run run;
    size_t inputs, outputs;
  };
  std::vector<Part> parts;
  std::vector<size_t> tasks = {0};  // task t: the parts from tasks[t] to tasks[t + 1]
  BoundKernel k;
  size_t input = 0, output = 0;
  int64_t elements = 0;
  for (const UpdateOp& op : static_cast<const UpdateGroupOp&>(r.op).parts) {
    const size_t states = static_cast<size_t>(states_of(op.rule));
    BoundKernel part =
        bind_kernel(Device::cpu, {op, r.inputs.subspan(input, states + 2), r.outputs.subspan(output, states), {}});
    for (auto [from, to] : part.sharing)
      k.sharing.emplace_back(from + static_cast<int>(input), to + static_cast<int>(output));
    parts.push_back({std::move(part.run), input, output});
    elements += r.inputs[input].shape.elements();
    if (elements >= kTaskElements) tasks.push_back(parts.size()), elements = 0;
    input += states + 2;
    output += states;
  }
  if (tasks.back() != parts.size()) tasks.push_back(parts.size());
  k.run = [parts = std::move(parts), tasks = std::move(tasks)](const void* const* in, void* const* out, void*) {
    parallel_for(static_cast<int64_t>(tasks.size()) - 1, [&](int64_t t) {
      for (size_t i = tasks[static_cast<size_t>(t)]; i < tasks[static_cast<size_t>(t) + 1]; ++i)
        parts[i].run(in + parts[i].inputs, out + parts[i].outputs, nullptr);
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "UpdateGroup", "parts", 20, bind_parts);

}  // namespace

}  // namespace lamina
