// Trains the net of tests/python/test_same_bits.py from a seed and prints what came out, bit by bit: a line of
// hexadecimal bytes for each list of the history and each weight. Usage: train_seeded DIGITS.csv
#include <cstdio>
#include <fstream>
#include <sstream>

#include "api/sequential.h"
#include "backends/ops/random/seed_generator.h"
#include "layers/core/dense.h"
#include "serialization/objects/object_config.h"

using namespace lamina;

static void print_bytes(const std::string& name, const void* data, size_t size) {
  std::printf("%s ", name.c_str());
  for (size_t i = 0; i < size; ++i) std::printf("%02x", static_cast<const unsigned char*>(data)[i]);
  std::printf("\n");
}

// Rows of 64 pixels and a label.
static std::pair<Tensor, Tensor> read_digits(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw IOError("cannot read ", path);
  std::vector<float> x;
  std::vector<int32_t> y;
  for (std::string line; std::getline(file, line);) {
    std::stringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) x.push_back(std::stof(cell) / 16);
    y.push_back(static_cast<int32_t>(x.back() * 16));
    x.pop_back();
  }
  return {Tensor::of(x, {static_cast<int64_t>(y.size()), 64}), Tensor::of(y)};
}

static LayerPtr layer(const char* class_name, Dict config) {
  return std::dynamic_pointer_cast<Layer>(
      get_object(Dict{{"class_name", class_name}, {"config", std::move(config)}}, "keras.layers"));
}

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: train_seeded DIGITS.csv\n");
    return 2;
  }
  auto [x, y] = read_digits(argv[1]);
  set_random_seed(11);
  // In this order: layers draw their seeds when they are made.
  auto model = std::make_shared<Sequential>(std::vector<LayerPtr>{
      Dense({.units = 32, .activation = "relu"}, {.input_shape = Value::tuple({64})}),
      layer("Dropout", {{"rate", 0.3}}),
      Dense({.units = 10, .activation = "softmax"}),
  });
  CompileArgs how;
  how.optimizer = "adam";
  how.loss = "sparse_categorical_crossentropy";
  how.metrics = List{"accuracy"};
  model->compile(how);
  FitArgs fit;
  fit.epochs = 3;
  fit.verbose = 0;
  auto history = model->fit(x, y, fit);
  for (const auto& [name, values] : history->history) {
    std::vector<double> numbers;
    for (const Value& v : values.as_list()) numbers.push_back(v.as_number());
    print_bytes(name, numbers.data(), numbers.size() * sizeof(double));
  }
  for (const Tensor& w : model->get_weights()) print_bytes("weight", w.raw(), w.bytes());
  return 0;
} catch (const Error& e) {
  std::fprintf(stderr, "train_seeded: %s\n", e.what());
  return 1;
}
