#pragma once
// A graph made ready to run: kernels bound, every intermediate at a fixed place in one arena (which the functions of a
// model share: a run borrows it), pointers in tables that are filled once a context. A run patches the few pointers
// that change (arguments, variables, results) and calls the kernels.
//
// Variables are written in place where the plan allows it (every read of the old value comes before the write) and
// nobody else holds their memory at that moment; otherwise the new value goes to memory of its own, so tensors that a
// user holds never change. If a kernel throws, each variable holds its old or its new value.
//
// run() may be called from several threads at once: each takes a context. Runs that update variables take turns.
#include <mutex>

#include "backends/core/kernel.h"
#include "backends/core/profiler.h"
#include "backends/graph/arenas.h"
#include "backends/graph/graph.h"
#include "backends/graph/kept_values.h"
#include "backends/graph/recordings.h"

namespace lamina {

class Executable {
 public:
  explicit Executable(Graph graph, Device device = Device::cpu,
                      std::shared_ptr<Arenas> arenas = std::make_shared<Arenas>());
  ~Executable();
  // Outputs for these inputs (specs as traced).
  Tensors run(std::span<const Tensor> inputs);
  void run(std::span<const Tensor> inputs, std::span<Tensor> outputs);  // as many outputs as the graph has
  // The same for a graph without variables, on the device's plain memory: reads `inputs` and writes `outputs`, which
  // must not overlap. Allocates nothing when a context is idle.
  void run_into(const void* const* inputs, void* const* outputs);
  const Graph& graph() const { return graph_; }
  Device device() const { return device_; }
  bool recordable() const {
    return std::all_of(parts_.begin(), parts_.end(), [](const auto& p) { return p.recordable; });
  }  // all of a run
  size_t arena_bytes() const { return arena_bytes_; }
  int variables_in_place() const;                      // updates that the plan allows to overwrite the variable
  std::vector<const void*> kept_memory();              // of what runs read
  size_t kept_values() const { return kept_.size(); }  // values that outlive a run

 private:
  struct Place {  // where a value's data is
    enum class Kind : uint8_t { arena, input, variable, constant, result, update, kept } kind = Kind::arena;
    size_t offset = 0;  // arena
    int index = 0;      // argument, variable, result, update or kept number
  };
  struct Call {
    BoundKernel::Run run;
    uint32_t inputs, outputs;  // where its pointers stand in the table
  };
  struct Source {
    int node;
    std::string_view kernel;
  };  // of a call, for profiles
  struct Update {
    std::shared_ptr<VariableState> variable;
    int value;              // root
    bool direct = false;    // a kernel writes it: in place, or to memory of its own
    bool in_place = false;  // the plan allows to overwrite the old value
  };
  struct Patch {
    uint32_t at, slot;
  };  // table entry, and the changing pointer that goes there
  struct Context {
    std::unique_ptr<Arenas::Arena> arena;  // while it runs
    void* base = nullptr;                  // the arena that the table's pointers lead to
    std::vector<void*> table, slots;
    std::vector<Tensor> held, results, updates;
    std::vector<BufferPtr> copies;  // of arguments and variables that lie elsewhere
    std::shared_ptr<const KeptValues::Values> kept;
    // The variables as `held` and `kept` have them, and how many runs in a row found them so. After some, a context of
    // few bytes holds them from run to run: threads that predict with one model then write to nothing that is shared.
    std::vector<uint64_t> as_of;
    int unchanged = 0;
    bool holds = false;  // slots, `held` and `kept` are as of `as_of`
    Recordings recordings;
    BufferPtr steady;  // where recorded calls read arguments and write results
  };

  void assign_places();
  void find_kept(const std::vector<int>& leaving);
  KeptValues::Origin origin_of(int root) const;
  class Binding;
  void bind();
  void* readable(const Tensor& t, Context& c) const;
  void** place_variables(Context& c, void** slot);
  void place_kept(Context& c, void** slot);
  void write_to(void* memory, const Tensor& t) const;
  uint32_t slot_of(const Place& p) const;
  Tensor tensor_at(int value, const Context& c, std::span<const Tensor> inputs) const;
  void run_calls(void** table, void* scratch, size_t begin, size_t end);
  void run_recorded(Context& c, void* scratch);
  bool records() const;
  void finish_updates(Context& c, std::span<const Tensor> inputs);
  void find_text();
  void keep_text_of(const Context& c, std::span<const Tensor> inputs) const;
  // A context with an arena, for the time of a run.
  class Lease {
   public:
    explicit Lease(Executable& owner);
    ~Lease();
    Context& operator*() const { return *context_; }

   private:
    Executable& owner_;
    std::unique_ptr<Context> context_;
  };
  std::unique_ptr<Context> make_context() const;

  Graph graph_;
  const Device device_;
  std::vector<BufferPtr> constants_;  // by node, on the device
  std::vector<Call> calls_;
  std::vector<Recordings::Part> parts_;     // all calls, by whether a device can keep them
  std::vector<Source> sources_;             // one per call
  std::vector<const KernelLabel*> labels_;  // one per call, made by the first profiled run
  std::once_flag labelled_;
  std::vector<Place> places_;
  std::vector<int> root_;  // the value whose storage a value shares (aliases), else itself
  std::vector<std::shared_ptr<VariableState>> variables_;
  std::vector<char> overwritten_;  // a variable: some update may write over it, so it is not held during a run
  std::vector<Update> updates_;
  std::vector<int> results_;        // root values in memory of their own that leave the function
  std::vector<int> result_output_;  // for run_into: the output whose memory a result takes
  std::vector<int> table_values_;   // the value behind each table entry
  std::vector<Patch> patches_;
  std::vector<char> read_;                  // a variable: some kernel of a run reads it
  std::shared_ptr<const TextOwners> text_;  // of constants and ops, where strings leave; null where none do
  std::vector<char> steady_;  // a root: follows from variables that this graph does not update, and from constants
  KeptValues kept_;
  size_t arena_bytes_ = 0, scratch_offset_ = 0;
  bool small_ = false;                  // a context may hold what variables have between runs
  std::vector<size_t> steady_offsets_;  // of arguments, then results
  size_t steady_bytes_ = 0;
  struct ArenaEntry {
    uint32_t at;
    size_t offset;
  };  // of the table
  std::vector<ArenaEntry> arena_entries_;
  std::shared_ptr<Arenas> arenas_;
  Lending<Context> contexts_;
  std::mutex update_mutex_;
};

}  // namespace lamina
