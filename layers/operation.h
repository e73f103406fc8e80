#pragma once
// Operation: what can be a node of a functional model: a layer or a recorded op. Node: one call of it on symbolic
// tensors.
//
// Ownership has no cycles: a symbolic tensor holds its node, a node holds its operation and its arguments, and an
// operation knows its nodes only weakly.
#include "backends/core/object.h"
#include "backends/ops/public/public_op.h"

namespace lamina {

class Operation;

struct Node {
  std::shared_ptr<Operation> operation;
  List args;
  Dict kwargs;
  Value outputs;  // the structure of outputs: a dict {shape, dtype} stands for each tensor
  std::vector<TensorSpec> specs;
  int index = 0;  // among the operation's calls
  bool is_input() const {
    auto holds = [](const auto& item) { return holds_tensor(item.second); };
    return std::none_of(args.begin(), args.end(), holds_tensor) && std::none_of(kwargs.begin(), kwargs.end(), holds);
  }
  Tensors input_tensors() const;  // the symbolic ones, in order
};
using NodePtr = std::shared_ptr<Node>;

// What a functional model calls: a layer or an op. It knows its calls (nodes) weakly; tensors own them.
class Operation : public Object {
 public:
  const std::string& name() const { return name_; }
  virtual void set_name(const std::string& name) { name_ = name; }
  std::vector<std::weak_ptr<Node>> inbound_nodes;
  // The node of call `index`; ValueError naming the operation if it was never made or is gone.
  NodePtr node(int index) const;
  // What a functional model runs for a node: the arguments with tensors in place of the symbolic ones.
  virtual Value run_node(List args, Dict kwargs) = 0;
  // Records a call: `result` is a structure of shape-only tensors; returns it as symbolic tensors with history.
  Value record(List args, Dict kwargs, const Value& result);

 protected:
  std::string name_;
};

// A public op in a functional model. Its config holds the op's non-tensor arguments.
class OpCall final : public Operation {
 public:
  OpCall(const OpInfo& info, Dict attributes);
  std::string class_name() const override { return info_->class_name; }
  std::string module() const override { return info_->module; }
  std::string registered_name() const override { return info_->class_name; }
  Dict get_config() const override;
  Value run_node(List args, Dict kwargs) override;
  const OpInfo& info() const { return *info_; }
  // From a file: the class name and the config.
  static std::shared_ptr<OpCall> from_config(const std::string& class_name, const Dict& config);

 private:
  const OpInfo* info_;
  Dict attributes_;  // the arguments of Keras' constructor; those of its call() are the node's
};

// Symbolic tensors: Input's result (Keras' KerasTensor), and their plain shape-only counterparts.
Tensor symbolic_tensor(const Shape& shape, DType dtype, const std::string& name = "");
Value strip_symbolic(const Value& structure);

// "dense", "dense_1", ...: unique in the process until reset (clear_session).
std::string auto_name(const std::string& prefix);
void reset_names();

}  // namespace lamina
