#include "backends/core/buffer.h"
#include "capi/handles.h"

namespace lamina::capi {

DType dtype_of_number(lamina_dtype number) {
  if (number < 0 || number > LAMINA_STRING)
    throw ValueError("Expected a dtype of lamina_dtype, from 0 to ", int{LAMINA_STRING}, ", received ", int{number},
                     ".");
  return static_cast<DType>(number);
}

// The numbers of the interface are fixed; the library's happen to be the same.
static_assert(static_cast<int>(DType::boolean) == LAMINA_BOOL && static_cast<int>(DType::uint8) == LAMINA_UINT8 &&
              static_cast<int>(DType::uint16) == LAMINA_UINT16 && static_cast<int>(DType::uint32) == LAMINA_UINT32 &&
              static_cast<int>(DType::uint64) == LAMINA_UINT64 && static_cast<int>(DType::int8) == LAMINA_INT8 &&
              static_cast<int>(DType::int16) == LAMINA_INT16 && static_cast<int>(DType::int32) == LAMINA_INT32 &&
              static_cast<int>(DType::int64) == LAMINA_INT64 && static_cast<int>(DType::float16) == LAMINA_FLOAT16 &&
              static_cast<int>(DType::bfloat16) == LAMINA_BFLOAT16 &&
              static_cast<int>(DType::float32) == LAMINA_FLOAT32 &&
              static_cast<int>(DType::float64) == LAMINA_FLOAT64 && static_cast<int>(DType::string) == LAMINA_STRING);
lamina_dtype number_of(DType dtype) { return static_cast<lamina_dtype>(dtype); }

lamina_tensor* tensor_handle(Tensor value) {
  value.raw();  // what lies on another device is fetched where errors can be told
  return new lamina_tensor{std::move(value)};
}

std::vector<Value> tensors_of(const lamina_tensor* const* handles, size_t count, const char* name) {
  if (count) given(handles, name);
  std::vector<Value> out;
  for (size_t i = 0; i < count; ++i) {
    if (!handles[i]) throw ValueError("Entry ", i, " of `", name, "` is a null pointer.");
    out.emplace_back(handles[i]->value);
  }
  return out;
}

namespace {

Shape shape_of(const int64_t* sizes, size_t rank) {
  if (rank) given(sizes, "sizes");
  Shape shape{std::span<const int64_t>(sizes, rank)};
  if (!shape.known()) throw ValueError("A tensor has a size of 0 or more on each axis, received ", shape, ".");
  return shape;
}

// The shape of data that is `bytes` long.
Shape checked_shape(DType dtype, const int64_t* sizes, size_t rank, const void* data, size_t bytes) {
  if (dtype == DType::string) throw ValueError("Tensors of strings are made by lamina_tensor_of_strings().");
  Shape shape = shape_of(sizes, rank);
  if (const size_t needed = bytes_of(shape, dtype); needed != bytes)
    throw ValueError("A tensor of ", dtype, " of shape ", shape, " takes ", needed, " bytes, received ", bytes, ".");
  given_data(data, bytes);
  return shape;
}

}  // namespace
}  // namespace lamina::capi

using namespace lamina;
using namespace lamina::capi;

extern "C" {

lamina_status lamina_tensor_create(lamina_dtype dtype, const int64_t* sizes, size_t rank, const void* data,
                                   size_t bytes, lamina_tensor** tensor) {
  return guarded([&] {
    given(tensor, "tensor");
    const DType type = dtype_of_number(dtype);
    const Shape shape = checked_shape(type, sizes, rank, data, bytes);
    *tensor = tensor_handle(Tensor::from_bytes(data, shape, type));
  });
}

lamina_status lamina_tensor_wrap(lamina_dtype dtype, const int64_t* sizes, size_t rank, const void* data, size_t bytes,
                                 lamina_release_function release, void* context, lamina_tensor** tensor) {
  return guarded([&] {
    given(tensor, "tensor");
    const DType type = dtype_of_number(dtype);
    const Shape shape = checked_shape(type, sizes, rank, data, bytes);
    // The memory is the caller's until nothing here can fail any more.
    auto owner = std::make_shared<lamina_release_function>(nullptr);
    std::shared_ptr<void> held(owner.get(), [owner, context](void*) {
      if (*owner) (*owner)(context);
    });
    auto buffer = std::make_shared<Buffer>(const_cast<void*>(data), bytes, std::move(held));  // foreign: only read
    *tensor = tensor_handle(Tensor::on(std::move(buffer), shape, type));
    *owner = release;
  });
}

lamina_status lamina_tensor_of_strings(const int64_t* sizes, size_t rank, const char* const* texts, size_t count,
                                       lamina_tensor** tensor) {
  return guarded([&] {
    given(tensor, "tensor");
    const Shape shape = shape_of(sizes, rank);
    if (shape.elements() != static_cast<int64_t>(count))
      throw ValueError("A tensor of shape ", shape, " takes ", shape.elements(), " strings, received ", count, ".");
    if (count) given(texts, "texts");
    std::vector<std::string> values;
    for (size_t i = 0; i < count; ++i) {
      if (!texts[i]) throw ValueError("Entry ", i, " of `texts` is a null pointer.");
      values.emplace_back(texts[i]);
    }
    *tensor = tensor_handle(Tensor::of(std::move(values), shape));
  });
}

void lamina_tensor_free(lamina_tensor* tensor) { delete tensor; }

lamina_dtype lamina_tensor_dtype(const lamina_tensor* tensor) {
  return tensor ? number_of(tensor->value.dtype()) : LAMINA_BOOL;
}

size_t lamina_tensor_rank(const lamina_tensor* tensor) {
  return tensor ? static_cast<size_t>(tensor->value.rank()) : 0;
}

const int64_t* lamina_tensor_sizes(const lamina_tensor* tensor) {
  return tensor ? tensor->value.shape().begin() : nullptr;
}

int64_t lamina_tensor_elements(const lamina_tensor* tensor) { return tensor ? tensor->value.size() : 0; }

size_t lamina_tensor_bytes(const lamina_tensor* tensor) {
  return tensor && tensor->value.dtype() != DType::string ? tensor->value.bytes() : 0;
}

const void* lamina_tensor_data(const lamina_tensor* tensor) {
  return tensor && tensor->value.dtype() != DType::string ? tensor->value.raw() : nullptr;
}

lamina_status lamina_tensor_string(const lamina_tensor* tensor, int64_t element, const char** text, size_t* length) {
  return guarded([&] {
    const Tensor& value = given(tensor, "tensor").value;
    given(text, "text"), given(length, "length");
    if (value.dtype() != DType::string)
      throw TypeError("This tensor holds ", value.dtype(), " values, asked for strings.");
    if (element < 0 || element >= value.size())
      throw IndexError("There is no element ", element, " among the ", value.size(), " of this tensor.");
    const std::string_view found = value.text_at(element);
    *text = found.data(), *length = found.size();
  });
}

}  // extern "C"
