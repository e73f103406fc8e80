#pragma once
// What the handles of the C interface hold, and how errors leave it.
#include <lamina/c_api.h>

#include <span>
#include <string>
#include <vector>

#include "api/model.h"

// One tensor.
struct lamina_tensor {
  lamina::Tensor value;
};

// A model, and what is told of its inputs and outputs.
struct lamina_model {
  struct Info {
    std::string name;
    lamina::TensorSpec spec;
  };
  lamina::ModelPtr model;
  std::vector<Info> inputs, outputs;  // see describe_ends()
};

// Named numbers, in order.
struct lamina_logs {
  std::vector<std::pair<std::string, std::vector<double>>> entries;
};

namespace lamina::capi {

// For lamina_last_error(). Never fails: where there is no memory for the text, a shorter one stands there.
void remember_error(const char* message) noexcept;
lamina_status status_of(ErrorKind kind) noexcept;
// The exception being handled, as a status; its text is remembered.
lamina_status handle_exception() noexcept;

// Runs f. No exception passes.
template <class F>
lamina_status guarded(F&& f) noexcept {
  try {
    f();
    return LAMINA_OK;
  } catch (...) { return handle_exception(); }
}

// The pointee. ValueError naming the argument where it is null.
template <class T>
T& given(T* pointer, const char* name) {
  if (!pointer) throw ValueError("Argument `", name, "` is a null pointer.");
  return *pointer;
}

DType dtype_of_number(lamina_dtype number);  // ValueError for a number that is no dtype's
lamina_dtype number_of(DType dtype);
// The caller's to free.
char* text_for_caller(const std::string& text);
lamina_tensor* tensor_handle(Tensor value);
lamina_model* model_handle(ModelPtr model);
// Fills `inputs` and `outputs` once a functional or Sequential model is built, which its first batch may do. They stay:
// callers hold pointers into them.
void describe_ends(lamina_model& model);
// The tensors of an array of handles. ValueError where one is null.
std::vector<Value> tensors_of(const lamina_tensor* const* handles, size_t count, const char* name);
// Checks that there is data where there are bytes. ValueError naming the argument.
inline void given_data(const void* data, size_t bytes) {
  if (bytes && !data) throw ValueError("Argument `data` is a null pointer.");
}
// Tensors in a model's structure of "inputs" or "outputs"; where it has none, one tensor or a list. ValueError for
// another number of `received`.
Value structured(const lamina_model& model, const Value* structure, std::vector<Value> tensors, const char* ends,
                 const char* received);
// Tensors for a model, in the structure of its inputs. ValueError for another number of them.
Value inputs_for(const lamina_model& model, const lamina_tensor* const* handles, size_t count);
// JSON text, null being {}. ValueError unless it is a dict.
Dict arguments_of(const char* json, const char* what);

}  // namespace lamina::capi
