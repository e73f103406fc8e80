// model.summary(): Keras' table in box characters.
#include <regex>
#include <set>

#include "api/model.h"
#include "backends/core/stack.h"

namespace lamina {

namespace {

size_t columns_of(const std::string& s) {  // UTF-8 characters
  size_t n = 0;
  for (char c : s) n += (c & 0xC0) != 0x80;
  return n;
}
// `s` in so many columns: filled with spaces, or cut and ended by dots.
std::string pad(std::string s, size_t width, bool right = false) {
  if (columns_of(s) > width) {
    while (columns_of(s) >= width) {
      while ((s.back() & 0xC0) == 0x80) s.pop_back();
      s.pop_back();
    }
    s += "…";
  }
  std::string space(width - columns_of(s), ' ');
  return right ? space + s : s + space;
}
std::string thousands(int64_t n) {
  std::string s = std::to_string(n);
  for (int i = static_cast<int>(s.size()) - 3; i > 0; i -= 3) s.insert(static_cast<size_t>(i), 1, ',');
  return s;
}
std::string size_text(const Variables& list) {
  double bytes = 0;
  for (const Variable& v : list)
    bytes += static_cast<double>(v.shape().elements()) * static_cast<double>(size_of(v.dtype()));
  const char* units[] = {"B", "KB", "MB", "GB", "TB"};
  int u = 0;
  while (bytes >= 1024 && u < 4) bytes /= 1024, ++u;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f %s", bytes, units[u]);
  return buffer;
}
int64_t count(const Variables& list) {
  int64_t n = 0;
  for (const Variable& v : list) n += v.shape().elements();
  return n;
}

std::string output_shape(const Layer& layer) {
  for (const auto& weak : layer.inbound_nodes)
    if (NodePtr n = weak.lock()) {
      if (n->specs.size() == 1) return n->specs[0].shape.str();
      std::string out = "[";
      for (const auto& s : n->specs) out += (out.size() > 1 ? ", " : "") + s.shape.str();
      return out + "]";
    }
  return "?";
}

std::string connected_to(const Layer& layer, const GraphMap& map) {
  std::string out;
  for (const NodePtr& n : map.nodes)
    if (n->operation.get() == &layer)
      for (const Tensor& t : n->input_tensors())
        out += (out.empty() ? "" : ", ") + t.find_notes()->history->operation->name() + "[" +
               std::to_string(t.find_notes()->history->index) + "][" + std::to_string(t.find_notes()->history_index) +
               "]";
  return out.empty() ? "-" : out;
}

// Whether every call has one input tensor and feeds one other call, and no layer is called twice.
bool is_chain(const GraphMap& map) {
  std::set<const Operation*> called;
  std::set<const void*> fed;
  for (const NodePtr& n : map.nodes) {
    if (!called.insert(n->operation.get()).second) return false;
    const Tensors inputs = n->input_tensors();
    if (inputs.size() > 1) return false;
    for (const Tensor& t : inputs)
      if (!fed.insert(t.find_notes()->history.get()).second) return false;
  }
  return true;
}

// The layers from the first that matches the first pattern to the last that matches the second; all without a range.
std::vector<LayerPtr> within(const std::vector<LayerPtr>& layers, const std::vector<std::string>& range) {
  if (range.empty()) return layers;
  if (range.size() != 2)
    throw ValueError("layer_range must be a list or tuple of length 2. Received: layer_range = ",
                     to_value(range).repr(), " of length ", range.size());
  auto matches = [&](const LayerPtr& l, const std::string& pattern) {
    try {
      return l->name() == pattern ||
             std::regex_search(l->name(), std::regex(pattern), std::regex_constants::match_continuous);
    } catch (const std::regex_error&) {
      throw ValueError("layer_range holds '", pattern, "', which is neither a layer's name nor a regular expression.");
    }
  };
  std::vector<std::ptrdiff_t> lower, upper;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (matches(layers[i], range[0])) lower.push_back(static_cast<std::ptrdiff_t>(i));
    if (matches(layers[i], range[1])) upper.push_back(static_cast<std::ptrdiff_t>(i));
  }
  if (lower.empty() || upper.empty())
    throw ValueError("Passed layer_names do not match the layer names in the model. Received: ",
                     to_value(range).repr());
  if (lower.front() > upper.back()) std::swap(lower, upper);  // given the wrong way round
  return {layers.begin() + lower.front(), layers.begin() + upper.back() + 1};
}

// Widths of the cells of a line of `total` columns, from where each ends: a share of the line, or a column.
std::vector<size_t> cell_widths(const std::vector<double>& ends, size_t total) {
  std::vector<size_t> out;
  const double unit = ends.back() <= 1 ? static_cast<double>(total) : 1;
  size_t at = 0;
  for (double end : ends) {
    const auto to = static_cast<size_t>(std::max(0.0, end * unit));
    if (to < at + 5) throw ValueError("Insufficient console width to print summary.");
    out.push_back(to - at - 1);  // a bar stands before each
    at = to;
  }
  --out.back();  // and one at the end
  return out;
}

}  // namespace

std::string Model::summary(const SummaryOptions& options) const {
  const bool show_trainable = options.show_trainable;
  const bool sequential_like = !graph_ || class_name() == "Sequential" || is_chain(graph_->map());
  std::vector<std::string> headers = {"Layer (type)", "Output Shape", "Param #"};
  if (!sequential_like) headers.push_back("Connected to");
  std::vector<double> ends = options.positions;
  if (ends.empty())
    ends = sequential_like ? std::vector<double>{0.45, 0.80, 1.0} : std::vector<double>{0.3, 0.56, 0.74, 1.0};
  size_t total = (sequential_like ? 88 : 108) + (show_trainable ? 12 : 0);
  if (show_trainable) {
    headers.push_back("Trainable");
    if (ends.back() <= 1) {
      for (double& end : ends) end *= 0.9;
      ends.push_back(1);
    }
  }
  if (ends.size() != headers.size())
    throw ValueError("`positions` must say where each column of the summary ends: ", headers.size(),
                     " numbers, received ", to_value(options.positions).repr(), ".");
  if (options.most_columns) total = std::min<size_t>(total, static_cast<size_t>(options.most_columns));
  if (options.line_length) total = static_cast<size_t>(options.line_length);
  const std::vector<size_t> widths = cell_widths(ends, total);
  auto rule = [&](const char* left, const char* fill, const char* middle, const char* right) {
    std::string out = left;
    for (size_t i = 0; i < widths.size(); ++i) {
      for (size_t k = 0; k < widths[i]; ++k) out += fill;
      out += i + 1 < widths.size() ? middle : right;
    }
    return out + "\n";
  };
  auto line = [&](const std::vector<std::string>& cells, const char* bar) {
    std::string out = bar;
    for (size_t i = 0; i < widths.size(); ++i) {
      bool right = i == 2;
      out += text(' ', pad(i < cells.size() ? cells[i] : "", widths[i] - 2, right), ' ', bar);
    }
    return out + "\n";
  };
  std::string out =
      text("Model: \"", name(), "\"\n") + rule("┏", "━", "┳", "┓") + line(headers, "┃") + rule("┡", "━", "╇", "┩");
  bool first = true;
  std::function<void(const Layer&, int)> row = [&](const Layer& layer, int depth) {
    check_stack("A summary");
    if (!first) out += rule("├", "─", "┼", "┤");
    first = false;
    std::string params = layer.built() || layer.weights().size() ? thousands(count(layer.weights())) : "0 (unbuilt)";
    std::vector<std::string> cells = {
        std::string(depth * 2, ' ') + layer.name() + " (" + layer.public_class_name() + ")", output_shape(layer),
        params};
    if (!sequential_like) cells.push_back(graph_ ? connected_to(layer, graph_->map()) : "");
    if (show_trainable) cells.push_back(layer.weights().empty() ? "-" : layer.trainable() ? "Y" : "N");
    out += line(cells, "│");
    if (options.expand_nested)
      if (auto* inner = dynamic_cast<const Model*>(&layer))
        for (const LayerPtr& l : inner->layers()) row(*l, depth + 1);
  };
  for (const LayerPtr& l : within(sublayers(), options.layer_range)) row(*l, 0);
  out += rule("└", "─", "┴", "┘");
  Variables all = weights(), trainable = trainable_weights(), fixed = non_trainable_weights();
  Variables optimizer = optimizer_ ? optimizer_->variables() : Variables{};
  out += text(" Total params: ", thousands(count(all) + count(optimizer)), " (", size_text([&] {
                Variables sum = all;
                sum.insert(sum.end(), optimizer.begin(), optimizer.end());
                return sum;
              }()),
              ")\n");
  out += text(" Trainable params: ", thousands(count(trainable)), " (", size_text(trainable), ")\n");
  out += text(" Non-trainable params: ", thousands(count(fixed)), " (", size_text(fixed), ")\n");
  if (optimizer_) out += text(" Optimizer params: ", thousands(count(optimizer)), " (", size_text(optimizer), ")\n");
  return out;
}

}  // namespace lamina
