// Elements in batches, and batches in elements.
#include "api/data/dataset/dataset_nodes.h"
#include "backends/core/dtype.h"

namespace lamina {

namespace {

using namespace datasets;

class Batches final : public DatasetIterator {
 public:
  Batches(DatasetIteratorPtr input, int64_t size, bool drop, std::optional<double> padding)
      : input_(std::move(input)), size_(size), drop_(drop), padding_(padding) {}
  std::optional<Value> next() override;

 private:
  DatasetIteratorPtr input_;
  const int64_t size_;
  const bool drop_;
  const std::optional<double> padding_;
};

Tensor padded(const Tensor& x, const Shape& shape, double value) {
  if (x.shape() == shape) return x;
  Tensor out = Tensor::empty(shape, x.dtype());
  auto fill = [&](auto filler) {
    using T = decltype(filler);
    T* to = out.mutable_data<T>();
    std::fill(to, to + out.size(), filler);
    const T* from = x.data<T>();
    const int64_t row = x.rank() ? x.shape().back() : 1;
    std::vector<int64_t> index(static_cast<size_t>(std::max(0, x.rank() - 1)), 0);
    for (int64_t done = 0; done < x.size(); done += row) {
      int64_t offset = 0;
      for (int a = 0; a + 1 < x.rank(); ++a) offset = offset * shape[a] + index[static_cast<size_t>(a)];
      std::copy(from + done, from + done + row, to + offset * (x.rank() ? shape.back() : 1));
      for (int a = x.rank() - 2; a >= 0; --a) {
        if (++index[static_cast<size_t>(a)] < x.shape()[a]) break;
        index[static_cast<size_t>(a)] = 0;
      }
    }
  };
  keep_text(out, x);
  if (x.dtype() == DType::string)
    fill(Text());  // whatever the value is
  else
    with_dtype(x.dtype(), [&](auto zero) { fill(static_cast<decltype(zero)>(static_cast<float>(value))); });
  return out;
}

std::vector<Value> padded_alike(const std::vector<Value>& elements, double value) {
  std::vector<Shape> largest;
  for (const Value& e : elements) {
    const List leaves = flatten(e);
    if (largest.empty()) largest.resize(leaves.size());
    for (size_t i = 0; i < leaves.size() && i < largest.size(); ++i) {
      if (!leaves[i].is_tensor()) continue;
      const Shape& s = leaves[i].as_tensor().shape();
      if (largest[i].rank() == 0) largest[i] = s;
      if (largest[i].rank() != s.rank())
        throw ValueError("padded_batch() can pad tensors of one rank. Received shapes ", largest[i], " and ", s, ".");
      for (int a = 0; a < s.rank(); ++a) largest[i][a] = std::max(largest[i][a], s[a]);
    }
  }
  std::vector<Value> out;
  for (const Value& e : elements) {
    size_t i = 0;
    out.push_back(map_structure(e, [&](const Value& leaf) -> Value {
      const Shape& shape = largest[i++];
      return leaf.is_tensor() ? Value(padded(leaf.as_tensor(), shape, value)) : leaf;
    }));
  }
  return out;
}

std::optional<Value> Batches::next() {
  std::optional<Value> out;
  if (padding_) {
    std::vector<Value> elements;
    while (static_cast<int64_t>(elements.size()) < size_) {
      auto element = input_->next();
      if (!element) break;
      elements.push_back(std::move(*element));
    }
    if (!elements.empty()) out = stack_elements(padded_alike(elements, *padding_));
  } else {
    out = input_->next_batch(size_);
  }
  if (out && drop_ && rows_of(*out) < size_) return std::nullopt;
  return out;
}

class Unbatch final : public DatasetIterator {
 public:
  explicit Unbatch(DatasetIteratorPtr input) : input_(std::move(input)) {}
  std::optional<Value> next() override {
    while (true) {
      if (current_)
        if (auto element = current_->next()) return element;
      auto batch = input_->next();
      if (!batch) return std::nullopt;
      current_ = Dataset::from_slices(*batch).iterate(0);
    }
  }

 private:
  DatasetIteratorPtr input_, current_;
};

int64_t batches_of(int64_t n, int64_t size, bool drop) { return n < 0 ? n : drop ? n / size : (n + size - 1) / size; }
}  // namespace

Value stack_elements(const std::vector<Value>& elements) {
  std::vector<List> leaves;
  for (const Value& e : elements) leaves.push_back(flatten(e));
  size_t at = 0;
  return map_structure(elements[0], [&](const Value& first) -> Value {
    const size_t i = at++;
    if (!first.is_tensor()) return first;
    const Tensor& model = first.as_tensor();
    Shape shape = model.shape();
    shape.insert(0, static_cast<int64_t>(elements.size()));
    Tensor out = Tensor::empty(shape, model.dtype());
    auto* to = static_cast<char*>(out.mutable_raw());
    for (const List& l : leaves) {
      if (i >= l.size() || !l[i].is_tensor() || l[i].as_tensor().dtype() != model.dtype() ||
          l[i].as_tensor().shape() != model.shape())
        throw ValueError("Elements of a batch must have the same structure, shapes and dtypes. Received ", model.spec(),
                         " and ",
                         i < l.size() ? l[i].is_tensor() ? text(l[i].as_tensor().spec()) : l[i].repr() : "nothing",
                         ". Use padded_batch() for tensors of different sizes.");
      const Tensor& t = l[i].as_tensor();
      if (t.bytes()) std::memcpy(to, t.raw(), t.bytes());
      to += t.bytes();
      keep_text(out, t);
    }
    return out;
  });
}

namespace datasets {

int64_t rows_of(const Value& batch) {
  for (const Value& leaf : flatten(batch))
    if (leaf.is_tensor()) return leaf.as_tensor().rank() ? leaf.as_tensor().shape()[0] : 1;
  return 0;
}

DatasetNodePtr batched(DatasetNodePtr input, int64_t size, bool drop_remainder, std::optional<double> padding) {
  const int64_t count = batches_of(input->cardinality(), size, drop_remainder);
  return make_node(over<Batches>(std::move(input), size, drop_remainder, padding), count);
}

DatasetNodePtr unbatched(DatasetNodePtr input) {
  const int64_t n = input->cardinality();
  return make_node(over<Unbatch>(std::move(input)), n == kInfinite ? kInfinite : n == 0 ? 0 : kUnknown);
}

}  // namespace datasets
}  // namespace lamina
