#pragma once
// Arguments that are one integer for all spatial axes or one each, and the arguments that say how axes are laid out; as
// convolutions and poolings take them. Configs show them as Keras does: tuples, lower-case names.
#include "backends/core/constant_value.h"
#include "backends/core/fields.h"
#include "backends/ops/public/spatial.h"

namespace lamina {

class AxisSizes {
 public:
  AxisSizes() = default;  // none given
  AxisSizes(int64_t all) : given_(all) {}
  AxisSizes(int all) : given_(all) {}
  AxisSizes(std::initializer_list<int64_t> each) : given_(Value::tuple(List(each.begin(), each.end()))) {}
  explicit AxisSizes(Value given) : given_(std::move(given)) {}
  bool is_none() const { return given_.is_none(); }
  const Value& value() const { return given_; }
  // One size for each of `rank` axes. ValueError naming the argument unless they are integers of at least `least`.
  ops::Sizes sizes(int rank, const char* name, int64_t least = 1) const;
  // Becomes that tuple.
  void standardize(int rank, const char* name, int64_t least = 1);

 private:
  Value given_;
};
// From an int or a tuple of ints, and back as it was given.
inline void from_value(const Value& v, AxisSizes& out) { out = AxisSizes(plain_numbers(v)); }
inline Value to_value(const AxisSizes& v) { return v.value(); }

// None becomes the global setting. ValueError unless one of the two names, in any case.
void standardize_data_format(ops::DataFormat& data_format);
// ValueError unless "valid", "same", or "causal" where that is allowed, in any case.
void standardize_padding(std::string& padding, bool allow_causal = false);
// Not both above 1.
void check_strides_and_dilation(const AxisSizes& strides, const AxisSizes& dilation, int rank);

}  // namespace lamina
