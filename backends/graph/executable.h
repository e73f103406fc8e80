#pragma once
// A graph made ready to run: kernels bound, every intermediate at a fixed place in one arena. run() may be called from
// several threads at once; each takes an arena of its own.
#include <atomic>
#include <mutex>

#include "backends/core/kernel.h"
#include "backends/graph/graph.h"

namespace lamina {

class Executable {
 public:
  explicit Executable(Graph graph);
  // Outputs for these inputs (specs as traced). Variables are read at entry and set at the end.
  Tensors run(std::span<const Tensor> inputs);
  const Graph& graph() const { return graph_; }

 private:
  struct Place {  // where a value's data is
    enum class Kind : uint8_t { arena, input, variable, constant, result } kind = Kind::arena;
    size_t offset = 0;  // arena
    int index = 0;      // argument, variable or result number
  };
  struct Call {
    BoundKernel kernel;
    std::vector<int> inputs, outputs;  // values
  };

  BufferPtr take_arena();
  void give_back(BufferPtr arena);

  Graph graph_;
  std::vector<Call> calls_;
  std::vector<Place> places_;
  std::vector<int> root_;  // the value whose storage a value shares (aliases), else itself
  std::vector<std::shared_ptr<VariableState>> variables_;
  std::vector<int> results_;  // root values that leave the function: outputs and updates
  size_t arena_bytes_ = 0, scratch_offset_ = 0;
  std::mutex arenas_mutex_;
  std::vector<BufferPtr> arenas_;
};

}  // namespace lamina
