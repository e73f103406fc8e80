#pragma once
#include "optimizers/optimizer.h"

namespace lamina {

// Which optimizer updates a variable.
class OptimizerSelector : public Object {
 public:
  static constexpr std::string_view kModule = "keras.optimizers";
  static constexpr std::string_view kKind = "an OptimizerMap or a function of a variable";
  // ValueError if there is no telling.
  virtual std::shared_ptr<Optimizer> select(const Variable& variable) = 0;
  // Those that are known before any variable is.
  virtual std::vector<std::shared_ptr<Optimizer>> known() const { return {}; }
  std::string module() const override { return std::string(kModule); }
  static std::shared_ptr<OptimizerSelector> adapt(
      const ObjectPtr& object);  // a callable, if bindings know how to call it
};
// How a function becomes a selector. Bindings set it: a Value carries no variable, so a Callable cannot take one.
void set_selector_maker(std::function<std::shared_ptr<OptimizerSelector>(const ObjectPtr& function)> maker);
// A selector from a C++ function. It cannot be stored in a config.
std::shared_ptr<OptimizerSelector> select_by(std::function<std::shared_ptr<Optimizer>(const Variable&)> function);

// Optimizers by variables' paths: a key is a path, or a regular expression that matches all of one.
class OptimizerMap final : public OptimizerSelector {
 public:
  struct Args {
    OptimizerRef default_optimizer;
    Dict optimizer_map;  // path or pattern -> Optimizer
    void fields(Fields& f);
  };
  explicit OptimizerMap(Args args);

  // ValueError if several patterns match. Without a match the default.
  std::shared_ptr<Optimizer> find(const std::string& path) const;
  std::shared_ptr<Optimizer> select(const Variable& variable) override { return find(variable.path()); }
  std::vector<std::shared_ptr<Optimizer>> known() const override;
  // ValueError for a key that is there already, and for wrappers (LossScaleOptimizer, MultiOptimizer).
  void set(const std::string& key, const std::shared_ptr<Optimizer>& optimizer);
  void erase(const std::string& key);  // KeyError if absent
  const Dict& entries() const { return entries_; }
  void replace_entries(Dict entries) { entries_ = std::move(entries); }  // unchecked
  const std::shared_ptr<Optimizer>& default_optimizer() const { return default_; }
  std::string class_name() const override { return "OptimizerMap"; }
  Dict get_config() const override;

 private:
  std::shared_ptr<Optimizer> default_;
  Dict entries_;
};

// Several optimizers, each for the variables that `optimizer_map` gives it. It counts its own iterations; learning
// rates are those of the optimizers within.
class MultiOptimizer final : public Optimizer {
 public:
  struct Args {
    Value optimizer_map;                      // an OptimizerSelector, a config of one, or a function of a variable
    std::optional<double> loss_scale_factor;  // in place of the optimizers' own
    std::optional<std::string> name;
    void fields(Fields& f);
  };
  explicit MultiOptimizer(Args args);

  // ValueError if a variable's optimizer is a LossScaleOptimizer or MultiOptimizer, TypeError if optimizer_map selects
  // nothing.
  void build(const Variables& trainable) override;
  void apply(const Tensors& gradients, const Variables& trainable = {}) override;
  void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) override;
  void set_loss_scale_factor(std::optional<double> factor) override;
  void finalize_variable_values(const Variables& trainable) override;
  Tensor learning_rate() const override;                // AttributeError: there is one per optimizer
  void set_learning_rate(const Value& value) override;  // the same
  Variables variables() const override;
  std::vector<std::shared_ptr<Optimizer>> wrapped() const override { return optimizers_; }
  std::vector<std::pair<std::string, Value>> tracked() const override;
  size_t place_of(const Variable& variable) const {
    return places_.at(index_of(variable));
  }  // of its optimizer, among wrapped()
  const Value& optimizer_map() const { return args_of_.optimizer_map; }
  std::string class_name() const override { return "MultiOptimizer"; }
  Dict get_config() const override;

 private:
  size_t place(const std::shared_ptr<Optimizer>& optimizer);
  std::vector<Variables> by_optimizer(const Variables& variables) const;

  Args args_of_;
  std::shared_ptr<OptimizerSelector> selector_;
  std::vector<std::shared_ptr<Optimizer>> optimizers_;
  std::vector<size_t> places_;  // by a variable's index
};

// Those that have a learning rate of their own: the ones within a MultiOptimizer, else the optimizer itself.
std::vector<Optimizer*> optimizers_with_rates(Optimizer& optimizer);

}  // namespace lamina
