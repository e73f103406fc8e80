// LAMINA_BENCH_THREADS=n bench_steps [seconds per row] [name ...]: median and best time of training steps, one-sample
// predictions, single eager ops, and the compilation of a deep net. Rows are run in several interleaved rounds, because
// machines are noisy.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
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

// Each net holds what its rows run: rows keep it alive.
struct SeedMlp {
  std::vector<Affine> layers = {{500, 50}, {50, 500}};
  Variables weights = weights_of(layers);
  Variable rate{Tensor::scalar(0.001f)};
  Tensor x = noise({32, 500}, 1), y = noise({32, 500}, 1), one = noise({1, 500}, 1);
  Function step{[this](std::span<const Tensor> in) -> Tensors {
                  TapeScope tape;
                  Tensor loss = squared_error(layers[1](layers[0](in[0])), in[1]);
                  Tensors grads = gradients_of(loss, weights);
                  NoGradScope off;
                  sgd_step(weights, grads, rate);
                  return {loss};
                },
                "seed_mlp_step", Function::Mode::graph};
  Function predict{[this](std::span<const Tensor> in) -> Tensors { return {layers[1](layers[0](in[0]))}; },
                   "seed_mlp_predict", Function::Mode::graph};
};

struct WideMlp {
  std::vector<Affine> layers = {{784, 512}, {512, 512}, {512, 10}};
  Variables weights = weights_of(layers), means;
  Variable rate{Tensor::scalar(0.001f)};
  Tensor x = noise({128, 784}, 1), y = noise({128, 10}, 0), one = noise({1, 784}, 1);
  Function step{[this](std::span<const Tensor> in) -> Tensors {
                  TapeScope tape;
                  Tensor loss = softmax_crossentropy(forward(layers, in[0]), in[1]);
                  Tensors grads = gradients_of(loss, weights);
                  NoGradScope off;
                  rmsprop_step(weights, means, grads, rate);
                  return {loss};
                },
                "mlp_step", Function::Mode::graph};
  Function predict{[this](std::span<const Tensor> in) -> Tensors { return {forward(layers, in[0])}; }, "mlp_predict",
                   Function::Mode::graph};

  WideMlp() {
    for (const Variable& w : weights) means.emplace_back(noise(w.shape(), 0));
    for (int i = 0; i < 128; ++i) y.mutable_data<float>()[i * 10 + i % 10] = 1;
  }
};

// 20 columns of 5,000 classes and 30 numbers, to a dense net.
struct WideDeep {
  static constexpr int kColumns = 20;
  Variables tables, weights, first, second;
  std::vector<Affine> head = {{350, 128}, {128, 64}, {64, 1}};
  Variable rate{Tensor::scalar(0.001f)}, steps{Tensor::scalar(0.0f)};
  Tensor classes = Tensor::empty({128, kColumns}, DType::int32), numbers = noise({128, 30}, 1),
         labels = noise({128, 1}, 1);
  Function step{
      [this](std::span<const Tensor> in) -> Tensors {
        TapeScope tape;
        Tensors parts = {in[1]};
        for (int i = 0; i < kColumns; ++i)
          parts.push_back(prim::gather(tables[i], prim::reshape(prim::slice_axis(in[0], 1, i, i + 1), {128}), 0));
        Tensor loss = squared_error(forward(head, prim::concat(parts, 1)), in[2]);
        Tensors grads = gradients_of(loss, weights);
        NoGradScope off;
        adam_step(weights, first, second, steps, grads, rate);
        return {loss};
      },
      "wide_deep_step", Function::Mode::graph};

  WideDeep() {
    for (int i = 0; i < kColumns; ++i) tables.emplace_back(noise({5000, 16}, 0.05));
    weights = weights_of(head);
    weights.insert(weights.end(), tables.begin(), tables.end());
    for (const Variable& w : weights) first.emplace_back(noise(w.shape(), 0)), second.emplace_back(noise(w.shape(), 0));
    for (int i = 0; i < 128 * kColumns; ++i)
      classes.mutable_data<int32_t>()[i] = static_cast<int32_t>(i * 7919LL % 5000);
  }
};

void compile_deep_net() {
  std::vector<Affine> deep;
  for (int i = 0; i < 200; ++i) deep.emplace_back(16, 16);
  Variables weights = weights_of(deep);
  Variable rate(Tensor::scalar(0.001f));
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
}

std::shared_ptr<Sequential> seed_model() {
  auto model = std::make_shared<Sequential>(
      std::vector<LayerPtr>{Dense({.units = 50, .activation = "relu"}), Dense({.units = 500})});
  model->build_from(BuildShapes(Dict{{"inputs", Value(Shape{Shape::kUnknown, 500})}}));
  CompileArgs plain;
  plain.loss = "mse";
  model->compile(plain);
  return model;
}

std::vector<Row> all_rows(const std::shared_ptr<SeedMlp>& seed, const std::shared_ptr<WideMlp>& wide,
                          const std::shared_ptr<WideDeep>& columns) {
  const auto model = seed_model();
  const Tensor a = noise({32}, 1), b = noise({32}, 1);
  return {
      {"seed_mlp fit step",
       [=] {
         seed->step({seed->x, seed->y});
       }},
      {"mlp fit step",
       [=] {
         wide->step({wide->x, wide->y});
       }},
      {"wide_deep fit step",
       [=] {
         columns->step({columns->classes, columns->numbers, columns->labels});
       }},
      {"seed_mlp predict 1", [=] { seed->predict({seed->one}); }},
      {"seed_mlp predict_on_batch 1", [=] { model->predict_on_batch(seed->one); }},
      {"seed_mlp model(x) 1", [=] { (*model)(seed->one); }},
      {"mlp predict 1", [=] { wide->predict({wide->one}); }},
      {"eager add of 32", [=] { prim::add(a, b); }},
      {"eager add of 32, taped",
       [=] {
         TapeScope tape;
         prim::add(a, b);
       }},
      {"compile 200 dense layers", compile_deep_net},
  };
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  if (const char* threads = std::getenv("LAMINA_BENCH_THREADS")) settings().set_threads(std::atoi(threads));
  const auto seed = std::make_shared<SeedMlp>();
  const auto wide = std::make_shared<WideMlp>();
  const auto columns = std::make_shared<WideDeep>();
  std::vector<Row> rows;
  for (Row& row : all_rows(seed, wide, columns)) {
    bool wanted = argc <= 2;
    for (int i = 2; i < argc; ++i) wanted |= row.name.find(argv[i]) != std::string::npos;
    if (wanted) rows.push_back(std::move(row));
  }
  measure(rows, seconds);
  if (std::getenv("LAMINA_BENCH_DUMP"))
    std::printf("%s%s", seed->step.dump().c_str(), (wide->step.dump() + columns->step.dump()).c_str());
}
