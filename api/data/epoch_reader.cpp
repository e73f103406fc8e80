#include "api/data/epoch_reader.h"

#include "backends/core/profiler.h"
#include "backends/core/warning.h"

namespace lamina {

namespace {
void warn_ran_out() {
  warn(
      "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at "
      "least `steps_per_epoch * epochs` batches. You may need to use the "
      "`.repeat()` function when building your dataset.");
}
}  // namespace

bool EpochReader::used_up() const {
  const std::optional<int64_t> all = source_.batches();
  return all && seen_ >= *all;
}

void EpochReader::begin(int64_t epoch) {
  step_ = 0;
  source_.on_epoch_begin();
  if (open_) return;
  source_.begin_pass(epoch);
  seen_ = 0;
  open_ = true;
}

std::optional<Batch> EpochReader::next() {
  if (!open_ || (steps_ && step_ >= *steps_)) return std::nullopt;
  std::optional<Batch> batch;
  if (!(steps_ && used_up())) {
    ProfileSpan span(profiling() ? data_label() : nullptr);
    batch = source_.next();
  }
  if (batch) {
    ++step_, ++seen_;
    return batch;
  }
  open_ = false;
  if (steps_) warn_ran_out();
  return std::nullopt;
}

void EpochReader::end() {
  if (!steps_ || used_up()) open_ = false;
  if (!open_) source_.end_pass();
  source_.on_epoch_end();
}

}  // namespace lamina
