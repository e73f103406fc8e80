// Models on strings in files, without Python.
#include "api/functional.h"
#include "api/model.h"
#include "backends/core/settings.h"
#include "file_support.h"
#include "layers/core/dense.h"
#include "layers/core/input_layer.h"
#include "layers/preprocessing/text/text_vectorization.h"
#include "serialization/models/model_io.h"

namespace lamina {
namespace {

struct Engine {
  explicit Engine(bool graph) : before(settings().graph_engine()) { settings().set_graph_engine(graph); }
  ~Engine() { settings().set_graph_engine(before); }
  bool before;
};

Tensor texts() { return Tensor::of({"A good film!", "bad, bad film", "good"}, {3, 1}); }

TEST(TextModels, ComeBackWithTheirVocabulary) {
  TemporaryDirectory folder;
  const std::string path = folder / "model.keras";
  for (bool graph : {true, false}) {
    Engine engine(graph);
    for (const char* mode : {"count", "int"}) {
      TextVectorizationArgs args;
      args.output_mode = mode;
      if (args.output_mode == "int") args.output_sequence_length = 4;
      Handle<TextVectorizationLayer> vectorize(std::move(args));
      vectorize->adapt({texts()});
      Tensor input = Input({1}, "text", "string");
      Tensor out = Handle<DenseLayer>(DenseArgs{.units = 2})(vectorize(input));
      auto model = std::make_shared<Model>(Value(input), Value(out));
      const Tensor expected = model->predict(Value(texts()), {.verbose = 0}).as_tensor();
      EXPECT_EQ(expected.shape(), (Shape{3, 2}));
      save_model(*model, path);
      ModelPtr loaded = load_model(path);
      const Tensor found = loaded->predict(Value(texts()), {.batch_size = 2, .verbose = 0}).as_tensor();
      for (int64_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(found.at(i), expected.at(i));
    }
  }
}

TEST(TextModels, GiveStrings) {
  Engine engine(true);
  StringLookupArgs args;
  args.vocabulary = List{"no", "yes"};
  args.invert = true;
  Tensor input = Input({1}, "", "int64");
  auto model = std::make_shared<Model>(Value(input), Value(Handle<StringLookupLayer>(std::move(args))(input)));
  const Tensor out =
      model->predict(Value(Tensor::of<int64_t>({2, 1, 0, 7}, {4, 1})), {.batch_size = 3, .verbose = 0}).as_tensor();
  EXPECT_THAT(out.strings(), ::testing::ElementsAre("yes", "no", "[UNK]", "[UNK]"));
}

}  // namespace
}  // namespace lamina
