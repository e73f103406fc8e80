// Trains, saves and loads again, with nothing but what is installed.
#include <lamina/lamina.h>

#include <cstdio>

namespace layers = lamina::layers;
using lamina::LayerPtr, lamina::Tensor;

int main() try {
  const Tensor x = Tensor::of<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), y = Tensor::of<float>({0, 1, 1, 0}, {4, 1});
  const std::vector<LayerPtr> stack = {layers::Dense({.units = 16, .activation = "tanh"}, {.name = "hidden"}),
                                       layers::Dense({.units = 1, .activation = "sigmoid"})};
  auto model = std::make_shared<lamina::Sequential>(stack);
  model->compile(
      {.optimizer = lamina::optimizers::Adam({.learning_rate = 0.05}), .loss = lamina::losses::BinaryCrossentropy()});
  model->fit(x, y, {.epochs = 300, .verbose = 0, .callbacks = {lamina::callbacks::TerminateOnNaN()}});
  lamina::save_model(*model, "xor.keras");
  const Tensor first = model->predict_on_batch(x).as_tensor();
  const Tensor again = lamina::load_model("xor.keras")->predict_on_batch(x).as_tensor();
  for (int64_t i = 0; i < 4; ++i)
    if (first.at(i) != again.at(i) || (first.at(i) > 0.5) != (y.at(i) > 0.5)) {
      std::fprintf(stderr, "sample %d: %f, loaded %f\n", static_cast<int>(i), first.at(i), again.at(i));
      return 1;
    }
  std::printf("lamina %s\n", LAMINA_VERSION);
} catch (const lamina::Error& e) {
  std::fprintf(stderr, "xor: %s\n", e.what());
  return 1;
}
