#pragma once
// What the convolutions' oneDNN kernels share. Versions 2.x and 3.x describe primitives differently; here they look
// alike.
#include <dnnl.hpp>

#include "backends/core/lending.h"
#include "backends/cpu/onednn_call.h"
#include "backends/ops/convolution/tasks.h"

namespace lamina::onednn {

// One per process, and one stream per thread.
inline dnnl::engine& engine() {
  static dnnl::engine instance = (bound_onednn_instructions(), dnnl::engine(dnnl::engine::kind::cpu, 0));
  return instance;
}
inline dnnl::stream& stream() {
  thread_local dnnl::stream instance(engine());
  return instance;
}

// A primitive that works in memory given to it. Every run has arguments of the same descriptions, and the same ones of
// them.
struct Step {
  dnnl::primitive primitive;
  dnnl::memory::desc scratch;
  std::string implementation;

  struct Argument {
    int index;
    const dnnl::memory::desc* desc;
    const void* data;
  };
  // `scratch` bytes come from the task's memory.
  void run(std::initializer_list<Argument> arguments) const {
    std::unique_ptr<Held> held = idle->take();
    if (!held) held = std::make_unique<Held>(arguments, scratch);
    auto memory = held->memory.begin();
    for (const Argument& a : arguments)
      if (a.data) (memory++)->set_data_handle(const_cast<void*>(a.data));
    if (const size_t bytes = scratch.get_size()) memory->set_data_handle(task_scratch(bytes));
    onednn_call(implementation.c_str(), [&] {
      const dnnl_status_t status = dnnl_primitive_execute(primitive.get(), stream().get(),
                                                          static_cast<int>(held->list.size()), held->list.data());
      return status == dnnl_success ? dnnl_stream_wait(stream().get()) : status;
    });
    idle->give_back(std::move(held));
  }

  // oneDNN's descriptions of the arguments, which it takes from the heap: made once for each thread that runs the
  // primitive at a time.
  struct Held {
    std::vector<dnnl::memory> memory;
    std::vector<dnnl_exec_arg_t> list;
    Held(std::initializer_list<Argument> arguments, const dnnl::memory::desc& scratch) {
      auto add = [this](int index, const dnnl::memory::desc& desc) {
        memory.emplace_back(desc, engine(), static_cast<void*>(DNNL_MEMORY_NONE));
        list.push_back({index, memory.back().get()});
      };
      for (const Argument& a : arguments)
        if (a.data) add(a.index, *a.desc);
      if (scratch.get_size()) add(DNNL_ARG_SCRATCHPAD, scratch);
    }
  };
  std::shared_ptr<Lending<Held>> idle = std::make_shared<Lending<Held>>();
};

// A layout as text: equal texts mean that the same element of a tensor stands at the same place. Empty: it cannot be
// told.
#if DNNL_VERSION_MAJOR >= 3
// For labels of kernels.
inline std::string layout_text(const dnnl::memory::desc& d) {
  if (d.get_format_kind() != dnnl::memory::format_kind::blocked) return {};
  std::string all;
  for (const auto& list :
       {d.get_dims(), d.get_padded_dims(), d.get_strides(), d.get_inner_blks(), d.get_inner_idxs()}) {
    for (auto n : list) all += text(n, " ");
    all += "/ ";
  }
  return all;
}
#else
inline std::string layout_text(const dnnl::memory::desc& d) {
  const dnnl_memory_desc_t& m = d.data;
  if (m.format_kind != dnnl_blocked || m.extra.flags) return {};
  const dnnl_blocking_desc_t& b = m.format_desc.blocking;
  std::string all;
  for (int i = 0; i < m.ndims; ++i) all += text(m.dims[i], " ", m.padded_dims[i], " ", b.strides[i], " ");
  for (int i = 0; i < b.inner_nblks; ++i) all += text("/ ", b.inner_blks[i], " ", b.inner_idxs[i], " ");
  return all;
}
#endif

// A copy into another layout.
struct Reorder {
  dnnl::memory::desc from, to;
  Step step;
  Reorder() = default;
  Reorder(const dnnl::memory::desc& f, const dnnl::memory::desc& t) : from(f), to(t) {
    const OneOnednnThread alone;
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    dnnl::reorder::primitive_desc pd(engine(), f, engine(), t, attr);
    step = {dnnl::reorder(pd), pd.scratchpad_desc(), "reorder"};
  }
  bool needed() const { return from != to; }
  std::string layout() const {  // what it does, if that can be told
    const std::string a = layout_text(from), b = layout_text(to);
    return a.empty() || b.empty() ? std::string() : "onednn " + a + "> " + b;
  }
  void run(const void* source, void* target) const {
    step.run({{DNNL_ARG_FROM, &from, source}, {DNNL_ARG_TO, &to, target}});
  }
};

}  // namespace lamina::onednn
