#pragma once
// keras.random. `seed`: an int (the same numbers each time), a SeedGenerator (new ones each time), or None (the global
// generator). dtype None means floatx.
#include "backends/ops/public/operand.h"

namespace lamina::random {

// Normally distributed numbers.
Tensor normal(const Shape& shape, double mean = 0, double stddev = 1, const std::optional<DType>& dtype = {},
              const Value& seed = {});
Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, const std::optional<DType>& dtype = {},
                        const Value& seed = {});  // within 2 deviations
Tensor uniform(const Shape& shape, const Operand& minval = 0.0, const Operand& maxval = 1.0,
               const std::optional<DType>& dtype = {}, const Value& seed = {});  // minval <= x < maxval
// Evenly distributed integers: minval <= x < maxval.
Tensor randint(const Shape& shape, const Operand& minval, const Operand& maxval, DType dtype = DType::int32,
               const Value& seed = {});
Tensor categorical(const Operand& logits, int64_t num_samples, DType dtype = DType::int32,
                   const Value& seed = {});  // (batch, classes) -> (batch, samples)
// A share `rate` of the elements set to 0, the others scaled by 1 / (1 - rate).
Tensor dropout(const Operand& inputs, double rate, const std::optional<Shape>& noise_shape = {},
               const Value& seed = {});
// The slices along `axis` in random order.
Tensor shuffle(const Operand& x, int axis = 0, const Value& seed = {});
// Numbers from the gamma distribution with shape parameter alpha and scale 1.
Tensor gamma(const Shape& shape, const Operand& alpha, const std::optional<DType>& dtype = {}, const Value& seed = {});
// Numbers from the beta distribution.
Tensor beta(const Shape& shape, const Operand& alpha, const Operand& beta, const std::optional<DType>& dtype = {},
            const Value& seed = {});
// Numbers of successes in `counts` trials.
Tensor binomial(const Shape& shape, const Operand& counts, const Operand& probabilities,
                const std::optional<DType>& dtype = {}, const Value& seed = {});

}  // namespace lamina::random
