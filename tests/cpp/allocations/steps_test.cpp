// Serving a model a sample at a time takes nothing from the heap once it is warm. A program of its own: it counts what
// operator new and aligned_alloc (the caching allocator's source) are asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "api/sequential.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "layers/core/dense.h"
#include "layers/rnn/rnn.h"
#include "serialization/objects/object_config.h"

namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* p = nullptr;
  if (posix_memalign(&p, std::max(alignment, sizeof(void*)), size) != 0) throw std::bad_alloc();
  return p;
}
}  // namespace

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  void* p = nullptr;
  return posix_memalign(&p, alignment, size) == 0 ? p : nullptr;
}

void* operator new(std::size_t size) { return counted(size, 1); }
void* operator new[](std::size_t size) { return counted(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace lamina {
namespace {

LayerPtr layer(const std::string& class_name, Dict config) {
  return std::dynamic_pointer_cast<Layer>(
      get_object(Dict{{"class_name", class_name}, {"config", std::move(config)}}, "keras.layers"));
}

constexpr int64_t kSteps = 20, kFeatures = 3, kUnits = 8;

std::shared_ptr<Sequential> model(const std::string& kind, bool stateful) {
  Dict config{{"units", kUnits}, {"return_sequences", true}, {"stateful", stateful}};
  return std::make_shared<Sequential>(std::vector<LayerPtr>{
      layer("InputLayer", {{"batch_shape", Value::tuple({1, stateful ? Value(1) : Value(kSteps), kFeatures})}}),
      layer(kind, config), Dense({.units = 2})});
}

// As many allocations as fn makes.
template <class F>
long allocated(F&& fn) {
  const long before = allocations;
  fn();
  return allocations - before;
}

class Steps : public testing::TestWithParam<std::string> {};

TEST_P(Steps, OfAStatefulModelEqualTheWholeSequence) {
  std::vector<float> numbers;
  for (int64_t i = 0; i < kSteps * kFeatures; ++i) numbers.push_back(static_cast<float>(i * 37 % 41) / 20 - 1);
  const Tensor x = Tensor::of(numbers, {1, kSteps, kFeatures});
  auto whole = model(GetParam(), false), stepped = model(GetParam(), true);
  stepped->set_weights(whole->get_weights());
  const Tensor expected = (*whole)(x, false);
  std::vector<Tensor> samples;
  for (int64_t t = 0; t < kSteps; ++t)
    samples.push_back(Tensor::of(
        std::vector<float>(numbers.begin() + t * kFeatures, numbers.begin() + (t + 1) * kFeatures), {1, 1, kFeatures}));
  for (const char* engine : {"graph", "eager"}) {
    const bool graph = std::string(engine) == "graph";
    settings().set_graph_engine(graph);
    // Twice: a state that was reset starts anew.
    for (int round = 0; round < 2; ++round) {
      dynamic_cast<RnnLayer&>(*stepped->get_layer(0)).reset_state();
      for (int64_t t = 0; t < kSteps; ++t) {
        Tensor y;
        const long taken = allocated([&] { y = (*stepped)(samples[t], false); });
        for (int64_t i = 0; i < 2; ++i) EXPECT_NEAR(y.at(i), expected.at(t * 2 + i), 1e-6) << engine << ", step " << t;
        if (graph && round == 1) { EXPECT_EQ(taken, 0) << "step " << t; }
      }
    }
  }
  settings().set_graph_engine(true);
}

TEST_P(Steps, ThroughPredictOnBatchTakeNothingFromTheHeap) {
  auto stepped = model(GetParam(), true);
  const Tensor x = Tensor::of(std::vector<float>{0.5f, -1, 2}, {1, 1, kFeatures});
  for (int i = 0; i < 5; ++i) stepped->predict_on_batch(x);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(allocated([&] { stepped->predict_on_batch(x); }), 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Steps, testing::Values("SimpleRNN", "LSTM", "GRU"));

TEST(Steps, OfADenseModelTakeNothingFromTheHeap) {
  auto net = std::make_shared<Sequential>(std::vector<LayerPtr>{
      Dense({.units = 32, .activation = "relu"}, {.input_shape = Value::tuple({16})}), Dense({.units = 4})});
  const Tensor x = Tensor::of(std::vector<float>(16, 0.5f), {1, 16});
  for (int i = 0; i < 5; ++i) (*net)(x, false);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(allocated([&] { (*net)(x, false); }), 0);
}

// Convolutions take what oneDNN takes for its own book-keeping where it runs them, and nothing more. The least of many
// calls: a thread of the pool that comes to a piece for the first time makes oneDNN's descriptions for itself.
TEST(Steps, OfAConvolutionalModelTakeLittleFromTheHeap) {
  auto net = std::make_shared<Sequential>(std::vector<LayerPtr>{
      layer("InputLayer", {{"shape", Value::tuple({28, 28, 1})}}),
      layer("Conv2D", {{"filters", 32}, {"kernel_size", 3}, {"activation", "relu"}}), layer("MaxPooling2D", {}),
      layer("Conv2D", {{"filters", 64}, {"kernel_size", 3}, {"strides", 2}, {"activation", "relu"}}),
      layer("MaxPooling2D", {}), layer("Flatten", {}), Dense({.units = 10})});
  const Tensor x = prim::full({1, 28, 28, 1}, 0.5, DType::float32);
  for (int i = 0; i < 5; ++i) net->predict_on_batch(x);
  long least = allocated([&] { net->predict_on_batch(x); });
  for (int i = 0; i < 30; ++i) least = std::min(least, allocated([&] { net->predict_on_batch(x); }));
  EXPECT_LE(least, 24);  // of oneDNN's, for one convolution in pieces
}

}  // namespace
}  // namespace lamina
