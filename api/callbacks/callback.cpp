#include "api/callbacks/callback.h"

#include "api/model.h"

namespace lamina {

CallbackList::CallbackList(std::vector<CallbackPtr> callbacks, Model& model, const Dict& params)
    : callbacks_(std::move(callbacks)) {
  for (const auto& c : callbacks_) {
    if (c->overrides(Method::set_params))
      c->user_class->call(Method::set_params, {Value(params)}, {});
    else
      c->set_params(params);
    if (c->overrides(Method::set_model)) c->user_class->call(Method::set_model, {Value(model.self())}, {});
    c->set_model(&model);
  }
}

bool CallbackList::needs_batches() const {
  using enum Method;
  for (const auto& c : callbacks_) {
    if (c->needs_batches()) return true;
    for (Method m : {on_train_batch_begin, on_train_batch_end, on_test_batch_begin, on_test_batch_end,
                     on_predict_batch_begin, on_predict_batch_end, on_batch_begin, on_batch_end})
      if (c->overrides(m)) return true;
  }
  return false;
}

namespace {
// What a user's method leaves in the logs is what those after it see: its adapter gives them back.
void take_logs(const Value& left, Dict& logs) {
  if (left.is_dict()) logs = left.as_dict();
}
}  // namespace

void Callback::event(Method event, int64_t index, Dict& logs) {
  switch (event) {
    case Method::on_epoch_begin: return on_epoch_begin(index, logs);
    case Method::on_epoch_end: return on_epoch_end(index, logs);
    case Method::on_train_batch_begin: return on_train_batch_begin(index, logs);
    case Method::on_train_batch_end: return on_train_batch_end(index, logs);
    case Method::on_test_batch_begin: return on_test_batch_begin(index, logs);
    case Method::on_test_batch_end: return on_test_batch_end(index, logs);
    case Method::on_predict_batch_begin: return on_predict_batch_begin(index, logs);
    case Method::on_predict_batch_end: return on_predict_batch_end(index, logs);
    default: throw ValueError("There is no callback event '", name_of(event), "' with an index.");
  }
}
void Callback::event(Method event, Dict& logs) {
  switch (event) {
    case Method::on_train_begin: return on_train_begin(logs);
    case Method::on_train_end: return on_train_end(logs);
    case Method::on_test_begin: return on_test_begin(logs);
    case Method::on_test_end: return on_test_end(logs);
    case Method::on_predict_begin: return on_predict_begin(logs);
    case Method::on_predict_end: return on_predict_end(logs);
    default: throw ValueError("There is no callback event '", name_of(event), "' without an index.");
  }
}
Value Callback::method(std::string_view name, const List&) {
  throw AttributeError("'", public_class_name(), "' has no method '", name, "'.");
}

void CallbackList::epoch(Method event, int64_t index, Dict& logs) {
  for (const auto& c : callbacks_) {
    Method user = event;
    // Keras 1's names still work on a user's callback: on_batch_end for on_train_batch_end.
    if (!c->overrides(event)) {
      if (event == Method::on_train_batch_begin) user = Method::on_batch_begin;
      if (event == Method::on_train_batch_end) user = Method::on_batch_end;
    }
    if (c->overrides(user))
      take_logs(c->user_class->call(user, {index, Value(logs)}, {}), logs);
    else
      c->event(event, index, logs);
  }
}

void CallbackList::settled() {
  for (const auto& c : callbacks_) c->settled();
}

void CallbackList::phase(Method event, Dict& logs) {
  for (const auto& c : callbacks_) {
    if (c->overrides(event))
      take_logs(c->user_class->call(event, {Value(logs)}, {}), logs);
    else
      c->event(event, logs);
  }
}

void History::on_epoch_end(int64_t epoch, Dict& logs) {
  epochs.push_back(epoch);
  for (const auto& [key, value] : logs) {
    Value& list = history[key];
    if (!list.is_list()) list = List{};
    list.as_list().push_back(value);
  }
}

}  // namespace lamina
