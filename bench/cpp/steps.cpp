// LAMINA_BENCH_THREADS=n bench_steps [seconds a row] [name ...]: median and best time of training steps, one-sample
// predictions, single eager ops, and the compilation of a deep net. Rows are run in several interleaved rounds, because
// machines are noisy.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "api/sequential.h"
#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/core/variable.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "backends/ops/update/update.h"
#include "layers/core/dense.h"

using namespace lamina;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Tensor noise(const Shape& shape, double scale) {
  Tensor t = Tensor::empty(shape, DType::float32);
  uint32_t state = 12345;
  for (int64_t i = 0; i < t.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    t.mutable_data<float>()[i] = static_cast<float>((state / 4294967296.0 - 0.5) * 2 * scale);
  }
  return t;
}

struct Affine {
  Variable kernel, bias;
  Affine(int64_t in, int64_t out)
      : kernel(noise({in, out}, std::sqrt(6.0 / static_cast<double>(in + out)))), bias(noise({out}, 0)) {}
  Tensor operator()(const Tensor& x) const { return prim::add(prim::matmul(x, kernel), bias); }
};

Variables weights_of(const std::vector<Affine>& layers) {
  Variables out;
  for (const Affine& d : layers) out.push_back(d.kernel), out.push_back(d.bias);
  return out;
}

Tensors gradients_of(const Tensor& loss, const Variables& weights) {
  std::vector<GradientSource> sources(weights.begin(), weights.end());
  return gradients(std::vector<Tensor>{loss}, sources);
}

Tensor squared_error(const Tensor& y, const Tensor& target) {
  return prim::multiply(prim::reduce_all(Reduce::sum, prim::square(prim::subtract(y, target))),
                        1.0 / static_cast<double>(y.size()));
}

Tensor softmax_crossentropy(const Tensor& logits, const Tensor& onehot) {
  Tensor shifted = prim::subtract(logits, prim::reduce(Reduce::max, logits, {1}, true));
  Tensor logp = prim::subtract(shifted, prim::log(prim::sum(prim::exp(shifted), {1}, true)));
  return prim::multiply(prim::reduce_all(Reduce::sum, prim::multiply(onehot, logp)),
                        -1.0 / static_cast<double>(logits.shape()[0]));
}

// As the optimizers do it: each update one op, the rate a variable.
void sgd_step(const Variables& weights, const Tensors& grads, const Variable& rate) {
  static const Op op = make_op<UpdateOp>(UpdateRule::sgd, UpdateConstants{});
  for (size_t i = 0; i < weights.size(); ++i)
    update_variables(op, std::vector<Variable>{weights[i]}, std::vector<Tensor>{grads[i], rate});
}

void rmsprop_step(const Variables& weights, const Variables& means, const Tensors& grads, const Variable& rate) {
  static const Op op = make_op<UpdateOp>(UpdateRule::rmsprop, UpdateConstants{0.9, 0, 1e-7});
  for (size_t i = 0; i < weights.size(); ++i)
    update_variables(op, std::vector<Variable>{weights[i], means[i]}, std::vector<Tensor>{grads[i], rate});
}

void adam_step(const Variables& weights, const Variables& first, const Variables& second, const Variable& step,
               const Tensors& grads, const Variable& rate) {
  static const Op op = make_op<UpdateOp>(UpdateRule::adam, UpdateConstants{0.9, 0.999, 1e-7});
  step.assign_add(Tensor::scalar(1.0f));
  auto one_minus_power = [&](double base) {
    return prim::rsub(1.0, prim::power(prim::full({}, base, DType::float32), step));
  };
  Tensor alpha = prim::divide(prim::multiply(prim::sqrt(one_minus_power(0.999)), rate), one_minus_power(0.9));
  for (size_t i = 0; i < weights.size(); ++i)
    update_variables(op, std::vector<Variable>{weights[i], first[i], second[i]}, std::vector<Tensor>{grads[i], alpha});
}

Tensor forward(const std::vector<Affine>& layers, Tensor x) {
  for (size_t i = 0; i < layers.size(); ++i) {
    x = layers[i](x);
    if (i + 1 < layers.size()) x = prim::unary(Unary::relu, x);
  }
  return x;
}

struct Row {
  std::string name;
  std::function<void()> run;
  std::vector<double> times = {};
};

void measure(std::vector<Row>& rows, double seconds) {
  constexpr int kRounds = 6;
  for (int round = 0; round < kRounds; ++round)
    for (Row& row : rows) {
      row.run();
      double start = now();
      row.run();
      const int inner = std::max(
          1, static_cast<int>(2e-5 / std::max(1e-9, now() - start)));  // below the clock's grain: several at once
      for (double until = now() + seconds / kRounds; now() < until;) {
        start = now();
        for (int i = 0; i < inner; ++i) row.run();
        row.times.push_back((now() - start) / inner);
      }
    }
  for (Row& row : rows) {
    std::sort(row.times.begin(), row.times.end());
    std::printf("%-28s median %10.2f us   best %10.2f us\n", row.name.c_str(), row.times[row.times.size() / 2] * 1e6,
                row.times[0] * 1e6);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  if (const char* threads = std::getenv("LAMINA_BENCH_THREADS")) settings().set_threads(std::atoi(threads));
  std::vector<Row> all;

  Variable rate(Tensor::scalar(0.001f));
  std::vector<Affine> seed = {{500, 50}, {50, 500}}, wide = {{784, 512}, {512, 512}, {512, 10}};
  Variables seed_weights = weights_of(seed), wide_weights = weights_of(wide), means;
  for (const Variable& w : wide_weights) means.emplace_back(noise(w.shape(), 0));
  Function seed_step(
      [&](std::span<const Tensor> in) -> Tensors {
        TapeScope tape;
        Tensor loss = squared_error(seed[1](seed[0](in[0])), in[1]);
        Tensors grads = gradients_of(loss, seed_weights);
        NoGradScope off;
        sgd_step(seed_weights, grads, rate);
        return {loss};
      },
      "seed_mlp_step", Function::Mode::graph);
  Function wide_step(
      [&](std::span<const Tensor> in) -> Tensors {
        TapeScope tape;
        Tensor loss = softmax_crossentropy(forward(wide, in[0]), in[1]);
        Tensors grads = gradients_of(loss, wide_weights);
        NoGradScope off;
        rmsprop_step(wide_weights, means, grads, rate);
        return {loss};
      },
      "mlp_step", Function::Mode::graph);
  // 20 columns of 5,000 classes and 30 numbers, to a dense net.
  Variables tables, deep_weights, first, second;
  for (int i = 0; i < 20; ++i) tables.emplace_back(noise({5000, 16}, 0.05));
  std::vector<Affine> head = {{350, 128}, {128, 64}, {64, 1}};
  deep_weights = weights_of(head);
  deep_weights.insert(deep_weights.end(), tables.begin(), tables.end());
  for (const Variable& w : deep_weights)
    first.emplace_back(noise(w.shape(), 0)), second.emplace_back(noise(w.shape(), 0));
  Variable steps(Tensor::scalar(0.0f));
  Function wide_deep_step(
      [&](std::span<const Tensor> in) -> Tensors {
        TapeScope tape;
        Tensors parts = {in[1]};
        for (int i = 0; i < 20; ++i)
          parts.push_back(prim::gather(tables[i], prim::reshape(prim::slice_axis(in[0], 1, i, i + 1), {128}), 0));
        Tensor loss = squared_error(forward(head, prim::concat(parts, 1)), in[2]);
        Tensors grads = gradients_of(loss, deep_weights);
        NoGradScope off;
        adam_step(deep_weights, first, second, steps, grads, rate);
        return {loss};
      },
      "wide_deep_step", Function::Mode::graph);
  Tensor classes = Tensor::empty({128, 20}, DType::int32), numbers = noise({128, 30}, 1), labels = noise({128, 1}, 1);
  for (int i = 0; i < 128 * 20; ++i) classes.mutable_data<int32_t>()[i] = static_cast<int32_t>(i * 7919LL % 5000);
  Function seed_predict([&](std::span<const Tensor> in) -> Tensors { return {seed[1](seed[0](in[0]))}; },
                        "seed_mlp_predict", Function::Mode::graph);
  Function wide_predict([&](std::span<const Tensor> in) -> Tensors { return {forward(wide, in[0])}; }, "mlp_predict",
                        Function::Mode::graph);

  Tensor seed_x = noise({32, 500}, 1), seed_y = noise({32, 500}, 1), wide_x = noise({128, 784}, 1),
         wide_y = noise({128, 10}, 0);
  for (int i = 0; i < 128; ++i) wide_y.mutable_data<float>()[i * 10 + i % 10] = 1;
  Tensor one_seed = noise({1, 500}, 1), one_wide = noise({1, 784}, 1), small_a = noise({32}, 1),
         small_b = noise({32}, 1);

  all.push_back({"seed_mlp fit step", [&] { seed_step({seed_x, seed_y}); }});
  all.push_back({"mlp fit step", [&] { wide_step({wide_x, wide_y}); }});
  all.push_back({"wide_deep fit step", [&] { wide_deep_step({classes, numbers, labels}); }});
  all.push_back({"seed_mlp predict 1", [&] { seed_predict({one_seed}); }});
  auto seed_model = std::make_shared<Sequential>(
      std::vector<LayerPtr>{Dense({.units = 50, .activation = "relu"}), Dense({.units = 500})});
  seed_model->build_from(BuildShapes(Dict{{"inputs", Value(Shape{Shape::kUnknown, 500})}}));
  CompileArgs plain;
  plain.loss = "mse";
  seed_model->compile(plain);
  all.push_back({"seed_mlp predict_on_batch 1", [&] { seed_model->predict_on_batch(one_seed); }});
  all.push_back({"seed_mlp model(x) 1", [&] { (*seed_model)(one_seed); }});
  all.push_back({"mlp predict 1", [&] { wide_predict({one_wide}); }});
  all.push_back({"eager add of 32", [&] { prim::add(small_a, small_b); }});
  all.push_back({"eager add of 32, taped", [&] {
                   TapeScope tape;
                   prim::add(small_a, small_b);
                 }});
  all.push_back({"compile 200 dense layers", [&] {
                   std::vector<Affine> deep(200, Affine(16, 16));
                   for (Affine& d : deep) d = Affine(16, 16);
                   Variables weights = weights_of(deep);
                   Function step(
                       [&](std::span<const Tensor> in) -> Tensors {
                         TapeScope tape;
                         Tensor loss = squared_error(forward(deep, in[0]), in[0]);
                         Tensors grads = gradients_of(loss, weights);
                         NoGradScope off;
                         sgd_step(weights, grads, rate);
                         return {loss};
                       },
                       "deep", Function::Mode::graph);
                   step({noise({8, 16}, 1)});
                 }});

  std::vector<Row> rows;
  for (Row& row : all) {
    bool wanted = argc <= 2;
    for (int i = 2; i < argc; ++i) wanted |= row.name.find(argv[i]) != std::string::npos;
    if (wanted) rows.push_back(std::move(row));
  }
  measure(rows, seconds);
  if (std::getenv("LAMINA_BENCH_DUMP"))
    std::printf("%s%s", seed_step.dump().c_str(), (wide_step.dump() + wide_deep_step.dump()).c_str());
}
