#pragma once
#include <array>

#include "backends/core/kernel_chain.h"
#include "backends/ops/recurrent/whole_recurrence.h"

namespace lamina {

// Where cuDNN has the parts of a recurrence's weights, in elements from their beginning. A matrix of a gate is (u, D)
// or (u, u), the transpose of its columns in our kernels. Gates in our order (simple; i, f, c, o; z, r, h).
struct CudnnWeights {
  int64_t elements;
  std::array<int64_t, 4> input, state;            // matrices
  std::array<int64_t, 4> input_bias, state_bias;  // u each; the latter of gru alone
};

// Steps that bring W, R and b to these places of `weights`, memory between steps, and gradients from there.
void pack_weights(KernelChain& chain, const RecurrenceSizes& sizes, const CudnnWeights& places,
                  const std::array<KernelChain::Place, 3>& from, KernelChain::Place weights);
void unpack_weights(KernelChain& chain, const RecurrenceSizes& sizes, const CudnnWeights& places,
                    KernelChain::Place weights, const std::array<KernelChain::Place, 3>& to);

// Tells cuDNN of a recurrence, which needs no GPU. RuntimeError if it takes no such one.
void describe_to_cudnn(const RecurrenceSizes& sizes);

// The gates in cuDNN's order: which of ours each is.
std::array<int, 4> cudnn_gates(Recurrence kind);

}  // namespace lamina
