#pragma once
#include "backends/ops/public/random.h"
#include "backends/ops/random/seed_generator.h"
#include "layers/initializers/initializer.h"

namespace lamina {

// The seed of a random initializer: an int (every call gives the same values), a SeedGenerator (its object or config),
// or None: a seed of its own, drawn when the initializer is made and not part of its config.
Value initializer_seed(const Value& given);

// A random initializer with the argument struct A, which has a member `Value seed`.
template <class A>
class RandomInitializer : public Configured<Initializer, A> {
 public:
  explicit RandomInitializer(const A& a = {}) : Configured<Initializer, A>(a), seed_(initializer_seed(a.seed)) {}
  Dict get_config() const override {
    Dict config{{"seed", Value()}};  // the first, as in Keras
    for (const auto& [key, value] : Configured<Initializer, A>::get_config()) config.set(key, value);
    config.set("seed", serialize_value(this->args.seed));
    return config;
  }
  void attributes(Fields& f) override {
    f("seed", seed_, "What it draws from: the seed it was given, or one of its own.");
  }

 protected:
  const Value& seed() const { return seed_; }

 private:
  Value seed_;
};

}  // namespace lamina
