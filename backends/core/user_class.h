#pragma once
// What a binding knows of a class that a user derived (in Python): which methods it overrides, and how to call them.
// Objects are made by name for some 300 classes, each of which users may derive from: one interface serves them all,
// where a trampoline per class would compile each of them twice.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/core/value.h"

namespace lamina {

// name, and how users spell it
#define LAMINA_METHODS(M)                             \
  M(call_operator, "__call__")                        \
  M(call, "call")                                     \
  M(build, "build")                                   \
  M(compute_mask, "compute_mask")                     \
  M(compute_output_shape, "compute_output_shape")     \
  M(compute_output_spec, "compute_output_spec")       \
  M(calculate_scores, "_calculate_scores")            \
  M(compute_attention, "_compute_attention")          \
  M(state_size, "state_size")                         \
  M(output_size, "output_size")                       \
  M(initial_state, "initial_state")                   \
  M(inner_loop, "inner_loop")                         \
  M(compile, "compile")                               \
  M(get_config, "get_config")                         \
  M(get_build_config, "get_build_config")             \
  M(build_from_config, "build_from_config")           \
  M(get_compile_config, "get_compile_config")         \
  M(compile_from_config, "compile_from_config")       \
  M(saveables, "saveables")                           \
  M(save_own_variables, "save_own_variables")         \
  M(load_own_variables, "load_own_variables")         \
  M(save_assets, "save_assets")                       \
  M(load_assets, "load_assets")                       \
  M(train_step, "train_step")                         \
  M(test_step, "test_step")                           \
  M(predict_step, "predict_step")                     \
  M(compute_loss, "compute_loss")                     \
  M(compute_metrics, "compute_metrics")               \
  M(reset_metrics, "reset_metrics")                   \
  M(update_state, "update_state")                     \
  M(result, "result")                                 \
  M(reset_state, "reset_state")                       \
  M(set_params, "set_params")                         \
  M(set_model, "set_model")                           \
  M(get_monitor_value, "get_monitor_value")           \
  M(in_cooldown, "in_cooldown")                       \
  M(on_train_begin, "on_train_begin")                 \
  M(on_train_end, "on_train_end")                     \
  M(on_test_begin, "on_test_begin")                   \
  M(on_test_end, "on_test_end")                       \
  M(on_predict_begin, "on_predict_begin")             \
  M(on_predict_end, "on_predict_end")                 \
  M(on_epoch_begin, "on_epoch_begin")                 \
  M(on_epoch_end, "on_epoch_end")                     \
  M(on_batch_begin, "on_batch_begin")                 \
  M(on_batch_end, "on_batch_end")                     \
  M(on_train_batch_begin, "on_train_batch_begin")     \
  M(on_train_batch_end, "on_train_batch_end")         \
  M(on_test_batch_begin, "on_test_batch_begin")       \
  M(on_test_batch_end, "on_test_batch_end")           \
  M(on_predict_batch_begin, "on_predict_batch_begin") \
  M(on_predict_batch_end, "on_predict_batch_end")

enum class Method : uint8_t {
#define LAMINA_METHOD(NAME, SPELLED) NAME,
  LAMINA_METHODS(LAMINA_METHOD)
#undef LAMINA_METHOD
      count
};
inline constexpr size_t kMethodCount = static_cast<size_t>(Method::count);

std::string_view name_of(Method method);                    // as users spell it
std::optional<Method> method_named(std::string_view name);  // none if C++ never calls a method of this name

// A class that a user derived in a binding's language, as C++ sees it. Methods may be called from any thread.
class UserClass {
 public:
  virtual ~UserClass() = default;
  virtual bool overrides(Method method) const = 0;
  virtual Value call(Method method, List args, Dict kwargs) = 0;
  // Names of the arguments that the user's method takes; "**" among them if it takes any keyword.
  virtual std::vector<std::string> arguments(Method method) const = 0;
  // How the class is named in files.
  virtual std::string class_name() const = 0;
  virtual std::string module() const = 0;
  virtual std::string registered_name() const = 0;
};

}  // namespace lamina
