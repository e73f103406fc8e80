// Functional graphs as config dictionaries, and back.
#include <set>

#include "api/history.h"
#include "api/model.h"
#include "layers/core/input_layer.h"
#include "serialization/object_config.h"

namespace lamina {

namespace {

// Calls of an operation that belong to this graph, numbered as files number them.
class NodeIndex {
 public:
  explicit NodeIndex(const GraphMap& map) {
    std::set<Node*> inside;
    for (const NodePtr& n : map.nodes) inside.insert(n.get());
    for (const auto& op : map.operations) {
      int kept = 0;
      for (const auto& weak : op->inbound_nodes)
        if (NodePtr n = weak.lock(); n && inside.count(n.get())) index_[n.get()] = kept++;
    }
  }
  int of(Node* n) const { return index_.at(n); }

 private:
  std::map<Node*, int> index_;
};

bool is_nested_functional(const Operation& op) {
  auto* model = dynamic_cast<const Model*>(&op);
  return model && model->is_functional();
}

Value keras_history(const NodeIndex& index, const Tensor& t, bool in_outputs) {
  Node* n = node_of(t).get();
  // A nested functional model's own input-output node counts as its call 0 in outputs (keras-format: off by one).
  int number = index.of(n) + (in_outputs && is_nested_functional(*n->operation) ? 1 : 0);
  return List{n->operation->name(), number, index_of(t)};
}

Value encode(const NodeIndex& index, const Value& v) {
  if (v.is_sequence()) {
    List out;
    for (const Value& item : v.as_list()) out.push_back(encode(index, item));
    return out;
  }
  if (v.is_dict()) {
    Dict out;
    for (const auto& [key, item] : v.as_dict()) out.set(key, encode(index, item));
    return out;
  }
  if (v.is_tensor() && v.as_tensor().symbolic()) {
    const Tensor& t = v.as_tensor();
    return Dict{{"class_name", "__keras_tensor__"},
                {"config", Dict{{"shape", serialize_value(Value(t.shape()))},
                                {"dtype", Value(name_of(t.dtype()))},
                                {"keras_history", keras_history(index, t, false)}}}};
  }
  return serialize_value(v);
}

bool is_history(const Value& v) {
  return v.is_sequence() && v.as_list().size() == 3 && v.as_list()[0].is_string() && v.as_list()[1].is_int();
}

}  // namespace

Dict FunctionalGraph::config() const {
  NodeIndex index(map_);
  List layers;
  for (const auto& op : map_.operations) {
    Dict entry = serialize_object(op).as_dict();
    entry.set("name", op->name());
    List nodes;
    for (const auto& weak : op->inbound_nodes) {
      NodePtr n = weak.lock();
      bool inside = n && std::find(map_.nodes.begin(), map_.nodes.end(), n) != map_.nodes.end();
      if (!inside || n->is_input()) continue;
      nodes.push_back(Dict{{"args", encode(index, Value(n->args))}, {"kwargs", encode(index, Value(n->kwargs))}});
    }
    entry.set("inbound_nodes", nodes);
    layers.push_back(entry);
  }
  auto places = [&](const Value& structure, bool outputs) {
    return map_structure(structure, [&](const Value& leaf) { return keras_history(index, leaf.as_tensor(), outputs); });
  };
  return {{"layers", layers}, {"input_layers", places(inputs_, false)}, {"output_layers", places(outputs_, true)}};
}

FunctionalGraph FunctionalGraph::from_config(const Dict& config) {
  std::map<std::string, std::shared_ptr<Operation>> made;
  std::map<std::string, std::vector<Value>> outputs;  // by operation: the result of each call
  struct Pending {
    std::string name;
    List nodes;
    size_t next = 0;
  };
  std::vector<Pending> pending;
  for (const Value& item : config.at("layers").as_list()) {
    const Dict& entry = item.as_dict();
    const std::string& class_name = entry.at("class_name").as_string();
    const Value* module = entry.find("module");
    std::shared_ptr<Operation> op;
    const Dict own = deserialize_value(entry.at("config")).as_dict();
    bool is_op = module && module->is_string() &&
                 (module->as_string().find(".ops.") != std::string::npos ||
                  module->as_string().find(".activations.") != std::string::npos);
    if (is_op) op = OpCall::from_config(class_name, own);
    if (!op) op = std::dynamic_pointer_cast<Operation>(get_object(item, "keras.layers"));
    if (!op) throw ValueError("The config names a '", class_name, "', which is not a layer or an op.");
    std::string name = entry.contains("name") && entry.at("name").is_string() ? entry.at("name").as_string()
                                                                              : own.at("name").as_string();
    op->set_name(name);
    if (!made.emplace(name, op).second) throw ValueError("The config names two layers '", name, "'.");
    if (auto input = std::dynamic_pointer_cast<InputLayer>(op)) {
      outputs[name].push_back(input->record({}, {}, Tensor::spec_only(input->batch_shape(), input->input_dtype())));
    }
    const Value* nodes = entry.find("inbound_nodes");
    if (nodes && nodes->is_sequence() && !nodes->as_list().empty()) pending.push_back({name, nodes->as_list()});
  }
  auto history = [&](const List& h) -> std::optional<Value> {
    auto found = outputs.find(h[0].as_string());
    if (!made.count(h[0].as_string()))
      throw ValueError("Missing node: ", h[0].as_string(), ". The config refers to a layer that it does not define.");
    size_t index = static_cast<size_t>(h[1].as_int());
    if (found == outputs.end()) return std::nullopt;
    if (index >= found->second.size()) return std::nullopt;
    std::vector<Value> leaves = flatten(found->second[index]);
    size_t t = static_cast<size_t>(h[2].as_int());
    if (t >= leaves.size())
      throw ValueError("The config refers to output ", t, " of '", h[0].as_string(), "', which has ", leaves.size(),
                       ".");
    return leaves[t];
  };
  bool missing = false;
  std::function<Value(const Value&)> decode = [&](const Value& v) -> Value {
    if (v.is_dict()) {
      const Dict& d = v.as_dict();
      const Value* name = d.find("class_name");
      if (name && name->is_string() && name->as_string() == "__keras_tensor__") {
        auto t = history(d.at("config").as_dict().at("keras_history").as_list());
        if (!t) missing = true;
        return t ? *t : Value();
      }
      if (name && d.contains("config")) return deserialize_value(v);
      Dict out;
      for (const auto& [key, item] : d) out.set(key, decode(item));
      return out;
    }
    if (v.is_sequence()) {
      List out;
      for (const Value& item : v.as_list()) out.push_back(decode(item));
      return out;
    }
    return v;
  };
  for (size_t left = pending.size(); left;) {
    size_t before = 0, after = 0;
    for (const Pending& p : pending) before += p.nodes.size() - p.next;
    for (Pending& p : pending) {
      while (p.next < p.nodes.size()) {
        const Value& node = p.nodes[p.next];
        List args;
        Dict kwargs;
        missing = false;
        if (node.is_dict()) {
          args = decode(node.as_dict().at("args")).as_list();
          kwargs = decode(node.as_dict().at("kwargs")).as_dict();
        } else {  // Keras 1 and 2: [[layer, node, tensor, {kwargs}], ...]
          List tensors;
          for (const Value& place : node.as_list()) {
            auto t = history(place.as_list());
            if (!t) {
              missing = true;
              break;
            }
            tensors.push_back(*t);
            if (place.as_list().size() > 3 && place.as_list()[3].is_dict())
              kwargs = decode(place.as_list()[3]).as_dict();
          }
          args = tensors.size() == 1 ? tensors : List{Value(tensors)};
        }
        if (missing) break;
        outputs[p.name].push_back(made.at(p.name)->run_node(std::move(args), std::move(kwargs)));
        ++p.next;
      }
      after += p.nodes.size() - p.next;
    }
    if (after == 0) break;
    if (after == before) {
      std::vector<std::string> stuck;
      for (const Pending& p : pending)
        if (p.next < p.nodes.size()) stuck.push_back(p.name);
      throw ValueError("The config's graph has a loop, or refers to a missing call: the inputs of ", join(stuck, ", "),
                       " are never made.");
    }
  }
  std::function<Value(const Value&, bool)> places = [&](const Value& v, bool is_output) -> Value {
    if (is_history(v)) {
      List h = v.as_list();
      const std::string& name = h[0].as_string();
      if (is_output && made.count(name) && is_nested_functional(*made.at(name)) && h[1].as_int() > 0)
        h[1] = h[1].as_int() - 1;
      auto t = history(h);
      if (!t)
        throw ValueError("The config refers to call ", h[1].as_int(), " of '", name, "', which it does not define.");
      return *t;
    }
    if (v.is_dict()) {
      Dict out;
      for (const auto& [key, item] : v.as_dict()) out.set(key, places(item, is_output));
      return out;
    }
    List out;
    for (const Value& item : v.as_list()) out.push_back(places(item, is_output));
    return v.is_tuple() ? Value::tuple(std::move(out)) : Value(std::move(out));
  };
  return FunctionalGraph(places(config.at("input_layers"), false), places(config.at("output_layers"), true));
}

}  // namespace lamina
