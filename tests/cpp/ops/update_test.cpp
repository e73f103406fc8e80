// Optimizers' update rules: both engines and the reference agree, the bits are those of the formulas written in
// elementwise primitives, and variables are written over only where nobody else holds their value.
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/core/variable.h"
#include "backends/graph/function.h"
#include "backends/ops/gather/scatter_sum.h"
#include "backends/ops/primitives.h"
#include "backends/ops/update/scatter_update.h"
#include "backends/ops/update/update_group.h"
#include "support/data.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;
using R = UpdateRule;
using namespace prim;

OpCase update_case(R rule, std::vector<Input> states) {
  states.emplace_back(Shape{3, 7});  // the gradient
  states.emplace_back(Shape{}, D::share);
  return OpCase{"prim.Update", states,
                [rule](const Tensors& x) -> Value {
                  List out;
                  for (const Tensor& t : prim::update(rule, {0.9, 0.99, 1e-3}, Tensors(x.begin(), x.end() - 2),
                                                      x[x.size() - 2], x.back()))
                    out.push_back(t);
                  return out;
                }}
      .no_gradient();
}
const Input kAny({3, 7}), kPositive({3, 7}, D::positive), kSmall({3, 7}, D::share);
const CaseTable updates{{
    update_case(R::sgd, {kAny}),
    update_case(R::momentum, {kAny, kAny}),
    update_case(R::nesterov, {kAny, kAny}),
    update_case(R::rmsprop, {kAny, kPositive}),
    update_case(R::rmsprop_momentum, {kAny, kPositive, kAny}),
    update_case(R::rmsprop_centered, {kAny, Input({3, 7}, D::large), kSmall}),
    update_case(R::rmsprop_centered_momentum, {kAny, Input({3, 7}, D::large), kAny, kSmall}),
    update_case(R::adam, {kAny, kAny, kPositive}),
    update_case(R::adam_largest, {kAny, kAny, kPositive, kPositive}),
}};

// The rules in elementwise primitives.
Tensors composed(R rule, double a, double b, double c, Tensors s, const Tensor& g, const Tensor& r) {
  const bool momentum = rule == R::rmsprop_momentum || rule == R::rmsprop_centered_momentum;
  switch (rule) {
    case R::sgd: s[0] = subtract(s[0], multiply(g, r)); break;
    case R::momentum:
    case R::nesterov: {
      Tensor step = multiply(g, r);
      s[1] = subtract(multiply(s[1], a), step);
      s[0] = add(s[0], rule == R::nesterov ? subtract(multiply(s[1], a), step) : s[1]);
      break;
    }
    case R::adam:
    case R::adam_largest: {
      s[1] = add(s[1], multiply(subtract(g, s[1]), 1 - a));
      s[2] = add(s[2], multiply(subtract(square(g), s[2]), 1 - b));
      Tensor v = s[2];
      if (rule == R::adam_largest) v = s[3] = maximum(s[3], v);
      s[0] = subtract(s[0], divide(multiply(s[1], r), add(sqrt(v), c)));
      break;
    }
    default: {
      auto blend = [&](const Tensor& old, const Tensor& now) { return add(multiply(old, a), multiply(now, 1 - a)); };
      Tensor spread = s[1] = blend(s[1], square(g));
      if (rule == R::rmsprop_centered || rule == R::rmsprop_centered_momentum) {
        s.back() = blend(s.back(), g);
        spread = subtract(spread, square(s.back()));
      }
      Tensor step = divide(multiply(g, r), sqrt(add(spread, c)));
      if (momentum) step = s[2] = add(multiply(s[2], b), step);
      s[0] = subtract(s[0], step);
    }
  }
  return s;
}

void expect_same_bits(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.spec(), b.spec()) << what;
  EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.bytes()), 0) << what;
}

// On its device.
const void* memory_of(const Tensor& t) { return t.node()->buffer->data(); }

Tensors states_for(R rule, const Shape& shape, DType type) {
  Tensors out;
  for (int i = 0; i < states_of(rule); ++i) out.push_back(ramp(shape, 1 + 0.3 * i, type));
  if (rule >= R::rmsprop && rule < R::adam) out[1] = add(square(out[1]), 4.0);
  if (rule >= R::adam) out[2] = square(out[2]);
  return out;
}

TEST(Update, BitsOfTheComposedFormula) {
  struct Restore {
    ~Restore() { settings().set_threads(0); }
  } restore;
  const Shape shape{3, 11003};  // several tasks, and an odd end
  for (int k = 0; k < kUpdateRules; ++k)
    for (DType type : {DType::float32, DType::float64})
      for (int threads : {1, 2}) {
        settings().set_threads(threads);
        const R rule = static_cast<R>(k);
        const std::string what = text(name_of(rule), " ", type, ", threads: ", threads);
        Tensors states = states_for(rule, shape, type), before;
        Tensor g = ramp(shape, 0.7, type), rate = Tensor::scalar_of(0.01, type);
        Tensors want = composed(rule, 0.9, 0.99, 1e-7, states, g, rate),
                got = prim::update(rule, {0.9, 0.99, 1e-7}, states, g, rate);
        for (size_t i = 0; i < want.size(); ++i) expect_same_bits(want[i], got[i], what);
        // The same on variables, which are written over, on both engines.
        for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
          Variables variables;
          for (const Tensor& t : states) variables.emplace_back(Tensor::from_bytes(t.raw(), t.shape(), t.dtype()));
          Op op = make_op<UpdateOp>(rule, UpdateConstants{0.9, 0.99, 1e-7});
          Function step(
              [&](std::span<const Tensor> in) -> Tensors {
                update_variables(op, variables, in);
                return {};
              },
              "step", mode);
          const void* memory = memory_of(variables[0].state().value);
          step({g, rate});
          EXPECT_EQ(memory, memory_of(variables[0].state().value)) << what;
          for (size_t i = 0; i < want.size(); ++i) expect_same_bits(want[i], variables[i].value(), what);
        }
      }
}

// An embedding's gradient is never made whole on the graph engine; the sums, and so the bits, are those of the eager
// engine.
TEST(ScatterUpdate, BitsOfTheSumAndTheUpdate) {
  struct Restore {
    ~Restore() { settings().set_threads(0); }
  } restore;
  const int64_t n = 700, width = 13, count = 1200;
  Tensor indices = Tensor::empty({30, 40}, DType::int32);
  for (int64_t i = 0; i < count; ++i)
    indices.mutable_data<int32_t>()[i] =
        static_cast<int32_t>(i * i * 31 % 900 - 100);  // some from the end, some outside, many twice
  for (int k = 0; k < kUpdateRules; ++k)
    for (DType type : {DType::float32, DType::float64, DType::float16})
      for (DType index_type : {DType::int32, DType::int64})
        for (int threads : {1, 2}) {
          settings().set_threads(threads);
          const R rule = static_cast<R>(k);
          const std::string what = text(name_of(rule), " ", type, " ", index_type, ", threads: ", threads);
          Tensors states = states_for(rule, {n, width}, type);
          const Tensors inputs = {cast(indices, index_type), ramp({30, 40, width}, 0.7, type),
                                  Tensor::scalar_of(0.01, type)};
          std::vector<Tensors> results;
          for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
            Variables variables;
            for (const Tensor& t : states) variables.emplace_back(Tensor::from_bytes(t.raw(), t.shape(), t.dtype()));
            Op op = make_op<UpdateOp>(rule, UpdateConstants{0.9, 0.99, 1e-3});
            Function step(
                [&](std::span<const Tensor> in) -> Tensors {
                  const Tensor rest[] = {scatter_sum(in[0], in[1], 0, n), in[2]};
                  update_variables(op, variables, rest);
                  return {};
                },
                "step", mode);
            const void* memory = memory_of(variables[0].state().value);
            for (int i = 0; i < 2; ++i) step(inputs);
            EXPECT_EQ(memory, memory_of(variables[0].state().value)) << what;
            EXPECT_EQ(mode == Function::Mode::graph && settings().device().is_host(),
                      step.dot().find("ScatterUpdate") != std::string::npos)
                << step.dot();
            results.emplace_back();
            for (const Variable& v : variables) results.back().push_back(v.value());
          }
          for (size_t i = 0; i < results[0].size(); ++i) expect_same_bits(results[0][i], results[1][i], what);
        }
}

TEST(ScatterUpdate, GradientsThatSomebodyElseReadsStayWhole) {
  Variable w(ramp({6, 3}));
  Tensor indices = cast(ramp({4}, 1), DType::int32);
  Function step(
      [&](std::span<const Tensor> in) -> Tensors {
        const Tensor gradient = scatter_sum(in[0], in[1], 0, 6), rest[] = {gradient, Tensor::scalar(0.1f)};
        update_variables(make_op<UpdateOp>(R::sgd, UpdateConstants{}), std::span(&w, 1), rest);
        return {reduce(Reduce::sum, square(gradient), {0, 1}, false)};
      },
      "step", Function::Mode::graph);
  step({indices, ramp({4, 3})});
  EXPECT_EQ(step.dot().find("ScatterUpdate"), std::string::npos);
}

TEST(ScatterUpdate, SaysWhatDoesNotFit) {
  const ScatterUpdateOp op(R::momentum, {0.9});
  const TensorSpec table{{6, 3}, DType::float32}, indices{{4}, DType::int32}, rows{{4, 3}, DType::float32},
      rate{{}, DType::float32};
  auto infer = [&](std::vector<TensorSpec> in) { return op.infer(in); };
  EXPECT_EQ(infer({table, table, indices, rows, rate}).size(), 2u);
  EXPECT_THROW(infer({table, indices, rows, rate}), Error);
  EXPECT_THROW(infer({table, table, indices, {{4, 2}, DType::float32}, rate}), Error);
  EXPECT_THROW(infer({table, table, indices, {{5, 3}, DType::float32}, rate}), Error);
  EXPECT_THROW(infer({table, {{6, 2}, DType::float32}, indices, rows, rate}), Error);
}

// Small variables of all rules and dtypes are updated by one kernel, a large one on its own; in place, with the bits of
// single updates.
TEST(UpdateGroup, BitsOfTheSingleUpdates) {
  struct Restore {
    ~Restore() { settings().set_threads(0); }
  } restore;
  for (int threads : {1, 2}) {
    settings().set_threads(threads);
    std::vector<std::vector<Tensor>> results;
    for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
      std::vector<Variables> variables;
      Tensors rest;
      std::vector<Op> ops;
      for (int k = 0; k < kUpdateRules; ++k)
        for (DType type : {DType::float32, DType::float64, DType::float16}) {
          const R rule = static_cast<R>(k);
          const Shape shape = k == 3 ? Shape{90, 1000} : Shape{37 * (k + 1), 11};
          variables.emplace_back();
          for (const Tensor& t : states_for(rule, shape, type)) variables.back().emplace_back(t);
          rest.push_back(ramp(shape, 0.7, type));
          rest.push_back(Tensor::scalar_of(0.01 * (k + 1), type));
          ops.push_back(make_op<UpdateOp>(rule, UpdateConstants{0.9, 0.99, 1e-3}));
        }
      // A last one that does not fill a task.
      variables.push_back({Variable(ramp({5}))});
      rest.push_back(ramp({5}, 0.7));
      rest.push_back(Tensor::scalar(0.01f));
      ops.push_back(make_op<UpdateOp>(R::sgd, UpdateConstants{}));
      Function step(
          [&](std::span<const Tensor> in) -> Tensors {
            for (size_t i = 0; i < ops.size(); ++i) update_variables(ops[i], variables[i], in.subspan(2 * i, 2));
            return {};
          },
          "step", mode);
      step(rest);
      std::vector<const void*> memory;
      for (const Variables& some : variables)
        for (const Variable& v : some) memory.push_back(memory_of(v.state().value));
      step(rest);
      results.emplace_back();
      for (const Variables& some : variables)
        for (const Variable& v : some) results.back().push_back(v.value());
      for (size_t i = 0; i < memory.size(); ++i) EXPECT_EQ(memory[i], memory_of(results.back()[i]));
      if (mode == Function::Mode::graph) {
        const std::string dot = step.dot();
        size_t groups = 0, singles = 0;
        for (size_t at = 0; (at = dot.find("\"Update", at)) != std::string::npos; ++at)
          dot.compare(at, 12, "\"UpdateGroup") == 0 ? ++groups : ++singles;
        EXPECT_EQ(groups, 1u) << dot;
        EXPECT_EQ(singles, 3u) << dot;  // the large one in three dtypes
      }
    }
    for (size_t i = 0; i < results[0].size(); ++i)
      expect_same_bits(results[0][i], results[1][i], text("variable ", i, ", threads: ", threads));
  }
}

TEST(UpdateGroup, WaitsForReadersOfOldValues) {
  Variable w(ramp({40})), b(ramp({3}));
  const Tensor before = reduce(Reduce::sum, w.value(), {0}, false);
  Op sgd = make_op<UpdateOp>(R::sgd, UpdateConstants{});
  Function step(
      [&](std::span<const Tensor> in) -> Tensors {
        const Tensor old = w.value(), rest_w[] = {in[0], in[2]}, rest_b[] = {in[1], in[2]};
        update_variables(sgd, std::span(&w, 1), rest_w);
        update_variables(sgd, std::span(&b, 1), rest_b);
        return {reduce(Reduce::sum, old, {0}, false), w.value()};  // the new value is read too
      },
      "step", Function::Mode::graph);
  const Tensors got = step({ramp({40}, 0.5), ramp({3}, 0.5), Tensor::scalar(0.1f)});
  EXPECT_EQ(got[0].item(), before.item());
  expect_same_bits(got[1], w.value(), "the new value");
}

TEST(UpdateGroup, SaysWhatDoesNotFit) {
  const UpdateGroupOp op({UpdateOp(R::sgd, {}), UpdateOp(R::momentum, {0.9})});
  const TensorSpec table{{6, 3}, DType::float32}, small{{4}, DType::float64}, rate{{}, DType::float32},
      rate64{{}, DType::float64};
  auto infer = [&](std::vector<TensorSpec> in) { return op.infer(in); };
  EXPECT_EQ(infer({table, table, rate, small, small, small, rate64}).size(), 3u);
  EXPECT_THROW(infer({table, table, rate, small, small, small}), Error);
  EXPECT_THROW(infer({table, table, rate, small, small, small, rate64, rate64}), Error);
  EXPECT_THROW(infer({table, table, rate, small, table, small, rate64}), Error);
}

TEST(Update, LeavesTensorsThatSomeoneHolds) {
  for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
    Variable w(ramp({40})), m(ramp({40}));
    Tensor held = w.value(), g = ramp({40}, 0.5), rate = Tensor::scalar(0.1f);
    Tensor copy = Tensor::from_bytes(held.raw(), held.shape(), held.dtype());
    Op op = make_op<UpdateOp>(R::momentum, UpdateConstants{0.9});
    Function step(
        [&](std::span<const Tensor> in) -> Tensors {
          update_variables(op, std::vector<Variable>{w, m}, in);
          return {};
        },
        "step", mode);
    step({g, rate});
    expect_same_bits(held, copy, "held value");
    EXPECT_NE(memory_of(held), memory_of(w.value()));
    // Its own value as the gradient.
    step({w.value(), rate});
    EXPECT_TRUE(std::isfinite(w.value().at(0)));
  }
}

TEST(Update, SaysWhatDoesNotFit) {
  Tensor w = ramp({4}), g = ramp({5}), rate = Tensor::scalar(0.1f);
  EXPECT_THROW(prim::update(R::sgd, {}, {w}, g, rate), Error);
  EXPECT_THROW(prim::update(R::sgd, {}, {w}, w, ramp({1})), Error);
  EXPECT_THROW(prim::update(R::momentum, {}, {w}, w, rate), Error);
  EXPECT_THROW(prim::update(R::sgd, {}, {cast(w, DType::int32)}, cast(w, DType::int32), cast(rate, DType::int32)),
               Error);
  EXPECT_THROW(prim::update(R::sgd, {}, {w}, cast(w, DType::float64), rate), Error);
}

}  // namespace
}  // namespace lamina::testing
