#include "api/random_state.h"

#include <atomic>
#include <random>

namespace lamina {

namespace {
std::atomic<uint64_t>& shuffle_state() {
  static std::atomic<uint64_t> state{std::random_device{}()};
  return state;
}
}  // namespace

uint64_t next_shuffle_seed() { return shuffle_state().fetch_add(0x9e3779b97f4a7c15ull); }
void set_shuffle_seed(uint64_t seed) { shuffle_state() = seed; }

}  // namespace lamina
