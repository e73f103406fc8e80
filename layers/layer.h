#pragma once
// Layer: weights, a call written in ops, and a config. To add one, derive, list the arguments in a struct with
// fields(), override build() (weights in Keras' order, under Keras' names) and call(), and register with LAMINA_LAYER.
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "backends/core/variable.h"
#include "layers/about.h"
#include "layers/constraints/constraint.h"
#include "layers/dtype_policy.h"
#include "layers/initializers/initializer.h"
#include "layers/operation.h"
#include "layers/regularizers/regularizer.h"
#include "layers/remat.h"

namespace lamina {

class Layer;
class Metric;
using LayerPtr = std::shared_ptr<Layer>;

// The arguments every layer takes beside its own.
struct LayerArgs {
  std::string name{};  // "" makes one from the class
  bool trainable = true;
  Value dtype{};  // a dtype, a policy's name, or a DTypePolicy
  bool autocast = true;
  RegularizerRef activity_regularizer{};
  Value input_shape{};  // of one sample; as the first layer of a Sequential
  Value batch_shape{};
  // Takes the keys it knows out of `config`.
  static LayerArgs take(Dict& config);
};

// What a call knows beside its inputs.
struct CallContext {
  bool training = false;
  Value mask;   // of the first argument: a tensor, or a structure of tensors and Nones; None if there is none
  Dict kwargs;  // further arguments of this layer's call, by name
  Tensor mask_tensor() const { return mask.is_tensor() ? mask.as_tensor() : Tensor(); }
};

// The shapes of a layer's inputs, by argument name ("inputs", or query/value/...): a shape tuple or a structure of
// them.
class BuildShapes {
 public:
  BuildShapes() = default;
  explicit BuildShapes(Dict shapes) : shapes_(std::move(shapes)) {}
  const Dict& all() const { return shapes_; }
  bool empty() const { return shapes_.empty(); }
  const Value& first() const;         // of the first argument; ValueError if there is none
  bool single() const;                // one argument, one tensor
  Shape shape() const;                // of the only tensor; ValueError if there are several
  std::vector<Shape> shapes() const;  // of the list in the first argument
  Shape of(std::string_view argument) const;

 private:
  Dict shapes_;
};
bool is_shape(const Value& v);  // a list or tuple of ints and Nones

// Constraints on inputs, checked before the call.
struct InputSpec {
  std::optional<DType> dtype;
  std::optional<Shape> shape;
  std::optional<int> ndim, min_ndim, max_ndim;
  std::map<int, int64_t> axes;
  bool allow_last_axis_squeeze = false;
  std::string name;
  bool optional = false;
};

// Counts changes to layers after they were made (arguments, dtype policies, regularizers), of all layers there are.
// While it stands still, no compiled step is out of date; when it has moved, Layer::stamp() tells whether a model is
// concerned.
uint64_t layer_changes();

// The base of all layers: it builds weights when it first sees a shape, and computes. Calls may run in several threads
// at once; building, and changes of arguments, want a thread to themselves.
class Layer : public Operation {
 public:
  explicit Layer(LayerArgs args = {});
  ~Layer() override;

  // --- to override ---
  virtual void build(const BuildShapes& shapes);  // default: build(shape) for a single input
  virtual void build(const Shape& input_shape) {}
  virtual Value call(const List& inputs, const CallContext& context);  // default: call(tensor) or call(tensors)
  virtual Tensor call(const Tensor& x, const CallContext& context);
  virtual Tensor call(const Tensors& xs, const CallContext& context);
  // The mask of the outputs (None for none); the default passes on the mask of a single input if supports_masking.
  virtual Value compute_mask(const Value& inputs, const Value& mask);
  // Positional arguments of call() that are inputs; the rest of a call goes to CallContext::kwargs.
  virtual std::vector<std::string> call_arguments() const { return {"inputs"}; }
  virtual bool call_takes_training() const { return false; }
  virtual bool call_takes_mask() const { return false; }
  bool accepts_training() const;  // this layer's call, or a user's override of it, takes `training`
  virtual std::vector<std::string> call_extras() const { return {}; }  // further keyword arguments of call()
  // The argument of a call as tensors, in layers that take plain data in their place: lists of strings, single numbers.
  virtual bool takes_plain_data() const { return false; }
  virtual Value plain_input(const Value& v) const { return v; }
  // The sizes of outputs follow from values (the longest text of a batch), or a user's function works on them: the
  // model runs on the eager engine.
  virtual bool needs_values() const { return false; }
  // Whether a RematScope concerns this layer itself. Of models it concerns the layers.
  virtual bool computes_anew() const { return true; }
  // Any part of this layer's work, computed as its call is under the RematScope that it was made in.
  Value computed_anew(const std::function<Value()>& part) const { return remat_call(remat_.get(), name_, part); }
  Dict get_config() const override;
  std::string module() const override { return "keras.layers"; }

  // --- calling ---
  // Converts, builds, computes; records a node if a symbolic tensor is among the arguments.
  Value invoke(List args, Dict kwargs = {});
  Tensor operator()(const Tensor& x);
  Tensor operator()(const Tensor& x, bool training);
  Tensor operator()(const Tensors& xs) { return invoke({Value(xs)}).as_tensor(); }
  Value run_node(List args, Dict kwargs) override { return invoke(std::move(args), std::move(kwargs)); }
  // Shapes and dtypes of the outputs for shape-only inputs; runs nothing. The layer is built if need be.
  Value compute_output_spec(List args, Dict kwargs = {});
  virtual Value compute_output_shape(const BuildShapes& shapes);
  void build_from(const BuildShapes& shapes);  // build() once, under the layer's name scope; records build_config
  bool built() const { return built_; }
  void set_built(bool value) { built_ = value; }
  // After build() a layer takes no further weights and layers: a file could not restore them. ValueError from
  // add_weight.
  bool locked() const { return locked_; }
  void set_locked(bool value) { locked_ = value; }
  void require_unlocked() const;
  // The layer's own code, past any override of a user's subclass.
  Value call_base(List args, Dict kwargs);

  // --- weights ---
  struct WeightOptions {
    InitializerRef initializer{};  // default glorot_uniform for floats, zeros otherwise
    std::optional<DType> dtype{};
    bool trainable = true;
    bool autocast = true;
    RegularizerRef regularizer{};
    ConstraintRef constraint{};
    std::string aggregation = "none";
    bool overwrite_with_gradient = false;
  };
  Variable add_weight(const std::string& name, const Shape& shape, WeightOptions options);
  Variable add_weight(const std::string& name, const Shape& shape) { return add_weight(name, shape, WeightOptions{}); }
  void track_variable(const Variable& v);  // one made elsewhere
  void untrack_variable(const Variable& v);
  // Values that a file must reach: layers, lists or dicts of layers, under an attribute name.
  void track(const std::string& attribute, const Value& value);
  void untrack(const std::string& attribute);
  LayerPtr add_layer(const std::string& attribute, LayerPtr layer);  // track() and returns it

  Variables weights() const;  // own trainable, own non-trainable, then sublayers'
  Variables trainable_weights() const;
  Variables non_trainable_weights() const;
  Variables variables() const;  // weights, seed generators' states, metrics' variables
  Variables own_trainable() const { return own_trainable_; }
  Variables own_non_trainable() const { return own_non_trainable_; }
  int64_t count_params() const;  // ValueError if not built
  Tensors get_weights() const;
  void set_weights(const Tensors& values);  // ValueError naming the layer, the counts or shapes that differ

  // Direct sublayers, each once, in the order they were tracked.
  virtual std::vector<LayerPtr> sublayers() const;
  std::vector<LayerPtr> flatten_layers(bool include_self = true, bool recursive = true);
  const std::vector<std::pair<std::string, Value>>& tracked() const { return tracked_; }
  // Anything with state that is not a layer: seed generators, metrics.
  void track_seed_generator(ObjectPtr generator, Variable state);
  const std::vector<std::pair<ObjectPtr, Variable>>& seed_generators() const { return seed_generators_; }

  // --- losses ---
  // What calls on one thread add is seen and cleared on that thread alone.
  void add_loss(const Value& loss);  // a scalar tensor or a list of them
  Tensors losses();                  // added ones and weight regularizers', this layer's and sublayers'
  void clear_losses();

  // --- properties ---
  bool trainable() const { return trainable_; }
  void set_trainable(bool value);
  const DTypePolicyPtr& dtype_policy() const { return policy_; }
  // In a map it takes the place of this layer's entry. A built layer is quantized if the policy says so.
  void set_dtype_policy(DTypePolicyPtr policy);
  const DTypePolicy& policy() const {  // that holds here
    static const std::string nowhere;
    return policy_->at(placed_ ? path_ : nowhere);
  }
  DType compute_dtype() const { return policy().compute_dtype(); }
  DType variable_dtype() const { return policy().variable_dtype(); }
  bool autocast() const { return autocast_; }
  void set_autocast(bool value) { autocast_ = value; }
  bool supports_masking() const { return supports_masking_; }
  void set_supports_masking(bool value) { supports_masking_ = value; }
  const RegularizerRef& activity_regularizer() const { return activity_regularizer_; }
  void set_activity_regularizer(RegularizerRef r) {
    activity_regularizer_ = std::move(r);
    note_change();
  }
  std::vector<InputSpec>& input_spec() { return input_spec_; }
  // Differs once this layer or one below it has been changed or replaced.
  uint64_t stamp() const;
  const std::string& path() const { return path_; }
  const LayerArgs& layer_args() const { return args_; }

  // --- quantization ---
  // How weights are kept ("int8", ...; "" as they are), by the policy.
  std::string quantization_mode() const { return policy().quantization_mode(); }
  // From now on weights are kept in fewer bits. `mode` is one of quantization_modes() or None, `config` a
  // QuantizationConfig or None: at least one of them is given. With `type_check`, classes that users derived are
  // refused. ValueError for a layer that is not built or quantized already, and for wrong arguments; UnsupportedError
  // of a layer that has no such form.
  void quantize(const Value& mode, const Value& config = {}, bool type_check = true);
  // What build() makes in place of weights that are quantized, of a layer that can be. UnsupportedError for others.
  void quantized_build(const std::string& mode);
  void require_quantized_call() const;  // the same, before call() of a layer whose policy says that it is quantized

  // What build() was given, for files: {"input_shape": ...} or {"shapes_dict": ...}; None if never built.
  virtual Value get_build_config() const;
  virtual void build_from_config(const Dict& config);
  void extend_serialized(Dict& out) const override;
  void finish_deserialize(const Dict& serialized) override;
  // Changes a constructor argument of a layer that exists: layer.activation = ...; false if the class has none of that
  // name.
  virtual bool set_argument(const std::string& name, const Value& value) { return false; }
  // What files hold of a layer beside variables: values by name in their place, and files of its own in a folder. A
  // layer without any is passed over.
  virtual std::optional<Dict> named_values() const { return {}; }
  virtual void load_named_values(const Dict& values) {}
  virtual bool has_assets() const { return false; }
  virtual void save_assets(const std::string& folder) const {}
  virtual void load_assets(const std::string& folder) {}
  // Weights that a file holds beyond variables (Normalization's derived ones): called after loading.
  virtual void weights_loaded() {}
  // "layer 'dense' (Dense)"
  std::string describe() const;
  std::string repr() const override { return text("<", class_name(), " name=", name(), ", built=", built_, ">"); }

 protected:
  // Another way to the result of an outermost call, where a class has one.
  virtual bool shortcut(const List& args, const Dict& kwargs, Value& result) { return false; }
  virtual bool loses_masks() const { return !supports_masking_; }
  virtual Tensor lone(const Tensor& x) {
    return {};
  }  // the same for one tensor in inference; undefined where there is no other way
  void check_input_spec(const List& inputs) const;
  std::string expected_inputs() const;
  void note_change();                                // of what a compiled step depends on
  virtual Value named_inputs() const { return {}; }  // the keys of a model's inputs, if they are a dict
  bool supports_masking_ = false;
  std::vector<InputSpec> input_spec_;

 private:
  struct Bound;
  Bound bind(List args, Dict kwargs,
             bool users_call) const;  // users_call: by the signature of the user's call(), else by the layer's own
  // The steps of invoke().
  void prepare(Bound& bound) const;
  void build_for(const Bound& bound);
  CallContext context_of(const Bound& bound) const;
  Value compute(const Bound& bound, const CallContext& context);
  Value users_output_shape(const Bound& bound) const;
  Value call_users(const Bound& bound, const CallContext& context, std::optional<bool> training);
  void add_activity_loss(const Value& result);
  void pass_masks(const Bound& bound, const CallContext& context, const Value& result);
  void report_lost_mask() const;
  Value convert(const Value& v) const;

  LayerArgs args_;
  bool trainable_ = true, autocast_ = true, locked_ = false;
  std::atomic<bool> built_{false};
  bool placed_ = false;            // path_ is the layer's own
  std::recursive_mutex building_;  // held while it builds; recursive, as a build() may call the layer
  DTypePolicyPtr policy_;
  RegularizerRef activity_regularizer_;
  Variables own_trainable_, own_non_trainable_;
  std::vector<std::pair<std::string, Value>> tracked_;
  std::vector<std::pair<ObjectPtr, Variable>> seed_generators_;
  Value build_shapes_;
  std::string path_;
  std::shared_ptr<const RematMode> remat_;  // of the scope that it was made in
  uint64_t stamp_;
  const uint64_t id_;  // of this object alone, for what threads remember of it
  bool single_input_build_ = true;
};

// A layer class with an argument struct.
template <class A>
class LayerWith : public Configured<Layer, A> {
 public:
  explicit LayerWith(const A& a = {}, LayerArgs base = {}) : Configured<Layer, A>(a, std::move(base)) {}
  bool set_argument(const std::string& name, const Value& value) override {
    if (!set_field(this->class_name(), name, value, [this](Fields& f) { this->args.fields(f); })) return false;
    this->note_change();
    return true;
  }
};

// How C++ code names a layer: Dense({.units = 64, .activation = "relu"}, {.name = "hidden"}). A shared pointer that can
// be called; copies share the layer.
template <class T>
class Handle {
 public:
  Handle(typename T::Args args = {}, LayerArgs base = {})
      : layer_(std::make_shared<T>(std::move(args), std::move(base))) {
    if (layer_->name().empty()) layer_->set_name(auto_name(snake_case(layer_->class_name())));
  }
  operator LayerPtr() const { return layer_; }
  T* operator->() const { return layer_.get(); }
  Tensor operator()(const Tensor& x) const { return (*layer_)(x); }
  Tensor operator()(const Tensors& xs) const { return (*layer_)(xs); }
  const std::shared_ptr<T>& pointer() const { return layer_; }

 private:
  std::shared_ptr<T> layer_;
};

// Registers a layer's class while the library is loaded (LAMINA_LAYER).
template <class T>
struct LayerRegistration {
  template <std::same_as<Doc> D>  // braces alone are aliases
  LayerRegistration(const char* name, const char* doc, D description) : LayerRegistration(name, doc, {}, description) {}
  LayerRegistration(const char* name, const char* doc, std::vector<std::string> aliases, Doc description) {
    ClassInfo info;
    info.name = name;
    info.module = "keras.layers";
    info.doc = doc;
    info.base = "Layer";
    info.aliases = std::move(aliases);
    info.description = description;
    info.make = [name](const Dict& config) -> ObjectPtr {
      Dict own = config;
      LayerArgs base = LayerArgs::take(own);
      typename T::Args args;
      // Keras 1's input_dim stands for input_shape, unless it is the layer's own argument.
      if (const Value* dim = own.find("input_dim"); dim && !dim->is_none()) {
        bool mine = false;
        for (const FieldInfo& field : describe_fields([&](Fields& f) { args.fields(f); }))
          mine |= field.name == "input_dim";
        if (!mine) base.input_shape = Value::tuple({*dim}), own.erase("input_dim");
      }
      read_fields(name, own, [&](Fields& f) { args.fields(f); });
      return std::make_shared<T>(std::move(args), std::move(base));
    };
    info.fields = [] {
      typename T::Args args;
      return describe_fields([&](Fields& f) { args.fields(f); });
    };
    register_class(std::move(info));
  }
};
// LAMINA_LAYER(DenseLayer, "Dense", "doc", Doc{.input = ..., .output = ..., .example = ...})
#define LAMINA_LAYER(T, NAME, ...) static const ::lamina::LayerRegistration<T> T##_registration(NAME, __VA_ARGS__)

// The training flag that enclosing layers passed on, on this thread.
std::optional<bool> inherited_training();
// While it lives, variables and layers made on this thread have paths below `name`. A scope of the layer that opened
// the innermost one already adds nothing.
class NameScope {
 public:
  explicit NameScope(const std::string& name, const void* owner = nullptr);
  ~NameScope();
  static std::string current();  // "model/dense", "" at the top

 private:
  size_t length_;
  const void* owner_;
};

}  // namespace lamina
