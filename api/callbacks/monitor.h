#pragma once
#include "api/callbacks/callback.h"

namespace lamina {

// Which log a callback watches, and whether it should fall or rise.
class Monitor {
 public:
  // mode: "min", "max", or "auto" (by the metric; other values are taken as auto, with a warning).
  Monitor(std::string owner, std::string name, std::string mode, double min_delta);
  // Finds the direction of an automatic monitor among the model's metrics. ValueError if the metric does not say.
  void resolve(const Model* model);
  // Whether `value` is better than `reference` by more than min_delta. Anything is better than nothing.
  bool improves(double value, std::optional<double> reference) const;
  // The log, or nothing if it is not there.
  std::optional<double> read(const Dict& logs) const;
  const std::string& name() const { return name_; }

 private:
  std::string owner_, name_, mode_;
  double min_delta_;
  std::optional<bool> rises_;
};

std::vector<std::string> log_names(const Dict& logs);

}  // namespace lamina
