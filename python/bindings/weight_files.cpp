// Files of weights as dicts of arrays, for KerasFileEditor.
#include <pybind11/stl.h>

#include "bindings/convert.h"
#include "serialization/formats/hdf5/hdf5_store.h"
#include "serialization/formats/zip/zip_archive.h"

namespace lamina::bindings {

namespace {

constexpr const char* kWeights = "model.weights.h5";

// {path: tensor} of all datasets, {path: name} of the groups that tell an object's name.
std::pair<py::dict, py::dict> contents(const Hdf5Reader& file) {
  py::dict weights, names;
  for (const std::string& path : file.datasets())
    weights[py::str(path.substr(path.find_first_not_of('/')))] = to_python(file.read(path));
  std::vector<std::string> open{""};
  while (!open.empty()) {
    const std::string group = open.back();
    open.pop_back();
    for (const std::string& key : file.keys(group)) {
      const std::string path = group.empty() ? key : group + "/" + key;
      if (file.kind(path) != Hdf5Kind::group) continue;
      open.push_back(path);
      if (auto name = file.find_attribute(path, "name"); name && name->is_string())
        names[py::str(path)] = name->as_string();
    }
  }
  return {weights, names};
}

}  // namespace

void bind_weight_files(py::module_& m) {
  m.def("read_weight_file", [](const std::string& path) { return contents(Hdf5Reader(path)); });
  m.def("read_archive", [](const std::string& path) {
    const ArchiveReader archive(path);
    if (!archive.contains(kWeights)) throw ValueError("The archive ", path, " holds no ", kWeights, ".");
    py::dict texts;
    for (const char* name : {"config.json", "metadata.json"})
      if (archive.contains(name)) texts[name] = archive.read(name);
    return std::pair(contents(Hdf5Reader::from_memory(archive.read(kWeights), path + ":" + kWeights)), texts);
  });
  m.def("write_weight_file", [](const std::string& path, const py::dict& weights, const py::dict& names) {
    Hdf5Writer file(path);
    for (auto [place, value] : weights) file.dataset(place.cast<std::string>(), to_value(value).as_tensor());
    for (auto [place, name] : names) {
      file.group(place.cast<std::string>());
      file.string_attribute(place.cast<std::string>(), "name", name.cast<std::string>());
    }
    file.finish();
  });
}

}  // namespace lamina::bindings
