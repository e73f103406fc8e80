#include "backends/ops/recompute/recompute.h"

#include <atomic>

#include "backends/core/autodiff.h"
#include "backends/core/subfunction.h"
#include "backends/core/variable.h"
#include "backends/ops/custom_gradient/custom_gradient.h"

namespace lamina {

namespace {

// The gradients of f by the sources of floating dtype, from its intermediate values computed anew.
Tensors gradients_anew(const SubFunction& f, std::span<const Tensor> sources, const Tensors& grads) {
  Tensors given;
  for (const Tensor& t : sources) given.push_back(prim::barrier(t));
  TapeScope tape;
  const Tensors results = f.call(given);
  Tensors of, seeds;
  for (size_t i = 0; i < grads.size(); ++i)
    if (is_float(results[i].dtype())) of.push_back(results[i]), seeds.push_back(grads[i]);
  std::vector<GradientSource> by;
  for (const Tensor& t : given)
    if (is_float(t.dtype())) by.push_back(t);
  const Tensors found = of.empty() ? Tensors(by.size()) : gradients(of, by, seeds);
  Tensors out;
  size_t next = 0;
  for (const Tensor& t : given) out.push_back(is_float(t.dtype()) ? found[next++] : Tensor());
  return out;
}

}  // namespace

namespace prim {

Tensor barrier(const Tensor& x) {
  static std::atomic<uint64_t> last{0};
  return apply1(make_op<BarrierOp>(++last), {x});
}

Tensors recompute(const std::function<Tensors()>& body, const std::function<bool(std::span<const TensorSpec>)>& worth) {
  if (!recording()) return body();
  const TracedSubFunction traced = trace_subfunction([&](std::span<const Tensor>) { return body(); }, {});
  const SubFunctionPtr& f = traced.function;
  const size_t count = f->outputs().size() - traced.assigned.size();
  const bool anew = !worth || worth(std::span<const TensorSpec>(f->outputs()).first(count));
  Tensors all;
  if (anew) {
    NoGradScope off;
    all = f->call(traced.captured);
  } else {
    all = f->call(traced.captured);
  }
  store_assigned(traced.assigned, std::span<const Tensor>(all).subspan(count));
  all.resize(count);
  if (!anew || all.empty()) return all;
  return custom_gradient(traced.captured, all, [f](std::span<const Tensor> sources, const Tensors& grads) {
    return gradients_anew(*f, sources, grads);
  });
}

}  // namespace prim
}  // namespace lamina
