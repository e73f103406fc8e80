#include "api/functional.h"

#include <set>

#include "api/model.h"
#include "backends/ops/primitives.h"
#include "layers/core/input_layer.h"

namespace lamina {

namespace {

const NodePtr& node_of(const Tensor& t) {
  static const NodePtr none;
  return t.find_notes() ? t.find_notes()->history : none;
}
int index_of(const Tensor& t) { return t.find_notes()->history_index; }

bool same_origin(const Tensor& a, const Tensor& b) { return a.same(b) || (node_of(a) && node_of(a) == node_of(b) && index_of(a) == index_of(b)); }

class Mapper {
 public:
  Mapper(const Tensors& inputs, const Tensors& outputs) : inputs_(inputs) {
    for (const Tensor& t : outputs) visit(t);
    std::map<Node*, int> depth;
    std::map<Operation*, int> operation_depth;
    for (size_t i = order_.size(); i-- > 0;) {
      Node* n = order_[i].get();
      int d = std::max(depth.try_emplace(n, 0).first->second, operation_depth[n->operation.get()]);
      operation_depth[n->operation.get()] = d;
      depth[n] = d;
      for (const Tensor& t : stops(n) ? Tensors{} : n->input_tensors())
        if (Node* parent = node_of(t).get()) {
          auto [slot, fresh] = depth.try_emplace(parent, d + 1);
          slot->second = std::max(slot->second, d + 1);
        }
    }
    for (const Tensor& t : inputs) {  // inputs that no output uses belong to the model all the same
      const NodePtr& n = node_of(t);
      if (n && !first_visit_.count(n->operation.get())) {
        first_visit_[n->operation.get()] = -1;
        operation_depth[n->operation.get()] = 0;
        order_.push_back(n);
        operations_.push_back(n->operation);
      }
    }
    std::stable_sort(operations_.begin(), operations_.end(), [&](const auto& a, const auto& b) {
      int da = operation_depth[a.get()], db = operation_depth[b.get()];
      return da != db ? da > db : first_visit_[a.get()] < first_visit_[b.get()];
    });
    result.nodes = order_;
    result.operations = operations_;
  }
  GraphMap result;

 private:
  bool stops(Node* n) const {
    if (n->is_input()) return true;
    for (const Tensor& t : inputs_)
      if (node_of(t).get() == n) return true;
    return false;
  }

  void visit(const Tensor& t) {
    const NodePtr& n = node_of(t);
    if (!n)
      throw ValueError("`inputs` not connected to `outputs`: an output (", t.spec(), ") was not made by a layer or an op on the model's inputs.");
    if (done_.count(n.get())) return;
    if (!open_.insert(n.get()).second) throw ValueError("The tensor ", t.spec(), " from operation '", n->operation->name(), "' is part of a cycle.");
    if (first_visit_.try_emplace(n->operation.get(), static_cast<int>(first_visit_.size())).second) operations_.push_back(n->operation);
    bool is_given = false;
    for (const Tensor& i : inputs_) is_given |= same_origin(i, t);
    if (n->is_input() && !is_given && n->operation->class_name() == "InputLayer")
      throw ValueError("`inputs` not connected to `outputs`: the output depends on the input '", n->operation->name(), "', which is not among the model's inputs.");
    if (!n->is_input() && !is_given)
      for (const Tensor& in : n->input_tensors()) visit(in);
    done_.insert(n.get());
    open_.erase(n.get());
    order_.push_back(n);
  }

  const Tensors& inputs_;
  std::set<Node*> done_, open_;
  std::map<Operation*, int> first_visit_;
  std::vector<NodePtr> order_;
  std::vector<std::shared_ptr<Operation>> operations_;
};

}  // namespace

FunctionalGraph::FunctionalGraph(Value inputs, Value outputs) : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
  for (const Value& leaf : flatten(inputs_)) {
    if (!leaf.is_tensor() || !leaf.as_tensor().symbolic())
      throw ValueError("All `inputs` values must be KerasTensors. Received: inputs=", inputs_.repr(), " including invalid value ", leaf.repr(), ".");
    flat_inputs_.push_back(leaf.as_tensor());
  }
  for (const Value& leaf : flatten(outputs_))
    if (!leaf.is_tensor() || !leaf.as_tensor().symbolic())
      throw ValueError("All `outputs` values must be KerasTensors. Received: outputs=", outputs_.repr(), " including invalid value ", leaf.repr(), ".");
  // A model may start in the middle of a graph: such an input gets an Input of its own when the map is built.
  map_ = Mapper(flat_inputs_, flatten_tensors(outputs_)).result;
  std::map<std::string, Operation*> names;
  for (const auto& op : map_.operations)
    if (!names.emplace(op->name(), op.get()).second)
      throw ValueError("The name \"", op->name(), "\" is used 2 times in the model. All operation names should be unique.");
}

std::vector<LayerPtr> FunctionalGraph::layers() const {
  std::vector<LayerPtr> out;
  for (const auto& op : map_.operations)
    if (auto layer = std::dynamic_pointer_cast<Layer>(op)) out.push_back(layer);
  return out;
}

Value FunctionalGraph::standardize(const Value& given) const {
  std::vector<Value> leaves;
  if (given.is_dict() && !inputs_.is_dict()) {  // by input name
    for (const Tensor& t : flat_inputs_) {
      const std::string& name = node_of(t) ? node_of(t)->operation->name() : t.find_notes()->name;
      const Value* v = given.as_dict().find(name);
      if (!v) throw ValueError("The model's input '", name, "' is missing; received inputs named ", [&] {
        std::vector<std::string> names;
        for (const auto& [k, item] : given.as_dict()) names.push_back(k);
        return names;
      }(), ".");
      leaves.push_back(*v);
    }
  } else if (given.is_dict()) {  // keys beyond the model's own are dropped
    Dict kept;
    for (const auto& [key, v] : inputs_.as_dict())
      if (const Value* g = given.as_dict().find(key)) kept.set(key, *g);
      else if (auto input = std::dynamic_pointer_cast<InputLayer>(node_of(flatten_tensors(v)[0])->operation); input && input->optional()) kept.set(key, Value());
      else throw ValueError("The model's input '", key, "' is missing; received ", given.repr(), ".");
    leaves = flatten(kept);
  } else {
    leaves = flatten(given);
  }
  if (leaves.size() != flat_inputs_.size())
    throw ValueError("The model expects ", flat_inputs_.size(), " input(s), but it received ", leaves.size(), " input tensors. Inputs received: ", given.repr());
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i].is_tensor()) continue;
    Tensor t = leaves[i].as_tensor();
    Shape want = flat_inputs_[i].shape();
    if (want.rank()) want[0] = Shape::kUnknown;  // as Keras: a model built from one batch takes batches of any size
    if (t.rank() == want.rank() + 1 && t.shape().back() == 1) t = prim::squeeze(t, -1);
    else if (t.rank() + 1 == want.rank() && want.back() == 1) t = prim::expand_dims(t, t.rank());
    if (!compatible(t.shape(), want)) {
      const std::string& name = node_of(flat_inputs_[i]) ? node_of(flat_inputs_[i])->operation->name() : std::string("input");
      throw ValueError("Input ", i, " ('", name, "') of the model is incompatible: expected shape=", want, ", found shape=", t.shape(), ".");
    }
    DType dtype = flat_inputs_[i].dtype();
    if (t.dtype() != dtype && is_float(dtype) && (is_float(t.dtype()) || is_int(t.dtype()) || t.dtype() == DType::boolean)) {
      Tensor mask = t.mask();
      t = prim::cast(t, dtype);
      t.set_mask(mask);
    } else if (t.dtype() != dtype && !is_float(dtype)) {
      t = prim::cast(t, dtype);
    }
    leaves[i] = t;
  }
  return Value(List(leaves.begin(), leaves.end()));
}

Value FunctionalGraph::run(const Value& given, std::optional<bool> training, const Value& mask) const {
  const List leaves = standardize(given).as_list();
  std::vector<Value> masks;
  if (!mask.is_none()) masks = flatten(mask);
  std::map<std::pair<Node*, int>, Value> values;
  std::map<const TensorNode*, Value> loose;  // inputs without history
  for (size_t i = 0; i < leaves.size(); ++i) {
    Value leaf = leaves[i];
    if (i < masks.size() && masks[i].is_tensor() && leaf.is_tensor()) {
      Tensor own = Tensor(std::make_shared<TensorNode>(leaf.as_tensor().shape(), leaf.as_tensor().dtype()));
      const Tensor& t = leaf.as_tensor();  // a node of its own: the mask must not reach the caller's tensor
      own.node()->buffer = t.node()->buffer, own.node()->trace = t.node()->trace, own.node()->value = t.node()->value;
      own.node()->producer = t.node()->producer, own.node()->output = t.node()->output;
      own.set_mask(masks[i].as_tensor());
      leaf = own;
    }
    if (node_of(flat_inputs_[i])) values[{node_of(flat_inputs_[i]).get(), index_of(flat_inputs_[i])}] = leaf;
    else loose[flat_inputs_[i].node()] = leaf;
  }
  auto replace = [&](const Value& v) {
    return map_structure(v, [&](const Value& leaf) -> Value {
      if (!leaf.is_tensor() || !leaf.as_tensor().symbolic()) return leaf;
      const Tensor& t = leaf.as_tensor();
      if (!node_of(t)) return loose.at(t.node());
      auto found = values.find({node_of(t).get(), index_of(t)});
      if (found == values.end()) throw RuntimeError("A node of the graph ran before its input from '", node_of(t)->operation->name(), "'.");
      return found->second;
    });
  };
  for (const NodePtr& n : map_.nodes) {
    if (values.count({n.get(), 0}) || n->is_input()) continue;
    List args = replace(Value(n->args)).as_list();
    Dict kwargs = replace(Value(n->kwargs)).as_dict();
    if (auto layer = std::dynamic_pointer_cast<Layer>(n->operation)) {
      if (training && !kwargs.contains("training") && layer->accepts_training()) kwargs.set("training", *training);
    }
    Value out = n->operation->run_node(std::move(args), std::move(kwargs));
    int index = 0;
    for (const Value& leaf : flatten(out))
      if (leaf.is_tensor()) values[{n.get(), index++}] = leaf;
  }
  return replace(outputs_);
}

// ---- configs ----

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
                {"config", Dict{{"shape", serialize_value(Value(t.shape()))}, {"dtype", Value(name_of(t.dtype()))}, {"keras_history", keras_history(index, t, false)}}}};
  }
  return serialize_value(v);
}

bool is_history(const Value& v) { return v.is_sequence() && v.as_list().size() == 3 && v.as_list()[0].is_string() && v.as_list()[1].is_int(); }

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
  auto plain = [](const Value& v) { return serialize_value(v); };
  return {{"layers", layers}, {"input_layers", plain(places(inputs_, false))}, {"output_layers", plain(places(outputs_, true))}};
}

FunctionalGraph FunctionalGraph::from_config(const Dict& config) {
  std::map<std::string, std::shared_ptr<Operation>> made;
  std::map<std::string, std::vector<Value>> outputs;  // by operation: the result of each call
  struct Pending { std::string name; List nodes; size_t next = 0; };
  std::vector<Pending> pending;
  for (const Value& item : config.at("layers").as_list()) {
    const Dict& entry = item.as_dict();
    const std::string& class_name = entry.at("class_name").as_string();
    const Value* module = entry.find("module");
    std::shared_ptr<Operation> op;
    const Dict own = deserialize_value(entry.at("config")).as_dict();
    bool is_op = module && module->is_string() && module->as_string().find(".ops.") != std::string::npos;
    if (is_op) op = OpCall::from_config(class_name, own);
    if (!op) op = std::dynamic_pointer_cast<Operation>(get_object(item, "keras.layers"));
    if (!op) throw ValueError("The config names a '", class_name, "', which is not a layer or an op.");
    std::string name = entry.contains("name") && entry.at("name").is_string() ? entry.at("name").as_string() : own.at("name").as_string();
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
    if (!made.count(h[0].as_string())) throw ValueError("The config refers to a layer '", h[0].as_string(), "' that it does not define.");
    size_t index = static_cast<size_t>(h[1].as_int());
    if (found == outputs.end()) return std::nullopt;
    if (index >= found->second.size()) return std::nullopt;
    std::vector<Value> leaves = flatten(found->second[index]);
    size_t t = static_cast<size_t>(h[2].as_int());
    if (t >= leaves.size()) throw ValueError("The config refers to output ", t, " of '", h[0].as_string(), "', which has ", leaves.size(), ".");
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
            if (!t) { missing = true; break; }
            tensors.push_back(*t);
            if (place.as_list().size() > 3 && place.as_list()[3].is_dict()) kwargs = decode(place.as_list()[3]).as_dict();
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
      throw ValueError("The config's graph cannot be built: the inputs of ", join(stuck, ", "), " are never made (a cycle, or a reference to a missing call).");
    }
  }
  std::function<Value(const Value&, bool)> places = [&](const Value& v, bool is_output) -> Value {
    if (is_history(v)) {
      List h = v.as_list();
      const std::string& name = h[0].as_string();
      if (is_output && made.count(name) && is_nested_functional(*made.at(name)) && h[1].as_int() > 0) h[1] = h[1].as_int() - 1;
      auto t = history(h);
      if (!t) throw ValueError("The config refers to call ", h[1].as_int(), " of '", name, "', which it does not define.");
      return *t;
    }
    if (v.is_dict()) {
      Dict out;
      for (const auto& [key, item] : v.as_dict()) out.set(key, places(item, is_output));
      return out;
    }
    List out;
    for (const Value& item : v.as_list()) out.push_back(places(item, is_output));
    return out;
  };
  auto unwrap = [](Value v) { return v; };
  return FunctionalGraph(unwrap(places(config.at("input_layers"), false)), unwrap(places(config.at("output_layers"), true)));
}

}  // namespace lamina
