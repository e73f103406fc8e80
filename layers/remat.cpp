#include "layers/remat.h"

#include <algorithm>

#include "backends/core/engine.h"
#include "backends/ops/recompute/recompute.h"

namespace lamina {

namespace {

thread_local std::shared_ptr<const RematMode> current;
thread_local bool within = false;             // a call that is computed again as a whole
thread_local bool remat_activations = false;  // those of the layer whose call is under way are computed again

// Sets a flag of this thread for the time of a call.
class Flag {
 public:
  Flag(bool& flag, bool value) : flag_(flag), before_(flag) { flag = value; }
  ~Flag() { flag_ = before_; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

 private:
  bool &flag_, before_;
};

using Worth = std::function<bool(std::span<const TensorSpec>)>;

Value recomputed(const std::function<Value()>& f, const Worth& worth = {}) {
  Value result;
  const Tensors out = prim::recompute(
      [&] {
        const Flag flag(within, true);
        result = f();
        return flatten_tensors(result);
      },
      worth);
  size_t next = 0;
  return map_structure(result,
                       [&](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(out[next++]) : leaf; });
}

}  // namespace

RematMode::Kind remat_kind(const std::optional<std::string>& name) {
  if (!name) return RematMode::Kind::none;
  if (*name == "full") return RematMode::Kind::full;
  if (*name == "activations") return RematMode::Kind::activations;
  if (*name == "larger_than") return RematMode::Kind::larger_than;
  if (*name == "list_of_layers") return RematMode::Kind::list_of_layers;
  throw ValueError("Invalid mode '", *name,
                   "'. Supported modes are: 'full', 'activations', 'larger_than', 'list_of_layers', or None.");
}

RematScope::RematScope(RematMode mode) : before_(std::move(current)) {
  current = std::make_shared<const RematMode>(std::move(mode));
}
RematScope::~RematScope() { current = std::move(before_); }

std::shared_ptr<const RematMode> current_remat_mode() { return current; }

Value remat_call(const RematMode* mode, const std::string& layer, const std::function<Value()>& call) {
  const RematMode::Kind kind = mode && !within ? mode->kind : RematMode::Kind::none;
  const Flag flag(remat_activations, kind == RematMode::Kind::activations);
  switch (kind) {
    case RematMode::Kind::full: return recomputed(call);
    case RematMode::Kind::list_of_layers: {
      const auto& names = mode->layer_names;
      return std::find(names.begin(), names.end(), layer) == names.end() ? call() : recomputed(call);
    }
    case RematMode::Kind::larger_than:
      return recomputed(call, [&](std::span<const TensorSpec> results) {
        int64_t size = 0;
        for (const TensorSpec& s : results) size += s.shape.elements();
        return size > mode->output_size_threshold;
      });
    default: return call();
  }
}

Tensor remat_activation(const std::function<Tensor()>& activation) {
  if (!remat_activations) return activation();
  return prim::recompute([&] { return Tensors{activation()}; })[0];
}

Value remat_value(const std::function<Value()>& f) { return recomputed(f); }

}  // namespace lamina
