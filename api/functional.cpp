#include "api/functional.h"

#include <set>

#include "api/structure.h"
#include "api/symbolic_node.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "layers/core/input_layer.h"

namespace lamina {

namespace {

bool same_origin(const Tensor& a, const Tensor& b) {
  return a.same(b) || (node_of(a) && node_of(a) == node_of(b) && index_of(a) == index_of(b));
}

bool from_input_layer(const Tensor& t) { return node_of(t) && node_of(t)->operation->class_name() == "InputLayer"; }

class Mapper {
 public:
  // paths: of the outputs, for errors.
  Mapper(const Tensors& inputs, const Tensors& outputs, const std::vector<std::string>& paths) : inputs_(inputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      path_ = paths[i];
      visit(outputs[i]);
    }
    std::map<Node*, int> depth;
    std::map<Operation*, int> operation_depth;
    for (size_t i = order_.size(); i-- > 0;) {
      Node* n = order_[i].get();
      int d = std::max(depth.try_emplace(n, 0).first->second, operation_depth[n->operation.get()]);
      operation_depth[n->operation.get()] = d;
      depth[n] = d;
      for (const Tensor& t : n->is_input() ? Tensors{} : n->input_tensors())
        if (Node* parent = node_of(t).get(); parent && (parent->is_input() || !given(t))) {
          auto [slot, fresh] = depth.try_emplace(parent, d + 1);
          slot->second = std::max(slot->second, d + 1);
        }
    }
    for (const Tensor& t : inputs) {  // inputs that no output uses belong to the model all the same
      const NodePtr& n = node_of(t);
      if (n && n->is_input() && !first_visit_.count(n->operation.get())) {
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
  bool given(const Tensor& t) const {
    return std::any_of(inputs_.begin(), inputs_.end(), [&](const Tensor& i) { return same_origin(i, t); });
  }

  void visit(const Tensor& t) {
    const NodePtr& n = node_of(t);
    const bool is_given = given(t);
    if (is_given && (!n || !n->is_input())) return;  // what made it is no part of the graph
    if (!n)
      throw ValueError("Output with path `", path_, "` is not connected to `inputs`: ", t.spec(),
                       " was not made by a layer or an op on the model's inputs.");
    if (done_.count(n.get())) return;
    if (!open_.insert(n.get()).second)
      throw ValueError("The tensor ", t.spec(), " from operation '", n->operation->name(), "' is part of a cycle.");
    if (first_visit_.try_emplace(n->operation.get(), static_cast<int>(first_visit_.size())).second)
      operations_.push_back(n->operation);
    if (n->is_input() && !is_given && n->operation->class_name() == "InputLayer")
      throw ValueError("Output with path `", path_, "` is not connected to `inputs`: it depends on the input '",
                       n->operation->name(), "', which is not among the model's inputs.");
    if (!n->is_input())
      for (const Tensor& in : n->input_tensors()) visit(in);
    done_.insert(n.get());
    open_.erase(n.get());
    order_.push_back(n);
  }

  const Tensors& inputs_;
  std::string path_;
  std::set<Node*> done_, open_;
  std::map<Operation*, int> first_visit_;
  std::vector<NodePtr> order_;
  std::vector<std::shared_ptr<Operation>> operations_;
};

}  // namespace

FunctionalGraph::FunctionalGraph(Value inputs, Value outputs, Inputs kind)
    : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
  for (const Value& leaf : flatten(inputs_)) {
    if (!leaf.is_tensor() || !leaf.as_tensor().symbolic())
      throw ValueError("All `inputs` values must be KerasTensors. Received: inputs=", inputs_.repr(),
                       " including invalid value ", leaf.repr(), ".");
    flat_inputs_.push_back(leaf.as_tensor());
  }
  if (flat_inputs_.empty())
    throw ValueError("`inputs` argument cannot be empty. Received: inputs=", inputs_.repr(),
                     " outputs=", outputs_.repr());
  if (flatten(outputs_).empty())
    throw ValueError("`outputs` argument cannot be empty. Received: inputs=", inputs_.repr(),
                     " outputs=", outputs_.repr());
  for (const Value& leaf : flatten(outputs_))
    if (!leaf.is_tensor() || !leaf.as_tensor().symbolic())
      throw ValueError("All `outputs` values must be KerasTensors. Received: outputs=", outputs_.repr(),
                       " including invalid value ", leaf.repr(), ".");
  if (kind == Inputs::own && !std::all_of(flat_inputs_.begin(), flat_inputs_.end(), from_input_layer)) {
    *this = from_the_middle();
    return;
  }
  map_ = Mapper(flat_inputs_, flatten_tensors(outputs_), structure_paths(outputs_)).result;
  std::map<std::string, Operation*> names;
  for (const auto& op : map_.operations)
    if (!names.emplace(op->name(), op.get()).second)
      throw ValueError("The name \"", op->name(),
                       "\" is used 2 times in the model. All operation names should be unique.");
}

// A model may start in the middle of a graph: its layers are called again on Inputs of its own.
FunctionalGraph FunctionalGraph::from_the_middle() {
  map_ = Mapper(flat_inputs_, flatten_tensors(outputs_), structure_paths(outputs_)).result;
  Value fresh = map_structure(inputs_, [](const Value& leaf) -> Value {
    const Tensor& t = leaf.as_tensor();
    if (from_input_layer(t)) return leaf;
    InputLayerArgs args;
    args.batch_shape = Value(t.shape());
    args.dtype = name_of(t.dtype());
    LayerArgs base;
    if (const TensorNotes* notes = t.find_notes(); notes && !notes->name.empty()) base.name = notes->name + "CLONE";
    return InputLayer::make(std::move(args), std::move(base));
  });
  Value outputs = rerun(
      fresh, [](Node& n, List args, Dict kwargs) { return n.operation->run_node(std::move(args), std::move(kwargs)); });
  return FunctionalGraph(std::move(fresh), std::move(outputs));
}

std::vector<LayerPtr> FunctionalGraph::layers() const {
  std::vector<LayerPtr> out;
  for (const auto& op : map_.operations)
    if (auto layer = std::dynamic_pointer_cast<Layer>(op)) out.push_back(layer);
  return out;
}

namespace {

// "[Tensor(shape=(2, 3))]", for errors.
std::string shapes_text(const Value& v) {
  return structure_text(v, [](const Value& leaf) {
    return leaf.is_tensor() ? text("Tensor(shape=", leaf.as_tensor().shape(), ")") : leaf.repr();
  });
}

// A tensor as the model's input wants it: a last axis of size 1 added or dropped, the input's dtype.
Tensor fitted(Tensor t, const Tensor& input, const std::string& name, const std::string& path) {
  const Shape& want = input.shape();
  if (t.rank() == want.rank() + 1 && t.shape().back() == 1)
    t = prim::squeeze(t, -1);
  else if (t.rank() + 1 == want.rank() && want.back() == 1)
    t = prim::expand_dims(t, t.rank());
  if (t.rank() != want.rank())
    throw ValueError("Invalid input shape for input ", t.spec(), " with name '", name, "' and path '", path,
                     "'. Expected shape ", want, ", but input has incompatible shape ", t.shape());
  DType dtype = input.dtype();
  if (t.dtype() == dtype || t.dtype() == DType::string) return t;  // the layers say what they take
  Tensor mask = t.mask();
  t = prim::cast(t, dtype);
  t.set_mask(mask);
  return t;
}

}  // namespace

std::vector<std::string> FunctionalGraph::input_names() const {
  std::vector<std::string> out;
  for (const Tensor& t : flat_inputs_) out.push_back(node_of(t) ? node_of(t)->operation->name() : t.find_notes()->name);
  return out;
}

std::vector<InputSpec> FunctionalGraph::input_specs() const {
  auto spec_of = [](const Tensor& t, const std::string& name) {
    InputSpec spec;
    spec.shape = t.shape();
    if (spec.shape->rank())
      (*spec.shape)[0] = Shape::kUnknown;  // a model built from one batch takes batches of any size
    spec.allow_last_axis_squeeze = true;
    spec.name = name;
    auto input = node_of(t) ? std::dynamic_pointer_cast<InputLayer>(node_of(t)->operation) : nullptr;
    spec.optional = input && input->optional();
    return spec;
  };
  std::vector<InputSpec> out;
  const std::vector<std::string> names = input_names();
  if (inputs_.is_dict()) {
    if (inputs_.as_dict().size() != flat_inputs_.size()) return {};
    std::vector<std::string> keys;
    for (const auto& [key, v] : inputs_.as_dict()) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    for (const std::string& key : keys) {
      const Value& v = inputs_.as_dict().at(key);
      if (!v.is_tensor()) return {};
      out.push_back(spec_of(v.as_tensor(), key));
    }
    return out;
  }
  if (inputs_.is_sequence())
    for (const Value& v : inputs_.as_list())
      if (!v.is_tensor()) return {};
  for (size_t i = 0; i < flat_inputs_.size(); ++i) out.push_back(spec_of(flat_inputs_[i], names[i]));
  return out;
}

// The given inputs in the order of the model's: by name where they are a dict, else by place.
std::vector<Value> FunctionalGraph::matched(const Value& given) const {
  const std::vector<std::string> names = input_names();
  bool fits = true;  // else the structure is another one, though the tensors may do
  Value ordered = given;
  if (given.is_dict() && !inputs_.is_dict()) {
    const Dict& d = given.as_dict();
    List found;
    for (const std::string& name : names)
      if (const Value* v = d.find(name)) found.push_back(*v);
    if (found.size() != names.size() && names.size() == 1 && d.size() == 1) found = {d.begin()->second};
    fits = found.size() == names.size();
    ordered = found;
  } else if (given.is_dict() && inputs_.is_dict()) {
    Dict kept;
    for (const auto& [key, v] : inputs_.as_dict()) {
      if (const Value* g = given.as_dict().find(key))
        kept.set(key, *g);
      else if (auto input = std::dynamic_pointer_cast<InputLayer>(node_of(flatten_tensors(v)[0])->operation);
               input && input->optional())
        kept.set(key, Value());
      else
        throw ValueError("The model's input '", key, "' is missing; received ", given.repr(), ".");
    }
    ordered = kept;
  } else if (inputs_.is_dict()) {  // a list for a dict: by the order of the keys, if that is plain
    std::vector<std::string> keys;
    for (const auto& [key, v] : inputs_.as_dict()) keys.push_back(key);
    fits = std::is_sorted(keys.begin(), keys.end());
  }
  std::vector<Value> leaves = flatten(ordered);
  if (leaves.size() != flat_inputs_.size() && inputs_.is_dict() && !given.is_dict()) {
    std::vector<std::string> keys;
    for (const auto& [key, v] : inputs_.as_dict()) keys.push_back(key);
    throw ValueError("The model expects ", flat_inputs_.size(), " named input(s) with keys ", keys,
                     ", but it received ", leaves.size(), " input tensors. Inputs received: ", given.repr());
  }
  if (fits && leaves.size() != flat_inputs_.size())
    throw ValueError("The model expects ", flat_inputs_.size(), " input(s), but it received ", leaves.size(),
                     " input tensors. Inputs received: ", given.repr());
  bool loose = flat_inputs_.size() == 1 && !inputs_.is_dict() && !given.is_dict();  // a tensor or a list of one
  auto mismatch = [&] {
    size_t next = 0;
    return text("The structure of `inputs` doesn't match the expected structure.\nExpected: ",
                structure_text(inputs_, [&](const Value&) { return names[next++]; }),
                "\nReceived: inputs=", shapes_text(given));
  };
  if (!fits) throw ValueError(mismatch());
  bool has_data = std::all_of(leaves.begin(), leaves.end(),
                              [](const Value& v) { return !v.is_tensor() || !v.as_tensor().shape_only(); });
  bool by_name = given.is_dict() && !inputs_.is_dict();
  if (!loose && !by_name && has_data && !same_structure(given, inputs_, false)) warn(mismatch());
  return leaves;
}

Value FunctionalGraph::standardize(const Value& given) const {
  std::vector<Value> leaves = matched(given);
  const std::vector<std::string> names = input_names(), paths = structure_paths(inputs_);
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i].is_tensor()) {
      leaves[i] = fitted(leaves[i].as_tensor(), flat_inputs_[i], names[i], paths[i]);
      continue;
    }
    auto input =
        node_of(flat_inputs_[i]) ? std::dynamic_pointer_cast<InputLayer>(node_of(flat_inputs_[i])->operation) : nullptr;
    if (leaves[i].is_none() && input && !input->optional())
      throw ValueError("The input '", names[i], "' of the model is not optional; received None.");
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
    if (node_of(flat_inputs_[i]))
      values[{node_of(flat_inputs_[i]).get(), index_of(flat_inputs_[i])}] = leaf;
    else
      loose[flat_inputs_[i].node()] = leaf;
  }
  return propagate(std::move(values), loose, [&](Node& n, List args, Dict kwargs) {
    auto layer = std::dynamic_pointer_cast<Layer>(n.operation);
    if (layer && training && !kwargs.contains("training") && layer->accepts_training())
      kwargs.set("training", *training);
    return n.operation->run_node(std::move(args), std::move(kwargs));
  });
}

Value FunctionalGraph::rerun(const Value& inputs, const NodeCall& call) const {
  std::map<std::pair<Node*, int>, Value> values;
  std::map<const TensorNode*, Value> loose;
  std::vector<Value> given = flatten(inputs);
  if (given.size() != flat_inputs_.size())
    throw ValueError("The model has ", flat_inputs_.size(), " input(s), received ", given.size(), ".");
  for (size_t i = 0; i < given.size(); ++i) {
    if (node_of(flat_inputs_[i]))
      values[{node_of(flat_inputs_[i]).get(), index_of(flat_inputs_[i])}] = given[i];
    else
      loose[flat_inputs_[i].node()] = given[i];
  }
  return propagate(std::move(values), loose, call);
}

Value FunctionalGraph::propagate(std::map<std::pair<Node*, int>, Value> values,
                                 const std::map<const TensorNode*, Value>& loose, const NodeCall& call) const {
  auto replace = [&](const Value& v) {
    return map_structure(v, [&](const Value& leaf) -> Value {
      if (!leaf.is_tensor() || !leaf.as_tensor().symbolic()) return leaf;
      const Tensor& t = leaf.as_tensor();
      if (!node_of(t)) return loose.at(t.node());
      auto found = values.find({node_of(t).get(), index_of(t)});
      if (found == values.end())
        throw RuntimeError("A node of the graph ran before its input from '", node_of(t)->operation->name(), "'.");
      return found->second;
    });
  };
  for (const NodePtr& n : map_.nodes) {
    if (values.count({n.get(), 0}) || n->is_input()) continue;
    Value out = call(*n, replace(Value(n->args)).as_list(), replace(Value(n->kwargs)).as_dict());
    int index = 0;
    for (const Value& leaf : flatten(out))
      if (leaf.is_tensor()) values[{n.get(), index++}] = leaf;
  }
  return replace(outputs_);
}

}  // namespace lamina
