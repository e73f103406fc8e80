#pragma once
// Python objects to Values and back; the one place where the two worlds meet.
#include <pybind11/pybind11.h>

#include "backends/core/object.h"
#include "backends/core/variable.h"

namespace py = pybind11;

namespace lamina::bindings {

// Tensors as Python sees them: data (or traced) and symbolic ones are two classes with one base.
struct DataTensor : Tensor {
  using Tensor::Tensor;
  explicit DataTensor(const Tensor& t) : Tensor(t) {}
};
struct SymbolicTensor : Tensor {
  using Tensor::Tensor;
  explicit SymbolicTensor(const Tensor& t) : Tensor(t) {}
};

// Numbers, strings, containers, arrays (NumPy's or anything with the buffer protocol or __array__), tensors, variables
// (their value), lamina's objects, functions (as Callable), dtypes (as their name); anything else is carried as it is.
Value to_value(py::handle h);
// OverflowError for a Python integer that 64 bits do not hold: as an operand it would silently become a float.
void check_integer_size(py::handle h);
Value shared_value(py::handle h);  // the same, but that a tensor for an array may lie in the array's memory: for what
                                   // is used up at once
py::object to_python(const Value& v);
py::object to_python(const Tensor& t);
py::object variable_to_python(const Variable& v);
py::object object_to_python(const ObjectPtr& o);
List to_list(const py::args& args);
Dict to_dict(const py::kwargs& kwargs);

// Looks up what conversions need of NumPy; without it the first one does.
void load_numpy();
// An array as a tensor: shares the memory if it is contiguous, aligned and read-only use is safe, else copies.
Tensor tensor_from_array(py::handle array, bool share);
py::object array_from_tensor(const Tensor& t);  // a copy
// A model's result: one tensor becomes an array, whose memory is the tensor's if nobody else has it; a structure of
// tensors stays one.
py::object result_to_python(Value&& result);

// A Python object that C++ only carries.
class Foreign final : public Object {
 public:
  explicit Foreign(py::object o) : object(std::move(o)) {}
  ~Foreign() override;
  std::string class_name() const override { return "object"; }
  Dict get_config() const override { return {}; }
  std::string repr() const override;
  py::object object;
};

// A Python callable.
class PyCallable final : public Callable {
 public:
  explicit PyCallable(py::object f) : function(std::move(f)) {}
  ~PyCallable() override;
  Value call(List args, Dict kwargs) override;
  Value call_on_text(const Tensor& strings) override;  // as an array of NumPy's own strings
  std::string function_name() const override;
  std::vector<std::string> arguments() const override;
  std::string module() const override { return "builtins"; }
  std::string registered_name() const override;
  std::string repr() const override;
  void extend_serialized(Dict& out) const override;  // a lambda has no name: files hold its code
  py::object function;
};

// A pointer by which C++ holds a Python-owned object: it keeps the Python object alive.
ObjectPtr owning_pointer(py::handle self, Object* raw);

// Passed to a wrapper's constructor to wrap an existing object.
struct ObjectBox {
  ObjectPtr pointer;
};

void bind_tensor(py::module_& m);
void bind_objects(py::module_& m);
void bind_layers(py::module_& m);
void bind_models(py::module_& m);
void bind_ops(py::module_& m);
void bind_descriptions(py::module_& m);
void bind_recurrence(py::module_& m);
void bind_settings(py::module_& m);

}  // namespace lamina::bindings
