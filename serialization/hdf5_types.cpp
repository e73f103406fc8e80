#include <algorithm>
#include <bit>
#include <cstdlib>

#include "backends/core/error.h"
#include "serialization/hdf5_handle.h"

namespace lamina {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

std::recursive_mutex& hdf5_mutex() {
  static auto* mutex = new std::recursive_mutex;  // outlives every static object
  return *mutex;
}

Hdf5Session::Hdf5Session() : lock_(hdf5_mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5Eclear2(H5E_DEFAULT);
  H5PLget_loading_state(&plugins_);
  H5PLset_loading_state(0);
}
Hdf5Session::~Hdf5Session() {
  H5PLset_loading_state(plugins_);
  H5Eclear2(H5E_DEFAULT);
  H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
}

std::string hdf5_reason() {
  std::string out;
  auto first = [](unsigned depth, const H5E_error2_t* error, void* text) -> herr_t {
    if (depth == 0 && error->desc) *static_cast<std::string*>(text) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first, &out);
  H5Eclear2(H5E_DEFAULT);
  return out.empty() ? "no reason given by HDF5" : out;
}

std::vector<std::string> split_hdf5_path(std::string_view path) {
  if (path.find('\0') != path.npos)
    throw ValueError("Expected an HDF5 path without NULs; received '", path.substr(0, path.find('\0')), "' and a NUL.");
  std::vector<std::string> parts;
  for (size_t start = 0; start < path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    if (path.substr(start, end - start) == ".") throw ValueError("Expected an HDF5 path without '.' as a part; received '", path, "'.");
    if (end > start) parts.emplace_back(path.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

namespace {

// A 2-byte float with its sign on top: 5 exponent bits are IEEE half, 8 are bfloat16.
Hdf5Handle two_byte_float(size_t exponent_bits, H5T_order_t order) {
  Hdf5Handle type(H5Tcopy(H5T_IEEE_F32LE));
  size_t mantissa_bits = 15 - exponent_bits;
  H5Tset_fields(type, 15, mantissa_bits, exponent_bits, 0, mantissa_bits);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, (size_t{1} << (exponent_bits - 1)) - 1);
  H5Tset_order(type, order);
  return type;
}

Hdf5Handle boolean_type() {
  Hdf5Handle type(H5Tenum_create(H5T_STD_I8LE));
  int8_t value = 0;
  H5Tenum_insert(type, "FALSE", &value);
  value = 1;
  H5Tenum_insert(type, "TRUE", &value);
  return type;
}

bool is_boolean_enum(hid_t type) {
  Hdf5Handle base(H5Tget_super(type));
  if (H5Tget_size(type) != 1 || H5Tget_class(base) != H5T_INTEGER || H5Tget_nmembers(type) != 2) return false;
  for (unsigned i = 0; i < 2; ++i) {
    int8_t value = -1;
    char* name = H5Tget_member_name(type, i);
    bool fits = name && H5Tget_member_value(type, i, &value) >= 0 && std::string_view(name) == (value == 0 ? "FALSE" : "TRUE") &&
                (value == 0 || value == 1);
    H5free_memory(name);
    if (!fits) return false;
  }
  return true;
}

std::optional<DType> integer_type(hid_t type) {
  size_t size = H5Tget_size(type);
  if (H5Tget_precision(type) != 8 * size || H5Tget_offset(type) != 0) return std::nullopt;
  bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (size) {
    case 1: return is_signed ? DType::int8 : DType::uint8;
    case 2: return is_signed ? DType::int16 : DType::uint16;
    case 4: return is_signed ? DType::int32 : DType::uint32;
    case 8: return is_signed ? DType::int64 : DType::uint64;
    default: return std::nullopt;
  }
}

std::optional<DType> float_type(hid_t type) {
  auto is = [&](hid_t little, hid_t big) { return H5Tequal(type, little) > 0 || H5Tequal(type, big) > 0; };
  if (is(H5T_IEEE_F32LE, H5T_IEEE_F32BE)) return DType::float32;
  if (is(H5T_IEEE_F64LE, H5T_IEEE_F64BE)) return DType::float64;
  if (is(two_byte_float(5, H5T_ORDER_LE), two_byte_float(5, H5T_ORDER_BE))) return DType::float16;
  if (is(two_byte_float(8, H5T_ORDER_LE), two_byte_float(8, H5T_ORDER_BE))) return DType::bfloat16;
  return std::nullopt;
}

}  // namespace

Hdf5Handle hdf5_type(DType type) {
  switch (type) {
    case DType::boolean: return boolean_type();
    case DType::uint8: return Hdf5Handle(H5Tcopy(H5T_STD_U8LE));
    case DType::uint16: return Hdf5Handle(H5Tcopy(H5T_STD_U16LE));
    case DType::uint32: return Hdf5Handle(H5Tcopy(H5T_STD_U32LE));
    case DType::uint64: return Hdf5Handle(H5Tcopy(H5T_STD_U64LE));
    case DType::int8: return Hdf5Handle(H5Tcopy(H5T_STD_I8LE));
    case DType::int16: return Hdf5Handle(H5Tcopy(H5T_STD_I16LE));
    case DType::int32: return Hdf5Handle(H5Tcopy(H5T_STD_I32LE));
    case DType::int64: return Hdf5Handle(H5Tcopy(H5T_STD_I64LE));
    case DType::float16: return two_byte_float(5, H5T_ORDER_LE);
    case DType::float32: return Hdf5Handle(H5Tcopy(H5T_IEEE_F32LE));
    case DType::float64: return Hdf5Handle(H5Tcopy(H5T_IEEE_F64LE));
    case DType::bfloat16: break;
  }
  Hdf5Handle type_of_bits(H5Tcreate(H5T_OPAQUE, 2));
  H5Tset_tag(type_of_bits, "");
  return type_of_bits;
}

std::optional<DType> tensor_type(hid_t type, bool marked_bfloat16) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: return integer_type(type);
    case H5T_FLOAT: return float_type(type);
    case H5T_ENUM:
      if (is_boolean_enum(type)) return DType::boolean;
      return std::nullopt;
    case H5T_OPAQUE:
      if (H5Tget_size(type) == 2 && marked_bfloat16) return DType::bfloat16;
      return std::nullopt;
    default: return std::nullopt;
  }
}

std::string describe_hdf5_type(hid_t type) {
  std::string_view kind = "unknown";
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: kind = "integer"; break;
    case H5T_FLOAT: kind = "float"; break;
    case H5T_TIME: kind = "time"; break;
    case H5T_STRING: kind = "string"; break;
    case H5T_BITFIELD: kind = "bit field"; break;
    case H5T_OPAQUE: kind = "opaque"; break;
    case H5T_COMPOUND: kind = "compound"; break;
    case H5T_REFERENCE: kind = "reference"; break;
    case H5T_ENUM: kind = "enum"; break;
    case H5T_VLEN: kind = "variable-length"; break;
    case H5T_ARRAY: kind = "array"; break;
    default: break;
  }
  return H5Tis_variable_str(type) > 0 ? "variable-length string" : text(H5Tget_size(type), "-byte ", kind);
}

}  // namespace lamina
