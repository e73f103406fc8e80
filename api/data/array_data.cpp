#include <random>

#include "api/data/data_source.h"
#include "backends/core/engine.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/primitives.h"
#include "backends/ops/random/seed_generator.h"

namespace lamina {

Tensor rows(const Tensor& t, int64_t from, int64_t to) {
  Shape shape = t.shape();
  int64_t row = shape[0] ? static_cast<int64_t>(t.bytes()) / shape[0] : 0;
  shape[0] = to - from;
  auto view =
      std::make_shared<Buffer>(static_cast<char*>(t.mutable_raw()) + from * row, (to - from) * row, t.node()->buffer);
  view->keep_text(t.node()->buffer->text());
  return Tensor::on(std::move(view), shape, t.dtype());
}

Tensor class_weights_to_sample_weights(const Tensor& y, const Dict& class_weight) {
  EagerScope eager;
  int64_t n = y.shape()[0];
  bool one_hot = y.rank() > 1 && y.shape().back() > 1;
  Tensor out = Tensor::empty({n}, DType::float32);
  int64_t width = n ? y.size() / n : 1;
  for (int64_t i = 0; i < n; ++i) {
    int64_t label = 0;
    if (one_hot) {
      for (int64_t j = 1; j < width; ++j)
        if (y.at(i * width + j) > y.at(i * width + label)) label = j;
    } else {
      label = static_cast<int64_t>(std::llround(y.at(i * width)));
    }
    const Value* w = class_weight.find(std::to_string(label));
    out.mutable_data<float>()[i] = w ? static_cast<float>(w->as_number()) : 1.0f;
  }
  return out;
}

namespace {

// Rows of some tensors, to be copied in an order. The copies are cut into pieces of some kilobytes.
class RowCopies {
 public:
  void add(const Tensor& from, const Tensor& to) {
    const int64_t count = to.shape()[0], row = count ? static_cast<int64_t>(to.bytes()) / count : 0;
    if (row == 0) return;
    const int64_t rows = std::max<int64_t>(1, kPiece / row), parts = (row + kPiece - 1) / kPiece;
    copies_.push_back({static_cast<const char*>(from.raw()), static_cast<char*>(to.mutable_raw()), count, row, rows,
                       parts, pieces_, std::clamp<int64_t>(kAhead / row, 1, 64)});
    pieces_ += (count + rows - 1) / rows * parts;
  }
  int64_t pieces() const { return pieces_; }
  void run(int64_t piece, const int64_t* order) const {
    size_t at = copies_.size() - 1;
    while (copies_[at].first > piece) --at;
    const Copy& c = copies_[at];
    const int64_t group = (piece - c.first) / c.parts, part = (piece - c.first) % c.parts;
    const int64_t begin = part * kPiece, bytes = c.parts > 1 ? std::min(kPiece, c.row - begin) : c.row;
    for (int64_t i = group * c.rows; i < std::min(c.count, (group + 1) * c.rows); ++i) {
      if (const int64_t next = i + c.ahead; next < c.count) prefetch(c.from + order[next] * c.row + begin, bytes);
      std::memcpy(c.to + i * c.row + begin, c.from + order[i] * c.row + begin, static_cast<size_t>(bytes));
    }
  }

 private:
  static constexpr int64_t kPiece = 8 * 1024;  // bytes: some rows, or a part of one
  static constexpr int64_t kAhead =
      4 * 1024;  // bytes: rows at random places are asked for early, since the processor cannot guess them

  // Into the second-level cache, which waits for more lines at once than the first (rows of 2 KB: 5 GB/s without, 6
  // with the first, 14 with this).
  static void prefetch(const char* p, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i, 0, 2);
  }
  struct Copy {
    const char* from;
    char* to;
    int64_t count, row, rows, parts, first,
        ahead;  // rows, bytes a row, rows a piece or pieces a row, its first piece, and rows to prefetch
  };
  std::vector<Copy> copies_;
  int64_t pieces_ = 0;
};

}  // namespace

struct ArrayData::Shuffled {
  int64_t from;
  Batch batch;
  RowCopies copies;
  std::optional<SpareWork> work;
};

std::unique_ptr<ArrayData::Shuffled> ArrayData::gather(int64_t from) const {
  const int64_t count = std::min(samples_, from + options_.batch_size) - from;
  auto out = std::make_unique<Shuffled>();
  auto empty = [&](const Value& structure) -> Value {
    if (structure.is_none()) return {};
    return map_structure(structure, [&](const Value& leaf) -> Value {
      if (!leaf.is_tensor()) return leaf;
      const Tensor& t = leaf.as_tensor();
      Shape shape = t.shape();
      shape[0] = count;
      Tensor rows = Tensor::empty(shape, t.dtype());
      keep_text(rows, t);
      out->copies.add(t, rows);
      return rows;
    });
  };
  out->from = from;
  out->batch = {empty(x_), empty(y_), empty(sample_weight_), count};
  out->work.emplace(out->copies.pieces(), [copies = &out->copies, order = order_.data() + from](int64_t piece) {
    copies->run(piece, order);
  });
  return out;
}

ArrayData::~ArrayData() = default;

ArrayData::ArrayData(Value x, Value y, Value sample_weight, Options options)
    : x_(std::move(x)), y_(std::move(y)), sample_weight_(std::move(sample_weight)), options_(std::move(options)) {
  samples_ = -1;
  auto check = [&](const Value& structure, const char* what) {
    for (const Tensor& t : flatten_tensors(structure)) {
      if (t.rank() == 0) throw ValueError("`", what, "` must have a leading axis of samples, received a scalar.");
      if (samples_ < 0) samples_ = t.shape()[0];
      if (t.shape()[0] != samples_) {
        std::string sizes;
        for (const auto& [s, name] : {std::pair{&x_, "x"}, {&y_, "y"}, {&sample_weight_, "sample_weight"}})
          for (const Tensor& u : flatten_tensors(*s))
            sizes += text(sizes.empty() ? "" : ", ", name, ": ", u.rank() ? u.shape()[0] : 0);
        throw ValueError(
            "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. sizes: ", sizes);
      }
    }
  };
  check(x_, "x"), check(y_, "y"), check(sample_weight_, "sample_weight");
  if (samples_ < 0) throw ValueError("No data was given: `x` must be an array or a structure of arrays.");
  if (options_.batch_size < 1) throw ValueError("`batch_size` must be at least 1, received ", options_.batch_size, ".");
  if (!options_.class_weight.empty()) {
    Tensors ys = flatten_tensors(y_);
    if (ys.size() != 1) throw ValueError("`class_weight` is only supported for models with a single output.");
    if (!sample_weight_.is_none()) throw ValueError("You cannot `class_weight` and `sample_weight` at the same time.");
    sample_weight_ = class_weights_to_sample_weights(ys[0], options_.class_weight);
  }
}

std::optional<int64_t> ArrayData::batches() const { return (samples_ + options_.batch_size - 1) / options_.batch_size; }

void ArrayData::begin_pass(int64_t) {
  at_ = 0;
  ahead_ = nullptr;
  if (!options_.shuffle) return;
  order_.resize(samples_);
  for (int64_t i = 0; i < samples_; ++i) order_[i] = i;
  seed_ = next_ ? *next_ : next_shuffle_seed();
  next_.reset();
  std::mt19937_64 random(seed_);
  const int64_t part = options_.within_batches ? options_.batch_size : samples_;
  for (int64_t from = 0; from < samples_; from += part)
    for (int64_t i = std::min(part, samples_ - from); i > 1; --i)
      std::swap(order_[from + i - 1], order_[from + static_cast<int64_t>(random() % static_cast<uint64_t>(i))]);
}

void ArrayData::restore(const Value& state, bool within_pass) {
  if (within_pass) next_ = static_cast<uint64_t>(state.as_int());
}

bool ArrayData::skip(int64_t batches) {
  if (batches > this->batches().value()) return false;
  at_ = std::min(samples_, at_ + batches * options_.batch_size);
  return true;
}

Batch ArrayData::views(int64_t from, int64_t to) const {
  auto cut = [&](const Value& structure) -> Value {
    if (structure.is_none()) return {};
    return map_structure(structure, [&](const Value& leaf) -> Value {
      return leaf.is_tensor() ? Value(rows(leaf.as_tensor(), from, to)) : leaf;
    });
  };
  return {cut(x_), cut(y_), cut(sample_weight_), to - from};
}

std::optional<Batch> ArrayData::next() {
  if (at_ >= samples_) return std::nullopt;
  const int64_t from = std::exchange(at_, std::min(samples_, at_ + options_.batch_size));
  if (!options_.shuffle) return views(from, at_);
  auto now = ahead_ && ahead_->from == from ? std::move(ahead_) : gather(from);
  now->work->finish();
  if (at_ < samples_) ahead_ = gather(at_);
  return std::move(now->batch);
}

std::pair<Batch, Batch> ArrayData::split(const Value& x, const Value& y, const Value& sample_weight, double fraction) {
  Tensors all = flatten_tensors(x);
  if (all.empty()) throw ValueError("`validation_split` needs arrays as `x`.");
  int64_t n = all[0].shape()[0], at = static_cast<int64_t>(std::floor(static_cast<double>(n) * (1 - fraction)));
  if (at == 0 || at == n)
    throw ValueError("Training data contains ", n,
                     " samples, which is not sufficient to split it into a validation and training set as specified by "
                     "`validation_split=",
                     fraction,
                     "`. Either provide more data, or a different value for the `validation_split` argument.");
  auto part = [&](const Value& v, int64_t from, int64_t to) -> Value {
    if (v.is_none()) return {};
    return map_structure(v, [&](const Value& leaf) -> Value {
      return leaf.is_tensor() ? Value(rows(leaf.as_tensor(), from, to)) : leaf;
    });
  };
  return {{part(x, 0, at), part(y, 0, at), part(sample_weight, 0, at), at},
          {part(x, at, n), part(y, at, n), part(sample_weight, at, n), n - at}};
}

}  // namespace lamina
