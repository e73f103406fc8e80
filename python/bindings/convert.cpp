#include "bindings/convert.h"

#include <pybind11/numpy.h>

#include "backends/core/settings.h"
#include "backends/core/stack.h"
#include "backends/ops/public/public_op.h"
#include "bindings/user_class.h"
#include "layers/operation.h"
#include "serialization/objects/function_as_object.h"

namespace lamina::bindings {

namespace {

struct Modules {
  py::object numpy, ndarray, generic, dtype, asarray;
  py::object dtypes[kDTypeCount];  // NumPy's; of bfloat16 its bits'
  Modules() {
    numpy = py::module_::import("numpy");
    ndarray = numpy.attr("ndarray");
    generic = numpy.attr("generic");
    asarray = numpy.attr("asarray");
    dtype = numpy.attr("dtype");
    for (int i = 0; i < kDTypeCount; ++i) {
      const auto t = static_cast<DType>(i);
      dtypes[i] = dtype(py::str(std::string(name_of(t == DType::bfloat16 ? DType::uint16 : t))));
    }
    py::dtype::of<float>();  // pybind11's own table of NumPy, which takes a while
  }
};
const Modules& modules() {
  static Modules* m = new Modules;  // lives as long as the interpreter
  return *m;
}

std::optional<DType> dtype_of_format(const py::buffer_info& info) {
  std::string f = info.format;
  while (!f.empty() && (f[0] == '=' || f[0] == '<' || f[0] == '@' || f[0] == '|')) f.erase(0, 1);
  if (f.size() != 1) return {};
  const auto size = info.itemsize;
  auto pick = [&](DType a, DType b, DType c, DType d) { return size == 1 ? a : size == 2 ? b : size == 4 ? c : d; };
  switch (f[0]) {
    case '?': return DType::boolean;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q': return pick(DType::int8, DType::int16, DType::int32, DType::int64);
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q': return pick(DType::uint8, DType::uint16, DType::uint32, DType::uint64);
    case 'e': return DType::float16;
    case 'f': return DType::float32;
    case 'd': return DType::float64;
    default: return {};
  }
}

py::object numpy_dtype(DType t) { return modules().dtypes[static_cast<int>(t)]; }

// A str in UTF-8, bytes as they are. Bytes that are no UTF-8 are lone surrogates in a str, so that each comes back.
std::string string_from(PyObject* item) {
  if (PyBytes_Check(item)) return {PyBytes_AS_STRING(item), static_cast<size_t>(PyBytes_GET_SIZE(item))};
  if (!PyUnicode_Check(item))
    throw TypeError(
        "Arrays of dtype object cannot become tensors if they hold what is neither str nor bytes; expected "
        "numbers, bools or strings. Received an entry of type ",
        Py_TYPE(item)->tp_name, ".");
  Py_ssize_t size = 0;
  if (const char* utf8 = PyUnicode_AsUTF8AndSize(item, &size)) return {utf8, static_cast<size_t>(size)};
  PyErr_Clear();
  auto bytes = py::reinterpret_steal<py::object>(PyUnicode_AsEncodedString(item, "utf-8", "surrogateescape"));
  if (!bytes) throw py::error_already_set();
  return string_from(bytes.ptr());
}

Tensor tensor_from_strings(const py::object& a) {
  const py::list items = a.attr("reshape")(-1).attr("tolist")();
  std::vector<std::string> strings;
  strings.reserve(items.size());
  for (py::handle item : items) strings.push_back(string_from(item.ptr()));
  return Tensor::of(std::move(strings), to_value(a.attr("shape")).as_shape());
}

py::object array_of_strings(const Tensor& t) {
  py::list items(t.size());
  for (int64_t i = 0; i < t.size(); ++i) {
    const std::string_view s = t.text_at(i);
    PyObject* item = PyUnicode_DecodeUTF8(s.data(), static_cast<Py_ssize_t>(s.size()), "surrogateescape");
    if (!item) throw py::error_already_set();
    items[i] = py::reinterpret_steal<py::object>(item);
  }
  py::tuple shape(t.rank());
  for (int i = 0; i < t.rank(); ++i) shape[i] = t.shape()[i];
  py::object out = modules().numpy.attr("empty")(t.size(), py::arg("dtype") = "object");
  out[py::slice(0, t.size(), 1)] = items;
  return out.attr("reshape")(shape);
}

}  // namespace

void load_numpy() { modules(); }

Foreign::~Foreign() {
  py::gil_scoped_acquire gil;
  object = py::object();
}
std::string Foreign::repr() const {
  py::gil_scoped_acquire gil;
  return py::repr(object).cast<std::string>();
}
PyCallable::~PyCallable() {
  py::gil_scoped_acquire gil;
  function = py::object();
}
std::string PyCallable::repr() const {
  py::gil_scoped_acquire gil;
  return py::repr(function).cast<std::string>();
}
void PyCallable::extend_serialized(Dict& out) const {
  py::gil_scoped_acquire gil;
  if (function_name() == "<lambda>")
    out = to_value(py::module_::import("lamina._core.configs.lambdas").attr("encode_lambda")(function)).as_dict();
  else if (!py::hasattr(function, "__name__") && py::hasattr(function, "get_config"))  // an object of a user's class
    out = to_value(py::module_::import("lamina._core.configs.serialized").attr("serialize_keras_object")(function))
              .as_dict();
}
std::string PyCallable::function_name() const {
  py::gil_scoped_acquire gil;
  py::object name = py::getattr(function, "__name__", py::none());
  return name.is_none() ? py::str(py::type::of(function).attr("__name__")).cast<std::string>()
                        : name.cast<std::string>();
}
std::string PyCallable::registered_name() const {
  py::gil_scoped_acquire gil;
  return py::module_::import("lamina._core.configs.registration")
      .attr("registered_name_of")(function)
      .cast<std::string>();
}
std::vector<std::string> PyCallable::arguments() const {
  py::gil_scoped_acquire gil;
  std::vector<std::string> names;
  try {
    py::object parameters = py::module_::import("inspect").attr("signature")(function).attr("parameters");
    for (py::handle name : parameters) names.push_back(name.cast<std::string>());
  } catch (py::error_already_set&) {  // built-in functions without a signature
  }
  return names;
}
Value PyCallable::call(List args, Dict kwargs) {
  check_stack("A call");
  py::gil_scoped_acquire gil;
  py::tuple positional(args.size());
  for (size_t i = 0; i < args.size(); ++i) positional[i] = to_python(args[i]);
  py::dict named;
  for (const auto& [key, v] : kwargs) named[py::str(key)] = to_python(v);
  return to_value(function(*positional, **named));
}

Value PyCallable::call_on_text(const Tensor& strings) {
  py::gil_scoped_acquire gil;
  return to_value(function(array_of_strings(strings).attr("astype")("str")));
}

ObjectPtr owning_pointer(py::handle self, Object* raw) {
  py::gil_scoped_acquire gil;
  self.inc_ref();
  PyObject* held = self.ptr();
  return ObjectPtr(raw, [held](Object*) {
    if (!Py_IsInitialized()) return;
    py::gil_scoped_acquire inner;
    Py_DECREF(held);
  });
}

namespace {

// An array whose memory is a tensor's already (C order, a native number type); nothing if it is not.
std::optional<Tensor> tensor_from_buffer(const py::object& a, bool share) {
  Py_buffer view;
  if (PyObject_GetBuffer(a.ptr(), &view, PyBUF_FORMAT | PyBUF_ND) != 0) {
    PyErr_Clear();
    return {};
  }
  struct Release {
    Py_buffer* v;
    ~Release() { PyBuffer_Release(v); }
  } release{&view};
  py::buffer_info info;
  info.format = view.format ? view.format : "B";
  info.itemsize = view.itemsize;
  auto dtype = dtype_of_format(info);
  if (!dtype) return {};
  Shape shape(std::span<const int64_t>(reinterpret_cast<const int64_t*>(view.shape), view.ndim));
  if (!share || reinterpret_cast<uintptr_t>(view.buf) % size_of(*dtype) || view.len == 0)
    return Tensor::from_bytes(view.buf, shape, *dtype);
  a.inc_ref();
  std::shared_ptr<void> owner(static_cast<void*>(a.ptr()), [](void* p) {
    if (!Py_IsInitialized()) return;
    py::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(p));
  });
  return Tensor::on(std::make_shared<Buffer>(view.buf, static_cast<size_t>(view.len), std::move(owner)), shape, *dtype);
}

}  // namespace

Tensor tensor_from_array(py::handle array, bool share) {
  py::object a = py::reinterpret_borrow<py::object>(array);
  if (auto direct = tensor_from_buffer(a, share)) return *direct;
  std::string name = py::str(a.attr("dtype")).cast<std::string>();
  if (name == "bfloat16") {
    Tensor bits = tensor_from_array(a.attr("view")("uint16"), share);
    return Tensor::on(bits.node()->buffer, bits.shape(), DType::bfloat16);
  }
  if (const auto kind = a.attr("dtype").attr("kind").cast<std::string>();
      kind == "O" || kind == "U" || kind == "S" || name.starts_with("StringDType"))
    return tensor_from_strings(a);
  if (name.starts_with("complex"))
    throw TypeError("Arrays of dtype ", name, " cannot become tensors; expected numbers, bools or strings.");
  if (!a.attr("flags").attr("c_contiguous").cast<bool>() || !a.attr("dtype").attr("isnative").cast<bool>()) {
    a = modules().numpy.attr("ascontiguousarray")(a, py::arg("dtype") = a.attr("dtype").attr("newbyteorder")("="));
    a = a.attr("reshape")(array.attr("shape"));                     // ascontiguousarray makes scalars one-dimensional
    if (auto copied = tensor_from_buffer(a, true)) return *copied;  // the copy is our own
  }
  throw TypeError("Arrays of dtype ", name, " cannot become tensors; expected numbers, bools or strings.");
}

py::object array_from_tensor(const Tensor& t) {
  t.raw();
  if (t.dtype() == DType::string) return array_of_strings(t);
  py::tuple shape(t.rank());
  for (int i = 0; i < t.rank(); ++i) shape[i] = t.shape()[i];
  py::object out = modules().numpy.attr("empty")(shape, numpy_dtype(t.dtype()));
  Py_buffer view;
  if (PyObject_GetBuffer(out.ptr(), &view, PyBUF_WRITABLE) != 0) throw py::error_already_set();
  std::memcpy(view.buf, t.raw(), t.bytes());
  PyBuffer_Release(&view);
  if (t.dtype() == DType::bfloat16) {
    try {
      return out.attr("view")(py::module_::import("ml_dtypes").attr("bfloat16"));
    } catch (py::error_already_set&) {  // NumPy has no bfloat16 of its own
      Tensor wide = Tensor::empty(t.shape(), DType::float32);
      for (int64_t i = 0; i < t.size(); ++i) wide.mutable_data<float>()[i] = static_cast<float>(t.at(i));
      return array_from_tensor(wide);
    }
  }
  return out;
}

namespace {

py::object array_taking(const Tensor& t) {
  t.raw();  // RuntimeError if it has no values
  const BufferPtr& buffer = t.node()->buffer;
  const bool shared =
      t.pointer().use_count() > 1 || buffer.use_count() > 1 || buffer->foreign() || !buffer->device().is_host();
  if (shared || t.dtype() == DType::bfloat16 || t.dtype() == DType::string || t.size() == 0)
    return array_from_tensor(t);
  py::capsule owner(new BufferPtr(buffer), [](void* p) { delete static_cast<BufferPtr*>(p); });
  return py::array(py::reinterpret_steal<py::dtype>(numpy_dtype(t.dtype()).release()), t.shape().vec(), t.raw(), owner);
}

}  // namespace

py::object result_to_python(Value&& result) {
  if (!result.is_tensor()) return to_python(result);
  const Tensor t = result.as_tensor();
  result = {};
  return array_taking(t);
}

namespace {

// A conversion within another. What walks through Values later calls itself once per level, so that the depth is
// limited here.
class Level {
 public:
  Level() {
    if (++depth > kDeepest) {
      --depth;
      throw RecursionError("A list, tuple or dict nests deeper than ", int{kDeepest}, " levels, or contains itself.");
    }
  }
  ~Level() { --depth; }

 private:
  static constexpr int kDeepest = 500;
  static thread_local int depth;
};
thread_local int Level::depth = 0;

Value integer_value(PyObject* p) {
  int overflow = 0;
  long long v = PyLong_AsLongLongAndOverflow(p, &overflow);
  if (!overflow) {
    if (v == -1 && PyErr_Occurred()) throw py::error_already_set();
    return v;
  }
  const double wide = PyLong_AsDouble(p);
  if (wide == -1 && PyErr_Occurred()) throw py::error_already_set();  // OverflowError: beyond floating point too
  return wide;
}

// As Python's sequences take them: beyond 64 bits is beyond any end.
std::optional<int64_t> slice_part(py::handle slice, const char* name) {
  py::object v = slice.attr(name);
  if (v.is_none()) return {};
  if (!PyIndex_Check(v.ptr())) return to_value(v).as_int();
  const Py_ssize_t at = PyNumber_AsSsize_t(v.ptr(), nullptr);
  if (at == -1 && PyErr_Occurred()) throw py::error_already_set();
  return at;
}

// array.array, memoryview and the like; bytes are text.
bool is_buffer_of_numbers(PyObject* p) { return PyObject_CheckBuffer(p) && !PyBytes_Check(p) && !PyByteArray_Check(p); }

// What asarray() makes of an object; JAX' values within a function that it traces have none.
py::object array_of(py::handle h) {
  try {
    return modules().asarray(h);
  } catch (const py::error_already_set&) {
    const std::string type = py::str(py::type::of(h)), home = py::str(py::type::of(h).attr("__module__"));
    if (!home.starts_with("jax")) throw;
    throw TypeError(
        "JAX is tracing a function (jax.jit, jax.grad or the like) and asks an op of Lamina's for its result; "
        "it cannot look into Lamina. Use keras.function instead of jax.jit, and keras.GradientTape, keras.grad "
        "or keras.value_and_grad for gradients. Received: ",
        type);
  }
}

}  // namespace

void check_integer_size(py::handle h) {
  int overflow = 0;
  if (PyLong_CheckExact(h.ptr()) && (PyLong_AsLongLongAndOverflow(h.ptr(), &overflow), overflow))
    throw OverflowError(
        "A Python integer that does not fit into 64 bits. Give it as a float, or convert it with a float dtype first.");
}

Value to_value(py::handle h) {
  PyObject* p = h.ptr();
  if (p == Py_None) return {};
  if (PyBool_Check(p)) return p == Py_True;
  if (PyLong_CheckExact(p)) return integer_value(p);
  if (PyFloat_CheckExact(p)) return PyFloat_AS_DOUBLE(p);
  if (PyUnicode_Check(p)) return h.cast<std::string>();
  if (PyBytes_Check(p)) return string_from(p);
  if (py::isinstance<Tensor>(h)) return h.cast<const Tensor&>();
  if (py::isinstance<Variable>(h)) return h.cast<const Variable&>().value();
  if (PyTuple_Check(p)) {
    const Level level;
    List out;
    for (py::handle item : py::reinterpret_borrow<py::tuple>(h)) out.push_back(to_value(item));
    if (PyTuple_CheckExact(p) || !py::hasattr(h, "_fields")) return Value::tuple(std::move(out));
    return Tuple{std::move(out), std::make_shared<Foreign>(py::type::of(h))};
  }
  if (PyList_Check(p)) {
    const Level level;
    List out;
    for (py::handle item : py::reinterpret_borrow<py::list>(h)) out.push_back(to_value(item));
    return out;
  }
  if (PyDict_Check(p)) {
    const Level level;
    Dict out;
    for (auto item : py::reinterpret_borrow<py::dict>(h))
      out.set(py::str(item.first).cast<std::string>(), to_value(item.second));
    return out;
  }
  if (PySlice_Check(p)) return SliceValue{slice_part(h, "start"), slice_part(h, "stop"), slice_part(h, "step")};
  if (p == Py_Ellipsis) return Ellipsis{};
  if (py::isinstance<Object>(h)) {
    Object& o = h.cast<Object&>();
    return Value(o.self());
  }
  if (py::isinstance<ObjectBox>(h)) return Value(h.cast<const ObjectBox&>().pointer);
  const Modules& m = modules();
  if (py::isinstance(h, m.ndarray)) return tensor_from_array(h, false);
  if (py::isinstance(h, m.generic)) return tensor_from_array(m.asarray(h), false);
  if (py::isinstance(h, m.dtype)) return h.attr("name").cast<std::string>();
  if (PyLong_Check(p)) return integer_value(p);
  if (PyFloat_Check(p)) return PyFloat_AsDouble(p);
  if (PyType_Check(p)) {
    if (p == reinterpret_cast<PyObject*>(&PyFloat_Type)) return Value(name_of(settings().floatx()));
    if (p == reinterpret_cast<PyObject*>(&PyLong_Type)) return "int32";
    if (p == reinterpret_cast<PyObject*>(&PyBool_Type)) return "bool";
    if (p == reinterpret_cast<PyObject*>(&PyUnicode_Type)) return "string";
    const int numpy_type = PyObject_IsSubclass(p, m.generic.ptr());
    if (numpy_type < 0) throw py::error_already_set();
    if (numpy_type == 1) return m.dtype(h).attr("name").cast<std::string>();
  }
  if (PySequence_Check(p) && py::hasattr(h, "__len__") && py::hasattr(h, "_is_lamina_container"))
    return to_value(py::list(py::reinterpret_borrow<py::object>(h)));
  if (!PyType_Check(p)) {
    if (py::hasattr(h, "__array__") || py::hasattr(h, "__array_interface__") || is_buffer_of_numbers(p))
      return tensor_from_array(array_of(h), false);
    if (py::hasattr(h, "__dlpack__")) return tensor_from_array(m.numpy.attr("from_dlpack")(h), false);
  }
  if (py::hasattr(h, "_to_lamina_value")) {
    const Level level;
    return to_value(h.attr("_to_lamina_value")());
  }
  if (py::hasattr(h, "row_splits") && py::hasattr(h, "to_list")) {  // rows of different lengths, of TensorFlow
    const Level level;
    return to_value(h.attr("to_list")());
  }
  if (PyCallable_Check(p)) return Value(ObjectPtr(std::make_shared<PyCallable>(py::reinterpret_borrow<py::object>(h))));
  return Value(ObjectPtr(std::make_shared<Foreign>(py::reinterpret_borrow<py::object>(h))));
}

Value shared_value(py::handle h) {
  return py::isinstance(h, modules().ndarray) ? Value(tensor_from_array(h, true)) : to_value(h);
}

List to_list(const py::args& args) {
  List out;
  for (py::handle a : args) out.push_back(to_value(a));
  return out;
}
Dict to_dict(const py::kwargs& kwargs) {
  Dict out;
  for (auto item : kwargs) out.set(item.first.cast<std::string>(), to_value(item.second));
  return out;
}

py::object to_python(const Tensor& t) {
  if (!t.defined()) return py::none();
  if (t.shape_only()) return py::cast(SymbolicTensor(t));
  return py::cast(DataTensor(t));
}

py::object variable_to_python(const Variable& v) {
  if (!v.defined()) return py::none();
  // One Python object a variable while anyone holds it: identity matters to users (`v is w`, dict keys).
  static py::object* cache = new py::object(py::module_::import("weakref").attr("WeakValueDictionary")());
  py::object key = py::int_(v.state().id);
  py::object found = cache->attr("get")(key);
  if (!found.is_none()) return found;
  py::object cls = py::module_::import("lamina._core.tensors.variable").attr("Variable");
  py::object made = cls.attr("_wrap")(py::cast(v));
  cache->attr("__setitem__")(key, made);
  return made;
}

py::object object_to_python(const ObjectPtr& o) {
  if (!o) return py::none();
  if (auto f = std::dynamic_pointer_cast<PyCallable>(o)) return f->function;
  if (auto f = std::dynamic_pointer_cast<Foreign>(o)) return f->object;
  if (auto* holder = dynamic_cast<const FunctionAsObject*>(o.get())) return object_to_python(holder->held_function());
  if (auto* link = static_cast<Link*>(o->attachment.get()); link && link->self)
    return py::reinterpret_borrow<py::object>(link->self);
  return py::module_::import("lamina._core.builtin_classes")
      .attr("wrap")(py::cast(ObjectBox{o}), o->class_name(), o->module());
}

py::object to_python(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::none: return py::none();
    case Value::Kind::boolean: return py::bool_(v.as_bool());
    case Value::Kind::integer: return py::int_(v.as_int());
    case Value::Kind::real: return py::float_(v.as_number());
    case Value::Kind::string: return py::str(v.as_string());
    case Value::Kind::tensor: return to_python(v.as_tensor());
    case Value::Kind::list: {
      py::list out;
      for (const Value& item : v.as_list()) out.append(to_python(item));
      return out;
    }
    case Value::Kind::tuple: {
      const List& items = v.as_list();
      py::tuple out(items.size());
      for (size_t i = 0; i < items.size(); ++i) out[i] = to_python(items[i]);
      if (const ObjectPtr& type = v.as_tuple().type) return object_to_python(type).attr("_make")(out);
      return out;
    }
    case Value::Kind::dict: {
      py::dict out;
      for (const auto& [key, item] : v.as_dict()) out[py::str(key)] = to_python(item);
      return out;
    }
    case Value::Kind::object: return object_to_python(v.as_object());
    case Value::Kind::slice: {
      const SliceValue& s = v.as_slice();
      auto part = [](const std::optional<int64_t>& i) -> py::object {
        return i ? py::object(py::int_(*i)) : py::object(py::none());
      };
      py::object start = part(s.start), stop = part(s.stop), step = part(s.step);
      return py::reinterpret_steal<py::object>(PySlice_New(start.ptr(), stop.ptr(), step.ptr()));
    }
    case Value::Kind::ellipsis: return py::ellipsis();
  }
  return py::none();
}

}  // namespace lamina::bindings
