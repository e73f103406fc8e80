// Functional graphs as config dictionaries, and back.
#include <unordered_map>
#include <unordered_set>

#include "api/model.h"
#include "api/symbolic_node.h"
#include "layers/core/input_layer.h"
#include "serialization/objects/object_config.h"

namespace lamina {

namespace {

// Calls of an operation that belong to this graph, numbered as files number them.
class NodeIndex {
 public:
  explicit NodeIndex(const GraphMap& map) {
    std::unordered_set<Node*> inside;
    for (const NodePtr& n : map.nodes) inside.insert(n.get());
    for (const auto& op : map.operations) {
      int kept = 0;
      for (const auto& weak : op->inbound_nodes)
        if (NodePtr n = weak.lock(); n && inside.count(n.get())) index_[n.get()] = kept++;
    }
  }
  int of(Node* n) const { return index_.at(n); }
  bool contains(Node* n) const { return index_.contains(n); }

 private:
  std::unordered_map<Node*, int> index_;
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

// Makes the operations of a config, then calls them in an order in which all inputs are there.
class GraphReader {
 public:
  explicit GraphReader(const Dict& config) {
    for (const Value& item : config.at("layers").as_list()) add_operation(item);
    run_calls();
    inputs = places(config.at("input_layers"), false);
    outputs = places(config.at("output_layers"), true);
  }

  Value inputs, outputs;

 private:
  struct Pending {  // calls of an operation that are not made yet
    std::string name;
    const List* nodes;  // of the config
    size_t next = 0;
    size_t left() const { return nodes->size() - next; }
  };

  void add_operation(const Value& item) {
    const Dict& entry = item.as_dict();
    const std::string& class_name = entry.at("class_name").as_string();
    const Value* module = entry.find("module");
    const bool is_op = module && module->is_string() &&
                       (module->as_string().find(".ops.") != std::string::npos ||
                        module->as_string().find(".activations.") != std::string::npos);
    std::shared_ptr<Operation> op;
    if (is_op) {
      const Value own = deserialize_value(entry.at("config"));
      op = OpCall::from_config(class_name, own.as_dict());
    }
    if (!op) op = std::dynamic_pointer_cast<Operation>(get_object(item, "keras.layers"));
    if (!op) throw ValueError("The config names a '", class_name, "', which is not a layer or an op.");
    const std::string name = entry.contains("name") && entry.at("name").is_string()
                                 ? entry.at("name").as_string()
                                 : entry.at("config").as_dict().at("name").as_string();
    op->set_name(name);
    if (!made_.emplace(name, op).second) throw ValueError("The config names two layers '", name, "'.");
    if (auto input = std::dynamic_pointer_cast<InputLayer>(op))
      results_[name].push_back(input->record({}, {}, Tensor::spec_only(input->batch_shape(), input->input_dtype())));
    const Value* nodes = entry.find("inbound_nodes");
    if (nodes && nodes->is_sequence() && !nodes->as_list().empty()) pending_.push_back({name, &nodes->as_list()});
  }

  // Makes the calls whose inputs are there, until none is left.
  void run_calls() {
    auto left = [&] {
      size_t n = 0;
      for (const Pending& p : pending_) n += p.left();
      return n;
    };
    for (size_t before = left(); before;) {
      for (Pending& p : pending_)
        while (p.left() && run_call(p.name, (*p.nodes)[p.next])) ++p.next;
      const size_t after = left();
      if (after == before) {
        std::vector<std::string> stuck;
        for (const Pending& p : pending_)
          if (p.left()) stuck.push_back(p.name);
        throw ValueError("The config's graph has a loop, or refers to a missing call: the inputs of ",
                         join(stuck, ", "), " are never made.");
      }
      before = after;
    }
  }

  // Makes one call; false where an input of it is not there yet.
  bool run_call(const std::string& name, const Value& node) {
    List args;
    Dict kwargs;
    missing_ = false;
    if (node.is_dict()) {
      args = std::move(decode(node.as_dict().at("args")).as_list());
      kwargs = std::move(decode(node.as_dict().at("kwargs")).as_dict());
    } else {  // Keras 1 and 2: [[layer, node, tensor, {kwargs}], ...]
      List tensors;
      for (const Value& place : node.as_list()) {
        auto t = history(place.as_list());
        if (!t) return false;
        tensors.push_back(*t);
        if (place.as_list().size() > 3 && place.as_list()[3].is_dict()) kwargs = decode(place.as_list()[3]).as_dict();
      }
      args = tensors.size() == 1 ? tensors : List{Value(tensors)};
    }
    if (missing_) return false;
    results_[name].push_back(made_.at(name)->run_node(std::move(args), std::move(kwargs)));
    return true;
  }

  // The tensor that [layer, call, output] names; none if that call has not been made.
  std::optional<Value> history(const List& h) const {
    const std::string& name = h[0].as_string();
    if (!made_.count(name))
      throw ValueError("Missing node: ", name, ". The config refers to a layer that it does not define.");
    auto found = results_.find(name);
    const size_t index = static_cast<size_t>(h[1].as_int());
    if (found == results_.end() || index >= found->second.size()) return std::nullopt;
    const std::vector<Value> leaves = flatten(found->second[index]);
    const size_t t = static_cast<size_t>(h[2].as_int());
    if (t >= leaves.size())
      throw ValueError("The config refers to output ", t, " of '", name, "', which has ", leaves.size(), ".");
    return leaves[t];
  }

  Value decode(const Value& v) {
    if (v.is_dict()) {
      const Dict& d = v.as_dict();
      const Value* name = d.find("class_name");
      if (name && name->is_string() && name->as_string() == "__keras_tensor__") {
        auto t = history(d.at("config").as_dict().at("keras_history").as_list());
        if (!t) missing_ = true;
        return t ? *t : Value();
      }
      if (name && d.contains("config")) return deserialize_value(v);
      Dict out;
      for (const auto& [key, item] : d) out.set(key, decode(item));
      return out;
    }
    if (!v.is_sequence()) return v;
    List out;
    for (const Value& item : v.as_list()) out.push_back(decode(item));
    return out;
  }

  // The tensors of "input_layers" or "output_layers", in the structure that the config gives them.
  Value places(const Value& v, bool is_output) const {
    if (is_history(v)) {
      List h = v.as_list();
      const std::string& name = h[0].as_string();
      if (is_output && made_.count(name) && is_nested_functional(*made_.at(name)) && h[1].as_int() > 0)
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
    return v.with_items(std::move(out));
  }

  std::map<std::string, std::shared_ptr<Operation>> made_;
  std::map<std::string, std::vector<Value>> results_;  // by operation, of each call
  std::vector<Pending> pending_;
  bool missing_ = false;  // whether decode() met a tensor that is not made yet
};

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
      if (!n || !index.contains(n.get()) || n->is_input()) continue;
      nodes.push_back(Dict{{"args", encode(index, Value(n->args))}, {"kwargs", encode(index, Value(n->kwargs))}});
    }
    entry.set("inbound_nodes", std::move(nodes));
    layers.push_back(std::move(entry));
  }
  auto places = [&](const Value& structure, bool outputs) {
    return map_structure(structure, [&](const Value& leaf) { return keras_history(index, leaf.as_tensor(), outputs); });
  };
  return {{"layers", layers}, {"input_layers", places(inputs_, false)}, {"output_layers", places(outputs_, true)}};
}

FunctionalGraph FunctionalGraph::from_config(const Dict& config) {
  GraphReader graph(config);
  return FunctionalGraph(std::move(graph.inputs), std::move(graph.outputs));
}

}  // namespace lamina
