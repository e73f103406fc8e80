// The two-layer net of framework overviews (batch 32, 500 -> 50 -> 500, SGD, mean squared error) at three levels: a
// Sequential model, a functional one, and by hand with variables, ops and gradients. Twin of three_levels.py.
#include <lamina/gradients.h>
#include <lamina/layers.h>
#include <lamina/models.h>
#include <lamina/ops.h>

#include <cmath>
#include <cstdio>

using namespace lamina;

static Tensor wave(const Shape& shape, double scale, double phase) {
  std::vector<float> v(shape.elements());
  for (size_t i = 0; i < v.size(); ++i)
    v[i] = static_cast<float>(scale * std::sin(0.37 * static_cast<double>(i) + phase));
  return Tensor::of(v, shape);
}

int main() {
  const Tensor x = wave({32, 500}, 1, 0), y = wave({32, 500}, 1, 1), w1 = wave({500, 50}, 0.05, 2),
               w2 = wave({50, 500}, 0.05, 3);
  const Tensor b1 = wave({50}, 0, 0), b2 = wave({500}, 0, 0);
  CompileArgs sgd;
  sgd.optimizer = "sgd";
  sgd.loss = "mse";

  auto model = std::make_shared<Sequential>(
      std::vector<LayerPtr>{layers::Dense({.units = 50, .activation = "relu"}), layers::Dense({.units = 500})});
  model->build_from(BuildShapes(Dict{{"inputs", Value(Shape{Shape::kUnknown, 500})}}));
  model->set_weights({w1, b1, w2, b2});
  model->compile(sgd);

  Tensor input = Input({500});
  Tensor output = layers::Dense({.units = 500})(layers::Dense({.units = 50, .activation = "relu"})(input));
  auto functional = std::make_shared<Model>(input, output);
  functional->set_weights({w1, b1, w2, b2});
  functional->compile(sgd);

  Variable v1(w1), c1(b1), v2(w2), c2(b2);
  Function step([&](std::span<const Tensor> in) -> Tensors {
    TapeScope tape;
    Tensor h = ops::relu(ops::add(ops::matmul(in[0], v1), c1));
    Tensor error = ops::subtract(ops::add(ops::matmul(h, v2), c2), in[1]);
    Tensor loss = ops::mean(ops::square(error));
    std::vector<GradientSource> sources = {v1, c1, v2, c2};
    Tensors g = gradients(std::span<const Tensor>(&loss, 1), sources);
    NoGradScope off;
    const Variable all[] = {v1, c1, v2, c2};
    for (int i = 0; i < 4; ++i) all[i].assign_sub(ops::multiply(g[i], 0.01));
    return {loss};
  });

  std::printf("step  Sequential  functional  by hand\n");
  bool same = true;
  for (int i = 0; i < 5; ++i) {
    double a = model->train_on_batch(x, y).at("loss").as_number(),
           b = functional->train_on_batch(x, y).at("loss").as_number();
    model->reset_metrics(), functional->reset_metrics();
    double c = step({x, y})[0].item();
    std::printf("%4d  %.7f   %.7f   %.7f\n", i, a, b, c);
    same &= std::abs(a - b) < 1e-6 && std::abs(a - c) < 1e-6;
  }
  return same ? 0 : 1;
}
