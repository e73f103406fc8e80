// Datasets: the pipeline is C++; elements from Python's iterables and Python's functions come in through the
// interpreter's lock.
#include "api/data/dataset/dataset.h"

#include <pybind11/stl.h>

#include "api/data/dataset/file_readers.h"
#include "bindings/convert.h"

namespace lamina::bindings {

namespace {

// An iterator of Python as a dataset's.
class PyIterator final : public DatasetIterator {
 public:
  explicit PyIterator(py::object iterator) : iterator_(std::move(iterator)) {}
  ~PyIterator() override {
    py::gil_scoped_acquire gil;
    iterator_ = py::object();
  }
  std::optional<Value> next() override {
    py::gil_scoped_acquire gil;
    PyObject* item = iterator_ ? PyIter_Next(iterator_.ptr()) : nullptr;
    if (!item) {
      if (PyErr_Occurred()) throw py::error_already_set();
      iterator_ = py::object();
      return std::nullopt;
    }
    return to_value(py::reinterpret_steal<py::object>(item));
  }

 private:
  py::object iterator_;
};

// A Python object that outlives the interpreter's lock: released under it.
std::shared_ptr<py::object> held(py::object o) {
  return {new py::object(std::move(o)), [](py::object* p) {
            py::gil_scoped_acquire gil;
            delete p;
          }};
}

Dataset::Function function_of(py::handle f) {
  auto function = to_value(f).object_as<Callable>();
  if (!function) throw TypeError("Expected a function, received ", py::repr(f).cast<std::string>(), ".");
  return function;
}

std::function<Dataset(const Value&)> dataset_function(py::object f) {
  return [f = held(std::move(f))](const Value& element) {
    py::gil_scoped_acquire gil;
    return (*f)(to_python(element)).cast<Dataset>();
  };
}

struct Iteration {
  explicit Iteration(DatasetIteratorPtr i) : iterator(std::move(i)) {}
  DatasetIteratorPtr iterator;
  int64_t position = 0;  // elements given so far
};

}  // namespace

void bind_datasets(py::module_& m) {
  py::class_<Iteration>(m, "DatasetIterator")
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__",
           [](Iteration& it) {
             std::optional<Value> element;
             {
               py::gil_scoped_release release;
               element = it.iterator->next();
             }
             if (!element) throw py::stop_iteration();
             ++it.position;
             return to_python(*element);
           })
      .def("skip",
           [](Iteration& it, int64_t n) {
             py::gil_scoped_release release;
             const int64_t skipped = it.iterator->skip(n);
             it.position += skipped;
             return skipped;
           })
      .def_readonly("position", &Iteration::position);

  using Seed = std::optional<int64_t>;
  py::class_<Dataset>(m, "DatasetCore")
      .def_static("from_slices", [](py::handle arrays) { return Dataset::from_slices(to_value(arrays)); })
      .def_static("from_element", [](py::handle element) { return Dataset::from_element(to_value(element)); })
      .def_static("range", &Dataset::range)
      .def_static("zip", &Dataset::zip)
      .def_static("from_iterable",
                  [](py::object open, int64_t cardinality) {
                    return Dataset::from_iterators(
                        [open = held(std::move(open))](uint64_t) -> DatasetIteratorPtr {
                          py::gil_scoped_acquire gil;
                          return std::make_unique<PyIterator>(py::iter((*open)()));
                        },
                        cardinality);
                  })
      .def("map", [](const Dataset& d, py::handle f, int workers) { return d.map(function_of(f), workers); })
      .def("read_images",
           [](const Dataset& d, const std::vector<std::string>& paths, std::pair<int64_t, int64_t> size, int channels,
              const std::string& interpolation, bool crop, bool pad, bool last, int workers) {
             return d.map(image_reader(paths, {size.first, size.second, channels, interpolation, crop, pad, last}),
                          workers);
           })
      .def("read_sounds",
           [](const Dataset& d, const std::vector<std::string>& paths, std::optional<int64_t> rate,
              std::optional<int64_t> samples, int workers) {
             return d.map(sound_reader(paths, {rate, samples}), workers);
           })
      .def("filter", [](const Dataset& d, py::handle f) { return d.filter(function_of(f)); })
      .def("take", &Dataset::take)
      .def("skip", &Dataset::skip)
      .def("shard", &Dataset::shard)
      .def("enumerate", &Dataset::enumerate)
      .def("concatenate", &Dataset::concatenate)
      .def("repeat", &Dataset::repeat)
      .def("shuffle",
           [](const Dataset& d, int64_t buffer, Seed seed, bool anew) { return d.shuffle(buffer, seed, anew); })
      .def("cache", &Dataset::cache)
      .def("interleave", [](const Dataset& d, py::object f, int64_t cycle,
                            int64_t block) { return d.interleave(dataset_function(std::move(f)), cycle, block); })
      .def("batch", &Dataset::batch)
      .def("padded_batch", &Dataset::padded_batch)
      .def("unbatch", &Dataset::unbatch)
      .def("prefetch", &Dataset::prefetch)
      .def("cardinality", &Dataset::cardinality)
      .def("first",
           [](const Dataset& d) {
             return to_python([&] {
               py::gil_scoped_release release;
               return d.first();
             }());
           })
      .def("source", &Dataset::source)
      .def("iterate", [](const Dataset& d) { return std::make_unique<Iteration>(d.iterate()); })
      .def("iterate_pass",
           [](const Dataset& d, uint64_t pass) { return std::make_unique<Iteration>(d.iterate(pass)); });
}

}  // namespace lamina::bindings
