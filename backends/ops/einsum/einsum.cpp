#include "backends/ops/einsum/einsum.h"

#include <mutex>

#include "backends/ops/einsum/einsum_int8.h"
#include "backends/ops/matmul/int8_matmul.h"
#include "backends/ops/primitives.h"

namespace lamina::prim {

namespace {

// A label is a letter, or 1000 + its distance from the right for an axis under "...".
using Labels = std::vector<int>;
constexpr int kEllipsis = 1000, kDots = -1;

struct Equation {
  std::vector<Labels> inputs;  // kDots where the ellipsis stands
  Labels output;
  bool explicit_output = false;
};

Labels parse_term(const std::string& term, const std::string& subscripts) {
  Labels out;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == ' ') continue;
    if (std::isalpha(static_cast<unsigned char>(term[i])))
      out.push_back(term[i]);
    else if (term.compare(i, 3, "...") == 0 && std::find(out.begin(), out.end(), kDots) == out.end())
      out.push_back(kDots), i += 2;
    else
      throw ValueError("einsum: unexpected '", term[i], "' in the subscripts '", subscripts, "'.");
  }
  return out;
}

Equation parse(const std::string& subscripts) {
  Equation e;
  std::string inputs = subscripts;
  size_t arrow = subscripts.find("->");
  if (arrow != std::string::npos) {
    e.output = parse_term(subscripts.substr(arrow + 2), subscripts);
    e.explicit_output = true;
    inputs = subscripts.substr(0, arrow);
  }
  for (size_t from = 0;;) {
    size_t comma = inputs.find(',', from);
    e.inputs.push_back(parse_term(inputs.substr(from, comma == std::string::npos ? comma : comma - from), subscripts));
    if (comma == std::string::npos) return e;
    from = comma + 1;
  }
}

Equation parsed(const std::string& subscripts) {
  static std::mutex mutex;
  static std::map<std::string, Equation> cache;
  std::lock_guard lock(mutex);
  auto found = cache.find(subscripts);
  if (found != cache.end()) return found->second;
  if (cache.size() > 1000) cache.clear();
  return cache.emplace(subscripts, parse(subscripts)).first->second;
}

bool has(const Labels& l, int label) { return std::find(l.begin(), l.end(), label) != l.end(); }

struct Term {
  Tensor x;
  Labels labels;

  int axis(int label) const {
    return static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin());
  }
  void sum_out(int label) {
    int a = axis(label);
    x = reduce(Reduce::sum, x, {a}, false);
    labels.erase(labels.begin() + a);
  }
  void arrange(const Labels& order) {
    std::vector<int> axes;
    for (int label : order) axes.push_back(axis(label));
    x = transpose(x, axes);
    labels = order;
  }
  // Repeated labels keep only the diagonal.
  void take_diagonals() {
    for (size_t b = 0; b < labels.size(); ++b) {
      size_t a = static_cast<size_t>(axis(labels[b]));
      if (a == b) continue;
      Shape row = Shape::of_rank(x.rank()), column = row;
      row[static_cast<int>(a)] = x.shape()[static_cast<int>(a)];
      column[static_cast<int>(b)] = x.shape()[static_cast<int>(b)];
      Tensor on = binary(Binary::equal, reshape(iota(row[static_cast<int>(a)], DType::int32), row),
                         reshape(iota(column[static_cast<int>(b)], DType::int32), column));
      x = reduce(Reduce::sum, where(on, x, full({}, 0, x.dtype())), {static_cast<int>(b)}, false);
      labels.erase(labels.begin() + static_cast<long>(b--));
    }
  }
};

// int8 as int32, anything else as it is.
Tensor widened(const Tensor& x) { return x.dtype() == DType::int8 ? cast(x, DType::int32) : x; }

// Of int8 matrices without `wide` sums are int8.
Tensor matrix_product(const Tensor& a, const Tensor& b, bool ta, bool tb, bool wide) {
  if (!wide) return matmul(a, b, ta, tb);
  if (a.dtype() == DType::int8 && b.dtype() == DType::int8) return matmul_int8(a, b, ta, tb);
  return matmul(widened(a), widened(b), ta, tb);
}

int64_t product(const std::map<int, int64_t>& sizes, const Labels& labels) {
  int64_t out = 1;
  for (int l : labels) out *= sizes.at(l);
  return out;
}

Term contract(Term a, Term b, const std::map<int, int64_t>& sizes, const std::function<bool(int)>& kept, bool wide) {
  Labels batch, inner, left, right;
  for (int l : a.labels) (!has(b.labels, l) ? left : kept(l) ? batch : inner).push_back(l);
  for (int l : b.labels)
    if (!has(a.labels, l)) right.push_back(l);
  auto joined = [](std::initializer_list<const Labels*> parts) {
    Labels out;
    for (const Labels* p : parts) out.insert(out.end(), p->begin(), p->end());
    return out;
  };
  Term out;
  out.labels = joined({&batch, &left, &right});
  Shape shape;
  for (int l : out.labels) shape.push_back(sizes.at(l));
  if (inner.empty()) {
    a.arrange(joined({&batch, &left}));
    b.arrange(joined({&batch, &right}));
    Shape wide_a = a.x.shape(), wide_b;
    for (size_t i = 0; i < right.size(); ++i) wide_a.push_back(1);
    for (size_t i = 0; i < batch.size(); ++i) wide_b.push_back(b.x.shape()[static_cast<int>(i)]);
    for (size_t i = 0; i < left.size(); ++i) wide_b.push_back(1);
    for (size_t i = batch.size(); i < b.labels.size(); ++i) wide_b.push_back(b.x.shape()[static_cast<int>(i)]);
    if (wide) a.x = widened(a.x), b.x = widened(b.x);
    out.x = multiply(reshape(a.x, wide_a), reshape(b.x, wide_b));
    return out;
  }
  // The matrix product reads either operand transposed, which saves moving it when it lies that way already.
  bool ta = a.labels == joined({&batch, &inner, &left}) && !left.empty();
  bool tb = b.labels == joined({&batch, &right, &inner}) && !right.empty();
  a.arrange(ta ? joined({&batch, &inner, &left}) : joined({&batch, &left, &inner}));
  b.arrange(tb ? joined({&batch, &right, &inner}) : joined({&batch, &inner, &right}));
  int64_t nb = product(sizes, batch), m = product(sizes, left), k = product(sizes, inner), n = product(sizes, right);
  Shape sa = batch.empty() ? Shape{} : Shape{nb}, sb = sa;
  sa.push_back(ta ? k : m), sa.push_back(ta ? m : k);
  sb.push_back(tb ? n : k), sb.push_back(tb ? k : n);
  out.x = reshape(matrix_product(reshape(a.x, sa), reshape(b.x, sb), ta, tb, wide), shape);
  return out;
}

// One call: the operands as terms, and what their labels stand for.
class Einsum {
 public:
  Einsum(const std::string& subscripts, const Tensors& operands, bool wide)
      : subscripts_(subscripts), operands_(operands), wide_(wide), equation_(parsed(subscripts)) {
    if (equation_.inputs.size() != operands.size())
      throw ValueError("einsum: the subscripts '", subscripts, "' name ", equation_.inputs.size(),
                       " operands, received ", operands.size(), ".");
    for (size_t i = 0; i < operands.size(); ++i) add_term(i);
    find_output();
  }

  Tensor compute() {
    Shape result;
    for (int l : output_) result.push_back(sizes_.at(l));
    for (const Tensor& t : operands_)
      if (!t.shape().known()) {
        const DType dtype = operands_[0].dtype();
        return Tensor::spec_only(result, wide_ && dtype == DType::int8 ? DType::int32 : dtype);
      }
    for (Term& t : terms_) {
      Shape wide = t.x.shape();
      for (int a = 0; a < wide.rank(); ++a) wide[a] = sizes_.at(t.labels[static_cast<size_t>(a)]);
      t.x = broadcast_to(t.x, wide);
      t.take_diagonals();
    }
    Term acc = std::move(terms_[0]);
    for (size_t i = 0; i < terms_.size(); ++i) {
      auto later = [&](int label) { return needed_after(i, label); };
      if (i > 0) {
        Term& b = terms_[i];
        for (int l : Labels(b.labels))
          if (!has(acc.labels, l) && !later(l)) sum_out(b, l);
        acc = contract(std::move(acc), std::move(b), sizes_, later, wide_);
      }
      for (int l : Labels(acc.labels))
        if (!later(l)) sum_out(acc, l);
    }
    acc.arrange(output_);
    return wide_ ? widened(acc.x) : acc.x;
  }

 private:
  void sum_out(Term& t, int label) const {
    if (wide_) t.x = widened(t.x);
    t.sum_out(label);
  }

  void add_term(size_t i) {
    const Shape& s = operands_[i].shape();
    const Labels& letters = equation_.inputs[i];
    const int named = static_cast<int>(std::count_if(letters.begin(), letters.end(), [](int l) { return l != kDots; }));
    const int hidden = s.rank() - named;
    if (hidden < 0 || (hidden > 0 && !has(letters, kDots)))
      throw ValueError("einsum: operand ", i, " of shape ", s, " does not fit its subscripts in '", subscripts_,
                       "', which name ", named, " axes.");
    if (has(letters, kDots)) dots_ = std::max(dots_, hidden);
    Term t{operands_[i], {}};
    for (int l : letters) {
      if (l != kDots)
        t.labels.push_back(l);
      else
        for (int d = hidden; d-- > 0;) t.labels.push_back(kEllipsis + d);
    }
    for (int a = 0; a < s.rank(); ++a) note_size(t.labels[static_cast<size_t>(a)], s[a]);
    terms_.push_back(std::move(t));
  }

  void note_size(int label, int64_t size) {
    auto [place, fresh] = sizes_.emplace(label, size);
    ++uses_[label];
    if (fresh || size == place->second) return;
    if (place->second == 1 || place->second < 0)
      place->second = size;
    else if (size != 1 && size >= 0)
      throw ValueError("einsum: the label '", label < kEllipsis ? std::string(1, static_cast<char>(label)) : "...",
                       "' of '", subscripts_, "' stands for sizes ", place->second, " and ", size, ".");
  }

  void find_output() {
    auto add_dots = [&] {
      for (int d = dots_; d-- > 0;) output_.push_back(kEllipsis + d);
    };
    for (int l : equation_.output) {
      if (l == kDots)
        add_dots();
      else
        output_.push_back(l);
    }
    if (!equation_.explicit_output) {
      add_dots();
      for (const auto& [label, count] : uses_)
        if (count == 1 && label < kEllipsis) output_.push_back(label);
    }
    for (int l : output_)
      if (!sizes_.count(l) || std::count(output_.begin(), output_.end(), l) > 1)
        throw ValueError("einsum: the output of '", subscripts_,
                         "' must name each of its labels once, and only labels of the operands.");
  }

  // Whether the result or a term after i has the label.
  bool needed_after(size_t i, int label) const {
    return has(output_, label) || std::any_of(terms_.begin() + static_cast<std::ptrdiff_t>(i) + 1, terms_.end(),
                                              [&](const Term& t) { return has(t.labels, label); });
  }

  const std::string& subscripts_;
  const Tensors& operands_;
  const bool wide_;
  const Equation equation_;
  std::vector<Term> terms_;
  std::map<int, int64_t> sizes_;  // by label
  std::map<int, int> uses_;       // by label
  int dots_ = 0;                  // axes that "..." stands for
  Labels output_;
};

}  // namespace

Tensor einsum(const std::string& subscripts, const Tensors& operands) {
  return Einsum(subscripts, operands, false).compute();
}
Tensor einsum_widened(const std::string& subscripts, const Tensors& operands) {
  return Einsum(subscripts, operands, true).compute();
}

}  // namespace lamina::prim
