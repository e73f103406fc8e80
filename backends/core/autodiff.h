#pragma once
// Reverse-mode differentiation over producers: one rule set for the tape and the graph. Gradient rules emit ops, so a
// gradient can be differentiated again while a tape (or a trace) is open.
#include <memory>
#include <span>

#include "backends/core/primitive.h"

namespace lamina {

class Variable;

// One application of a primitive. Holds its inputs; of its outputs only storage, so there is no cycle.
struct Producer {
  struct Output {
    TensorSpec spec;
    BufferPtr buffer;
    int value = -1;
    std::weak_ptr<TensorNode> node;
  };
  Op op;
  Tensors inputs;
  std::vector<Output> outputs;
  uint64_t trace = 0;
  std::shared_ptr<Producer> next_released;  // while it waits for that, in a list that takes no memory
};

// The tensor that is output `index` of a producer: the one that a caller still holds, or another of the same data.
Tensor output_of(const std::shared_ptr<Producer>& p, int index);

// Frees a chain of producers without recursion (a tape may be a million ops long).
void release_producer(std::shared_ptr<Producer> producer);

// While one lives, eager ops remember their producers. Traces always do. Scopes nest.
class TapeScope {
 public:
  TapeScope();
  ~TapeScope();
  TapeScope(const TapeScope&) = delete;
  TapeScope& operator=(const TapeScope&) = delete;
};
bool recording();  // whether ops on this thread remember their producers

// While one lives, tapes are paused on this thread.
class NoGradScope {
 public:
  NoGradScope();
  ~NoGradScope();

 private:
  int saved_;
};

// A place to differentiate with respect to: a tensor, or every read of a variable.
struct GradientSource {
  GradientSource(const Tensor& t) : tensor(t) {}
  GradientSource(const Variable& v);
  Tensor tensor;
  uint64_t variable = 0;
};

// d(sum of outputs * output_grads) / d(source) for each source; undefined where an output does not depend on it.
// output_grads may be empty (ones). ValueError if an output carries no record (no tape was open).
Tensors gradients(std::span<const Tensor> outputs, std::span<const GradientSource> sources,
                  std::span<const Tensor> output_grads = {});

// Registers an application with its outputs (for engines).
void record_producer(const Op& op, std::span<const Tensor> inputs, std::span<Tensor> outputs);

}  // namespace lamina
