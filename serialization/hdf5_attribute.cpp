#include <algorithm>

#include "backends/core/error.h"
#include "serialization/hdf5_handle.h"

namespace lamina {

namespace {

class AttributeReader {
 public:
  AttributeReader(hid_t attribute, const std::string& where)
      : attribute_(attribute), where_(where), type_(H5Aget_type(attribute)), space_(H5Aget_space(attribute)) {
    if (!type_.valid() || !space_.valid()) damaged();
  }

  Value read(uint64_t file_bytes) {
    rank_ = H5Sget_simple_extent_type(space_) == H5S_NULL ? 1 : H5Sget_simple_extent_ndims(space_);
    hssize_t points = H5Sget_simple_extent_npoints(space_);
    if (rank_ < 0 || points < 0) damaged();
    if (rank_ > 1) throw UnsupportedError("Cannot read ", where_, ": expected a scalar or a list; received an array of ", rank_, " axes.");
    count_ = static_cast<size_t>(points);
    if (count_ == 0) return List{};
    if (count_ > file_bytes / H5Tget_size(type_))
      throw ValueError("Cannot read ", where_, ": it claims ", count_, " values in a file of ", file_bytes, " bytes. The file is damaged.");
    switch (H5Tget_class(type_)) {
      case H5T_STRING: return H5Tis_variable_str(type_) > 0 ? variable_strings() : fixed_strings();
      case H5T_INTEGER: return numbers<int64_t>(H5T_NATIVE_INT64);
      case H5T_FLOAT: return numbers<double>(H5T_NATIVE_DOUBLE);
      case H5T_ENUM:
        if (tensor_type(type_, false)) return booleans();
        [[fallthrough]];
      default:
        throw UnsupportedError("Cannot read ", where_, ": expected strings, numbers or bools; received the type ",
                               describe_hdf5_type(type_), ".");
    }
  }

 private:
  [[noreturn]] void damaged() const { throw ValueError("Cannot read ", where_, ": ", hdf5_reason(), ". The file is damaged."); }
  void fetch(hid_t memory_type, void* to) const {
    if (H5Aread(attribute_, memory_type, to) < 0) damaged();
  }
  Value deliver(List items) const { return rank_ == 0 ? std::move(items[0]) : Value(std::move(items)); }

  Value variable_strings() const {
    std::vector<char*> pointers(count_, nullptr);
    fetch(type_, pointers.data());
    List items;
    for (const char* s : pointers) items.emplace_back(s ? s : "");
    H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, pointers.data());
    return deliver(std::move(items));
  }
  Value fixed_strings() const {
    size_t size = H5Tget_size(type_);
    std::string all(count_ * size, '\0');
    fetch(type_, all.data());
    H5T_str_t padding = H5Tget_strpad(type_);
    List items;
    for (size_t i = 0; i < count_; ++i) {
      std::string_view one(all.data() + i * size, size);
      if (padding == H5T_STR_NULLTERM)
        one = one.substr(0, one.find('\0'));
      else
        one = one.substr(0, one.find_last_not_of(padding == H5T_STR_SPACEPAD ? ' ' : '\0') + 1);
      items.emplace_back(one);
    }
    return deliver(std::move(items));
  }
  template <class T>
  Value numbers(hid_t memory_type) const {
    std::vector<T> values(count_);
    fetch(memory_type, values.data());
    return deliver(List(values.begin(), values.end()));
  }
  Value booleans() const {
    std::vector<int8_t> values(count_);
    fetch(type_, values.data());
    List items;
    for (int8_t v : values) items.emplace_back(v != 0);
    return deliver(std::move(items));
  }

  hid_t attribute_;
  const std::string& where_;
  Hdf5Handle type_, space_;
  int rank_ = 0;
  size_t count_ = 0;
};

}  // namespace

std::optional<Value> read_hdf5_attribute(hid_t object, const std::string& name, uint64_t file_bytes, const std::string& where) {
  std::string here = text("the attribute '", name, "' of ", where);
  htri_t exists = H5Aexists(object, name.c_str());
  if (exists < 0) throw ValueError("Cannot read ", here, ": ", hdf5_reason(), ". The file is damaged.");
  if (exists == 0) return std::nullopt;
  Hdf5Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT));
  if (!attribute.valid()) throw ValueError("Cannot read ", here, ": ", hdf5_reason(), ". The file is damaged.");
  return AttributeReader(attribute, here).read(file_bytes);
}

}  // namespace lamina
