#include "backends/ops/public/core_control_support.h"

#include "backends/core/engine.h"
#include "backends/core/variable.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/public_op.h"

namespace lamina::ops {

Structure::Structure(const Value& v) {
  shape = map_structure(v, [&](const Value& leaf) -> Value {
    if (leaf.is_none()) return leaf;
    weak.push_back(leaf.is_number());
    tensors.push_back(value_to<Operand>(leaf).value());
    return tensors.back();
  });
}

Value Structure::pack(std::span<const Tensor> replaced) const {
  size_t next = 0;
  return map_structure(shape,
                       [&](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(replaced[next++]) : leaf; });
}

std::vector<TensorSpec> Structure::specs() const {
  std::vector<TensorSpec> out;
  for (const Tensor& t : tensors) out.push_back(t.spec());
  return out;
}

bool Structure::any_shape_only() const {
  return std::any_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return t.shape_only(); });
}
bool Structure::any_traced() const {
  return std::any_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return t.traced(); });
}

namespace {

std::string outline(const Value& v) {  // a structure with specs for leaves, for messages
  std::function<std::string(const Value&)> write = [&](const Value& x) -> std::string {
    if (x.is_tensor()) return text(x.as_tensor().dtype(), x.as_tensor().shape());
    if (x.is_sequence()) {
      std::string out;
      for (const Value& item : x.as_list()) out += (out.empty() ? "" : ", ") + write(item);
      return (x.is_list() ? "[" : "(") + out + (x.is_list() ? "]" : ")");
    }
    if (x.is_dict()) {
      std::string out;
      for (const auto& [key, item] : x.as_dict()) out += text(out.empty() ? "" : ", ", "'", key, "': ", write(item));
      return "{" + out + "}";
    }
    return x.repr();
  };
  return write(v);
}

bool same_structure(const Value& a, const Value& b) {
  if (a.is_sequence() != b.is_sequence() || a.is_dict() != b.is_dict() || a.is_none() != b.is_none()) return false;
  if (a.is_sequence()) {
    const List &x = a.as_list(), &y = b.as_list();
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i)
      if (!same_structure(x[i], y[i])) return false;
  }
  if (a.is_dict()) {
    if (a.as_dict().size() != b.as_dict().size()) return false;
    for (const auto& [key, item] : a.as_dict())
      if (const Value* other = b.as_dict().find(key); !other || !same_structure(item, *other)) return false;
  }
  return true;
}

}  // namespace

void expect_same(const char* first_name, const Structure& first, const char* second_name, const Structure& second) {
  bool same = same_structure(first.shape, second.shape);
  for (size_t i = 0; same && i < first.tensors.size(); ++i)
    same = first.tensors[i].dtype() == second.tensors[i].dtype() &&
           compatible(first.tensors[i].shape(), second.tensors[i].shape());
  if (!same)
    throw TypeError(first_name, " and ", second_name, " must have the same structure, shapes and dtypes. Received ",
                    first_name, ": ", outline(first.shape), "; ", second_name, ": ", outline(second.shape), ".");
}

Value call_function(const Value& f, const char* name, List args) {
  if (auto function = f.object_as<Callable>()) return function->call(std::move(args));
  if (f.is_string())  // a public op, as Python hands it over
    if (const OpInfo* op = find_op(f.as_string())) return call_op(*op, bind_arguments(*op, std::move(args), {}));
  throw TypeError("`", name, "` should be a callable. Received: ", name, "=", f.repr());
}

TracedBody trace_body(const std::function<Value(std::span<const Tensor>)>& f, std::span<const TensorSpec> inputs) {
  TracedBody out;
  auto traced = trace_subfunction(
      [&](std::span<const Tensor> x) {
        Structure results(f(x));
        for (const Tensor& t : results.tensors)
          if (t.shape_only())
            throw ValueError("a function given to a control-flow op returned a symbolic tensor, ", t.spec(),
                             ", inside a traced function.");
        out.results = results;
        return results.tensors;
      },
      inputs);
  for (Tensor& t : out.results.tensors) t = Tensor::spec_only(t.shape(), t.dtype());
  out.results.shape = out.results.pack();
  out.function = traced.function;
  out.captured = std::move(traced.captured);
  out.assigned = std::move(traced.assigned);
  return out;
}

LoopBody close_loop(const TracedBody& body, size_t count, Tensors& variables) {
  if (body.assigned.empty()) return {body.function, body.captured};
  std::vector<TensorSpec> specs(body.function->inputs().begin(),
                                body.function->inputs().begin() + static_cast<long>(count));
  for (const auto& a : body.assigned) {
    variables.push_back(a.captured >= 0 ? body.captured[static_cast<size_t>(a.captured)]
                                        : Variable(a.variable).value());
    specs.push_back(variables.back().spec());
  }
  const size_t explicit_inputs = body.function->inputs().size() - body.captured.size();
  specs.insert(specs.end(), body.function->inputs().begin() + static_cast<long>(count),
               body.function->inputs().begin() + static_cast<long>(explicit_inputs));
  auto traced = trace_subfunction(
      [&](std::span<const Tensor> x) {
        Tensors in(x.begin(), x.begin() + static_cast<long>(count));
        in.insert(in.end(), x.begin() + static_cast<long>(count + body.assigned.size()), x.end());
        const size_t first = in.size();
        in.insert(in.end(), body.captured.begin(), body.captured.end());
        for (size_t i = 0; i < body.assigned.size(); ++i)
          if (body.assigned[i].captured >= 0) in[first + static_cast<size_t>(body.assigned[i].captured)] = x[count + i];
        Tensors out = body.function->call(in), ordered;
        const size_t results =
            out.size() - body.assigned.size();  // variables, then what a scan stacks; then assigned ones
        ordered.assign(out.begin(), out.begin() + static_cast<long>(count));
        ordered.insert(ordered.end(), out.begin() + static_cast<long>(results), out.end());
        ordered.insert(ordered.end(), out.begin() + static_cast<long>(count), out.begin() + static_cast<long>(results));
        return ordered;
      },
      specs);
  return {traced.function, traced.captured};
}

}  // namespace lamina::ops
