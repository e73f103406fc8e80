#pragma once
// Decoding of connectionist temporal classification by prefix beam search (Hannun et al., "First-Pass Large Vocabulary
// Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014, without a language model).
#include "backends/core/primitive.h"

namespace lamina {

// log probabilities (batch, steps, classes) float32 or float64, and int32 lengths (batch) -> the `top_paths` most
// probable label sequences (top_paths, batch, steps) int32, ended by -1, and their log probabilities (batch,
// top_paths).
class CtcBeamSearchOp final : public Primitive {
 public:
  CtcBeamSearchOp(int64_t beam_width, int64_t top_paths, int64_t blank)
      : beam_width(beam_width), top_paths(top_paths), blank(blank) {}
  std::string_view name() const override { return "CtcBeamSearch"; }
  void attributes(Attributes& a) const override { a("beam_width", beam_width)("top_paths", top_paths)("blank", blank); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const int64_t beam_width, top_paths, blank;
};

namespace prim {
// Paths (batch, top_paths, steps), and their logarithmic probabilities (batch, top_paths).
struct CtcPaths {
  Tensor paths, scores;
};
// The likeliest labellings, best first. `lengths` counts the steps of each sequence; the blank has the index
// `mask_index`.
CtcPaths ctc_beam_search(const Tensor& log_probabilities, const Tensor& lengths, int64_t beam_width, int64_t top_paths,
                         int64_t blank);
}  // namespace prim
}  // namespace lamina
