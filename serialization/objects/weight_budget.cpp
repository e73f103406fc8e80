#include "serialization/objects/weight_budget.h"

#include <algorithm>

#include "backends/core/error.h"

namespace lamina {

namespace {
thread_local WeightBudget* current = nullptr;

// What is not worth a look into the file; and how much wider than in the file a weight may be here (float16 as
// float64).
constexpr uint64_t kFree = uint64_t{64} << 20, kWider = 4;
}  // namespace

WeightBudget::WeightBudget(std::string name, std::function<uint64_t()> stored)
    : name_(std::move(name)), stored_(std::move(stored)), around_(current) {
  current = this;
}
WeightBudget::~WeightBudget() { current = around_; }

void WeightBudget::spend(const std::string& weight, const Shape& shape, DType dtype) {
  WeightBudget* budget = current;
  if (!budget) return;
  uint64_t bytes = bytes_of(shape, dtype);
  if (__builtin_add_overflow(budget->spent_, bytes, &budget->spent_)) budget->spent_ = UINT64_MAX;
  if (budget->spent_ <= kFree) return;
  if (!budget->limit_) {
    uint64_t stored = budget->stored_();
    budget->limit_ = stored > (UINT64_MAX - kFree) / kWider ? UINT64_MAX : kFree + kWider * stored;
  }
  if (budget->spent_ <= *budget->limit_) return;
  throw ValueError("The config in '", budget->name_, "' describes weights of more than ", *budget->limit_,
                   " bytes (the last of them ", weight, " of shape ", shape, "), but the file holds ",
                   (*budget->limit_ - kFree) / kWider, " bytes of weights. The file is damaged or not to be trusted.");
}

}  // namespace lamina
