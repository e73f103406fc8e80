#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/ctc/beam_search.h"

namespace lamina {

namespace {

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == -INFINITY ? a : a + std::log1p(std::exp(b - a));
}

// Label sequences as a tree: each is its parent and one label more. The root is the empty sequence.
class Prefixes {
 public:
  int32_t child(int32_t parent, int32_t label) {
    const auto [place, made] =
        children_.try_emplace(static_cast<uint64_t>(parent) << 32 | static_cast<uint32_t>(label), size());
    if (made) parents_.push_back(parent), labels_.push_back(label);
    return place->second;
  }
  int32_t label(int32_t node) const { return labels_[static_cast<size_t>(node)]; }
  int32_t parent(int32_t node) const { return parents_[static_cast<size_t>(node)]; }
  int32_t size() const { return static_cast<int32_t>(parents_.size()); }

 private:
  std::vector<int32_t> parents_{-1}, labels_{-1};
  std::unordered_map<uint64_t, int32_t> children_;
};

struct Beam {
  int32_t prefix;
  double blank = -INFINITY, label = -INFINITY;  // log probabilities of the alignments that end in a blank, or a label
  double total() const { return log_add(blank, label); }
};

class Search {
 public:
  Search(int64_t classes, int64_t beam_width, int64_t blank) : classes_(classes), width_(beam_width), blank_(blank) {
    beams_.push_back({0, 0, -INFINITY});
  }

  template <class T>
  void step(const T* log_p) {
    next_.clear();
    place_.clear();
    for (const Beam& b : beams_) {
      const double total = b.total();
      Beam& same = at(b.prefix);
      same.blank = log_add(same.blank, total + static_cast<double>(log_p[blank_]));
      const int32_t last = prefixes_.label(b.prefix);
      if (last >= 0) same.label = log_add(same.label, b.label + static_cast<double>(log_p[last]));
      for (int64_t c = 0; c < classes_; ++c) {
        if (c == blank_) continue;
        // A label that repeats the last one makes a longer sequence only behind a blank.
        const double from = c == last ? b.blank : total;
        if (from == -INFINITY) continue;
        Beam& longer = at(prefixes_.child(b.prefix, static_cast<int32_t>(c)));
        longer.label = log_add(longer.label, from + static_cast<double>(log_p[c]));
      }
    }
    beams_.swap(next_);
    keep(width_);
  }
  // The best ones, best first; equal ones in the order in which they were found.
  void keep(int64_t count) {
    auto better = [](const Beam& a, const Beam& b) {
      const double x = a.total(), y = b.total();
      return x != y ? x > y : a.prefix < b.prefix;
    };
    const auto end = beams_.begin() + std::min<int64_t>(count, static_cast<int64_t>(beams_.size()));
    std::partial_sort(beams_.begin(), end, beams_.end(), better);
    beams_.erase(end, beams_.end());
  }
  const std::vector<Beam>& beams() const { return beams_; }
  std::vector<int32_t> labels(int32_t prefix) const {
    std::vector<int32_t> out;
    for (; prefix > 0; prefix = prefixes_.parent(prefix)) out.push_back(prefixes_.label(prefix));
    std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  Beam& at(int32_t prefix) {
    const auto [place, made] = place_.try_emplace(prefix, next_.size());
    if (made) next_.push_back({prefix});
    return next_[place->second];
  }
  const int64_t classes_, width_, blank_;
  Prefixes prefixes_;
  std::vector<Beam> beams_, next_;
  std::unordered_map<int32_t, size_t> place_;  // of a prefix in next_
};

template <class T>
void decode(const CtcBeamSearchOp& op, const Shape& x, int64_t row, const T* log_p, int64_t length, int32_t* paths,
            T* scores) {
  const int64_t batch = x[0], steps = x[1], classes = x[2];
  Search search(classes, op.beam_width, op.blank);
  for (int64_t t = 0; t < std::clamp<int64_t>(length, 0, steps); ++t) search.step(log_p + (row * steps + t) * classes);
  search.keep(op.top_paths);
  for (int64_t p = 0; p < op.top_paths; ++p) {
    int32_t* path = paths + (p * batch + row) * steps;
    std::fill(path, path + steps, -1);
    scores[row * op.top_paths + p] = -std::numeric_limits<T>::infinity();
    if (p >= static_cast<int64_t>(search.beams().size())) continue;
    const Beam& beam = search.beams()[static_cast<size_t>(p)];
    scores[row * op.top_paths + p] = static_cast<T>(beam.total());
    const std::vector<int32_t> labels = search.labels(beam.prefix);
    std::copy(labels.begin(), labels.end(), path);
  }
}

BoundKernel bind_search(const CtcBeamSearchOp& op, const KernelRequest& r) {
  BoundKernel kernel;
  kernel.run = [op = CtcBeamSearchOp(op.beam_width, op.top_paths, op.blank), x = r.inputs[0].shape,
                dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    parallel_for(x[0], [&](int64_t row) {
      const int64_t length = static_cast<const int32_t*>(in[1])[row];
      auto* paths = static_cast<int32_t*>(out[0]);
      if (dtype == DType::float64)
        decode(op, x, row, static_cast<const double*>(in[0]), length, paths, static_cast<double*>(out[1]));
      else
        decode(op, x, row, static_cast<const float*>(in[0]), length, paths, static_cast<float*>(out[1]));
    });
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "CtcBeamSearch", "plain", 100, bind_search);

}  // namespace
}  // namespace lamina
