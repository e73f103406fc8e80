// Recurrences with their inputs' product: the op against central differences and against the product and RecurrentOp,
// and when a device's library is asked.
#include "backends/core/autodiff.h"
#include "backends/core/device.h"
#include "backends/core/settings.h"
#include "backends/core/warning.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "backends/ops/recurrent/whole_recurrence.h"
#include "layers/layer.h"
#include "serialization/objects/object_config.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;

std::vector<Input> inputs_of(Recurrence kind, int64_t batch = 2, int64_t steps = 3, int64_t width = 4,
                             int64_t units = 2) {
  const int64_t wide = gates_of(kind) * units;
  std::vector<Input> in{Input({batch, steps, width}), Input({batch, units})};
  if (kind == Recurrence::lstm) in.push_back(Input({batch, units}));
  in.insert(in.end(), {Input({width, wide}, D::unit), Input({units, wide}, D::unit),
                       Input(kind == Recurrence::gru ? Shape{2, wide} : Shape{wide})});
  return in;
}
Tensors as_parts(Recurrence kind, const RecurrenceOptions& o, const Tensors& x) {
  const size_t w = kind == Recurrence::lstm ? 3 : 2;
  const Shape s = x[0].shape();
  Tensor multiplied =
      prim::reshape(prim::matmul(prim::reshape(x[0], {s[0] * s[1], s[2]}), x[w]), {s[0], s[1], x[w].shape()[1]});
  Tensors out = prim::recurrent(kind, o, multiplied, x[1], w == 3 ? x[2] : Tensor(), x[w + 1], x[w + 2], {});
  out.resize(static_cast<size_t>(1 + states_of(kind)));
  return out;
}

OpCase whole(Recurrence kind) {
  return OpCase{"prim.whole_recurrent", inputs_of(kind),
                [=](const Tensors& x) -> Value {
                  Tensors out = lamina::apply(make_op<WholeRecurrentOp>(kind, 5, false), x);
                  out.resize(static_cast<size_t>(1 + states_of(kind)));
                  return Value(out);
                }}
      .known_sizes();
}
const CaseTable cases{{whole(Recurrence::simple), whole(Recurrence::lstm), whole(Recurrence::gru)}};

// A library for the device in use: it takes an even number of units.
int64_t takes_even(Device, const RecurrenceSizes& s) {
  if (s.units % 2) throw UnsupportedError("its units are odd.");
  return s.batch * s.steps;
}

struct Warnings {
  std::vector<std::string> told;
  Warnings() {
    set_warning_function([this](const std::string& message) { told.push_back(message); });
  }
  ~Warnings() { set_warning_function({}); }
};

class ByLibrary : public ::testing::TestWithParam<Recurrence> {};
INSTANTIATE_TEST_SUITE_P(Kinds, ByLibrary, ::testing::Values(Recurrence::simple, Recurrence::lstm, Recurrence::gru));

// The library of the device in use (cuDNN), or one that has no kernels of its own.
TEST_P(ByLibrary, GivesWhatThePartsGiveInBothDirectionsWithGradients) {
  const Recurrence kind = GetParam();
  std::optional<RecurrenceLibraryRegistration> registration;
  if (!prim::recurrence_library()) registration.emplace(settings().device().kind, "a test", takes_even);
  Tensors x;
  const std::vector<Input> in = inputs_of(kind);
  for (size_t i = 0; i < in.size(); ++i) x.push_back(make_input(in[i], DType::float64, static_cast<int>(i)));
  const size_t w = kind == Recurrence::lstm ? 3 : 2;
  for (bool reverse : {false, true})
    for (bool sequences : {false, true})
      for (bool graph : {false, true}) {
        const RecurrenceOptions o{.reverse = reverse, .sequences = sequences};
        auto value_and_gradients = [&](bool library) {
          auto body = [&](std::span<const Tensor> a) {
            TapeScope tape;
            Tensors y = library ? prim::recurrent_by_library(kind, o, a[0], a[1], w == 3 ? a[2] : Tensor(), a[w],
                                                             a[w + 1], a[w + 2], {})
                                : as_parts(kind, o, {a.begin(), a.end()});
            EXPECT_FALSE(y.empty());
            Tensor total = prim::reduce_all(Reduce::sum, prim::square(y[0]));
            std::vector<GradientSource> sources(a.begin(), a.end());
            Tensors out = gradients({&total, 1}, sources, {});
            // And the gradient of the gradients' sizes, as gradient penalties have it.
            Tensor penalty = prim::full({}, 0, DType::float64);
            for (const Tensor& g : out) penalty = prim::add(penalty, prim::reduce_all(Reduce::sum, prim::square(g)));
            const Tensors second = gradients({&penalty, 1}, sources, {});
            out.insert(out.end(), second.begin(), second.end());
            out.push_back(y[0]);
            out.push_back(y[1]);
            return out;
          };
          Function f([&](std::span<const Tensor> a) { return body(a); }, "recurrence",
                     graph ? Function::Mode::graph : Function::Mode::eager);
          return f(x);
        };
        const Tensors a = value_and_gradients(true), b = value_and_gradients(false);
        ASSERT_EQ(a.size(), b.size());
        for (size_t i = 0; i < a.size(); ++i) {
          ASSERT_EQ(a[i].shape(), b[i].shape()) << i;
          for (int64_t k = 0; k < a[i].size(); ++k)
            ASSERT_NEAR(a[i].at(k), b[i].at(k), 1e-11) << "output " << i << " element " << k << " reverse " << reverse
                                                       << " sequences " << sequences << " graph " << graph;
        }
      }
}

TEST(ByLibrary, SaysOnceWhyItWasNotAsked) {
  if (prim::recurrence_library()) GTEST_SKIP() << "this device has a library of its own";
  auto ask = [](int64_t units, const Tensor& mask) {
    Tensors x;
    const std::vector<Input> in = inputs_of(Recurrence::gru, 2, 3, 4, units);
    for (size_t i = 0; i < in.size(); ++i) x.push_back(make_input(in[i], DType::float32, static_cast<int>(i)));
    return prim::recurrent_by_library(Recurrence::gru, {}, x[0], x[1], {}, x[2], x[3], x[4], mask);
  };
  Warnings warnings;
  EXPECT_FALSE(prim::recurrence_library());
  EXPECT_TRUE(ask(2, {}).empty());
  prim::warn_of_no_library(Recurrence::gru, "its activation is not tanh.");
  EXPECT_TRUE(warnings.told.empty());  // no library: nothing to say
  const RecurrenceLibraryRegistration registration(settings().device().kind, "a test", takes_even);
  EXPECT_TRUE(prim::recurrence_library());
  EXPECT_EQ(ask(2, {}).size(), 2u);
  EXPECT_TRUE(warnings.told.empty());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(ask(3, {}).empty());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(ask(2, prim::full({2, 3}, 1, DType::boolean)).empty());
  prim::warn_of_no_library(Recurrence::gru, "its activation is not tanh.");
  ASSERT_EQ(warnings.told.size(), 3u);
  EXPECT_THAT(warnings.told[0], ::testing::HasSubstr("runs without a test: its units are odd."));
  EXPECT_THAT(warnings.told[1], ::testing::HasSubstr("it has a mask."));
  EXPECT_THAT(warnings.told[2], ::testing::HasSubstr("its activation is not tanh."));
}

// An LSTM layer asks the library by its use_cudnn.
TEST(ByLibrary, LayersAskAsTheyAreTold) {
  if (prim::recurrence_library()) GTEST_SKIP() << "this device has a library of its own";
  const Tensor x = make_input(Input({2, 3, 4}), DType::float32, 0);
  auto call = [&](const Value& use_cudnn, int64_t units, const char* activation = "tanh") {
    Dict config{{"units", units},
                {"use_cudnn", use_cudnn},
                {"activation", activation},
                {"kernel_initializer", "ones"},
                {"recurrent_initializer", "ones"}};
    auto layer = get_object(
        Value(
            Dict{{"module", "keras.layers"}, {"class_name", "LSTM"}, {"config", config}, {"registered_name", Value()}}),
        "keras.layers");
    return (*std::dynamic_pointer_cast<Layer>(layer))(x);
  };
  const Tensor alone = call("auto", 2);
  EXPECT_THROW(call(true, 2), Error);  // no library
  Warnings warnings;
  static int asked;
  asked = 0;
  const RecurrenceLibraryRegistration registration(settings().device().kind, "another test",
                                                   [](Device d, const RecurrenceSizes& s) {
                                                     ++asked;
                                                     return takes_even(d, s);
                                                   });
  for (const Value& choice : {Value("auto"), Value(true)}) {
    const Tensor y = call(choice, 2);
    for (int64_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y.at(i), alone.at(i), 1e-6);
  }
  EXPECT_EQ(asked, 2);
  call(false, 2);
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(warnings.told.empty());
  EXPECT_THROW(call(true, 3), Error);          // which the library refuses
  EXPECT_THROW(call(true, 2, "relu"), Error);  // which takes its steps one by one
  warnings.told.clear();
  call("auto", 2, "relu");
  call(false, 2, "relu");
  ASSERT_EQ(warnings.told.size(), 1u);
  EXPECT_THAT(warnings.told[0], ::testing::HasSubstr("its activation is not tanh."));
}

TEST(ByLibrary, ShapesThatDoNotFitAreNamed) {
  auto zeros = [](const Shape& s) { return prim::full(s, 0, DType::float32); };
  try {
    lamina::apply(make_op<WholeRecurrentOp>(Recurrence::lstm, 0, false),
                  Tensors{zeros({2, 3, 4}), zeros({2, 2}), zeros({2, 2}), zeros({5, 8}), zeros({2, 8}), zeros({8})});
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("the input kernel must be float32(4, 8), received float32(5, 8)"));
  }
}

}  // namespace
}  // namespace lamina::testing
