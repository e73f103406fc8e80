#include "api/callbacks/monitor.h"
#include "api/model.h"
#include "backends/core/engine.h"
#include "optimizers/optimizer.h"
#include "serialization/objects/object_config.h"

namespace lamina {
namespace {

struct SwapEMAWeightsArgs {
  bool swap_on_epoch = false;
  void fields(Fields& f) {
    f("swap_on_epoch", swap_on_epoch,
      "Whether the averages are in the model from the end of an epoch to the start of the next one, for the callbacks "
      "behind this one (such as ModelCheckpoint).");
  }
};

void collect_averaging(Optimizer& optimizer, std::vector<Optimizer*>& out) {
  for (const auto& inner : optimizer.wrapped()) collect_averaging(*inner, out);
  const Dict arguments = optimizer.arguments();
  if (const Value* use = arguments.find("use_ema"); optimizer.wrapped().empty() && use && use->as_bool())
    out.push_back(&optimizer);
}

// Those within the model's optimizer that keep averages. ValueError if none does.
std::vector<Optimizer*> averaging(Model& model) {
  std::vector<Optimizer*> out;
  if (model.optimizer()) collect_averaging(*model.optimizer(), out);
  if (out.empty())
    throw ValueError(
        "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer (of a MultiOptimizer, on one of its "
        "optimizers). Received: ",
        model.optimizer() ? model.optimizer()->class_name() : std::string("no optimizer"), " with use_ema=False.");
  return out;
}

class SwapEMAWeights final : public Config<Callback, SwapEMAWeightsArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "SwapEMAWeights"; }
  void attributes(Fields& f) override { args.fields(f); }
  void on_train_begin(Dict&) override { swapped_ = false; }
  void on_epoch_begin(int64_t, Dict&) override {
    if (args.swap_on_epoch) swap(false);
  }
  void on_epoch_end(int64_t, Dict&) override {
    if (args.swap_on_epoch) swap(true);
  }
  // The end of training puts the averages into the model: they must be where it looks for them.
  void on_train_end(Dict&) override {
    if (!swapped_) return;
    EagerScope eager;
    for (Optimizer* one : averaging(model_of(*this)))
      for (size_t i = 0; i < one->averages().size(); ++i) one->averages()[i].assign(one->trainable()[i].value());
    swapped_ = false;
  }
  void on_test_begin(Dict&) override { swap(true); }
  void on_test_end(Dict&) override { swap(false); }
  void on_predict_begin(Dict&) override { swap(true); }
  void on_predict_end(Dict&) override { swap(false); }

 private:
  // Sees to it that the averages are in the model (`in`), or its own weights.
  void swap(bool in) {
    if (swapped_ == in) return;
    EagerScope eager;
    for (Optimizer* one : averaging(model_of(*this)))
      for (size_t i = 0; i < one->averages().size(); ++i) {
        const Variable& weight = one->trainable()[i];
        const Tensor own = weight.value();
        weight.assign(one->averages()[i].value());
        one->averages()[i].assign(own);
      }
    swapped_ = in;
  }
  bool swapped_ = false;
};
LAMINA_CLASS(SwapEMAWeights, "keras.callbacks",
             "Evaluates and predicts with the optimizer's moving averages of the weights in their place.",
             Doc{.raises = "ValueError: if the optimizer has not `use_ema=True`.", .example = R"py(
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=2, verbose=0, callbacks=[keras.callbacks.SwapEMAWeights()])
>>> len(history.epoch)
2)py"});

}  // namespace
}  // namespace lamina
