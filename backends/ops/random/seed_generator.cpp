#include "backends/ops/random/seed_generator.h"

#include <atomic>
#include <mutex>
#include <random>

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

std::mutex mutex;

std::mt19937_64& default_seeds() {
  static std::mt19937_64 engine{std::random_device{}()};
  return engine;
}
SeedGeneratorPtr& global_generator() {
  static SeedGeneratorPtr generator;
  return generator;
}

Tensor seed_tensor(int64_t seed) {
  Tensor t = Tensor::empty({2}, DType::uint32);
  t.mutable_data<uint32_t>()[0] = static_cast<uint32_t>(seed);
  t.mutable_data<uint32_t>()[1] = 0;
  return t;
}

const bool registered = [] {
  ClassInfo info;
  info.name = "SeedGenerator";
  info.module = "keras.random";
  info.doc = "A seed and a counter: gives a new seed at each draw.";
  info.description = {.raises = "ValueError: if the seed is not an integer.", .example = R"py(
>>> seeds = keras.random.SeedGenerator(seed=1)
>>> keras.random.normal((2,), seed=seeds).shape
(2,))py"};
  info.make = [](const Dict& config) -> ObjectPtr {
    const Value *seed = config.find("seed"), *name = config.find("name");
    for (const auto& [key, value] : config)
      if (key != "seed" && key != "name")
        throw ValueError("Unrecognized keyword arguments: {'", key, "': ", value.repr(), "}");
    if (seed && !seed->is_none() && !seed->is_int())
      throw ValueError("Argument `seed` must be an integer. Received: seed=", seed->repr());
    return std::make_shared<SeedGenerator>(
        seed && seed->is_int() ? std::optional<int64_t>(seed->as_int()) : std::nullopt,
        name && name->is_string() ? name->as_string() : "");
  };
  info.fields = [] {
    return std::vector<FieldInfo>{{"seed", Value(), false, "Where the sequence begins; None draws one."},
                                  {"name", Value(), false, "The name."}};
  };
  register_class(std::move(info));
  return true;
}();

}  // namespace

SeedGenerator::SeedGenerator(std::optional<int64_t> seed, std::string name)
    : seed_(seed), name_(name.empty() ? "seed_generator" : std::move(name)) {
  state_ =
      Variable(seed_tensor(seed ? *seed : make_default_seed()), {.name = "seed_generator_state", .trainable = false});
  state_.state().path = name_ + "/seed_generator_state";
}

Dict SeedGenerator::get_config() const { return {{"seed", seed_ ? Value(*seed_) : Value()}, {"name", name_}}; }

Tensor SeedGenerator::next() {
  Tensor now = state_.value();
  Tensor one = Tensor::of<uint32_t>({0, 1});
  state_.assign(prim::add(now, one));
  return now;
}

Tensor draw_seed(const Value& seed) {
  if (seed.is_none()) return global_seed_generator()->next();
  if (seed.is_int()) return seed_tensor(seed.as_int());
  if (seed.is_tensor()) return prim::cast(seed.as_tensor(), DType::uint32);
  if (auto generator = seed.object_as<SeedGenerator>()) return generator->next();
  throw ValueError("Argument `seed` must be either an integer or an instance of `SeedGenerator`. Received: seed=",
                   seed.repr(), " (of type ", seed.kind_name(), ")");
}

SeedGeneratorPtr global_seed_generator() {
  {
    std::lock_guard lock(mutex);
    if (global_generator()) return global_generator();
  }
  auto made = std::make_shared<SeedGenerator>();
  std::lock_guard lock(mutex);
  if (!global_generator()) global_generator() = made;
  return global_generator();
}

int64_t make_default_seed() {
  std::lock_guard lock(mutex);
  return 1 + static_cast<int64_t>(default_seeds()() % 1000000000);
}

namespace {
std::atomic<uint64_t>& shuffle_state() {
  static std::atomic<uint64_t> state{std::random_device{}()};
  return state;
}
}  // namespace

uint64_t next_shuffle_seed() { return shuffle_state().fetch_add(0x9e3779b97f4a7c15ull); }

void set_random_seed(int64_t seed) {
  std::lock_guard lock(mutex);
  shuffle_state() = static_cast<uint64_t>(seed);
  default_seeds().seed(static_cast<uint64_t>(seed));
  global_generator() = nullptr;
}

Dict random_state() {
  return {{"shuffles", static_cast<int64_t>(shuffle_state().load())},
          {"global", global_seed_generator()->state().value()}};
}

void set_random_state(const Dict& state) {
  const int64_t shuffles = state.at("shuffles").as_int();
  global_seed_generator()->state().assign(state.at("global").as_tensor());
  shuffle_state() = static_cast<uint64_t>(shuffles);
}

}  // namespace lamina
