#pragma once
#include "layers/preprocessing/text/index_lookup.h"

namespace lamina {

// Arguments of StringLookup, with Keras' names and defaults.
struct StringLookupArgs : LookupArgs {
  std::string encoding = "utf-8";
  StringLookupArgs() { oov_token = "[UNK]"; }
  void fields(Fields& f);
};

// Strings to the indices that their places in a vocabulary give, or back.
class StringLookupLayer final : public Configured<IndexLookup, StringLookupArgs> {
 public:
  explicit StringLookupLayer(StringLookupArgs args = {}, LayerArgs base = {});
  std::string class_name() const override { return "StringLookup"; }
  Dict get_config() const override;
  bool set_argument(const std::string& name, const Value& value) override;
  const LookupArgs& lookup_args() const override { return args; }
  bool of_strings() const override { return true; }

 protected:
  LookupArgs& own_args() override { return args; }
};

// Arguments of IntegerLookup, with Keras' names and defaults.
struct IntegerLookupArgs : LookupArgs {
  std::string vocabulary_dtype = "int64";
  IntegerLookupArgs() { oov_token = -1; }
  void fields(Fields& f);
};

// The same for integers.
class IntegerLookupLayer final : public Configured<IndexLookup, IntegerLookupArgs> {
 public:
  explicit IntegerLookupLayer(IntegerLookupArgs args = {}, LayerArgs base = {});
  std::string class_name() const override { return "IntegerLookup"; }
  Dict get_config() const override;
  bool set_argument(const std::string& name, const Value& value) override;
  const LookupArgs& lookup_args() const override { return args; }
  bool of_strings() const override { return false; }

 protected:
  LookupArgs& own_args() override { return args; }
};

}  // namespace lamina
