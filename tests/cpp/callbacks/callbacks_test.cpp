#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "api/sequential.h"
#include "layers/core/dense.h"
#include "support/data.h"

namespace lamina {
namespace {

CallbackPtr make(const char* name, const Dict& config) {
  return std::dynamic_pointer_cast<Callback>(find_class(name, "keras.callbacks")->make(config));
}

// Writes given values into the logs at the end of each epoch, so that what others do can be foretold.
class Script final : public Callback {
 public:
  explicit Script(std::vector<double> values) : values_(std::move(values)) {}
  void on_epoch_end(int64_t epoch, Dict& logs) override { logs.set("val_loss", values_[static_cast<size_t>(epoch)]); }

 private:
  std::vector<double> values_;
};

struct Trained {
  std::shared_ptr<Sequential> model;
  std::shared_ptr<History> history;
};
Trained train(std::vector<CallbackPtr> callbacks, int64_t epochs, const Value& rate = 0.1,
              const Tensor& y = testing::ramp({8, 2})) {
  auto model = std::make_shared<Sequential>(std::vector<LayerPtr>{Dense({.units = 2})});
  CompileArgs compile;
  compile.optimizer = Value(OptimizerRef::make("SGD", {{"learning_rate", rate}}).pointer());
  compile.loss = "mse";
  model->compile(compile);
  FitArgs args;
  args.epochs = epochs;
  args.batch_size = 4;
  args.verbose = 0;
  args.callbacks = std::move(callbacks);
  auto history = model->fit(testing::ramp({8, 3}), y, args);
  return {model, history};
}

std::filesystem::path scratch() {
  static const std::filesystem::path folder = [] {
    auto p = std::filesystem::temp_directory_path() / ("lamina_callbacks_" + std::to_string(getpid()));
    std::filesystem::create_directories(p);
    return p;
  }();
  return folder;
}

TEST(EarlyStopping, StopsAfterPatienceAndRestores) {
  std::vector<Tensors> weights;
  auto script = std::make_shared<Script>(std::vector<double>{5, 3, 4, 4, 4, 4});
  auto stop = make("EarlyStopping", {{"patience", 2}, {"restore_best_weights", true}});
  std::shared_ptr<Sequential> seen;
  auto keep = make("LambdaCallback", {{"on_epoch_end", make_callable("keep", [&](List, Dict) -> Value {
                                         weights.push_back(stop->model()->get_weights());
                                         return {};
                                       })}});
  Trained t = train({script, keep, stop}, 6);
  EXPECT_EQ(t.history->epochs.size(), 4u);  // best in the second epoch, two more
  EXPECT_EQ(t.model->get_weights()[0].to_vector<float>(), weights[1][0].to_vector<float>());
  EXPECT_NE(weights[3][0].to_vector<float>(), weights[1][0].to_vector<float>());
}

TEST(EarlyStopping, MinDeltaAndDirection) {
  auto epochs = [](const Dict& config, std::vector<double> values) {
    return train({std::make_shared<Script>(values), make("EarlyStopping", config)}, static_cast<int64_t>(values.size()))
        .history->epochs.size();
  };
  EXPECT_EQ(epochs({{"patience", 1}, {"min_delta", 0.5}}, {5, 4.8, 4.6, 4}), 2u);
  EXPECT_EQ(epochs({{"patience", 1}, {"mode", "max"}}, {1, 2, 3, 2}), 4u);
  EXPECT_EQ(epochs({{"patience", 1}, {"start_from_epoch", 2}}, {1, 2, 3, 4, 5}), 4u);
  EXPECT_THROW(epochs({{"monitor", "val_other"}}, {1, 2}), ValueError);
}

TEST(LearningRate, SchedulerAndPlateau) {
  auto schedule =
      make("LearningRateScheduler",
           {{"schedule", make_callable("half", [](List a, Dict) -> Value { return a.at(1).as_number() / 2; })}});
  Trained t = train({schedule}, 3, 0.8);
  EXPECT_FLOAT_EQ(t.model->optimizer()->learning_rate().item(), 0.1f);
  List rates = t.history->history.at("learning_rate").as_list();
  EXPECT_FLOAT_EQ(rates.at(0).as_number(), 0.4f);

  auto plateau = make("ReduceLROnPlateau", {{"factor", 0.5}, {"patience", 1}, {"cooldown", 1}, {"min_lr", 0.3}});
  Trained p = train({std::make_shared<Script>(std::vector<double>{1, 1, 1, 1, 1, 1}), plateau}, 6, 0.8);
  EXPECT_FLOAT_EQ(p.model->optimizer()->learning_rate().item(), 0.3f);
  EXPECT_THROW(make("ReduceLROnPlateau", {{"factor", 1.0}}), ValueError);
}

TEST(TerminateOnNaN, StopsOrRaises) {
  Tensor y = Tensor::of<float>(std::vector<float>(16, std::nanf("")), {8, 2});
  EXPECT_EQ(train({make("TerminateOnNaN", {})}, 5, 0.1, y).history->epochs.size(), 1u);
  EXPECT_THROW(train({make("TerminateOnNaN", {{"raise_error", true}})}, 5, 0.1, y), RuntimeError);
}

TEST(CSVLogger, WritesColumns) {
  std::string path = scratch() / "log.csv";
  train({make("CSVLogger", {{"filename", path}})}, 2);
  train({make("CSVLogger", {{"filename", path}, {"append", true}})}, 1);
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "epoch,loss,val_loss\r");
  EXPECT_TRUE(lines[2].starts_with("1,"));
  EXPECT_TRUE(lines[3].starts_with("0,"));
  EXPECT_TRUE(lines[1].ends_with(",NA\r"));
  EXPECT_THROW(train({make("CSVLogger", {{"filename", "/no/such/folder/log.csv"}})}, 1), IOError);
}

TEST(ModelCheckpoint, SavesTheBest) {
  std::string pattern = scratch() / "best-{epoch:02d}-{val_loss:.1f}.weights.h5";
  auto best = make("ModelCheckpoint", {{"filepath", pattern}, {"save_best_only", true}, {"save_weights_only", true}});
  train({std::make_shared<Script>(std::vector<double>{5, 6, 4}), best}, 3);
  auto exists = [](const char* name) { return std::filesystem::exists(scratch() / name); };
  EXPECT_TRUE(exists("best-01-5.0.weights.h5"));
  EXPECT_FALSE(exists("best-02-6.0.weights.h5"));
  EXPECT_TRUE(exists("best-03-4.0.weights.h5"));
  train({make("ModelCheckpoint", {{"filepath", std::string(scratch() / "step-{batch}.keras")}, {"save_freq", 3}})},
        3);  // 2 batches per epoch
  EXPECT_TRUE(exists("step-1.keras"));
  EXPECT_TRUE(exists("step-2.keras"));
  EXPECT_THROW(make("ModelCheckpoint", {{"filepath", "model.txt"}}), ValueError);
  EXPECT_THROW(train({make("ModelCheckpoint", {{"filepath", "{accuracy}.keras"}})}, 1), KeyError);
}

}  // namespace
}  // namespace lamina
