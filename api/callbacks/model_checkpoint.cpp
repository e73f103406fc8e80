#include <cstdio>
#include <filesystem>

#include "api/callbacks/monitor.h"
#include "api/model.h"
#include "api/model_saver.h"
#include "backends/core/warning.h"

namespace lamina {
namespace {

// "{epoch:02d}-{val_loss:.2f}.keras": names in braces, with a printf-like format after the colon.
std::string fill_in(const std::string& pattern, const Dict& values) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      out += pattern[i];
      continue;
    }
    size_t end = pattern.find('}', i);
    if (end == std::string::npos)
      throw ValueError("Failed to format this callback filepath: \"", pattern, "\". Reason: a '{' is not closed.");
    std::string field = pattern.substr(i + 1, end - i - 1), format;
    if (size_t colon = field.find(':'); colon != std::string::npos)
      format = field.substr(colon + 1), field.resize(colon);
    const Value* v = values.find(field);
    if (!v) throw KeyError("Failed to format this callback filepath: \"", pattern, "\". Reason: '", field, "'");
    if (format.empty()) {
      out += v->is_string() ? v->as_string() : v->is_tensor() ? text(v->as_number()) : v->repr();
    } else {
      char type = format.back();
      bool whole = type == 'd', real = type == 'f' || type == 'e' || type == 'g';
      if (format.size() > 12 || (!whole && !real) || format.find_first_not_of("0123456789.+- ") != format.size() - 1)
        throw ValueError("Failed to format this callback filepath: \"", pattern, "\". Reason: the format '", format,
                         "' is none of d, f, e and g with a width and a precision.");
      char buffer[512];
      std::string printf_format = text('%', format.substr(0, format.size() - 1), whole ? "lld" : std::string(1, type));
      if (whole)
        std::snprintf(buffer, sizeof buffer, printf_format.c_str(), static_cast<long long>(v->as_int()));
      else
        std::snprintf(buffer, sizeof buffer, printf_format.c_str(), v->as_number());
      out += buffer;
    }
    i = end;
  }
  return out;
}

std::string five_digits(std::optional<double> v) {
  if (!v) return "None";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.5f", *v);
  return buffer;
}

struct ModelCheckpointArgs : MonitorArgs {
  std::string filepath;
  int verbose = 0;
  bool save_best_only = false, save_weights_only = false;
  Value save_freq = "epoch";
  std::optional<double> initial_value_threshold;
  void fields(Fields& f) {
    f("filepath", filepath, "Where to save; may name {epoch} and logs: 'model-{epoch:02d}-{val_loss:.2f}.keras'.")
        .required();
    f("monitor", monitor, "The log to watch.");
    f("verbose", verbose, "1 prints each save.");
    f("save_best_only", save_best_only, "Whether to save only when the log improves.");
    f("save_weights_only", save_weights_only,
      "Whether to save weights ('.weights.h5') instead of the model ('.keras', or '.h5').");
    f("mode", mode, "'min', 'max' or 'auto'.");
    f("save_freq", save_freq, "'epoch', or a number of batches.");
    f("initial_value_threshold", initial_value_threshold, "The log's best value so far.");
  }
};

class ModelCheckpoint final : public Config<MonitorCallback, ModelCheckpointArgs> {
 public:
  explicit ModelCheckpoint(ModelCheckpointArgs a) : Config(std::move(a)) {
    best_ = args.initial_value_threshold;
    check_mode();
    if (!args.save_freq.is_int() && !(args.save_freq.is_string() && args.save_freq.as_string() == "epoch"))
      throw ValueError("Unrecognized save_freq: ", args.save_freq.repr(),
                       ". Expected save_freq are 'epoch' or integer values");
    if (args.save_weights_only && !args.filepath.ends_with(".weights.h5"))
      throw ValueError(
          "When using `save_weights_only=True` in `ModelCheckpoint`, the filepath provided must end in `.weights.h5` "
          "(Keras weights format). Received: filepath=",
          args.filepath);
    if (!args.save_weights_only && !args.filepath.ends_with(".keras") && !args.filepath.ends_with(".h5"))
      throw ValueError(
          "The filepath provided must end in `.keras` (Keras model format), or in `.h5` (the older one). Received: "
          "filepath=",
          args.filepath);
  }
  std::string class_name() const override { return "ModelCheckpoint"; }
  MonitorArgs& watched() override { return args; }
  void attributes(Fields& f) override {
    Config::attributes(f);
    f("min_delta", args.min_delta, "Smaller changes are no improvement.");
  }
  void state(Fields& f) override {
    attributes(f);
    f("epoch", epoch_);
    f("seen", seen_);
    f("last_batch", last_batch_);
  }
  bool needs_batches() const override { return args.save_freq.is_int(); }
  void on_epoch_begin(int64_t epoch, Dict&) override { epoch_ = epoch; }
  void on_train_batch_end(int64_t batch, Dict& logs) override {
    if (!args.save_freq.is_int()) return;
    seen_ += batch <= last_batch_ ? batch + 1 : batch - last_batch_;
    last_batch_ = batch;
    if (seen_ < args.save_freq.as_int()) return;
    seen_ = 0;
    if (args.save_best_only) resolve();
    save(epoch_, batch, logs);
  }
  void on_epoch_end(int64_t epoch, Dict& logs) override {
    if (args.save_best_only) resolve();
    if (args.save_freq.is_string()) save(epoch, {}, logs);
  }

 private:
  void say(int64_t epoch, const std::string& what) const {
    if (args.verbose > 0) print_text(text("\nEpoch ", epoch + 1, ": ", what, "\n"));
  }
  bool wanted(int64_t epoch, const Dict& logs, const std::string& path) {
    if (!args.save_best_only) {
      say(epoch, "saving model to " + path);
      return true;
    }
    std::optional<double> current = read(logs);
    if (!current) {
      warn(text("Can save best model only with ", args.monitor, " available."));
      return true;
    }
    if (!improves(*current, best_)) {
      say(epoch, text(args.monitor, " did not improve from ", five_digits(best_)));
      return false;
    }
    say(epoch, text(args.monitor, " improved from ", five_digits(best_), " to ", five_digits(current),
                    ", saving model to ", path));
    best_ = current;
    return true;
  }
  void save(int64_t epoch, std::optional<int64_t> batch, const Dict& logs) {
    Dict values = logs;
    values.set("epoch", epoch + 1);
    if (batch && !logs.contains("batch")) values.set("batch", *batch + 1);
    std::string path = fill_in(args.filepath, values);
    if (!wanted(epoch, logs, path)) return;
    if (std::filesystem::is_directory(path))
      throw IOError(
          "Please specify a non-directory filepath for ModelCheckpoint. Filepath used is an existing directory: ",
          path);
    if (auto folder = std::filesystem::path(path).parent_path(); !folder.empty())
      std::filesystem::create_directories(folder);
    if (args.save_weights_only)
      model_saver().weights(*model_, path);
    else
      model_saver().model(*model_, path);
    say(epoch, "finished saving model to " + path);
  }

  int64_t epoch_ = 0, seen_ = 0, last_batch_ = -1;
};
LAMINA_CLASS(ModelCheckpoint, "keras.callbacks",
             "Saves the model or its weights each epoch, every so many batches, or when a log improves.",
             Doc{.raises = "ValueError: if the path has not the ending of its kind of file, or `save_freq` is unknown.",
                 .example = R"py(
>>> import os, tempfile
>>> path = os.path.join(tempfile.mkdtemp(), "epoch{epoch}.weights.h5")
>>> callback = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
>>> sorted(os.listdir(os.path.dirname(path)))
['epoch1.weights.h5', 'epoch2.weights.h5', 'epoch3.weights.h5'])py"});

}  // namespace
}  // namespace lamina
