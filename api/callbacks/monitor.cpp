#include "api/callbacks/monitor.h"

#include "api/model.h"
#include "backends/core/warning.h"

namespace lamina {

Monitor::Monitor(std::string owner, std::string name, std::string mode, double min_delta)
    : owner_(std::move(owner)), name_(std::move(name)), mode_(std::move(mode)), min_delta_(std::abs(min_delta)) {
  if (mode_ == "auto" || mode_ == "min" || mode_ == "max") return;
  warn(text(owner_, " mode '", mode_, "' is unknown, fallback to auto mode."));
  mode_ = "auto";
}

void Monitor::resolve(const Model* model) {
  if (rises_) return;
  if (mode_ != "auto") {
    rises_ = mode_ == "max";
    return;
  }
  std::string metric = name_.starts_with("val_") ? name_.substr(4) : name_;
  if (metric == "loss") rises_ = false;
  if (model)
    for (const MetricPtr& m : model->metrics())
      if (m->name() == metric && m->direction() != Metric::Direction::unknown) rises_ = m->direction() == Metric::Direction::up;
  if (!rises_)
    throw ValueError(owner_, " callback received monitor=", name_, ", but Keras isn't able to automatically determine whether that metric should be maximized or minimized. Pass `mode='max'` "
                     "in order to monitor based on the highest metric value, or pass `mode='min'` in order to use the lowest value.");
}

bool Monitor::improves(double value, std::optional<double> reference) const {
  if (!reference) return true;
  return *rises_ ? value - min_delta_ > *reference : value + min_delta_ < *reference;
}

std::optional<double> Monitor::read(const Dict& logs) const {
  const Value* v = logs.find(name_);
  if (!v || !(v->is_number() || v->is_tensor())) return {};
  return v->as_number();
}

std::vector<std::string> log_names(const Dict& logs) {
  std::vector<std::string> out;
  for (const auto& [key, v] : logs) out.push_back(key);
  return out;
}

}  // namespace lamina
