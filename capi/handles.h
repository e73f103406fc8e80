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
// Fills `inputs` and `outputs`: those of a functional or Sequential model once it is built.
void describe_ends(lamina_model& model);
// The tensors of an array of handles. ValueError where one is null.
std::vector<Value> tensors_of(const lamina_tensor* const* handles, size_t count, const char* name);
// Tensors for a model, in the structure of its inputs. ValueError for another number of them.
Value inputs_for(const lamina_model& model, const lamina_tensor* const* handles, size_t count);
// JSON text, null being {}. ValueError unless it is a dict.
Dict arguments_of(const char* json, const char* what);

}  // namespace lamina::capi
