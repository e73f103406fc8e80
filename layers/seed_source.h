#pragma once
// What layers that draw random numbers share.
#include "backends/ops/random/seed_generator.h"
#include "layers/layer.h"

namespace lamina {

// The layer's own source of random numbers, from its `seed` argument (None, an int or a SeedGenerator), tracked by it.
inline Value make_seed_source(Layer& layer, const Value& seed) {
  auto generator = seed.object_as<SeedGenerator>();
  if (!generator) {
    std::optional<int64_t> number;
    if (!seed.is_none()) number = seed.as_int();
    generator = std::make_shared<SeedGenerator>(number);
  }
  layer.track_seed_generator(generator, generator->state());
  return seed.object_as<SeedGenerator>() ? seed : Value(generator);
}

// ValueError outside [0, 1].
inline void check_rate(double rate) {
  if (!(rate >= 0 && rate <= 1))
    throw ValueError(
        "Invalid value received for argument `rate`. Expected a float value between 0 and 1. Received: rate=", rate);
}

}  // namespace lamina
