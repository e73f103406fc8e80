#include "api/callbacks/monitor.h"
#include "api/model.h"

namespace lamina {
namespace {

struct TerminateOnNaNArgs {
  bool raise_error = false;
  void fields(Fields& f) { f("raise_error", raise_error, "Whether to raise a RuntimeError instead of stopping."); }
};
class TerminateOnNaN final : public Config<Callback, TerminateOnNaNArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "TerminateOnNaN"; }
  bool needs_batches() const override { return true; }
  void on_train_batch_end(int64_t batch, Dict& logs) override {
    const Value* loss = logs.find("loss");
    if (!loss || !(loss->is_number() || loss->is_tensor()) || std::isfinite(loss->as_number())) return;
    if (args.raise_error)
      throw RuntimeError("NaN or Inf loss encountered at batch ", batch, ". Loss value: ", loss->as_number(),
                         ". Terminating training immediately.");
    print_text(text("Batch ", batch, ": Invalid loss, terminating training\n"));
    model_of(*this).stop_training = true;
  }
};
LAMINA_CLASS(TerminateOnNaN, "keras.callbacks", "Stops training when the loss is not finite.", Doc{.example = R"py(
>>> callback = keras.callbacks.TerminateOnNaN()
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
>>> len(history.epoch)
3)py"});

}  // namespace
}  // namespace lamina
