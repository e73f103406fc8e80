// model.summary(): Keras' table in box characters.
#include "api/model.h"
#include "backends/core/stack.h"

namespace lamina {

namespace {

size_t columns_of(const std::string& s) {  // UTF-8 characters
  size_t n = 0;
  for (char c : s) n += (c & 0xC0) != 0x80;
  return n;
}
std::string pad(std::string s, size_t width, bool right = false) {
  while (columns_of(s) > width) s.pop_back();
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
  for (const Variable& v : list) bytes += static_cast<double>(v.shape().elements()) * static_cast<double>(size_of(v.dtype()));
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
        out += (out.empty() ? "" : ", ") + t.find_notes()->history->operation->name() + "[" + std::to_string(t.find_notes()->history->index) + "][" +
               std::to_string(t.find_notes()->history_index) + "]";
  return out.empty() ? "-" : out;
}

}  // namespace

std::string Model::summary(int line_length, bool expand_nested, bool show_trainable) const {
  bool sequential_like = !graph_ || class_name() == "Sequential";
  std::vector<std::string> headers = {"Layer (type)", "Output Shape", "Param #"};
  if (!sequential_like) headers.push_back("Connected to");
  if (show_trainable) headers.push_back("Trai…");
  int total = line_length ? line_length : (sequential_like ? 80 : 96);
  std::vector<size_t> widths = sequential_like ? std::vector<size_t>{size_t(total * 0.42), size_t(total * 0.33), 0} : std::vector<size_t>{size_t(total * 0.28), size_t(total * 0.24), size_t(total * 0.13), 0};
  size_t used = 0;
  for (size_t w : widths) used += w;
  widths.back() = total > static_cast<int>(used + widths.size() + 1) ? total - used - widths.size() - 1 : 10;
  if (show_trainable) widths.push_back(7);
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
  std::string out = text("Model: \"", name(), "\"\n") + rule("┏", "━", "┳", "┓") + line(headers, "┃") + rule("┡", "━", "╇", "┩");
  bool first = true;
  std::function<void(const Layer&, int)> row = [&](const Layer& layer, int depth) {
    check_stack("A summary");
    if (!first) out += rule("├", "─", "┼", "┤");
    first = false;
    std::string params = layer.built() || layer.weights().size() ? thousands(count(layer.weights())) : "0 (unbuilt)";
    std::vector<std::string> cells = {std::string(depth * 2, ' ') + layer.name() + " (" + layer.public_class_name() + ")", output_shape(layer), params};
    if (!sequential_like) cells.push_back(graph_ ? connected_to(layer, graph_->map()) : "");
    if (show_trainable) cells.push_back(layer.weights().empty() ? "-" : layer.trainable() ? "Y" : "N");
    out += line(cells, "│");
    if (expand_nested)
      if (auto* inner = dynamic_cast<const Model*>(&layer))
        for (const LayerPtr& l : inner->layers()) row(*l, depth + 1);
  };
  for (const LayerPtr& l : sublayers()) row(*l, 0);
  out += rule("└", "─", "┴", "┘");
  Variables all = weights(), trainable = trainable_weights(), fixed = non_trainable_weights();
  Variables optimizer = optimizer_ ? optimizer_->variables() : Variables{};
  out += text(" Total params: ", thousands(count(all) + count(optimizer)), " (", size_text([&] {
    Variables sum = all;
    sum.insert(sum.end(), optimizer.begin(), optimizer.end());
    return sum;
  }()), ")\n");
  out += text(" Trainable params: ", thousands(count(trainable)), " (", size_text(trainable), ")\n");
  out += text(" Non-trainable params: ", thousands(count(fixed)), " (", size_text(fixed), ")\n");
  if (optimizer_) out += text(" Optimizer params: ", thousands(count(optimizer)), " (", size_text(optimizer), ")\n");
  return out;
}

}  // namespace lamina
