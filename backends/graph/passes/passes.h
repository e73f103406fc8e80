#pragma once
// The passes over a traced graph. Each keeps what the function computes (bit for bit where not said otherwise), leaves
// the nodes in topological order, takes time linear in the graph and tells whether it changed anything.
#include <functional>
#include <string>

#include "backends/graph/graph.h"

namespace lamina::passes {

// Algebra that loses no NaN: x*1, x+0, double negations, cast and reshape and transpose chains, transposes into matmul
// flags, broadcasts that the elementwise consumer does itself, relu masks read from relu's output; and what
// only gradients look at: stop_gradient, custom gradients.
bool simplify(Graph& graph);

// Forms that keep digits where the written one loses them: log(1+x), exp(x)-1, log(exp(x)/sum), log(sigmoid(x)),
// log1p(exp(x)), log(exp(x)). Values differ by rounding (that is the point).
bool stability(Graph& graph);

// Nodes of one small output whose inputs are all constants are computed now. With `fills`, repeated values
// (Full) become constants too; before fusion they are left, because fusion turns them into immediate operands.
bool fold_constants(Graph& graph, bool fills = false);

// Nodes with equal op keys and inputs become one. Every primitive is a pure function of its inputs.
bool common_subexpressions(Graph& graph);

// A primitive applied twice to the same inputs, once saving what its gradient needs (SavingPrimitive): the saving one
// serves both.
bool merge_saving(Graph& graph);

// Drops nodes that no output and no update needs.
bool dead_code(Graph& graph);

// Chains of elementwise nodes over one shape become one FusedElementwise node each; broadcasts and repeated values that
// feed them are absorbed. Same bits as the unfused nodes.
bool fuse_elementwise(Graph& graph);

// Gradient steps on kernels, W + c * (A x B) or W - r * (A x B) as an update op, with the product used nowhere else,
// become one product that adds into W. Rounds once less than the ops it replaces.
bool fuse_matmul_update(Graph& graph);

// Updates by a gradient that only scatters rows into zeros, read by nobody else, make the sums themselves. Same bits.
bool fuse_scatter_update(Graph& graph);

// The updates of all small variables become one UpdateGroup, behind the last of their gradients. Same bits.
bool group_updates(Graph& graph);

// Products and convolutions with weights that this graph leaves as they are, times or plus one value a channel of the
// same kind, as a normalisation in inference: the weights take the factors. The fresh weights follow from variables
// alone, so that the executable keeps them. Values differ by rounding.
bool fold_scale(Graph& graph);

// relu(A x B + bias + residual), or what of it is there, becomes one kernel: in float32, on devices in float16 and
// bfloat16, too. Same bits as the unfused nodes on the CPU. Products that fuse_matmul_update takes are left to it: run
// it first.
bool fuse_matmul(Graph& graph, Device device = Device::cpu);

// A convolution's bias, residual sum and relu, and the bias' gradient beside the kernel's, become part of one kernel;
// masks of relu go behind max poolings. Same values as the unfused nodes (sums of bias gradients are added in another
// order).
bool fuse_convolution(Graph& graph);

// A max pooling joins the convolution before it, and the weight gradient the pooling's, where nobody else reads what
// lies between: it then never goes through memory. To be run on what fuse_convolution and dead_code leave.
bool fuse_convolution_pool(Graph& graph);

// A reduction takes the elementwise program before it with it, where nobody else reads that program's one result: for
// devices. To be run on what fuse_elementwise leaves.
bool fuse_reduce(Graph& graph);

// Moves the nodes that produce variable updates up to where their operands are ready and the last reader of the old
// value has run: gradients die sooner, and the update may overwrite the variable's memory.
bool order_updates(Graph& graph);

// All that serve the device, in the order that the graph engine uses. `watch`, if given, sees the graph after each pass
// that changed it.
using Watch = std::function<void(const char* pass, const Graph& graph)>;
void optimize(Graph& graph, Device device = Device::cpu, const Watch& watch = {});

}  // namespace lamina::passes
