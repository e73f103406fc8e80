#include "backends/core/dtype.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "backends/core/error.h"
#include "backends/core/settings.h"

namespace lamina {

namespace {

struct Row {
  std::string_view name;
  size_t size;
};
constexpr Row kRows[kDTypeCount + 1] = {{"bool", 1},     {"uint8", 1},
                                        {"uint16", 2},   {"uint32", 4},
                                        {"uint64", 8},   {"int8", 1},
                                        {"int16", 2},    {"int32", 4},
                                        {"int64", 8},    {"float16", 2},
                                        {"bfloat16", 2}, {"float32", 4},
                                        {"float64", 8},  {"string", sizeof(Text)}};

// The lattice: every dtype plus the weak int and the weak float. Bit i of upper[n] says that i is at or above n.
constexpr int kWeakInt = kDTypeCount, kWeakFloat = kDTypeCount + 1, kNodes = kDTypeCount + 2;

constexpr std::array<uint32_t, kNodes> upper_bounds() {
  using D = DType;
  std::array<uint32_t, kNodes> up{};
  auto bit = [](int node) { return uint32_t{1} << node; };
  auto at = [](D type) { return static_cast<int>(type); };
  auto edge = [&](int from, int to) { up[from] |= bit(to); };
  for (int n = 0; n < kNodes; ++n) up[n] = bit(n);
  edge(at(D::boolean), kWeakInt);
  edge(at(D::uint8), at(D::int16)), edge(at(D::uint8), at(D::uint16));
  edge(at(D::uint16), at(D::int32)), edge(at(D::uint16), at(D::uint32));
  edge(at(D::uint32), at(D::int64)), edge(at(D::uint32), at(D::uint64));
  edge(at(D::uint64), kWeakFloat), edge(at(D::int64), kWeakFloat);
  edge(kWeakInt, at(D::uint8)), edge(kWeakInt, at(D::int8));
  edge(at(D::int8), at(D::int16)), edge(at(D::int16), at(D::int32)), edge(at(D::int32), at(D::int64));
  edge(kWeakFloat, at(D::bfloat16)), edge(kWeakFloat, at(D::float16));
  edge(at(D::bfloat16), at(D::float32)), edge(at(D::float16), at(D::float32)), edge(at(D::float32), at(D::float64));
  for (int round = 0; round < kNodes; ++round)
    for (int n = 0; n < kNodes; ++n)
      for (int m = 0; m < kNodes; ++m)
        if (up[n] & bit(m)) up[n] |= up[m];
  return up;
}
constexpr auto kUpper = upper_bounds();

int join(int a, int b) {
  uint32_t common = kUpper[a] & kUpper[b];
  for (int n = 0; n < kNodes; ++n)  // the least: a common bound below every other common bound
    if ((common >> n & 1) && (common & ~kUpper[n]) == 0) return n;
  return kWeakFloat;
}

bool wide(DType t) { return t == DType::int64 || t == DType::uint64 || t == DType::float64; }

}  // namespace

size_t size_of(DType type) { return kRows[static_cast<int>(type)].size; }
std::string_view name_of(DType type) { return kRows[static_cast<int>(type)].name; }

std::optional<DType> find_dtype(std::string_view name) {
  for (int i = 0; i <= kDTypeCount; ++i)
    if (kRows[i].name == name) return static_cast<DType>(i);
  if (name == "half") return DType::float16;
  if (name == "float") return settings().floatx();
  if (name == "double") return DType::float64;
  if (name == "int") return DType::int32;
  if (name == "str") return DType::string;
  return std::nullopt;
}

DType parse_dtype(std::string_view name) {
  if (auto found = find_dtype(name)) return *found;
  std::string all;
  for (const auto& row : kRows) all += text(all.empty() ? "" : ", ", row.name);
  throw ValueError("Invalid dtype: '", name, "'. Expected one of ", all, ".");
}

void refuse_strings() {
  throw TypeError(
      "Tensors of strings can be moved and compared, but nothing is computed of them. Turn them into numbers first: by "
      "keras.layers.StringLookup, keras.layers.TextVectorization or keras.layers.Hashing.");
}

DType result_type(const PromotionType* types, size_t count) {
  if (count == 0) return settings().floatx();
  const auto strings = std::count_if(types, types + count, [](PromotionType t) { return t.dtype == DType::string; });
  if (strings == static_cast<std::ptrdiff_t>(count)) return DType::string;
  if (strings) refuse_strings();
  bool any_wide = false, all_weak = true;
  for (size_t i = 0; i < count; ++i) {
    any_wide |= wide(types[i].dtype) && !types[i].weak;
    all_weak &= types[i].weak;
  }
  int node = -1;
  for (size_t i = 0; i < count; ++i) {
    DType t = types[i].dtype;
    int n = static_cast<int>(t);
    if (types[i].weak && t != DType::boolean) n = is_float(t) ? kWeakFloat : kWeakInt;
    node = node < 0 ? n : join(node, n);
  }
  if (node == kWeakInt) return DType::int32;
  if (node == kWeakFloat) return settings().floatx();
  auto out = static_cast<DType>(node);
  if (!any_wide && count > 1) {  // 64 bits only where 64 bits came in
    if (out == DType::int64) return DType::int32;
    if (out == DType::uint64) return DType::uint32;
  }
  return out;
}

Half::Half(float value) {
  uint32_t x;
  std::memcpy(&x, &value, 4);
  uint32_t sign = x >> 16 & 0x8000, magnitude = x & 0x7fffffff;
  if (magnitude >= 0x7f800000) {
    bits = sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  } else if (magnitude >= 0x477ff000) {
    bits = sign | 0x7c00;
  } else if (magnitude < 0x38800000) {  // subnormal: let the float adder round to nearest even
    float scaled;
    std::memcpy(&scaled, &magnitude, 4);
    scaled += 0.5f;
    uint32_t rounded;
    std::memcpy(&rounded, &scaled, 4);
    bits = sign | (rounded - 0x3f000000);
  } else {
    magnitude += 0xfff + (magnitude >> 13 & 1);
    bits = sign | ((magnitude - 0x38000000) >> 13);
  }
}

Half::operator float() const {
  uint32_t sign = uint32_t{bits & 0x8000u} << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023;
  uint32_t x;
  if (exponent == 31) {
    x = sign | 0x7f800000 | mantissa << 13;
  } else if (exponent) {
    x = sign | (exponent + 112) << 23 | mantissa << 13;
  } else {
    float tiny = std::ldexp(static_cast<float>(mantissa), -24);
    return sign ? -tiny : tiny;
  }
  float value;
  std::memcpy(&value, &x, 4);
  return value;
}

BFloat16::BFloat16(float value) {
  uint32_t x;
  std::memcpy(&x, &value, 4);
  if ((x & 0x7fffffff) > 0x7f800000) {
    bits = (x >> 16) | 0x40;
  } else {
    bits = (x + 0x7fff + (x >> 16 & 1)) >> 16;
  }
}

BFloat16::operator float() const {
  uint32_t x = uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &x, 4);
  return value;
}

}  // namespace lamina
