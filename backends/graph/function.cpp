#include "backends/graph/function.h"

#include <cstdio>
#include <cstdlib>

#include "backends/core/autodiff.h"
#include "backends/core/settings.h"
#include "backends/core/stateless.h"
#include "backends/cpu/thread_pool.h"
#include "backends/graph/executable.h"
#include "backends/graph/passes/passes.h"
#include "backends/graph/trace.h"

namespace lamina {

Function::Function(Body body, std::string name, Mode mode, std::shared_ptr<Arenas> arenas)
    : body_(std::move(body)),
      name_(std::move(name)),
      mode_(mode),
      arenas_(arenas ? std::move(arenas) : std::make_shared<Arenas>()) {}
Function::~Function() = default;

std::shared_ptr<Executable> Function::find(std::span<const Tensor> inputs) {
  const Device device = settings().device();
  for (Compiled& c : compiled_) {
    bool same = c.specs.size() == inputs.size() && c.executable->device() == device;
    for (size_t i = 0; same && i < inputs.size(); ++i)
      same = c.specs[i].dtype == inputs[i].dtype() && c.specs[i].shape == inputs[i].shape();
    if (!same) continue;
    c.used = ++asked_;
    return c.executable;
  }
  return nullptr;
}

namespace {

// LAMINA_DUMP=graph prints every graph when it is compiled, before and after each pass, and as DOT at the end.
bool dumping() {
  static const bool on = [] {
    const char* value = std::getenv("LAMINA_DUMP");
    return value && std::string_view(value).find("graph") != std::string_view::npos;
  }();
  return on;
}

}  // namespace

Graph Function::traced(std::span<const TensorSpec> inputs) const {
  Trace trace;
  Tensors arguments;
  for (const TensorSpec& spec : inputs) arguments.push_back(trace.add_input(spec));
  TraceScope scope(trace);
  Tensors outputs = body_(arguments);
  return trace.finish(outputs);
}

std::shared_ptr<Executable> Function::compile(std::span<const TensorSpec> inputs) const {
  const Device device = settings().device();
  Graph graph = traced(inputs);
  if (dumping()) {
    std::string text = graph.str();
    std::fprintf(stderr, "== %s, traced\n%s", name_.c_str(), text.c_str());
    passes::optimize(graph, device, [last = std::move(text)](const char* pass, const Graph& g) mutable {
      std::string now = g.str();
      if (now != last) std::fprintf(stderr, "== after %s\n%s", pass, now.c_str());
      last = std::move(now);
    });
    std::fprintf(stderr, "%s", graph.dot().c_str());
  } else {
    passes::optimize(graph, device);
  }
  return std::make_shared<Executable>(std::move(graph), device, arenas_);
}

std::shared_ptr<Executable> Function::executable(std::span<const Tensor> inputs) {
  bool graph = mode_ == Mode::graph || (mode_ == Mode::follow_settings && settings().graph_engine());
  bool plain = !graph || current_trace() || recording() || stateless_scope();
  for (const Tensor& t : inputs) plain |= !t.has_data();
  if (plain) return nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (auto found = find(inputs)) return found;
  }
  std::vector<TensorSpec> specs;
  for (const Tensor& t : inputs) specs.push_back(t.spec());
  rouse_workers();  // they will be needed when this is compiled
  auto made = compile(specs);
  std::lock_guard<std::mutex> lock(mutex_);
  if (auto other = find(inputs)) return other;
  if (compiled_.size() >= kMostSignatures)
    compiled_.erase(std::min_element(compiled_.begin(), compiled_.end(),
                                     [](const Compiled& a, const Compiled& b) { return a.used < b.used; }));
  compiled_.push_back({std::move(specs), made, ++asked_});
  return made;
}

Tensors Function::operator()(std::span<const Tensor> inputs) {
  auto found = executable(inputs);
  if (!found) return body_(inputs);
  ProfileSpan span(profiling() ? function_label(name_) : nullptr);
  return found->run(inputs);
}

Tensor Function::lone(const Tensor& input) {
  std::span<const Tensor> inputs(&input, 1);
  auto found = executable(inputs);
  if (!found) return body_(inputs)[0];
  ProfileSpan span(profiling() ? function_label(name_) : nullptr);
  Tensor out;
  found->run(inputs, std::span<Tensor>(&out, 1));
  return out;
}

size_t Function::signatures() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return compiled_.size();
}

std::string Function::dot() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string out;
  for (const Compiled& c : compiled_) out += c.executable->graph().dot();
  return out;
}

void Function::clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  compiled_.clear();
}

std::string Function::dump() const {
  std::vector<Compiled> all;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    all = compiled_;
  }
  std::string out;
  for (const Compiled& c : all) {
    out += name_ + "(";
    for (size_t i = 0; i < c.specs.size(); ++i) out += text(i ? ", " : "", c.specs[i]);
    out +=
        text("), as traced:\n", traced(c.specs).str(), "optimised (arena of ", c.executable->arena_bytes(), " bytes, ",
             c.executable->variables_in_place(), " variables updated in place):\n", c.executable->graph().str());
  }
  return out;
}

}  // namespace lamina
