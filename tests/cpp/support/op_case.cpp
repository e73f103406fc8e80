#include "support/op_case.h"

#include <cmath>

#include "backends/core/autodiff.h"
#include "backends/core/kernel.h"
#include "backends/graph/function.h"
#include "backends/graph/trace.h"
#include "backends/ops/primitives.h"

namespace lamina::testing {

namespace {

std::set<std::string> seen;

void expect_equal(const Tensor& a, const Tensor& b, double tolerance, const char* what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  ASSERT_EQ(name_of(a.dtype()), name_of(b.dtype())) << what;
  double scale = 0;
  for (int64_t i = 0; i < a.size(); ++i)
    if (std::isfinite(a.at(i))) scale = std::max(scale, std::abs(a.at(i)));
  for (int64_t i = 0; i < a.size(); ++i) {
    double x = a.at(i), y = b.at(i);
    if (std::isnan(x) && std::isnan(y)) continue;
    if (x == y) continue;
    ASSERT_NEAR(x, y, tolerance * std::max(scale, 1e-3)) << what << ", element " << i << " of " << a.str();
  }
}

void expect_equal(const Tensors& a, const Tensors& b, double tolerance, const char* what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) expect_equal(a[i], b[i], tolerance, what);
}

Tensors outputs_of(const OpCase& c, const Tensors& inputs) { return flatten_tensors(c.call(inputs)); }

// Runs the traced, unoptimised graph with the reference kernels (the only one of a primitive that has just one).
Tensors run_reference(const OpCase& c, const Tensors& inputs) {
  Trace trace;
  Graph graph;
  {
    TraceScope scope(trace);
    Tensors places;
    for (const Tensor& t : inputs) places.push_back(trace.add_input(t.spec()));
    graph = trace.finish(outputs_of(c, places));
  }
  std::vector<Tensor> values(graph.values.size());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs[i]] = inputs[i];
  for (const GraphNode& node : graph.nodes) {
    if (node.kind == GraphNode::Kind::constant) values[node.outputs[0]] = node.constant;
    if (node.kind == GraphNode::Kind::variable) values[node.outputs[0]] = node.variable->value;
    if (node.kind != GraphNode::Kind::op) continue;
    seen.insert(std::string(node.op->name()));
    std::vector<TensorSpec> in, out;
    std::vector<const void*> from;
    std::vector<void*> to;
    for (int v : node.inputs) in.push_back(values[v].spec()), from.push_back(values[v].raw());
    for (int v : node.outputs) out.push_back(graph.values[v].spec);
    if (node.op->alias()) {
      values[node.outputs[0]] = Tensor::on(values[node.inputs[0]].node()->buffer, out[0].shape, out[0].dtype);
      continue;
    }
    for (size_t i = 0; i < out.size(); ++i) {
      values[node.outputs[i]] = Tensor::empty(out[i].shape, out[i].dtype);
      to.push_back(values[node.outputs[i]].mutable_raw());
    }
    KernelRequest request{*node.op, in, out, {}};
    BoundKernel kernel = bind_kernel_named(Device::cpu, "reference", request);
    if (!kernel.run) kernel = bind_kernel(Device::cpu, request);
    std::vector<char> scratch(kernel.scratch_bytes + 64);
    kernel.run(from.data(), to.data(), scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64));
  }
  Tensors result;
  for (int v : graph.outputs) result.push_back(values[v]);
  return result;
}

Tensors run_graph(const OpCase& c, const Tensors& inputs) {
  Function f([&](std::span<const Tensor> in) { return outputs_of(c, Tensors(in.begin(), in.end())); }, c.name,
             Function::Mode::graph);
  return f(inputs);
}

// A scalar that depends on every float output in another way.
Tensor weighted_sum(const Tensors& outputs, double phase) {
  Tensor total;
  for (const Tensor& t : outputs) {
    if (!is_float(t.dtype())) continue;
    std::vector<double> w;
    for (int64_t i = 0; i < t.size(); ++i) w.push_back(std::cos(1.3 * static_cast<double>(i) + phase));
    Tensor part =
        prim::reduce_all(Reduce::sum, prim::multiply(prim::cast(t, DType::float64), Tensor::of(w, t.shape())));
    total = total.defined() ? prim::add(total, part) : part;
  }
  return total;
}

struct Differentiated {
  Tensors first, second;  // an input; zeros where nothing flows
};

// f = weighted sum of the outputs; first = df/dx; second = d(weighted sum of first)/dx.
Tensors derivatives(const OpCase& c, std::span<const Tensor> in, bool second) {
  TapeScope tape;
  Tensors inputs(in.begin(), in.end());
  Tensor f = weighted_sum(outputs_of(c, inputs), 0.4);
  std::vector<GradientSource> sources;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (c.inputs[i].is_float()) sources.push_back(inputs[i]);
  auto filled = [&](Tensors g) {
    for (size_t i = 0; i < g.size(); ++i)
      if (!g[i].defined()) g[i] = prim::full(sources[i].tensor.shape(), 0, DType::float64);
    return g;
  };
  Tensors out = filled(gradients(std::vector<Tensor>{f}, sources));
  if (!second) return out;
  Tensor h = weighted_sum(out, 1.1);
  for (Tensor& t : filled(gradients(std::vector<Tensor>{h}, sources))) out.push_back(std::move(t));
  return out;
}

double value_of(const OpCase& c, const Tensors& inputs, bool of_gradient) {
  if (!of_gradient) return weighted_sum(outputs_of(c, inputs), 0.4).item();
  return weighted_sum(derivatives(c, inputs, false), 1.1).item();
}

Tensors numeric(const OpCase& c, const Tensors& inputs, bool of_gradient) {
  Tensors out;
  const double step = 1e-5;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!c.inputs[i].is_float()) continue;
    std::vector<double> g;
    for (int64_t k = 0; k < inputs[i].size(); ++k) {
      Tensors moved = inputs;
      auto at = [&](double delta) {
        std::vector<double> v = inputs[i].to_vector<double>();
        v[static_cast<size_t>(k)] += delta;
        moved[i] = Tensor::of(v, inputs[i].shape());
        return value_of(c, moved, of_gradient);
      };
      g.push_back((at(step) - at(-step)) / (2 * step));
    }
    out.push_back(Tensor::of(g, inputs[i].shape()));
  }
  return out;
}

void check_gradients(const OpCase& c) {
  Tensors inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i)
    inputs.push_back(make_input(c.inputs[i], DType::float64, static_cast<int>(i)));
  Tensors eager = derivatives(c, inputs, c.second_order);
  Function f([&](std::span<const Tensor> in) { return derivatives(c, in, c.second_order); }, c.name,
             Function::Mode::graph);
  expect_equal(eager, f(inputs), 1e-9, "gradient, eager against graph");
  Tensors expected = numeric(c, inputs, false);
  if (c.second_order)
    for (Tensor& t : numeric(c, inputs, true)) expected.push_back(std::move(t));
  ASSERT_EQ(eager.size(), expected.size());
  for (size_t i = 0; i < eager.size(); ++i)
    expect_equal(expected[i], eager[i], 2e-6,
                 i < expected.size() / (c.second_order ? 2 : 1) ? "gradient against differences"
                                                                : "second gradient against differences");
}

void check_shapes(const OpCase& c, const Tensors& inputs, const Tensors& outputs) {
  for (bool unknown : {false, true}) {
    if (unknown && !c.unknown_size) continue;
    Tensors specs;
    for (const Tensor& t : inputs) {
      Shape s = t.shape();
      if (unknown && s.rank()) s[0] = Shape::kUnknown;
      specs.push_back(Tensor::spec_only(s, t.dtype()));
    }
    Tensors inferred = outputs_of(c, specs);
    ASSERT_EQ(inferred.size(), outputs.size()) << "inferred outputs";
    for (size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_EQ(name_of(inferred[i].dtype()), name_of(outputs[i].dtype())) << "inferred dtype";
      if (unknown)
        EXPECT_TRUE(compatible(inferred[i].shape(), outputs[i].shape()))
            << "inferred " << inferred[i].shape().str() << " with an unknown leading size, computed "
            << outputs[i].shape().str();
      else
        EXPECT_EQ(inferred[i].shape(), outputs[i].shape())
            << "inferred " << inferred[i].shape().str() << ", computed " << outputs[i].shape().str();
    }
  }
}

}  // namespace

const std::set<std::string>& primitives_seen() { return seen; }

std::vector<OpCase>& all_cases() {
  static std::vector<OpCase> cases;
  return cases;
}

Tensor make_input(const Input& input, DType float_type, int which) {
  const Shape& s = input.shape;
  Tensor out = Tensor::empty(s, DType::float64);
  double* to = out.mutable_data<double>();
  int64_t row = s.rank() ? s.back() : 1;
  for (int64_t i = 0; i < out.size(); ++i) {
    double v = std::sin(0.7 * static_cast<double>(i) + 0.3 + 1.9 * which);  // -1..1
    switch (input.domain) {
      case Domain::real: to[i] = 2 * v + (v < 0 ? -0.05 : 0.05); break;
      case Domain::positive: to[i] = 1.2 + v; break;
      case Domain::unit: to[i] = 0.9 * v; break;
      case Domain::share: to[i] = 0.5 + 0.4 * v; break;
      case Domain::large: to[i] = 2.1 + v; break;
      case Domain::rows: to[i] = 1.2 + v; break;
      case Domain::small_int: to[i] = static_cast<double>((i * 7 + which) % 3); break;
      case Domain::index: to[i] = static_cast<double>((i * 3 + which) % 2); break;
      case Domain::boolean: to[i] = v > 0; break;
    }
  }
  if (input.domain == Domain::rows)
    for (int64_t r = 0; r * row < out.size(); ++r) {
      double total = 0;
      for (int64_t i = 0; i < row; ++i) total += to[r * row + i];
      for (int64_t i = 0; i < row; ++i) to[r * row + i] /= total;
    }
  DType type = input.is_float() ? float_type : input.domain == Domain::boolean ? DType::boolean : DType::int32;
  return prim::cast(out, type);
}

void check(const OpCase& c) {
  SCOPED_TRACE("op " + c.name);
  try {
    Tensors inputs;
    for (size_t i = 0; i < c.inputs.size(); ++i)
      inputs.push_back(make_input(c.inputs[i], DType::float32, static_cast<int>(i)));
    Tensors eager = outputs_of(c, inputs);
    expect_equal(eager, run_graph(c, inputs), c.tolerance, "eager against graph");
    expect_equal(eager, run_reference(c, inputs), c.tolerance, "eager against the reference kernels");
    check_shapes(c, inputs, eager);
    bool floats_in = std::any_of(c.inputs.begin(), c.inputs.end(), [](const Input& i) { return i.is_float(); });
    bool floats_out = std::any_of(eager.begin(), eager.end(), [](const Tensor& t) { return is_float(t.dtype()); });
    if (c.gradient && floats_in && floats_out) check_gradients(c);
  } catch (const Error& e) { FAIL() << e.what(); }
}

}  // namespace lamina::testing
