#pragma once
// The graph that a trace records and passes rewrite. Values are numbered; nodes stand in topological order.
#include <memory>
#include <string>
#include <vector>

#include "backends/core/primitive.h"
#include "backends/core/variable.h"

namespace lamina {

struct GraphValue {
  TensorSpec spec;
  int node = -1;
  int output = 0;
};

struct GraphNode {
  enum class Kind : uint8_t { op, input, variable, constant } kind = Kind::op;
  Op op;                                    // op
  std::shared_ptr<VariableState> variable;  // variable: its value when the function is entered
  Tensor constant;                          // constant
  std::vector<int> inputs, outputs;         // values
};

struct Graph {
  std::vector<GraphValue> values;
  std::vector<GraphNode> nodes;
  std::vector<int> inputs;                                               // values, in the order of the arguments
  std::vector<int> outputs;
  std::vector<std::pair<std::shared_ptr<VariableState>, int>> updates;   // variables set when the function returns

  int add_value(const TensorSpec& spec, int node, int output);
  int add_leaf(GraphNode::Kind kind, const TensorSpec& spec);            // returns the value
  std::vector<int> add_op(const Op& op, std::vector<int> inputs, const std::vector<TensorSpec>& outputs);
  std::string str() const;  // one line a node
  std::string dot() const;  // Graphviz
};

}  // namespace lamina
