#pragma once
// What is told of ops and classes: the text behind Python's help(), stubs and documentation pages. Each is written
// once, beside the definition: a summary, a line an argument, and a Doc with what goes beyond.
#include <string>
#include <vector>

namespace lamina {

// Texts of several lines have one entry a line. Examples are what a Python session shows, with `keras` and `np` (NumPy)
// imported; tests run them.
struct Doc {
  const char* returns = "";  // an op's results: what, of which shape and dtype
  const char* call = "";     // "name: text" a line: the arguments of a layer's call()
  const char* input = "";    // a layer's input shape
  const char* output = "";   // its output shape
  const char* raises = "";   // "ValueError: when" a line; mistakes that any function has (a wrong name) are not told
  const char* source = "";   // where the formula stands: a paper, or "Keras" where it is Keras' own
  const char* example = "";
};

// What is told of one argument.
struct ArgumentDocumentation {
  std::string name;
  std::string default_value;  // as Python writes it
  bool required = false;
  bool variadic = false;  // Python's *args
  std::string doc;
  std::string type;  // of the C++ member, as the compiler names it; empty for ops
};

// What is told of an op, a layer or another class: docstrings, stubs and pages are made from it.
struct Documentation {
  enum class Kind { op, layer, object };
  Kind kind = Kind::op;
  std::string name;    // "matmul", "Dense"
  std::string module;  // "keras.ops", "keras.layers"
  std::string summary;
  std::vector<ArgumentDocumentation> arguments;
  Doc doc;
};

// All of it as text for help(): summary, Args, Returns, Raises, Example, as Google's Python style has them.
std::string docstring(const Documentation& of);

// The arguments that all layers take beside their own, as a line below Args.
inline constexpr const char* kLayerArguments =
    "Arguments of every layer: `name`, `trainable`, `dtype`, `autocast`, `activity_regularizer`, and `input_shape` or "
    "`batch_shape` where it is a model's first.";

}  // namespace lamina
