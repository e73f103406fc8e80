// Savers that are killed at any moment leave a whole file, old or new.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <random>
#include <set>
#include <thread>

#include "api/sequential.h"
#include "file_support.h"
#include "layers/core/dense.h"
#include "serialization/formats/hdf5/hdf5_store.h"
#include "serialization/models/model_io.h"

namespace lamina {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kKills = 100;
constexpr int64_t kWidth =
    160;  // 100 KB a layer: a save takes some milliseconds, most of them in the middle of writing

std::shared_ptr<Sequential> network() {
  LayerArgs first;
  first.input_shape = Value(Shape{kWidth});
  std::vector<LayerPtr> layers;
  for (const char* name : {"a", "b", "c"}) {
    LayerArgs args = layers.empty() ? first : LayerArgs{};
    args.name = name;
    layers.push_back(std::make_shared<DenseLayer>(DenseArgs{.units = kWidth}, args));
  }
  auto model = std::make_shared<Sequential>(layers);
  model->build_from(BuildShapes(Dict{{"inputs", Value(Shape{Shape::kUnknown, kWidth})}}));
  return model;
}

void fill(Model& model, float value) {
  Tensors values;
  for (const Variable& v : model.weights())
    values.push_back(Tensor::of(std::vector<float>(static_cast<size_t>(v.shape().elements()), value), v.shape()));
  model.set_weights(values);
}

// What all weights of a whole model are; -1 (and a failure) if they differ.
float value_of(const Model& model) {
  std::set<float> seen;
  for (const Tensor& w : model.get_weights())
    for (int64_t i = 0; i < w.size(); ++i) seen.insert(static_cast<float>(w.at(i)));
  EXPECT_EQ(seen.size(), 1u) << "a file of two models";
  return seen.size() == 1 ? *seen.begin() : -1;
}

struct Shared {  // between the killer and the killed
  std::atomic<int> saves{0};
};

// Kills a child that saves models of growing value, over and over; check() sees what is on the disk each time.
void kill_savers(const std::string& folder, const std::function<void(const Model&)>& save,
                 const std::function<float()>& check) {
  auto* shared = new (mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared;
  auto model = network();
  std::mt19937 random(7);
  float before = 0;
  int advanced = 0, littered = 0;
  fill(*model, 0);
  save(*model);
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    int awaited = shared->saves + kill_number % 2;
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (float value = before + 1;; ++value) {
        fill(*model, value);
        save(*model);
        ++shared->saves;
      }
    }
    for (int i = 0; i < 20000 && shared->saves < awaited; ++i) std::this_thread::sleep_for(200us);
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<>(0, 20000)(random)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the saver ended by itself: a save failed";
    float now = check();
    ASSERT_GE(now, before) << "an old file is back";
    advanced += now > before;
    before = now;
    size_t temporaries = 0;
    for (const auto& entry : fs::directory_iterator(folder)) temporaries += entry.path().extension() == ".tmp";
    ASSERT_LE(temporaries, 1u) << "temporaries of killed savers pile up";
    littered += temporaries > 0;
  }
  EXPECT_GT(shared->saves.load(), kKills / 4);  // the test kills savers that do save, ...
  EXPECT_GT(advanced, kKills / 4);
  EXPECT_GT(littered, 0);  // ... some of them in the middle
  save(*model);
  for (const auto& entry : fs::directory_iterator(folder))
    EXPECT_NE(entry.path().extension(), ".tmp") << "left by the killed: " << entry.path();
  munmap(shared, sizeof(Shared));
}

TEST(KilledSavers, LeaveWholeArchives) {
  TemporaryDirectory folder;
  std::string path = folder / "m.keras";
  kill_savers(
      folder.path(), [&](const Model& m) { save_model(m, path); }, [&] { return value_of(*load_model(path)); });
}

TEST(KilledSavers, LeaveWholeWeights) {
  TemporaryDirectory folder;
  std::string path = folder / "m.weights.h5";
  auto reader = network();
  kill_savers(
      folder.path(), [&](const Model& m) { save_weights(m, path); },
      [&] {
        load_weights(*reader, path);
        return value_of(*reader);
      });
}

TEST(Temporaries, OfLivingSaversStay) {
  TemporaryDirectory folder;
  std::string path = folder / "m.keras";
  AtomicFile first(path);
  first.write("first");
  write_file(path, "second");  // looks for what the killed left, and finds a file in use
  EXPECT_TRUE(fs::exists(first.path()));
  first.commit();
  EXPECT_EQ(read_file(path), "first");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(Temporaries, OfOtherFilesAreNotTouched) {
  TemporaryDirectory folder;
  for (const char* name : {".m.keras.0123456789abcdef.tmp", ".m.keras.0123456789abcde.tmp",
                           ".m.keras.0123456789abcdeX.tmp", ".n.keras.0123456789abcdef.tmp", "m.keras.tmp"})
    write_file(folder / name, "x");
  write_file(folder / "m.keras", "new");
  EXPECT_EQ(folder.count(), 5u);
  EXPECT_FALSE(fs::exists(folder / ".m.keras.0123456789abcdef.tmp"));
}

}  // namespace
}  // namespace lamina
