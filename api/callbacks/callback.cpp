#include "api/callbacks/callback.h"

#include "api/model.h"

namespace lamina {

CallbackList::CallbackList(std::vector<CallbackPtr> callbacks, Model& model, const Dict& params)
    : callbacks_(std::move(callbacks)) {
  for (const auto& c : callbacks_) {
    if (c->hooked("set_params"))
      c->hook->invoke("set_params", {Value(params)}, {});
    else
      c->set_params(params);
    if (c->hooked("set_model")) c->hook->invoke("set_model", {Value(model.self())}, {});
    c->set_model(&model);
  }
}

bool CallbackList::needs_batches() const {
  for (const auto& c : callbacks_) {
    if (c->needs_batches()) return true;
    for (const char* m : {"on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin", "on_test_batch_end",
                          "on_predict_batch_begin", "on_predict_batch_end", "on_batch_begin", "on_batch_end"})
      if (c->hooked(m)) return true;
  }
  return false;
}

namespace {
using EpochMethod = void (Callback::*)(int64_t, Dict&);
using PhaseMethod = void (Callback::*)(Dict&);
const std::map<std::string_view, EpochMethod> kEpochMethods = {
    {"on_epoch_begin", &Callback::on_epoch_begin},
    {"on_epoch_end", &Callback::on_epoch_end},
    {"on_train_batch_begin", &Callback::on_train_batch_begin},
    {"on_train_batch_end", &Callback::on_train_batch_end},
    {"on_test_batch_begin", &Callback::on_test_batch_begin},
    {"on_test_batch_end", &Callback::on_test_batch_end},
    {"on_predict_batch_begin", &Callback::on_predict_batch_begin},
    {"on_predict_batch_end", &Callback::on_predict_batch_end}};
const std::map<std::string_view, PhaseMethod> kPhaseMethods = {
    {"on_train_begin", &Callback::on_train_begin},     {"on_train_end", &Callback::on_train_end},
    {"on_test_begin", &Callback::on_test_begin},       {"on_test_end", &Callback::on_test_end},
    {"on_predict_begin", &Callback::on_predict_begin}, {"on_predict_end", &Callback::on_predict_end}};

template <class Methods>
typename Methods::mapped_type method_of(const Methods& methods, std::string_view name) {
  auto found = methods.find(name);
  if (found == methods.end()) throw ValueError("There is no callback event '", name, "'.");
  return found->second;
}

// What a user's method leaves in the logs is what those after it see: the hook gives them back.
void take_logs(const Value& left, Dict& logs) {
  if (left.is_dict()) logs = left.as_dict();
}
}  // namespace

void Callback::event(std::string_view method, int64_t index, Dict& logs) {
  (this->*method_of(kEpochMethods, method))(index, logs);
}
Value Callback::method(std::string_view name, const List&) {
  throw AttributeError("'", public_class_name(), "' has no method '", name, "'.");
}
void Callback::event(std::string_view method, Dict& logs) { (this->*method_of(kPhaseMethods, method))(logs); }

void CallbackList::epoch(const char* method, int64_t index, Dict& logs) {
  for (const auto& c : callbacks_) {
    const char* user = method;
    // Keras 1's names still work on a user's callback: on_batch_end for on_train_batch_end.
    if (!c->hooked(user) && std::string_view(method) == "on_train_batch_begin" && c->hooked("on_batch_begin"))
      user = "on_batch_begin";
    if (!c->hooked(user) && std::string_view(method) == "on_train_batch_end" && c->hooked("on_batch_end"))
      user = "on_batch_end";
    if (c->hooked(user))
      take_logs(c->hook->invoke(user, {index, Value(logs)}, {}), logs);
    else
      c->event(method, index, logs);
  }
}

void CallbackList::phase(const char* method, Dict& logs) {
  for (const auto& c : callbacks_) {
    if (c->hooked(method))
      take_logs(c->hook->invoke(method, {Value(logs)}, {}), logs);
    else
      c->event(method, logs);
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
