#include "backends/ops/ctc/beam_search.h"

#include "backends/ops/primitives.h"

namespace lamina {

std::vector<TensorSpec> CtcBeamSearchOp::infer(std::span<const TensorSpec> in) const {
  const Shape& x = in[0].shape;
  if (x.rank() != 3) throw ValueError("needs inputs of shape (batch, steps, classes), received shape ", x, ".");
  if (in[1].shape.rank() != 1 || !compatible({x[0]}, in[1].shape))
    throw ValueError("needs one length per sequence, received inputs of shape ", x, " and lengths of shape ",
                     in[1].shape, ".");
  if (x[2] >= 0 && (blank < 0 || blank >= x[2]))
    throw ValueError("the index of the blank, ", blank, ", is none of the ", x[2], " classes.");
  return {{{top_paths, x[0], x[1]}, DType::int32}, {{x[0], top_paths}, in[0].dtype}};
}

namespace prim {
CtcPaths ctc_beam_search(const Tensor& log_probabilities, const Tensor& lengths, int64_t beam_width, int64_t top_paths,
                         int64_t blank) {
  Tensors out = apply(make_op<CtcBeamSearchOp>(beam_width, top_paths, blank), {log_probabilities, lengths});
  return {out[0], out[1]};
}
}  // namespace prim
}  // namespace lamina
