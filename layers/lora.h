#pragma once
// Low-rank adaptation (Hu et al., 2021): a trained kernel stays as it is, and the product of two small matrices, which
// are trained in its place, is added to it: kernel + alpha / rank * (a @ b).
#include "layers/layer.h"

namespace lamina {

inline constexpr const char* kLoraRank =
    "Columns of the first of two small matrices whose product is trained in place of the kernel. None: the kernel is.";
inline constexpr const char* kLoraAlpha = "That product is scaled by lora_alpha / lora_rank; lora_rank where None.";

// What of a layer is adapted.
struct LoraTarget {
  Layer& layer;
  Variable kernel;
  Shape shape;         // of the kernel, which may be kept in another one
  std::string prefix;  // of the names of the two matrices: "lora_kernel"
  std::string noun;    // for errors: "kernel"
  RegularizerRef regularizer;
  ConstraintRef constraint;
};

// Mixed into the layers that can be adapted, beside Layer.
class LoraLayer {
 public:
  virtual ~LoraLayer() = default;
  virtual LoraTarget lora_target() = 0;
  virtual bool takes_lora() const { return true; }  // false of a layer whose kernel has no such form

  // Freezes the kernel and makes the matrices; once, on a built layer. ValueError otherwise, or if the kernel has a
  // constraint. `alpha` is a number or None: the rank. Initializers default to he_uniform and zeros.
  void enable_lora(const Value& rank, const Value& alpha = {}, InitializerRef a = {}, InitializerRef b = {});
  bool lora_enabled() const { return a_.defined(); }
  virtual Tensor adapted_kernel() { return adapted(lora_target().kernel); }

  // What files hold: as if there were no adaptation, with the product added to the kernel.
  virtual Tensors stored_values();
  // Where a file's values go; the matrices become zero after that.
  virtual Variables stored_variables();
  void clear_lora();

 protected:
  // ValueError unless the constructor's arguments are a positive integer or None and a number or None. `alpha` becomes
  // what holds: a rank of 0 is none.
  static void check_lora(Value& rank, Value& alpha);
  static void write_lora(Dict& config, const Value& rank, const Value& alpha);  // if there is a rank
  // At the end of build().
  void start_lora(const Value& rank, const Value& alpha);
  // The kernel's value, with the product if there is one.
  Tensor adapted(const Variable& kernel);
  // kernel + alpha / rank * (a @ b).
  Tensor with_product(const Tensor& kernel) const;
  // alpha / rank * (x_a @ b), where x_a is the inputs' product with a.
  Tensor product_from(const Tensor& x_a) const;
  const Variable& lora_a() const { return a_; }
  const Variable& lora_b() const { return b_; }

 private:
  void make(const LoraTarget& target, const Value& rank, const Value& alpha, InitializerRef a, InitializerRef b);
  Variable a_, b_;
  double scale_ = 1;
};

// While it lives, a built layer takes further weights.
class Unlocked {
 public:
  explicit Unlocked(Layer& layer) : layer_(layer), locked_(layer.locked()) { layer_.set_locked(false); }
  ~Unlocked() { layer_.set_locked(locked_); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  Layer& layer_;
  bool locked_;
};

// Its trainable variables and the others, without those of layers below it.
Variables own_variables(const Layer& layer);

// The same for any layer: `layer` as files see it.
Variables stored_variables(Layer& layer);
Tensors stored_values(Layer& layer);

}  // namespace lamina
