#pragma once
#include <cstdint>
#include <functional>

#include "backends/core/tensor.h"

namespace lamina {

// While it lives, weights that layers of the library make on this thread may not take much more memory than a file
// holds for them: a config of a few bytes could else ask for any amount. What a user's class makes is its own affair,
// as it may keep its weights elsewhere. The innermost counts.
class WeightBudget {
 public:
  // `stored` gives the bytes of the weights in the file `name`; asked once, if a model is large.
  WeightBudget(std::string name, std::function<uint64_t()> stored);
  ~WeightBudget();
  WeightBudget(const WeightBudget&) = delete;
  WeightBudget& operator=(const WeightBudget&) = delete;

  // Before a weight is made. ValueError if the file cannot hold it.
  static void spend(const std::string& weight, const Shape& shape, DType dtype);

 private:
  std::string name_;
  std::function<uint64_t()> stored_;
  uint64_t spent_ = 0;
  std::optional<uint64_t> limit_;
  WeightBudget* around_;
};

}  // namespace lamina
