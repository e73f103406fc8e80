#include "backends/ops/public/core_control.h"

#include "backends/core/engine.h"
#include "backends/ops/control/control.h"
#include "backends/ops/control/unstack.h"
#include "backends/ops/public/core_control_support.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define CORE "keras.src.ops.core."

namespace {

TensorSpec row_spec(const TensorSpec& s) {
  TensorSpec out = s;
  out.shape.erase(0);
  return out;
}
Tensor as_spec(const Tensor& t) { return Tensor::spec_only(t.shape(), t.dtype()); }
Tensor with_rows(const Tensor& t, int64_t n) {
  Shape s = t.shape();
  s.insert(0, n);
  return Tensor::spec_only(s, t.dtype());
}
std::span<const Tensor> part(std::span<const Tensor> list, size_t from, size_t count) {
  return list.subspan(from, count);
}
Tensors joined(Tensors a, const Tensors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void expect_scalar(const char* what, const Tensor& t) {
  if (t.rank() != 0)
    throw TypeError(what, " must be a scalar, received ", t.dtype(), t.shape(),
                    ". Reduce it, e.g. with ops.all or ops.any.");
}

// The results of one of several functions, by an index that a trace computes.
Value traced_switch(const Tensor& index, const std::vector<std::function<Value()>>& branches,
                    const std::vector<std::string>& names) {
  std::vector<TracedBody> bodies;
  for (const auto& f : branches) bodies.push_back(trace_body([&](std::span<const Tensor>) { return f(); }, {}));
  std::vector<TracedSubFunction::Assigned> assigned;  // by any branch
  for (size_t i = 0; i < bodies.size(); ++i) {
    if (i) expect_same(names[0].c_str(), bodies[0].results, names[i].c_str(), bodies[i].results);
    for (const auto& a : bodies[i].assigned)
      if (std::none_of(assigned.begin(), assigned.end(), [&](const auto& b) { return b.variable == a.variable; }))
        assigned.push_back(a);
  }
  Tensors before;  // the variables' values where a branch does not assign them
  for (const auto& a : assigned) {
    AutocastScope off(std::nullopt);
    before.push_back(Variable(a.variable).value());
  }
  std::vector<SubFunctionPtr> functions;
  Tensors inputs{index};
  for (TracedBody& b : bodies) {
    if (!assigned.empty()) {
      auto traced = trace_subfunction(
          [&](std::span<const Tensor>) {
            Tensors out = b.function->call(b.captured),
                    news(out.begin() + static_cast<long>(b.results.tensors.size()), out.end());
            out.resize(b.results.tensors.size());
            for (size_t k = 0; k < assigned.size(); ++k) {
              Tensor value = before[k];
              for (size_t j = 0; j < b.assigned.size(); ++j)
                if (b.assigned[j].variable == assigned[k].variable) value = news[j];
              out.push_back(value);
            }
            return out;
          },
          {});
      b.function = traced.function;
      b.captured = traced.captured;
    }
    functions.push_back(b.function);
    inputs = joined(std::move(inputs), b.captured);
  }
  if (functions[0]->outputs().empty()) return bodies[0].results.shape;
  Tensors out = lamina::apply(make_op<SwitchOp>(std::move(functions)), std::span<const Tensor>(inputs));
  const size_t results = bodies[0].results.tensors.size();
  store_assigned(assigned, std::span<const Tensor>(out).subspan(results));
  out.resize(results);
  return bodies[0].results.pack(out);
}

// --- cond and switch ----------------------------------------------------------------------------------------------
Value cond_impl(const Operand& pred, const Value& true_fn, const Value& false_fn) {
  if (pred.is_scalar())
    return Structure(
               call_function(pred.number() != 0 ? true_fn : false_fn, pred.number() != 0 ? "true_fn" : "false_fn", {}))
        .pack();
  const Tensor& p = pred.tensor();
  expect_scalar("`pred`", p);
  if (p.has_data())
    return Structure(call_function(p.item() != 0 ? true_fn : false_fn, p.item() != 0 ? "true_fn" : "false_fn", {}))
        .pack();
  if (p.shape_only()) {
    Structure a(call_function(true_fn, "true_fn", {})), b(call_function(false_fn, "false_fn", {}));
    try {
      expect_same("true_fn", a, "false_fn", b);
      for (size_t i = 0; i < a.tensors.size(); ++i)
        if (a.tensors[i].shape() != b.tensors[i].shape()) throw TypeError("shapes differ.");
    } catch (const Error& e) {
      throw ValueError("`true_fn` and `false_fn` should return outputs of the same kind (struct, dtype and shape). ",
                       e.what());
    }
    for (Tensor& t : a.tensors) t = as_spec(t);
    return a.pack();
  }
  Tensor index = prim::cast(logical_not_of(prim::cast(p, DType::boolean)), DType::int32);
  return traced_switch(
      index,
      {[&] { return call_function(true_fn, "true_fn", {}); }, [&] { return call_function(false_fn, "false_fn", {}); }},
      {"true_fn", "false_fn"});
}
const auto cond_op = public_op(
    "cond", CORE "Cond", "true_fn() where the scalar `pred` holds, else false_fn().", cond_impl,
    {{"pred", required, "A bool scalar."},
     OpArgument("true_fn", required, "A function without arguments.").in_call(),
     OpArgument("false_fn", required, "A function without arguments; its results have the structure of the other's.")
         .in_call()},
    {.returns = "What the chosen function returns.", .example = R"py(
>>> keras.ops.cond(True, lambda: keras.ops.array(1), lambda: keras.ops.array(2))
<Tensor shape=(), dtype=int32, values=1>)py"});

Value switch_impl(const Operand& index, const List& branches, const List& operands) {
  if (branches.empty()) throw ValueError("`branches` must hold at least one function.");
  const int64_t last = static_cast<int64_t>(branches.size()) - 1;
  auto branch = [&](size_t i) { return call_function(branches[i], "branches", operands); };
  auto run = [&](double at) {
    return Structure(branch(static_cast<size_t>(std::clamp<int64_t>(static_cast<int64_t>(at), 0, last)))).pack();
  };
  bool symbolic = false;
  for (const Value& v : operands)
    for (const Tensor& t : flatten_tensors(v)) symbolic |= t.shape_only();
  if (index.is_scalar()) return run(index.number());
  const Tensor& i = index.tensor();
  expect_scalar("`index`", i);
  if (i.shape_only() || symbolic) {
    Structure out(branch(0));
    for (Tensor& t : out.tensors) t = as_spec(t);
    return out.pack();
  }
  if (i.has_data()) return run(i.item());
  std::vector<std::function<Value()>> functions;
  std::vector<std::string> names;
  for (size_t k = 0; k < branches.size(); ++k) {
    functions.push_back([&, k] { return branch(k); });
    names.push_back(text("branches[", k, "]"));
  }
  return traced_switch(prim::cast(i, DType::int32), functions, names);
}
const auto switch_op =
    public_op("switch", CORE "Switch", "branches[index](*operands), with the index clamped to the branches there are.",
              switch_impl,
              {{"index", required, "An integer scalar."},
               OpArgument("branches", required, "A list of functions of the operands.").in_call(),
               OpArgument("operands", required, "What the branches are called with.").in_call().variadic()},
              {.returns = "What the chosen branch returns.", .example = R"py(
>>> keras.ops.switch(1, [lambda x: x + 1, lambda x: x * 10], 5)
<Tensor shape=(), dtype=int32, values=50>)py"});

// --- while and for ------------------------------------------------------------------------------------------------
Value spread(const Value& f, const char* name, const Value& packed) {
  return call_function(f, name, packed.is_sequence() ? packed.as_list() : List{packed});
}

// A scalar of bool, whatever the user's condition gave.
Tensor answer(const Value& v) {
  Tensor t = value_to<Operand>(v).value();
  expect_scalar("what `cond` returns", t);
  return prim::cast(t, DType::boolean);
}

// Python numbers among the variables take the dtype that the body gives them.
bool settle_weak(Structure& variables, const Structure& results) {
  bool changed = false;
  for (size_t i = 0; i < variables.tensors.size() && i < results.tensors.size(); ++i) {
    Tensor& t = variables.tensors[i];
    if (!variables.weak[i] || t.dtype() == results.tensors[i].dtype()) continue;
    t = prim::cast(t, results.tensors[i].dtype());
    variables.weak[i] = 0;
    changed = true;
  }
  return changed;
}

Value as_tuple(const Value& v) { return v.is_list() ? Value::tuple(v.as_list()) : v; }

Value traced_while(const Value& condition, const Value& body, Structure variables, int64_t most) {
  TracedBody round;
  do
    round = trace_body([&](std::span<const Tensor> x) { return spread(body, "body", variables.pack(x)); },
                       variables.specs());
  while (settle_weak(variables, round.results));
  if (variables.shape.is_sequence() && variables.shape.as_list().size() == 1 && !round.results.shape.is_sequence())
    round.results.shape = Value::tuple({round.results.shape});
  expect_same("loop_vars", variables, "the body's result", round.results);
  const size_t n = variables.tensors.size();
  Tensors inputs = variables.tensors;
  LoopBody closed = close_loop(round, n, inputs);
  TracedBody asked = trace_body(
      [&](std::span<const Tensor> x) -> Value { return answer(spread(condition, "cond", variables.pack(x))); },
      variables.specs());
  if (!asked.assigned.empty())
    throw ValueError("`cond` must not assign variables; it assigned '", asked.assigned[0].variable->path,
                     "'. Do so in `body`.");
  // The condition over all loop variables, those among them that stand for assigned variables too.
  std::vector<TensorSpec> specs;
  for (const Tensor& t : inputs) specs.push_back(t.spec());
  auto whole = trace_subfunction(
      [&](std::span<const Tensor> x) {
        Tensors in(x.begin(), x.begin() + static_cast<long>(n));
        for (const Tensor& t : asked.captured) {
          in.push_back(t);
          for (size_t i = 0; i < round.assigned.size(); ++i)
            if (t.node()->variable == round.assigned[i].variable->id) in.back() = x[n + i];
        }
        return asked.function->call(in);
      },
      specs);
  const int count = static_cast<int>(inputs.size());
  inputs = joined(joined(std::move(inputs), whole.captured), closed.captured);
  Tensors out =
      lamina::apply(make_op<WhileOp>(whole.function, closed.function, count, most), std::span<const Tensor>(inputs));
  store_assigned(round.assigned, std::span<const Tensor>(out).subspan(n));
  out.resize(n);
  return as_tuple(variables.pack(out));
}

Value while_impl(const Value& condition, const Value& body, const Value& loop_vars,
                 const std::optional<int64_t>& maximum_iterations) {
  Structure variables(loop_vars);
  if (variables.any_shape_only()) {
    for (Tensor& t : variables.tensors) t = as_spec(t);
    return variables.pack();
  }
  if (current_trace()) return traced_while(condition, body, std::move(variables), maximum_iterations.value_or(-1));
  for (int64_t round = 0; !maximum_iterations || round < *maximum_iterations; ++round) {
    if (!answer(spread(condition, "cond", variables.pack())).item()) break;
    Value result = spread(body, "body", variables.pack());
    if (variables.shape.is_sequence() && variables.shape.as_list().size() == 1 && !result.is_sequence())
      result = Value::tuple({result});
    Structure next(result);
    settle_weak(variables, next);
    expect_same("loop_vars", variables, "the body's result", next);
    variables.tensors = std::move(next.tensors);
  }
  return as_tuple(variables.pack());
}
const auto while_op = public_op(
    "while_loop", CORE "WhileLoop", "Runs `body` over the loop variables while `cond` of them holds.", while_impl,
    {{"cond", required, "A function of the loop variables that gives a bool scalar."},
     {"body", required, "A function of the loop variables that gives their next values."},
     OpArgument("loop_vars", required, "The first values: a tensor, a list or a tuple.").in_call(),
     {"maximum_iterations", Value(), "The most rounds; None for no bound."}},
    {.returns = "The last values, in the structure of `loop_vars`.", .example = R"py(
>>> keras.ops.while_loop(lambda i: i < 10, lambda i: (i + 3,), (0,))
(<Tensor shape=(), dtype=int32, values=12>,))py"});

// --- scan ---------------------------------------------------------------------------------------------------------
std::pair<Value, Value> halves(const Value& result) {
  if (!result.is_sequence() || result.as_list().size() != 2)
    throw TypeError("`f` must return a pair (carry, y), received ", result.repr(), ".");
  return {result.as_list()[0], result.as_list()[1]};
}

Value traced_scan(const std::function<Value(const Value&, const Value&)>& f, Structure carry, const Structure& xs,
                  int64_t n, bool reverse) {
  std::vector<TensorSpec> rows;
  for (const Tensor& t : xs.tensors) rows.push_back(row_spec(t.spec()));
  TracedBody body;
  Structure next, ys;
  const size_t count = carry.tensors.size();
  do {
    std::vector<TensorSpec> specs = carry.specs();
    specs.insert(specs.end(), rows.begin(), rows.end());
    body = trace_body(
        [&](std::span<const Tensor> x) {
          auto [c, y] = halves(f(carry.pack(part(x, 0, count)), xs.pack(part(x, count, x.size() - count))));
          return Value::tuple({c, y});
        },
        specs);
    next = Structure(body.results.shape.as_list()[0]);
    ys = Structure(body.results.shape.as_list()[1]);
  } while (settle_weak(carry, next));
  expect_same("the carry", carry, "what `f` gives for it", next);
  Tensors inputs = carry.tensors;
  LoopBody closed = close_loop(body, count, inputs);
  const size_t loop = inputs.size();
  inputs = joined(joined(std::move(inputs), xs.tensors), closed.captured);
  Tensors out = lamina::apply(
      make_op<ScanOp>(closed.function, static_cast<int>(loop), static_cast<int>(xs.tensors.size()), n, reverse),
      std::span<const Tensor>(inputs));
  store_assigned(body.assigned, part(out, count, loop - count));
  return Value::tuple({carry.pack(part(out, 0, count)), ys.pack(part(out, loop, ys.tensors.size()))});
}

Value scan_rows(const std::function<Value(const Value&, const Value&)>& f, const Value& init, const Value& elements,
                const std::optional<int64_t>& length, bool reverse) {
  Structure carry(init), xs(elements);
  int64_t n = length.value_or(Shape::kUnknown);
  for (const Tensor& t : xs.tensors) {
    if (t.rank() == 0) throw ValueError("Each element needs a leading axis to walk along, received a scalar.");
    const int64_t rows = t.shape()[0];
    if (n >= 0 && rows >= 0 && rows != n)
      throw ValueError("All elements must have the same leading size", length ? text(", `length`=", *length) : "",
                       "; received ", n, " and ", rows, ".");
    if (rows >= 0) n = rows;
  }
  if (xs.tensors.empty() && !length)
    throw ValueError("Got no `xs` to scan over and `length` is None. Give one of them.");
  if (carry.any_shape_only() || xs.any_shape_only()) {
    for (Tensor& t : carry.tensors) t = as_spec(t);
    Tensors row;
    for (const Tensor& t : xs.tensors) row.push_back(Tensor::spec_only(row_spec(t.spec()).shape, t.dtype()));
    auto [c, y] = halves(f(carry.pack(), xs.pack(row)));
    Structure next(c), ys(y);
    settle_weak(carry, next);
    expect_same("the carry", carry, "what `f` gives for it", next);
    for (Tensor& t : ys.tensors) t = with_rows(t, n);
    for (Tensor& t : next.tensors) t = as_spec(t);
    return Value::tuple({next.pack(), ys.pack()});
  }
  if (current_trace()) return traced_scan(f, std::move(carry), xs, n, reverse);
  std::vector<Tensors> rows;
  for (const Tensor& t : xs.tensors) rows.push_back(prim::unstack(t));
  std::vector<Tensors> collected;  // a leaf of y, then a round
  Structure ys;
  for (int64_t round = 0; round < n; ++round) {
    const size_t t = static_cast<size_t>(reverse ? n - 1 - round : round);
    Tensors row;
    for (const Tensors& list : rows) row.push_back(list[t]);
    auto [c, y] = halves(f(carry.pack(), xs.pack(row)));
    Structure next(c), now(y);
    settle_weak(carry, next);
    expect_same("the carry", carry, "what `f` gives for it", next);
    carry.tensors = std::move(next.tensors);
    if (round == 0)
      ys = now, collected.assign(now.tensors.size(), Tensors(static_cast<size_t>(n)));
    else
      expect_same("y of the first round", ys, "y of a later round", now);
    for (size_t i = 0; i < now.tensors.size(); ++i) collected[i][t] = now.tensors[i];
  }
  if (n == 0) {  // no round tells what y is: ask with specs
    Tensors specs, row;
    for (const Tensor& t : carry.tensors) specs.push_back(as_spec(t));
    for (const Tensor& t : xs.tensors) row.push_back(Tensor::spec_only(row_spec(t.spec()).shape, t.dtype()));
    ys = Structure(halves(f(carry.pack(specs), xs.pack(row))).second);
    for (Tensor& t : ys.tensors) t = prim::full(with_rows(t, 0).shape(), 0, t.dtype());
  }
  for (size_t i = 0; i < collected.size(); ++i) ys.tensors[i] = prim::stack(collected[i]);
  return Value::tuple({carry.pack(), ys.pack()});
}

Value scan_impl(const Value& f, const Value& init, const Value& xs, const std::optional<int64_t>& length, bool reverse,
                const Value& unroll) {
  if (!unroll.is_bool() && (!unroll.is_int() || unroll.as_int() < 1))
    throw ValueError("`unroll` must be an positive integer or boolean. Received: unroll=", unroll.repr());
  return scan_rows(
      [&](const Value& c, const Value& x) {
        return call_function(f, "f", {c, x});
      },
      init, xs, length, reverse);
}
const auto scan_op = public_op(
    "scan", CORE "Scan", "carry, y = f(carry, row) along the leading axis of xs: the last carry and the stacked y.",
    scan_impl,
    {OpArgument("f", required, "A function of the carry and a row that gives the next carry and a result.").in_call(),
     OpArgument("init", required, "The first carry.").in_call(),
     OpArgument("xs", Value(), "A tensor, or a structure of them, whose rows are gone through; None calls with None.")
         .in_call(),
     {"length", Value(), "The number of rounds, where `xs` is None."},
     {"reverse", false, "Whether to begin at the end."},
     {"unroll", 1, "How many rounds may be written out; the result is the same."}},
    {.returns = "The last carry and the stacked results.",
     .raises = "ValueError: if neither `xs` nor `length` says how many rounds there are.",
     .example = R"py(
>>> keras.ops.scan(lambda total, x: (total + x, total * x), keras.ops.array(0), keras.ops.array([1, 2, 3]))
(<Tensor shape=(), dtype=int32, values=6>, <Tensor shape=(3,), dtype=int32, values=[0 2 9]>))py"});

Value map_rows(const Value& f, const char* name, const Value& xs) {
  return scan_rows(
             [&](const Value&, const Value& x) {
               return Value::tuple({Value(), call_function(f, name, {x})});
             },
             {}, xs, {}, false)
      .as_list()[1];
}
Value map_impl(const Value& f, const Value& xs) { return map_rows(f, "f", xs); }
const auto map_op = public_op("map", CORE "Map", "f of each row of xs, stacked.", map_impl,
                              {OpArgument("f", required, "A function of a row.").in_call(),
                               OpArgument("xs", required, "A tensor, or a structure of them.").in_call()},
                              {.returns = "The results, stacked.", .example = R"py(
>>> keras.ops.map(lambda x: x * x, keras.ops.array([1, 2, 3]))
<Tensor shape=(3,), dtype=int32, values=[1 4 9]>)py"});
Value vectorized_map_impl(const Value& function, const Value& elements) {
  return map_rows(function, "function", elements);
}
const auto vectorized_map_op = public_op(
    "vectorized_map", CORE "VectorizedMap", "The function of each row of the elements, stacked.", vectorized_map_impl,
    {{"function", required, "A function of a row."},
     OpArgument("elements", required, "A tensor, or a structure of them.").in_call()},
    {.returns = "The results, stacked.", .example = R"py(
>>> keras.ops.vectorized_map(lambda x: x * x, keras.ops.array([1, 2, 3]))
<Tensor shape=(3,), dtype=int32, values=[1 4 9]>)py"});

// --- for ----------------------------------------------------------------------------------------------------------
Value fori_impl(const Operand& lower, const Operand& upper, const Value& body, const Value& init) {
  auto bound = [](const Operand& o, const char* name) -> std::optional<int64_t> {
    if (o.is_scalar()) return static_cast<int64_t>(o.number());
    expect_scalar(name, o.tensor());
    return o.tensor().has_data() ? std::optional<int64_t>(static_cast<int64_t>(o.tensor().item())) : std::nullopt;
  };
  const auto from = bound(lower, "`lower`"), to = bound(upper, "`upper`");
  Structure value(init);
  if (value.any_shape_only()) {
    for (Tensor& t : value.tensors) t = as_spec(t);
    return value.pack();
  }
  if (from && to) {
    if (*to <= *from) return value.pack();
    Tensor counter = prim::iota(*to - *from, DType::int32, static_cast<double>(*from));
    return scan_rows(
               [&](const Value& v, const Value& i) {
                 return Value::tuple({call_function(body, "body_fun", {i, v}), Value()});
               },
               init, counter, {}, false)
        .as_list()[0];
  }
  // Bounds that a trace computes.
  Tensor first = lower.as(DType::int32), end = upper.as(DType::int32);
  Value condition(
      make_callable("cond", [&](List a, Dict) -> Value { return compare(Binary::less, a[0].as_tensor(), end); }));
  Value round(make_callable("body", [&](List a, Dict) -> Value {
    return Value::tuple({prim::add(a[0].as_tensor(), 1), call_function(body, "body_fun", {a[0], a[1]})});
  }));
  return while_impl(condition, round, Value::tuple({first, init}), {}).as_list()[1];
}
const auto fori_op =
    public_op("fori_loop", CORE "ForiLoop", "value = body_fun(i, value) for i from lower to upper - 1.", fori_impl,
              {OpArgument("lower", required, "The first index.").in_config(),
               OpArgument("upper", required, "The end of the indices, itself left out.").in_config(),
               {"body_fun", required, "A function of the index and the value that gives the next value."},
               OpArgument("init_val", required, "The first value.").in_call()},
              {.returns = "The last value.", .example = R"py(
>>> keras.ops.fori_loop(0, 4, lambda i, value: value + i, 0)
<Tensor shape=(), dtype=int32, values=6>)py"});

// C++ functions as the values that the ops take.
Value function(const char* name, std::function<Value(List)> f) {
  return Value(make_callable(name, [f = std::move(f)](List args, Dict) { return f(std::move(args)); }));
}

}  // namespace

Value cond(const Operand& pred, const std::function<Value()>& true_fn, const std::function<Value()>& false_fn) {
  return cond_op(pred, function("true_fn", [=](List) { return true_fn(); }),
                 function("false_fn", [=](List) { return false_fn(); }));
}
Value switch_case(const Operand& index, const std::vector<std::function<Value(const List&)>>& branches,
                  const List& operands) {
  List functions;
  for (const auto& f : branches) functions.push_back(function("branch", [=](List a) { return f(a); }));
  return switch_op(index, functions, operands);
}
Value while_loop(const std::function<Value(const List&)>& condition, const std::function<Value(const List&)>& body,
                 const Value& loop_vars, const std::optional<int64_t>& maximum_iterations) {
  return while_op(function("cond", [=](List a) { return condition(a); }),
                  function("body", [=](List a) { return body(a); }), loop_vars, maximum_iterations);
}
Value fori_loop(const Operand& lower, const Operand& upper,
                const std::function<Value(const Tensor&, const Value&)>& body, const Value& init_val) {
  return fori_op(lower, upper, function("body_fun", [=](List a) { return body(a[0].as_tensor(), a[1]); }), init_val);
}
Scanned scan(const std::function<Scanned(const Value&, const Value&)>& f, const Value& init, const Value& xs,
             const std::optional<int64_t>& length, bool reverse) {
  Value out = scan_op(function("f",
                               [=](List a) {
                                 Scanned s = f(a[0], a[1]);
                                 return Value::tuple({s.carry, s.ys});
                               }),
                      init, xs, length, reverse, Value(1));
  return {out.as_list()[0], out.as_list()[1]};
}
Value map(const std::function<Value(const Value&)>& f, const Value& xs) {
  return map_op(function("f", [=](List a) { return f(a[0]); }), xs);
}
Value vectorized_map(const std::function<Value(const Value&)>& f, const Value& elements) {
  return vectorized_map_op(function("function", [=](List a) { return f(a[0]); }), elements);
}

}  // namespace lamina::ops
