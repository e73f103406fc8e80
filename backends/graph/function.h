#pragma once
// function(f): f itself on the eager engine, a traced and compiled f on the graph engine, one executable per signature.
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "backends/core/lanes.h"
#include "backends/core/tensor.h"

namespace lamina {

class Arenas;
class Executable;
struct Graph;

class Function {
 public:
  using Body = std::function<Tensors(std::span<const Tensor>)>;
  enum class Mode { follow_settings, eager, graph };

  // Functions that are given the same `arenas` share their working memory.
  explicit Function(Body body, std::string name = "function", Mode mode = Mode::follow_settings,
                    std::shared_ptr<Arenas> arenas = nullptr);
  ~Function();
  // Thread-safe. Inside another trace the body is inlined. The first call with a new signature traces and compiles; of
  // more signatures than kMostSignatures the one that was not used for the longest time is forgotten. Under an open
  // tape the body runs op by op, since gradients are taken of ops, and in a StatelessScope, since executables read
  // variables where they lie.
  Tensors operator()(std::span<const Tensor> inputs);
  Tensors operator()(std::initializer_list<Tensor> inputs) {
    return (*this)(std::span<const Tensor>(inputs.begin(), inputs.size()));
  }
  static constexpr size_t kMostSignatures = 64;
  Tensor lone(const Tensor& input);  // a body of one tensor that gives one; takes no memory but the result's
  size_t signatures() const;
  void clear();  // forgets the compiled executables (the body's meaning changed)
  // Every compiled graph as text, as traced (the body is traced again for it) and as it runs; and as it runs in
  // Graphviz' language. LAMINA_DUMP=graph prints the graphs while they are compiled, after each pass.
  std::string dump() const;
  std::string dot() const;

 private:
  struct Compiled {
    std::vector<TensorSpec> specs;
    std::shared_ptr<Executable> executable;
    uint64_t used = 0;  // when it was last asked for, by asked_
    bool takes(std::span<const Tensor> inputs) const;
  };
  // What a thread called last, so that its next call waits for no other thread.
  struct Recent {
    std::shared_ptr<const Compiled> compiled;
    uint64_t version = 0;  // version_ at that time
  };
  bool plain(std::span<const Tensor> inputs) const;  // the body is to run itself
  template <class F>
  void with_executable(std::span<const Tensor> inputs, F&& f);
  std::shared_ptr<const Compiled> compiled(std::span<const Tensor> inputs);
  Graph traced(std::span<const TensorSpec> inputs) const;
  std::shared_ptr<Executable> compile(std::span<const TensorSpec> inputs) const;
  std::shared_ptr<const Compiled> find(std::span<const Tensor> inputs);  // under mutex_

  Body body_;
  std::string name_;
  Mode mode_;
  std::shared_ptr<Arenas> arenas_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Compiled>> compiled_;
  std::atomic<uint64_t> version_{1};  // counts the calls of clear()
  Lanes<Recent> recent_;
  uint64_t asked_ = 0;
};

}  // namespace lamina
