#include "backends/ops/control/control.h"

#include "backends/core/autodiff.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

void expect_inputs(std::string_view what, const SubFunction& f, std::span<const TensorSpec> in) {
  if (in.size() != f.inputs().size())
    throw ValueError(what, " takes ", f.inputs().size(), " inputs, received ", in.size(), ".");
  for (size_t i = 0; i < in.size(); ++i)
    if (!(in[i] == f.inputs()[i]))
      throw ValueError(what, " was traced for an input ", i, " of ", f.inputs()[i], ", received ", in[i], ".");
}

Tensor zeros_of(const TensorSpec& s) { return prim::full(s.shape, 0, s.dtype); }
Tensor or_zeros(const Tensor& t, const TensorSpec& s) { return t.defined() ? t : zeros_of(s); }

// gradients() of the outputs that have one.
Tensors gradients_of(const Tensors& outputs, const std::vector<GradientSource>& sources,
                     std::span<const Tensor> grads) {
  Tensors of, seeds;
  for (size_t i = 0; i < outputs.size() && i < grads.size(); ++i)
    if (grads[i].defined() && is_float(outputs[i].dtype())) of.push_back(outputs[i]), seeds.push_back(grads[i]);
  return gradients(of, sources, seeds);
}

TensorSpec with_rows(TensorSpec s, int64_t n) {
  s.shape.insert(0, n);
  return s;
}
TensorSpec without_rows(TensorSpec s) {
  s.shape.erase(0);
  return s;
}

}  // namespace

// --- Switch -------------------------------------------------------------------------------------------------------
void SwitchOp::attributes(Attributes& a) const {
  for (const SubFunctionPtr& b : branches) a("branch", b->key());
}

std::vector<TensorSpec> SwitchOp::infer(std::span<const TensorSpec> in) const {
  if (in.empty() || in[0].dtype != DType::int32 || in[0].shape.rank() != 0)
    throw ValueError("the index must be an int32 scalar.");
  size_t at = 1;
  for (const SubFunctionPtr& b : branches) {
    expect_inputs("a branch", *b, in.subspan(at, b->inputs().size()));
    if (b->outputs() != branches[0]->outputs()) throw ValueError("all branches must have the same outputs.");
    at += b->inputs().size();
  }
  return branches[0]->outputs();
}

Tensors SwitchOp::vjp(const VjpContext& c) const {
  // A switch over the branches' gradients: branch i gives those of its own inputs and zeros for the others'.
  std::vector<size_t> wanted;  // inputs of the switch
  for (size_t i = 1; i < c.inputs.size(); ++i)
    if (c.needed[i] && is_float(c.inputs[i].dtype())) wanted.push_back(i);
  Tensors out(c.inputs.size());
  if (wanted.empty()) return out;
  std::vector<SubFunctionPtr> backward;
  Tensors inputs{c.inputs[0]};
  size_t first = 1;
  for (const SubFunctionPtr& branch : branches) {
    const size_t count = branch->inputs().size();
    std::span<const Tensor> own = c.inputs.subspan(first, count);
    auto traced = trace_subfunction(
        [&](std::span<const Tensor> x) {
          Tensors y = branch->call(x);
          std::vector<GradientSource> sources;
          for (size_t i : wanted)
            if (i >= first && i < first + count) sources.push_back(x[i - first]);
          Tensors g = gradients_of(y, sources, c.grads), results;
          size_t next = 0;
          for (size_t i : wanted) {
            const bool mine = i >= first && i < first + count;
            results.push_back(or_zeros(mine ? g[next++] : Tensor(), c.inputs[i].spec()));
          }
          return results;
        },
        branch->inputs());
    backward.push_back(traced.function);
    inputs.insert(inputs.end(), own.begin(), own.end());
    inputs.insert(inputs.end(), traced.captured.begin(), traced.captured.end());
    first += count;
  }
  Tensors g = lamina::apply(make_op<SwitchOp>(std::move(backward)), std::span<const Tensor>(inputs));
  for (size_t i = 0; i < wanted.size(); ++i) out[wanted[i]] = g[i];
  return out;
}

// --- While --------------------------------------------------------------------------------------------------------
std::vector<TensorSpec> WhileOp::infer(std::span<const TensorSpec> in) const {
  const size_t n = static_cast<size_t>(variables), more = condition->inputs().size() - n;
  std::vector<TensorSpec> to_condition(in.begin(), in.begin() + static_cast<long>(n + more)),
      to_body(in.begin(), in.begin() + static_cast<long>(n));
  to_body.insert(to_body.end(), in.begin() + static_cast<long>(n + more), in.end());
  expect_inputs("the condition", *condition, to_condition);
  expect_inputs("the body", *body, to_body);
  return std::vector<TensorSpec>(in.begin(), in.begin() + static_cast<long>(n));
}

Tensors WhileOp::vjp(const VjpContext&) const {
  throw ValueError(
      "[while_loop] has no reverse-mode gradient inside a compiled function: the number of rounds is not known, so "
      "what each one needs cannot be kept. ",
      "Use ops.scan, or ops.fori_loop with bounds that are Python integers.");
}

// --- Scan ---------------------------------------------------------------------------------------------------------
std::vector<TensorSpec> ScanOp::infer(std::span<const TensorSpec> in) const {
  const size_t xs = static_cast<size_t>(carries), more = xs + static_cast<size_t>(rows);
  std::vector<TensorSpec> given(in.begin(), in.end()), out;
  for (size_t i = xs; i < more; ++i) {
    if (given[i].shape.rank() == 0 || given[i].shape[0] != length)
      throw ValueError("scanned input ", i - xs, " needs a leading axis of ", length, ", received ", given[i], ".");
    given[i] = without_rows(given[i]);
  }
  expect_inputs("the body", *body, given);
  const auto& results = body->outputs();
  for (size_t i = 0; i < results.size(); ++i) {
    if (i < xs && !(results[i] == in[i]))
      throw ValueError("carry ", i, " enters a round as ", in[i], " and leaves it as ", results[i],
                       "; it must keep its shape and dtype.");
    out.push_back(i < xs ? results[i] : with_rows(results[i], length));
  }
  if (saving)
    for (size_t i = 0; i < xs; ++i) out.push_back(with_rows(in[i], length));
  return out;
}

Tensors ScanOp::vjp(const VjpContext& c) const {
  const size_t n = static_cast<size_t>(carries), m = static_cast<size_t>(rows), ys = body->outputs().size() - n;
  if (!saving) {
    Tensors out = lamina::apply(saving_twin(), c.inputs), grads(c.grads.begin(), c.grads.end());
    grads.resize(out.size());
    return static_cast<const ScanOp&>(*saving_twin()).vjp({c.inputs, out, grads, c.needed});
  }
  // A scan the other way over saved carries. Its carries are the gradients of the carries and the sums of the gradients
  // of what all rounds share; its rows are the rows of xs, the saved carries and the gradients of ys; it gives the
  // gradients of xs.
  auto differentiable = [&](size_t i) { return is_float(c.inputs[i].dtype()); };
  std::vector<size_t> carried, rowed, shared, ygrads;
  for (size_t i = 0; i < n; ++i)
    if (differentiable(i)) carried.push_back(i);
  for (size_t i = n; i < n + m; ++i)
    if (differentiable(i) && c.needed[i]) rowed.push_back(i);
  for (size_t i = n + m; i < c.inputs.size(); ++i)
    if (differentiable(i) && c.needed[i]) shared.push_back(i);
  Tensors inputs;
  std::vector<TensorSpec> specs;
  auto add = [&](const Tensor& t, bool row) {
    inputs.push_back(t);
    specs.push_back(row ? without_rows(t.spec()) : t.spec());
  };
  for (size_t i : carried) add(or_zeros(c.grads[i], c.inputs[i].spec()), false);
  for (size_t i : shared) add(zeros_of(c.inputs[i].spec()), false);
  const size_t first_row = inputs.size();
  for (size_t i = 0; i < n; ++i) add(c.outputs[n + ys + i], true);
  for (size_t i = n; i < n + m; ++i) add(c.inputs[i], true);
  for (size_t i = 0; i < ys; ++i)
    if (c.grads[n + i].defined() && is_float(c.grads[n + i].dtype())) ygrads.push_back(i), add(c.grads[n + i], true);
  // In a gradient of second order the saved carries have gradients too; they join those of the carries.
  std::vector<size_t> saved_grad(carried.size(), 0);  // the row, 0 for none
  for (size_t k = 0; k < carried.size(); ++k)
    if (const Tensor& g = c.grads[n + ys + carried[k]]; g.defined()) saved_grad[k] = inputs.size(), add(g, true);
  const size_t first_more = inputs.size();
  for (size_t i = n + m; i < c.inputs.size(); ++i) add(c.inputs[i], false);
  auto traced = trace_subfunction(
      [&](std::span<const Tensor> x) {
        Tensors forward(x.begin() + static_cast<long>(first_row), x.begin() + static_cast<long>(first_row + n + m));
        forward.insert(forward.end(), x.begin() + static_cast<long>(first_more), x.end());
        Tensors y = body->call(forward), seeds(n + ys);
        for (size_t k = 0; k < carried.size(); ++k) seeds[carried[k]] = x[k];
        for (size_t k = 0; k < ygrads.size(); ++k) seeds[n + ygrads[k]] = x[first_row + n + m + k];
        std::vector<GradientSource> sources;
        for (const auto* list : {&carried, &shared, &rowed})
          for (size_t i : *list) sources.push_back(forward[i]);
        Tensors g = gradients_of(y, sources, seeds), results;
        size_t k = 0;
        for (size_t i : carried) {
          Tensor total = g[k];
          if (saved_grad[k]) total = total.defined() ? prim::add(total, x[saved_grad[k]]) : x[saved_grad[k]];
          results.push_back(or_zeros(total, forward[i].spec()));
          ++k;
        }
        for (size_t i = 0; i < shared.size(); ++i, ++k)
          results.push_back(g[k].defined() ? prim::add(x[carried.size() + i], g[k]) : x[carried.size() + i]);
        for (size_t i : rowed) results.push_back(or_zeros(g[k++], forward[i].spec()));
        return results;
      },
      specs);
  inputs.insert(inputs.end(), traced.captured.begin(), traced.captured.end());
  Tensors g = lamina::apply(make_op<ScanOp>(traced.function, static_cast<int>(first_row),
                                            static_cast<int>(first_more - first_row), length, !reverse),
                            std::span<const Tensor>(inputs));
  Tensors out(c.inputs.size());
  size_t k = 0;
  for (const auto* list : {&carried, &shared, &rowed})
    for (size_t i : *list) out[i] = g[k++];
  return out;
}

}  // namespace lamina
