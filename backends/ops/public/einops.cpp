#include "backends/ops/public/einops.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "backends/core/constant_value.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

namespace {

using Group = std::vector<std::string>;  // the names that one axis consists of
constexpr int64_t kOpen = -1;            // a length that is not given, or that only a call knows

bool is_name(const std::string& s) {
  auto fits = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
  return !s.empty() && !std::isdigit(static_cast<unsigned char>(s[0])) && std::all_of(s.begin(), s.end(), fits);
}

// A pattern and what was given with it.
class Pattern {
 public:
  Pattern(const std::string& written, const Dict& given) : text_(written) {
    const size_t arrow = written.find("->");
    if (arrow == std::string::npos || written.find("->", arrow + 2) != std::string::npos)
      throw ValueError("A pattern has one '->'. Received: pattern='", written, "'");
    before = side(written.substr(0, arrow));
    after = side(written.substr(arrow + 2));
    names = flat(before);
    auto sorted = [](std::vector<std::string> v) {
      std::sort(v.begin(), v.end());
      return v;
    };
    if (sorted(names) != sorted(flat(after)))
      throw ValueError("Both sides of a pattern name the same axes. Received: pattern='", written, "'");
    for (const auto& [name, v] : given) {
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw ValueError("The pattern '", written, "' has no axis ", name, " before the arrow.");
      const int64_t length = value_to<int64_t>(v);
      if (length < 1)
        throw ValueError("The length of an axis must be at least 1. Received: ", name, "=", length, " for '", written,
                         "'.");
      lengths_.emplace(name, length);
    }
  }

  // The length of each name for a tensor of this shape.
  std::map<std::string, int64_t> lengths(const Shape& shape) const {
    if (static_cast<int>(before.size()) != shape.rank())
      throw ValueError("The pattern '", text_, "' names ", before.size(), " axes, and the tensor has ", shape.rank(),
                       ": ", shape, ".");
    std::map<std::string, int64_t> out;
    for (int i = 0; i < shape.rank(); ++i) split(before[static_cast<size_t>(i)], shape[i], out);
    return out;
  }

  std::vector<Group> before, after;
  std::vector<std::string> names;  // before the arrow, in order

  static std::vector<std::string> flat(const std::vector<Group>& groups) {
    std::vector<std::string> out;
    for (const Group& g : groups) out.insert(out.end(), g.begin(), g.end());
    return out;
  }

 private:
  std::vector<Group> side(const std::string& s) const {
    std::vector<Group> groups;
    std::set<std::string> seen;
    bool inside = false;
    std::string name;
    auto end_name = [&] {
      if (name.empty()) return;
      if (!is_name(name) || !seen.insert(name).second)
        throw ValueError("Axes have names, each once on a side. Received: pattern='", text_, "'");
      if (!inside) groups.emplace_back();
      groups.back().push_back(name);
      name.clear();
    };
    for (const char c : s) {
      if (c != '(' && c != ')' && !std::isspace(static_cast<unsigned char>(c))) {
        name += c;
        continue;
      }
      end_name();
      if (c == '(' || c == ')') {
        if (inside == (c == '('))
          throw ValueError("Parentheses come in pairs and have none inside. Received: pattern='", text_, "'");
        inside = c == '(';
        if (inside) groups.emplace_back();
      }
    }
    end_name();
    if (inside) throw ValueError("Parentheses come in pairs and have none inside. Received: pattern='", text_, "'");
    return groups;
  }

  // The lengths of the names that make up an axis of this size.
  void split(const Group& group, int64_t size, std::map<std::string, int64_t>& out) const {
    int64_t known = 1;
    std::vector<std::string> open;
    for (const std::string& name : group) {
      auto found = lengths_.find(name);
      if (found == lengths_.end())
        open.push_back(name);
      else
        known = multiply_sizes(known, found->second);
      out[name] = found == lengths_.end() ? kOpen : found->second;
    }
    if (open.size() > 1)
      throw ValueError("Of the axes (", join(group, " "), ") in '", text_,
                       "' one length at most may be left out. Pass ", join(open, " or "), ".");
    if (size < 0) return;
    if (open.empty() ? known != size : size % known != 0)
      throw ValueError("An axis of size ", size, " cannot be (", join(group, " "), ") in '", text_,
                       "' with the given lengths, whose product is ", known, ".");
    if (!open.empty()) out[open[0]] = size / known;
  }

  std::string text_;
  std::map<std::string, int64_t> lengths_;
};

Tensor rearrange_impl(const Operand& x, const std::string& pattern, const Dict& axes_lengths) {
  const Tensor t = x.value();
  const Pattern p(pattern, axes_lengths);
  const std::map<std::string, int64_t> lengths = p.lengths(t.shape());
  Shape split, joined;
  for (const std::string& name : p.names) split.push_back(lengths.at(name));
  for (const Group& group : p.after) {
    int64_t size = 1;
    for (const std::string& name : group)
      size = size < 0 || lengths.at(name) < 0 ? Shape::kUnknown : multiply_sizes(size, lengths.at(name));
    joined.push_back(size);
  }
  if (!t.shape().known()) return Tensor::spec_only(joined, t.dtype());
  std::vector<int> order;
  for (const std::string& name : Pattern::flat(p.after))
    order.push_back(static_cast<int>(std::find(p.names.begin(), p.names.end(), name) - p.names.begin()));
  return prim::reshape(prim::transpose(prim::reshape(t, split), order), joined);
}

const auto rearrange_op = public_op(
    "rearrange", "keras.src.ops.einops.Rearrange",
    "The axes of a tensor split, put into another order and joined, by names.", rearrange_impl,
    {{"tensor", required, about::tensor},
     OpArgument("pattern", required,
                "The axes before and after, such as \"b (h p) w -> b h (p w)\": names in parentheses are one axis.")
         .in_call(),
     OpArgument("axes_lengths", Value(),
                "The lengths of named axes; of those in one pair of parentheses one may be left out.")
         .named()},
    {.returns = "A tensor in the dtype of `tensor`.",
     .raises = "ValueError: for a pattern that does not fit the tensor, or lengths that do not fit the pattern.",
     .example = R"py(
>>> keras.ops.rearrange(keras.ops.ones((2, 6, 3)), "b (h p) w -> b h (p w)", p=2).shape
(2, 3, 6))py"});

}  // namespace

Tensor rearrange(const Operand& x, const std::string& pattern, const Dict& axes_lengths) {
  return rearrange_op(x, pattern, axes_lengths);
}

}  // namespace lamina::ops
