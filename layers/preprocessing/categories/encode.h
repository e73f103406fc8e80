#pragma once
#include "layers/layer.h"

namespace lamina {

// Integers below `depth` as categories; others count as none.
//   "int"        as they are;
//   "one_hot"    each as a vector of `depth` (a last axis of size 1 gives way to it);
//   "multi_hot"  1 where the category is among those along axis 1 (or 0, of one axis), which gives way to a last axis;
//   "count"      how often, or the sum of their `weights` (of the shape of `indices`), in the weights' dtype.
// ValueError if shapes differ.
Tensor encode_categories(const Tensor& indices, const std::string& mode, int64_t depth, DType dtype,
                         const Tensor& weights = {});

// The argument `output_mode`, by today's name. ValueError naming the choices.
std::string checked_output_mode(const std::string& mode, const std::vector<std::string>& allowed,
                                const std::string& layer);
// ValueError: there are no sparse tensors.
void refuse_sparse(bool sparse, const std::string& layer);

// Lists of strings or numbers, nested alike, as a tensor; anything else as it is. Integers beyond 32 bits give int64.
Value plain_data(const Value& v);

namespace about {
inline constexpr const char* output_mode =
    "\"int\" gives indices; \"one_hot\" a vector for each input; \"multi_hot\" one "
    "for the inputs of a sample together; \"count\" how often each is there";
inline constexpr const char* sparse = "Not supported; must be False.";
}  // namespace about

}  // namespace lamina
