#include "backends/graph/passes/passes.h"

namespace lamina::passes {

void optimize(Graph& graph, Device device, const Watch& watch) {
  auto run = [&](const char* name, auto&& pass) {
    const bool changed = pass(graph);
    if (changed && watch) watch(name, graph);
    return changed;
  };
  run("merge_saving", merge_saving);
  run("simplify", simplify);
  bool more = run("common_subexpressions", common_subexpressions);
  more |= run("fold_constants", [](Graph& g) { return fold_constants(g); });
  more |= run("stability", stability);
  // Folded constants and shared nodes show more.
  if (more && run("simplify", simplify)) run("common_subexpressions", common_subexpressions);
  run("dead_code", dead_code);
  run("fold_scale", fold_scale);
  if (device.is_host()) {  // kernels that the CPU has
    if (run("fuse_convolution", fuse_convolution)) run("dead_code", dead_code);
    run("fuse_convolution_pool", fuse_convolution_pool);
    run("fuse_matmul_update", fuse_matmul_update);
    run("fuse_scatter_update", fuse_scatter_update);
  }
  run("fuse_matmul", [&](Graph& g) { return fuse_matmul(g, device); });
  run("group_updates", group_updates);
  run("dead_code", dead_code);
  run("fuse_elementwise", fuse_elementwise);
  if (!device.is_host()) run("fuse_reduce", fuse_reduce);
  run("fold_fills", [](Graph& g) { return fold_constants(g, true); });
  run("dead_code", dead_code);
  run("order_updates", order_updates);
}

}  // namespace lamina::passes
