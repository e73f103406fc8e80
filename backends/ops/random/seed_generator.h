#pragma once
// Where seeds come from.
#include "backends/core/object.h"
#include "backends/core/variable.h"

namespace lamina {

// A seed and a counter in a variable: each next() gives another seed tensor. Two generators with one seed give the same
// sequence, on every engine.
class SeedGenerator : public Object {
 public:
  // Without a seed a default one is drawn (see make_default_seed).
  explicit SeedGenerator(std::optional<int64_t> seed = {}, std::string name = "");
  std::string class_name() const override { return "SeedGenerator"; }
  std::string module() const override { return "keras.random"; }
  Dict get_config() const override;

  Tensor next();  // uint32 (2,): the state before it moves on
  const Variable& state() const { return state_; }
  const std::string& name() const { return name_; }

 private:
  std::optional<int64_t> seed_;
  std::string name_;
  Variable state_;
};
using SeedGeneratorPtr = std::shared_ptr<SeedGenerator>;

// A seed tensor, uint32 (2,), from what the random functions take: an int, a SeedGenerator, None (the global
// generator), or a seed tensor. ValueError for anything else.
Tensor draw_seed(const Value& seed);
SeedGeneratorPtr global_seed_generator();
// Draws a seed for generators and initializers that were given none: different in every process, unless...
int64_t make_default_seed();
// The order of a shuffled epoch: another number each time.
uint64_t next_shuffle_seed();
// ...this sets where the sequences of default seeds and of shuffles begin. Also starts the global generator anew.
void set_random_seed(int64_t seed);
// Where shuffles and the global generator stand; plain values and a tensor.
Dict random_state();
void set_random_state(const Dict& state);  // KeyError if it is no such state

}  // namespace lamina
