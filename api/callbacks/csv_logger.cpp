#include <filesystem>
#include <fstream>

#include "api/callbacks/callback.h"
#include "serialization/objects/object_config.h"

namespace lamina {
namespace {

struct CSVLoggerArgs {
  std::string filename, separator = ",";
  bool append = false;
  void fields(Fields& f) {
    f("filename", filename, "The file to write.").required();
    f("separator", separator, "Between the columns.");
    f("append", append, "Whether to go on with a file that exists.");
  }
};

// Columns: epoch, the first epoch's logs in alphabetical order, and val_ columns of them if it had none.
class CSVLogger final : public Config<Callback, CSVLoggerArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "CSVLogger"; }
  void attributes(Fields& f) override {
    Config::attributes(f);
    f("sep", args.separator);
    f("keys", columns_, "The columns beside the epoch; empty until the first epoch has ended.");
    f("append_header", header_, "Whether the next row is preceded by the columns' names.");
  }
  void on_train_begin(Dict&) override {
    header_ = !(args.append && std::filesystem::exists(args.filename) && std::filesystem::file_size(args.filename) > 0);
    file_ = std::ofstream(args.filename, args.append ? std::ios::app : std::ios::trunc);
    if (!file_)
      throw IOError("CSVLogger could not open '", args.filename, "' for writing. Check that its folder exists.");
    columns_.clear();
  }
  void on_epoch_end(int64_t epoch, Dict& logs) override {
    if (columns_.empty()) choose_columns(logs);
    if (header_) {
      std::vector<std::string> names{"epoch"};
      names.insert(names.end(), columns_.begin(), columns_.end());
      write(names);
      header_ = false;
    }
    std::vector<std::string> row{text(epoch)};
    for (const std::string& name : columns_) row.push_back(cell(logs.find(name)));
    write(row);
  }
  void on_train_end(Dict&) override { file_.close(); }

 private:
  void choose_columns(const Dict& logs) {
    bool validated = false;
    for (const auto& [key, v] : logs) columns_.push_back(key), validated |= key.starts_with("val_");
    std::sort(columns_.begin(), columns_.end());
    const size_t count = columns_.size();
    for (size_t i = 0; !validated && i < count; ++i) columns_.push_back("val_" + columns_[i]);
  }
  static std::string cell(const Value* v) {
    if (!v) return "NA";
    if (v->is_string()) return v->as_string();
    if (v->is_sequence()) {
      std::vector<std::string> items;
      for (const Value& item : v->as_list()) items.push_back(item.repr());
      return "\"[" + join(items, ", ") + "]\"";
    }
    return v->is_tensor() ? text(v->as_number()) : v->repr();
  }
  void write(const std::vector<std::string>& cells) {
    std::vector<std::string> quoted;
    for (const std::string& c : cells) {
      if (c.find_first_of("\"\r\n" + args.separator) == std::string::npos) {
        quoted.push_back(c);
        continue;
      }
      std::string q = "\"";
      for (char ch : c) q += ch == '"' ? "\"\"" : std::string(1, ch);
      quoted.push_back(q + "\"");
    }
    file_ << join(quoted, args.separator) << "\r\n" << std::flush;
    if (!file_) throw IOError("CSVLogger could not write to '", args.filename, "'.");
  }
  std::ofstream file_;
  std::vector<std::string> columns_;
  bool header_ = true;
};
LAMINA_CLASS(CSVLogger, "keras.callbacks", "Writes each epoch's logs as a line of a CSV file.", Doc{.example = R"py(
>>> import os, tempfile
>>> callback = keras.callbacks.CSVLogger(os.path.join(tempfile.mkdtemp(), "log.csv"))
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
>>> print(open(callback.filename).readline().split(",")[0])
epoch)py"});

}  // namespace
}  // namespace lamina
