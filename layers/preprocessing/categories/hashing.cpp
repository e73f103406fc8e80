#include "backends/ops/text/hashing.h"

#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "layers/preprocessing/categories/encode.h"

namespace lamina {

namespace {

constexpr const char* kModes =
    "\"int\" gives bins; \"one_hot\" a vector for each input; \"multi_hot\" one for the inputs of "
    "a sample together; \"count\" how often each bin is there.";

// None: int64 for bins, floatx for encodings.
LayerArgs with_dtype_of(LayerArgs base, const std::string& mode) {
  if (base.dtype.is_none()) base.dtype = mode == "int" ? Value("int64") : Value(name_of(settings().floatx()));
  return base;
}

struct HashingArgs {
  Value num_bins, mask_value, salt;
  std::string output_mode = "int";
  bool sparse = false;
  void fields(Fields& f) {
    f("num_bins", num_bins, "How many bins there are, that of the masked value among them.").required();
    f("mask_value", mask_value, "What goes to bin 0, alone; None masks nothing.");
    f("salt", salt, "Two integers, or one for both: what SipHash, in place of FarmHash, hashes with.");
    f("output_mode", output_mode, kModes);
    f("sparse", sparse, about::sparse);
  }
};

class HashingLayer final : public LayerWith<HashingArgs> {
 public:
  explicit HashingLayer(HashingArgs a = {}, LayerArgs base = {})
      : LayerWith(a, with_dtype_of(std::move(base), a.output_mode)) {
    if (!args.num_bins.is_int() || args.num_bins.as_int() <= 0)
      throw ValueError("The `num_bins` for `Hashing` cannot be `None` or non-positive values. Received: num_bins=",
                       args.num_bins.repr(), ".");
    args.output_mode = checked_output_mode(args.output_mode, {"int", "one_hot", "multi_hot", "count"}, "Hashing");
    if (args.output_mode == "int" && compute_dtype() != DType::int32 && compute_dtype() != DType::int64)
      throw ValueError(
          "When `output_mode=\"int\"`, `dtype` should be an integer type, 'int32' or 'int64'. Received: dtype=",
          layer_args().dtype.repr());
    if (args.sparse && args.output_mode == "int")
      throw ValueError(
          "`sparse` may only be true if `output_mode` is `\"one_hot\"`, `\"multi_hot\"`, or `\"count\"`. Received: "
          "sparse=True and output_mode=int");
    refuse_sparse(args.sparse, "Hashing");
    if (!args.salt.is_none()) {
      if (args.salt.is_int()) args.salt = List{args.salt, args.salt};
      if (!args.salt.is_sequence() || args.salt.as_list().size() != 2 || !args.salt.as_list()[0].is_int() ||
          !args.salt.as_list()[1].is_int())
        throw ValueError(
            "The `salt` argument for `Hashing` can only be a tuple of size 2 integers, or a single integer. "
            "Received: salt=",
            args.salt.repr(), ".");
      args.salt = Value(List(args.salt.as_list()));
    }
    if (!args.mask_value.is_none() && !args.mask_value.is_string() && !args.mask_value.is_number())
      throw TypeError("`mask_value` must be a string or a number. Received: mask_value=", args.mask_value.repr());
    set_autocast(false);
  }
  std::string class_name() const override { return "Hashing"; }
  using Layer::build;
  using Layer::call;
  bool takes_plain_data() const override { return true; }
  Value plain_input(const Value& v) const override { return plain_data(v); }

  Tensor call(const Tensor& given, const CallContext&) override {
    Tensor x = given;
    if (args.output_mode == "one_hot" && x.rank() && x.shape().back() == 1) x = prim::squeeze(x, -1);
    const int64_t bins = args.num_bins.as_int();
    return encode_categories(prim::hash(x, rule()), args.output_mode, bins, compute_dtype());
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    Shape out = shapes.shape();
    if (args.output_mode == "int") return Value(out);
    if (out.rank()) out.erase(out.rank() - 1);
    out.push_back(args.num_bins.as_int());
    return Value(out);
  }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    for (const char* name : {"num_bins", "salt", "mask_value", "output_mode", "sparse"})
      config.set(name, own().at(name));
    return config;
  }

 private:
  Dict own() const {
    Dict out;
    write_fields(out, args);
    return out;
  }
  HashRule rule() const {
    HashRule rule;
    rule.bins = args.num_bins.as_int();
    if (!args.salt.is_none()) {
      const List& salt = args.salt.as_list();
      rule.key = {static_cast<uint64_t>(salt[0].as_int()), static_cast<uint64_t>(salt[1].as_int())};
    }
    if (args.mask_value.is_string()) rule.mask_text = args.mask_value.as_string();
    if (args.mask_value.is_number()) rule.mask_number = args.mask_value.as_number();
    return rule;
  }
};

LAMINA_LAYER(HashingLayer, "Hashing", "Strings or integers to a fixed number of bins by their hashes.",
             Doc{.call = "inputs: Strings or numbers: a tensor, an array or nested lists.",
                 .input = "Any.",
                 .output = "That of the input with \"int\"; else its last axis gives way to one of size `num_bins`.",
                 .raises = "ValueError: if `num_bins` is not positive, or `dtype` is no integer type with \"int\".",
                 .example = R"py(
>>> layer = keras.layers.Hashing(num_bins=3, salt=[133, 137])
>>> layer([["A"], ["B"], ["C"], ["D"], ["E"]])
<Tensor shape=(5, 1), dtype=int64, values=[[1]
 [2]
 [1]
 [0]
 [2]]>)py"});

struct HashedCrossingArgs {
  Value num_bins;
  std::string output_mode = "int";
  bool sparse = false;
  void fields(Fields& f) {
    f("num_bins", num_bins, "How many bins there are.").required();
    f("output_mode", output_mode, "\"int\" gives bins; \"one_hot\" a vector for each.");
    f("sparse", sparse, about::sparse);
  }
};

// Keras' takes a name and a dtype alone.
LayerArgs name_and_dtype(LayerArgs base, const std::string& mode) {
  LayerArgs out;
  out.name = std::move(base.name);
  out.dtype = base.dtype.is_none() && mode == "int" ? Value("int64") : std::move(base.dtype);
  return out;
}

class HashedCrossingLayer final : public LayerWith<HashedCrossingArgs> {
 public:
  explicit HashedCrossingLayer(HashedCrossingArgs a = {}, LayerArgs base = {})
      : LayerWith(a, name_and_dtype(std::move(base), a.output_mode)) {
    if (!args.num_bins.is_int() || args.num_bins.as_int() <= 0)
      throw ValueError("`num_bins` of `HashedCrossing` must be a positive integer. Received: num_bins=",
                       args.num_bins.repr());
    refuse_sparse(args.sparse, "HashedCrossing");
    args.output_mode = checked_output_mode(args.output_mode, {"int", "one_hot"}, "HashedCrossing");
    set_autocast(false);
  }
  std::string class_name() const override { return "HashedCrossing"; }
  using Layer::build;
  using Layer::call;
  bool takes_plain_data() const override { return true; }
  Value plain_input(const Value& v) const override {
    if (!v.is_sequence()) return v;
    List out;
    for (const Value& item : v.as_list()) out.push_back(plain_data(item));
    return out;
  }

  Value call(const List& inputs, const CallContext&) override {
    if (!inputs[0].is_sequence())
      throw ValueError("`HashedCrossing` should be called on a list or tuple of inputs. Received: inputs=",
                       inputs[0].repr());
    Tensors columns = value_to<Tensors>(inputs[0]);
    if (columns.size() < 2)
      throw ValueError("`HashedCrossing` should be called on at least two inputs. Received: inputs=", inputs[0].repr());
    const Shape first = columns[0].shape();
    for (Tensor& t : columns) {
      if (first.rank() > 2 || (first.rank() == 2 && first.back() != 1))
        throw ValueError(
            "All `HashedCrossing` inputs should have shape `()`, `(batch_size)` or `(batch_size, 1)`. "
            "Received: shape ",
            first);
      if (!compatible(t.shape(), first))
        throw ValueError("All `HashedCrossing` inputs should have equal shape. Received: shapes ", first, " and ",
                         t.shape());
      if (!is_int(t.dtype()) && t.dtype() != DType::string)
        throw ValueError("All `HashedCrossing` inputs should have an integer or string dtype. Received: ", t.spec());
      if (t.dtype() != DType::string) t = prim::cast(t, DType::int64);
    }
    const int64_t bins = args.num_bins.as_int();
    return encode_categories(prim::hash_cross(columns, bins), args.output_mode, bins, compute_dtype());
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    const std::vector<Shape> all = shapes.shapes();
    if (all.size() != 2)
      throw ValueError("Expected as input a list/tuple of 2 tensors. Received input_shape=", shapes.first().repr());
    if (all[0].rank() && all[1].rank() && all[0].back() != all[1].back())
      throw ValueError("Expected the two input tensors to have identical shapes. Received input_shape=",
                       shapes.first().repr());
    Shape out = all[0];
    if (args.output_mode == "int") return Value(out);
    if (out.rank() && out.back() == 1) out.erase(out.rank() - 1);
    out.push_back(args.num_bins.as_int());
    return Value(out);
  }
  Dict get_config() const override {
    return {{"num_bins", args.num_bins},
            {"output_mode", args.output_mode},
            {"sparse", args.sparse},
            {"name", name()},
            {"dtype", name_of(variable_dtype())}};
  }
};

LAMINA_LAYER(
    HashedCrossingLayer, "HashedCrossing", "Several features at once to a fixed number of bins by a hash of all.",
    Doc{.call = "inputs: A list of two or more: strings or integers of one shape.",
        .input = "(), (batch,) or (batch, 1) each.",
        .output = "That of one input with \"int\"; with \"one_hot\" a last axis of size `num_bins`, in place of "
                  "one of size 1.",
        .raises = "ValueError: if there are fewer than two inputs, or their shapes or dtypes are others.",
        .example = R"py(
>>> layer = keras.layers.HashedCrossing(num_bins=5)
>>> layer((np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])))
<Tensor shape=(5,), dtype=int64, values=[1 4 1 1 3]>)py"});

}  // namespace
}  // namespace lamina
