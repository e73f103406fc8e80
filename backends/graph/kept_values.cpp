#include "backends/graph/kept_values.h"

#include <map>

#include "backends/core/text.h"

namespace lamina {

namespace {

constexpr size_t kLongestName = 2000;  // a value far from its variables is not shared
constexpr size_t kNamedConstant = 64;  // bytes

// Kept values of all executables, as long as some executable holds them.
class Shared {
 public:
  static Shared& instance() {
    static auto* all = new Shared;  // functions may outlive main's statics
    return *all;
  }
  BufferPtr find(const std::string& name, const std::vector<uint64_t>& changes) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto entry = entries_.find(name);
    return entry != entries_.end() && entry->second.changes == changes ? entry->second.buffer.lock() : nullptr;
  }
  void put(const std::string& name, std::vector<uint64_t> changes, const BufferPtr& buffer) {
    std::lock_guard<std::mutex> lock(mutex_);
    entries_[name] = {buffer, std::move(changes)};
    if (entries_.size() > 2 * alive_ + 64) {
      std::erase_if(entries_, [](const auto& e) { return e.second.buffer.expired(); });
      alive_ = entries_.size();
    }
  }

 private:
  struct Entry {
    std::weak_ptr<Buffer> buffer;
    std::vector<uint64_t> changes;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  size_t alive_ = 0;
};

}  // namespace

int KeptValues::add(size_t bytes) {
  bytes_.push_back(bytes);
  step_of_.push_back(-1);
  needed_.push_back(0);
  return static_cast<int>(bytes_.size()) - 1;
}

int KeptValues::number_of(const std::shared_ptr<VariableState>& variable) {
  const auto at = std::find(variables_.begin(), variables_.end(), variable);
  if (at == variables_.end()) return variables_.push_back(variable), static_cast<int>(variables_.size()) - 1;
  return static_cast<int>(at - variables_.begin());
}

std::string KeptValues::name_of(const Origin& origin) const {
  if (origin.variable) return text("v", origin.variable->id);
  if (origin.kept >= 0) {
    const Step& step = steps_[step_of_[origin.kept]];
    const auto output = std::find(step.outputs.begin(), step.outputs.end(), origin.kept) - step.outputs.begin();
    return step.name.empty() ? "" : text(step.name, "#", output);
  }
  const Tensor& c = origin.constant;
  if (c.bytes() > kNamedConstant) return {};
  return text(c.spec(), "=", std::string_view(static_cast<const char*>(c.raw()), c.bytes()));
}

void KeptValues::compute(const std::string& name, std::vector<Origin> inputs, std::vector<int> outputs,
                         BoundKernel::Run run, size_t scratch_bytes) {
  Step step{name.empty()        ? ""
            : device_.is_host() ? name + "("
                                : text(device_, ' ', name, '('),
            std::move(inputs),
            std::move(outputs),
            {},
            std::move(run),
            scratch_bytes};
  for (const Origin& origin : step.inputs) {
    if (origin.variable) step.follows.push_back(number_of(origin.variable));
    if (origin.kept >= 0) {
      const std::vector<int>& before = steps_[step_of_[origin.kept]].follows;
      step.follows.insert(step.follows.end(), before.begin(), before.end());
    }
    const std::string of = name_of(origin);
    if (of.empty() || step.name.size() + of.size() > kLongestName) step.name.clear();
    if (!step.name.empty()) step.name += of + ",";
  }
  // In an order that every executable finds: by the variables themselves.
  std::sort(step.follows.begin(), step.follows.end(),
            [&](int a, int b) { return variables_[a]->id < variables_[b]->id; });
  step.follows.erase(std::unique(step.follows.begin(), step.follows.end()), step.follows.end());
  for (int number : step.outputs) step_of_[number] = static_cast<int>(steps_.size());
  steps_.push_back(std::move(step));
}

// A set of values while it is computed.
struct KeptValues::Fresh {
  const KeptValues& owner;
  Values values;
  std::vector<BufferPtr> held;    // the variables' values
  std::vector<BufferPtr> copies;  // of constants

  std::vector<uint64_t> changes(const Step& step) const {
    std::vector<uint64_t> out;
    for (int v : step.follows) out.push_back(values.changes[v]);
    return out;
  }

  const void* at(const Origin& origin) {
    if (origin.variable)
      return held[std::find(owner.variables_.begin(), owner.variables_.end(), origin.variable) -
                  owner.variables_.begin()]
          ->data();
    if (origin.kept < 0) return copies.emplace_back(copy_on(owner.device_, origin.constant.node()->buffer))->data();
    make(origin.kept);
    return values.buffers[origin.kept]->data();
  }

  void make(int number) {
    if (values.buffers[number]) return;
    const Step& step = owner.steps_[owner.step_of_[number]];
    auto name = [&](size_t output) { return text(step.name, "#", output); };
    const std::vector<uint64_t> as_of = changes(step);
    bool all = !step.name.empty();
    for (size_t i = 0; i < step.outputs.size() && all; ++i)
      all &= (values.buffers[step.outputs[i]] = Shared::instance().find(name(i), as_of)) != nullptr;
    if (all) return;
    std::vector<const void*> in;
    for (const Origin& origin : step.inputs) in.push_back(at(origin));
    std::vector<void*> out;
    for (int o : step.outputs)
      out.push_back((values.buffers[o] = allocate(std::max<size_t>(64, owner.bytes_[o]), owner.device_))->data());
    BufferPtr scratch = allocate(std::max<size_t>(64, step.scratch_bytes), owner.device_);
    step.run(in.data(), out.data(), scratch->data());
    if (step.name.empty()) return;
    for (size_t i = 0; i < step.outputs.size(); ++i)
      Shared::instance().put(name(i), as_of, values.buffers[step.outputs[i]]);
  }
};

std::shared_ptr<const KeptValues::Values> KeptValues::current() {
  if (bytes_.empty()) return nullptr;
  std::lock_guard<std::mutex> lock(mutex_);
  auto changes = [&](size_t i) { return variables_[i]->changes.load(std::memory_order_acquire); };
  bool current = values_ != nullptr;
  for (size_t i = 0; current && i < variables_.size(); ++i) current = values_->changes[i] == changes(i);
  if (current) return values_;
  Fresh fresh{*this, {}, {}, {}};
  for (size_t i = 0; i < variables_.size();
       ++i) {  // a change while this goes on shows in the count, which is read first
    fresh.values.changes.push_back(changes(i));
    fresh.held.push_back(copy_on(device_, variables_[i]->value.node()->buffer));
  }
  fresh.values.buffers.resize(bytes_.size());
  for (size_t i = 0; i < bytes_.size(); ++i)
    if (needed_[i]) fresh.make(static_cast<int>(i));
  for (size_t i = 0; i < bytes_.size(); ++i)
    if (!needed_[i]) fresh.values.buffers[i] = nullptr;
  values_ = std::make_shared<const Values>(std::move(fresh.values));
  return values_;
}

}  // namespace lamina
