#pragma once
// How C++ programs name Keras' classes: layers::LSTM({.units = 64}, {.name = "encoder"}),
// optimizers::Adam({.learning_rate = 1e-3}), losses::Huber(). Each is a shared pointer to a new object of that class;
// copies share it. Arguments have Keras' names, order and defaults, and an argument that has none must be given, or the
// program does not compile. What an argument may not be is the ValueError or TypeError of the class, thrown where the
// object is made.
#include <concepts>
#include <initializer_list>
#include <utility>
#include <vector>

#include "layers/layer.h"

namespace lamina {

// An argument without a default.
template <class T>
class RequiredArgument {
 public:
  template <class U>
  requires std::convertible_to<U, T> RequiredArgument(U&& v) : value_(std::forward<U>(v)) {}
  const T& value() const { return value_; }

 private:
  T value_;
};

// Sizes along axes, or axes: {3, 3}, or 3 for all of them. Without any it is None.
class Sizes {
 public:
  Sizes() = default;
  Sizes(int64_t size) : values_{size} {}
  Sizes(std::initializer_list<int64_t> sizes) : values_(sizes) {}
  Sizes(std::vector<int64_t> sizes) : values_(std::move(sizes)) {}
  const std::vector<int64_t>& values() const { return values_; }

 private:
  std::vector<int64_t> values_;
};

template <>
class RequiredArgument<Sizes> : public Sizes {
 public:
  RequiredArgument(int64_t size) : Sizes(size) {}
  RequiredArgument(std::initializer_list<int64_t> sizes) : Sizes(sizes) {}
  RequiredArgument(std::vector<int64_t> sizes) : Sizes(std::move(sizes)) {}
  RequiredArgument(Sizes sizes) : Sizes(std::move(sizes)) {}
};

// An argument as the classes read it. Objects stay the objects that they are.
template <class T>
Value argument_value(const T& v) {
  return to_value(v);
}
inline Value argument_value(const Sizes& v) {
  if (v.values().empty()) return {};
  if (v.values().size() == 1) return v.values()[0];
  return to_value(v.values());
}
template <class T>
Value argument_value(const Ref<T>& v) {
  return Value(ObjectPtr(v.pointer()));
}
template <class T>
Value argument_value(const RequiredArgument<T>& v) {
  return argument_value(v.value());
}
inline Value argument_value(const RequiredArgument<Sizes>& v) { return argument_value(static_cast<const Sizes&>(v)); }

// All arguments by name.
template <class A>
Dict arguments_of(const A& args) {
  Dict out;
  args.each([&](const char* name, const auto& value) { out.set(name, argument_value(value)); });
  return out;
}

// A new object of the built-in class `name` of a module of Keras ("keras.losses"). The class' errors; ValueError for a
// name that the module does not have.
ObjectPtr make_named(const char* module, const char* name, const Dict& arguments);
// The same of a layer, with the arguments that all layers take. A layer without a name gets one of its own.
LayerPtr make_named_layer(const char* module, const char* name, Dict arguments, const LayerArgs& base);

// A loss, a metric, an optimizer ... of the class whose arguments A lists.
template <class Base, class A>
class Named : public std::shared_ptr<Base> {
 public:
  Named(const A& args = {})
      : std::shared_ptr<Base>(std::dynamic_pointer_cast<Base>(make_named(A::kModule, A::kName, arguments_of(args)))) {}
};

// A layer of the class whose arguments A lists. It is called with tensors, of values or symbolic.
template <class A>
class NamedLayer : public LayerPtr {
 public:
  NamedLayer(const A& args = {}, const LayerArgs& base = {})
      : LayerPtr(make_named_layer(A::kModule, A::kName, arguments_of(args), base)) {}
  Tensor operator()(const Tensor& x) const { return (**this)(x); }
  Tensor operator()(const Tensors& xs) const { return (**this)(xs); }
};

}  // namespace lamina
