// Loads digits.keras without Python, compares predictions, goes on training from the saved optimizer state, saves.
// Usage: digits MODEL.keras SAMPLES.csv EXPECTED.csv TRAINING.csv OUT.keras
#include <lamina/models.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

using namespace lamina;

static Tensor read_csv(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw IOError("cannot read ", path);
  std::vector<float> values;
  int64_t rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    std::stringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stof(cell));
  }
  return Tensor::of(values, {rows, static_cast<int64_t>(values.size()) / rows});
}

int main(int argc, char** argv) try {
  if (argc != 6) {
    std::fprintf(stderr, "usage: digits MODEL.keras SAMPLES.csv EXPECTED.csv TRAINING.csv OUT.keras\n");
    return 2;
  }
  ModelPtr model = load_model(argv[1]);
  EvaluateArgs quiet;
  quiet.verbose = 0;
  Tensor expected = read_csv(argv[3]), got = model->predict(read_csv(argv[2]), quiet).as_tensor();
  double largest = 0;
  for (int64_t i = 0; i < got.size(); ++i) largest = std::max(largest, std::abs(got.at(i) - expected.at(i)));
  std::printf("C++ and Python predictions of %ld digits, largest difference: %.2e\n", static_cast<long>(got.shape()[0]),
              largest);

  Tensor table = read_csv(argv[4]);
  int64_t n = table.shape()[0];
  std::vector<float> x(n * 64);
  std::vector<int32_t> y(n);
  for (int64_t i = 0; i < n; ++i) {
    for (int j = 0; j < 64; ++j) x[i * 64 + j] = static_cast<float>(table.at(i * 65 + j)) / 16;
    y[i] = static_cast<int32_t>(table.at(i * 65 + 64));
  }
  FitArgs more;
  more.epochs = 2;
  more.verbose = 2;
  model->fit(Tensor::of(x, {n, 64}), Tensor::of(y), more);
  save_model(*model, argv[5]);
  return largest < 1e-5 ? 0 : 1;
} catch (const Error& e) {
  std::fprintf(stderr, "digits: %s\n", e.what());
  return 1;
}
