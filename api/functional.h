#pragma once
// Functional: a graph of layers and ops between symbolic inputs and outputs. Also the body of Functional models.
#include "layers/layer.h"

namespace lamina {

// The operations between inputs and outputs, in Keras' order (by depth, then by first visit), and the nodes to run.
struct GraphMap {
  std::vector<NodePtr> nodes;                          // in running order
  std::vector<std::shared_ptr<Operation>> operations;  // Keras' `layers` order, ops included
};

// What a functional model is: symbolic inputs and outputs, and the calls between them. Immutable once it is made.
class FunctionalGraph {
 public:
  FunctionalGraph() = default;
  // Structures of symbolic tensors. ValueError if an output does not depend on the inputs, or on cycles. A model is
  // called on Inputs of its own where others are given; a function takes any symbolic tensors as its inputs.
  enum class Inputs { own, as_given };
  FunctionalGraph(Value inputs, Value outputs, Inputs kind = Inputs::own);

  const Value& inputs() const { return inputs_; }
  const Value& outputs() const { return outputs_; }
  const GraphMap& map() const { return map_; }
  std::vector<LayerPtr> layers() const;
  // Runs the nodes on a structure like `inputs` (a flat list, or a dict by input name, is taken too).
  Value run(const Value& inputs, std::optional<bool> training, const Value& mask) const;
  // The outputs when the nodes are called on other inputs (symbolic ones too), each through `call`.
  using NodeCall = std::function<Value(Node&, List args, Dict kwargs)>;
  Value rerun(const Value& inputs, const NodeCall& call) const;
  std::vector<std::string> input_names() const;
  std::vector<InputSpec> input_specs() const;  // empty for nested structures of inputs
  // {"layers", "input_layers", "output_layers"} as Keras stores them.
  Dict config() const;
  static FunctionalGraph from_config(const Dict& config);

 private:
  FunctionalGraph from_the_middle();
  std::vector<Value> matched(const Value& given) const;
  Value standardize(const Value& given) const;
  Value propagate(std::map<std::pair<Node*, int>, Value> values, const std::map<const TensorNode*, Value>& loose,
                  const NodeCall& call) const;
  Value inputs_, outputs_;
  std::vector<Tensor> flat_inputs_;
  GraphMap map_;
};

}  // namespace lamina
