#pragma once
// A model as a picture: its layers as boxes, and arrows between them. As DOT text for Graphviz, or as SVG laid out
// here.
#include <string>
#include <vector>

#include "api/model.h"

namespace lamina {

struct DrawingOptions {
  bool show_shapes = false, show_dtype = false, show_layer_names = true, expand_nested = false;
  bool show_layer_activations = false, show_trainable = false;
  bool framed = false;            // the model itself stands in a frame, as nested models do
  std::string rankdir = "TB";     // TB, BT, LR or RL: from inputs to outputs
  std::string splines = "ortho";  // ortho, polyline, line, spline or curved
  int64_t dpi = 200;
};

// Boxes and arrows of a model, before they have places.
struct Drawing {
  struct Cell {
    std::string text;  // what stands before the colon, and behind it in bold
    std::string bold;
    std::string background = "white", color = "black";
  };
  struct Box {
    std::string title, class_name;  // a layer's name, if it is shown, and its class
    std::string activation;
    std::vector<Cell> cells;
    int group = -1;
  };
  struct Group {  // a nested model
    std::string label;
    int parent = -1;
  };
  std::vector<Box> boxes;
  std::vector<Group> groups;
  std::vector<std::pair<int, int>> arrows;  // from a box to a box, each once
  DrawingOptions options;
};

// ValueError if the model is not built, or for an unknown option. A subclass of Model is one box.
Drawing draw(const Model& model, const DrawingOptions& options);
std::string to_dot(const Drawing& drawing);
std::string to_svg(const Drawing& drawing);
std::string escaped_markup(const std::string& text);  // for XML and what looks like it

}  // namespace lamina
