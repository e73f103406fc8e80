#pragma once
#include <cstdint>
#include <type_traits>

namespace lamina {

// What sums and products of T are computed in so that integers that do not fit wrap around, as arrays' do: unsigned for
// integers of any kind, T itself for others. Signed ones would be undefined, small ones promoted to signed ones.
template <class T>
using Wrapping = std::conditional_t<std::is_integral_v<T>, std::conditional_t<(sizeof(T) > 4), uint64_t, uint32_t>, T>;

// Integers modulo 2^bits, as NumPy's; floats plainly.
template <class T>
constexpr T wrapping_add(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}
template <class T>
constexpr T wrapping_multiply(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}

}  // namespace lamina
