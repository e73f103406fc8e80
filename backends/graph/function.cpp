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

bool Function::Compiled::takes(std::span<const Tensor> inputs) const {
  if (specs.size() != inputs.size() || executable->device() != settings().device()) return false;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (specs[i].dtype != inputs[i].dtype() || !(specs[i].shape == inputs[i].shape())) return false;
  return true;
}

std::shared_ptr<const Function::Compiled> Function::find(std::span<const Tensor> inputs) {
  for (const auto& c : compiled_) {
    if (!c->takes(inputs)) continue;
    c->used = ++asked_;
    return c;
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

bool Function::plain(std::span<const Tensor> inputs) const {
  const bool graph = mode_ == Mode::graph || (mode_ == Mode::follow_settings && settings().graph_engine());
  bool plain = !graph || current_trace() || recording() || stateless_scope();
  for (const Tensor& t : inputs) plain |= !t.has_data();
  return plain;
}

std::shared_ptr<const Function::Compiled> Function::compiled(std::span<const Tensor> inputs) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (auto found = find(inputs)) return found;
  }
  auto made = std::make_shared<Compiled>();
  for (const Tensor& t : inputs) made->specs.push_back(t.spec());
  rouse_workers();  // they will be needed when this is compiled
  made->executable = compile(made->specs);
  std::lock_guard<std::mutex> lock(mutex_);
  if (auto other = find(inputs)) return other;
  if (compiled_.size() >= kMostSignatures)
    compiled_.erase(std::min_element(compiled_.begin(), compiled_.end(),
                                     [](const auto& a, const auto& b) { return a->used < b->used; }));
  made->used = ++asked_;
  compiled_.push_back(made);
  return made;
}

template <class F>
void Function::with_executable(std::span<const Tensor> inputs, F&& f) {
  ProfileSpan span(profiling() ? function_label(name_) : nullptr);
  auto recent = recent_.mine();
  const uint64_t version = version_.load(std::memory_order_acquire);
  if (recent && recent->version == version && recent->compiled->takes(inputs)) return f(*recent->compiled->executable);
  auto found = compiled(inputs);
  if (recent) *recent = {found, version};
  f(*found->executable);
}

Tensors Function::operator()(std::span<const Tensor> inputs) {
  if (plain(inputs)) return body_(inputs);
  Tensors out;
  with_executable(inputs, [&](Executable& e) { out = e.run(inputs); });
  return out;
}

Tensor Function::lone(const Tensor& input) {
  std::span<const Tensor> inputs(&input, 1);
  if (plain(inputs)) return body_(inputs)[0];
  Tensor out;
  with_executable(inputs, [&](Executable& e) { e.run(inputs, std::span<Tensor>(&out, 1)); });
  return out;
}

size_t Function::signatures() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return compiled_.size();
}

std::string Function::dot() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string out;
  for (const auto& c : compiled_) out += c->executable->graph().dot();
  return out;
}

void Function::clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  compiled_.clear();
  version_.fetch_add(1, std::memory_order_release);
  recent_.each_idle([](Recent& recent) { recent = {}; });
}

std::string Function::dump() const {
  std::vector<std::shared_ptr<Compiled>> all;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    all = compiled_;
  }
  std::string out;
  for (const auto& c : all) {
    out += name_ + "(";
    for (size_t i = 0; i < c->specs.size(); ++i) out += text(i ? ", " : "", c->specs[i]);
    Executable& e = *c->executable;
    out += text("), as traced:\n", traced(c->specs).str(), "optimised (arena of ", e.arena_bytes(), " bytes, ",
                e.variables_in_place(), " variables updated in place):\n", e.graph().str());
  }
  return out;
}

}  // namespace lamina
