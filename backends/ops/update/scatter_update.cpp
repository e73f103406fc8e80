#include "backends/ops/update/scatter_update.h"

#include "backends/core/kernel.h"
#include "backends/cpu/task_scratch.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/elementwise/block.h"
#include "backends/ops/gather/indices.h"
#include "backends/ops/gather/scatter_sum.h"
#include "backends/ops/update/update_table.h"

namespace lamina {

std::vector<TensorSpec> ScatterUpdateOp::infer(std::span<const TensorSpec> in) const {
  const size_t states = static_cast<size_t>(states_of(update.rule));
  if (in.size() != states + 3)
    throw ValueError("expected ", states, " states, indices, rows and a rate; received ", in.size(), " inputs.");
  if (in[0].shape.rank() < 1) throw ValueError("states must have rows, received the shape ", in[0].shape, ".");
  std::vector<TensorSpec> whole(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(states));
  whole.push_back(ScatterSumOp(0, in[0].shape[0]).infer(in.subspan(states, 2))[0]);
  whole.push_back(in.back());
  return update.infer(whole);
}

namespace {

constexpr int64_t kBlock =
    1024;  // elements of the gradient made at a time: they stay in the first cache beside the states

// Which of the updates belong to each row: rows hold the first's number, `after` holds each one's next; -1 ends.
struct Chains {
  int32_t *first, *after;

  void build(const void* indices, bool wide, int64_t rows, int64_t count) const {
    std::fill_n(first, rows, -1);
    for (int64_t k = count; k-- > 0;) {  // backwards, so that each chain runs in the order of the indices
      const int64_t row = index_at(indices, k, wide, rows);
      if (row < 0) continue;
      after[k] = first[row];
      first[row] = static_cast<int32_t>(k);
    }
  }
};

BoundKernel bind_blocks(const ScatterUpdateOp& op, const KernelRequest& r) {
  const int states = states_of(op.update.rule);
  const DType dtype = r.inputs[0].dtype;
  UpdateFn update = update_table().run[static_cast<int>(op.update.rule)][static_cast<int>(dtype)];
  BlockFn add = block_table().binary[static_cast<int>(Binary::add)][static_cast<int>(dtype)];
  const Shape& table = r.inputs[0].shape;
  const int64_t rows = table[0], width = rows ? table.elements() / rows : 0,
                count = r.inputs[static_cast<size_t>(states)].shape.elements();
  if (count > std::numeric_limits<int32_t>::max()) return r.decline("more than 2^31 updates");
  const bool wide = r.inputs[static_cast<size_t>(states)].dtype == DType::int64;
  const int64_t rows_a_block = std::max<int64_t>(1, kBlock / std::max<int64_t>(1, width)),
                rows_a_task =
                    rows_a_block * std::max<int64_t>(1, 8 * kBlock / (rows_a_block * std::max<int64_t>(1, width)));
  const size_t size = size_of(dtype), row_bytes = static_cast<size_t>(width) * size;
  BoundKernel k;
  for (int i = 0; i < states; ++i) k.sharing.emplace_back(i, i);
  k.scratch_bytes = static_cast<size_t>(rows + count) * sizeof(int32_t);
  k.run = [=, constants = op.update.constants](const void* const* in, void* const* out, void* scratch) {
    const Chains chains{static_cast<int32_t*>(scratch), static_cast<int32_t*>(scratch) + rows};
    chains.build(in[states], wide, rows, count);
    const char* updates = static_cast<const char*>(in[states + 1]);
    parallel_for((rows + rows_a_task - 1) / rows_a_task, [&](int64_t task) {
      const size_t block_bytes = static_cast<size_t>(rows_a_block) * row_bytes;
      char* gradient = static_cast<char*>(task_scratch(block_bytes));
      bool clean = false;
      for (int64_t from = task * rows_a_task; from < std::min(rows, (task + 1) * rows_a_task); from += rows_a_block) {
        const int64_t to = std::min(rows, from + rows_a_block);
        if (!clean) std::memset(gradient, 0, block_bytes);
        clean = true;
        for (int64_t row = from; row < to; ++row)
          for (int32_t i = chains.first[row]; i >= 0; i = chains.after[i]) {
            char* at = gradient + static_cast<size_t>(row - from) * row_bytes;
            add(at, updates + static_cast<size_t>(i) * row_bytes, nullptr, at, width);
            clean = false;
          }
        const void* from_states[8];
        void* to_states[8];
        for (int s = 0; s < states; ++s) {
          from_states[s] = static_cast<const char*>(in[s]) + static_cast<size_t>(from) * row_bytes;
          to_states[s] = static_cast<char*>(out[s]) + static_cast<size_t>(from) * row_bytes;
        }
        from_states[states] = gradient;
        from_states[states + 1] = in[states + 2];
        update(from_states, to_states, constants.data(), 0, (to - from) * width);
      }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "ScatterUpdate", "blocks", 20, bind_blocks);

}  // namespace
}  // namespace lamina
