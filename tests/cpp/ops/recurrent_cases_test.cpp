// The fused recurrences against their composition and against central differences; rows of any count, masks, both
// directions.
#include "backends/core/kernel.h"
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "backends/ops/recurrent/recurrent.h"
#include "backends/ops/recurrent/recurrent_composed.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;

// Inputs: x, h0, c0 of lstm, kernel, bias, the mask.
OpCase recurrence(Recurrence kind, RecurrenceOptions o, int64_t batch = 3, int64_t steps = 3, int64_t units = 2) {
  const int64_t wide = gates_of(kind) * units;
  std::vector<Input> in{Input({batch, steps, wide}), Input({batch, units})};
  if (kind == Recurrence::lstm) in.push_back(Input({batch, units}));
  in.push_back(Input({units, wide}, D::unit));
  in.push_back(Input(kind == Recurrence::gru ? Shape{2, wide} : Shape{wide}));
  if (o.masked) in.push_back(Input({batch, steps}, D::boolean));
  OpCase c{"prim.recurrent", in, [=](const Tensors& x) -> Value {
             const bool lstm = kind == Recurrence::lstm;
             const size_t k = lstm ? 3 : 2;
             Tensors out = prim::recurrent(kind, o, x[0], x[1], lstm ? x[2] : Tensor(), x[k], x[k + 1],
                                           o.masked ? x[k + 2] : Tensor());
             out.resize(static_cast<size_t>(1 + states_of(kind)));
             return Value(out);
           }};
  return c.known_sizes();
}

const CaseTable cases{{
    recurrence(Recurrence::simple, {}),
    recurrence(Recurrence::simple, {.masked = true, .reverse = true}),
    recurrence(Recurrence::simple, {.masked = true, .zero_masked = true, .sequences = false}),
    recurrence(Recurrence::lstm, {}),
    recurrence(Recurrence::lstm, {.masked = true, .zero_masked = true}),
    recurrence(Recurrence::lstm, {.masked = true, .reverse = true}),
    recurrence(Recurrence::lstm, {.reverse = true, .sequences = false}),
    recurrence(Recurrence::gru, {}),
    recurrence(Recurrence::gru, {.masked = true, .zero_masked = true, .reverse = true}),
    recurrence(Recurrence::gru, {.masked = true, .sequences = false}),
}};

class Fused : public ::testing::TestWithParam<std::tuple<Recurrence, int>> {};
INSTANTIATE_TEST_SUITE_P(Recurrent, Fused,
                         ::testing::Combine(::testing::Values(Recurrence::simple, Recurrence::lstm, Recurrence::gru),
                                            ::testing::Range(0, 11)));

Tensors run_kernel(const char* name, const Primitive& op, const Tensors& inputs) {
  std::vector<TensorSpec> in;
  std::vector<const void*> from;
  for (const Tensor& t : inputs) in.push_back(t.spec()), from.push_back(t.raw());
  std::vector<TensorSpec> specs = op.infer(in);
  Tensors out;
  std::vector<void*> to;
  for (const TensorSpec& s : specs)
    out.push_back(Tensor::empty(s.shape, s.dtype)), to.push_back(out.back().mutable_raw());
  BoundKernel k = bind_kernel_named(Device::cpu, name, {op, in, specs, {}});
  BufferPtr scratch = allocate(k.scratch_bytes + 64);
  k.run(from.data(), to.data(), scratch->data());
  return out;
}

void expect_near(const Tensors& a, const Tensors& b, float tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].shape(), b[i].shape()) << i;
    for (int64_t k = 0; k < a[i].size(); ++k)
      ASSERT_NEAR(a[i].at(k), b[i].at(k), tolerance) << "output " << i << ", element " << k;
  }
}

// Sizes around tiles and panels, where the vector code takes another way than the plain loops.
TEST_P(Fused, TheVectorCodeAgreesWithTheCompositionForwardAndBackward) {
  auto [kind, which] = GetParam();
  struct {
    int64_t batch, steps, units;
    RecurrenceOptions o;
  } sizes[] = {{1, 9, 1, {}},
               {2, 5, 7, {.reverse = true}},
               {3, 4, 8, {.masked = true}},
               {5, 3, 9, {.masked = true, .zero_masked = true, .reverse = true}},
               {16, 2, 33, {.sequences = false}},
               {33, 3, 20, {.masked = true, .sequences = false}},
               {2, 1, 5, {}},
               {7, 3, 150, {.masked = true}},
               {1, 9, 203, {}},
               {1, 12, 190, {.masked = true, .zero_masked = true, .reverse = true}},
               {1, 11, 97, {.masked = true, .sequences = false}}};  // one row: its units on two threads
  const auto [batch, steps, units, o] = sizes[which];
  OpCase c = recurrence(kind, o, batch, steps, units);
  Tensors inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i)
    inputs.push_back(make_input(c.inputs[i], DType::float32, static_cast<int>(i)));
  const size_t kernel = kind == Recurrence::lstm ? 3 : 2;
  inputs[kernel] = prim::multiply(inputs[kernel], 1.0 / static_cast<double>(units));
  const size_t states = static_cast<size_t>(states_of(kind));
  RecurrentOp op(kind, o, true);
  Tensors fast = run_kernel("steps", op, inputs), composed = composed_recurrent(kind, o, inputs),
          plain = run_kernel("reference", op, inputs);
  expect_near(plain, fast, 2e-6f);
  for (size_t i : {size_t{0}, size_t{1}, states}) expect_near({composed[i]}, {fast[i]}, 2e-6f);
  Tensors grad_inputs{inputs[kernel]};
  if (kind == Recurrence::lstm) grad_inputs.push_back(inputs[2]);
  grad_inputs.insert(grad_inputs.end(), composed.begin() + static_cast<long>(1 + states), composed.end());
  for (size_t i = 0; i <= states; ++i)
    grad_inputs.push_back(make_input(Input(composed[i].shape()), DType::float32, static_cast<int>(i) + 5));
  if (o.masked) grad_inputs.push_back(inputs.back());
  RecurrentGradOp grad(kind, o);
  Tensors back = composed_recurrent_grad(kind, o, grad_inputs);
  expect_near(back, run_kernel("reference", grad, grad_inputs), 1e-4f);
  expect_near(back, run_kernel("steps", grad, grad_inputs), 1e-4f);
}

TEST(Recurrent, StepsOneAtATimeGiveTheWholeSequence) {
  for (Recurrence kind : {Recurrence::simple, Recurrence::lstm, Recurrence::gru}) {
    OpCase c = recurrence(kind, {}, 2, 40, 24);
    Tensors in;
    for (size_t i = 0; i < c.inputs.size(); ++i)
      in.push_back(make_input(c.inputs[i], DType::float32, static_cast<int>(i)));
    const bool lstm = kind == Recurrence::lstm;
    auto run = [&](const Tensor& x, const Tensor& h, const Tensor& cell) {
      return prim::recurrent(kind, {}, x, h, cell, in[lstm ? 3 : 2], in[lstm ? 4 : 3], {});
    };
    Tensors whole = run(in[0], in[1], lstm ? in[2] : Tensor());
    Tensor h = in[1], cell = lstm ? in[2] : Tensor();
    for (int64_t t = 0; t < 40; ++t) {
      Tensors step = run(prim::slice_axis(in[0], 1, t, t + 1), h, cell);
      h = step[1];
      if (lstm) cell = step[2];
      expect_near({prim::slice_axis(whole[0], 1, t, t + 1)}, {step[0]}, 1e-6f);
    }
  }
}

TEST(Recurrent, ShapesThatDoNotFitAreNamed) {
  auto message = [](const Tensors& in) {
    try {
      prim::recurrent(Recurrence::lstm, {}, in[0], in[1], in[2], in[3], in[4], {});
    } catch (const Error& e) { return std::string(e.what()); }
    return std::string("no error");
  };
  auto zeros = [](const Shape& s, DType t = DType::float32) { return prim::full(s, 0, t); };
  EXPECT_THAT(message({zeros({2, 3, 8}), zeros({2, 2}), zeros({2, 3}), zeros({2, 8}), zeros({8})}),
              ::testing::HasSubstr("c0 must be float32(2, 2), received float32(2, 3)"));
  EXPECT_THAT(message({zeros({2, 8}), zeros({2, 2}), zeros({2, 2}), zeros({2, 8}), zeros({8})}),
              ::testing::HasSubstr("x must have three axes (batch, steps, gates * units)"));
  EXPECT_THAT(message({zeros({2, 3, 8}, DType::float16), zeros({2, 2}), zeros({2, 2}), zeros({2, 8}), zeros({8})}),
              ::testing::HasSubstr("needs float32 or float64"));
}

}  // namespace
}  // namespace lamina::testing
