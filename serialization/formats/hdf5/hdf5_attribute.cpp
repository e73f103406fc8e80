// Attributes of groups and datasets.
#include <algorithm>
#include <bit>
#include <cstring>

#include "serialization/formats/hdf5/hdf5_dataset.h"

namespace lamina {

namespace {

struct Attribute {
  std::string name;
  Hdf5Type type;
  Hdf5Space space;
  std::string_view data;
};

Attribute parse(const Hdf5Structure& file, const Hdf5Header::Item& item) {
  if (item.shared) unsupported("an attribute is shared with other objects, which is not read");
  Hdf5Cursor in = file.cursor(item.bytes);
  int version = in.u8(), flags = in.u8();
  if (version < 1 || version > 3) damaged("attribute version ", version, " is not known");
  if (version > 1 && flags & 3) unsupported("an attribute's type is kept elsewhere, which is not read");
  uint64_t name_size = in.u16(), type_size = in.u16(), space_size = in.u16();
  if (version == 3) in.skip(1);     // character set of the name
  auto part = [&](uint64_t size) {  // padded in the first version
    std::string_view bytes = in.take(size);
    if (version == 1) in.skip(std::min(in.left(), (8 - size % 8) % 8));
    return bytes;
  };
  Attribute out;
  std::string_view name = part(name_size);
  out.name = std::string(name.substr(0, name.find('\0')));
  Hdf5Cursor type = in.inside(part(type_size)), space = in.inside(part(space_size));
  out.type = parse_hdf5_type(type);
  out.space = parse_hdf5_space(space);
  out.data = in.take(in.left());
  return out;
}

// Names first: an attribute that cannot be read does not stand in the way of the others.
std::string name_of(const Hdf5Structure& file, const Hdf5Header::Item& item) {
  if (item.shared) return "";
  Hdf5Cursor in = file.cursor(item.bytes);
  int version = in.u8();
  if (version < 1 || version > 3) damaged("attribute version ", version, " is not known");
  in.skip(1);
  uint64_t size = in.u16();
  in.skip(version == 3 ? 5 : 4);
  std::string_view name = in.take(size);
  return std::string(name.substr(0, name.find('\0')));
}

class ValueReader {
 public:
  ValueReader(Hdf5Structure& file, const Attribute& a, const std::string& where) : file_(file), a_(a), where_(where) {}

  Value read() {
    size_t rank = a_.space.kind == Hdf5Space::Kind::null ? 1 : a_.space.sizes.size();
    if (rank > 1)
      throw UnsupportedError("Cannot read ", where_, ": expected a scalar or a list; received an array of ", rank,
                             " axes.");
    scalar_ = rank == 0;
    count_ = a_.space.kind == Hdf5Space::Kind::null ? 0 : scalar_ ? 1 : a_.space.sizes[0];
    if (count_ == 0) return List{};
    if (count_ > a_.data.size() / a_.type.size)
      throw ValueError("Cannot read ", where_, ": it claims ", count_, " values in a file of ", file_.input().size(),
                       " bytes. The file is damaged.");
    switch (a_.type.kind) {
      case Hdf5Type::Kind::string: return each([&](std::string_view bytes) { return Value(fixed(bytes)); });
      case Hdf5Type::Kind::variable:
        if (a_.type.variable_string) return each([&](std::string_view bytes) { return Value(variable(bytes)); });
        break;
      case Hdf5Type::Kind::integer:
      case Hdf5Type::Kind::real:
        if (a_.type.number_type) return each([&](std::string_view bytes) { return number(bytes); });
        break;
      case Hdf5Type::Kind::enumeration:
        if (a_.type.boolean_enum) return each([&](std::string_view bytes) { return Value(bytes[0] != 0); });
        break;
      default: break;
    }
    throw UnsupportedError("Cannot read ", where_, ": expected strings, numbers or bools; received the type ",
                           a_.type.describe(), ".");
  }

 private:
  template <class F>
  Value each(F&& f) {
    List items;
    for (uint64_t i = 0; i < count_; ++i) items.push_back(f(a_.data.substr(i * a_.type.size, a_.type.size)));
    return scalar_ ? std::move(items[0]) : Value(std::move(items));
  }

  std::string fixed(std::string_view bytes) const {
    if (a_.type.padding == Hdf5Type::Padding::null_terminated) return std::string(bytes.substr(0, bytes.find('\0')));
    return std::string(
        bytes.substr(0, bytes.find_last_not_of(a_.type.padding == Hdf5Type::Padding::space_padded ? ' ' : '\0') + 1));
  }

  std::string variable(std::string_view bytes) {
    Hdf5Cursor in = file_.cursor(bytes);
    uint64_t size = in.u32(), collection = in.address();
    uint32_t index = in.u32();
    if (size == 0 || collection == 0 || collection == kUndefinedAddress) return "";
    if ((text_bytes_ += size) > file_.input().size()) damaged("strings of an attribute overlap");
    std::string out = file_.heap_object(collection, index, size);
    return out.substr(0, out.find('\0'));
  }

  Value number(std::string_view bytes) const {
    char raw[8] = {};
    std::memcpy(raw, bytes.data(), a_.type.size);
    if (a_.type.big_endian) std::reverse(raw, raw + a_.type.size);
    uint64_t bits = 0;
    std::memcpy(&bits, raw, 8);
    switch (*a_.type.number_type) {
      case DType::int8: return static_cast<int64_t>(static_cast<int8_t>(bits));
      case DType::int16: return static_cast<int64_t>(static_cast<int16_t>(bits));
      case DType::int32: return static_cast<int64_t>(static_cast<int32_t>(bits));
      case DType::uint64:
        if (bits > INT64_MAX) return static_cast<double>(bits);
        return static_cast<int64_t>(bits);
      case DType::float64: return std::bit_cast<double>(bits);
      case DType::float32: return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
      case DType::float16:
      case DType::bfloat16: return Tensor::from_bytes(raw, Shape{}, *a_.type.number_type).at(0);
      default: return static_cast<int64_t>(bits);
    }
  }

  Hdf5Structure& file_;
  const Attribute& a_;
  const std::string& where_;
  bool scalar_ = false;
  uint64_t count_ = 0, text_bytes_ = 0;
};

}  // namespace

std::optional<Value> read_hdf5_attribute(Hdf5Structure& file, const Hdf5Header& header, const std::string& name,
                                         const std::string& where) {
  for (const auto& item : header.items) {
    if (item.type != Hdf5Message::attribute || name_of(file, item) != name) continue;
    Attribute attribute = parse(file, item);
    std::string here = text("the attribute '", name, "' of ", where);
    return ValueReader(file, attribute, here).read();
  }
  return std::nullopt;
}

std::vector<std::string> hdf5_attribute_names(Hdf5Structure& file, const Hdf5Header& header) {
  std::vector<std::string> out;
  for (const auto& item : header.items)
    if (item.type == Hdf5Message::attribute) out.push_back(name_of(file, item));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace lamina
