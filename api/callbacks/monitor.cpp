#include "api/callbacks/monitor.h"

#include "api/model.h"
#include "backends/core/warning.h"

namespace lamina {

void MonitorCallback::attributes(Fields& f) {
  f("best", best_);
  f("monitor_op", op_);
}

void MonitorCallback::check_mode() {
  std::string& mode = watched().mode;
  if (mode == "auto" || mode == "min" || mode == "max") return;
  warn(text(class_name(), " mode '", mode, "' is unknown, fallback to auto mode."));
  mode = "auto";
}

void MonitorCallback::resolve() {
  if (!op_.is_none()) return;
  const auto& [name, mode, min_delta] = watched();
  std::optional<bool> rises;
  if (mode == "auto") {
    std::string metric = name.starts_with("val_") ? name.substr(4) : name;
    if (metric == "loss") rises = false;
    if (model_)
      for (const MetricPtr& m : model_->single_metrics())
        if (m->name() == metric && m->direction() != Metric::Direction::unknown)
          rises = m->direction() == Metric::Direction::up;
  } else {
    rises = mode == "max";
  }
  if (!rises)
    throw ValueError(public_class_name(), " callback received monitor=", name,
                     ", but Keras isn't able to automatically determine whether that metric should be maximized or "
                     "minimized. Pass `mode='max'` "
                     "in order to monitor based on the highest metric value, or pass `mode='min'` in order to use the "
                     "lowest value.");
  op_ = *rises ? "greater" : "less";
}

bool MonitorCallback::improves(double value, std::optional<double> reference) {
  if (std::isnan(value)) return false;
  if (!reference || std::isnan(*reference)) return true;
  const double least = std::abs(watched().min_delta);
  if (auto f = op_.object_as<Callable>()) {
    const Value answer = f->call({value - least, *reference});
    return answer.is_bool() ? answer.as_bool() : answer.as_number() != 0;
  }
  return op_ == Value("greater") ? value - least > *reference : value + least < *reference;
}

std::optional<double> MonitorCallback::read(const Dict& logs) {
  const Value* v = logs.find(watched().monitor);
  if (!v || !(v->is_number() || (v->is_tensor() && v->as_tensor().size() == 1))) return {};
  return v->as_number();
}

Model& model_of(const Callback& callback) {
  if (!callback.model())
    throw RuntimeError(callback.public_class_name(),
                       " has no model. Call set_model(model) with a Model before its events, or pass the callback to "
                       "fit(), which does.");
  return *callback.model();
}

std::vector<std::string> log_names(const Dict& logs) {
  std::vector<std::string> out;
  for (const auto& [key, v] : logs) out.push_back(key);
  return out;
}

}  // namespace lamina
