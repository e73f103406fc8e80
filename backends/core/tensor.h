#pragma once
// Tensor: an immutable value with a shape and a dtype, and one of
//   data        computed by the eager engine, contiguous and row-major;
//   a trace     a place in the graph being recorded;
//   neither     shape-only: a spec (shape inference) or a symbolic tensor of a functional model (Keras' KerasTensor).
// Copying a Tensor copies a pointer. Layers cannot tell which kind they see.
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/core/buffer.h"
#include "backends/core/dtype.h"
#include "backends/core/error.h"
#include "backends/core/shape.h"

namespace lamina {

struct TensorSpec {
  Shape shape;
  DType dtype = DType::float32;
  bool operator==(const TensorSpec&) const = default;
};
// Of a tensor in memory. ValueError if a size is unknown or the count does not fit in memory addresses.
size_t bytes_of(const Shape& shape, DType dtype);
inline size_t bytes_of(const TensorSpec& spec) { return bytes_of(spec.shape, spec.dtype); }
inline void append_text(std::string& out, const TensorSpec& spec) {
  append_text(out, spec.dtype), append_text(out, spec.shape);
}

class Tensor;
class Object;
struct Producer;  // which primitive made a tensor, from what (autodiff.h)

// What only a few tensors carry.
struct TensorNotes;

// What tensors point to. Shared by copies of a tensor, and never changed once others may see it.
struct TensorNode {
  Shape shape;
  DType dtype = DType::float32;
  BufferPtr buffer;                    // data
  uint64_t trace = 0;                  // id of the trace that holds it, 0 if none
  int value = -1;                      // its place there
  int output = 0;                      // which output of the producer
  std::shared_ptr<Producer> producer;  // kept while a gradient may be asked for
  uint64_t variable = 0;               // id of the variable it was read from
  std::unique_ptr<TensorNotes> notes;

  TensorNode() = default;
  TensorNode(const Shape& s, DType d) : shape(s), dtype(d) {}
  ~TensorNode();
};

// See the head of this file. Equal copies share their data; reading is safe from any thread.
class Tensor {
 public:
  Tensor() = default;  // undefined: "no tensor", a zero gradient
  explicit Tensor(std::shared_ptr<TensorNode> node) : node_(std::move(node)) {}

  // Uninitialised data, to be filled through mutable_data() before anyone else sees the tensor. Of strings: empty ones.
  static Tensor empty(const Shape& shape, DType dtype);
  static Tensor from_bytes(const void* bytes, const Shape& shape, DType dtype);  // copies
  static Tensor spec_only(const Shape& shape, DType dtype);
  static Tensor empty_on(Device device, const Shape& shape, DType dtype);
  static Tensor on(BufferPtr buffer, const Shape& shape, DType dtype);
  template <class T>
  static Tensor of(const std::vector<T>& values, const Shape& shape) {
    if (shape.elements() != static_cast<int64_t>(values.size()))
      throw ValueError("A tensor of shape ", shape, " takes ", shape.elements(), " values, received ", values.size(),
                       ".");
    Tensor out = empty(shape, dtype_of<T>);
    T* to = out.mutable_data<T>();
    for (size_t i = 0; i < values.size(); ++i) to[i] = values[i];
    return out;
  }
  static Tensor of(std::vector<std::string> values, const Shape& shape);  // which the tensor owns
  template <class T>
  static Tensor of(const std::vector<T>& values) {
    return of(values, Shape{static_cast<int64_t>(values.size())});
  }
  template <class T>
  static Tensor scalar(T value) {
    return from_bytes(&value, {}, dtype_of<T>);
  }
  static Tensor scalar_of(double value, DType dtype);  // converts

  bool defined() const { return node_ != nullptr; }
  explicit operator bool() const = delete;
  // Of an undefined tensor, these and all below are a ValueError.
  const Shape& shape() const { return known().shape; }
  DType dtype() const { return known().dtype; }
  TensorSpec spec() const { return {known().shape, node_->dtype}; }
  int rank() const { return known().shape.rank(); }
  int64_t size() const { return known().shape.elements(); }
  size_t bytes() const { return bytes_of(shape(), dtype()); }

  bool has_data() const { return known().buffer != nullptr; }
  bool traced() const { return known().trace != 0; }
  bool shape_only() const { return !has_data() && !traced(); }
  bool symbolic() const;  // shape-only and recording: public ops and layers called on it become nodes

  // Data access, on the host; RuntimeError if the tensor has none (symbolic, or inside a trace). Of a tensor on another
  // device raw() makes a copy that the tensor keeps, and mutable_raw() is a RuntimeError.
  const void* raw() const;
  void* mutable_raw() const;
  template <class T>
  const T* data() const {
    if (dtype() != dtype_of<T>) throw TypeError("This tensor holds ", dtype(), " values, asked for ", dtype_of<T>, ".");
    return static_cast<const T*>(raw());
  }
  template <class T>
  T* mutable_data() const {
    data<T>();  // checks the dtype
    return static_cast<T*>(mutable_raw());
  }
  double item() const;                           // the one value, as double; ValueError if there are several
  double at(int64_t flat) const;                 // any dtype of numbers, converted
  std::string_view text_at(int64_t flat) const;  // of a tensor of strings; lives as long as the tensor
  std::vector<std::string> strings() const;      // all of them
  template <class T>
  std::vector<T> to_vector() const {
    const T* from = data<T>();
    return std::vector<T>(from, from + size());
  }

  // The Keras mask that travels with this tensor (bool, the leading axes of shape), or undefined.
  Tensor mask() const;
  void set_mask(const Tensor& mask) const;
  TensorNotes& notes() const;  // created on demand
  const TensorNotes* find_notes() const { return known().notes.get(); }

  TensorNode* node() const { return node_.get(); }
  const std::shared_ptr<TensorNode>& pointer() const { return node_; }
  bool same(const Tensor& other) const { return node_ == other.node_; }
  std::string str() const;  // dtype and shape, and the values if there are few

 private:
  TensorNode& known() const {
    if (!node_) [[unlikely]]
      undefined();
    return *node_;
  }
  [[noreturn]] static void undefined();

  std::shared_ptr<TensorNode> node_;
};

// A symbolic tensor's origin: output `index` of a node (layers/node.h).
struct Node;
// What a tensor was computed as, where a later op may want to start from there instead (backends/ops/public/stable.h).
enum class Origin : uint8_t { unknown, exp, sigmoid, softmax, one_plus, one_plus_exp };

// What only a few tensors carry: a mask, a place in a functional model, a name.
struct TensorNotes {
  Tensor mask;
  Origin origin = Origin::unknown;
  int origin_axis = 0;  // of softmax
  Tensor origin_input;  // see with_origin()
  bool symbolic = false;
  std::shared_ptr<Node> history;
  int history_index = 0;
  std::string name;
  std::shared_ptr<void> attachment;  // for bindings
};

using Tensors = std::vector<Tensor>;

// `to` was filled with elements of `from`: it keeps the text of strings alive. Nothing to do for numbers.
void keep_text(const Tensor& to, const Tensor& from);

}  // namespace lamina
