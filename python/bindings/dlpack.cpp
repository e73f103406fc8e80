#include "bindings/dlpack.h"

#include <cstring>

namespace lamina::bindings {

namespace {

// The structures of DLPack 1.0 (dmlc/dlpack), whose layout is fixed.
struct Device {
  int32_t type, id;
};
constexpr Device kHost{1, 0};
struct Element {
  uint8_t code, bits;
  uint16_t lanes;
};
struct Array {
  void* data;
  Device device;
  int32_t rank;
  Element element;
  int64_t *shape, *strides;
  uint64_t offset;
};
struct Managed {  // before 1.0: the reader may write
  Array array;
  void* context;
  void (*deleter)(Managed*);
};
struct Versioned {
  uint32_t major, minor;
  void* context;
  void (*deleter)(Versioned*);
  uint64_t flags;
  Array array;
};
constexpr uint64_t kReadOnly = 1, kCopied = 2;

Element element_of(DType t) {
  const auto bits = static_cast<uint8_t>(8 * size_of(t));
  const bool is_unsigned = t == DType::uint8 || t == DType::uint16 || t == DType::uint32 || t == DType::uint64;
  const uint8_t code = t == DType::boolean ? 6 : t == DType::bfloat16 ? 4 : is_float(t) ? 2 : is_unsigned ? 1 : 0;
  return {code, bits, 1};
}

template <class M>
struct Export {
  Tensor tensor;
  std::vector<int64_t> shape, strides;
  M managed{};

  explicit Export(Tensor t) : tensor(std::move(t)), shape(tensor.shape().vec()), strides(shape.size()) {
    int64_t step = 1;
    for (size_t i = shape.size(); i-- > 0; step *= shape[i]) strides[i] = step;
    managed.array = {const_cast<void*>(tensor.raw()),
                     kHost,
                     static_cast<int32_t>(shape.size()),
                     element_of(tensor.dtype()),
                     shape.data(),
                     strides.data(),
                     0};
    managed.context = this;
    managed.deleter = [](M* m) { delete static_cast<Export*>(m->context); };
  }
};

// The reader renames a capsule when it takes over what is in it; one that nobody read deletes it itself.
template <class M>
py::object capsule(Export<M>* e, const char* name) {
  PyObject* made = PyCapsule_New(&e->managed, name, [](PyObject* c) {
    for (const char* unread : {"dltensor", "dltensor_versioned"})
      if (PyCapsule_IsValid(c, unread)) {
        auto* m = static_cast<M*>(PyCapsule_GetPointer(c, unread));
        m->deleter(m);
        return;
      }
  });
  if (!made) {
    delete e;
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(made);
}

[[noreturn]] void buffer_error(const char* message) {
  PyErr_SetString(PyExc_BufferError, message);
  throw py::error_already_set();
}

py::object to_dlpack(const Tensor& t, const py::object& stream, const py::object& max_version, const py::object& device,
                     const py::object& copy) {
  if (t.dtype() == DType::string) buffer_error("Tensor.__dlpack__: there are no strings in DLPack.");
  if (!stream.is_none())
    buffer_error("Tensor.__dlpack__: the memory is the host's, where there are no streams; `stream` must be None.");
  if (!device.is_none() && device.cast<std::pair<int, int>>() != std::pair<int, int>(kHost.type, kHost.id))
    buffer_error("Tensor.__dlpack__: `dl_device` must be None or (1, 0), the host.");
  const bool versioned = !max_version.is_none() && max_version.cast<std::pair<int, int>>().first >= 1;
  // Tensors are immutable: a reader that does not know of read-only memory gets memory of its own.
  const bool copies = !copy.is_none() && copy.cast<bool>();
  if (!versioned && !copy.is_none() && !copies)
    buffer_error(
        "Tensor.__dlpack__: without a copy the memory is read-only, which needs a reader of DLPack 1.0 or later "
        "(`max_version`).");
  const bool own = copies || !versioned;
  const Tensor given = own ? Tensor::from_bytes(t.raw(), t.shape(), t.dtype()) : t;
  if (!versioned) return capsule(new Export<Managed>(given), "dltensor");
  auto* e = new Export<Versioned>(given);
  e->managed.major = 1;
  e->managed.flags = own ? kCopied : kReadOnly;
  return capsule(e, "dltensor_versioned");
}

}  // namespace

void add_dlpack(py::class_<DataTensor, Tensor>& c) {
  c.def("__dlpack__", &to_dlpack, py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
        py::arg("dl_device") = py::none(), py::arg("copy") = py::none(),
        "A DLPack capsule of the values, on the host. Read-only and without a copy for readers of DLPack 1.0 "
        "(`max_version`) unless `copy` is True; a copy for others.")
      .def("__dlpack_device__", [](const Tensor&) { return py::make_tuple(kHost.type, kHost.id); });
}

}  // namespace lamina::bindings
