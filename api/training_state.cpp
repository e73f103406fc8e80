#include "api/training_state.h"

#include "api/data/epoch_reader.h"
#include "api/model.h"
#include "backends/core/engine.h"
#include "backends/ops/random/seed_generator.h"

namespace lamina {

namespace {

bool can_be_stored(const Value& v) {
  if (v.is_sequence()) return std::all_of(v.as_list().begin(), v.as_list().end(), can_be_stored);
  return v.is_none() || v.is_number() || v.is_bool() || v.is_string() || v.is_tensor();
}

// Without the arguments of its constructor, which are for the caller to change, and without functions.
Dict counted_by(Callback& callback) {
  Dict all, out;
  write_fields(all, [&](Fields& f) { callback.state(f); });
  const Dict arguments = callback.get_config();
  for (const auto& [name, value] : all)
    if (!arguments.contains(name) && can_be_stored(value)) out.set(name, value);
  return out;
}

List counted_by(const CallbackList& callbacks) {
  List out;
  for (const CallbackPtr& c : callbacks.all())
    out.push_back(Dict{{"class", c->class_name()}, {"state", counted_by(*c)}});
  return out;
}

Variables variables_of(const std::vector<MetricPtr>& metrics) {
  Variables out;
  for (const MetricPtr& metric : metrics)
    for (const Variable& v : metric->all_variables()) out.push_back(v);
  return out;
}

List values_of(const Variables& variables) {
  List out;
  for (const Variable& v : variables) out.push_back(v.value());
  return out;
}

}  // namespace

Dict capture_training_state(const Model& model, const TrainingLoop& loop) {
  return {{"epoch", loop.epoch},
          {"batch", loop.batches},
          {"reader", loop.reader.state()},
          {"seeds", random_state()},
          {"metrics", loop.batches ? values_of(variables_of(model.metrics())) : List{}},
          {"logs", loop.batches ? loop.logs : Dict{}},
          {"callbacks", counted_by(loop.callbacks)}};
}

TrainingStamp training_stamp(const Model& model, const TrainingLoop& loop) {
  TrainingStamp out{0, counted_by(loop.callbacks)};
  for (const Variable& v : model.weights()) out.changes += v.state().changes;
  if (model.optimizer())
    for (const Variable& v : model.optimizer()->variables()) out.changes += v.state().changes;
  return out;
}

void restore_training_state(const Dict& state, TrainingLoop& loop) {
  loop.epoch = state.at("epoch").as_int();
  if (!state.contains("batch")) return;  // a backup of Keras
  loop.batches = state.at("batch").as_int();
  loop.logs = state.at("logs").as_dict();
  const List& saved = state.at("callbacks").as_list();
  const std::vector<CallbackPtr>& now = loop.callbacks.all();
  for (size_t i = 0; i < std::min(saved.size(), now.size()); ++i) {
    const Dict& one = saved[i].as_dict();
    if (one.at("class").as_string() != now[i]->class_name()) break;
    for (const auto& [name, value] : one.at("state").as_dict())
      set_field(now[i]->class_name(), name, value, [&](Fields& f) { now[i]->state(f); });
  }
  loop.reader.restore(state.at("reader").as_dict(), loop.batches);
  set_random_state(state.at("seeds").as_dict());
}

void restore_metrics(const Dict& state, Model& model, const Batch& next) {
  if (!state.contains("metrics")) return;
  const List& saved = state.at("metrics").as_list();
  EagerScope eager;
  Variables variables = variables_of(model.metrics());
  if (variables.size() < saved.size()) {
    const Dict seeds = random_state();
    model.test_step(next.x, next.y, next.sample_weight);
    model.reset_metrics();
    set_random_state(seeds);
    variables = variables_of(model.metrics());
  }
  if (saved.size() != variables.size()) return;
  for (size_t i = 0; i < saved.size(); ++i)
    if (saved[i].as_tensor().shape() != variables[i].shape()) return;
  for (size_t i = 0; i < saved.size(); ++i) variables[i].assign(saved[i].as_tensor());
}

Dict Model::training_state() const {
  if (!loop_) throw RuntimeError("The state of a training is there during fit() alone.");
  return capture_training_state(*this, *loop_);
}

TrainingStamp Model::training_stamp() const {
  if (!loop_) throw RuntimeError("The state of a training is there during fit() alone.");
  return lamina::training_stamp(*this, *loop_);
}

}  // namespace lamina
