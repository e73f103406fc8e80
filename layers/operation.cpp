#include "layers/operation.h"

#include <mutex>

#include "serialization/object_config.h"

namespace lamina {

Tensors Node::input_tensors() const {
  Tensors out;
  for (const Tensor& t : flatten_tensors(args))
    if (t.symbolic()) out.push_back(t);
  for (const auto& [key, v] : kwargs)
    for (const Tensor& t : flatten_tensors(v))
      if (t.symbolic()) out.push_back(t);
  return out;
}

NodePtr Operation::node(int index) const {
  if (index < 0 || index >= static_cast<int>(inbound_nodes.size()))
    throw ValueError("The operation '", name_, "' was called on symbolic inputs ", inbound_nodes.size(), " times; there is no call ", index, ".");
  NodePtr n = inbound_nodes[index].lock();
  if (!n) throw ValueError("Call ", index, " of the operation '", name_, "' is gone: nothing holds its outputs any more.");
  return n;
}

Value Operation::record(List args, Dict kwargs, const Value& result) {
  auto node = std::make_shared<Node>();
  node->operation = std::dynamic_pointer_cast<Operation>(self());
  node->args = std::move(args);
  node->kwargs = std::move(kwargs);
  node->index = static_cast<int>(inbound_nodes.size());
  int next = 0;
  Value out = map_structure(result, [&](const Value& leaf) -> Value {
    if (!leaf.is_tensor()) return leaf;
    const Tensor& t = leaf.as_tensor();
    Tensor made = Tensor::spec_only(t.shape(), t.dtype());
    made.notes().symbolic = true;
    made.notes().history = node;
    made.notes().history_index = next++;
    made.notes().name = auto_name("keras_tensor");
    if (t.mask().defined()) made.set_mask(t.mask());
    node->specs.push_back(t.spec());
    return made;
  });
  inbound_nodes.push_back(node);
  return out;
}

OpCall::OpCall(const OpInfo& info, std::vector<Value> attributes) : info_(&info), attributes_(std::move(attributes)) {
  name_ = auto_name(snake_case(info.class_name));
}

namespace {

bool in_call(const OpArgument& a, const Value& v) {
  if (a.call) return true;
  for (const Value& leaf : flatten(v))
    if (leaf.is_tensor()) return true;
  return false;
}

Value record_call(const OpInfo& op, std::span<const Value> arguments) {
  std::vector<Value> plain;
  for (const Value& v : arguments) plain.push_back(strip_symbolic(v));
  Value result = op.call(plain);
  if (flatten_tensors(result).empty()) return result;  // ops.shape and the like: no tensor, no node
  List args;
  Dict kwargs;
  std::vector<Value> attributes(op.arguments.size());
  bool positional = true;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const OpArgument& a = op.arguments[i];
    // The leading required arguments are Keras' call() arguments; numbers among them too (x * 2.0).
    bool call = in_call(a, arguments[i]) || (a.required && !a.config && positional && i < 2 && arguments[i].is_number());
    if (!call) {
      attributes[i] = arguments[i];
      positional = false;
    } else if (positional && a.collects && arguments[i].is_sequence()) {
      for (const Value& item : arguments[i].as_list()) args.push_back(item);  // as they were given
    } else if (positional) {
      args.push_back(arguments[i]);
    } else {
      kwargs.set(a.name, arguments[i]);
    }
  }
  auto call = std::make_shared<OpCall>(op, std::move(attributes));
  return call->record(std::move(args), std::move(kwargs), result);
}

const bool recorder_installed = (set_op_recorder(record_call), true);

}  // namespace

Dict OpCall::get_config() const {
  Dict config{{"name", name_}};
  for (size_t i = 0; i < attributes_.size(); ++i)
    if (!attributes_[i].is_none() && !(attributes_[i] == info_->arguments[i].default_value)) config.set(info_->arguments[i].name, attributes_[i]);
  return config;
}

std::shared_ptr<OpCall> OpCall::from_config(const std::string& class_name, const Dict& config) {
  const OpInfo* info = find_op_class(class_name);
  if (!info) return nullptr;
  std::vector<Value> attributes(info->arguments.size());
  for (size_t i = 0; i < attributes.size(); ++i)
    if (const Value* v = config.find(info->arguments[i].name)) attributes[i] = is_serialized_object(*v) ? Value(get_object(*v, "")) : *v;  // functions are dicts in files
  auto call = std::make_shared<OpCall>(*info, std::move(attributes));
  if (const Value* name = config.find("name")) call->set_name(name->as_string());
  return call;
}

Value OpCall::run_node(List args, Dict kwargs) {
  for (size_t i = args.size(); i < attributes_.size(); ++i)
    if (!attributes_[i].is_none() && !kwargs.contains(info_->arguments[i].name)) kwargs.set(info_->arguments[i].name, attributes_[i]);
  bool symbolic = holds_symbolic(Value(args)) || holds_symbolic(Value(kwargs));
  auto bound = bind_arguments(*info_, args, kwargs);
  if (!symbolic) return call_op(*info_, bound);
  for (Value& v : bound) v = strip_symbolic(v);  // a graph that is built from a file: this operation keeps its name
  for (size_t i = 0; i < attributes_.size(); ++i)
    if (!attributes_[i].is_none()) kwargs.erase(info_->arguments[i].name);
  return record(std::move(args), std::move(kwargs), call_op(*info_, bound));
}

Tensor symbolic_tensor(const Shape& shape, DType dtype, const std::string& name) {
  Tensor t = Tensor::spec_only(shape, dtype);
  t.notes().symbolic = true;
  t.notes().name = name.empty() ? auto_name("keras_tensor") : name;
  return t;
}

Value strip_symbolic(const Value& structure) {
  return map_structure(structure, [](const Value& leaf) -> Value {
    if (!leaf.is_tensor() || !leaf.as_tensor().symbolic()) return leaf;
    const Tensor& t = leaf.as_tensor();
    Tensor plain = Tensor::spec_only(t.shape(), t.dtype());
    if (t.mask().defined()) plain.set_mask(strip_symbolic(t.mask()).as_tensor());
    return plain;
  });
}

namespace {
std::mutex names_mutex;
std::map<std::string, int>& name_counts() {
  static std::map<std::string, int> counts;
  return counts;
}
}  // namespace

std::string auto_name(const std::string& prefix) {
  std::lock_guard<std::mutex> lock(names_mutex);
  int n = name_counts()[prefix]++;
  return n ? text(prefix, "_", n) : prefix;
}
void reset_names() {
  std::lock_guard<std::mutex> lock(names_mutex);
  name_counts().clear();
}

}  // namespace lamina
