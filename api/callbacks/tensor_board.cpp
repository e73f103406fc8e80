#include <chrono>
#include <filesystem>

#include "api/callbacks/monitor.h"
#include "api/model.h"
#include "api/model_saver.h"
#include "api/profile.h"
#include "backends/core/engine.h"
#include "backends/core/warning.h"
#include "backends/ops/public/ops.h"
#include "optimizers/multi_optimizer.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/events/event_file.h"
#include "serialization/formats/zip/gzip.h"
#include "serialization/objects/object_config.h"

namespace lamina {
namespace {

namespace fs = std::filesystem;

struct TensorBoardArgs {
  std::string log_dir = "logs";
  int64_t histogram_freq = 0;
  bool write_graph = true, write_images = false, write_steps_per_second = false;
  Value update_freq = "epoch";
  Value profile_batch = 0;
  int64_t embeddings_freq = 0;
  Value embeddings_metadata;
  void fields(Fields& f) {
    f("log_dir", log_dir, "The folder of the event files: below it `train` and `validation`.");
    f("histogram_freq", histogram_freq, "Epochs between histograms of all weights; 0 for none.");
    f("write_graph", write_graph, "Whether to write the model's layers as a graph.");
    f("write_images", write_images, "Whether weights are written as images beside their histograms.");
    f("write_steps_per_second", write_steps_per_second, "Whether to write how many steps a second takes.");
    f("update_freq", update_freq, "'epoch', 'batch', or a number of batches between two values of losses and metrics.");
    f("profile_batch", profile_batch,
      "A batch, or a pair of the first and the last one, whose kernels are profiled; 0 for none. Batches count from "
      "1.");
    f("embeddings_freq", embeddings_freq, "Epochs between tables of all Embedding layers; 0 for none.");
    f("embeddings_metadata", embeddings_metadata,
      "A file with a line per row of the Embedding layers, or a dict of such files by the layer's name.");
  }
};

// (first, last) batch to profile; (0, 0) for none.
std::pair<int64_t, int64_t> profiled_batches(const Value& given) {
  auto refuse = [&]() -> std::pair<int64_t, int64_t> {
    throw ValueError(
        "profile_batch must be a non-negative integer or 2-tuple of positive integers. A pair of positive integers "
        "signifies a range of batches to profile. Found: ",
        given.repr());
  };
  std::vector<int64_t> numbers;
  if (given.is_int()) {
    numbers = {given.as_int(), given.as_int()};
  } else if (given.is_string()) {  // "10" or "10,20"
    const std::string& s = given.as_string();
    for (size_t from = 0; from <= s.size();) {
      const size_t end = std::min(s.find(',', from), s.size());
      const std::string part = s.substr(from, end - from);
      if (part.empty() || part.size() > 15 || part.find_first_not_of("0123456789") != part.npos) return refuse();
      numbers.push_back(std::stoll(part));
      from = end + 1;
    }
    if (numbers.size() == 1) numbers.push_back(numbers[0]);
  } else if (given.is_sequence()) {
    for (const Value& v : given.as_list()) {
      if (!v.is_int()) return refuse();
      numbers.push_back(v.as_int());
    }
  }
  if (numbers.size() != 2 || numbers[0] < 0 || numbers[1] < numbers[0]) return refuse();
  return {numbers[0], numbers[1]};
}

// The image of a weight: (n, height, width, channels), or an undefined tensor where there is none to see.
Tensor weight_as_image(const Tensor& weight) {
  Tensor t = ops::squeeze(weight);
  const Shape s = t.shape();
  if (s.rank() == 1) t = ops::reshape(t, {1, s[0], 1, 1});
  if (s.rank() == 2) {
    if (s[0] > s[1]) t = ops::transpose(t);
    t = ops::reshape(t, {1, t.shape()[0], t.shape()[1], 1});
  }
  if (s.rank() == 3) {
    if (ops::channels_last({})) t = ops::transpose(t, std::vector<int>{2, 0, 1});
    t = ops::reshape(t, {t.shape()[0], t.shape()[1], t.shape()[2], 1});
  }
  const bool image = t.rank() == 4 && (t.shape()[3] == 1 || t.shape()[3] == 3 || t.shape()[3] == 4);
  return image ? t : Tensor();
}

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (char c : s) out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return out + "\"";
}

class TensorBoard final : public Config<Callback, TensorBoardArgs> {
 public:
  explicit TensorBoard(TensorBoardArgs a) : Config(std::move(a)) {
    const Value& f = args.update_freq;
    if (f.is_string() && f.as_string() == "batch") args.update_freq = 1;
    if (!(args.update_freq.is_int() && args.update_freq.as_int() > 0) && !(f.is_string() && f.as_string() == "epoch"))
      throw ValueError("`update_freq` must be 'epoch', 'batch' or a positive number of batches. Received: update_freq=",
                       f.repr());
    std::tie(start_batch_, stop_batch_) = profiled_batches(args.profile_batch);
    if (!args.embeddings_metadata.is_none() && !args.embeddings_metadata.is_string() &&
        !args.embeddings_metadata.is_dict())
      throw ValueError("`embeddings_metadata` must be a path, or a dict of paths by the layers' names. Received: ",
                       args.embeddings_metadata.repr());
  }
  ~TensorBoard() override {
    if (profiling_) stop_profiling();  // training ended by an error in between
  }
  std::string class_name() const override { return "TensorBoard"; }
  void attributes(Fields& f) override { args.fields(f); }
  void state(Fields& f) override { f("train_batch", train_batch_); }
  bool needs_batches() const override { return by_batch() || stop_batch_ > 0 || args.write_steps_per_second; }

  void set_model(Model* model) override {
    Config::set_model(model);
    train_.reset(), validation_.reset();
    if (!model) return;
    if (args.write_graph && (model->is_functional() || model->class_name() == "Sequential")) write_model();
    if (args.embeddings_freq) configure_embeddings();
  }
  void on_train_begin(Dict&) override { train_batch_ = 0; }
  void on_train_end(Dict&) override {
    if (profiling_) stop_profile();
    train_.reset(), validation_.reset();
  }
  void on_epoch_begin(int64_t, Dict&) override {
    if (!args.write_steps_per_second) return;
    epoch_start_ = Clock::now();
    epoch_iterations_ = iterations();
  }
  void on_train_batch_begin(int64_t, Dict&) override {
    ++train_batch_;
    batch_start_ = Clock::now();
    if (stop_batch_ > 0 && train_batch_ == start_batch_) {
      start_profiling();
      profiling_ = true;
    }
  }
  void on_train_batch_end(int64_t, Dict& logs) override {
    if (records(train_batch_)) {
      if (args.write_steps_per_second)
        train().scalar("batch_steps_per_second", 1 / std::max(1e-9, seconds_since(batch_start_)), train_batch_);
      scalars(train(), "batch_", logs, train_batch_);
    }
    if (profiling_ && train_batch_ >= stop_batch_) stop_profile();
  }
  void on_test_end(Dict& logs) override {
    if (!model_of(*this).optimizer()) return;
    for (const auto& [name, value] : logs)
      if (value.is_number())
        validation().scalar("evaluation_" + name + "_vs_iterations", value.as_number(), iterations());
    validation().flush();
  }
  void on_epoch_end(int64_t epoch, Dict& logs) override {
    write_epoch(epoch, logs);
    if (args.histogram_freq && epoch % args.histogram_freq == 0) write_weights(epoch);
    if (args.embeddings_freq && epoch % args.embeddings_freq == 0) write_embeddings(epoch);
    for (auto* file : {train_.get(), validation_.get()})
      if (file) file->flush();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

  bool by_batch() const { return args.update_freq.is_int(); }
  bool records(int64_t batch) const { return by_batch() && batch % args.update_freq.as_int() == 0; }
  fs::path folder(const char* name) const { return fs::path(args.log_dir) / name; }
  EventFile& train() {
    if (!train_) train_ = std::make_unique<EventFile>(folder("train").string());
    return *train_;
  }
  EventFile& validation() {
    if (!validation_) validation_ = std::make_unique<EventFile>(folder("validation").string());
    return *validation_;
  }
  int64_t iterations() {
    auto& optimizer = model_of(*this).optimizer();
    return optimizer ? static_cast<int64_t>(optimizer->iterations().value().item()) : 0;
  }
  void scalars(EventFile& file, const std::string& prefix, const Dict& logs, int64_t step) {
    for (const auto& [name, value] : logs)
      if (value.is_number()) file.scalar(prefix + name, value.as_number(), step);
  }

  void write_model() {
    try {
      train().keras_model("keras", model_saver().json(*model_), 0);
    } catch (const IOError&) {
      throw;
    } catch (const Error& error) {  // a class without a config: the rest of the logs is none the worse
      warn(text("Model failed to serialize as JSON. Ignoring... ", error.what()));
    }
  }

  void write_epoch(int64_t epoch, const Dict& logs) {
    if (logs.empty()) return;
    Dict of_training, of_validation;
    for (const auto& [name, value] : logs) {
      if (name.starts_with("val_"))
        of_validation.set(name.substr(4), value);
      else
        of_training.set(name, value);
    }
    if (auto& optimizer = model_of(*this).optimizer()) {
      const std::vector<Optimizer*> all = optimizers_with_rates(*optimizer);
      for (Optimizer* one : all)
        of_training.set(all.size() > 1 ? "learning_rate_" + one->name() : "learning_rate", one->learning_rate().item());
    }
    if (args.write_steps_per_second)
      of_training.set("steps_per_second", static_cast<double>(iterations() - epoch_iterations_) /
                                              std::max(1e-9, seconds_since(epoch_start_)));
    scalars(train(), "epoch_", of_training, epoch);
    if (!of_validation.empty()) scalars(validation(), "epoch_", of_validation, epoch);
  }

  void write_weights(int64_t epoch) {
    EagerScope eager;
    for (const LayerPtr& layer : model_of(*this).layers())
      for (const Variable& weight : layer->weights()) {
        std::string name = weight.path();
        std::replace(name.begin(), name.end(), ':', '_');
        train().histogram(name + "/histogram", weight.value(), epoch);
        if (!args.write_images) continue;
        if (Tensor image = weight_as_image(weight.value()); image.defined())
          train().image(name + "/image", image, epoch);
      }
  }

  std::vector<LayerPtr> embeddings() {
    std::vector<LayerPtr> out;
    for (const LayerPtr& layer : model_of(*this).layers())
      if (layer->class_name() == "Embedding") out.push_back(layer);
    return out;
  }
  // Where TensorBoard's projector finds the tables, which are text beside the weights in Keras' own file.
  static std::string table_name(const Layer& layer) { return layer.name() + ".tsv"; }
  void configure_embeddings() {
    Dict metadata = args.embeddings_metadata.is_dict() ? args.embeddings_metadata.as_dict() : Dict{};
    std::string config;
    for (const LayerPtr& layer : embeddings()) {
      config += "embeddings {\n  tensor_name: " + quoted(layer->name()) + "\n";
      Value file = args.embeddings_metadata.is_string() ? args.embeddings_metadata : Value();
      if (const Value* own = metadata.find(layer->name())) file = *own, metadata.erase(layer->name());
      if (!file.is_none()) config += "  metadata_path: " + quoted(file.as_string()) + "\n";
      config += "  tensor_path: " + quoted(table_name(*layer)) + "\n}\n";
    }
    if (!metadata.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, _] : metadata) names.push_back(name);
      throw ValueError(
          "Unrecognized `Embedding` layer names passed to `keras.callbacks.TensorBoard` `embeddings_metadata` "
          "argument: ",
          join(names, ", "));
    }
    fs::create_directories(args.log_dir);
    write_file((fs::path(args.log_dir) / "projector_config.pbtxt").string(), config);
  }
  void write_embeddings(int64_t epoch) {
    fs::create_directories(folder("train"));
    model_saver().weights(*model_, (folder("train") / text("keras_embedding.ckpt-", epoch, ".weights.h5")).string());
    for (const LayerPtr& layer : embeddings()) {
      const Variables weights = layer->weights();
      if (weights.empty()) continue;
      const Tensor table = weights[0].value();
      std::string out;
      for (int64_t i = 0; i < table.size(); ++i) {
        char number[32];
        std::snprintf(number, sizeof number, "%.9g", table.at(i));
        out += number;
        out += (i + 1) % table.shape()[1] ? '\t' : '\n';
      }
      write_file((fs::path(args.log_dir) / table_name(*layer)).string(), out);
    }
  }

  // Where TensorBoard's profile view looks for traces.
  void stop_profile() {
    profiling_ = false;
    const Profile profile(stop_profiling());
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    char run[40];
    std::strftime(run, sizeof run, "%Y_%m_%d_%H_%M_%S", &local);
    const fs::path to = folder("train") / "plugins" / "profile" / run;
    fs::create_directories(to);
    write_file((to / "lamina.trace.json.gz").string(), gzip(profile.trace()));
    train().text("profile/batch_" + std::to_string(stop_batch_), "```\n" + profile.table() + "```\n", stop_batch_);
  }

  std::unique_ptr<EventFile> train_, validation_;
  int64_t train_batch_ = 0, start_batch_ = 0, stop_batch_ = 0, epoch_iterations_ = 0;
  Clock::time_point batch_start_, epoch_start_;
  bool profiling_ = false;
};
LAMINA_CLASS(TensorBoard, "keras.callbacks", "Writes event files for TensorBoard; TensorFlow is not needed.",
             Doc{.raises = "ValueError: for an `update_freq`, `profile_batch` or `embeddings_metadata` that is none.\n"
                           "OSError: if the files cannot be written.",
                 .example = R"py(
>>> import os, tempfile
>>> folder = tempfile.mkdtemp()
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> board = keras.callbacks.TensorBoard(folder, histogram_freq=1)
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, validation_split=0.5, callbacks=[board])
>>> sorted(os.listdir(folder))
['train', 'validation'])py"});

}  // namespace
}  // namespace lamina
