#include "api/callbacks/callback.h"
#include "serialization/objects/object_config.h"

namespace lamina {
namespace {

struct LambdaCallbackArgs {
  Value on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin, on_train_batch_end;
  Value on_test_begin, on_test_end, on_test_batch_begin, on_test_batch_end, on_predict_begin, on_predict_end,
      on_predict_batch_begin, on_predict_batch_end;
  void fields(Fields& f) {
    f("on_epoch_begin", on_epoch_begin, "f(epoch, logs)");
    f("on_epoch_end", on_epoch_end, "f(epoch, logs)");
    f("on_train_begin", on_train_begin, "f(logs)");
    f("on_train_end", on_train_end, "f(logs)");
    f("on_train_batch_begin", on_train_batch_begin, "f(batch, logs)");
    f("on_train_batch_end", on_train_batch_end, "f(batch, logs)");
    f("on_test_begin", on_test_begin, "f(logs)");
    f("on_test_end", on_test_end, "f(logs)");
    f("on_test_batch_begin", on_test_batch_begin, "f(batch, logs)");
    f("on_test_batch_end", on_test_batch_end, "f(batch, logs)");
    f("on_predict_begin", on_predict_begin, "f(logs)");
    f("on_predict_end", on_predict_end, "f(logs)");
    f("on_predict_batch_begin", on_predict_batch_begin, "f(batch, logs)");
    f("on_predict_batch_end", on_predict_batch_end, "f(batch, logs)");
  }
};
class LambdaCallback final : public Config<Callback, LambdaCallbackArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "LambdaCallback"; }
  bool needs_batches() const override {
    return !args.on_train_batch_begin.is_none() || !args.on_train_batch_end.is_none() ||
           !args.on_test_batch_begin.is_none() || !args.on_test_batch_end.is_none() ||
           !args.on_predict_batch_begin.is_none() || !args.on_predict_batch_end.is_none();
  }
  void on_epoch_begin(int64_t index, Dict& logs) override { run(args.on_epoch_begin, {index, logs}); }
  void on_epoch_end(int64_t index, Dict& logs) override { run(args.on_epoch_end, {index, logs}); }
  void on_train_begin(Dict& logs) override { run(args.on_train_begin, {logs}); }
  void on_train_end(Dict& logs) override { run(args.on_train_end, {logs}); }
  void on_train_batch_begin(int64_t index, Dict& logs) override { run(args.on_train_batch_begin, {index, logs}); }
  void on_train_batch_end(int64_t index, Dict& logs) override { run(args.on_train_batch_end, {index, logs}); }
  void on_test_begin(Dict& logs) override { run(args.on_test_begin, {logs}); }
  void on_test_end(Dict& logs) override { run(args.on_test_end, {logs}); }
  void on_test_batch_begin(int64_t index, Dict& logs) override { run(args.on_test_batch_begin, {index, logs}); }
  void on_test_batch_end(int64_t index, Dict& logs) override { run(args.on_test_batch_end, {index, logs}); }
  void on_predict_begin(Dict& logs) override { run(args.on_predict_begin, {logs}); }
  void on_predict_end(Dict& logs) override { run(args.on_predict_end, {logs}); }
  void on_predict_batch_begin(int64_t index, Dict& logs) override { run(args.on_predict_batch_begin, {index, logs}); }
  void on_predict_batch_end(int64_t index, Dict& logs) override { run(args.on_predict_batch_end, {index, logs}); }

 private:
  static void run(const Value& function, List arguments) {
    if (function.is_none()) return;
    auto f = function.object_as<Callable>();
    if (!f) throw TypeError("LambdaCallback takes functions, received ", function.repr(), ".");
    f->call(std::move(arguments));
  }
};
LAMINA_CLASS(LambdaCallback, "keras.callbacks", "Calls functions at the events of training.", Doc{.example = R"py(
>>> callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print("epoch", epoch, list(logs)))
>>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
>>> model.compile("sgd", "mse")
>>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
epoch 0 ['loss']
epoch 1 ['loss']
epoch 2 ['loss'])py"});

}  // namespace
}  // namespace lamina
