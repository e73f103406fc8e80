// bench_threads [seconds per row]: how many one-sample predictions a second one small model gives to 1, 2, 4, ...
// threads at once, up to the number of cores, and how many times one thread's that is. Rows are run in interleaved
// rounds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "api/sequential.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/primitives.h"
#include "layers/core/dense.h"
#include "serialization/objects/object_config.h"

using namespace lamina;

namespace {

LayerPtr layer(const std::string& class_name, Dict config) {
  return std::dynamic_pointer_cast<Layer>(
      get_object(Dict{{"class_name", class_name}, {"config", std::move(config)}}, "keras.layers"));
}

struct Net {
  std::string name;
  std::shared_ptr<Sequential> model;
  Tensor x;
};

std::vector<Net> nets() {
  auto input = [](List shape) { return layer("InputLayer", {{"shape", Value::tuple(std::move(shape))}}); };
  auto conv = [&](int64_t filters) {
    return layer("Conv2D", {{"filters", filters}, {"kernel_size", 3}, {"strides", 2}, {"activation", "relu"}});
  };
  auto made = [](std::vector<LayerPtr> layers) { return std::make_shared<Sequential>(std::move(layers)); };
  return {
      {"dense 16-32-4", made({input({16}), Dense({.units = 32, .activation = "relu"}), Dense({.units = 4})}),
       prim::full({1, 16}, 0.5, DType::float32)},
      {"dense 64-128-128-10",
       made({input({64}), Dense({.units = 128, .activation = "relu"}), Dense({.units = 128, .activation = "relu"}),
             Dense({.units = 10, .activation = "softmax"})}),
       prim::full({1, 64}, 0.5, DType::float32)},
      {"lstm 20x8-32", made({input({20, 8}), layer("LSTM", {{"units", 32}}), Dense({.units = 4})}),
       prim::full({1, 20, 8}, 0.5, DType::float32)},
      {"conv 28x28-16-32", made({input({28, 28, 1}), conv(16), conv(32), layer("Flatten", {}), Dense({.units = 10})}),
       prim::full({1, 28, 28, 1}, 0.5, DType::float32)},
  };
}

double calls_per_second(const Net& net, int threads, double seconds) {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false}, stop{false};
  std::vector<long> calls(static_cast<size_t>(threads) * 16);  // a cache line apart
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) net.model->predict_on_batch(net.x);
      ++ready;
      while (!go) std::this_thread::yield();
      long n = 0;
      for (; !stop.load(std::memory_order_relaxed); ++n) net.model->predict_on_batch(net.x);
      calls[static_cast<size_t>(t) * 16] = n;
    });
  while (ready < threads) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  go = true;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& w : workers) w.join();
  const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  long all = 0;
  for (long n : calls) all += n;
  return static_cast<double>(all) / passed;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kRounds = 7;
  const double seconds = (argc > 1 ? std::atof(argv[1]) : 3.5) / kRounds;
  std::vector<int> counts;
  for (int n = 1; n <= std::max(2, thread_count()); n *= 2) counts.push_back(n);
  for (const Net& net : nets()) {
    std::vector<std::vector<double>> seen(counts.size());
    for (int round = 0; round < kRounds; ++round)
      for (size_t i = 0; i < counts.size(); ++i) seen[i].push_back(calls_per_second(net, counts[i], seconds));
    for (auto& rates : seen) std::sort(rates.begin(), rates.end());
    for (size_t i = 0; i < counts.size(); ++i)
      std::printf("%-22s %2d threads %10.0f calls/s %6.2f times one\n", net.name.c_str(), counts[i],
                  seen[i][kRounds / 2], seen[i][kRounds / 2] / seen[0][kRounds / 2]);
  }
}
