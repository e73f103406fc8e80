#pragma once
#include "api/callbacks/callback.h"
#include "backends/core/fields.h"

namespace lamina {

// Which log a callback watches, and whether it should fall or rise.
struct MonitorArgs {
  std::string monitor = "val_loss";
  std::string mode = "auto";  // "min", "max", or "auto": by the metric
  double min_delta = 0;       // smaller changes are no improvement
};

// A callback that watches a log. Its best value is an attribute: what is set is what later values are held against.
class MonitorCallback : public Callback {
 public:
  void attributes(Fields& f) override;
  void state(Fields& f) override { attributes(f); }

 protected:
  virtual MonitorArgs& watched() = 0;
  // Modes that are none are taken as "auto", with a warning.
  void check_mode();
  // Finds the direction of an automatic monitor among the model's metrics. ValueError if the metric does not say.
  void resolve();
  // Whether `value` is better than `reference` by more than min_delta. Any number is better than nothing, or than a
  // NaN; a NaN is never better.
  bool improves(double value, std::optional<double> reference);
  // The log, or nothing if it is not there or not one number.
  std::optional<double> read(const Dict& logs);

  std::optional<double> best_;

 private:
  Value op_;  // None until resolved, then "less", "greater", or a user's function f(value, reference)
};

// The keys, in order.
std::vector<std::string> log_names(const Dict& logs);
// The model that a callback works on. RuntimeError if set_model() gave it none of this library.
Model& model_of(const Callback& callback);

}  // namespace lamina
