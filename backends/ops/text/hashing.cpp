#include "backends/ops/text/hashing.h"

#include "backends/core/kernel.h"

namespace lamina {

void HashOp::attributes(Attributes& a) const {
  a("bins", rule.bins);
  if (rule.key) a("key", text((*rule.key)[0], ",", (*rule.key)[1]));
  if (rule.mask_text) a("mask", text(rule.mask_text->size(), ":", *rule.mask_text));
  if (rule.mask_number) a("mask_number", *rule.mask_number);
}

std::vector<TensorSpec> HashOp::infer(std::span<const TensorSpec> in) const {
  const bool strings = in[0].dtype == DType::string;
  if (strings ? rule.mask_number.has_value() : rule.mask_text.has_value())
    throw TypeError("the masked value is ", strings ? "a number" : "a string", " where the inputs are ", in[0].dtype,
                    ".");
  return {{in[0].shape, DType::int64}};
}

std::vector<TensorSpec> HashCrossOp::infer(std::span<const TensorSpec> in) const {
  if (in.empty()) throw ValueError("needs at least one tensor.");
  Shape shape = in[0].shape;
  for (const TensorSpec& s : in) {
    if (s.dtype != DType::string && s.dtype != DType::int64)
      throw TypeError("crosses strings and int64, received ", s, ".");
    if (!compatible(s.shape, shape)) throw ValueError("needs tensors of one shape, received ", shape, " and ", s, ".");
  }
  return {{shape, DType::int64}};
}

namespace {

// A number as TensorFlow's as_string writes it.
template <class T>
std::string digits_of(T value) {
  if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else
    return std::to_string(value);
}
template <class T>
int64_t whole(T value) {
  const auto real = static_cast<double>(value);
  if (!(real > -0x1p63)) return INT64_MIN;  // and what is no number
  return real < 0x1p63 ? static_cast<int64_t>(real) : INT64_MAX;
}

class Bins {
 public:
  explicit Bins(const HashRule& rule)
      : rule_(rule), masks_(rule.bins > 1 && (rule.mask_text || rule.mask_number)), count_(rule.bins - masks_) {}
  int64_t of(std::string_view term) const {
    if (masks_ && rule_.mask_text && term == *rule_.mask_text) return 0;
    return hashed(term);
  }
  template <class T>
  int64_t of(T number) const {
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
      return of(static_cast<float>(number));
    } else {
      if (masks_ && rule_.mask_number && static_cast<double>(number) == *rule_.mask_number) return 0;
      if constexpr (std::is_floating_point_v<T>)
        return hashed(digits_of(whole(number)));
      else
        return hashed(digits_of(number));
    }
  }

 private:
  int64_t hashed(std::string_view term) const {
    const uint64_t hash = rule_.key ? siphash64(*rule_.key, term) : fingerprint64(term);
    return masks_ + static_cast<int64_t>(hash % static_cast<uint64_t>(count_));
  }
  HashRule rule_;
  int64_t masks_, count_;
};

BoundKernel bind_hash(const HashOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [bins = Bins(op.rule), dtype = r.inputs[0].dtype, count = r.outputs[0].shape.elements()](
              const void* const* in, void* const* out, void*) {
    auto* to = static_cast<int64_t*>(out[0]);
    if (dtype == DType::string) {
      for (int64_t i = 0; i < count; ++i) to[i] = bins.of(static_cast<const Text*>(in[0])[i].view());
      return;
    }
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < count; ++i) to[i] = bins.of(static_cast<const T*>(in[0])[i]);
    });
  };
  return k;
}

BoundKernel bind_cross(const HashCrossOp& op, const KernelRequest& r) {
  constexpr uint64_t kStart = 0xDECAFCAFFE;  // TensorFlow's default key
  std::vector<bool> strings;
  for (const TensorSpec& s : r.inputs) strings.push_back(s.dtype == DType::string);
  BoundKernel k;
  k.run = [strings, bins = op.bins, count = r.outputs[0].shape.elements()](const void* const* in, void* const* out,
                                                                           void*) {
    for (int64_t i = 0; i < count; ++i) {
      uint64_t hash = kStart;
      for (size_t c = 0; c < strings.size(); ++c)
        hash = combine_fingerprints(hash, strings[c] ? fingerprint64(static_cast<const Text*>(in[c])[i].view())
                                                     : static_cast<uint64_t>(static_cast<const int64_t*>(in[c])[i]));
      static_cast<int64_t*>(out[0])[i] = static_cast<int64_t>(hash % static_cast<uint64_t>(bins));
    }
  };
  return k;
}

LAMINA_KERNEL(cpu, "Hash", "loop", 100, bind_hash);
LAMINA_KERNEL(cpu, "HashCross", "loop", 100, bind_cross);

}  // namespace

namespace prim {
Tensor hash(const Tensor& x, HashRule rule) { return apply1(make_op<HashOp>(std::move(rule)), {x}); }
Tensor hash_cross(const Tensors& columns, int64_t bins) {
  return apply1(make_op<HashCrossOp>(bins), std::span<const Tensor>(columns));
}
}  // namespace prim
}  // namespace lamina
