#include "layers/preprocessing/text/lookup_layers.h"

#include "layers/preprocessing/categories/encode.h"

namespace lamina {

namespace {

constexpr const char* kMaxTokens = "The most indices of the vocabulary, special ones among them; None is no limit.";
constexpr const char* kOovIndices =
    "How many indices there are for what the vocabulary does not hold; 0 makes it an error.";
constexpr const char* kMask = "The term that is masked: index 0 with \"int\", nothing in encodings. None masks none.";
constexpr const char* kOovToken = "What unknown indices become with `invert`.";
constexpr const char* kIdf = "With \"tf_idf\" and `vocabulary`: a weight for each of its terms.";
constexpr const char* kInvert = "Whether indices become terms instead.";
constexpr const char* kMode =
    "\"int\" gives indices; \"one_hot\" a vector for each input; \"multi_hot\" one for the inputs of a sample "
    "together; "
    "\"count\" how often each is there; \"tf_idf\" that times the term's weight.";
constexpr const char* kPad = "Whether encodings have `max_tokens` places, however many terms there are.";
constexpr const char* kSalt =
    "Two integers, or one for both: what SipHash, in place of FarmHash, finds indices of unknown terms with.";
constexpr const char* kSize = "The size of the vocabulary of the layer that the config is of.";
constexpr const char* kGiven = "Whether the vocabulary was given, so that adapt() is refused.";
constexpr const char* kMethod =
    "How unknown integers find one of several indices: \"floormod\" by their remainder, \"farmhash\" by their hash.";

constexpr const char* kOutput =
    "That of the input with \"int\". Encodings have the size of the vocabulary as last axis: behind those of the input "
    "(in place of a last one of size 1) with \"one_hot\", else in place of the second, or of the only one.";
constexpr const char* kRaises =
    "ValueError: if arguments contradict each other, terms repeat, or special terms stand elsewhere than at the "
    "start.\nRuntimeError: if it is called without a vocabulary.";

// The vocabulary that the arguments name is read when the layer is made; set_vocabulary() replaces it later.
bool fixed(const std::string& name) {
  return name == "vocabulary" || name == "idf_weights" || name == "vocabulary_size" || name == "has_input_vocabulary";
}

}  // namespace

void StringLookupArgs::fields(Fields& f) {
  f("max_tokens", max_tokens, kMaxTokens);
  f("num_oov_indices", num_oov_indices, kOovIndices);
  f("mask_token", mask_token, kMask);
  f("oov_token", oov_token, kOovToken);
  f("vocabulary", vocabulary, "Strings, or the path of a file with one per line, instead of adapt().");
  f("idf_weights", idf_weights, kIdf);
  f("invert", invert, kInvert);
  f("output_mode", output_mode, kMode);
  f("pad_to_max_tokens", pad_to_max_tokens, kPad);
  f("sparse", sparse, about::sparse);
  f("encoding", encoding, "The encoding of bytes that a vocabulary is given in; strings are UTF-8 within.");
  f("salt", salt, kSalt);
  f("oov_method", oov_method, kMethod).hidden();
  f("vocabulary_size", vocabulary_size, kSize).hidden();
  f("has_input_vocabulary", has_input_vocabulary, kGiven).hidden();
}

StringLookupLayer::StringLookupLayer(StringLookupArgs a, LayerArgs base) : Configured(std::move(a), std::move(base)) {
  set_up();
}

Dict StringLookupLayer::get_config() const {
  Dict config = lookup_config();
  config.set("encoding", args.encoding);
  return config;
}

bool StringLookupLayer::set_argument(const std::string& name, const Value& value) {
  if (fixed(name) || !set_field(class_name(), name, value, [this](Fields& f) { args.fields(f); })) return false;
  note_change();
  return true;
}

LAMINA_LAYER(StringLookupLayer, "StringLookup", "Strings to their indices in a vocabulary, or to encodings of them.",
             Doc{.call = "inputs: Strings: a tensor, an array or nested lists; indices with `invert`.",
                 .input = "Any.",
                 .output = kOutput,
                 .raises = kRaises,
                 .example = R"py(
>>> layer = keras.layers.StringLookup(vocabulary=["a", "b", "c", "d"])
>>> layer([["a", "c", "d"], ["d", "z", "b"]])
<Tensor shape=(2, 3), dtype=int64, values=[[1 3 4]
 [4 0 2]]>)py"});

void IntegerLookupArgs::fields(Fields& f) {
  f("max_tokens", max_tokens, kMaxTokens);
  f("num_oov_indices", num_oov_indices, kOovIndices);
  f("mask_token", mask_token, kMask);
  f("oov_token", oov_token, kOovToken);
  f("vocabulary", vocabulary, "Integers, or the path of a file with one per line, instead of adapt().");
  f("vocabulary_dtype", vocabulary_dtype, "Only \"int64\".");
  f("idf_weights", idf_weights, kIdf);
  f("invert", invert, kInvert);
  f("output_mode", output_mode, kMode);
  f("sparse", sparse, about::sparse);
  f("pad_to_max_tokens", pad_to_max_tokens, kPad);
  f("oov_method", oov_method, kMethod);
  f("salt", salt, kSalt);
  f("vocabulary_size", vocabulary_size, kSize).hidden();
  f("has_input_vocabulary", has_input_vocabulary, kGiven).hidden();
}

IntegerLookupLayer::IntegerLookupLayer(IntegerLookupArgs a, LayerArgs base)
    : Configured(std::move(a), std::move(base)) {
  if (args.vocabulary_dtype != "int64")
    throw ValueError("Only `vocabulary_dtype='int64'` is supported at this time. Received: vocabulary_dtype=",
                     args.vocabulary_dtype);
  set_up();
}

Dict IntegerLookupLayer::get_config() const {
  Dict config;
  for (const auto& [key, value] : lookup_config()) {
    if (key == "idf_weights") config.set("vocabulary_dtype", args.vocabulary_dtype);
    config.set(key, value);
  }
  return config;
}

bool IntegerLookupLayer::set_argument(const std::string& name, const Value& value) {
  if (fixed(name) || !set_field(class_name(), name, value, [this](Fields& f) { args.fields(f); })) return false;
  note_change();
  return true;
}

LAMINA_LAYER(IntegerLookupLayer, "IntegerLookup", "Integers to their indices in a vocabulary, or to encodings of them.",
             Doc{.call = "inputs: Integers: a tensor, an array or nested lists; indices with `invert`.",
                 .input = "Any.",
                 .output = kOutput,
                 .raises = kRaises,
                 .example = R"py(
>>> layer = keras.layers.IntegerLookup(vocabulary=[12, 36, 1138, 42])
>>> layer(np.array([[12, 1138, 42], [42, 1000, 36]]))
<Tensor shape=(2, 3), dtype=int64, values=[[1 3 4]
 [4 0 2]]>)py"});

}  // namespace lamina
