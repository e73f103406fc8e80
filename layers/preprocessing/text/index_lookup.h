#pragma once
// What StringLookup and IntegerLookup share: a vocabulary, given or learned, and what a term becomes by its place
// there.
#include <unordered_map>

#include "backends/ops/text/lookup.h"
#include "layers/layer.h"

namespace lamina {

struct LookupArgs {
  std::optional<int64_t> max_tokens;
  int64_t num_oov_indices = 1;
  Value mask_token, oov_token, vocabulary, idf_weights;
  bool invert = false;
  std::string output_mode = "int";
  bool pad_to_max_tokens = false, sparse = false;
  std::string oov_method = "floormod";
  Value salt, vocabulary_size, has_input_vocabulary;
  void fields(Fields& f);  // those of the base; each layer has an order of its own
};

// Terms of texts and how often they were seen.
class TermCounts {
 public:
  using Document = std::vector<Value>;
  void add(const std::vector<Document>& documents, bool with_documents);
  void clear() { counts_.clear(), documents_.clear(), seen_ = 0; }
  bool empty() const { return counts_.empty(); }
  void erase(const Value& term);
  List by_frequency() const;  // the most frequent first; of the same count, the later in the order of terms
  // log(1 + documents / (1 + documents with the term)).
  double inverse_document_frequency(const Value& term) const;

 private:
  struct Hash {
    size_t operator()(const Value& v) const {
      return v.is_string() ? std::hash<std::string>{}(v.as_string()) : std::hash<int64_t>{}(v.as_int());
    }
  };
  using Counts = std::unordered_map<Value, int64_t, Hash>;
  Counts counts_, documents_;
  int64_t seen_ = 0;
};

// What StringLookup and IntegerLookup share: a vocabulary, given or adapted, and terms to indices or back.
class IndexLookup : public Layer {
 public:
  using Layer::build;
  using Layer::call;
  explicit IndexLookup(LayerArgs base);

  // --- the vocabulary
  // Terms in order, with or without the special ones in front, or the path of a file with one per line. ValueError
  // where terms repeat, special ones stand elsewhere, there are more than max_tokens, or idf_weights do not fit.
  void set_vocabulary(const Value& vocabulary, const Value& idf_weights = {});
  List get_vocabulary(bool include_special_tokens = true) const;
  int64_t vocabulary_size() const { return token_start() + vocabulary_->size(); }
  // Learning: any number of update_state() between the other two. Each row of the last axis is a document.
  void reset_state();
  void update_state(const Tensor& data);
  void update_documents(const std::vector<TermCounts::Document>& documents);
  void finalize_state();
  void adapt(const Tensors& batches);
  const Tensor& idf_weights() const { return idf_weights_; }
  Value input_vocabulary() const { return input_vocabulary_; }
  Value frozen_vocabulary_size() const { return frozen_size_ ? Value(*frozen_size_) : Value(); }
  bool has_input_vocabulary() const { return has_input_vocabulary_; }

  // --- what TextVectorization builds its own op with
  const VocabularyPtr& vocabulary() const { return vocabulary_; }
  const LookupRule& rule() const { return rule_; }
  void require_vocabulary(const Tensor& input) const;  // RuntimeError if values are looked up and there is none
  int64_t depth() const;                               // of encodings
  Tensor weighted(const Tensor& counts) const;         // tf_idf's last step

  // --- Layer
  Tensor call(const Tensor& x, const CallContext&) override;
  bool takes_plain_data() const override { return true; }
  Value plain_input(const Value& v) const override;
  Value compute_output_shape(const BuildShapes& shapes) override;
  Value get_build_config() const override { return Dict{}; }
  void build_from_config(const Dict&) override { set_built(true); }
  std::optional<Dict> named_values() const override;
  void load_named_values(const Dict& values) override;
  bool has_assets() const override { return true; }
  void save_assets(const std::string& folder) const override;
  void load_assets(const std::string& folder) override;

  virtual const LookupArgs& lookup_args() const = 0;
  virtual bool of_strings() const = 0;

 protected:
  virtual LookupArgs& own_args() = 0;
  void set_up();               // checks the arguments and takes the vocabulary among them; at the end of a constructor
  Dict lookup_config() const;  // in Keras' order, without the vocabulary's dtype
  DType key_dtype() const { return of_strings() ? DType::string : DType::int64; }

 private:
  int64_t oov_start() const;
  int64_t token_start() const { return oov_start() + lookup_args().num_oov_indices; }
  List special_tokens() const;
  Value term_of(const Value& v) const;  // TypeError if it is no string, or no integer
  List terms_of(const Value& vocabulary) const;
  void take_file(const std::string& path);
  void check_terms(const List& given, const List& terms) const;
  void take_terms(const List& terms);
  void take_idf(const std::vector<double>& weights, size_t given, bool with_special);
  void record_size();
  void make_ops();
  Tensor encoded(const Tensor& indices) const;

  VocabularyPtr vocabulary_;
  LookupRule rule_;
  Op op_;
  bool known_ = false;  // a vocabulary was set or learned
  std::optional<int64_t> frozen_size_;
  Value input_vocabulary_, input_idf_;
  bool has_input_vocabulary_ = false;
  Tensor idf_weights_;
  TermCounts counts_;
};

// The lines of a file, without their ends. ValueError if it cannot be read.
std::vector<std::string> lines_of(const std::string& path);

}  // namespace lamina
