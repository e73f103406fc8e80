// Control flow: values, gradients of first and second order on both engines, captured tensors, variables, messages.
#include "backends/core/autodiff.h"
#include "backends/core/variable.h"
#include "backends/graph/function.h"
#include "backends/ops/control/control.h"
#include "backends/ops/control/unstack.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;
#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

Value branches(const Tensors& x, const Tensor& pred) {
  return ops::cond(
      pred,
      [&]() -> Value {
        return List{prim::multiply(x[0], x[1]), prim::exp(x[1])};
      },
      [&]() -> Value {
        return List{prim::add(x[0], x[1]), prim::square(x[0])};
      });
}
Tensor positive(const Tensor& t) {
  return prim::binary(Binary::greater, prim::reduce_all(Reduce::sum, t), prim::full({}, 0, t.dtype()));
}

Value decay(const Tensors& x, bool reverse) {  // a captured matrix, a carry and rows
  auto out = ops::scan(
      [&](const Value& c, const Value& row) {
        Tensor h = prim::unary(Unary::tanh, prim::add(prim::matmul(c.as_tensor(), x[2]), row.as_tensor()));
        return ops::Scanned{h, prim::square(h)};
      },
      x[0], x[1], {}, reverse);
  return List{out.carry, out.ys};
}

const CaseTable control{{
    CASE("cond", IN(Input({2, 3}), Input({2, 3})), branches(x, positive(x[0]))),
    CASE("cond", IN(Input({2, 3}), Input({2, 3})), branches(x, positive(prim::negative(x[0])))),
    CASE("switch", IN(Input({2, 3}), Input({2, 3})),
         ops::switch_case(ops::argmax(ops::reshape(x[1], {6})),
                          {[](const List& a) -> Value { return ops::exp(a[0].as_tensor()); },
                           [&](const List& a) -> Value { return ops::multiply(a[0].as_tensor(), x[1]); }},
                          {x[0]}))
        .known_sizes(),
    CASE("while_loop", IN(Input({2, 3})),
         ops::while_loop([](const List& v) -> Value { return ops::less(ops::sum(ops::abs(v[1].as_tensor())), 50.0); },
                         [](const List& v) -> Value {
                           return Value::tuple({ops::add(v[0].as_tensor(), 1), ops::multiply(v[1].as_tensor(), 2.0)});
                         },
                         Value::tuple({0, x[0]})))
        .no_gradient(),
    CASE("fori_loop", IN(Input({2, 3}), Input({3})),
         ops::fori_loop(
             1, 4,
             [&](const Tensor& i, const Value& v) -> Value {
               return ops::multiply(v.as_tensor(), ops::sin(ops::add(x[1], ops::cast(i, x[1].dtype()))));
             },
             x[0])),
    CASE("scan", IN(Input({2, 3}), Input({4, 2, 3}), Input({3, 3})), decay(x, false)).known_sizes(),
    CASE("scan", IN(Input({2, 3}), Input({5, 2, 3}), Input({3, 3})), decay(x, true)).known_sizes(),
    CASE("map", IN(Input({4, 3}), Input({3})),
         ops::map(
             [&](const Value& r) -> Value {
               return Dict{{"a", ops::sum(ops::multiply(r.as_tensor(), x[1]))}, {"b", ops::square(r.as_tensor())}};
             },
             x[0])),
    CASE("vectorized_map", IN(Input({4, 3}), Input({4})),
         ops::vectorized_map(
             [](const Value& r)
                 -> Value { return ops::multiply(r.as_list()[0].as_tensor(), r.as_list()[1].as_tensor()); },
             Value(List{x[0], x[1]}))),
    CASE("associative_scan", IN(Input({7, 2}), Input({7, 2})),
         ops::associative_scan(
             [](const Value& a, const Value& b) -> Value {
               const List &p = a.as_list(), &q = b.as_list();
               return List{ops::multiply(q[0].as_tensor(), p[0].as_tensor()),
                           ops::add(ops::multiply(q[0].as_tensor(), p[1].as_tensor()), q[1].as_tensor())};
             },
             Value(List{x[0], x[1]}))),
    CASE("associative_scan", IN(Input({2, 6})),
         ops::associative_scan(
             [](const Value& a, const Value& b) -> Value { return ops::add(a.as_tensor(), b.as_tensor()); }, x[0], true,
             1)),
    CASE("prim.unstack", IN(Input({3, 2})), Value(prim::unstack(x[0]))).known_sizes(),
}};

// The primitives themselves, which the eager engine only meets here.
Tensor scanned(const Tensors& x) {
  auto body = trace_subfunction(
      [](std::span<const Tensor> s) {
        return Tensors{prim::multiply(s[0], s[1]), prim::add(s[0], s[2])};
      },
      std::vector<TensorSpec>{{{2}, x[0].dtype()}, {{2}, x[0].dtype()}, {{2}, x[0].dtype()}});
  Tensors out = apply(make_op<ScanOp>(body.function, 1, 1, 3, false), {x[0], x[1], x[2]});
  return prim::add(out[0], prim::sum(out[1], {0}));
}
Tensor switched(const Tensors& x) {
  std::vector<TensorSpec> spec{{{2}, x[0].dtype()}};
  auto a = trace_subfunction([](std::span<const Tensor> s) { return Tensors{prim::exp(s[0])}; }, spec),
       b = trace_subfunction([](std::span<const Tensor> s) { return Tensors{prim::square(s[0])}; }, spec);
  return apply1(make_op<SwitchOp>(std::vector<SubFunctionPtr>{a.function, b.function}),
                {prim::full({}, 1, DType::int32), x[0], x[1]});
}
Tensor looped(const Tensors& x) {
  std::vector<TensorSpec> spec{{{2}, x[0].dtype()}};
  auto condition = trace_subfunction([](std::span<const Tensor> s) { return Tensors{positive(s[0])}; }, spec),
       body = trace_subfunction([](std::span<const Tensor> s) { return Tensors{prim::add(s[0], -1)}; }, spec);
  return apply1(make_op<WhileOp>(condition.function, body.function, 1, 100), {x[0]});
}
const CaseTable primitives{{
    CASE("prim.scan", IN(Input({2}), Input({3, 2}), Input({2})), scanned(x)).known_sizes(),
    CASE("prim.switch", IN(Input({2}), Input({2})), switched(x)).known_sizes(),
    CASE("prim.while", IN(Input({2})), looped(x)).known_sizes().no_gradient(),
}};

class Engines : public ::testing::TestWithParam<Function::Mode> {};
INSTANTIATE_TEST_SUITE_P(ControlFlow, Engines, ::testing::Values(Function::Mode::eager, Function::Mode::graph));

TEST_P(Engines, LoopsKeepTheVariablesThatTheirBodiesAssign) {
  Variable count(Tensor::scalar(0.0f)), other(Tensor::scalar(1.0f));
  Function f(
      [&](std::span<const Tensor> x) -> Tensors {
        Value out = ops::while_loop([&](const List&) -> Value { return ops::less(count, 5.0); },
                                    [&](const List& v) -> Value {
                                      count.assign(ops::add(count, 1.0));
                                      return ops::add(v[0].as_tensor(), count);
                                    },
                                    x[0]);
        ops::cond(
            ops::greater(x[0], 0.0),
            [&]() -> Value {
              other.assign(ops::multiply(other, 3.0));
              return {};
            },
            []() -> Value { return {}; });
        auto s = ops::scan(
            [&](const Value& c, const Value&) {
              count.assign(ops::add(count, 10.0));
              return ops::Scanned{c, count.value()};
            },
            0.0, {}, 3);
        return {out.as_tensor(), s.ys.as_tensor(), count.value()};
      },
      "f", GetParam());
  Tensors out = f({Tensor::scalar(2.0f)});
  EXPECT_FLOAT_EQ(out[0].data<float>()[0], 2 + 1 + 2 + 3 + 4 + 5);
  EXPECT_EQ(out[1].to_vector<float>(), (std::vector<float>{15, 25, 35}));
  EXPECT_FLOAT_EQ(out[2].data<float>()[0], 35);
  EXPECT_FLOAT_EQ(count.value().data<float>()[0], 35);
  EXPECT_FLOAT_EQ(other.value().data<float>()[0], 3);
}

TEST_P(Engines, GradientsReachVariablesInsideBodies) {
  Variable w(Tensor::scalar(0.5f));
  Function f(
      [&](std::span<const Tensor> x) -> Tensors {
        TapeScope tape;
        Tensor y =
            ops::fori_loop(
                0, 3, [&](const Tensor&, const Value& v) -> Value { return ops::multiply(v.as_tensor(), w); }, x[0])
                .as_tensor();
        return gradients(std::vector<Tensor>{y}, std::vector<GradientSource>{w});
      },
      "f", GetParam());
  EXPECT_FLOAT_EQ(f({Tensor::scalar(2.0f)})[0].data<float>()[0], 2 * 3 * 0.25f);
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "no error";
}

TEST_P(Engines, WrongFunctionsAreExplained) {
  auto run = [&](auto body) {
    return message_of([&] {
      Function([&](std::span<const Tensor> x) -> Tensors { return flatten_tensors(body(x[0])); }, "f",
               GetParam())({Tensor::of<float>({1, 2})});
    });
  };
  EXPECT_THAT(run([](const Tensor& x) {
                return ops::cond(
                    x, []() -> Value { return 0; }, []() -> Value { return 1; });
              }),
              ::testing::HasSubstr("`pred` must be a scalar, received float32(2,)"));
  EXPECT_THAT(run([](const Tensor& x) {
                return ops::while_loop([](const List&) -> Value { return true; },
                                       [](const List& v) -> Value { return ops::expand_dims(v[0].as_tensor(), 0); }, x);
              }),
              ::testing::AllOf(::testing::HasSubstr("loop_vars: float32(2,)"),
                               ::testing::HasSubstr("the body's result: float32(1, 2)")));
  EXPECT_THAT(
      run([](const Tensor& x) {
        return ops::scan([](const Value& c, const Value&) { return ops::Scanned{List{c, c}, {}}; }, x, {}, 2).carry;
      }),
      ::testing::HasSubstr("[scan] the carry and what `f` gives for it must have the same structure"));
  EXPECT_THAT(run([](const Tensor& x) {
                return ops::scan([](const Value& c, const Value&) { return ops::Scanned{c, {}}; }, 0, x, 3).carry;
              }),
              ::testing::HasSubstr("`length`=3; received 3 and 2"));
}

TEST(ControlFlow, BothBranchesMustAgreeInAGraph) {
  Function f(
      [](std::span<const Tensor> x) -> Tensors {
        return {ops::cond(
                    ops::greater(x[0], 0.0), [&]() -> Value { return x[0]; },
                    [&]() -> Value { return ops::expand_dims(x[0], 0); })
                    .as_tensor()};
      },
      "f", Function::Mode::graph);
  EXPECT_THAT(message_of([&] { f({Tensor::scalar(1.0f)}); }),
              ::testing::HasSubstr("Received true_fn: float32(); false_fn: float32(1,)"));
}

TEST(ControlFlow, ALoopOfUnknownLengthHasNoGradientInAGraph) {
  Function f(
      [](std::span<const Tensor> x) -> Tensors {
        Tensor y = ops::while_loop([](const List& v) -> Value { return ops::less(v[0].as_tensor(), 9.0); },
                                   [](const List& v) -> Value { return ops::multiply(v[0].as_tensor(), 2.0); }, x[0])
                       .as_tensor();
        return gradients(std::vector<Tensor>{y}, std::vector<GradientSource>{x[0]});
      },
      "f", Function::Mode::graph);
  EXPECT_THAT(message_of([&] { f({Tensor::scalar(1.0f)}); }), ::testing::HasSubstr("Use ops.scan, or ops.fori_loop"));
}

TEST(ControlFlow, AScanRunsOnceWhereItsGradientIsTakenToo) {
  Function f(
      [](std::span<const Tensor> x) -> Tensors {
        Tensor y = ops::scan(
                       [](const Value& c, const Value& r) {
                         return ops::Scanned{ops::multiply(c.as_tensor(), r.as_tensor()), {}};
                       },
                       Tensor::scalar(1.0f), x[0])
                       .carry.as_tensor();
        return {y, gradients(std::vector<Tensor>{y}, std::vector<GradientSource>{x[0]})[0]};
      },
      "f", Function::Mode::graph);
  Tensors out = f({Tensor::of<float>({1, 2, 3})});
  EXPECT_EQ(out[1].to_vector<float>(), (std::vector<float>{6, 3, 2}));
  std::string optimised = f.dump().substr(f.dump().find("optimised"));
  EXPECT_EQ(optimised.find("saving=False"), optimised.rfind("saving=False"))
      << optimised;  // the backward scan alone does not save
}

}  // namespace
}  // namespace lamina::testing
