#include "layers/preprocessing/text/index_lookup.h"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <numeric>
#include <system_error>
#include <unordered_set>

#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "layers/preprocessing/categories/encode.h"
#include "serialization/objects/object_config.h"

namespace lamina {

namespace {
constexpr const char* kFile = "/vocabulary.txt";
constexpr int64_t kMostUnknown = 1 << 24;  // vocabularies list each

LayerArgs name_alone(LayerArgs base) {  // Keras' takes no other argument of layers
  LayerArgs out;
  out.name = std::move(base.name);
  return out;
}

bool names_file(const Value& vocabulary) { return vocabulary.is_string(); }

std::optional<int64_t> parse_integer(const std::string& s) {
  int64_t out = 0;
  const auto [end, fault] = std::from_chars(s.data(), s.data() + s.size(), out);
  return fault == std::errc() && end == s.data() + s.size() ? std::optional(out) : std::nullopt;
}

// Whether a file of lines gives the terms back, as Python's splitlines() reads it.
bool fits_lines(const std::vector<std::string>& terms) {
  auto breaks = [](const std::string& s) {
    return s.find_first_of("\n\r\v\f\x1c\x1d\x1e") != s.npos || s.find("\xC2\x85") != s.npos ||
           s.find("\xE2\x80\xA8") != s.npos || s.find("\xE2\x80\xA9") != s.npos;
  };
  return (terms.empty() || !terms.back().empty()) && std::none_of(terms.begin(), terms.end(), breaks);
}
}  // namespace

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw ValueError("Vocabulary file ", path,
                     " does not exist, or cannot be read: ", std::system_category().message(errno), ".");
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    out.push_back(std::move(line));
  }
  if (in.bad()) throw IOError("Cannot read the vocabulary file ", path, ".");
  return out;
}

IndexLookup::IndexLookup(LayerArgs base)
    : Layer(name_alone(std::move(base))), vocabulary_(std::make_shared<const Vocabulary>(std::vector<std::string>())) {
  set_autocast(false);
}

// ---- arguments ----

void IndexLookup::set_up() {
  LookupArgs& a = own_args();
  const std::string name = public_class_name();
  if (a.max_tokens && *a.max_tokens <= 1)
    throw ValueError("If `max_tokens` is set for `", name,
                     "`, it must be greater than 1. Received: max_tokens=", *a.max_tokens);
  if (a.pad_to_max_tokens && !a.max_tokens)
    throw ValueError("If pad_to_max_tokens is True, must set `max_tokens`. Received: max_tokens=None");
  if (a.num_oov_indices < 0)
    throw ValueError("The value of `num_oov_indices` argument for `", name,
                     "` must be greater than or equal to 0. Received: num_oov_indices=", a.num_oov_indices);
  if (a.num_oov_indices > kMostUnknown)
    throw ValueError("`num_oov_indices` must be at most ", kMostUnknown,
                     ". Received: num_oov_indices=", a.num_oov_indices);
  if (a.oov_method != "floormod" && a.oov_method != "farmhash")
    throw ValueError("Unknown value for `oov_method` argument of ", name,
                     ". Allowed values are: 'floormod', 'farmhash'. Received: oov_method='", a.oov_method, "'");
  if (!a.salt.is_none()) {
    if (!of_strings() && a.oov_method != "farmhash")
      throw ValueError("`salt` can only be used when `oov_method='farmhash'`. Received: oov_method=", a.oov_method);
    if (a.salt.is_int())
      a.salt = List{a.salt, a.salt};
    else if (!a.salt.is_sequence() || a.salt.as_list().size() != 2 || !a.salt.as_list()[0].is_int() ||
             !a.salt.as_list()[1].is_int())
      throw ValueError("The `salt` argument for `", name,
                       "` can only be a tuple of 2 integers, or a single integer. Received: salt=", a.salt.repr(), ".");
    else
      a.salt = Value(List(a.salt.as_list()));
  }
  refuse_sparse(a.sparse, name);
  a.output_mode = checked_output_mode(a.output_mode, {"int", "one_hot", "multi_hot", "count", "tf_idf"}, name);
  if (a.invert && a.output_mode != "int")
    throw ValueError("`output_mode` must be `'int'` when `invert` is true. Received: output_mode=", a.output_mode);
  if (!a.idf_weights.is_none() && a.output_mode != "tf_idf")
    throw ValueError("`idf_weights` should only be set if `output_mode` is `'tf_idf'`. Received: idf_weights=",
                     a.idf_weights.repr(), " and output_mode=", a.output_mode);
  for (Value* token : {&a.mask_token, &a.oov_token})
    if (!token->is_none()) *token = term_of(*token);
  if (a.invert && a.oov_token.is_none())
    throw ValueError("`oov_token` must be set when `invert` is true: it is what unknown indices become.");
  if (!of_strings()) vocabulary_ = std::make_shared<const Vocabulary>(std::vector<int64_t>());
  if (a.vocabulary_size.is_int() && a.vocabulary_size.as_int() > token_start())  // there was a vocabulary
    frozen_size_ = a.vocabulary_size.as_int();
  has_input_vocabulary_ = a.has_input_vocabulary.is_bool() ? a.has_input_vocabulary.as_bool() : !a.vocabulary.is_none();
  if (a.output_mode == "tf_idf" && has_input_vocabulary_ && a.idf_weights.is_none())
    throw ValueError(
        "When specifying the `vocabulary` argument, in TF-IDF output mode, the `idf_weights` argument must also be "
        "provided.");
  if (!names_file(a.vocabulary) && !a.vocabulary.is_none()) input_vocabulary_ = Value(terms_of(a.vocabulary));
  if (!a.idf_weights.is_none()) input_idf_ = to_value(value_to<std::vector<double>>(a.idf_weights));
  make_ops();
  if (!a.vocabulary.is_none()) set_vocabulary(a.vocabulary, a.idf_weights);
}

Dict IndexLookup::lookup_config() const {
  const LookupArgs& a = lookup_args();
  Dict config = Layer::get_config();
  config.set("invert", a.invert);
  config.set("max_tokens", to_value(a.max_tokens));
  config.set("num_oov_indices", a.num_oov_indices);
  config.set("oov_token", a.oov_token);
  config.set("mask_token", a.mask_token);
  config.set("output_mode", a.output_mode);
  config.set("sparse", a.sparse);
  config.set("pad_to_max_tokens", a.pad_to_max_tokens);
  Value vocabulary = input_vocabulary_, idf = input_idf_;
  if (vocabulary.is_none() && known_ && !fits_lines(vocabulary_->strings())) {  // which a file of lines cannot hold
    vocabulary = Value(get_vocabulary());
    if (idf_weights_.defined()) {
      std::vector<double> weights;
      for (int64_t i = 0; i < std::min(vocabulary_size(), idf_weights_.size()); ++i)
        weights.push_back(idf_weights_.at(i));
      idf = to_value(weights);
    }
  }
  config.set("idf_weights", idf);
  config.set("vocabulary", vocabulary);
  config.set("vocabulary_size", frozen_vocabulary_size());
  config.set("oov_method", a.oov_method);
  config.set("salt", a.salt);
  return config;
}

// ---- the vocabulary ----

int64_t IndexLookup::oov_start() const {
  return !lookup_args().mask_token.is_none() && lookup_args().output_mode == "int" ? 1 : 0;
}

List IndexLookup::special_tokens() const {
  List out;
  if (oov_start()) out.push_back(lookup_args().mask_token);
  for (int64_t i = 0; i < lookup_args().num_oov_indices; ++i) out.push_back(lookup_args().oov_token);
  return out;
}

Value IndexLookup::term_of(const Value& v) const {
  if (of_strings() ? v.is_string() : v.is_int()) return v;
  if (!of_strings() && v.is_real() && std::trunc(v.as_number()) == v.as_number()) return v.as_int();
  throw TypeError("The terms of ", describe(), " must be ", of_strings() ? "strings" : "integers",
                  ". Received: ", v.repr(), " (", v.kind_name(), ")");
}

List IndexLookup::terms_of(const Value& v) const {
  List out;
  if (v.is_tensor()) {
    const Tensor& t = v.as_tensor();
    if (t.rank() != 1) throw ValueError("A vocabulary must have one axis. Received: an array of shape ", t.shape());
    if ((t.dtype() == DType::string) != of_strings())
      throw TypeError("The terms of ", describe(), " must be ", of_strings() ? "strings" : "integers",
                      ". Received: an array of dtype ", t.dtype());
    if (of_strings()) {
      for (std::string& s : t.strings()) out.push_back(std::move(s));
    } else {
      EagerScope eager;
      for (int64_t term : prim::cast(t, DType::int64).to_vector<int64_t>()) out.push_back(term);
    }
    return out;
  }
  if (!v.is_sequence())
    throw TypeError("A vocabulary must be a list, a tuple, an array, or the path of a file. Received: ", v.repr(), " (",
                    v.kind_name(), ")");
  const bool none = lookup_args().oov_token.is_none();  // which get_vocabulary() gives then
  for (const Value& term : v.as_list()) out.push_back(none && term.is_none() ? term : term_of(term));
  return out;
}

void IndexLookup::take_file(const std::string& path) {
  if (reading_untrusted_config())
    throw ValueError(
        "Requested the loading of a vocabulary file outside of the model archive. This carries a potential risk of "
        "loading arbitrary and sensitive files and thus it is disallowed by default. If you trust the source of the "
        "artifact, you can override this error by passing `safe_mode=False` to the loading function, or calling "
        "`keras.config.enable_unsafe_deserialization(). Vocabulary file: '",
        path, "'");
  if (lookup_args().output_mode == "tf_idf")
    throw ValueError("output_mode `'tf_idf'` does not support loading a vocabulary from file.");
  List terms;
  for (std::string& line : lines_of(path)) {
    if (of_strings()) {
      terms.push_back(std::move(line));
      continue;
    }
    const std::optional<int64_t> number = parse_integer(line);
    if (!number) throw ValueError("The vocabulary file ", path, " holds what is no integer: '", line, "'.");
    terms.push_back(*number);
  }
  check_terms(terms, terms);
  take_terms(terms);
  record_size();
}

void IndexLookup::set_vocabulary(const Value& vocabulary, const Value& idf_weights) {
  const LookupArgs& a = lookup_args();
  if (a.output_mode == "tf_idf" && idf_weights.is_none() && !names_file(vocabulary))
    throw ValueError("`idf_weights` must be set if output_mode is 'tf_idf'.");
  if (a.output_mode != "tf_idf" && !idf_weights.is_none())
    throw ValueError("`idf_weights` should only be set if output_mode is `'tf_idf'`. Received: output_mode=",
                     a.output_mode, " and idf_weights=", idf_weights.repr());
  if (names_file(vocabulary)) return take_file(vocabulary.as_string());
  const List given = terms_of(vocabulary);
  if (given.empty()) throw ValueError("Cannot set an empty vocabulary. Received: vocabulary=[]");
  const List special = special_tokens();
  const bool with_special = given.size() >= special.size() && std::equal(special.begin(), special.end(), given.begin());
  const List terms =
      with_special ? List(given.begin() + static_cast<std::ptrdiff_t>(special.size()), given.end()) : given;
  check_terms(given, terms);
  std::vector<double> weights;
  if (!idf_weights.is_none()) {
    weights = value_to<std::vector<double>>(idf_weights);
    if (weights.size() != given.size())
      throw ValueError("`idf_weights` must be the same length as vocabulary. len(idf_weights) is ", weights.size(),
                       "; len(vocabulary) is ", given.size());
  }
  take_terms(terms);
  record_size();
  if (!weights.empty()) take_idf(weights, given.size(), with_special);
}

void IndexLookup::check_terms(const List& given, const List& terms) const {
  const LookupArgs& a = lookup_args();
  auto hash = [](const Value& v) {
    return v.is_string() ? std::hash<std::string>{}(v.as_string()) : std::hash<int64_t>{}(v.as_int());
  };
  std::unordered_set<Value, decltype(hash)> seen(terms.size() * 2, hash);
  List repeated;
  for (const Value& term : terms)
    if (!seen.insert(term).second && std::find(repeated.begin(), repeated.end(), term) == repeated.end())
      repeated.push_back(term);
  if (!repeated.empty())
    throw ValueError(
        "The passed vocabulary has at least one repeated term. Please uniquify your dataset. The repeated terms are: ",
        Value(repeated).repr());
  auto refuse = [&](const Value& token, const char* kind, const char* name) {
    if (token.is_none() || !seen.count(token)) return;
    const auto last = std::find(given.rbegin(), given.rend(), token);
    throw ValueError("Found reserved ", kind,
                     " token at unexpected location in `vocabulary`. Note that passed `vocabulary` does not need to "
                     "include the OOV and mask tokens. Either remove all mask and OOV tokens, or include them only at "
                     "the start of the vocabulary in precisely this order: ",
                     Value(special_tokens()).repr(), ". Received: ", name, "=", token.repr(), " at vocabulary index ",
                     static_cast<int64_t>(given.rend() - last) - 1);
  };
  refuse(a.mask_token, "mask", "mask_token");
  if (a.invert) refuse(a.oov_token, "OOV", "oov_token");
  const int64_t size = token_start() + static_cast<int64_t>(terms.size());
  if (a.max_tokens && size > *a.max_tokens)
    throw ValueError("Attempted to set a vocabulary larger than the maximum vocab size. Received vocabulary size is ",
                     size, "; `max_tokens` is ", *a.max_tokens, ".");
}

void IndexLookup::take_terms(const List& terms) {
  if (of_strings()) {
    std::vector<std::string> strings;
    for (const Value& term : terms) strings.push_back(term.as_string());
    vocabulary_ = std::make_shared<const Vocabulary>(std::move(strings));
  } else {
    std::vector<int64_t> numbers;
    for (const Value& term : terms) numbers.push_back(term.as_int());
    vocabulary_ = std::make_shared<const Vocabulary>(std::move(numbers));
  }
  known_ = true;
  make_ops();
  note_change();
}

void IndexLookup::take_idf(const std::vector<double>& weights, size_t given, bool with_special) {
  const LookupArgs& a = lookup_args();
  const auto front = with_special ? size_t{0} : static_cast<size_t>(token_start());
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(given);
  size_t size = front + given;
  if (a.pad_to_max_tokens && a.max_tokens) size = std::max(size, static_cast<size_t>(*a.max_tokens));
  Tensor all = Tensor::empty({static_cast<int64_t>(size)}, DType::float64);
  double* to = all.mutable_data<double>();
  std::fill(to, to + size, 0.0);
  std::fill(to, to + front, mean);
  std::copy(weights.begin(), weights.end(), to + front);
  EagerScope eager;
  idf_weights_ = prim::cast(all, settings().floatx());
  note_change();
}

void IndexLookup::record_size() {
  const LookupArgs& a = lookup_args();
  const int64_t size = vocabulary_size();
  if (a.output_mode != "int" && !a.pad_to_max_tokens && frozen_size_ && *frozen_size_ != size)
    throw RuntimeError("When using `output_mode=", a.output_mode,
                       "` and `pad_to_max_tokens=False`, the vocabulary size cannot be changed after the layer is "
                       "called. Old vocab size is ",
                       *frozen_size_, ", new vocab size is ", size);
  frozen_size_ = size;
}

List IndexLookup::get_vocabulary(bool include_special_tokens) const {
  List out;
  if (include_special_tokens) out = special_tokens();
  if (of_strings())
    for (const std::string& term : vocabulary_->strings()) out.push_back(term);
  else
    for (int64_t term : vocabulary_->numbers()) out.push_back(term);
  return out;
}

// ---- learning ----

void IndexLookup::reset_state() {
  if (!has_input_vocabulary_) counts_.clear();
}

void IndexLookup::update_documents(const std::vector<TermCounts::Document>& documents) {
  if (has_input_vocabulary_)
    throw ValueError("Cannot adapt layer '", name(),
                     "' after setting a static vocabulary via `vocabulary` argument or `set_vocabulary()` method.");
  counts_.add(documents, lookup_args().output_mode == "tf_idf");
}

void IndexLookup::update_state(const Tensor& data) {
  if (data.dtype() == DType::string && !of_strings())
    throw TypeError("The ", describe(), " learns integers, received strings. Use StringLookup.");
  if (data.dtype() != DType::string && of_strings())
    throw TypeError("The ", describe(), " learns strings, received ", data.dtype(), ". Use IntegerLookup.");
  EagerScope eager;
  const Tensor terms = of_strings() ? data : prim::cast(data, DType::int64);
  const int64_t width = terms.rank() ? terms.shape().back() : 1, rows = width ? terms.size() / width : 0;
  std::vector<TermCounts::Document> documents(static_cast<size_t>(rows));
  for (int64_t i = 0; i < terms.size(); ++i)
    documents[static_cast<size_t>(i / width)].push_back(of_strings() ? Value(std::string(terms.text_at(i)))
                                                                     : Value(terms.data<int64_t>()[i]));
  update_documents(documents);
}

void IndexLookup::finalize_state() {
  const LookupArgs& a = lookup_args();
  if (has_input_vocabulary_ || counts_.empty()) return record_size();
  counts_.erase(a.mask_token);
  counts_.erase(a.oov_token);
  List terms = counts_.by_frequency();
  if (a.max_tokens) {
    const auto most = static_cast<size_t>(std::max<int64_t>(0, *a.max_tokens - token_start()));
    if (terms.size() > most) terms.resize(most);
  }
  take_terms(terms);
  if (a.output_mode == "tf_idf") {
    std::vector<double> weights;
    for (const Value& term : terms) weights.push_back(counts_.inverse_document_frequency(term));
    take_idf(weights, weights.size(), false);
  }
  reset_state();
  record_size();
}

void IndexLookup::adapt(const Tensors& batches) {
  reset_state();
  for (const Tensor& batch : batches) update_state(batch);
  finalize_state();
}

// ---- calls ----

void IndexLookup::make_ops() {
  const LookupArgs& a = lookup_args();
  if (a.invert) {
    List tokens{a.oov_token};
    if (oov_start()) tokens.push_back(a.mask_token);
    VocabularyPtr others;
    if (of_strings())
      others = std::make_shared<const Vocabulary>(value_to<std::vector<std::string>>(Value(tokens)));
    else
      others = std::make_shared<const Vocabulary>(value_to<std::vector<int64_t>>(Value(tokens)));
    op_ = make_op<LookupBackOp>(vocabulary_, token_start(), std::move(others), oov_start() == 1);
    return;
  }
  rule_ = {};
  rule_.first = token_start();
  rule_.unknown_first = oov_start();
  rule_.unknown_count = a.num_oov_indices;
  using Unknown = LookupRule::Unknown;
  const bool hashed = of_strings() || a.oov_method == "farmhash";
  rule_.unknown = a.num_oov_indices == 0   ? Unknown::refuse
                  : a.num_oov_indices == 1 ? Unknown::one
                  : !hashed                ? Unknown::remainder
                  : a.salt.is_none()       ? Unknown::hash
                                           : Unknown::keyed_hash;
  if (!a.salt.is_none())
    rule_.key = {static_cast<uint64_t>(a.salt.as_list()[0].as_int()),
                 static_cast<uint64_t>(a.salt.as_list()[1].as_int())};
  if (!a.mask_token.is_none()) {
    if (of_strings())
      rule_.mask_text = a.mask_token.as_string();
    else
      rule_.mask_number = a.mask_token.as_int();
    rule_.mask_index = a.output_mode == "int" ? 0 : INT64_MAX;  // which no encoding counts
  }
  op_ = make_op<LookupOp>(vocabulary_, rule_);
}

void IndexLookup::require_vocabulary(const Tensor& input) const {
  const LookupArgs& a = lookup_args();
  if (a.output_mode != "int" && !a.pad_to_max_tokens && !frozen_size_)
    throw RuntimeError("When using `output_mode=", a.output_mode,
                       "` and `pad_to_max_tokens=False`, you must set the layer's vocabulary before calling it. Either "
                       "pass a `vocabulary` argument to the layer, or call `adapt` with some sample data.");
  if (!known_ && !input.shape_only())
    throw RuntimeError("The ", describe(),
                       " has no vocabulary yet. Pass a `vocabulary` argument to the layer, or call `adapt` with some "
                       "sample data.");
}

int64_t IndexLookup::depth() const {
  const LookupArgs& a = lookup_args();
  return a.pad_to_max_tokens && a.max_tokens ? *a.max_tokens : frozen_size_.value_or(vocabulary_size());
}

Tensor IndexLookup::weighted(const Tensor& counts) const {
  if (!idf_weights_.defined()) {
    if (counts.shape_only()) return counts;
    throw ValueError("When `output_mode` is `'tf_idf'`, `idf_weights` must be provided.");
  }
  return prim::multiply(counts, prim::broadcast_to(idf_weights_, counts.shape()));
}

Value IndexLookup::plain_input(const Value& v) const { return plain_data(v); }

Tensor IndexLookup::call(const Tensor& given, const CallContext&) {
  const LookupArgs& a = lookup_args();
  require_vocabulary(given);
  Tensor x = given;
  if (!a.invert && of_strings()) {
    if (x.dtype() != DType::string)
      throw TypeError("The ", describe(), " takes strings, received ", x.spec(), ". Use IntegerLookup for integers.");
  } else {
    if (x.dtype() == DType::string)
      throw TypeError("The ", describe(), " takes integers, received ", x.spec(),
                      a.invert ? "." : ". Use StringLookup for strings.");
    x = prim::cast(x, DType::int64);
  }
  const Tensor found = apply1(op_, {x});
  if (a.output_mode == "int") return found;
  const bool weighs = a.output_mode == "tf_idf";
  const Tensor encoded = encode_categories(found, weighs ? "count" : a.output_mode, depth(), settings().floatx());
  return weighs ? weighted(encoded) : encoded;
}

Value IndexLookup::compute_output_shape(const BuildShapes& shapes) {
  if (lookup_args().output_mode == "int") return Value(shapes.shape());
  const DType dtype = lookup_args().invert ? DType::int64 : key_dtype();
  const Value out = compute_output_spec({Value(symbolic_tensor(shapes.shape(), dtype))});
  return Value(out.as_tensor().shape());
}

// ---- files ----

std::optional<Dict> IndexLookup::named_values() const {
  if (lookup_args().output_mode != "tf_idf") return {};
  return idf_weights_.defined() ? Dict{{"idf_weights", idf_weights_}} : Dict{};
}

void IndexLookup::load_named_values(const Dict& values) {
  const Value* weights = values.find("idf_weights");
  if (!weights) return;
  if (weights->as_tensor().rank() != 1)
    throw ValueError("The idf_weights of ", describe(), " must have one axis. Received: shape ",
                     weights->as_tensor().shape());
  EagerScope eager;
  idf_weights_ = prim::cast(weights->as_tensor(), settings().floatx());
  note_change();
}

void IndexLookup::save_assets(const std::string& folder) const {
  if (!lookup_config().at("vocabulary").is_none()) return;  // it stands in the config
  std::ofstream out(folder + kFile, std::ios::binary);
  const char* separator = "";
  for (const Value& term : get_vocabulary()) {
    out << separator << (term.is_string() ? term.as_string() : term.is_none() ? "None" : term.repr());
    separator = "\n";
  }
  if (!out.flush()) throw IOError("Cannot write the vocabulary to ", folder, kFile, ".");
}

void IndexLookup::load_assets(const std::string& folder) {
  if (!input_vocabulary_.is_none()) return;
  List terms;
  std::vector<std::string> lines = lines_of(folder + kFile);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (std::string& line : lines) {
    if (of_strings()) {
      terms.push_back(std::move(line));
      continue;
    }
    if (line == "None") {
      terms.push_back(Value());
      continue;
    }
    const std::optional<int64_t> number = parse_integer(line);
    if (!number) throw ValueError("The vocabulary of ", describe(), " holds what is no integer: '", line, "'.");
    terms.push_back(*number);
  }
  if (terms.empty()) return;
  if (lookup_args().output_mode != "tf_idf") return set_vocabulary(Value(terms));
  std::vector<double> weights;  // as many as there are terms: they may be padded
  for (size_t i = 0; i < terms.size(); ++i)
    weights.push_back(idf_weights_.defined() && static_cast<int64_t>(i) < idf_weights_.size()
                          ? idf_weights_.at(static_cast<int64_t>(i))
                          : 0);
  set_vocabulary(Value(terms), to_value(weights));
}

}  // namespace lamina
