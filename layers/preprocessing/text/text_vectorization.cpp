#include "layers/preprocessing/text/text_vectorization.h"

#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/primitives.h"
#include "layers/preprocessing/categories/encode.h"

namespace lamina {

void TextVectorizationArgs::fields(Fields& f) {
  f("max_tokens", max_tokens, "The most indices of the vocabulary, special ones among them; None is no limit.");
  f("standardize", standardize,
    "What is done with a text first: \"lower_and_strip_punctuation\", \"lower\" or \"strip_punctuation\" (letters and "
    "punctuation of ASCII), None, or a function of an array of strings.");
  f("split", split,
    "What tokens are: \"whitespace\" stands between them, \"character\" makes each one, None leaves texts whole; or a "
    "function from an array of texts to a list of their tokens each.");
  f("ngrams", ngrams, "How many neighbours make a token: up to this number, or each in a tuple of them.");
  f("output_mode", output_mode,
    "\"int\" gives the indices of the tokens; \"multi_hot\" 1 for each that is there; \"count\" how often it is there; "
    "\"tf_idf\" that times its weight.");
  f("output_sequence_length", output_sequence_length,
    "With \"int\": how many indices a text has, cut or filled with 0. None takes those of the longest text of a "
    "batch.");
  f("pad_to_max_tokens", pad_to_max_tokens, "Whether counts have `max_tokens` places, however many terms there are.");
  f("vocabulary", vocabulary, "Strings, or the path of a file with one per line, instead of adapt().");
  f("idf_weights", idf_weights, "With \"tf_idf\" and `vocabulary`: a weight for each of its terms.");
  f("sparse", sparse, about::sparse);
  f("ragged", ragged, "Not supported; must be False.");
  f("encoding", encoding, "The encoding of bytes that a vocabulary is given in; strings are UTF-8 within.");
  f("vocabulary_size", vocabulary_size, "The size of the vocabulary of the layer that the config is of.").hidden();
  f("has_input_vocabulary", has_input_vocabulary, "Whether the vocabulary was given, so that adapt() is refused.")
      .hidden();
}

namespace {

// A function that an argument holds, as such or as its config; null for names and None. ValueError for other names.
std::shared_ptr<Callable> users_function(Value& v, const char* name, const std::vector<std::string>& allowed) {
  if (is_serialized_object(v)) v = Value(get_object(v, ""));
  if (auto f = v.object_as<Callable>()) return f;
  if (v.is_none() || (v.is_string() && std::find(allowed.begin(), allowed.end(), v.as_string()) != allowed.end()))
    return nullptr;
  std::vector<std::string> quoted;
  for (const std::string& a : allowed) quoted.push_back("'" + a + "'");
  throw ValueError("Unknown value for `", name, "` argument of layer TextVectorization. Allowed values are: None, ",
                   join(quoted, ", "), ", or a function. Received: ", name, "=", v.repr());
}

std::vector<int64_t> ngram_sizes(const Value& v) {
  std::vector<int64_t> out;
  if (v.is_none()) return out;
  if (v.is_int()) {
    for (int64_t n = 1; n <= v.as_int() && n <= 1000; ++n) out.push_back(n);
  } else if (v.is_sequence() &&
             std::all_of(v.as_list().begin(), v.as_list().end(), [](const Value& item) { return item.is_int(); })) {
    out = value_to<std::vector<int64_t>>(v);
  } else {
    throw ValueError("`ngrams` must be None, an integer, or a tuple of integers. Received: ngrams=", v.repr());
  }
  if (out.empty() || std::any_of(out.begin(), out.end(), [](int64_t n) { return n < 1 || n > 1000; }))
    throw ValueError("`ngrams` must be numbers between 1 and 1000. Received: ngrams=", v.repr());
  return out;
}

}  // namespace

TextVectorizationLayer::TextVectorizationLayer(TextVectorizationArgs a, LayerArgs base)
    : LayerWith(std::move(a), std::move(base)) {
  refuse_sparse(args.sparse, "TextVectorization");
  if (args.ragged)
    throw ValueError(
        "`ragged=True` can only be used with the TensorFlow backend: there are no ragged tensors here. With "
        "`ragged=False` "
        "texts are filled with 0 to the longest of the batch, or to `output_sequence_length`.");
  standardize_ =
      users_function(args.standardize, "standardize", {"lower_and_strip_punctuation", "lower", "strip_punctuation"});
  split_ = users_function(args.split, "split", {"whitespace", "character"});
  args.output_mode =
      checked_output_mode(args.output_mode, {"int", "one_hot", "multi_hot", "count", "tf_idf"}, "TextVectorization");
  const bool ints = args.output_mode == "int";
  if (!args.output_sequence_length.is_none() && !ints)
    throw ValueError(
        "`output_sequence_length` must not be set if `output_mode` is not 'int'. Received "
        "output_sequence_length=",
        args.output_sequence_length.repr(), ".");
  if (!args.output_sequence_length.is_none() &&
      (!args.output_sequence_length.is_int() || args.output_sequence_length.as_int() < 0))
    throw ValueError(
        "`output_sequence_length` must be either None or an integer when `output_mode` is 'int'. Received: "
        "output_sequence_length=",
        args.output_sequence_length.repr());
  if (args.ngrams.is_list()) args.ngrams = Value::tuple(args.ngrams.as_list());  // as files have it
  rule_.ngrams = ngram_sizes(args.ngrams);
  const std::string standardize = args.standardize.is_string() ? args.standardize.as_string() : "";
  rule_.lower = standardize.starts_with("lower");
  rule_.strip_punctuation = standardize.ends_with("strip_punctuation");
  rule_.split = args.split == Value("whitespace")  ? TokenRule::Split::whitespace
                : args.split == Value("character") ? TokenRule::Split::character
                                                   : TokenRule::Split::none;
  StringLookupArgs lookup;
  lookup.max_tokens = args.max_tokens;
  lookup.vocabulary = args.vocabulary;
  lookup.idf_weights = args.idf_weights;
  lookup.pad_to_max_tokens = args.pad_to_max_tokens;
  lookup.mask_token = "";
  lookup.output_mode = args.output_mode;
  lookup.encoding = args.encoding;
  lookup.vocabulary_size = args.vocabulary_size;
  lookup.has_input_vocabulary = args.has_input_vocabulary;
  lookup_ = std::make_shared<StringLookupLayer>(std::move(lookup), LayerArgs{});
  lookup_->set_name(auto_name("string_lookup"));
  add_layer("_lookup_layer", lookup_);
  set_autocast(false);
}

Dict TextVectorizationLayer::get_config() const {
  Dict config = Layer::get_config(), own;
  write_fields(own, args);
  for (const char* name : {"standardize", "split"})
    if (Value& v = own[name]; v.is_object()) v = serialize_object(v.as_object());
  const Dict lookup = lookup_->get_config();
  own.set("vocabulary", lookup.at("vocabulary"));
  own.set("idf_weights", lookup.at("idf_weights"));
  own.set("vocabulary_size", lookup_->vocabulary_size());
  for (const char* name :
       {"max_tokens", "standardize", "split", "ngrams", "output_mode", "output_sequence_length", "pad_to_max_tokens",
        "sparse", "ragged", "vocabulary", "idf_weights", "encoding", "vocabulary_size"})  // in Keras' order
    config.set(name, own.at(name));
  return config;
}

bool TextVectorizationLayer::set_argument(const std::string& name, const Value& value) {
  return false;  // the vocabulary's indices follow from them
}

Value TextVectorizationLayer::plain_input(const Value& v) const { return plain_data(v); }

// Whether no graph can be compiled: sizes follow from texts, or a user's function works on them.
bool TextVectorizationLayer::needs_values() const {
  const bool fixed_size = args.output_mode == "int"
                              ? !args.output_sequence_length.is_none() || (!splits() && rule_.ngrams.empty())
                              : args.output_mode != "one_hot";
  return users_code() || !fixed_size;
}

// (R..., n) with the strings of a row as one text's: texts that are split are rows of one.
Tensor TextVectorizationLayer::rows_of(const Tensor& x) const {
  if (!splits()) {
    const bool single = args.output_mode != "int" && x.rank() <= 1;  // each string is a sample of one token
    if (x.rank() && !single) return x;
    Shape shape = x.shape();
    shape.push_back(1);
    return prim::reshape(x, shape);
  }
  if (x.rank() > 1 && x.shape().back() != 1)
    throw ValueError(
        "When using `TextVectorization` to tokenize strings, the input rank must be 1 or the last shape dimension must "
        "be "
        "1. Received: inputs.shape=",
        x.shape(), " with rank=", x.rank());
  if (x.rank() > 1) return x;
  Shape shape = x.shape();
  shape.push_back(1);
  return prim::reshape(x, shape);
}

namespace {

Tensor strings_from(const Value& v, const char* argument) {
  const Value made = plain_data(v);
  if (!made.is_tensor() || made.as_tensor().dtype() != DType::string)
    throw TypeError("The function that is the argument `", argument,
                    "` of TextVectorization must return strings. Received: ", v.repr());
  return made.as_tensor();
}

std::vector<std::string> row_from(const Value& v) {
  if (v.is_sequence() && v.as_list().empty()) return {};
  return strings_from(v, "split").strings();
}

}  // namespace

// The tokens of each row of `texts` (R..., n), by the user's functions where there are some.
std::vector<std::vector<std::string>> TextVectorizationLayer::documents_of(const Tensor& given) const {
  Tensor texts = given;
  if (standardize_) {
    texts = strings_from(standardize_->call_on_text(given), "standardize");
    if (texts.shape() != given.shape())
      throw ValueError(
          "The function that is the argument `standardize` of TextVectorization must return an array of the "
          "shape that it was given, ",
          given.shape(), ". Received: shape ", texts.shape());
  }
  const int64_t n = texts.shape().back(), rows = n ? texts.size() / n : 0;
  std::vector<std::vector<std::string>> out(static_cast<size_t>(rows));
  if (split_) {
    std::vector<std::string> standard;
    for (const std::string& s : texts.strings()) standard.push_back(standardized(s, rule_));
    const Value parts = split_->call_on_text(Tensor::of(std::move(standard), {rows}));
    List each;
    if (parts.is_sequence())
      each = parts.as_list();
    else if (const Tensor t = strings_from(parts, "split"); t.rank() == 2)
      for (int64_t i = 0; i < t.shape()[0]; ++i) each.push_back(prim::squeeze(prim::slice_axis(t, 0, i, i + 1), 0));
    if (static_cast<int64_t>(each.size()) != rows)
      throw ValueError(
          "The function that is the argument `split` of TextVectorization must return a list of tokens for "
          "each of the ",
          rows, " texts. Received: ", parts.repr());
    for (size_t i = 0; i < out.size(); ++i) out[i] = ngrams_of(row_from(each[i]), rule_.ngrams);
    return out;
  }
  const Text* from = texts.data<Text>();
  parallel_for(rows, [&](int64_t row) { out[static_cast<size_t>(row)] = tokens_of_row(from + row * n, n, rule_); });
  return out;
}

// What call() gives for tokens that are there already.
Tensor TextVectorizationLayer::from_documents(const std::vector<std::vector<std::string>>& documents,
                                              Shape leading) const {
  int64_t width = sequence_length();
  if (width < 0) {
    width = 0;
    for (const auto& d : documents) width = std::max(width, static_cast<int64_t>(d.size()));
  }
  leading.push_back(width);
  Tensor indices = Tensor::empty(leading, DType::int64);
  const bool ints = args.output_mode == "int";
  std::fill_n(indices.mutable_data<int64_t>(), indices.size(), ints ? 0 : INT64_MAX);  // which no encoding counts
  for (size_t row = 0; row < documents.size(); ++row) {
    int64_t* to = indices.mutable_data<int64_t>() + static_cast<int64_t>(row) * width;
    for (size_t i = 0; i < documents[row].size() && static_cast<int64_t>(i) < width; ++i)
      to[i] = lookup_->rule().index_of(*lookup_->vocabulary(), documents[row][i]);
  }
  if (ints) return indices;
  const bool weighs = args.output_mode == "tf_idf", each = args.output_mode == "one_hot";
  leading.erase(leading.rank() - 1);
  const Tensor rows = each ? indices : prim::reshape(indices, {static_cast<int64_t>(documents.size()), width});
  Tensor out = encode_categories(rows, weighs ? "count" : args.output_mode, lookup_->depth(), settings().floatx());
  if (each) return out;
  leading.push_back(lookup_->depth());
  out = prim::reshape(out, leading);
  return weighs ? lookup_->weighted(out) : out;
}

Tensor TextVectorizationLayer::call(const Tensor& given, const CallContext&) {
  if (given.dtype() != DType::string)
    throw TypeError("The ", describe(), " takes strings, received ", given.spec(), ".");
  lookup_->require_vocabulary(given);
  const Tensor x = rows_of(given);
  Shape leading = x.shape();
  leading.erase(leading.rank() - 1);
  const bool ints = args.output_mode == "int";
  if (needs_values()) {
    if (x.has_data()) return from_documents(documents_of(x), leading);
    if (!x.shape_only())
      throw RuntimeError("The ", describe(), " cannot be part of a compiled function: ",
                         users_code()
                             ? "a function of yours works on its texts."
                             : "the size of its output follows from the texts. Give `output_sequence_length`.");
    leading.push_back(ints ? sequence_length() : args.output_mode == "one_hot" ? Shape::kUnknown : lookup_->depth());
    if (args.output_mode == "one_hot") leading.push_back(lookup_->depth());
    return Tensor::spec_only(leading, ints ? DType::int64 : settings().floatx());
  }
  const int64_t width = !ints ? lookup_->depth() : sequence_length() >= 0 ? sequence_length() : x.shape().back();
  if (width < 0) {
    leading.push_back(width);
    return Tensor::spec_only(leading, DType::int64);
  }
  const Tensor out = apply1(make_op<TokenizeOp>(rule_, lookup_->vocabulary(), lookup_->rule(), width, !ints), {x});
  if (ints) return out;
  const Tensor counts = prim::cast(out, settings().floatx());
  if (args.output_mode == "multi_hot") return prim::minimum(counts, prim::full({}, 1, counts.dtype()));
  return args.output_mode == "tf_idf" ? lookup_->weighted(counts) : counts;
}

Value TextVectorizationLayer::compute_output_shape(const BuildShapes& shapes) {
  return Value(compute_output_spec({Value(symbolic_tensor(shapes.shape(), DType::string))}).as_tensor().shape());
}

void TextVectorizationLayer::update_state(const Tensor& texts) {
  if (texts.dtype() != DType::string)
    throw TypeError("The ", describe(), " learns from strings, received ", texts.spec(), ".");
  EagerScope eager;
  Tensor x = texts;
  if (!splits() && x.rank() == 1) x = prim::reshape(x, {1, x.size()});  // one document, as StringLookup takes it
  std::vector<TermCounts::Document> documents;
  for (const auto& tokens : documents_of(rows_of(x))) documents.emplace_back(tokens.begin(), tokens.end());
  lookup_->update_documents(documents);
}

void TextVectorizationLayer::adapt(const Tensors& batches) {
  lookup_->reset_state();
  for (const Tensor& batch : batches) update_state(batch);
  lookup_->finalize_state();
}

LAMINA_LAYER(
    TextVectorizationLayer, "TextVectorization", "Texts to the indices of their tokens, or to counts of them.",
    Doc{.call = "inputs: Strings: a tensor, an array or nested lists.",
        .input = "(batch, 1) or (batch,); without `split` the strings of the last axis are the tokens of a text.",
        .output = "(batch, output_sequence_length) with \"int\", else (batch, the vocabulary's size).",
        .raises = "ValueError: if arguments contradict each other, terms repeat, or a text does not have a last "
                  "axis of size 1 where texts are split.\nRuntimeError: if it is called without a vocabulary.",
        .example = R"py(
>>> layer = keras.layers.TextVectorization(output_sequence_length=4)
>>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
>>> layer([["foo qux bar"], ["qux baz"]])
<Tensor shape=(2, 4), dtype=int64, values=[[4 1 3 0]
 [1 2 0 0]]>)py"});

}  // namespace lamina
