#pragma once
#include "backends/ops/text/tokens.h"
#include "layers/preprocessing/text/lookup_layers.h"

namespace lamina {

// Arguments of TextVectorization, with Keras' names and defaults.
struct TextVectorizationArgs {
  std::optional<int64_t> max_tokens;
  Value standardize = "lower_and_strip_punctuation", split = "whitespace", ngrams;
  std::string output_mode = "int";
  Value output_sequence_length;
  bool pad_to_max_tokens = false;
  Value vocabulary, idf_weights;
  bool sparse = false, ragged = false;
  std::string encoding = "utf-8";
  Value vocabulary_size, has_input_vocabulary;
  void fields(Fields& f);
};

// Texts to the indices of their tokens, or to counts of them.
class TextVectorizationLayer final : public LayerWith<TextVectorizationArgs> {
 public:
  explicit TextVectorizationLayer(TextVectorizationArgs args = {}, LayerArgs base = {});
  std::string class_name() const override { return "TextVectorization"; }
  using Layer::build;
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override;
  bool takes_plain_data() const override { return true; }
  Value plain_input(const Value& v) const override;
  bool needs_values() const override;
  Value compute_output_shape(const BuildShapes& shapes) override;
  bool set_argument(const std::string& name, const Value& value) override;
  Dict get_config() const override;

  // The vocabulary, as StringLookup's.
  StringLookupLayer& lookup() const { return *lookup_; }
  void update_state(const Tensor& texts);
  void adapt(const Tensors& batches);

  std::optional<Dict> named_values() const override { return lookup_->named_values(); }
  void load_named_values(const Dict& values) override { lookup_->load_named_values(values); }
  bool has_assets() const override { return true; }
  void save_assets(const std::string& folder) const override { lookup_->save_assets(folder); }
  void load_assets(const std::string& folder) override { lookup_->load_assets(folder); }

 private:
  bool users_code() const { return standardize_ || split_; }
  bool splits() const { return split_ || rule_.split != TokenRule::Split::none; }
  Tensor rows_of(const Tensor& x) const;
  std::vector<std::vector<std::string>> documents_of(const Tensor& texts) const;
  Tensor from_documents(const std::vector<std::vector<std::string>>& documents, Shape leading) const;
  int64_t sequence_length() const {
    return args.output_sequence_length.is_none() ? Shape::kUnknown : args.output_sequence_length.as_int();
  }

  std::shared_ptr<StringLookupLayer> lookup_;
  TokenRule rule_;
  std::shared_ptr<Callable> standardize_, split_;  // a user's
};

}  // namespace lamina
