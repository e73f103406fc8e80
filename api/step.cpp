// One step of training, evaluation or prediction, for both engines: the graph engine traces it once per signature.
#include "api/layer_by_layer.h"
#include "api/model.h"
#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/core/stateless.h"
#include "backends/graph/arenas.h"
#include "backends/ops/primitives.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

struct Model::Step {
  StepKind kind;
  uint64_t stamp;
  Value structure;  // of the data; tensors stand for any tensor
  // Structure of what the step gave, with placeholders for tensors. Never changed, only replaced under steps_mutex_:
  // other threads may be packing their results by it.
  std::shared_ptr<const Value> result;
  std::unique_ptr<Function> function;
};

namespace {

bool alike(const Value& a, const Value& b) {  // same structure; tensor leaves match each other
  if (a.is_tensor() || b.is_tensor()) return a.is_tensor() && b.is_tensor();
  if (a.kind() != b.kind()) return false;
  if (a.is_sequence()) {
    const List &x = a.as_list(), &y = b.as_list();
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i)
      if (!alike(x[i], y[i])) return false;
    return true;
  }
  if (a.is_dict()) {
    const Dict &x = a.as_dict(), &y = b.as_dict();
    if (x.size() != y.size()) return false;
    for (const auto& [key, v] : x) {
      const Value* w = y.find(key);
      if (!w || !alike(v, *w)) return false;
    }
    return true;
  }
  return a == b;
}

int64_t batch_size_of(const Value& x) {
  for (const Tensor& t : flatten_tensors(x)) return t.rank() ? t.shape()[0] : 1;
  return 1;
}

}  // namespace

void Model::invalidate_functions() {
  std::lock_guard<std::mutex> lock(steps_mutex_);
  call_compiles_ = true;
  forget_steps();
  ++state_stamp_;
}

std::string Model::dump() const {
  std::vector<std::shared_ptr<Step>> steps;
  {
    std::lock_guard<std::mutex> lock(steps_mutex_);
    steps = steps_;
  }
  std::string out;
  for (const auto& s : steps) out += s->function->dump();  // traces the step again
  return out;
}

Tensor Model::compute_loss(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight, bool) {
  Tensor total;
  if (compile_loss_) {
    Tensor loss = (*compile_loss_)(y, y_pred, sample_weight);
    if (loss.defined()) total = loss;
  }
  for (const Tensor& extra : losses()) {
    Tensor scalar = extra.rank() ? prim::reduce_all(Reduce::sum, extra) : extra;
    total = total.defined() ? prim::add(total, prim::cast(scalar, total.dtype())) : scalar;
  }
  if (!total.defined()) {
    if (compile_loss_ || compiled_)
      throw ValueError(
          "No loss to compute. Provide a `loss` argument in `compile()`, or call `add_loss()` in the model '", name(),
          "'.");
    total = prim::full({}, 0, DType::float32);
  }
  return total;
}

Tensor Model::loss_of(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight, bool training) {
  if (!overrides(Method::compute_loss)) return compute_loss(x, y, y_pred, sample_weight, training);
  Dict kwargs{{"x", x}, {"y", y}, {"y_pred", y_pred}, {"sample_weight", sample_weight}};
  auto names = user_class->arguments(Method::compute_loss);
  if (std::find(names.begin(), names.end(), "training") != names.end() ||
      std::find(names.begin(), names.end(), "**") != names.end())
    kwargs.set("training", training);
  return user_class->call(Method::compute_loss, {}, std::move(kwargs)).as_tensor();
}

Dict Model::compute_metrics(const Value&, const Value& y, const Value& y_pred, const Value& sample_weight) {
  if (compile_metrics_) compile_metrics_->update_all(y, y_pred, sample_weight);
  return get_metrics_result();
}

Dict Model::metrics_of(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight) {
  if (!overrides(Method::compute_metrics)) return compute_metrics(x, y, y_pred, sample_weight);
  return user_class
      ->call(Method::compute_metrics, {}, {{"x", x}, {"y", y}, {"y_pred", y_pred}, {"sample_weight", sample_weight}})
      .as_dict();
}

std::vector<MetricPtr> Model::metrics() const {
  std::vector<MetricPtr> out;
  if (loss_tracker_) out.push_back(loss_tracker_);
  if (compile_metrics_) out.push_back(compile_metrics_);
  if (compile_loss_)
    for (const MetricPtr& m : compile_loss_->metrics()) out.push_back(m);
  out.insert(out.end(), tracked_metrics_.begin(), tracked_metrics_.end());  // those of models within are their own
  return out;
}

std::vector<MetricPtr> Model::single_metrics() const {
  std::vector<MetricPtr> out;
  for (const MetricPtr& m : metrics())
    if (m == compile_metrics_)
      for (const MetricPtr& inner : compile_metrics_->metrics()) out.push_back(inner);
    else
      out.push_back(m);
  return out;
}

std::vector<std::string> Model::metrics_names() const {
  std::vector<std::string> out;
  for (const MetricPtr& m : metrics()) out.push_back(m->name());
  return out;
}

Dict Model::get_metrics_result() {
  Dict out;
  auto add = [&](const MetricPtr& m) {
    Value r = m->read();
    if (r.is_dict())
      for (const auto& [key, v] : r.as_dict()) out.set(key, v);
    else
      out.set(m->name(), r);
  };
  if (loss_tracker_) add(loss_tracker_);
  for (const MetricPtr& m : tracked_metrics_) add(m);
  if (compile_metrics_) add(compile_metrics_);
  if (compile_loss_)
    for (const MetricPtr& m : compile_loss_->metrics()) add(m);
  return out;
}

void Model::reset_metrics() {
  EagerScope eager;
  if (overrides(Method::reset_metrics)) {
    user_class->call(Method::reset_metrics, {}, {});
    return;
  }
  for (const MetricPtr& m : metrics()) m->reset();
}

namespace {
void forget_record(const Tensor& t) {
  if (t.node()->producer) release_producer(std::move(t.node()->producer));
}
}  // namespace

// compile() settles what is trained: `trainable` flags that change after the first step count from the next compile()
// on, whatever the engine and however often the step is traced.
const Variables& Model::trained() {
  if (!trained_) trained_ = trainable_weights();
  return *trained_;
}

Dict Model::train_step(const Value& x, const Value& y, const Value& sample_weight) {
  const bool recording_before = recording();
  Variables variables;
  Tensors grads;
  Value y_pred;
  Tensor loss;
  {
    TapeScope tape;
    y_pred = invoke({x}, {{"training", true}});
    loss = loss_of(x, y, y_pred, sample_weight, true);
    variables = trained();  // only now: a deferred model has just been built
    if (optimizer_ && !variables.empty()) {
      NoGradScope off;
      optimizer_->ensure_built(variables);  // the scale may be one of its variables
    }
    Tensor scaled = optimizer_ ? optimizer_->scale_loss(loss) : loss;
    std::vector<GradientSource> sources(variables.begin(), variables.end());
    if (!variables.empty()) {
      NoGradScope off;
      grads = gradients(std::span<const Tensor>(&scaled, 1), sources);
    }
  }
  NoGradScope off;
  // Gradients have been taken: without the record nobody else holds the variables' values, so that they can be updated
  // in place. A tape around the step still needs it.
  if (!recording_before) {
    forget_record(loss);
    for (const Tensor& t : flatten_tensors(y_pred)) forget_record(t);
  }
  int64_t batch = batch_size_of(x);
  loss_tracker_->update({loss}, {{"sample_weight", prim::full({}, static_cast<double>(batch), DType::float32)}});
  if (optimizer_ && !variables.empty()) optimizer_->apply(grads, variables);
  return metrics_of(x, y, y_pred, sample_weight);
}

Dict Model::test_step(const Value& x, const Value& y, const Value& sample_weight) {
  Value y_pred = invoke({x}, {{"training", false}});
  Tensor loss = loss_of(x, y, y_pred, sample_weight, false);
  loss_tracker_->update({loss},
                        {{"sample_weight", prim::full({}, static_cast<double>(batch_size_of(x)), DType::float32)}});
  return metrics_of(x, y, y_pred, sample_weight);
}

Value Model::predict_step(const Value& x) { return invoke({x}, {{"training", false}}); }

Value Model::step_body(StepKind kind, const Value& data) {
  const List& parts = data.as_list();
  clear_losses();
  struct Clear {
    Model& m;
    ~Clear() { m.clear_losses(); }
  } clear{*this};
  auto as_data = [&]() -> Value {
    if (parts[1].is_none() && parts[2].is_none())
      return parts[0].is_sequence() ? Value::tuple({parts[0]})
                                    : parts[0];  // as it is, unless it could be taken for (x, y)
    if (parts[2].is_none()) return Value::tuple({parts[0], parts[1]});
    return Value::tuple({parts[0], parts[1], parts[2]});
  };
  switch (kind) {
    case StepKind::train:
      if (overrides(Method::train_step)) return user_class->call(Method::train_step, {as_data()}, {});
      return train_step(parts[0], parts[1], parts[2]);
    case StepKind::test:
      if (overrides(Method::test_step)) return user_class->call(Method::test_step, {as_data()}, {});
      return test_step(parts[0], parts[1], parts[2]);
    case StepKind::call: {
      Value out = invoke({parts[0]}, {});
      bool more = !losses().empty();  // what a compiled call cannot give: losses and masks
      for (const Tensor& t : flatten_tensors(out)) more |= t.mask().defined();
      // Nor is one graph both a call in inference and one that was told nothing, where layers act by default.
      for (const LayerPtr& l : flatten_layers()) more |= dynamic_cast<const ImageLayer*>(l.get()) != nullptr;
      if (more) call_compiles_ = false;
      return out;
    }
    default:
      if (overrides(Method::predict_step)) return user_class->call(Method::predict_step, {as_data()}, {});
      return predict_step(parts[0]);
  }
}

bool Model::any_needs_values() {
  const std::vector<LayerPtr> layers = flatten_layers();
  return std::any_of(layers.begin(), layers.end(), [](const LayerPtr& l) { return l->needs_values(); });
}

void Model::forget_steps() {
  steps_.clear();
  trained_.reset();  // layers have come, gone or got other weights
  for (auto& s : lone_steps_) s = nullptr;
  steps_forgotten_.fetch_add(1, std::memory_order_release);
  recent_step_.each_idle([](RecentStep& recent) { recent = {}; });
}

Value Model::run_step(StepKind kind, const Value& data) {
  std::shared_ptr<Step> step;
  bool made = false;
  {
    std::lock_guard<std::mutex> lock(steps_mutex_);
    if (uint64_t now = layer_changes(); now != steps_as_of_) {
      if (uint64_t layers = stamp(); layers != steps_stamp_) forget_steps(), steps_stamp_ = layers;
      steps_as_of_ = now;
    }
    for (const auto& s : steps_)
      if (s->kind == kind && alike(s->structure, data)) step = s;
    if (!step) {
      if (!arenas_) arenas_ = std::make_shared<Arenas>();
      step = std::make_shared<Step>();
      made = true;
      step->kind = kind;
      // Placeholders, so that the cache does not hold a batch.
      step->structure = map_structure(data, [](const Value& leaf) -> Value {
        return leaf.is_tensor() ? Value(Tensor::spec_only({}, leaf.as_tensor().dtype())) : leaf;
      });
      Step* raw = step.get();
      const bool values = any_needs_values();
      if (values) call_compiles_ = false;
      const char* names[] = {"train_step", "test_step", "predict_step", "call"};
      step->function = std::make_unique<Function>(
          [this, raw](std::span<const Tensor> leaves) -> Tensors {
            size_t next = 0;
            Value given = map_structure(raw->structure, [&](const Value& leaf) -> Value {
              return leaf.is_tensor() ? Value(leaves[next++]) : leaf;
            });
            Value result = step_body(raw->kind, given);
            Tensors out = flatten_tensors(result);
            Value shape = map_structure(result, [](const Value& leaf) -> Value {
              return leaf.is_tensor() ? Value(Tensor::spec_only({}, DType::float32)) : leaf;
            });
            std::lock_guard<std::mutex> lock(steps_mutex_);
            raw->result = std::make_shared<const Value>(std::move(shape));
            return out;
          },
          names[static_cast<int>(kind)],
          compile_args_.run_eagerly || values ? Function::Mode::eager : Function::Mode::follow_settings, arenas_);
      steps_.push_back(step);
    }
  }
  Tensors leaves = flatten_tensors(data);
  Tensors out = (*step->function)(leaves);
  size_t next = 0;
  std::shared_ptr<const Value> result;
  {
    std::lock_guard<std::mutex> lock(steps_mutex_);
    if (made) steps_stamp_ = stamp();  // now that tracing has built whatever was not built before
    result = step->result;
    if (graph_ && !user_class && result->is_tensor() && leaves.size() == 1 && data.as_list()[0].is_tensor())
      lone_steps_[static_cast<int>(kind)] = step;
  }
  return map_structure(*result,
                       [&](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(out[next++]) : leaf; });
}

// A step that was seen to take one tensor and give one: without building lists, which serving one sample would feel.
Tensor Model::run_lone(StepKind kind, const Tensor& x) {
  const uint64_t layers = layer_changes(), forgotten = steps_forgotten_.load(std::memory_order_acquire);
  auto recent = recent_step_.mine();
  if (recent && recent->step && recent->step->kind == kind && recent->layers == layers &&
      recent->forgotten == forgotten)
    return recent->step->function->lone(x);
  std::shared_ptr<Step> step;
  {
    std::lock_guard<std::mutex> lock(steps_mutex_);
    if (layers == steps_as_of_) step = lone_steps_[static_cast<int>(kind)];
  }
  if (!step) return {};
  if (recent) *recent = {step, layers, forgotten};
  return step->function->lone(x);
}

namespace {
thread_local int layer_by_layer = 0;
}
LayerByLayer::LayerByLayer() { ++layer_by_layer; }
LayerByLayer::~LayerByLayer() { --layer_by_layer; }
bool LayerByLayer::active() { return layer_by_layer > 0; }

// Whether model(x) may run as a compiled graph at this moment.
bool Model::calls_compiled() const {
  return graph_ && !user_class && !users_code_ && call_compiles_ && !compile_args_.run_eagerly &&
         settings().graph_engine() && executing_eagerly() && !recording() && !stateless_scope() &&
         !inherited_training() && !LayerByLayer::active();
}

Tensor Model::lone(const Tensor& x) {
  if (!calls_compiled() || !x.has_data() || x.mask().defined()) return {};
  Tensor out = run_lone(StepKind::call, x);
  return call_compiles_ ? out : Tensor();  // tracing may have found that it does not
}

// model(x) in inference: the compiled graph, instead of layer by layer; from the first call on, so that it always gives
// the same bits.
bool Model::shortcut(const List& args, const Dict& kwargs, Value& result) {
  if (args.size() != 1 || !calls_compiled()) return false;
  if (!kwargs.empty() && !(kwargs.size() == 1 && kwargs.contains("training") &&
                           (kwargs.at("training").is_none() || kwargs.at("training") == Value(false))))
    return false;
  if (args[0].is_tensor()) {
    if (Tensor out = lone(args[0].as_tensor()); out.defined()) {
      result = out;
      return true;
    }
    if (!call_compiles_) return false;
  }
  for (const Value& leaf : flatten(args[0]))
    if (!leaf.is_tensor() || !leaf.as_tensor().has_data() || leaf.as_tensor().mask().defined()) return false;
  Value out = run_step(StepKind::call, List{args[0], Value(), Value()});
  if (!call_compiles_) return false;
  result = std::move(out);
  return true;
}

}  // namespace lamina
