// Recurrences with int8 products: every kernel and the composition give the same, and gradients are those of the
// composition.
#include "backends/ops/int8_recurrent/int8_recurrent.h"
#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/kernel.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;

// Inputs: x, h0, c0 of lstm, what becomes the kernel's integers, its scale, bias, the mask.
struct Case {
  Recurrence kind;
  RecurrenceOptions options;
  int64_t batch = 3, steps = 3, units = 5;
  int64_t wide() const { return gates_of(kind) * units; }
  size_t kernel() const { return kind == Recurrence::lstm ? 3 : 2; }
  std::vector<Input> inputs() const {
    std::vector<Input> in{Input({batch, steps, wide()}), Input({batch, units}, D::unit)};
    if (kind == Recurrence::lstm) in.push_back(Input({batch, units}));
    in.push_back(Input({units, wide()}, D::unit));
    in.push_back(Input({wide()}, D::share));
    in.push_back(Input(kind == Recurrence::gru ? Shape{2, wide()} : Shape{wide()}));
    if (options.masked) in.push_back(Input({batch, steps}, D::boolean));
    return in;
  }
  // From those: integers over int8's range, and scales that bring them near one.
  Tensors made(Tensors in) const {
    const DType dtype = in[0].dtype();
    in[kernel()] = prim::cast(prim::multiply(in[kernel()], 140.0), DType::int8);
    in[kernel() + 1] =
        prim::add(prim::multiply(in[kernel() + 1], 90.0), prim::full({}, 40.0 * std::sqrt(units), dtype));
    return in;
  }
  Tensors run(const Tensors& in) const {
    const size_t k = kernel();
    Tensors out = prim::recurrent_int8(kind, options, {}, in[0], in[1], k == 3 ? in[2] : Tensor(), in[k], in[k + 1],
                                       in[k + 2], options.masked ? in[k + 3] : Tensor());
    out.resize(static_cast<size_t>(1 + states_of(kind)));
    return out;
  }
  OpCase op_case() const {
    return OpCase{"prim.int8_recurrent", inputs(), [*this](const Tensors& x) -> Value { return Value(run(made(x))); }}
        .no_gradient()  // central differences see the steps of integers; the tests below compare with the composition
        .known_sizes();
  }
};

const std::vector<Recurrence> kKinds{Recurrence::simple, Recurrence::lstm, Recurrence::gru};

std::vector<OpCase> op_cases() {
  std::vector<OpCase> out;
  for (Recurrence kind : kKinds) {
    out.push_back(Case{kind, {}}.op_case());
    out.push_back(Case{kind, {.masked = true, .zero_masked = true, .reverse = true}}.op_case());
    out.push_back(Case{kind, {.masked = true, .sequences = false}}.op_case());
  }
  return out;
}
const CaseTable cases{op_cases()};

Tensors inputs_of(const Case& c, DType dtype) {
  Tensors in;
  const std::vector<Input> described = c.inputs();
  for (size_t i = 0; i < described.size(); ++i) in.push_back(make_input(described[i], dtype, static_cast<int>(i)));
  return c.made(in);
}

Tensors run_kernel(const char* name, const Primitive& op, const Tensors& inputs, bool prepared = false) {
  std::vector<TensorSpec> in;
  std::vector<const void*> from;
  for (const Tensor& t : inputs) in.push_back(t.spec()), from.push_back(t.raw());
  const std::vector<TensorSpec> specs = op.infer(in);
  Tensors out;
  std::vector<void*> to;
  for (const TensorSpec& s : specs)
    out.push_back(Tensor::empty(s.shape, s.dtype)), to.push_back(out.back().mutable_raw());
  const BoundKernel k = bind_kernel_named(Device::cpu, name, {op, in, specs, {}});
  const BufferPtr scratch = allocate(k.scratch_bytes + 64);
  if (!prepared) return k.run(from.data(), to.data(), scratch->data()), out;
  const auto input = static_cast<size_t>(k.preparation->input);
  const BufferPtr packed = allocate(k.preparation->bytes + 64);
  k.preparation->make(from[input], packed->data());
  from[input] = packed->data();
  k.preparation->run(from.data(), to.data(), scratch->data());
  return out;
}

void expect_near(const Tensors& a, const Tensors& b, double tolerance, const char* what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].shape(), b[i].shape()) << what << i;
    for (int64_t k = 0; k < a[i].size(); ++k)
      ASSERT_NEAR(a[i].at(k), b[i].at(k), tolerance) << what << " output " << i << ", element " << k;
  }
}

std::vector<Case> sizes() {
  std::vector<Case> out;
  for (Recurrence kind : kKinds)
    for (const Case& c : std::vector<Case>{{kind, {}, 1, 4, 1},
                                           {kind, {.reverse = true}, 2, 5, 7},
                                           {kind, {.masked = true}, 3, 4, 8},
                                           {kind, {.masked = true, .zero_masked = true, .reverse = true}, 5, 3, 9},
                                           {kind, {.sequences = false}, 16, 2, 33},
                                           {kind, {.masked = true, .sequences = false}, 33, 3, 20},
                                           {kind, {}, 1, 4, 370},  // one row: its units on two threads
                                           {kind, {.masked = true}, 1, 4, 201}})
      out.push_back(c);
  return out;
}

// A state next to the middle between two integers may become either of them in two ways of computing it, so that all
// that follows differs by a step; at these sizes and steps a step is small.
TEST(Int8Recurrent, KernelsAgreeWithTheComposition) {
  for (const Case& c : sizes()) {
    const Tensors in = inputs_of(c, DType::float32);
    const Int8RecurrentOp op(c.kind, c.options, {}, true);
    const Tensors composed = composed_int8_recurrent(op, in), fast = run_kernel("steps", op, in),
                  plain = run_kernel("reference", op, in);
    expect_near(run_kernel("steps", op, in, true), fast, 0, "prepared");
    const size_t results = static_cast<size_t>(1 + states_of(c.kind));
    for (size_t i = 0; i < results; ++i) {
      expect_near(Tensors{composed[i]}, Tensors{fast[i]}, 0.01, "composed and steps");
      expect_near(Tensors{composed[i]}, Tensors{plain[i]}, 0.01, "composed and reference");
    }
    // One step has no state that was computed: nothing can fall to another side.
    Case first = c;
    first.steps = 1;
    const Tensors one = inputs_of(first, DType::float32);
    expect_near(run_kernel("reference", op, one), run_kernel("steps", op, one), 2e-6, "one step");
  }
}

// The same bits on one thread and several.
TEST(Int8Recurrent, DoesNotDependOnThreads) {
  for (const Case& c : {Case{Recurrence::lstm, {}, 1, 6, 300}, Case{Recurrence::gru, {}, 40, 3, 20}}) {
    const Tensors in = inputs_of(c, DType::float32);
    const Int8RecurrentOp op(c.kind, c.options, {}, false);
    const int before = settings().threads();
    settings().set_threads(1);
    const Tensors one = run_kernel("steps", op, in);
    settings().set_threads(3);
    const Tensors three = run_kernel("steps", op, in);
    settings().set_threads(before);
    expect_near(one, three, 0, "threads");
  }
}

// First and second derivatives, in float64, are those of the composition, whose products have the gradient of the
// kernel's value.
TEST(Int8Recurrent, GradientsAreThoseOfTheComposition) {
  for (Recurrence kind : kKinds)
    for (const RecurrenceOptions& o : {RecurrenceOptions{}, RecurrenceOptions{.masked = true, .reverse = true}}) {
      const Case c{kind, o, 2, 3, 4};
      const Tensors in = inputs_of(c, DType::float64);
      std::vector<size_t> by{0, 1};
      if (kind == Recurrence::lstm) by.push_back(2);
      by.push_back(c.kernel() + 2);
      const auto derivatives = [&](const std::function<Tensors(const Tensors&)>& f) {
        EagerScope eager;
        TapeScope tape;
        std::vector<GradientSource> wanted;
        for (size_t i : by) wanted.emplace_back(in[i]);
        const Tensors y = f(in);
        Tensor loss = prim::reduce(Reduce::sum, prim::square(y[0]), {0, 1, 2}, false);
        for (size_t i = 1; i < y.size(); ++i)
          loss = prim::add(loss, prim::reduce(Reduce::sum, prim::square(y[i]), {0, 1}, false));
        const Tensors first = gradients(Tensors{loss}, wanted);
        Tensor sum;
        for (const Tensor& g : first) {
          std::vector<int> axes;
          for (int a = 0; a < g.rank(); ++a) axes.push_back(a);
          const Tensor part = prim::reduce(Reduce::sum, prim::square(g), axes, false);
          sum = sum.defined() ? prim::add(sum, part) : part;
        }
        Tensors found = first;
        for (const Tensor& g : gradients(Tensors{sum}, wanted)) found.push_back(g);
        return found;
      };
      const Tensors fused = derivatives([&](const Tensors& x) { return c.run(x); });
      const Tensors composed = derivatives([&](const Tensors& x) {
        Tensors out = composed_int8_recurrent(Int8RecurrentOp(kind, o, {}, true), x);
        out.resize(static_cast<size_t>(1 + states_of(kind)));
        return out;
      });
      expect_near(fused, composed, 1e-9, "derivatives");
    }
}

TEST(Int8Recurrent, SaysWhatDoesNotFit) {
  const Case c{Recurrence::lstm, {}};
  const Tensors in = inputs_of(c, DType::float32);
  const auto run = [&](size_t at, const Tensor& t) {
    Tensors other = in;
    other[at] = t;
    c.run(other);
  };
  EXPECT_THROW(run(3, prim::cast(in[3], DType::float32)), TypeError);
  EXPECT_THROW(run(4, prim::full({3}, 1, DType::float32)), ValueError);
  EXPECT_THROW(run(1, prim::full({3, 4}, 1, DType::float32)), ValueError);
}

}  // namespace
}  // namespace lamina::testing
