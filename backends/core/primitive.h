#pragma once
// A primitive op is data: attributes, a shape rule and a gradient rule. Engines call apply(op, inputs); a new primitive
// edits no engine. Its kernels register beside it (kernel.h).
//
// To add one: derive from Primitive, list the attributes, write infer() and vjp() (in terms of prim:: functions, so the
// rule serves both engines and higher derivatives), and register at least a reference kernel.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "backends/core/tensor.h"

namespace lamina {

// Collects a primitive's attributes as text: the key for equality and caching, and what dump() prints.
class Attributes {
 public:
  template <class T>
  Attributes& operator()(std::string_view name, const T& value) {
    text_ += text_.empty() ? "" : " ";
    text_ += name;
    text_ += '=';
    append_text(text_, value);
    return *this;
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

// What a gradient rule is given.
struct VjpContext {
  std::span<const Tensor> inputs;
  std::span<const Tensor> outputs;
  std::span<const Tensor> grads;  // one per output; undefined where nothing depends on that output
  std::span<const char> needed;   // one per input: whether its gradient is used (others may stay undefined)
};

class SavingPrimitive;

// The base of all primitive ops. Immutable, and shared between threads.
class Primitive {
 public:
  virtual ~Primitive() = default;

  virtual std::string_view name() const = 0;
  virtual void attributes(Attributes&) const {}
  // Shapes and dtypes of the outputs; ValueError/TypeError if the inputs do not fit. Inputs may hold unknown sizes.
  virtual std::vector<TensorSpec> infer(std::span<const TensorSpec> inputs) const = 0;
  // Gradients for the inputs (undefined = zero). Not called when differentiable() is false.
  virtual Tensors vjp(const VjpContext&) const { return {}; }
  virtual bool differentiable() const { return true; }
  // The output is input 0 under another shape: engines share the storage and run no kernel.
  virtual bool alias() const { return false; }
  // Strings may be among the inputs and outputs: the op moves elements as they are, or reads them as Text.
  virtual bool takes_strings() const { return false; }
  // The owner of the strings that outputs point to and no input does.
  virtual std::shared_ptr<const void> strings_owner() const { return nullptr; }
  // This op as one that can give what its gradient needs beside its results (subfunction.h), or null.
  virtual const SavingPrimitive* saving() const { return nullptr; }

  const std::string& key() const;  // name and attributes, computed once
  size_t hash() const;

 protected:
  Primitive() = default;
  Primitive(const Primitive&) = default;

 private:
  mutable std::string key_;
  mutable size_t hash_ = 0;
};

using Op = std::shared_ptr<const Primitive>;

// The op as a P, or null. A look at the type, where dynamic_cast walks the classes: passes ask this of every node,
// several times.
template <class P>
const P* op_as(const Primitive* op) {
  static_assert(std::is_final_v<P>, "other classes need dynamic_cast");
  return op && typeid(*op) == typeid(P) ? static_cast<const P*>(op) : nullptr;
}

// Builds an op with its key ready, so that sharing it between threads is safe.
template <class P, class... Args>
Op make_op(Args&&... args) {
  auto op = std::make_shared<const P>(std::forward<Args>(args)...);
  op->hash();
  return op;
}

// The specs of an op's results. TypeError if there are strings among them or the inputs and the op takes none.
std::vector<TensorSpec> infer_checked(const Primitive& op, std::span<const TensorSpec> inputs);

// Runs, records or infers, depending on the inputs and on whether a trace is open. Errors name the primitive.
Tensors apply(const Op& op, std::span<const Tensor> inputs);
Tensor apply1(const Op& op, std::span<const Tensor> inputs);  // for primitives with one output
inline Tensor apply1(const Op& op, std::initializer_list<Tensor> inputs) {
  return apply1(op, std::span<const Tensor>(inputs.begin(), inputs.size()));
}
// The outputs of an op: run, recorded or made symbolic by whoever is in charge of the inputs.
inline Tensors apply(const Op& op, std::initializer_list<Tensor> inputs) {
  return apply(op, std::span<const Tensor>(inputs.begin(), inputs.size()));
}

}  // namespace lamina
