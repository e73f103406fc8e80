// model.summary(): Keras' table in box characters.
#include <cmath>
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
enum class Align { left, right, centre };
// `s` filled with spaces to so many columns.
std::string pad(const std::string& s, size_t width, Align align) {
  const size_t space = width - std::min(width, columns_of(s));
  const size_t before = align == Align::left ? 0 : align == Align::right ? space : space / 2;
  return std::string(before, ' ') + s + std::string(space - before, ' ');
}

// `s`, or so many columns of it with dots at the end.
std::string cut(std::string s, size_t width) {
  if (columns_of(s) <= width) return s;
  while (columns_of(s) >= width) {
    while ((s.back() & 0xC0) == 0x80) s.pop_back();
    s.pop_back();
  }
  return s + "…";
}

// `s` in lines of at most so many columns, broken at spaces; longer words are cut.
std::vector<std::string> wrapped(const std::string& s, size_t width) {
  std::vector<std::string> lines{""};
  for (size_t at = 0; at < s.size();) {
    const size_t word = s.find_first_not_of(' ', at);  // spaces before the first word stay
    if (word == std::string::npos) break;
    const size_t end = std::min(s.find(' ', word), s.size());
    const size_t next = std::min(s.find_first_not_of(' ', end), s.size());
    if (columns_of(lines.back()) + columns_of(s.substr(at, end - at)) > width && at > 0) lines.emplace_back();
    lines.back() += s.substr(at, next - at);
    at = next;
  }
  for (std::string& line : lines) {
    while (line.ends_with(' ') && columns_of(line) > width) line.pop_back();
    line = cut(line, width);
  }
  return lines;
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

using Operations = std::vector<std::shared_ptr<Operation>>;

// A functional model shows ops as well as layers.
Operations summarised(const Model& model) {
  if (model.is_functional() && model.class_name() != "Sequential") return model.graph()->map().operations;
  const std::vector<LayerPtr> layers = model.sublayers();
  return {layers.begin(), layers.end()};
}

std::string shape_text(const std::vector<Shape>& shapes) {
  if (shapes.size() == 1) return shapes[0].str();
  std::string out;
  for (const Shape& s : shapes) out += text(out.empty() ? "[" : ", ", s);
  return out + "]";
}

// The shapes of what a layer gives for those that it was built for; none if it was not, or does not tell.
std::optional<Value> built_output_shape(Layer& layer) {
  const Value config = layer.get_build_config();
  if (!config.is_dict()) return {};
  Dict shapes;
  if (const Value* one = config.as_dict().find("input_shape")) shapes.set("inputs", *one);
  if (const Value* all = config.as_dict().find("shapes_dict"))
    for (const auto& [key, v] : all->as_dict()) shapes.set(key.substr(0, key.rfind("_shape")), v);
  if (shapes.empty()) return {};
  try {
    if (layer.overrides(Method::compute_output_shape))
      return layer.user_class->call(Method::compute_output_shape, {Value(shapes)}, {});
    return layer.compute_output_shape(BuildShapes(shapes));
  } catch (const std::exception&) { return {}; }
}

// The shapes that leave an operation's last recorded call, or that a layer gives for the shapes that it was built for.
std::string output_shape(Operation& operation) {
  const auto& nodes = operation.inbound_nodes;
  for (auto at = nodes.rbegin(); at != nodes.rend(); ++at)
    if (NodePtr n = at->lock()) {
      std::vector<Shape> shapes;
      for (const TensorSpec& s : n->specs) shapes.push_back(s.shape);
      return shape_text(shapes);
    }
  auto* layer = dynamic_cast<Layer*>(&operation);
  if (!layer) return "?";
  const std::optional<Value> given = built_output_shape(*layer);
  if (!given) return "?";
  std::vector<Shape> shapes;
  std::function<void(const Value&)> collect = [&](const Value& v) {
    if (is_shape(v))
      shapes.push_back(v.as_shape());
    else if (v.is_sequence())
      for (const Value& item : v.as_list()) collect(item);
    else if (v.is_dict())
      for (const auto& [key, item] : v.as_dict()) collect(item);
  };
  collect(*given);
  return shapes.empty() ? "?" : shape_text(shapes);
}

std::string connected_to(const Operation& layer, const GraphMap& map) {
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
Operations within(const Operations& layers, const std::vector<std::string>& range) {
  if (range.empty()) return layers;
  if (range.size() != 2)
    throw ValueError("layer_range must be a list or tuple of length 2. Received: layer_range = ",
                     to_value(range).repr(), " of length ", range.size());
  auto matches = [&](const std::shared_ptr<Operation>& l, const std::string& pattern) {
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

// Widths of the cells of a line of `total` columns, bars apart, from where each ends: a share of the line, or a column.
// As the table that Keras prints: what the bars and the spaces beside them take is taken from all cells alike.
std::vector<size_t> cell_widths(const std::vector<double>& ends, size_t total) {
  std::vector<int64_t> widths;
  const double unit = ends.back() <= 1 ? static_cast<double>(total) : 1;
  int64_t at = 0, sum = 0;
  for (double end : ends) {
    const int64_t width = static_cast<int64_t>(end * unit) - at;
    if (width < 4) throw ValueError("Insufficient console width to print summary.");
    at += width;
    widths.push_back(width + 2);
    sum += width + 2;
  }
  int64_t excess = sum - (static_cast<int64_t>(total) - static_cast<int64_t>(widths.size()) - 1);
  std::vector<size_t> out;
  for (size_t i = 0; i < widths.size(); ++i) {
    const auto left = static_cast<double>(widths.size() - i);
    const int64_t less = static_cast<int64_t>(std::nearbyint(static_cast<double>(excess) / left));
    excess -= less;
    if (widths[i] - less < 3) throw ValueError("Insufficient console width to print summary.");
    out.push_back(static_cast<size_t>(widths[i] - less));
  }
  return out;
}

std::string parameters_of(const Operation& operation) {
  const auto* layer = dynamic_cast<const Layer*>(&operation);
  if (!layer) return "0";
  return layer->built() || !layer->weights().empty() ? thousands(count(layer->weights())) : "0 (unbuilt)";
}

// "Y" or "N", or "-" for what has no weights.
std::string trainable_of(const Operation& operation) {
  const auto* layer = dynamic_cast<const Layer*>(&operation);
  return !layer || layer->weights().empty() ? "-" : layer->trainable() ? "Y" : "N";
}

// The table's rows, drawn as they come.
class Table {
 public:
  // centred: the column whose cells stand in the middle, if any.
  Table(std::vector<size_t> widths, size_t centred) : widths_(std::move(widths)), centred_(centred) {}
  void rule(const char* left, const char* fill, const char* middle, const char* right) {
    out_ += left;
    for (size_t i = 0; i < widths_.size(); ++i) {
      for (size_t k = 0; k < widths_[i]; ++k) out_ += fill;
      out_ += i + 1 < widths_.size() ? middle : right;
    }
    out_ += "\n";
  }
  void row(const std::vector<std::string>& cells, const char* bar) {
    std::vector<std::vector<std::string>> columns;
    size_t height = 1;
    for (size_t i = 0; i < widths_.size(); ++i) {
      columns.push_back(wrapped(cells[i], widths_[i] - 2));
      height = std::max(height, columns.back().size());
    }
    for (size_t k = 0; k < height; ++k) {
      out_ += bar;
      for (size_t i = 0; i < widths_.size(); ++i) {
        const Align align = i == 2 ? Align::right : i == centred_ ? Align::centre : Align::left;
        out_ += text(' ', pad(k < columns[i].size() ? columns[i][k] : "", widths_[i] - 2, align), ' ', bar);
      }
      out_ += "\n";
    }
  }
  const std::string& str() const { return out_; }

 private:
  std::vector<size_t> widths_;
  size_t centred_;
  std::string out_;
};

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
  Table table(cell_widths(ends, total), show_trainable ? headers.size() - 1 : SIZE_MAX);
  table.rule("┏", "━", "┳", "┓");
  table.row(headers, "┃");
  table.rule("┡", "━", "╇", "┩");
  bool first = true;
  std::function<void(Operation&, int)> row = [&](Operation& operation, int depth) {
    check_stack("A summary");
    if (!first) table.rule("├", "─", "┼", "┤");
    first = false;
    std::string indent;
    for (int i = 0; i < depth; ++i) indent += "   ";
    if (depth) indent += "└ ";
    std::vector<std::string> cells = {indent + operation.name() + " (" + operation.public_class_name() + ")",
                                      output_shape(operation), parameters_of(operation)};
    if (!sequential_like) cells.push_back(connected_to(operation, graph_->map()));
    if (show_trainable) cells.push_back(trainable_of(operation));
    table.row(cells, "│");
    if (const auto* inner = dynamic_cast<const Model*>(&operation); inner && options.expand_nested)
      for (const LayerPtr& l : inner->layers()) row(*l, depth + 1);
  };
  for (const auto& operation : within(summarised(*this), options.layer_range)) row(*operation, 0);
  table.rule("└", "─", "┴", "┘");
  std::string out = text("Model: \"", name(), "\"\n", table.str());
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
