// Add, Subtract, Multiply, Average, Maximum, Minimum.
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/merging/masks.h"

namespace lamina {

namespace {

struct NoArgs {
  void fields(Fields&) {}
};

// Elementwise merging: inputs broadcast; batch first, missing inner axes are added as Keras does.
template <class Self>
class Merge : public LayerWith<NoArgs> {
 public:
  explicit Merge(NoArgs a = {}, LayerArgs base = {}) : LayerWith(a, std::move(base)) { supports_masking_ = true; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    if (shapes.empty() || is_shape(shapes.first())) fail("a single shape");
    auto all = shapes.shapes();
    if (all.empty()) fail("no shapes");
    std::optional<int64_t> batch;
    for (const Shape& s : all) {
      if (s.rank() == 0 || s[0] < 0) continue;
      if (batch && *batch != s[0])
        throw ValueError("Cannot merge tensors with different batch sizes. Received tensors with shapes ",
                         shapes.first().repr());
      batch = s[0];
    }
    bool same_rank = true;
    for (const Shape& s : all) same_rank &= s.rank() == all[0].rank();
    if (!same_rank) return;
    Shape out = all[0];
    for (const Shape& s : all) {
      try {
        out = broadcast_shapes(out, s);
      } catch (const Error&) { throw ValueError("Inputs have incompatible shapes. Received shapes ", out, " and ", s); }
    }
  }
  [[noreturn]] Tensor call(const Tensor&, const CallContext&) override { fail("a single tensor"); }
  Tensor call(const Tensors& given, const CallContext&) override {
    if (given.empty()) fail("an empty list");
    PromotionType types[64];
    size_t n = std::min<size_t>(given.size(), 64);
    for (size_t i = 0; i < n; ++i) types[i] = {given[i].dtype(), false};
    DType dtype = result_type(types, n);
    Tensors xs;
    int rank = 0;
    for (const Tensor& x : given) {
      xs.push_back(prim::cast(x, dtype));
      rank = std::max(rank, x.rank());
    }
    for (const Tensor& x : xs) {  // the first axis is the batch, which a scalar has not
      if (x.rank() > 0 || rank == 0) continue;
      const std::string message = text(
          "The ", describe(), " cannot merge a scalar with inputs that have axes. Received shapes ",
          [&] {
            std::vector<std::string> shapes;
            for (const Tensor& t : given) shapes.push_back(t.shape().str());
            return join(shapes, ", ");
          }(),
          ". Give the scalar the other inputs' number of axes, or use an op, such as ops.add().");
      if (std::any_of(given.begin(), given.end(), [](const Tensor& t) { return t.shape_only(); }))
        throw IndexError(message);
      throw ValueError(message);
    }
    Tensors masks;  // of the elements; undefined where an input has none
    for (size_t i = 0; i < xs.size(); ++i) {
      while (xs[i].rank() < rank) xs[i] = prim::expand_dims(xs[i], 1);
      Tensor m = given[i].mask();
      masks.push_back(
          m.defined() ? prim::broadcast_to(prim::expand_dims(prim::cast(m, DType::boolean), m.rank()), xs[i].shape())
                      : Tensor());
    }
    return static_cast<Self*>(this)->merge(xs, masks);
  }
  // Where any input counts, the result does (Keras' rule); one unmasked input makes all places count.
  Value compute_mask(const Value& inputs, const Value& mask) override {
    if (mask.is_none()) return {};
    Tensor out;
    for (const Value& m : masks_of(inputs, mask)) {
      if (!m.is_tensor()) return {};
      Tensor keep = bool_mask(m.as_tensor());
      out = out.defined() ? ops::logical_or(out, keep) : keep;
    }
    return out.defined() ? Value(out) : Value();
  }

 protected:
  [[noreturn]] void fail(const char* what) const {
    throw ValueError("A merge layer should be called on a list of at least 1 input. Received ", what, " in ",
                     describe(), ".");
  }
  static Tensor fold(Binary kind, const Tensors& xs) {
    Tensor out = xs[0];
    for (size_t i = 1; i < xs.size(); ++i) out = prim::binary(kind, out, xs[i]);
    return out;
  }
  // Minimum and maximum have no neutral element: where an input is masked, the others decide.
  static Tensor fold_masked(Binary kind, const Tensors& xs, const Tensors& masks) {
    Tensor out = xs[0], kept = masks[0];
    for (size_t i = 1; i < xs.size(); ++i) {
      Tensor x = xs[i];
      if (masks[i].defined()) x = prim::where(masks[i], x, out);
      if (kept.defined()) out = prim::where(kept, out, x);
      kept = kept.defined() && masks[i].defined() ? prim::binary(Binary::logical_or, kept, masks[i]) : Tensor();
      out = prim::binary(kind, out, x);
    }
    return out;
  }
  // Masked factors count as 1; where all are masked, the product is 0.
  static Tensor product_masked(const Tensors& xs, const Tensors& masks) {
    Tensors factors;
    Tensor any;
    bool all = true;
    for (size_t i = 0; i < xs.size(); ++i) {
      factors.push_back(masks[i].defined() ? prim::where(masks[i], xs[i], prim::full({}, 1, xs[i].dtype())) : xs[i]);
      all = all && masks[i].defined();
      if (all) any = any.defined() ? prim::binary(Binary::logical_or, any, masks[i]) : masks[i];
    }
    Tensor out = fold(Binary::multiply, factors);
    return all ? prim::where(any, out, prim::full({}, 0, out.dtype())) : out;
  }
};

#define LAMINA_MERGE(NAME, DOC, EXAMPLE, ...)                                                                  \
  class NAME##Layer final : public Merge<NAME##Layer> {                                                        \
   public:                                                                                                     \
    using Merge::Merge;                                                                                        \
    std::string class_name() const override { return #NAME; }                                                  \
    Tensor merge(const Tensors& xs, const Tensors& masks) { __VA_ARGS__ }                                      \
  };                                                                                                           \
  LAMINA_LAYER(                                                                                                \
      NAME##Layer, #NAME, DOC,                                                                                 \
      (Doc{.call = about::merged,                                                                              \
           .input = about::merged_in,                                                                          \
           .output = about::merged_out,                                                                        \
           .raises = about::merged_raises,                                                                     \
           .example = ">>> x, y = keras.ops.array([[5.0]]), keras.ops.array([[2.0]])\n>>> keras.layers." #NAME \
                      "()([x, y])\n<Tensor shape=(1, 1), dtype=float32, values=[[" EXAMPLE "]]>"}));

LAMINA_MERGE(Add, "Sum of the inputs.", "7.", return fold(Binary::add, xs);)
LAMINA_MERGE(Multiply, "Product of the inputs.", "10.", return product_masked(xs, masks);)
LAMINA_MERGE(Maximum, "Elementwise maximum of the inputs.", "5.", return fold_masked(Binary::maximum, xs, masks);)
LAMINA_MERGE(Minimum, "Elementwise minimum of the inputs.", "2.", return fold_masked(Binary::minimum, xs, masks);)
LAMINA_MERGE(Average, "Mean of the inputs.", "3.5",
             return ops::true_divide(fold(Binary::add, xs), static_cast<int64_t>(xs.size()));)
LAMINA_MERGE(Subtract, "First input less the second, of which there must be two.", "3.",
             if (xs.size() != 2) throw ValueError(
                 "A `Subtract` layer should be called on exactly 2 inputs. Received: inputs of length ", xs.size());
             return prim::subtract(xs[0], xs[1]);)

}  // namespace
}  // namespace lamina
