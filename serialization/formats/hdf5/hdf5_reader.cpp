#include "serialization/formats/hdf5/hdf5_store.h"

#include <algorithm>
#include <mutex>

#include "serialization/formats/hdf5/hdf5_dataset.h"

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

}  // namespace

namespace {

// Calls f(part, where the part begins) for each part of a path, until it returns false.
template <class F>
void each_part(std::string_view path, const F& f) {
  if (path.find('\0') != path.npos)
    throw ValueError("Expected an HDF5 path without NULs; received '", path.substr(0, path.find('\0')), "' and a NUL.");
  for (size_t start = 0; start < path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    if (path.substr(start, end - start) == ".")
      throw ValueError("Expected an HDF5 path without '.' as a part; received '", path, "'.");
    if (end > start && !f(path.substr(start, end - start), start)) return;
    start = end + 1;
  }
}

}  // namespace

std::vector<std::string> split_hdf5_path(std::string_view path) {
  std::vector<std::string> parts;
  each_part(path, [&](std::string_view part, size_t) { return parts.emplace_back(part), true; });
  return parts;
}

struct Hdf5Reader::File {
  std::string name;
  Hdf5Limits limits;
  std::optional<Hdf5Structure> structure;
  std::recursive_mutex mutex;

  void open(Hdf5Input input) {
    try {
      structure.emplace(std::move(input), limits.max_objects);
      structure->header(structure->root());
    } catch (const Hdf5Damage& damage) {
      throw IOError("Cannot open '", name, "' as an HDF5 file: ", damage.reason,
                    ". It may be damaged, incomplete or of another format.");
    }
  }

  std::string object_name(std::string_view path) const {
    return text("'", path.starts_with('/') ? "" : "/", path, "' of '", name, "'");
  }
  std::string where(const Hdf5Header& object, std::string_view path) const {
    return text(structure->is_dataset(object) ? "dataset " : "group ", object_name(path));
  }
  // What `f` gives; damage becomes an error about the object at `path`.
  template <class F>
  auto guarded(std::string_view path, F&& f) -> decltype(f()) {
    try {
      return f();
    } catch (const Hdf5Damage& damage) {
      if (damage.unsupported) throw UnsupportedError("Cannot read ", object_name(path), ": ", damage.reason, ".");
      throw ValueError("Cannot read ", object_name(path), ": ", damage.reason, ". The file is damaged.");
    }
  }

  const Hdf5Header* header(uint64_t address, std::string_view path) {
    return guarded(path, [&] { return &structure->header(address); });
  }
  const Hdf5Links& links(const Hdf5Header& group, std::string_view path) {
    return guarded(path, [&]() -> const Hdf5Links& { return structure->links(group); });
  }
  Hdf5Kind kind(const Hdf5Header* object) const {
    if (!object) return Hdf5Kind::absent;
    return structure->is_dataset(*object) ? Hdf5Kind::dataset
           : structure->is_group(*object) ? Hdf5Kind::group
                                          : Hdf5Kind::absent;
  }

  void check_link(const Hdf5Link& link, std::string_view key, std::string_view group) const {
    if (link.kind == Hdf5Link::Kind::hard) return;
    throw ValueError("Cannot read ", object_name(group), ": expected objects of this file; received '", key, "', ",
                     link.kind == Hdf5Link::Kind::soft       ? "a soft link (SoftLink)"
                     : link.kind == Hdf5Link::Kind::external ? "a link to another file (ExternalLink)"
                                                             : "a link of unknown kind",
                     ", which is not followed. Write the file again with the object itself in its place.");
  }

  // The object at `path`; null if it, or a group on the way, is absent. `reached` gets the part that exists.
  const Hdf5Header* find(std::string_view path, std::string* reached = nullptr) {
    int depth = 0;
    each_part(path, [&](std::string_view, size_t) { return ++depth, true; });
    if (depth > limits.max_depth)
      throw ValueError("Cannot read ", object_name(path), ": expected at most ", limits.max_depth,
                       " nested groups; received ", depth, ".");
    const Hdf5Header* at = header(structure->root(), "/");
    each_part(path, [&](std::string_view part, size_t start) {
      const std::string_view done = path.substr(0, start == 0 ? 0 : start - 1);
      if (reached) *reached = text(done.empty() || done.starts_with('/') ? "" : "/", done);
      if (kind(at) != Hdf5Kind::group) return at = nullptr, false;
      const Hdf5Links& children = links(*at, done);
      auto found = std::lower_bound(children.begin(), children.end(), part,
                                    [](const auto& e, std::string_view name) { return e.first < name; });
      if (found == children.end() || found->first != part) return at = nullptr, false;
      check_link(found->second, part, done);
      at = header(found->second.address, path.substr(0, start + part.size()));
      return true;
    });
    return at;
  }

  const Hdf5Header& require(std::string_view path) {
    std::string reached;
    if (const Hdf5Header* out = find(path, &reached)) return *out;
    const Hdf5Header* last = find(reached);
    std::vector<std::string> names;
    if (kind(last) == Hdf5Kind::group) names = keys(*last, reached);
    size_t all = names.size();
    if (all > 20) names.resize(20);
    throw KeyError("There is no object ", object_name(path), ". ",
                   kind(last) == Hdf5Kind::group ? "Group '" : "Dataset '", reached.empty() ? "/" : reached, "' holds ",
                   all == 0 ? "nothing" : join(names, ", "), all > 20 ? ", ..." : "", ".");
  }
  const Hdf5Header& require(std::string_view path, Hdf5Kind wanted) {
    const Hdf5Header& out = require(path);
    if (kind(&out) == wanted) return out;
    auto word = [](Hdf5Kind k) {
      return k == Hdf5Kind::group ? "a group" : k == Hdf5Kind::dataset ? "a dataset" : "another object";
    };
    throw ValueError("Expected ", word(wanted), " at ", object_name(path), "; received ", word(kind(&out)), ".");
  }

  std::vector<std::string> keys(const Hdf5Header& group, std::string_view path) {
    const Hdf5Links& children = links(group, path);
    if (children.size() > limits.max_objects)
      throw ValueError("Cannot read ", object_name(path), ": expected at most ", limits.max_objects,
                       " objects; received more.");
    std::vector<std::string> out;
    for (const auto& [key, link] : children) {
      check_link(link, key, path);
      out.push_back(key);
    }
    std::sort(out.begin(), out.end(), key_before);
    return out;
  }

  void collect(const Hdf5Header& object, const std::string& path, std::vector<uint64_t>& ancestors, uint64_t& seen,
               std::vector<std::string>& out) {
    if (++seen > limits.max_objects)
      throw ValueError("Cannot read '", name, "': expected at most ", limits.max_objects, " objects; received more.");
    if (kind(&object) == Hdf5Kind::dataset) return out.push_back(path.empty() ? "/" : path);
    if (kind(&object) != Hdf5Kind::group) return;
    if (ancestors.size() > static_cast<size_t>(limits.max_depth))
      throw ValueError("Cannot read ", object_name(path), ": expected at most ", limits.max_depth,
                       " nested groups; received more.");
    if (std::find(ancestors.begin(), ancestors.end(), object.address) != ancestors.end())
      throw ValueError("Cannot read ", object_name(path),
                       ": expected a tree of groups; received a group that holds itself.");
    ancestors.push_back(object.address);
    Hdf5Links children = links(object, path);
    std::sort(children.begin(), children.end(),
              [](const auto& a, const auto& b) { return key_before(a.first, b.first); });
    for (const auto& [key, link] : children) {
      check_link(link, key, path);
      collect(*header(link.address, path + "/" + key), path + "/" + key, ancestors, seen, out);
    }
    ancestors.pop_back();
  }

  Hdf5Dataset inspect(std::string_view path) {
    const Hdf5Header& dataset = require(path, Hdf5Kind::dataset);
    return guarded(path, [&] { return inspect_hdf5_dataset(*structure, dataset, limits, where(dataset, path)); });
  }
};

Hdf5Reader::Hdf5Reader(std::unique_ptr<File> file) : file_(std::move(file)) {}
Hdf5Reader::~Hdf5Reader() = default;
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
const std::string& Hdf5Reader::name() const { return file_->name; }

Hdf5Reader::Hdf5Reader(const std::string& path, const Hdf5Limits& limits) : file_(std::make_unique<File>()) {
  file_->name = path;
  file_->limits = limits;
  file_->open(Hdf5Input::open(path));
}

Hdf5Reader Hdf5Reader::from_memory(std::string bytes, std::string name, const Hdf5Limits& limits) {
  auto file = std::make_unique<File>();
  file->name = std::move(name);
  file->limits = limits;
  if (bytes.empty()) throw IOError("Cannot open '", file->name, "' as an HDF5 file: it is empty.");
  file->open(Hdf5Input::of(std::move(bytes)));
  return Hdf5Reader(std::move(file));
}

Hdf5Kind Hdf5Reader::kind(std::string_view path) const {
  std::lock_guard lock(file_->mutex);
  return file_->kind(file_->find(path));
}

std::vector<std::string> Hdf5Reader::keys(std::string_view path) const {
  std::lock_guard lock(file_->mutex);
  return file_->keys(file_->require(path, Hdf5Kind::group), path);
}

std::vector<std::string> Hdf5Reader::datasets(std::string_view path) const {
  std::lock_guard lock(file_->mutex);
  std::vector<std::string> out;
  std::vector<uint64_t> ancestors;
  uint64_t seen = 0;
  std::string start;
  for (const auto& part : split_hdf5_path(path)) start += "/" + part;
  file_->collect(file_->require(path), start, ancestors, seen, out);
  return out;
}

TensorSpec Hdf5Reader::spec(std::string_view path) const {
  std::lock_guard lock(file_->mutex);
  return file_->inspect(path).spec;
}

uint64_t Hdf5Reader::bytes_of_datasets() const {
  uint64_t out = 0;
  for (const std::string& path : datasets()) {
    std::lock_guard lock(file_->mutex);
    try {
      if (__builtin_add_overflow(out, file_->inspect(path).bytes, &out)) return UINT64_MAX;
    } catch (const Error&) {  // no tensor, or one that read() refuses
    }
  }
  return out;
}

Tensor Hdf5Reader::read(std::string_view path) const {
  std::lock_guard lock(file_->mutex);
  Hdf5Dataset dataset = file_->inspect(path);
  std::string where = text("dataset ", file_->object_name(path));
  return file_->guarded(path, [&] { return read_hdf5_dataset(*file_->structure, dataset, where); });
}

std::vector<std::string> Hdf5Reader::attribute_names(std::string_view path) const {
  std::lock_guard lock(file_->mutex);
  const Hdf5Header& object = file_->require(path);
  return file_->guarded(path, [&] { return hdf5_attribute_names(*file_->structure, object); });
}

std::optional<Value> Hdf5Reader::find_attribute(std::string_view path, const std::string& name) const {
  std::lock_guard lock(file_->mutex);
  const Hdf5Header& object = file_->require(path);
  return file_->guarded(
      path, [&] { return read_hdf5_attribute(*file_->structure, object, name, file_->where(object, path)); });
}

std::string Hdf5Reader::string_attribute(std::string_view path, const std::string& name) const {
  auto value = find_attribute(path, name);
  if (!value)
    throw KeyError("There is no attribute '", name, "' at ", file_->object_name(path),
                   "; present are: ", join(attribute_names(path), ", "), ".");
  if (!value->is_string())
    throw TypeError("Expected a string as the attribute '", name, "' at ", file_->object_name(path), "; received ",
                    value->kind_name(), " ", shortened(value->repr()), ".");
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
      throw TypeError("Expected a list of strings as the attribute '", key, "' at ", file_->object_name(path),
                      "; received ", value->kind_name(), " ", shortened(value->repr()), ".");
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
  throw KeyError("There is no attribute '", name, "' at ", file_->object_name(path),
                 "; present are: ", join(attribute_names(path), ", "), ".");
}

}  // namespace lamina
