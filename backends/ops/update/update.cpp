#pragma GCC optimize("fp-contract=off")
#include "backends/ops/update/update.h"

#include <cmath>

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/update/update_table.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const UpdateTable&, update_table)

std::string_view name_of(UpdateRule rule) {
  static constexpr std::string_view names[] = {
      "sgd",  "momentum",    "nesterov", "rmsprop", "rmsprop_momentum", "rmsprop_centered", "rmsprop_centered_momentum",
      "adam", "adam_largest"};
  static_assert(std::size(names) == kUpdateRules);
  return names[static_cast<int>(rule)];
}

namespace {

#include "backends/ops/update/update_rules.h"

// Every output may take its own state's memory: an element is read before it is written.
void share_states(BoundKernel& k, int states) {
  for (int i = 0; i < states; ++i) k.sharing.emplace_back(i, i);
}

BoundKernel bind_simd(const UpdateOp& op, const KernelRequest& r) {
  UpdateFn f = update_table().run[static_cast<int>(op.rule)][static_cast<int>(r.inputs[0].dtype)];
  if (!f) return r.decline("no loop for this dtype");
  const int64_t n = r.inputs[0].shape.elements();
  // Some ten microseconds a task; smaller variables stay on the calling thread.
  const int64_t task = op.rule <= UpdateRule::nesterov ? 32 * 1024 : 8 * 1024;
  BoundKernel k;
  share_states(k, states_of(op.rule));
  k.run = [f, n, task, constants = op.constants](const void* const* in, void* const* out, void*) {
    if (n <= task) return f(in, out, constants.data(), 0, n);
    parallel_for((n + task - 1) / task,
                 [&](int64_t t) { f(in, out, constants.data(), t * task, std::min(n, (t + 1) * task)); });
  };
  return k;
}

BoundKernel bind_reference(const UpdateOp& op, const KernelRequest& r) {
  BoundKernel k;
  share_states(k, states_of(op.rule));
  k.run = [rule = op.rule, c = op.constants, dtype = r.inputs[0].dtype, n = r.inputs[0].shape.elements()](
              const void* const* in, void* const* out, void*) {
    auto loop = [&](auto rule_constant, auto zero) {
      using T = decltype(zero);
      using W = std::conditional_t<std::is_same_v<T, double>, double, float>;
      constexpr int states = kStates<rule_constant()>;
      const UpdateScalars<W> scalars{static_cast<W>(c[0]),     static_cast<W>(c[1]),
                                     static_cast<W>(c[2]),     static_cast<W>(1 - c[0]),
                                     static_cast<W>(1 - c[1]), static_cast<W>(*static_cast<const T*>(in[states + 1]))};
      for (int64_t i = 0; i < n; ++i) {
        W s[states];
        for (int j = 0; j < states; ++j) s[j] = static_cast<W>(static_cast<const T*>(in[j])[i]);
        update_element<rule_constant()>(s, static_cast<W>(static_cast<const T*>(in[states])[i]), scalars);
        for (int j = 0; j < states; ++j) static_cast<T*>(out[j])[i] = static_cast<T>(s[j]);
      }
    };
    with_rule(rule, [&](auto constant) {
      if (dtype == DType::float64)
        loop(constant, double());
      else if (dtype == DType::float16)
        loop(constant, Half());
      else if (dtype == DType::bfloat16)
        loop(constant, BFloat16());
      else
        loop(constant, float());
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Update", "simd", 20, bind_simd);
LAMINA_KERNEL(cpu, "Update", "reference", 100, bind_reference);

}  // namespace

int states_of(UpdateRule rule) {
  return with_rule(rule, [](auto constant) { return kStates<constant()>; });
}

std::vector<TensorSpec> UpdateOp::infer(std::span<const TensorSpec> in) const {
  const size_t states = static_cast<size_t>(states_of(rule));
  if (in.size() != states + 2)
    throw ValueError("expected ", states, " states, a gradient and a rate; received ", in.size(), " inputs.");
  if (!is_float(in[0].dtype)) throw TypeError("states must be floating-point, received ", in[0].dtype, ".");
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i].dtype != in[0].dtype)
      throw TypeError("states, gradient and rate must have one dtype, received ", in[0].dtype, " and ", in[i].dtype,
                      ".");
    if (i <= states && !compatible(in[i].shape, in[0].shape))
      throw ValueError("states and gradient must have one shape, received ", in[0].shape, " and ", in[i].shape, ".");
  }
  if (in.back().shape.rank() != 0) throw ValueError("the rate must be a scalar, received shape ", in.back().shape, ".");
  return {in.begin(), in.begin() + static_cast<std::ptrdiff_t>(states)};
}

const Op& keep_update(Op& op, UpdateRule rule, const UpdateConstants& constants) {
  auto* made = static_cast<const UpdateOp*>(op.get());
  if (!made || made->rule != rule || made->constants != constants) op = make_op<UpdateOp>(rule, constants);
  return op;
}

namespace prim {
Tensors update(UpdateRule rule, UpdateConstants constants, const Tensors& states, const Tensor& gradient,
               const Tensor& rate) {
  Tensors in = states;
  in.push_back(gradient);
  in.push_back(rate);
  return lamina::apply(make_op<UpdateOp>(rule, constants), in);
}
}  // namespace prim

}  // namespace lamina
