#include "api/drawing/model_drawing.h"

#include <map>

#include "api/sequential.h"
#include "api/symbolic_node.h"
#include "backends/core/stack.h"

namespace lamina {

namespace {

std::string texts_of(const std::vector<std::string>& all) {
  if (all.empty()) return "?";
  return all.size() == 1 ? all[0] : text("[", join(all, ", "), "]");
}

class Draughtsman {
 public:
  explicit Draughtsman(const DrawingOptions& options) { drawing_.options = options; }

  Drawing draw(const Model& model) {
    if (drawing_.options.framed) drawing_.groups.push_back({model.name(), -1});
    add(model, drawing_.options.framed ? 0 : -1);
    return std::move(drawing_);
  }

 private:
  // Where arrows into and out of an operation end: boxes by the index of the input or output.
  struct Ends {
    std::vector<int> in, out;
  };

  Ends add(const Model& model, int group) {
    check_stack("A drawing of models within models");
    if (stack_of(model)) return add_stack(model.layers(), group);
    if (!model.is_functional()) {
      const int box = add_box(model, {}, group);
      return {{box}, {box}};
    }
    return add_graph(*model.graph(), group);
  }

  // A Sequential model is drawn without its input, as a chain.
  static bool stack_of(const Model& model) { return dynamic_cast<const Sequential*>(&model) != nullptr; }

  Ends add_stack(const std::vector<LayerPtr>& layers, int group) {
    Ends ends;
    for (const LayerPtr& layer : layers) {
      if (layer->class_name() == "InputLayer") continue;
      const Ends one =
          add_operation(*layer, layer->inbound_nodes.empty() ? nullptr : layer->inbound_nodes[0].lock(), group);
      if (ends.out.empty())
        ends.in = one.in;
      else
        connect(ends.out[0], one.in.empty() ? -1 : one.in[0]);
      ends.out = one.out;
    }
    return ends;
  }

  Ends add_graph(const FunctionalGraph& graph, int group) {
    std::map<const Operation*, Ends> ends;
    for (const auto& operation : graph.map().operations)
      if (!ends.count(operation.get())) {
        NodePtr first;
        for (const NodePtr& node : graph.map().nodes)
          if (!first && node->operation == operation) first = node;
        ends[operation.get()] = add_operation(*operation, first, group);
      }
    auto out_of = [&](const Tensor& t) {
      const NodePtr& node = node_of(t);
      const auto found = node ? ends.find(node->operation.get()) : ends.end();
      if (found == ends.end() || found->second.out.empty()) return -1;
      return found->second.out[std::min<size_t>(static_cast<size_t>(index_of(t)), found->second.out.size() - 1)];
    };
    for (const NodePtr& node : graph.map().nodes) {
      const Ends& to = ends[node->operation.get()];
      const Tensors inputs = node->input_tensors();
      for (size_t i = 0; i < inputs.size(); ++i)
        connect(out_of(inputs[i]), to.in.empty() ? -1 : to.in[std::min(i, to.in.size() - 1)]);
    }
    Ends all;
    for (const Tensor& t : flatten_tensors(graph.inputs())) all.in.push_back(out_of(t));
    for (const Tensor& t : flatten_tensors(graph.outputs())) all.out.push_back(out_of(t));
    return all;
  }

  Ends add_operation(const Operation& operation, const NodePtr& node, int group) {
    const auto* nested = dynamic_cast<const Model*>(&operation);
    if (nested && drawing_.options.expand_nested && (nested->is_functional() || stack_of(*nested))) {
      drawing_.groups.push_back({nested->name(), group});
      const Ends ends = add(*nested, static_cast<int>(drawing_.groups.size()) - 1);
      if (!ends.in.empty() && !ends.out.empty()) return ends;
    }
    const int box = add_box(operation, node, group);
    return {{box}, {box}};
  }

  void connect(int from, int to) {
    if (from < 0 || to < 0 || from == to) return;
    const std::pair arrow{from, to};
    if (std::find(drawing_.arrows.begin(), drawing_.arrows.end(), arrow) == drawing_.arrows.end())
      drawing_.arrows.push_back(arrow);
  }

  int add_box(const Operation& operation, const NodePtr& node, int group) {
    const DrawingOptions& o = drawing_.options;
    Drawing::Box box{o.show_layer_names ? operation.name() : "", operation.public_class_name(), "", {}, group};
    const auto* layer = dynamic_cast<const Layer*>(&operation);
    if (o.show_layer_activations && layer) box.activation = activation_of(*layer);
    if (o.show_shapes) {
      std::vector<std::string> in, out;
      if (node) {
        for (const Tensor& t : node->input_tensors()) in.push_back(t.shape().str());
        for (const TensorSpec& s : node->specs) out.push_back(s.shape.str());
      }
      if (box.class_name != "InputLayer") box.cells.push_back({"Input shape: ", texts_of(in)});
      box.cells.push_back({"Output shape: ", texts_of(out)});
    }
    if (o.show_dtype) {
      std::vector<std::string> dtypes;
      if (node)
        for (const TensorSpec& s : node->specs) dtypes.push_back(std::string(name_of(s.dtype)));
      if (dtypes.size() > 1)  // as Python prints a list of strings
        for (std::string& dtype : dtypes) dtype = text("'", dtype, "'");
      box.cells.push_back({"Output dtype: ", texts_of(dtypes)});
    }
    if (o.show_trainable && layer && !layer->weights().empty())
      box.cells.push_back(layer->trainable() ? Drawing::Cell{"", "Trainable", "forestgreen", "white"}
                                             : Drawing::Cell{"", "Non-trainable", "firebrick", "white"});
    drawing_.boxes.push_back(std::move(box));
    return static_cast<int>(drawing_.boxes.size()) - 1;
  }

  static std::string activation_of(const Layer& layer) {
    const Dict config = layer.get_config();
    const Value* activation = config.find("activation");
    if (!activation || activation->is_none()) return "";
    if (activation->is_string()) return activation->as_string();
    const Value* name = activation->is_dict() ? activation->as_dict().find("class_name") : nullptr;
    return name && name->is_string() ? name->as_string() : activation->repr();
  }

  Drawing drawing_;
};

void check_one_of(const char* name, const std::string& value, std::initializer_list<const char*> known) {
  for (const char* k : known)
    if (value == k) return;
  throw ValueError("`", name, "` must be one of ", join(std::vector<std::string>(known.begin(), known.end()), ", "),
                   ". Received: ", name, "='", value, "'.");
}

std::string label_of(const Drawing::Box& box) {
  const std::string span = std::to_string(std::max<size_t>(1, box.cells.size()));
  std::string out =
      text("<<table border=\"0\" cellborder=\"1\" bgcolor=\"black\" cellpadding=\"10\"><tr><td colspan=\"", span,
           "\" bgcolor=\"black\"><font point-size=\"16\" color=\"white\"><b>",
           escaped_markup(box.title.empty() ? box.class_name : box.title), "</b>",
           (box.title.empty() ? "" : " (" + escaped_markup(box.class_name) + ")"), "</font></td></tr>");
  if (!box.activation.empty())
    out += text("<tr><td bgcolor=\"white\" colspan=\"", span, "\"><font point-size=\"14\">Activation: <b>",
                escaped_markup(box.activation), "</b></font></td></tr>");
  if (!box.cells.empty()) out += "<tr>";
  for (const Drawing::Cell& c : box.cells)
    out += text("<td bgcolor=\"", c.background, "\"><font point-size=\"14\" color=\"", c.color, "\">",
                escaped_markup(c.text), "<b>", escaped_markup(c.bold), "</b></font></td>");
  if (!box.cells.empty()) out += "</tr>";
  return out + "</table>>";
}

void write_group(std::string& out, const Drawing& d, int group, const std::string& indent) {
  for (size_t i = 0; i < d.boxes.size(); ++i)
    if (d.boxes[i].group == group)
      out += text(indent, "n", i, " [label=", label_of(d.boxes[i]), ", fontname=\"Helvetica\", border=0, margin=0];\n");
  for (size_t g = 0; g < d.groups.size(); ++g) {
    if (d.groups[g].parent != group) continue;
    out += text(indent, "subgraph cluster_", g, " {\n", indent, "  style=dashed;\n", indent, "  label=\"",
                escaped_markup(d.groups[g].label), "\";\n", indent, "  labeljust=l;\n");
    write_group(out, d, static_cast<int>(g), indent + "  ");
    out += indent + "}\n";
  }
}

}  // namespace

std::string escaped_markup(const std::string& s) {
  std::string out;
  for (char c : s) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

Drawing draw(const Model& model, const DrawingOptions& options) {
  check_one_of("rankdir", options.rankdir, {"TB", "BT", "LR", "RL"});
  check_one_of("splines", options.splines, {"ortho", "polyline", "line", "spline", "curved"});
  if (options.dpi < 1 || options.dpi > 10'000)
    throw ValueError("`dpi` must be from 1 to 10000. Received: dpi=", options.dpi, ".");
  if (!model.built())
    throw ValueError(
        "This model has not yet been built. Build the model first by calling `build()` or by calling the model on a "
        "batch "
        "of data.");
  return Draughtsman(options).draw(model);
}

std::string to_dot(const Drawing& d) {
  std::string out = text("digraph G {\n  rankdir=", d.options.rankdir, ";\n  concentrate=true;\n  dpi=", d.options.dpi,
                         ";\n  splines=", d.options.splines, ";\n  node [shape=record];\n");
  write_group(out, d, -1, "  ");
  for (const auto& [from, to] : d.arrows) out += text("  n", from, " -> n", to, " [penwidth=2];\n");
  return out + "}\n";
}

}  // namespace lamina
