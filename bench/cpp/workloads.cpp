// One workload in a C++ program: trains and calls a model that Python defined, on data that Python drew.
// bench/python/cpp_runner.py writes both and asks for times. Usage: bench_workloads MODEL.keras DATA.json. DATA.json:
// {"batch": n, "arrays": [{"file", "dtype", "shape"}, ...]}, the target last. Then a line "MEASURE SECONDS" on standard
// input, where MEASURE is fit, predict, predict_one or call_one, is answered by the seconds of one step or call.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "backends/ops/primitives.h"
#include "serialization/formats/json/json.h"
#include "serialization/models/model_io.h"

using namespace lamina;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IOError("Cannot read ", path, ".");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// As timing.py: seconds a step over about `seconds`; few steps for slow models, epochs for fast ones.
// fit(steps, epochs) gives the seconds that it took.
double fit_seconds(const std::function<double(int64_t, int64_t)>& fit, int64_t available, double seconds) {
  const int64_t probe = std::min<int64_t>(20, available);
  const int64_t wanted = std::max(probe, static_cast<int64_t>(seconds * static_cast<double>(probe) / fit(probe, 1)));
  const int64_t steps = std::min(wanted, available), epochs = (wanted + steps - 1) / steps;
  return fit(steps, epochs) / static_cast<double>(steps * epochs);
}

// The median over chunks of the seconds a call.
double call_seconds(const std::function<void()>& call, double seconds) {
  constexpr int kChunks = 10;
  double start = now();
  call();
  const int calls = std::max(1, static_cast<int>(seconds / kChunks / std::max(1e-7, now() - start)));
  std::vector<double> times;
  for (int chunk = 0; chunk < kChunks; ++chunk) {
    start = now();
    for (int i = 0; i < calls; ++i) call();
    times.push_back((now() - start) / calls);
  }
  std::sort(times.begin(), times.end());
  return times[kChunks / 2];
}

struct Workload {
  ModelPtr model;
  int64_t batch, samples;
  std::vector<Tensor> inputs;
  Tensor target;

  static Tensor rows(const Tensor& t, int64_t count) {
    Shape shape = t.shape();
    shape[0] = count;
    return Tensor::from_bytes(t.raw(), shape, t.dtype());
  }
  Value first(int64_t count) const {
    if (inputs.size() == 1) return rows(inputs[0], count);
    List out;
    for (const Tensor& t : inputs) out.push_back(rows(t, count));
    return out;
  }
  double measure(const std::string& what, double seconds) {
    EvaluateArgs quiet;
    quiet.verbose = 0;
    quiet.batch_size = batch;
    if (what == "fit") {
      FitArgs args;
      args.verbose = 0;
      args.batch_size = batch;
      return fit_seconds(
          [&](int64_t steps, int64_t epochs) {
            args.epochs = epochs;
            const Value x = first(steps * batch), y = rows(target, steps * batch);
            const double start = now();
            model->fit(x, y, args);
            return now() - start;
          },
          samples / batch, seconds);
    }
    const Value many = first(batch), one = first(1);
    if (what == "predict") return call_seconds([&] { model->predict(many, quiet); }, seconds);
    if (what == "predict_one") return call_seconds([&] { model->predict_on_batch(one); }, seconds);
    if (what != "call_one")
      throw ValueError("Unknown measure ", what, ": expected fit, predict, predict_one or call_one.");
    if (one.is_tensor()) return call_seconds([&] { (*model)(one.as_tensor(), false); }, seconds);
    return call_seconds([&] { model->invoke({one}, {{"training", false}}); }, seconds);
  }
};

Workload load(const std::string& model, const std::string& data) {
  Workload out;
  out.model = load_model(model);
  const Value parsed = parse_json(read_file(data), data);
  const Dict& description = parsed.as_dict();
  out.batch = description.at("batch").as_int();
  for (const Value& item : description.at("arrays").as_list()) {
    const Dict& array = item.as_dict();
    const std::string bytes = read_file(array.at("file").as_string());
    Tensor t = Tensor::empty(array.at("shape").as_shape(), parse_dtype(array.at("dtype").as_string()));
    if (bytes.size() != t.bytes())
      throw ValueError(array.at("file").as_string(), " holds ", bytes.size(), " bytes, expected ", t.bytes(), ".");
    out.inputs.push_back(Tensor::from_bytes(bytes.data(), t.shape(), t.dtype()));
  }
  out.target = out.inputs.back();
  out.inputs.pop_back();
  out.samples = out.target.shape()[0];
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_workloads MODEL.keras DATA.json\n");
    return 2;
  }
  Workload workload = load(argv[1], argv[2]);
  std::printf("ready\n");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string measure;
    double seconds = 0;
    words >> measure >> seconds;
    std::printf("%.9g\n", workload.measure(measure, seconds));
    std::fflush(stdout);
  }
  return 0;
} catch (const Error& e) {
  std::fprintf(stderr, "bench_workloads: %s\n", e.what());
  return 1;
}
