// Define-by-run: each op runs at once through a kernel that is bound once a signature and kept in a per-thread cache.
#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/kernel.h"
#include "backends/core/profiler.h"
#include "backends/core/settings.h"
#include "backends/core/variable.h"

namespace lamina {

namespace {

struct Entry {
  Op op;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  Device device;
  BoundKernel kernel;

  void run(const void* const* in, void* const* out) const {
    BufferPtr scratch = kernel.scratch_bytes ? allocate(kernel.scratch_bytes, device) : nullptr;
    void* work = scratch ? scratch->data() : nullptr;
    if (!profiling()) [[likely]]
      return kernel.run(in, out, work);
    const KernelLabel* label = kernel_label(*op, kernel.name, inputs, outputs);
    const int64_t start = detail::profile_clock();
    kernel.run(in, out, work);
    detail::record_event(label, start, detail::profile_clock());
  }
};

size_t mix(size_t h, size_t v) { return (h ^ v) * 0x9e3779b97f4a7c15ull; }

// Open hashing with a bounded size: when full it starts afresh, which costs one binding a signature still in use.
class KernelCache {
 public:
  std::shared_ptr<const Entry> get(const Op& op, std::span<const Tensor> inputs) {
    const Device device = settings().device();
    size_t h = op->hash();
    for (const Tensor& t : inputs) {
      h = mix(h, static_cast<size_t>(t.dtype()) + 16 * t.rank());
      for (int64_t d : t.shape()) h = mix(h, static_cast<size_t>(d));
    }
    auto& slot = entries_[h];
    for (const auto& e : slot)
      if (e->device == device && matches(*e, op, inputs)) return e;
    auto entry = std::make_shared<Entry>();
    entry->op = op;
    entry->device = device;
    for (const Tensor& t : inputs) entry->inputs.push_back(t.spec());
    entry->outputs = infer_checked(*op, entry->inputs);
    for (const TensorSpec& s : entry->outputs)
      bytes_of(s);  // an error before kernels make tables for sizes that no memory has
    if (!op->alias()) entry->kernel = bind_kernel(device, {*op, entry->inputs, entry->outputs, {}});
    if (++count_ > kMost) {
      entries_.clear();
      count_ = 1;
      entries_[h].push_back(entry);
    } else {
      slot.push_back(entry);
    }
    return entry;
  }

 private:
  static constexpr size_t kMost = 4096;
  static bool matches(const Entry& e, const Op& op, std::span<const Tensor> inputs) {
    if (e.inputs.size() != inputs.size()) return false;
    if (e.op != op && (e.op->hash() != op->hash() || e.op->key() != op->key())) return false;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (e.inputs[i].dtype != inputs[i].dtype() || !(e.inputs[i].shape == inputs[i].shape())) return false;
    return true;
  }
  std::unordered_map<size_t, std::vector<std::shared_ptr<const Entry>>> entries_;
  size_t count_ = 0;
};

KernelCache& cache() {
  thread_local KernelCache instance;
  return instance;
}

// Where a kernel on `device` reads a tensor. What had to be copied there and no tensor keeps lives in `copies`.
const void* readable(const Tensor& t, Device device, std::vector<BufferPtr>& copies) {
  if (device.is_host() || !t.has_data()) return t.raw();
  copies.push_back(copy_on(device, t.node()->buffer));
  return copies.back()->data();
}

void keep_text_of(const Primitive& op, std::span<const Tensor> inputs, const Tensors& outputs) {
  const auto own = op.strings_owner();
  for (const Tensor& to : outputs) {
    for (const Tensor& from : inputs) keep_text(to, from);
    if (own && to.dtype() == DType::string)
      to.node()->buffer->keep_text(std::make_shared<const TextOwners>(TextOwners{own}));
  }
}

class EagerEngine final : public Engine {
 public:
  Tensors apply(const Op& op, std::span<const Tensor> inputs) override {
    auto entry = cache().get(op, inputs);
    Tensors out;
    out.reserve(entry->outputs.size());
    if (op->alias()) {
      out.push_back(Tensor::on(inputs[0].node()->buffer, entry->outputs[0].shape, entry->outputs[0].dtype));
    } else {
      const void* in_data[16];
      void* out_data[16];
      std::vector<const void*> many_in;
      std::vector<void*> many_out;
      const void** ins = in_data;
      void** outs = out_data;
      if (inputs.size() > 16) many_in.resize(inputs.size()), ins = many_in.data();
      if (entry->outputs.size() > 16) many_out.resize(entry->outputs.size()), outs = many_out.data();
      std::vector<BufferPtr> copies;
      for (size_t i = 0; i < inputs.size(); ++i) ins[i] = readable(inputs[i], entry->device, copies);
      for (size_t i = 0; i < entry->outputs.size(); ++i) {
        out.push_back(Tensor::empty_on(entry->device, entry->outputs[i].shape, entry->outputs[i].dtype));
        outs[i] = out[i].node()->buffer->data();
      }
      entry->run(ins, outs);
      if (op->takes_strings()) keep_text_of(*op, inputs, out);
    }
    if (detail::tapes && op->differentiable()) record_producer(op, inputs, out);
    return out;
  }

  Tensor read(VariableState& variable) override { return variable.value; }

  void update(const Op& op, std::span<VariableState* const> variables, std::span<const Tensor> rest) override {
    constexpr size_t kMost = 16;
    const size_t inputs = variables.size() + rest.size();
    bool plain = inputs <= kMost && (!detail::tapes || !op->differentiable());
    for (const Tensor& t : rest) plain &= t.defined() && t.has_data();
    if (!plain) return Engine::update(op, variables, rest);
    const Device device = settings().device();
    char alone[kMost];  // whether nobody else holds the value; asked before `in` does
    Tensors in;
    in.reserve(inputs);
    for (size_t i = 0; i < variables.size(); ++i) {
      const Tensor& value = variables[i]->value;
      const BufferPtr& buffer = value.node()->buffer;
      alone[i] = value.pointer().use_count() == 1 && buffer.use_count() == 1 && !buffer->foreign() &&
                 buffer->device() == device;
    }
    for (VariableState* v : variables) in.push_back(v->value);
    in.insert(in.end(), rest.begin(), rest.end());
    auto entry = cache().get(op, in);
    const BoundKernel& kernel = entry->kernel;
    const void* from[kMost];
    void* to[kMost];
    Tensors fresh(variables.size());
    std::vector<BufferPtr> copies;
    for (size_t i = 0; i < inputs; ++i) from[i] = readable(in[i], device, copies);
    for (size_t i = 0; i < variables.size(); ++i) {
      const bool shares = std::find(kernel.sharing.begin(), kernel.sharing.end(),
                                    std::pair(static_cast<int>(i), static_cast<int>(i))) != kernel.sharing.end();
      if (!(alone[i] && shares && entry->outputs[i] == entry->inputs[i]))
        fresh[i] = Tensor::empty_on(device, entry->outputs[i].shape, entry->outputs[i].dtype);
      else
        in[i].node()->buffer->changing();
      to[i] = (fresh[i].defined() ? fresh[i] : in[i]).node()->buffer->data();
    }
    entry->run(from, to);
    for (size_t i = 0; i < variables.size(); ++i) {
      if (fresh[i].defined())
        assign(*variables[i], fresh[i]);
      else
        variables[i]->changes.fetch_add(1, std::memory_order_release);
    }
  }

  void assign(VariableState& variable, const Tensor& value) override {
    if (!value.has_data()) value.raw();  // throws: symbolic
    // On the device at once: what is kept beside a host's tensor would take memory there too. Foreign memory changes
    // with its owner's array.
    Tensor fresh = Tensor::on(owned_on(settings().device(), value.node()->buffer), value.shape(), value.dtype());
    fresh.node()->variable = variable.id;
    variable.value = std::move(fresh);
    variable.changes.fetch_add(1, std::memory_order_release);
  }
};

}  // namespace

Engine& eager_engine() {
  static EagerEngine engine;
  return engine;
}

}  // namespace lamina
