#include <algorithm>
#include <bit>
#include <cstdlib>

#include "backends/core/error.h"
#include "serialization/formats/hdf5/hdf5_handle.h"

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
    case DType::string: refuse_strings();
    case DType::bfloat16: break;
  }
  Hdf5Handle type_of_bits(H5Tcreate(H5T_OPAQUE, 2));
  H5Tset_tag(type_of_bits, "");
  return type_of_bits;
}

}  // namespace lamina
