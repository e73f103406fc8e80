#include "serialization/formats/hdf5/hdf5_datatype.h"

namespace lamina {

namespace {

struct Float {
  uint32_t bit_offset, precision;
  int sign, exponent_at, exponent_bits, mantissa_at, mantissa_bits;
  uint32_t bias;
  bool is(uint32_t bits, int exponent, uint32_t want_bias) const {
    int mantissa = static_cast<int>(bits) - 1 - exponent;
    return bit_offset == 0 && precision == bits && sign == static_cast<int>(bits) - 1 && mantissa_at == 0 &&
           mantissa_bits == mantissa && exponent_at == mantissa && exponent_bits == exponent && bias == want_bias;
  }
};

std::optional<DType> integer_type(uint64_t size, bool is_signed, uint32_t bit_offset, uint32_t precision) {
  if (bit_offset != 0 || precision != 8 * size) return std::nullopt;
  switch (size) {
    case 1: return is_signed ? DType::int8 : DType::uint8;
    case 2: return is_signed ? DType::int16 : DType::uint16;
    case 4: return is_signed ? DType::int32 : DType::uint32;
    case 8: return is_signed ? DType::int64 : DType::uint64;
    default: return std::nullopt;
  }
}

std::optional<DType> real_type(uint64_t size, const Float& f) {
  if (size == 2 && f.is(16, 5, 15)) return DType::float16;
  if (size == 2 && f.is(16, 8, 127)) return DType::bfloat16;
  if (size == 4 && f.is(32, 8, 127)) return DType::float32;
  if (size == 8 && f.is(64, 11, 1023)) return DType::float64;
  return std::nullopt;
}

std::string_view text_until_nul(Hdf5Cursor& in, uint64_t align) {
  uint64_t start = in.position();
  uint64_t length = 0;
  Hdf5Cursor probe = in;
  while (probe.u8() != 0) ++length;
  std::string_view out = in.take(length);
  in.skip(1);
  if (align) {  // counted from the start of the name
    uint64_t used = in.position() - start;
    in.skip((align - used % align) % align);
  }
  return out;
}

// Two members of one byte: FALSE is 0 and TRUE is 1.
bool is_boolean(Hdf5Cursor& in, int version, uint32_t members, int depth) {
  Hdf5Type base = parse_hdf5_type(in, depth + 1);
  constexpr uint32_t kMaxMembers = 1 << 16;
  if (members > kMaxMembers) damaged("an enum of ", members, " members");
  std::vector<std::string_view> names;
  for (uint32_t i = 0; i < members; ++i) names.push_back(text_until_nul(in, version < 3 ? 8 : 0));
  std::string_view values = in.take(members * base.size);
  if (base.size != 1 || base.kind != Hdf5Type::Kind::integer || members != 2) return false;
  for (size_t i = 0; i < 2; ++i)
    if ((values[i] != 0 && values[i] != 1) || names[i] != (values[i] ? "TRUE" : "FALSE")) return false;
  return values[0] != values[1];
}

}  // namespace

Hdf5Type parse_hdf5_type(Hdf5Cursor& in, int depth) {
  if (depth > 8) damaged("a type is nested too deeply");
  Hdf5Type out;
  int first = in.u8(), version = first >> 4, kind = first & 15;
  uint32_t bits = static_cast<uint32_t>(in.number(3));
  out.size = in.u32();
  if (version < 1 || version > 4) damaged("datatype version ", version, " is not known");
  if (out.size == 0) damaged("a type of no bytes");
  if (kind > static_cast<int>(Hdf5Type::Kind::array)) return out;
  out.kind = static_cast<Hdf5Type::Kind>(kind);
  switch (out.kind) {
    case Hdf5Type::Kind::integer: {
      out.big_endian = bits & 1, out.is_signed = bits & 8;
      uint32_t offset = in.u16(), precision = in.u16();
      out.number_type = integer_type(out.size, out.is_signed, offset, precision);
      break;
    }
    case Hdf5Type::Kind::real: {
      out.big_endian = bits & 1;
      Float f{};
      f.sign = static_cast<int>(bits >> 8 & 255);
      f.bit_offset = in.u16(), f.precision = in.u16();
      f.exponent_at = in.u8(), f.exponent_bits = in.u8(), f.mantissa_at = in.u8(), f.mantissa_bits = in.u8(),
      f.bias = in.u32();
      bool implied_one = (bits >> 4 & 3) == 2, vax = bits & 64;
      if (implied_one && !vax) out.number_type = real_type(out.size, f);
      break;
    }
    case Hdf5Type::Kind::string:
    case Hdf5Type::Kind::variable: {
      if (out.kind == Hdf5Type::Kind::variable && (bits & 15) == 1) out.variable_string = true;
      uint32_t padding = out.kind == Hdf5Type::Kind::string ? bits & 15 : 0;
      if (padding > 2) damaged("a string is padded in an unknown way");
      out.padding = static_cast<Hdf5Type::Padding>(padding);
      break;
    }
    case Hdf5Type::Kind::enumeration:
      out.boolean_enum = is_boolean(in, version, bits & 0xFFFF, depth) && out.size == 1;
      break;
    default: break;
  }
  return out;
}

std::optional<DType> Hdf5Type::tensor_type(bool marked_bfloat16) const {
  if (kind == Kind::integer || kind == Kind::real) return number_type;
  if (kind == Kind::enumeration && boolean_enum) return DType::boolean;
  if (kind == Kind::opaque && size == 2 && marked_bfloat16) return DType::bfloat16;
  return std::nullopt;
}

std::string Hdf5Type::describe() const {
  static constexpr std::string_view kNames[] = {"integer",   "float",           "time",     "string",
                                                "bit field", "opaque",          "compound", "reference",
                                                "enum",      "variable-length", "array",    "unknown"};
  return variable_string ? "variable-length string" : text(size, "-byte ", kNames[static_cast<int>(kind)]);
}

Hdf5Space parse_hdf5_space(Hdf5Cursor& in) {
  int version = in.u8();
  if (version != 1 && version != 2) damaged("dataspace version ", version, " is not known");
  int rank = in.u8(), flags = in.u8(), kind = version == 2 ? in.u8() : rank == 0 ? 0 : 1;
  if (version == 1) in.skip(5);
  constexpr int kMaxRank = 32;
  if (rank > kMaxRank || kind > 2 || (kind != 1 && rank != 0))
    damaged("a dataspace of ", rank, " axes and kind ", kind);
  Hdf5Space out;
  out.kind = kind == 0 ? Hdf5Space::Kind::scalar : kind == 1 ? Hdf5Space::Kind::simple : Hdf5Space::Kind::null;
  for (int axis = 0; axis < rank; ++axis) out.sizes.push_back(in.length());
  if (flags & 1)
    for (int axis = 0; axis < rank; ++axis) in.length();  // the largest sizes
  return out;
}

}  // namespace lamina
