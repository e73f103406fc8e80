#pragma once
// Element types, their names and sizes, and Keras' promotion rules.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lamina {

enum class DType : uint8_t {
  boolean,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  float16,
  bfloat16,
  float32,
  float64,
  string  // text, of which nothing is computed: see Text
};
inline constexpr int kDTypeCount = 13;  // of numbers, which come first

size_t size_of(DType type);            // bytes per element
std::string_view name_of(DType type);  // "float32", "bool", ...
DType parse_dtype(
    std::string_view name);  // ValueError if unknown; accepts "half", "float", "int" and the like as Keras does
// The dtype of a name as Keras writes it; none for another name.
std::optional<DType> find_dtype(std::string_view name);
// Its name.
inline void append_text(std::string& out, DType type) { out += name_of(type); }

// Kinds of dtypes; a half is a float of 16 bits, an int is signed or not, and bool is none of these.
constexpr bool is_float(DType t) { return t >= DType::float16 && t <= DType::float64; }
constexpr bool is_half(DType t) { return t == DType::float16 || t == DType::bfloat16; }
// What sums of halves are taken in.
constexpr DType at_least_float32(DType t) {
  return t == DType::float64 ? t : DType::float32;
}  // what half types compute in
// Integers.
constexpr bool is_signed_int(DType t) { return t >= DType::int8 && t <= DType::int64; }
constexpr bool is_unsigned_int(DType t) { return t >= DType::uint8 && t <= DType::uint64; }
constexpr bool is_int(DType t) { return t >= DType::uint8 && t <= DType::int64; }

// A type as promotion sees it: Python scalars are weak (they take the other side's type).
struct PromotionType {
  DType dtype;
  bool weak = false;
};
// Keras' result_type (backend/common/dtypes.py): the join in JAX's type lattice; weak-only inputs give
// int32 or floatx. 64-bit integers stay 64-bit only if one was given.
DType result_type(const PromotionType* types, size_t count);
inline DType result_type(DType a, DType b) {
  PromotionType both[] = {{a}, {b}};
  return a == b ? a : result_type(both, 2);
}

// TypeError: strings were given where numbers are needed. It names the layers that make numbers of them.
[[noreturn]] void refuse_strings();

// IEEE half and bfloat16 as storage; arithmetic is done in float.
struct Half {
  uint16_t bits = 0;
  Half() = default;
  explicit Half(float value);
  explicit operator float() const;
};
// The upper half of a float32, as storage.
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);
  explicit operator float() const;
};

// An element of a tensor of strings: where its bytes are. They belong to a pool that the tensor's buffer keeps alive
// (Buffer::text), so that elements can be moved as any other 8 bytes. All bits zero are the empty string.
class Text {
 public:
  Text() = default;
  explicit Text(const std::string& in_pool) : string_(&in_pool) {}
  std::string_view view() const { return string_ ? std::string_view(*string_) : std::string_view(); }

 private:
  const std::string* string_ = nullptr;
};

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::uint8;
};
template <>
struct DTypeOf<uint16_t> {
  static constexpr DType value = DType::uint16;
};
template <>
struct DTypeOf<uint32_t> {
  static constexpr DType value = DType::uint32;
};
template <>
struct DTypeOf<uint64_t> {
  static constexpr DType value = DType::uint64;
};
template <>
struct DTypeOf<int8_t> {
  static constexpr DType value = DType::int8;
};
template <>
struct DTypeOf<int16_t> {
  static constexpr DType value = DType::int16;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<Half> {
  static constexpr DType value = DType::float16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::bfloat16;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<Text> {
  static constexpr DType value = DType::string;
};
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

// Calls f with a value of the C++ type that stores numbers of `type`: with_dtype(t, [&](auto v) { using T =
// decltype(v); ... }). TypeError for strings.
template <class F>
decltype(auto) with_dtype(DType type, F&& f) {
  switch (type) {
    case DType::boolean: return f(bool{});
    case DType::uint8: return f(uint8_t{});
    case DType::uint16: return f(uint16_t{});
    case DType::uint32: return f(uint32_t{});
    case DType::uint64: return f(uint64_t{});
    case DType::int8: return f(int8_t{});
    case DType::int16: return f(int16_t{});
    case DType::int32: return f(int32_t{});
    case DType::int64: return f(int64_t{});
    case DType::float16: return f(Half{});
    case DType::bfloat16: return f(BFloat16{});
    case DType::float32: return f(float{});
    case DType::float64: return f(double{});
    default: refuse_strings();
  }
}

}  // namespace lamina
