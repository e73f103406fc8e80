#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "backends/core/error.h"
#include "serialization/hdf5_handle.h"

namespace lamina {

namespace {

// "2" < "10" < "a".
bool key_before(const std::string& a, const std::string& b) {
  auto numeric = [](const std::string& s) { return !s.empty() && s.find_first_not_of("0123456789") == s.npos; };
  bool a_number = numeric(a), b_number = numeric(b);
  if (a_number != b_number) return a_number;
  if (!a_number) return a < b;
  std::string_view x = a, y = b;
  x.remove_prefix(std::min(x.find_first_not_of('0'), x.size() - 1));
  y.remove_prefix(std::min(y.find_first_not_of('0'), y.size() - 1));
  if (x.size() != y.size()) return x.size() < y.size();
  return x != y ? x < y : a < b;
}

std::string shortened(std::string repr) { return repr.size() > 80 ? repr.substr(0, 80) + "..." : repr; }

// Lends HDF5 the caller's bytes. HDF5 asks for buffers of its own at several points and gets this one each time; a file
// opened for reading never grows or changes it.
struct Image {
  static void* lend(size_t size, H5FD_file_image_op_t, void* image) {
    return size <= static_cast<std::string*>(image)->size() ? static_cast<std::string*>(image)->data() : nullptr;
  }
  static void* copy(void* to, const void* from, size_t size, H5FD_file_image_op_t, void*) {
    return to == from ? to : std::memmove(to, from, size);
  }
  static void* resize(void*, size_t, H5FD_file_image_op_t, void*) { return nullptr; }
  static herr_t release(void*, H5FD_file_image_op_t, void*) { return 0; }
  static void* same(void* image) { return image; }
  static herr_t keep(void*) { return 0; }
};

}  // namespace

struct Hdf5Reader::File {
  std::string name;
  Hdf5Limits limits;
  std::unique_ptr<std::string> image;  // at one address as long as the file is open
  uint64_t bytes = 0;
  Hdf5Handle id;

  ~File() {
    Hdf5Session session;
    id.reset();
  }

  void open(const std::string& path, hid_t access) {
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    H5Pset_sieve_buf_size(access, 0);  // datasets are read whole; the sieve buffer reads beside them
    id = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access));
    if (!id.valid())
      throw IOError("Cannot open '", name, "' as an HDF5 file: ", hdf5_reason(), ". It may be damaged, incomplete or of another format.");
  }

  std::string object_name(std::string_view path) const { return text("'", path.starts_with('/') ? "" : "/", path, "' of '", name, "'"); }
  std::string where(hid_t object, std::string_view path) const {
    return text(H5Iget_type(object) == H5I_DATASET ? "dataset " : "group ", object_name(path));
  }

  void check_link(const H5L_info_t& link, std::string_view key, std::string_view group) const {
    if (link.type == H5L_TYPE_HARD) return;
    throw ValueError("Cannot read ", object_name(group), ": expected objects of this file; received '", key, "', ",
                     link.type == H5L_TYPE_SOFT       ? "a soft link"
                     : link.type == H5L_TYPE_EXTERNAL ? "a link to another file"
                                                      : "a link of unknown kind",
                     ", which is not followed. Write the file again with the object itself in its place.");
  }

  // A child by its hard link; invalid if there is none.
  Hdf5Handle child(hid_t group, const std::string& key, std::string_view group_path) const {
    htri_t exists = H5Lexists(group, key.c_str(), H5P_DEFAULT);
    H5L_info_t link;
    if (exists < 0 || (exists > 0 && H5Lget_info(group, key.c_str(), &link, H5P_DEFAULT) < 0)) damaged(group_path);
    if (exists == 0) return Hdf5Handle();
    check_link(link, key, group_path);
    Hdf5Handle out(H5Oopen(group, key.c_str(), H5P_DEFAULT));
    if (!out.valid()) damaged(text(group_path, "/", key));
    return out;
  }
  [[noreturn]] void damaged(std::string_view path) const {
    throw ValueError("Cannot read ", object_name(path), ": ", hdf5_reason(), ". The file is damaged.");
  }

  // The object at `path`; invalid if it, or a group on the way, is absent. `reached` gets the part that exists.
  Hdf5Handle find(std::string_view path, std::string* reached = nullptr) const {
    auto parts = split_hdf5_path(path);
    if (parts.size() > static_cast<size_t>(limits.max_depth))
      throw ValueError("Cannot read ", object_name(path), ": expected at most ", limits.max_depth, " nested groups; received ",
                       parts.size(), ".");
    Hdf5Handle at(H5Gopen2(id, "/", H5P_DEFAULT));
    if (!at.valid()) damaged("/");
    std::string done;
    for (const auto& part : parts) {
      if (reached) *reached = done;
      if (H5Iget_type(at) != H5I_GROUP) return Hdf5Handle();
      Hdf5Handle next = child(at, part, done);
      if (!next.valid()) return next;
      at = std::move(next);
      done += "/" + part;
    }
    return at;
  }

  Hdf5Handle require(std::string_view path) const {
    std::string reached;
    Hdf5Handle out = find(path, &reached);
    if (out.valid()) return out;
    Hdf5Handle last = find(reached);
    std::vector<std::string> names;
    if (H5Iget_type(last) == H5I_GROUP) names = keys(last, reached);
    size_t all = names.size();
    if (all > 20) names.resize(20);
    throw KeyError("There is no object ", object_name(path), ". ", H5Iget_type(last) == H5I_GROUP ? "Group '" : "Dataset '",
                   reached.empty() ? "/" : reached, "' holds ", all == 0 ? "nothing" : join(names, ", "), all > 20 ? ", ..." : "", ".");
  }
  Hdf5Handle require(std::string_view path, H5I_type_t type) const {
    Hdf5Handle out = require(path);
    if (H5Iget_type(out) == type) return out;
    auto word = [](H5I_type_t t) { return t == H5I_GROUP ? "a group" : t == H5I_DATASET ? "a dataset" : "another object"; };
    throw ValueError("Expected ", word(type), " at ", object_name(path), "; received ", word(H5Iget_type(out)), ".");
  }

  std::vector<std::string> keys(hid_t group, std::string_view path) const {
    struct Listing {
      std::vector<std::pair<std::string, H5L_info_t>> links;
      uint64_t limit;
    } listing{{}, limits.max_objects};
    auto add = [](hid_t, const char* key, const H5L_info_t* link, void* to) -> herr_t {
      auto& out = *static_cast<Listing*>(to);
      if (out.links.size() >= out.limit) return 1;
      out.links.emplace_back(key, *link);
      return 0;
    };
    herr_t status = H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, add, &listing);
    if (status < 0) damaged(path);
    if (status > 0)
      throw ValueError("Cannot read ", object_name(path), ": expected at most ", limits.max_objects, " objects; received more.");
    std::vector<std::string> out;
    for (auto& [key, link] : listing.links) {
      check_link(link, key, path);
      out.push_back(std::move(key));
    }
    std::sort(out.begin(), out.end(), key_before);
    return out;
  }

  void collect(hid_t object, const std::string& path, std::vector<haddr_t>& ancestors, uint64_t& seen,
               std::vector<std::string>& out) const {
    if (++seen > limits.max_objects)
      throw ValueError("Cannot read '", name, "': expected at most ", limits.max_objects, " objects; received more.");
    if (H5Iget_type(object) == H5I_DATASET) return out.push_back(path.empty() ? "/" : path);
    if (H5Iget_type(object) != H5I_GROUP) return;
    if (ancestors.size() > static_cast<size_t>(limits.max_depth))
      throw ValueError("Cannot read ", object_name(path), ": expected at most ", limits.max_depth, " nested groups; received more.");
    H5O_info_t info;
    if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) damaged(path);
    if (std::find(ancestors.begin(), ancestors.end(), info.addr) != ancestors.end())
      throw ValueError("Cannot read ", object_name(path), ": expected a tree of groups; received a group that holds itself.");
    ancestors.push_back(info.addr);
    for (const auto& key : keys(object, path)) collect(child(object, key, path), path + "/" + key, ancestors, seen, out);
    ancestors.pop_back();
  }
};

Hdf5Reader::Hdf5Reader(std::unique_ptr<File> file) : file_(std::move(file)) {}
Hdf5Reader::~Hdf5Reader() = default;
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
const std::string& Hdf5Reader::name() const { return file_->name; }

Hdf5Reader::Hdf5Reader(const std::string& path, const Hdf5Limits& limits) : file_(std::make_unique<File>()) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) throw IOError("Cannot open '", path, "': ", std::system_category().message(errno), ".");
  if (!S_ISREG(status.st_mode))
    throw IOError("Cannot open '", path, "': expected an HDF5 file; received ",
                  S_ISDIR(status.st_mode) ? "a directory" : "a device or pipe", ".");
  Hdf5Session session;
  file_->name = path;
  file_->limits = limits;
  file_->bytes = static_cast<uint64_t>(status.st_size);
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS));
#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(access, false, true);  // locks fail on some network file systems, and writers here replace files whole
#endif
  file_->open(path, access);
}

Hdf5Reader Hdf5Reader::from_memory(std::string bytes, std::string name, const Hdf5Limits& limits) {
  auto file = std::make_unique<File>();
  Hdf5Session session;
  file->name = std::move(name);
  file->limits = limits;
  file->bytes = bytes.size();
  file->image = std::make_unique<std::string>(std::move(bytes));
  if (file->image->empty()) throw IOError("Cannot open '", file->name, "' as an HDF5 file: it is empty.");
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5FD_file_image_callbacks_t callbacks{Image::lend, Image::copy, Image::resize,    Image::release,
                                        Image::same, Image::keep, file->image.get()};
  constexpr size_t kIncrement = 1 << 16;
  if (H5Pset_fapl_core(access, kIncrement, false) < 0 || H5Pset_file_image_callbacks(access, &callbacks) < 0 ||
      H5Pset_file_image(access, file->image->data(), file->image->size()) < 0)
    throw IOError("Cannot open '", file->name, "' from memory: ", hdf5_reason(), ".");
  static std::atomic<uint64_t> count{0};
  file->open(text("memory/", ++count, "/"), access);  // HDF5 wants a name that no file has
  return Hdf5Reader(std::move(file));
}

Hdf5Kind Hdf5Reader::kind(std::string_view path) const {
  Hdf5Session session;
  Hdf5Handle object = file_->find(path);
  if (!object.valid()) return Hdf5Kind::absent;
  return H5Iget_type(object) == H5I_DATASET ? Hdf5Kind::dataset : H5Iget_type(object) == H5I_GROUP ? Hdf5Kind::group : Hdf5Kind::absent;
}

std::vector<std::string> Hdf5Reader::keys(std::string_view path) const {
  Hdf5Session session;
  return file_->keys(file_->require(path, H5I_GROUP), path);
}

std::vector<std::string> Hdf5Reader::datasets(std::string_view path) const {
  Hdf5Session session;
  std::vector<std::string> out;
  std::vector<haddr_t> ancestors;
  uint64_t seen = 0;
  std::string start;
  for (const auto& part : split_hdf5_path(path)) start += "/" + part;
  file_->collect(file_->require(path), start, ancestors, seen, out);
  return out;
}

TensorSpec Hdf5Reader::spec(std::string_view path) const {
  Hdf5Session session;
  Hdf5Handle dataset = file_->require(path, H5I_DATASET);
  return inspect_hdf5_dataset(dataset, file_->bytes, file_->limits, file_->where(dataset, path)).spec;
}

Tensor Hdf5Reader::read(std::string_view path) const {
  Hdf5Session session;
  Hdf5Handle dataset = file_->require(path, H5I_DATASET);
  std::string where = file_->where(dataset, path);
  Hdf5Dataset info = inspect_hdf5_dataset(dataset, file_->bytes, file_->limits, where);
  Tensor out = Tensor::empty(info.spec.shape, info.spec.dtype);
  if (info.bytes == 0) return out;
  if (info.filtered) check_hdf5_chunks(dataset, file_->bytes, where);
  bool as_stored = info.spec.dtype == DType::boolean || info.spec.dtype == DType::bfloat16;
  bool foreign_bfloat16 = info.spec.dtype == DType::bfloat16 && H5Tget_class(info.type) == H5T_FLOAT;
  Hdf5Handle memory = as_stored ? Hdf5Handle(H5Tcopy(info.type)) : hdf5_type(info.spec.dtype);
  if (foreign_bfloat16) H5Tset_order(memory, H5T_ORDER_LE);
  if (H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.mutable_raw()) < 0)
    throw ValueError("Cannot read ", where, ": ", hdf5_reason(), ". The file is damaged.");
  if (info.spec.dtype == DType::boolean) {  // only 0 and 1 are bools
    auto* bytes = static_cast<unsigned char*>(out.mutable_raw());
    for (uint64_t i = 0; i < info.bytes; ++i) bytes[i] = bytes[i] != 0;
  }
  return out;
}

std::vector<std::string> Hdf5Reader::attribute_names(std::string_view path) const {
  Hdf5Session session;
  Hdf5Handle object = file_->require(path);
  std::vector<std::string> out;
  auto add = [](hid_t, const char* name, const H5A_info_t*, void* to) -> herr_t {
    auto& names = *static_cast<std::vector<std::string>*>(to);
    names.emplace_back(name);
    return names.size() > 100'000;
  };
  herr_t status = H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, add, &out);
  if (status < 0) file_->damaged(path);
  if (status > 0) throw ValueError("Cannot read ", file_->where(object, path), ": expected at most 100000 attributes; received more.");
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<Value> Hdf5Reader::find_attribute(std::string_view path, const std::string& name) const {
  Hdf5Session session;
  Hdf5Handle object = file_->require(path);
  return read_hdf5_attribute(object, name, file_->bytes, file_->where(object, path));
}

std::string Hdf5Reader::string_attribute(std::string_view path, const std::string& name) const {
  auto value = find_attribute(path, name);
  if (!value)
    throw KeyError("There is no attribute '", name, "' at ", file_->object_name(path), "; present are: ", join(attribute_names(path), ", "),
                   ".");
  if (!value->is_string())
    throw TypeError("Expected a string as the attribute '", name, "' at ", file_->object_name(path), "; received ", value->kind_name(), " ",
                    shortened(value->repr()), ".");
  return value->as_string();
}

std::optional<std::vector<std::string>> Hdf5Reader::find_strings(std::string_view path, const std::string& name) const {
  std::vector<std::string> out;
  auto append = [&](const std::string& key) {
    auto value = find_attribute(path, key);
    if (!value) return false;
    bool strings = value->is_list();
    if (strings)
      for (const Value& item : value->as_list()) strings &= item.is_string();
    if (!strings)
      throw TypeError("Expected a list of strings as the attribute '", key, "' at ", file_->object_name(path), "; received ",
                      value->kind_name(), " ", shortened(value->repr()), ".");
    for (const Value& item : value->as_list()) out.push_back(item.as_string());
    return true;
  };
  if (append(name)) return out;
  size_t part = 0;
  while (append(text(name, part))) ++part;
  if (part == 0) return std::nullopt;
  return out;
}

std::vector<std::string> Hdf5Reader::strings(std::string_view path, const std::string& name) const {
  if (auto found = find_strings(path, name)) return *found;
  throw KeyError("There is no attribute '", name, "' at ", file_->object_name(path), "; present are: ", join(attribute_names(path), ", "),
                 ".");
}

}  // namespace lamina
