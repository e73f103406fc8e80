#include "layers/operation.h"

#include <mutex>

#include "backends/ops/public/operand.h"
#include "serialization/objects/object_config.h"

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
    throw ValueError("The operation '", name_, "' was called on symbolic inputs ", inbound_nodes.size(),
                     " times; there is no call ", index, ".");
  NodePtr n = inbound_nodes[index].lock();
  if (!n)
    throw ValueError("Call ", index, " of the operation '", name_, "' is gone: nothing holds its outputs any more.");
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

OpCall::OpCall(const OpInfo& info, Dict attributes) : info_(&info), attributes_(std::move(attributes)) {
  name_ = auto_name(snake_case(info.class_name));
}

namespace {

// An argument of Keras' call(), which may stand in the node's args.
bool in_call(const OpArgument& a) { return a.call || a.collects; }

Value record_call(const OpInfo& op, std::span<const Value> given) {
  std::vector<Value> arguments(given.begin(), given.end()), plain;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (op.arguments[i].tuple && arguments[i].is_list()) arguments[i] = tensor_from_list(arguments[i]);
  for (const Value& v : arguments) plain.push_back(strip_symbolic(v));
  Value result = op.call(plain);
  if (!holds_tensor(result)) return result;  // ops.shape and the like: no tensor, no node
  List args;
  Dict kwargs, attributes;
  bool positional = true;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const OpArgument& a = op.arguments[i];
    const Value& v = arguments[i];
    if (!in_call(a)) {
      if (holds_tensor(v))
        kwargs.set(a.name, v);  // where Keras has numbers
      else
        attributes.set(a.name, v);
      continue;
    }
    if (a.collects_named()) {
      for (const auto& [name, item] : v.as_dict()) kwargs.set(name, item);
      continue;
    }
    positional &=
        a.required || a.collects || !(v == a.default_value);  // from here on by name: what is left out takes no place
    if (positional && a.collects && v.is_sequence()) {
      for (const Value& item : v.as_list()) args.push_back(item);  // as they were given
    } else if (positional) {
      args.push_back(v);
    } else if (!(v == a.default_value)) {
      kwargs.set(a.name, v);
    }
  }
  auto call = std::make_shared<OpCall>(op, std::move(attributes));
  return call->record(std::move(args), std::move(kwargs), result);
}

const bool recorder_installed = (set_op_recorder(record_call), true);

}  // namespace

Dict OpCall::get_config() const {
  Dict config{{"name", name_}};
  for (const OpArgument& a : info_->arguments)
    if (const Value* v = attributes_.find(a.name); v && (a.required || !(*v == a.default_value)))
      config.set(a.name, *v);
  return config;
}

std::shared_ptr<OpCall> OpCall::from_config(const std::string& class_name, const Dict& config) {
  const OpInfo* info = find_op_class(class_name);
  if (!info) return nullptr;
  Dict attributes;
  for (const OpArgument& a : info->arguments)
    if (const Value* v = config.find(a.name); v && a.name != "name")
      attributes.set(a.name,
                     is_serialized_object(*v) ? Value(get_object(*v, "")) : *v);  // functions are dicts in files
  auto call = std::make_shared<OpCall>(*info, std::move(attributes));
  if (const Value* name = config.find("name")) call->set_name(name->as_string());
  return call;
}

Value OpCall::run_node(List args, Dict kwargs) {
  // All by name: those of the constructor stand among those of the call.
  Dict all = attributes_;
  size_t next = 0;
  for (const OpArgument& a : info_->arguments) {
    if (!in_call(a) || a.collects_named() || next >= args.size()) continue;
    Value v = a.collects ? Value(List(args.begin() + static_cast<long>(next), args.end())) : args[next];
    next = a.collects ? args.size() : next + 1;
    all.set(a.name, a.tuple && v.is_list() ? Value::tuple(v.as_list()) : v);
  }
  if (next < args.size())
    throw TypeError(info_->name, "() takes at most ", next, " tensors, received ", args.size(), ".");
  for (const auto& [name, v] : kwargs) all.set(name, v);
  auto bound = bind_arguments(*info_, {}, all);
  if (!holds_symbolic(Value(args)) && !holds_symbolic(Value(kwargs))) return call_op(*info_, bound);
  for (Value& v : bound) v = strip_symbolic(v);  // a graph that is built from a file: this operation keeps its name
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
