// Tensor, KerasTensor and Variable.
#include <pybind11/stl.h>

#include <array>
#include <map>

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/stateless.h"
#include "backends/ops/custom_gradient/custom_gradient.h"
#include "backends/ops/public/public_op.h"
#include "bindings/dlpack.h"
#include "bindings/user_class.h"
#include "layers/initializers/initializer.h"
#include "layers/layer.h"

namespace lamina::bindings {

namespace {

py::object run_op(const char* name, List args) {
  const OpInfo* op = find_op(name);
  if (!op) throw UnsupportedError("The op ", name, " is not available.");
  auto bound = bind_arguments(*op, std::move(args), {});
  return to_python(call_op(*op, bound));
}

py::tuple shape_tuple(const Shape& s) {
  py::tuple out(s.rank());
  for (int i = 0; i < s.rank(); ++i)
    out[i] = s[i] == Shape::kUnknown ? py::object(py::none()) : py::object(py::int_(s[i]));
  return out;
}

// What is to become a number of Python.
const Tensor& scalar(const Tensor& t) {
  if (t.shape().known() && t.shape().elements() != 1)
    throw TypeError("Only scalar arrays can be converted to Python scalars. Got: shape=", t.shape());
  return t;
}

void require_callable(py::handle h, const char* attribute, const char* example) {
  if (!h.is_none() && !PyCallable_Check(h.ptr()))
    throw ValueError("Invalid value for attribute `", attribute, "`. Expected a callable (such as a ", example,
                     ") or None. Received: ", attribute, "=", py::str(h).cast<std::string>());
}

// The one element as Python's int(): all 64 bits of integers; ValueError or OverflowError of NaN and infinity.
py::object python_int(const Tensor& t) {
  const double value = t.item();
  PyObject* out = t.dtype() == DType::int64    ? PyLong_FromLongLong(*t.data<int64_t>())
                  : t.dtype() == DType::uint64 ? PyLong_FromUnsignedLongLong(*t.data<uint64_t>())
                                               : PyLong_FromDouble(value);
  if (!out) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(out);
}

bool is_operand(py::handle h) {
  check_integer_size(h);
  return !PyUnicode_Check(h.ptr()) && h.ptr() != Py_None && !PyDict_Check(h.ptr());
}

// A tensor of a functional model that is being made, or a KerasTensor made by hand; within a layer's call() shapes
// alone have no history.
constexpr int kMadeByHand = -1;  // as history_index
bool is_recorded(py::handle h) {
  if (!py::isinstance<SymbolicTensor>(h)) return false;
  const auto* notes = h.cast<const Tensor&>().find_notes();
  return notes && (notes->history || notes->history_index == kMadeByHand);
}

// Keras reads &, | and ^ as logical between a functional model's tensors (their nodes are stored as LogicalAnd and so
// on) and for variables; between tensors they are the array's: bitwise for integers, logical for bools, a TypeError for
// floats.
bool takes_logical(py::handle h) { return is_recorded(h) || py::isinstance<Variable>(h); }

template <class C>
void add_operators(C& c) {
  static const std::pair<const char*, const char*> binary[] = {{"add", "add"},
                                                               {"sub", "subtract"},
                                                               {"mul", "multiply"},
                                                               {"truediv", "divide"},
                                                               {"floordiv", "floor_divide"},
                                                               {"mod", "mod"},
                                                               {"pow", "power"},
                                                               {"matmul", "matmul"},
                                                               {"lshift", "bitwise_left_shift"},
                                                               {"rshift", "bitwise_right_shift"}};
  for (auto [magic, op] : binary) {
    c.def((std::string("__") + magic + "__").c_str(), [op = op](py::object self, py::object other) -> py::object {
      if (!is_operand(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
      return run_op(op, {to_value(self), to_value(other)});
    });
    c.def((std::string("__r") + magic + "__").c_str(), [op = op](py::object self, py::object other) -> py::object {
      if (!is_operand(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
      return run_op(op, {to_value(other), to_value(self)});
    });
  }
  static const std::array<const char*, 3> bits[] = {
      {"and", "logical_and", "bitwise_and"}, {"or", "logical_or", "bitwise_or"}, {"xor", "logical_xor", "bitwise_xor"}};
  for (auto [magic, logical, bitwise] : bits) {
    c.def((std::string("__") + magic + "__").c_str(),
          [logical, bitwise](py::object self, py::object other) -> py::object {
            if (!is_operand(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
            return run_op(takes_logical(self) || is_recorded(other) ? logical : bitwise,
                          {to_value(self), to_value(other)});
          });
    c.def((std::string("__r") + magic + "__").c_str(),
          [logical, bitwise](py::object self, py::object other) -> py::object {
            if (!is_operand(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
            return run_op(takes_logical(self) ? logical : bitwise, {to_value(other), to_value(self)});
          });
  }
  static const std::pair<const char*, const char*> compare[] = {{"__eq__", "equal"},   {"__ne__", "not_equal"},
                                                                {"__lt__", "less"},    {"__le__", "less_equal"},
                                                                {"__gt__", "greater"}, {"__ge__", "greater_equal"}};
  for (auto [magic, op] : compare)
    c.def(magic, [op = op, magic = magic](py::object self, py::object other) -> py::object {
      if (!is_operand(other)) {
        bool ne = std::string_view(magic) == "__ne__";
        if (ne || std::string_view(magic) == "__eq__") return py::bool_(ne);
        return py::reinterpret_borrow<py::object>(Py_NotImplemented);
      }
      return run_op(op, {to_value(self), to_value(other)});
    });
  c.def("__neg__", [](py::object self) { return run_op("negative", {to_value(self)}); });
  c.def("__pos__", [](py::object self) { return self; });
  c.def("__abs__", [](py::object self) { return run_op("abs", {to_value(self)}); });
  c.def("__invert__",
        [](py::object self) { return run_op(is_recorded(self) ? "logical_not" : "bitwise_not", {to_value(self)}); });
  c.def(
      "__round__",
      [](py::object self, py::object digits) {
        return run_op("round", {to_value(self), digits.is_none() ? Value(0) : to_value(digits)});
      },
      py::arg("ndigits") = py::none());
  c.def("__getitem__", [](py::object self, py::object key) {
    return run_op("get_item", {to_value(self), to_value(key)});
  });
}

Tensor initial_value(py::handle h, py::object shape, std::optional<DType> dtype) {
  EagerScope eager;
  Value v = to_value(h);
  if (v.is_string() || (v.is_object() && (v.object_as<Initializer>() || v.object_as<Callable>())) ||
      is_serialized_object(v)) {
    if (shape.is_none())
      throw ValueError(
          "When creating a Variable from an initializer, the `shape` argument should be specified. Received: "
          "initializer=",
          v.repr(), " and shape=None");
    return (*InitializerRef::from(v))(to_value(shape).as_shape(), dtype);
  }
  Operand o = value_to<Operand>(v);
  DType type = dtype ? *dtype
               : (o.is_scalar() || is_float(o.dtype())) && !(v.is_int() || v.is_bool())
                   ? (py::isinstance<Tensor>(h) || py::hasattr(h, "dtype") ? o.dtype() : o.dtype())
                   : o.dtype();
  return o.as(type);
}

}  // namespace

// One symbolic tensor: the same output of the same call, however often it was looked up.
static bool same_symbol(const Tensor& a, const Tensor& b) {
  const auto *x = a.find_notes(), *y = b.find_notes();
  return a.same(b) || (x && y && x->history && x->history == y->history && x->history_index == y->history_index);
}

// The dtype of a tensor with values: its name, which has a `name` as NumPy's dtypes have.
static py::object dtype_of_values(DType dtype) {
  static auto* made = new std::map<DType, py::object>;  // never freed: the interpreter may be gone at the end
  py::object& found = (*made)[dtype];
  if (!found)
    found = py::module_::import("lamina._core.values.dtype_name").attr("DTypeName")(std::string(name_of(dtype)));
  return found;
}

void bind_tensor(py::module_& m) {
  py::class_<Tensor> base(m, "TensorBase", "What tensors with data and symbolic tensors have in common.");
  base.def_property_readonly("shape", [](const Tensor& t) { return shape_tuple(t.shape()); })
      .def_property_readonly("dtype", [](const Tensor& t) { return std::string(name_of(t.dtype())); })
      .def_property_readonly("ndim", &Tensor::rank)
      .def_property_readonly("size", &Tensor::size)
      .def_property(
          "_keras_mask", [](const Tensor& t) { return to_python(t.mask()); },
          [](const Tensor& t, py::object mask) { t.set_mask(mask.is_none() ? Tensor() : to_value(mask).as_tensor()); })
      .def("__hash__", [](const Tensor& t) { return reinterpret_cast<intptr_t>(t.node()) >> 4; })
      .def("_same", [](const Tensor& a, const Tensor& b) { return a.same(b); });
  base.attr("__array_priority__") = 100;
  add_operators(base);

  py::class_<DataTensor, Tensor> data(
      m, "Tensor", py::buffer_protocol(),
      "An immutable array on an engine. Convert with numpy.asarray(t); all of keras.ops take it.");
  data.def_property_readonly("dtype", [](const Tensor& t) { return dtype_of_values(t.dtype()); });
  data.def("__repr__",
           [](const Tensor& t) {
             if (!t.has_data()) return text("<Tensor shape=", t.shape(), ", dtype=", t.dtype(), ", traced>");
             return text("<Tensor shape=", t.shape(), ", dtype=", t.dtype(),
                         ", values=", py::str(array_from_tensor(t)).cast<std::string>(), ">");
           })
      .def(
          "__array__",
          [](const Tensor& t, py::object dtype, py::object copy) -> py::object {
            py::object a = array_from_tensor(t);
            return dtype.is_none() ? a : py::object(a.attr("astype")(dtype));
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def("numpy", [](const Tensor& t) { return array_from_tensor(t); })
      .def("tolist", [](const Tensor& t) -> py::object { return array_from_tensor(t).attr("tolist")(); })
      .def("__float__", [](const Tensor& t) { return scalar(t).item(); })
      .def("__int__", [](const Tensor& t) { return python_int(scalar(t)); })
      .def("__index__",
           [](const Tensor& t) {
             if (is_float(t.dtype()) || t.size() != 1)
               throw TypeError("Only integer scalar tensors can be converted to an index, received ", t.spec(), ".");
             return python_int(t);
           })
      .def("__bool__",
           [](const Tensor& t) {
             if (t.size() != 1)
               throw ValueError(
                   "The truth value of a tensor with more than one element is ambiguous. Use ops.any() or ops.all().");
             return t.item() != 0;
           })
      .def("__len__",
           [](const Tensor& t) {
             if (t.rank() == 0) throw TypeError("len() of a scalar tensor.");
             return t.shape()[0];
           })
      .def("__iter__",
           [](py::object self) {
             const Tensor& t = self.cast<const Tensor&>();
             if (t.rank() == 0) throw TypeError("Iteration over a scalar tensor.");
             py::list items;
             for (int64_t i = 0; i < t.shape()[0]; ++i) items.append(run_op("get_item", {to_value(self), Value(i)}));
             return py::iter(items);
           })
      .def_buffer([](DataTensor& t) {
        if (t.dtype() == DType::string) throw py::buffer_error("A tensor of strings has no buffer of numbers.");
        return py::buffer(array_from_tensor(t)).request(true);
      })  // a copy, as __array__: the tensor stays as it is
      .def("__deepcopy__", [](py::object self, py::object) { return self; })
      .def("__copy__", [](py::object self) { return self; })
      .def("__reduce__", [](const Tensor& t) {
        return py::make_tuple(py::module_::import("lamina").attr("ops").attr("convert_to_tensor"),
                              py::make_tuple(array_from_tensor(t)));
      });

  add_dlpack(data);
  m.def(
      "has_data", [](const Tensor& t) { return t.has_data(); },
      "Whether the values can be read: not of symbolic and of traced tensors.");

  py::class_<SymbolicTensor, Tensor> symbolic(m, "KerasTensor",
                                              "A tensor of a functional model: shape and dtype, no values.");
  symbolic
      .def(py::init(
               [](py::object shape, py::object dtype, bool sparse, bool ragged, bool record_history, py::object name) {
                 if (sparse || ragged) throw ValueError("KerasTensor: sparse and ragged tensors are not supported.");
                 Tensor made = symbolic_tensor(to_value(shape).as_shape(), parse_dtype(to_value(dtype).as_string()),
                                               name.is_none() ? "" : name.cast<std::string>());
                 if (record_history) made.notes().history_index = kMadeByHand;
                 return SymbolicTensor(std::move(made));
               }),
           py::arg("shape"), py::arg("dtype") = "float32", py::arg("sparse") = false, py::arg("ragged") = false,
           py::arg("record_history") = true, py::arg("name") = py::none())
      .def_property(
          "name", [](const Tensor& t) { return t.find_notes() ? t.find_notes()->name : std::string(); },
          [](const Tensor& t, const std::string& n) { t.notes().name = n; })
      .def_property_readonly("sparse", [](const Tensor&) { return false; })
      .def_property_readonly("ragged", [](const Tensor&) { return false; })
      .def_property_readonly("ragged_rank", [](const Tensor&) { return py::none(); })
      .def_property_readonly("row_splits_dtype", [](const Tensor&) { return py::none(); })
      .def_property_readonly("_keras_history",
                             [](const Tensor& t) -> py::object {
                               if (!t.find_notes() || !t.find_notes()->history)
                                 throw AttributeError("This KerasTensor has no history: no operation made it.");
                               const auto& n = t.find_notes()->history;
                               return py::module_::import("lamina._core.symbolic")
                                   .attr("KerasHistory")(object_to_python(n->operation), n->index,
                                                         t.find_notes()->history_index);
                             })
      .def("__repr__",
           [](const Tensor& t) {
             return text("<KerasTensor shape=", t.shape(), ", dtype=", t.dtype(),
                         ", sparse=False, ragged=False, name=", t.find_notes() ? t.find_notes()->name : "", ">");
           })
      .def("__array__",
           [](const Tensor&, py::args, py::kwargs) -> py::object {
             throw ValueError(
                 "A KerasTensor is symbolic: it's a placeholder for a shape an a dtype. It doesn't have any actual "
                 "numerical value. You cannot convert it to a NumPy array.");
           })
      .def("__eq__",
           [](const Tensor& a, py::handle b) {
             return py::isinstance<SymbolicTensor>(b) && same_symbol(a, b.cast<const Tensor&>());
           })
      .def("__hash__",
           [](const Tensor& t) {
             const auto* notes = t.find_notes();
             const void* origin = notes && notes->history ? static_cast<const void*>(notes->history.get()) : t.node();
             return static_cast<intptr_t>(reinterpret_cast<intptr_t>(origin) >> 4) + (notes ? notes->history_index : 0);
           })
      .def("__bool__",
           [](const Tensor&) -> bool { throw TypeError("A symbolic KerasTensor cannot be used as a boolean."); })
      .def("__int__",
           [](const Tensor&) -> int {
             throw TypeError("A symbolic KerasTensor has no value; it cannot be converted to an int.");
           })
      .def("__float__",
           [](const Tensor&) -> double {
             throw TypeError("A symbolic KerasTensor has no value; it cannot be converted to a float.");
           })
      .def("__iter__",
           [](const Tensor&) -> py::object {
             throw UnsupportedError("Iterating over a symbolic KerasTensor is not supported.");
           })
      .def("__deepcopy__", [](py::object self, py::object) { return self; });

  py::class_<Variable> variable(m, "VariableCore", "The C++ side of a variable.");
  variable.attr("__array_priority__") = 100;
  add_operators(variable);
  variable.def(py::init<const Variable&>())
      .def_property_readonly("ndim", [](const Variable& v) { return v.shape().rank(); })
      .def("numpy", [](const Variable& v) { return array_from_tensor(v.value()); })
      .def(
          "__array__",
          [](const Variable& v, py::object dtype, py::object copy) -> py::object {
            py::object a = array_from_tensor(v.value());
            return dtype.is_none() ? a : py::object(a.attr("astype")(dtype));
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def("__float__", [](const Variable& v) { return scalar(v.value()).item(); })
      .def("__int__", [](const Variable& v) { return python_int(scalar(v.value())); })
      .def("__bool__",
           [](const Variable& v) {
             if (v.shape().elements() != 1)
               throw TypeError("A Keras Variable cannot be used as a boolean. Use ops.any() or ops.all().");
             return v.value().item() != 0;
           })
      .def("__hash__", [](const Variable& v) { return v.state().id; })
      .def_static("make",
                  [](py::handle initializer, py::object shape, py::object dtype, bool trainable, bool autocast,
                     const std::string& aggregation, py::object name) {
                    std::optional<DType> type;
                    if (!dtype.is_none()) type = parse_dtype(to_value(dtype).as_string());
                    Variable::Options o;
                    o.name = name.is_none() ? auto_name("variable") : name.cast<std::string>();
                    o.trainable = trainable;
                    o.autocast = autocast;
                    o.aggregation = aggregation;
                    Variable v(initial_value(initializer, shape, type), o);
                    std::string at = NameScope::current();
                    v.state().path = at.empty() ? o.name : at + "/" + o.name;
                    return v;
                  })
      .def_property(
          "name", [](const Variable& v) { return v.name(); },
          [](const Variable& v, const std::string& n) { v.state().name = n; })
      .def_property(
          "path", [](const Variable& v) { return v.path(); },
          [](const Variable& v, const std::string& n) { v.state().path = n; })
      .def_property_readonly("shape", [](const Variable& v) { return shape_tuple(v.shape()); })
      .def_property_readonly(
          "dtype",
          [](const Variable& v) {
            auto cast = AutocastScope::current();
            return std::string(name_of(cast && v.state().autocast && is_float(v.dtype()) ? *cast : v.dtype()));
          })
      .def_property_readonly("stored_dtype", [](const Variable& v) { return std::string(name_of(v.dtype())); })
      .def_property("trainable", &Variable::trainable, [](const Variable& v, bool t) { v.set_trainable(t); })
      .def_property(
          "autocast", [](const Variable& v) { return v.state().autocast; },
          [](const Variable& v, bool t) { v.state().autocast = t; })
      .def_property(
          "aggregation", [](const Variable& v) { return v.state().aggregation; },
          [](const Variable& v, const std::string& a) { v.state().aggregation = a; })
      .def_property(
          "overwrite_with_gradient", [](const Variable& v) { return v.state().overwrite_with_gradient; },
          [](const Variable& v, py::handle t) {
            if (!PyBool_Check(t.ptr()))
              throw TypeError("`overwrite_with_gradient` must be a boolean. Received: ",
                              py::str(t).cast<std::string>());
            v.state().overwrite_with_gradient = t.ptr() == Py_True;
          })
      .def_property(
          "regularizer", [](const Variable& v) { return object_to_python(v.state().regularizer); },
          [](const Variable& v, py::object r) {
            require_callable(r, "regularizer", "keras.regularizers.Regularizer");
            v.state().regularizer = RegularizerRef::from(to_value(r)).pointer();
          })
      .def_property(
          "constraint", [](const Variable& v) { return object_to_python(v.state().constraint); },
          [](const Variable& v, py::object c) {
            require_callable(c, "constraint", "keras.constraints.Constraint");
            v.state().constraint = ConstraintRef::from(to_value(c)).pointer();
          })
      .def_property_readonly("value", [](const Variable& v) { return to_python(v.value()); })
      .def_property_readonly("id", [](const Variable& v) { return v.state().id; })
      .def("assign",
           [](const Variable& v, py::handle value) {
             Operand o = value_to<Operand>(to_value(value));
             Tensor t = o.as(o.is_scalar() ? v.dtype() : o.dtype());
             v.assign(t);
           })
      .def("assign_add",
           [](const Variable& v, py::handle value) {
             Operand o = value_to<Operand>(to_value(value));
             v.assign_add(o.as(v.dtype()));
           })
      .def("assign_sub", [](const Variable& v, py::handle value) {
        Operand o = value_to<Operand>(to_value(value));
        v.assign_sub(o.as(v.dtype()));
      });

  py::class_<StatelessScope, std::shared_ptr<StatelessScope>>(m, "StatelessValues")
      .def(py::init<>())
      .def("set", [](StatelessScope& s, const Variable& v,
                     py::handle value) { s.set(v, value_to<Operand>(to_value(value)).as(v.dtype())); })
      .def("get",
           [](const StatelessScope& s, const Variable& v) -> py::object {
             Tensor value = s.get(v);
             return value.defined() ? to_python(value) : py::none();
           })
      .def("enter", &StatelessScope::enter)
      .def("leave", &StatelessScope::leave);
  m.def("in_stateless_scope", [] { return stateless_scope() != nullptr; });

  py::class_<TapeScope, std::unique_ptr<TapeScope>>(m, "TapeScope");
  m.def("new_tape", [] { return std::make_unique<TapeScope>(); });
  m.def("gradients", [](py::handle outputs, py::handle sources, py::handle output_grads) {
    Tensors outs = flatten_tensors(to_value(outputs)), seeds;
    if (!output_grads.is_none()) seeds = flatten_tensors(to_value(output_grads));
    std::vector<GradientSource> from;
    for (py::handle s : sources) {
      if (py::isinstance<Variable>(s))
        from.emplace_back(s.cast<const Variable&>());
      else
        from.emplace_back(s.cast<const Tensor&>());
    }
    py::list out;
    for (const Tensor& g : gradients(outs, from, seeds)) out.append(to_python(g));
    return out;
  });
  m.def("custom_gradient", [](py::handle sources, py::handle results, py::object rule) {
    auto function = std::dynamic_pointer_cast<Callable>(to_value(rule).as_object());
    for (const Tensor& t : flatten_tensors(to_value(sources)))
      if (t.symbolic())
        throw TypeError(
            "A function with a custom gradient was called with a symbolic tensor of a functional model, which records "
            "layers and ops alone. Call it in the call() of a layer, or wrap it in a Lambda layer.");
    const Tensors out = prim::custom_gradient(flatten_tensors(to_value(sources)), flatten_tensors(to_value(results)),
                                              [function](std::span<const Tensor>, const Tensors& gradients) {
                                                const Value given =
                                                    (*function)({Value(List(gradients.begin(), gradients.end()))});
                                                Tensors all;
                                                for (const Value& g : given.as_list())
                                                  all.push_back(g.is_none() ? Tensor() : g.as_tensor());
                                                return all;
                                              });
    return to_python(Value(List(out.begin(), out.end())));
  });
  m.def("load_numpy", load_numpy);
  m.def("tensor_from_array", [](py::handle a, bool share) { return to_python(tensor_from_array(a, share)); });
}

}  // namespace lamina::bindings
