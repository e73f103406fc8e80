#include "backends/ops/primitives.h"
#include "layers/preprocessing/categories/encode.h"

namespace lamina {

namespace {

struct CategoryEncodingArgs {
  Value num_tokens;
  std::string output_mode = "multi_hot";
  bool sparse = false;
  void fields(Fields& f) {
    f("num_tokens", num_tokens, "How many categories there are: inputs lie below it.");
    f("output_mode", output_mode,
      "\"one_hot\" gives a vector for each input; \"multi_hot\" one for the inputs of a sample together; \"count\" how "
      "often each category is there.");
    f("sparse", sparse, about::sparse);
  }
};

class CategoryEncodingLayer final : public LayerWith<CategoryEncodingArgs> {
 public:
  explicit CategoryEncodingLayer(CategoryEncodingArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    if (args.output_mode == "binary") args.output_mode = "multi_hot";
    if (args.output_mode != "count" && args.output_mode != "one_hot" && args.output_mode != "multi_hot")
      throw ValueError("Unknown arg for output_mode: ", args.output_mode,
                       ". Allowed values are: 'one_hot', 'multi_hot', 'count'.");
    if (args.num_tokens.is_none())
      throw ValueError(
          "num_tokens must be set to use this layer. If the number of tokens is not known beforehand, use the "
          "IntegerLookup layer instead.");
    if (!args.num_tokens.is_int() || args.num_tokens.as_int() < 1)
      throw ValueError("`num_tokens` must be >= 1. Received: num_tokens=", args.num_tokens.repr(), ".");
    refuse_sparse(args.sparse, "CategoryEncoding");
  }
  std::string class_name() const override { return "CategoryEncoding"; }
  using Layer::build;
  using Layer::call;
  bool takes_plain_data() const override { return true; }
  Value plain_input(const Value& v) const override { return plain_data(v); }
  std::vector<std::string> call_extras() const override { return {"count_weights"}; }

  Tensor call(const Tensor& x, const CallContext& context) override {
    if (x.dtype() == DType::string)
      throw TypeError("The ", describe(), " takes integers, received ", x.spec(), ". Use StringLookup for strings.");
    Tensor weights;
    if (const Value* given = context.kwargs.find("count_weights"); given && !given->is_none()) {
      if (args.output_mode != "count")
        throw ValueError("`count_weights` is not used when `output_mode` is not `'count'`. Received `count_weights=",
                         given->repr(), "`.");
      weights = value_to<Operand>(*given).as(compute_dtype());
    }
    return encode_categories(x, args.output_mode, args.num_tokens.as_int(), compute_dtype(), weights);
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    Shape out = shapes.of("inputs");
    const int last = out.rank() - 1;
    if (out.rank() && (args.output_mode != "one_hot" || (out.back() == 1 && out.rank() > 1))) out.erase(last);
    out.push_back(args.num_tokens.as_int());
    return Value(out);
  }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    config.set("num_tokens", args.num_tokens);
    config.set("output_mode", args.output_mode);
    return config;
  }
};

LAMINA_LAYER(
    CategoryEncodingLayer, "CategoryEncoding", "Integers as vectors with a place for each category.",
    Doc{.call = "inputs: Integers: a tensor, an array or nested lists.\ncount_weights: With \"count\": a weight for "
                "each input.",
        .input = "(batch,) or (batch, categories of a sample).",
        .output = "(batch, num_tokens); with \"one_hot\" a last axis of size `num_tokens` behind those of the input, "
                  "in place of one of size 1.",
        .raises = "ValueError: if `num_tokens` is not positive, or weights are given with another mode than "
                  "\"count\".",
        .example = R"py(
>>> layer = keras.layers.CategoryEncoding(num_tokens=4, output_mode="multi_hot")
>>> layer([[0, 1], [0, 0], [1, 2], [3, 1]])
<Tensor shape=(4, 4), dtype=float32, values=[[1. 1. 0. 0.]
 [1. 0. 0. 0.]
 [0. 1. 1. 0.]
 [0. 1. 0. 1.]]>)py"});

}  // namespace
}  // namespace lamina
