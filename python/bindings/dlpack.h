#pragma once
// Tensors for other libraries by DLPack, without a copy where the reader says that it takes memory which must not be
// written.
#include "bindings/convert.h"

namespace lamina::bindings {

void add_dlpack(py::class_<DataTensor, Tensor>& c);  // __dlpack__ and __dlpack_device__

}  // namespace lamina::bindings
