#pragma once
// Layers that Keras defines beside a model of keras.applications, outside of keras.layers: files name them by their
// module.
#include "layers/layer.h"

namespace lamina {

template <class T>
struct ApplicationLayerRegistration {
  ApplicationLayerRegistration(const char* name, const char* doc, Doc description) {
    ClassInfo info;
    info.name = name;
    info.module = T::kModule;
    info.doc = doc;
    info.base = "Layer";
    info.description = description;
    info.make = [name](const Dict& config) -> ObjectPtr {
      Dict own = config;
      LayerArgs base = LayerArgs::take(own);
      typename T::Args args;
      read_fields(name, own, [&](Fields& f) { args.fields(f); });
      return std::make_shared<T>(std::move(args), std::move(base));
    };
    info.fields = [] {
      typename T::Args args;
      return describe_fields([&](Fields& f) { args.fields(f); });
    };
    register_class(std::move(info));
  }
};

// The base of such a layer: real Keras finds the class by this module and by its own name as the registered one.
template <class A>
class ApplicationLayer : public LayerWith<A> {
 public:
  using LayerWith<A>::LayerWith;
  std::string registered_name() const override { return this->class_name(); }
};

}  // namespace lamina
